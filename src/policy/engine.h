/* SPDX-License-Identifier: Apache-2.0 */
/* Which engine asks, by where it keeps the state of its containers. Pure. */
#ifndef POLICY_ENGINE_H
#define POLICY_ENGINE_H

#include "base/fields.h"

/* The engines that are known: docker, cri, containerd, podman; ends with NULL. */
extern const char *const engine_names[];

/* One of them; NULL: none. `root`: of the state. Podman passes none and is known by the annotation that it gives each
 * container after those of its clients. */
const char *engine_of(const char *root, const struct strmap *annotations);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Which engine asks, by where it keeps its containers. Pure. */
#ifndef POLICY_ENGINE_H
#define POLICY_ENGINE_H

#include "spec/spec.h"

/* The engines that are known: docker, cri, containerd, podman; ends with NULL. */
extern const char *const engine_names[];

/* One of them; NULL: none. `root`: of the state; Podman passes none, and is known by where it keeps a bundle. The
 * annotation of Podman's containers counts where that says nothing: its clients can set it to something else. */
const char *engine_of(const char *root, const char *bundle, const struct spec *request);

/* Whether engines make network namespaces with such names, each for one container or pod and for nothing else. */
bool engine_makes_network(const char *path);
/* Where these are, but for those of users; ends with NULL. */
extern const char *const engine_network_directories[];

#endif

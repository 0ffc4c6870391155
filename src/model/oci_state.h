/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a container as hooks, seccomp agents and the users of `state` get it (runtime.md "State"). */
#ifndef MODEL_OCI_STATE_H
#define MODEL_OCI_STATE_H

#include "base/fields.h"
#include "base/json_out.h"

#include <sys/types.h>

struct oci_state {
	const char *oci_version, *id, *status, *bundle;
	pid_t pid; /* of the first process, as the reader sees it; 0 if there is none */
	const struct strmap *annotations; /* NULL: left out */
	/* What runc adds for `state` and `list`; NULL: left out. */
	const char *rootfs, *created, *owner;
};

/* As an object. */
void oci_state_encode(const struct oci_state *state, struct json_out *out);
/* Of an object that more belongs to. */
void oci_state_members(const struct oci_state *state, struct json_out *out);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of a container as the verbs read them: never an answer that is made out of what could not
 * be read. The registry of members knows its first process, too.
 */
#ifndef CONTAINER_RECORDS_H
#define CONTAINER_RECORDS_H

#include "container/container.h"
#include "state/registry.h"

/*
 * As state_read_status(). If the status is missing, but the registry has a running process of the container,
 * the record was lost: ERR_STATE.
 */
int records_status(const struct global_options *global, const struct state_dir *dir,
		   struct arena *arena, struct status_record **ret, struct err *e) MUST_CHECK;

/* What the registry knows of a container. Owned. */
struct registered {
	struct member_record *member; /* NULL: nothing */
	int pidfd;                    /* of its first process; -1: it has ended */
};
int registered_find(const struct global_options *global, const char *root, const char *id,
		    struct arena *arena, struct registered *ret, struct err *e) MUST_CHECK;

/*
 * The cgroup of a running process that is certainly the container's own: a directory on the way to where the
 * process is has the container's id in its name, and nothing is in it but what is in the container's PID
 * namespace. NULL if there is none.
 */
int registered_cgroup(const struct registered *registered, const char *id, struct arena *arena,
		      struct cgroup_record **ret, struct err *e) MUST_CHECK;

#endif

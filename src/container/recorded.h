/* SPDX-License-Identifier: Apache-2.0 */
/* What a container leaves behind when its first process is gone, found through its records. */
#ifndef CONTAINER_RECORDED_H
#define CONTAINER_RECORDED_H

#include "container/container.h"

/*
 * The cgroup that may be acted on, NULL if there is none: never made by this program, or made in
 * another boot, when the directories of that name may belong to others by now. Either record may be
 * NULL.
 */
const struct cgroup_record *recorded_cgroup(const struct status_record *status,
					    const struct intent_record *intent);

/* The same for a command that acts on what is in it: where the container has no marks, the records of others
 * say which groups are theirs. */
int own_cgroup(const struct global_options *global, const char *id,
	       const struct status_record *status, const struct intent_record *intent,
	       struct arena *arena, const struct cgroup_record **ret, struct err *e) MUST_CHECK;

/* Likewise its group of resctrl, which is gone with the boot that it was made in. */
const struct rdt_record *recorded_rdt(const struct status_record *status,
				      const struct intent_record *intent);

/* Its ids of the host are free again. */
int recorded_ids_remove(const struct state_dir *dir, const struct status_record *status,
			const struct intent_record *intent, struct arena *arena, struct err *e)
	MUST_CHECK;

/*
 * Whether init waits for `start`: it listens. `start` writes its record after it has let init go: killed in
 * between, or with the file system full, it leaves a container that runs and is recorded as created. 1, 0;
 * -1: cannot be told.
 */
int container_is_waiting(const struct state_dir *dir, const struct status_record *status,
			 struct err *e) MUST_CHECK;

/* Whether its cgroup, NULL for none, is frozen. */
int container_is_paused(const struct cgroup_record *cgroup, bool *ret, struct err *e) MUST_CHECK;

/* delete of a container whose state is open and locked; the directory is gone afterwards. `ended`: its
 * status, if the caller has it and has seen init end; NULL: it is looked up. */
int container_delete_opened(const struct global_options *global, struct state_dir *dir,
			    struct status_record *ended, bool force, struct err *e) MUST_CHECK;

#endif

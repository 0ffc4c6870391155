/* SPDX-License-Identifier: Apache-2.0 */
/* A running container, opened for a command that acts on it. */
#ifndef CONTAINER_RUNNING_H
#define CONTAINER_RUNNING_H

#include "container/container.h"

struct running {
	struct arena arena;
	struct state_dir dir;
	struct status_record *status;
	const struct cgroup_record *cgroup; /* NULL: none */
	int pidfd;                          /* of its first process */
};
#define RUNNING_INIT                               \
	{                                          \
		.dir = STATE_DIR_INIT, .pidfd = -1 \
	}
void running_release(struct running *running);
#define autorunning __attribute__((cleanup(running_release))) struct running

/* ERR_STATE "cannot VERB container ID: container not running" where it is creating or stopped. */
int running_open(const struct global_options *global, const char *id, const char *verb, bool lock,
		 struct running *ret, struct err *e) MUST_CHECK;

/* The same where its cgroup is what the command is about. */
int running_open_cgroup(const struct global_options *global, const char *id, const char *verb,
			bool lock, struct running *ret, struct err *e) MUST_CHECK;

#endif

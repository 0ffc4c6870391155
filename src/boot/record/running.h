/* SPDX-License-Identifier: Apache-2.0 */
/* A container that runs, found by its records. */
#ifndef BOOT_RECORD_RUNNING_H
#define BOOT_RECORD_RUNNING_H

#include "boot/common/target.h"
#include "model/facts.h"
#include "state/state.h"

struct running {
	const struct status_record *status;
	const struct facts *facts;
	bool waiting; /* it is created and waits for `start` */
};

int fail_stopped(struct err *e);
/* Its first process. */
int running_find(struct target *t, const struct status_record *status, bool ignore_paused,
		 struct err *e) MUST_CHECK;
int running_open_namespaces(const struct running *r, struct target *t, struct err *e) MUST_CHECK;
/* What follows may take as long as the container likes, with whose files it has to do. */
int running_unlock(struct state_dir *state, struct err *e) MUST_CHECK;

#endif

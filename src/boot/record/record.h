/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the runtime writes down while a container is made, what it makes by it, and how it takes that back when a step
 * fails. Runs in the runtime.
 */
#ifndef BOOT_RECORD_RECORD_H
#define BOOT_RECORD_RECORD_H

#include "boot/common/group.h"
#include "boot/record/network_look.h"
#include "model/facts.h"
#include "state/state.h"
#include "sys/host.h"

struct record {
	const struct plan *plan;
	const struct facts *facts;
	const struct host *host;
	struct state_dir *state;
	struct status_record *status;
	struct arena *arena;
	const struct spec *spec;    /* as the policy has left it */
	const struct spec *request; /* before that; NULL: it is the same */
	const char *members_directory, *pid_file;
	bool start_follows;
	struct boot_group *group;
	struct intent_record *intent; /* as it was written */
	struct network_look look;     /* before the hooks that run now */
	bool registered, has_ids;
	bool pid_file_written;
	bool deleted; /* by another command, while a hook ran: nothing of it is ours any more */
};

int record_intent(struct record *r, struct err *e) MUST_CHECK;
/* The ids of the host that it has, which *lock keeps until then. */
int record_ids(struct record *r, int *lock, struct err *e) MUST_CHECK;
int record_make_cgroup(struct record *r, struct err *e) MUST_CHECK;
/* That which it is put into beside its cgroup, if it needs one. */
int record_make_group(struct record *r, struct err *e) MUST_CHECK;
int record_make_rdt(struct record *r, struct err *e) MUST_CHECK;
int record_systemd_scope(struct record *r, pid_t pid, struct err *e) MUST_CHECK;
int record_init(struct record *r, pid_t pid, struct err *e) MUST_CHECK;
/* What is read of a container that is created, and who is in its network: while it is being born. */
int record_config(struct record *r, struct err *e) MUST_CHECK;
int record_member(struct record *r, struct err *e) MUST_CHECK;
/* With start_follows and no pid file left to boot_start(). */
int record_created(struct record *r, struct err *e) MUST_CHECK;
int record_pid_file(struct record *r, pid_t pid, struct err *e) MUST_CHECK;
/* Of a container or of a process of exec; `path` NULL: none. */
int write_pid_file(const char *path, pid_t pid, struct arena *arena, bool *ret_written,
		   struct err *e) MUST_CHECK;
/* Take back what was made, as well as it goes; `init` was ended before. False if something is left: then the
 * records must stay, so that `delete --force` finds it. */
bool record_undo(struct record *r, pid_t init);

#endif

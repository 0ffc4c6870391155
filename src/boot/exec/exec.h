/* SPDX-License-Identifier: Apache-2.0 */
/* The EXEC page, the side of the runtime. */
#ifndef BOOT_EXEC_EXEC_H
#define BOOT_EXEC_EXEC_H

#include "boot/boot.h"
#include "boot/common/look.h"
#include "boot/exec/joiner.h"
#include "boot/record/record.h"

struct exec_runtime {
	const struct exec_request *in;
	const struct plan *plan;
	struct boot_peer joiner; /* then the process that it has made */
	struct boot_group group;
	struct target target;
	struct look look;
	int console_master; /* received, owned */
	int labels; /* procfs, for the label of a security module; -1 if none is asked for */
	bool outside; /* the joiner is outside of the container's cgroup, and the process is moved there */
	bool pid_file_written;
};

/* Parts name each other, so that it stays where it is. */
void exec_runtime_begin(struct exec_runtime *c, const struct exec_request *request);
/* Close what is open still. The process is left to the caller. */
void exec_runtime_release(struct exec_runtime *c);
#define auto_exec_runtime __attribute__((cleanup(exec_runtime_release))) struct exec_runtime

/* In the joiner: the one way across the clone. It takes the descriptors that it names and closes all others that the
 * runtime had. */
void exec_joiner_take(struct exec_runtime *c, struct exec_joiner *joiner);

int exec_make_filters(struct exec_runtime *c, struct err *e) MUST_CHECK;
int exec_find_target(struct exec_runtime *c, struct err *e) MUST_CHECK;
int exec_open_namespaces(struct exec_runtime *c, struct err *e) MUST_CHECK;
int exec_open_cgroup(struct exec_runtime *c, struct err *e) MUST_CHECK;
/* Returns in both; in the joiner joiner.child.pid is 0. */
int exec_clone(struct exec_runtime *c, struct err *e) MUST_CHECK;
int exec_receive_terminal(struct exec_runtime *c, struct err *e) MUST_CHECK;
int exec_pass_joiner_listener(struct exec_runtime *c, struct err *e) MUST_CHECK;
int exec_take_process(struct exec_runtime *c, struct err *e) MUST_CHECK;
int exec_pass_process_listener(struct exec_runtime *c, struct err *e) MUST_CHECK;
int exec_prepare_caller(struct exec_runtime *c, struct err *e) MUST_CHECK;
int exec_wait_running(struct exec_runtime *c, struct err *e) MUST_CHECK;
int exec_send_pidfd(struct exec_runtime *c, struct err *e) MUST_CHECK;
int exec_pid_file(struct exec_runtime *c, struct err *e) MUST_CHECK;
/* A step may have failed because the container has ended: then that is the error. When the new process is gone. */
void exec_learn_end(const struct exec_runtime *c, struct err *e);

#endif

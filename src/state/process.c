/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that are told apart from later ones with the same pid: by start time and boot, held by a
 * pidfd. Runs in the runtime.
 */
#include "state/state.h"

#include "sys/boot_id.h"
#include "sys/child.h"
#include "sys/procfs.h"

#include <limits.h>

static int fail_gone(int64_t pid, struct err *e)
{
	return fail(e, ERR_NOT_FOUND, "process %lld does not exist", (long long)pid);
}

/*
 * The pidfd before the start time: from then on the number may be reused, but the descriptor never means
 * another process. Ended is what the kernel says of the whole thread group: a zombie is, a process whose
 * first thread alone has ended is not.
 */
static int open_and_look(pid_t pid, uint64_t *ret_start_time, struct err *e)
{
	autoclose int pidfd = sys_pidfd_open(pid, 0);

	/* EINVAL, since Linux 6.15 ENOENT: the number is that of a mere thread now (pidfd_open(2)). */
	if (pidfd < 0 && (errno == ESRCH || errno == EINVAL || errno == ENOENT))
		return fail_gone(pid, e);
	if (pidfd < 0)
		return fail_sys(e, "open a descriptor of process %d", (int)pid);
	if (procfs_start_time(pid, ret_start_time, NULL, e) < 0)
		return -1;
	if (pidfd_ended(pidfd, 0))
		return fail_gone(pid, e);
	return take_fd(&pidfd);
}

int process_identify(pid_t pid, struct arena *arena, struct process_identity *ret, struct err *e)
{
	char boot[BOOT_ID_SIZE];
	uint64_t start_time;

	if (pid <= 0)
		return fail_gone(pid, e);
	if (boot_id(boot, e) < 0)
		return -1;
	autoclose int pidfd = open_and_look(pid, &start_time, e);
	if (pidfd < 0)
		return -1;
	ret->pid = pid;
	ret->start_time = start_time;
	ret->boot_id = arena_strdup(arena, boot);
	return 0;
}

int process_open(const struct process_identity *process, struct err *e)
{
	char boot[BOOT_ID_SIZE];
	uint64_t start_time;

	if (process->pid <= 0 || process->pid > INT_MAX)
		return fail_gone(process->pid, e);
	if (boot_id(boot, e) < 0)
		return -1;
	if (boot_is_another(process->boot_id, boot))
		return fail_gone(process->pid, e);
	autoclose int pidfd = open_and_look((pid_t)process->pid, &start_time, e);
	if (pidfd < 0)
		return -1;
	if (start_time != process->start_time)
		return fail_gone(process->pid, e);
	return take_fd(&pidfd);
}

int process_look_at(const struct process_identity *process, bool *ret_executed, struct err *e)
{
	struct procfs_look look;
	char boot[BOOT_ID_SIZE];

	if (process->pid <= 0 || process->pid > INT_MAX)
		return 0;
	if (boot_id(boot, e) < 0)
		return -1;
	if (boot_is_another(process->boot_id, boot))
		return 0;
	if (procfs_look_at((pid_t)process->pid, &look, e) < 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	if (look.start_time != process->start_time)
		return 0;
	*ret_executed = look.executed;
	if (look.state != 'Z' && look.state != 'X')
		return 1;
	/* its first thread may have ended alone */
	autoclose int pidfd = process_open(process, e);
	if (pidfd >= 0)
		return 1;
	return e->kind == ERR_NOT_FOUND ? 0 : -1;
}

bool process_may_run(const struct process_identity *process)
{
	struct err e;
	autoclose int pidfd = process_open(process, &e);

	return pidfd >= 0 || e.kind != ERR_NOT_FOUND;
}

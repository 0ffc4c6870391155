/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the kernel's schedulers treat the program (config.md "Linux Process"): set from outside, because the
 * runtime has the power for it that a process in a user namespace has not, and because a process under
 * SCHED_DEADLINE could not fork during the set-up (sched(7)). Runs in the runtime.
 */
#include "boot/common/scheduling.h"

#include "base/auto.h"
#include "base/str.h"
#include "os/io.h"
#include "os/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* struct sched_attr of sched_setattr(2) in its second form (Linux 5.3), which the flags for utilization
 * clamps need; C libraries and kernel headers do not agree on who declares it. */
struct scheduling {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t utilization_least, utilization_most;
};

/* With groups for it on cgroup v1 a group has no realtime until it is given some (scheduler/sched-rt-group.rst,
 * sched_setscheduler(2) "EPERM"). */
static bool has_no_realtime(const struct cgroup *cgroup)
{
	struct err ignored;

	for (size_t i = 0; i < cgroup->n; i++) {
		autofree char *text = NULL;
		if (read_file_at(cgroup->directories[i], "cpu.rt_runtime_us", 32, &text, NULL,
				 &ignored) == 0)
			return str_eq(text, "0\n");
	}
	return false;
}

/* The one that becomes the program: of a process with two threads that is not the first one (create/init_threads.c). */
static int find_thread(const struct plan *plan, pid_t pid, pid_t *ret, struct err *e)
{
	autoclosedir DIR *threads = NULL;
	char path[32];
	uint32_t id;

	*ret = pid;
	if (!plan->namespaces.late_by_thread)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	threads = opendir(path);
	if (!threads)
		return fail_sys(e, "open '%s'", path);
	for (struct dirent *entry; *ret == pid && (entry = readdir(threads));)
		if (parse_u32(entry->d_name, &id))
			*ret = (pid_t)id;
	return 0;
}

int set_scheduler(const struct plan *plan, const struct cgroup *cgroup, pid_t pid, struct err *e)
{
	const struct plan_scheduler *from = plan->process.scheduler;
	struct scheduling to = { .size = sizeof(to) };
	pid_t thread;

	if (!from)
		return 0;
	if (find_thread(plan, pid, &thread, e) < 0)
		return -1;
	to.policy = from->policy;
	to.flags = from->flags;
	to.nice = from->nice;
	to.priority = from->priority;
	to.runtime = from->runtime;
	to.deadline = from->deadline;
	to.period = from->period;
	if (syscall(SYS_sched_setattr, thread, &to, 0) == 0)
		return 0;
	/* sched(7): bandwidth is given to a whole root domain only, and admitted only if it is left. */
	if (errno == EBUSY)
		return fail_sys(e, "process.scheduler: no bandwidth is left for %s", from->name);
	int error_number = errno;
	bool realtime = from->policy == SCHED_FIFO || from->policy == SCHED_RR;
	return fail_errno(e, error_number, "process.scheduler: set %s%s", from->name,
			  error_number == EPERM && realtime && has_no_realtime(cgroup)
				  ? " in a cgroup without linux.resources.cpu.realtimeRuntime"
				  : "");
}

/* Its group with all threads, as runc: whatever the program starts in it has the same. */
int set_io_priority(const struct plan *plan, pid_t pid, struct err *e)
{
	const struct plan_io_priority *io = plan->process.io_priority;

	if (!io)
		return 0;
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PGRP, pid,
		    IOPRIO_PRIO_VALUE(io->io_class, io->priority)) < 0)
		return fail_sys(e, "process.ioPriority: set %s, priority %d",
				value_to_name(spec_io_class_names, io->io_class), io->priority);
	return 0;
}

/* Inherited by the joiner, which is born in the cgroup if there is cgroup v2. */
int set_initial_affinity(const struct plan *plan, struct err *e)
{
	const struct plan_number_set *cpus = &plan->process.affinity_initial;

	if (!cpus->text)
		return 0;
	if (syscall(SYS_sched_setaffinity, 0, cpus->words * sizeof(cpus->mask[0]), cpus->mask) < 0)
		return fail_sys(e, "process.execCPUAffinity.initial: set '%s'", cpus->text);
	return 0;
}

int set_oom_score(const struct plan *plan, const struct facts *facts, pid_t pid, struct err *e)
{
	char path[48], text[16];

	if (!plan->process.oom_score_adj_set)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	snprintf(text, sizeof(text), "%d", plan->process.oom_score_adj);
	if (write_file_at(AT_FDCWD, path, text, e) == 0)
		return 0;
	/* Lowering it takes CAP_SYS_RESOURCE over the whole host; what a user cannot have must not keep a
	 * container from starting (runc and crun do the same). */
	if (facts->rootless && (e->sys == EACCES || e->sys == EPERM)) {
		log_note("process.oomScoreAdj: %s", e->text);
		return 0;
	}
	return -1;
}

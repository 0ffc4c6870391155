/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of config.json's "process" and of exec's process.json (config.md "Process").
 *
 * Capabilities are never an error here: an unknown name is a warning when they are applied, because
 * the list differs between kernels (config.md "Linux Process", capabilities).
 */
#include "base/auto.h"
#include "spec/check.h"

#define UMASK_MAX 0777
#define CPU_MAX 8191 /* the largest CONFIG_NR_CPUS is 8192 */

static void check_arguments(struct check *c, const struct spec_process *process)
{
	if (process->args.n == 0)
		check_fail(c, "args: at least one argument is needed");
	else if (str_empty(process->args.v[0]))
		check_fail(c, "args[0]: must not be empty");
}

static void check_cwd(struct check *c, const struct spec_process *process)
{
	check_absolute_path(c, "cwd", process->cwd);
}

static void check_process_environment(struct check *c, const struct spec_process *process)
{
	check_environment(c, "env", &process->env);
}

/* Without a terminal the size must be ignored (config.md "Process"), whatever it is. */
static void check_console_size(struct check *c, const struct spec_process *process)
{
	const struct spec_console_size *size = process->console_size;
	if (!size || !process->terminal)
		return;
	if (size->height > UINT16_MAX)
		check_fail(c, "consoleSize.height: must not be greater than %d", UINT16_MAX);
	if (size->width > UINT16_MAX)
		check_fail(c, "consoleSize.width: must not be greater than %d", UINT16_MAX);
}

static void check_user(struct check *c, const struct spec_process *process)
{
	enum { GROUPS_MAX = 65536 }; /* setgroups(2) */
	const struct spec_user *user = process->user;
	if (!user)
		return;
	if (user->umask.set && user->umask.value > UMASK_MAX)
		check_fail(c, "user.umask: must not be greater than %d (octal 777)", UMASK_MAX);
	if (user->additional_gids.n > GROUPS_MAX)
		check_fail(c, "user.additionalGids: must not be more than %d", GROUPS_MAX);
	for (size_t i = 0; i < user->additional_gids.n; i++)
		if (user->additional_gids.v[i] == UINT32_MAX)
			check_fail(c, "user.additionalGids[%zu]: %u is not a valid id", i,
				   UINT32_MAX);
	if (user->uid == UINT32_MAX)
		check_fail(c, "user.uid: %u is not a valid id", UINT32_MAX);
	if (user->gid == UINT32_MAX)
		check_fail(c, "user.gid: %u is not a valid id", UINT32_MAX);
}

static void check_rlimits(struct check *c, const struct spec_process *process)
{
	uint64_t seen = 0; /* one bit a resource */
	for (size_t i = 0; i < process->rlimits.n; i++) {
		const struct spec_rlimit *limit = &process->rlimits.v[i];
		int64_t resource = 0;
		if (limit->soft > limit->hard)
			check_fail(c, "rlimits[%zu]: soft is greater than hard", i);
		if (!check_known(c, check_name(c, "rlimits[%zu].type", i), spec_rlimit_names,
				 limit->type, &resource))
			continue;
		if (seen & (UINT64_C(1) << resource))
			check_fail(c, "rlimits[%zu].type: %s is given more than once", i,
				   limit->type);
		seen |= UINT64_C(1) << resource;
	}
}

static void check_oom_score_adj(struct check *c, const struct spec_process *process)
{
	const struct opt_i32 *adjustment = &process->oom_score_adj;
	if (adjustment->set && (adjustment->value < -1000 || adjustment->value > 1000))
		check_fail(c, "oomScoreAdj: must be between -1000 and 1000");
}

/* sched(7), "Deadline scheduling": at least 1024 ns, and runtime <= deadline <= period. */
static void check_deadline(struct check *c, const struct spec_scheduler *scheduler)
{
	enum { SHORTEST_NS = 1024 };
	uint64_t period = scheduler->period.set ? scheduler->period.value : 0;
	if (!scheduler->runtime.set || scheduler->runtime.value < SHORTEST_NS)
		check_fail(c, "scheduler.runtime: SCHED_DEADLINE needs at least %d", SHORTEST_NS);
	else if (!scheduler->deadline.set || scheduler->deadline.value < scheduler->runtime.value)
		check_fail(c, "scheduler.deadline: must not be less than runtime");
	else if (period != 0 && period < scheduler->deadline.value)
		check_fail(c, "scheduler.period: must not be less than deadline");
}

static bool is_given(const struct opt_u64 *number)
{
	return number->set && number->value != 0;
}

static void check_scheduler(struct check *c, const struct spec_process *process)
{
	const struct spec_scheduler *scheduler = process->scheduler;
	if (!scheduler)
		return;
	bool real_time = scheduler->policy == SPEC_SCHED_FIFO || scheduler->policy == SPEC_SCHED_RR;
	int32_t priority = scheduler->priority.set ? scheduler->priority.value : 0;
	if (scheduler->nice.set && (scheduler->nice.value < -20 || scheduler->nice.value > 19))
		check_fail(c, "scheduler.nice: must be between -20 and 19");
	if (real_time && (priority < 1 || priority > 99))
		check_fail(c, "scheduler.priority: SCHED_FIFO and SCHED_RR need 1 to 99");
	if (!real_time && priority != 0)
		check_fail(c, "scheduler.priority: is for SCHED_FIFO and SCHED_RR only");
	if (scheduler->policy == SPEC_SCHED_DEADLINE)
		check_deadline(c, scheduler);
	else if (is_given(&scheduler->runtime) || is_given(&scheduler->deadline) ||
		 is_given(&scheduler->period))
		check_fail(c,
			   "scheduler: runtime, deadline and period are for SCHED_DEADLINE only");
}

static void check_io_priority(struct check *c, const struct spec_process *process)
{
	const struct spec_io_priority *io = process->io_priority;
	if (io && io->priority.set && (io->priority.value < 0 || io->priority.value > 7))
		check_fail(c, "ioPriority.priority: must be between 0 and 7");
}

static void check_cpu_affinity(struct check *c, const struct spec_process *process)
{
	const struct spec_cpu_affinity *affinity = process->exec_cpu_affinity;
	if (!affinity)
		return;
	check_number_list(c, "execCPUAffinity.initial", affinity->initial, CPU_MAX);
	check_number_list(c, "execCPUAffinity.final", affinity->final, CPU_MAX);
}

static void (*const process_checks[])(struct check *c, const struct spec_process *process) = {
	check_arguments,   check_cwd,          check_process_environment, check_console_size,
	check_user,        check_rlimits,      check_oom_score_adj,       check_scheduler,
	check_io_priority, check_cpu_affinity,
};

void check_process(struct check *c, const struct spec_process *process)
{
	for (size_t i = 0; i < ARRAY_SIZE(process_checks); i++)
		process_checks[i](c, process);
}

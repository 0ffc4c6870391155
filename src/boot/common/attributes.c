/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process is given that survives execve(): processors, memory policy, personality, security labels.
 * On the CREATE page in the container's first process, on the EXEC page in the joiner.
 */
#include "boot/common/attributes.h"

#include "base/str.h"
#include "sys/procfs.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

int set_final_affinity(const struct plan *plan, pid_t pid, struct err *e)
{
	const struct plan_number_set *cpus = &plan->process.affinity_final;

	if (!cpus->text)
		return 0;
	if (syscall(SYS_sched_setaffinity, pid, cpus->words * sizeof(cpus->mask[0]), cpus->mask) <
	    0)
		return fail_sys(e, "process.execCPUAffinity.final: set '%s'", cpus->text);
	return 0;
}

/* The caller's mask is not the container's: all processors that the cgroup's cpuset allows (cpuset(7)), or
 * those of them that exec's process asks for. */
int reset_affinity(const struct plan *plan, bool outside, struct err *e)
{
	unsigned long all[1024 / sizeof(unsigned long)];

	memset(all, 0xff, sizeof(all));
	if (syscall(SYS_sched_setaffinity, 0, sizeof(all), all) < 0 && errno != EPERM &&
	    errno != EINVAL)
		return fail_sys(e, "reset the processor affinity");
	/* Else the runtime does it, once the process is in that cpuset. */
	return outside ? 0 : set_final_affinity(plan, 0, e);
}

/* set_mempolicy(2); the kernel takes one off the number of bits. */
int set_memory_policy(const struct plan *plan, struct err *e)
{
	const struct plan_memory_policy *policy = plan->process.memory_policy;
	unsigned long bits;

	if (!policy)
		return 0;
	bits = policy->nodes.words * sizeof(unsigned long) * CHAR_BIT;
	if (syscall(SYS_set_mempolicy, policy->mode, policy->nodes.mask, bits ? bits + 1 : 0) < 0)
		return fail_sys(e, "linux.memoryPolicy: set %s%s%s", policy->name,
				policy->nodes.text ? " for nodes " : "",
				policy->nodes.text ? policy->nodes.text : "");
	return 0;
}

int set_personality(const struct plan *plan, struct err *e)
{
	const struct plan_personality *wanted = plan->process.personality;

	if (wanted && personality(wanted->domain) < 0)
		return fail_sys(e, "linux.personality: set %s", wanted->name);
	return 0;
}

/* Of the host: what the container has mounted on its /proc takes no part. */
int open_labels(const struct plan *plan, int *ret_procfs, struct err *e)
{
	const struct plan_process *process = &plan->process;

	if (!process->apparmor_profile && !process->selinux_label)
		return 0;
	*ret_procfs = procfs_open(e);
	return *ret_procfs < 0 ? -1 : 0;
}

/* apparmor(7): its own directory since Linux 5.8, beside the one that all security modules share. */
static int write_label(int proc, const char *name, const char *text, struct err *e)
{
	if (procfs_write(proc, name, text, e) == 0)
		return 0;
	if (e->sys != ENOENT && e->sys != EINVAL)
		return -1;
	return procfs_write(proc, "thread-self/attr/exec", text, e);
}

/* Of the next execve(); a clone inherits it. */
int set_labels(const struct plan *plan, int procfs, struct arena *arena, struct err *e)
{
	const struct plan_process *process = &plan->process;

	if (process->apparmor_profile) {
		const char *text = arena_printf(arena, "exec %s", process->apparmor_profile);
		if (write_label(procfs, "thread-self/attr/apparmor/exec", text, e) < 0)
			return err_prefix(e, "apparmorProfile");
	}
	if (process->selinux_label &&
	    procfs_write(procfs, "thread-self/attr/exec", process->selinux_label, e) < 0)
		return err_prefix(e, "selinuxLabel");
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the host has of that of which the policy reserves some, and which controllers the group of all containers can
 * have. A policy without such a group costs no look. Runs in the runtime.
 */
#include "facts/gather.h"

#include "cgroup/cgroup.h"
#include "os/io.h"
#include "sys/procfs.h"

#include <fcntl.h>
#include <unistd.h>

#define TEXT_MAX (64u << 10)
#define KIBI 1024

static int read_proc(const char *file, char **ret, struct err *e)
{
	autoclose int proc = procfs_open(e);
	autoclose int fd = proc < 0 ? -1 : procfs_openat(proc, file, O_RDONLY | O_NOFOLLOW, e);

	return fd < 0 ? -1 : read_fd_all(fd, file, TEXT_MAX, ret, NULL, e);
}

/* proc_meminfo(5): "MemTotal:       16384000 kB" */
static int gather_memory(struct parent_facts *parent, struct err *e)
{
	static const char name[] = "MemTotal:";
	autofree char *text = NULL;
	uint64_t kibibytes = 0;
	char *number;

	if (read_proc("meminfo", &text, e) < 0)
		return -1;
	number = strstr(text, name);
	if (number) {
		number += strlen(name);
		number += strspn(number, " ");
		number[strspn(number, "0123456789")] = '\0';
	}
	if (!number || !parse_u64(number, &kibibytes))
		return fail(e, ERR_SYSTEM, "/proc/meminfo does not say how much memory there is");
	parent->memory = kibibytes * KIBI;
	return 0;
}

static int read_number(const char *file, uint64_t *ret, struct err *e)
{
	autofree char *text = NULL;

	if (read_proc(file, &text, e) < 0)
		return -1;
	text[strcspn(text, "\n")] = '\0';
	return parse_u64(text, ret) ? 0 : fail(e, ERR_SYSTEM, "/proc/%s is not a number", file);
}

/* Threads have numbers of processes, too (proc_sys_kernel(5)). */
static int gather_pids(struct parent_facts *parent, struct err *e)
{
	uint64_t numbers, threads;

	if (read_number("sys/kernel/pid_max", &numbers, e) < 0 ||
	    read_number("sys/kernel/threads-max", &threads, e) < 0)
		return -1;
	parent->pids = numbers < threads ? numbers : threads;
	return 0;
}

static void add_controllers(struct strlist *to, const struct strlist *from)
{
	for (size_t i = 0; i < from->n; i++)
		to->v[to->n++] = from->v[i];
}

/* A user's own manager may have others than the caller's group. */
static int gather_controllers(const struct facts *facts, struct arena *arena,
			      struct parent_facts *parent, struct err *e)
{
	const struct cgroup_facts *cgroup = facts->cgroup;
	size_t most = 1;

	if (facts->rootless)
		return parent->systemd || !cgroup->delegated
			       ? 0
			       : gather_controllers_at(cgroup->hierarchies.v, cgroup->delegated,
						       arena, &parent->controllers, e);
	for (size_t i = 0; i < cgroup->hierarchies.n; i++)
		most += cgroup->hierarchies.v[i].controllers.n;
	parent->controllers.v = arena_new_array(arena, char *, most);
	for (size_t i = 0; i < cgroup->hierarchies.n; i++)
		if (cgroup_takes_part(cgroup->layout, &cgroup->hierarchies.v[i]))
			add_controllers(&parent->controllers,
					&cgroup->hierarchies.v[i].controllers);
	return 0;
}

int gather_parent(const struct policy *policy, const struct facts_options *options,
		  struct arena *arena, struct facts *facts, struct err *e)
{
	const struct policy_reserve *reserve;
	struct parent_facts *parent;
	long cpus;

	if (!policy_group_parent(policy))
		return 0;
	parent = facts->parent = arena_new(arena, struct parent_facts);
	parent->disabled = options->cgroup_disabled;
	parent->systemd = options->systemd_cgroup;
	reserve = policy->cgroup->reserve;
	if (!reserve)
		return 0;
	if ((reserve->memory.value && gather_memory(parent, e) < 0) ||
	    (reserve->pids.value && gather_pids(parent, e) < 0))
		return -1;
	cpus = reserve->cpu.value ? sysconf(_SC_NPROCESSORS_ONLN) : 0;
	parent->cpus = cpus > 0 ? (uint32_t)cpus : 0;
	if (!reserve->memory.value && !reserve->pids.value && !reserve->cpu.value)
		return 0;
	return gather_controllers(facts, arena, parent, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Realtime of cgroups v1: a group has none until it is given some, and what its groups have together it must have
 * itself (scheduler/sched-rt-group.rst). Parents that the runtime has made for a container's group get what that
 * needs; a group of others is as they want it. Runs in the runtime.
 */
#include "cgroup/make.h"
#include "cgroup/mark.h"

#include "base/auto.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* The kernel compares shares of the time in these units (kernel/sched/rt.c, to_ratio()). */
#define SHARE_SHIFT 20

static bool read_number(int directory, const char *file, uint64_t *ret)
{
	char text[32];

	return tree_read(directory, file, text, sizeof(text)) == 0 && parse_u64(text, ret);
}

static uint64_t share_of(int directory)
{
	uint64_t runtime, period;
	char text[32];

	/* without a limit it is all of the time */
	if (tree_read(directory, "cpu.rt_runtime_us", text, sizeof(text)) == 0 && text[0] == '-')
		return UINT64_C(1) << SHARE_SHIFT;
	if (!read_number(directory, "cpu.rt_runtime_us", &runtime) ||
	    !read_number(directory, "cpu.rt_period_us", &period) || period == 0)
		return 0;
	return (runtime << SHARE_SHIFT) / period;
}

/* Of all groups in it but the one of this name. */
static uint64_t share_of_others(int directory, const char *name)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	uint64_t sum = 0;

	if (!stream) {
		close_keep_errno(fd);
		return 0;
	}
	for (struct dirent *entry; (entry = readdir(stream));) {
		autoclose int child = -1;

		if (entry->d_name[0] == '.' || entry->d_type != DT_DIR ||
		    str_eq(entry->d_name, name))
			continue;
		child = tree_open_below(directory, entry->d_name);
		sum += child < 0 ? 0 : share_of(child);
	}
	closedir(stream);
	return sum;
}

/* The first of them that is ours, and so the highest, gets its part before the one below it does. */
static void give(const struct cgroup_making *making, const char *path, uint64_t share)
{
	char parent[PATH_MAX], text[32];
	const char *slash = strrchr(path, '/');
	autoclose int fd = -1;
	uint64_t period;

	if (!slash || (size_t)(slash - path) >= sizeof(parent))
		return;
	memcpy(parent, path, (size_t)(slash - path));
	parent[slash - path] = '\0';
	fd = tree_open_below(making->mount, parent);
	if (fd < 0 || mark_byte_at(fd, CGROUP_MADE_BY_US) != CGROUP_MADE_AS_PARENT ||
	    !read_number(fd, "cpu.rt_period_us", &period))
		return;
	share += share_of_others(fd, slash + 1);
	if (share_of(fd) >= share)
		return;
	give(making, parent, share);
	snprintf(text, sizeof(text), "%llu",
		 (unsigned long long)((((share + 1) * period) >> SHARE_SHIFT) + 1));
	/* What the one above does not have is said when the container's own is written. */
	(void)!tree_write(fd, "cpu.rt_runtime_us", text);
}

void cgroup_give_realtime(const struct cgroup_making *making, const char *runtime)
{
	uint64_t wanted, period;

	if (making->hierarchy->v2 || !parse_u64(runtime, &wanted) || wanted == 0 ||
	    !read_number(making->directory, "cpu.rt_period_us", &period) || period == 0)
		return;
	give(making, making->path, (wanted << SHARE_SHIFT) / period);
}

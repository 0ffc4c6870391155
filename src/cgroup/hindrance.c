/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of its cgroups keeps a process from running, wherever it is: the container's group, one inside of it, or one
 * that this program knows nothing of. Runs in the runtime.
 */
#include "cgroup/tree.h"

#include "base/auto.h"
#include "base/path.h"
#include "os/io.h"
#include "sys/mountinfo.h"

#include <fcntl.h>
#include <stdio.h>

#define PROC_CGROUP_MAX (1u << 20)

static const char frozen[] = "frozen with its cgroup (a paused container)";
static const char out_of_memory[] =
	"without memory in a cgroup whose OOM killer is off (memory.disableOOMKiller)";

/* cgroup-v2.rst, "cgroup.freeze": `frozen` of cgroup.events waits for every process of the group, so that what the
 * groups above were told counts, too. */
static bool is_to_freeze(int directory_fd)
{
	return tree_has_event(directory_fd, "cgroup.freeze", "1");
}

/* The root of the v1 freezer has no such file and is never frozen. */
static bool is_let_run(int directory_fd)
{
	char state[32];

	return tree_read(directory_fd, "freezer.state", state, sizeof(state)) < 0 ||
	       str_eq(state, "THAWED");
}

/* The first for which it is true, from a group upwards. Owned; -1: none. */
static int group_above(int top, const char *path, bool (*is_wanted)(int directory_fd))
{
	autofree char *at = xstrdup(path);

	for (;;) {
		autoclose int fd = tree_open_below(top, *at ? at : ".");
		char *slash = strrchr(at, '/');

		if (fd >= 0 && is_wanted(fd))
			return take_fd(&fd);
		if (!*at)
			return -1;
		*(slash ? slash : at) = '\0';
	}
}

struct search {
	const char *found;
	pid_t pid;
};

/* Of one hierarchy. freezer.state of v1 is what comes of the group's own will and of those above
 * (freezer-subsystem.rst). */
static void look_at(const struct mountinfo_entry *mount, const char *path, struct search *search)
{
	autoclose int top = open(mount->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int fd = top < 0 ? -1 : tree_open_below(top, *path ? path : ".");
	char state[32];

	if (fd < 0 || search->found)
		return;
	if (str_eq(mount->fstype, "cgroup2")) {
		if (tree_has_event(fd, "cgroup.events", "frozen 1") ||
		    group_above(top, path, is_to_freeze) >= 0)
			search->found = frozen;
	} else if (tree_read(fd, "freezer.state", state, sizeof(state)) == 0 &&
		   !str_eq(state, "THAWED")) {
		search->found = frozen;
	} else if (tree_has_event(fd, "memory.oom_control", "under_oom 1")) {
		search->found = out_of_memory;
	}
}

/* What goes over into a group that is not frozen is let run (kernel/cgroup/legacy_freezer.c). */
static void move_out(const struct mountinfo_entry *mount, const char *path, struct search *search)
{
	autoclose int top = open(mount->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int fd = -1;
	char number[16];

	if (top < 0 || !mount_options_have(mount->super_options, "freezer"))
		return;
	fd = group_above(top, path, is_let_run);
	snprintf(number, sizeof(number), "%d", (int)search->pid);
	if (fd >= 0)
		(void)!tree_write(fd, "cgroup.procs", number);
}

/* Whether a line "N:CONTROLLERS:PATH" of /proc/PID/cgroup is of this mount; moves *line to the path. */
static bool is_of(const struct mountinfo_entry *mount, char **line)
{
	char *controllers = strchr(*line, ':');
	char *path = controllers ? strchr(++controllers, ':') : NULL;

	if (!path)
		return false;
	*path++ = '\0';
	*line = path;
	if (str_eq(mount->fstype, "cgroup2"))
		return str_empty(controllers);
	return (mount_options_have(controllers, "freezer") &&
		mount_options_have(mount->super_options, "freezer")) ||
	       (mount_options_have(controllers, "memory") &&
		mount_options_have(mount->super_options, "memory"));
}

/* Each of the hierarchies that count, with the process's group below the mount. */
static void each_group(const struct mountinfo *mounts, const char *groups,
		       void (*visit)(const struct mountinfo_entry *mount, const char *path,
				     struct search *search),
		       struct search *search)
{
	for (size_t i = 0; i < mounts->n; i++) {
		const struct mountinfo_entry *mount = &mounts->v[i];
		autofree char *text = NULL;
		char *rest, *line;

		if (!str_eq(mount->fstype, "cgroup") && !str_eq(mount->fstype, "cgroup2"))
			continue;
		rest = text = xstrdup(groups);
		while ((line = tree_next_line(&rest))) {
			/* One that is bound from elsewhere, or a group outside of our cgroup namespace. */
			if (!is_of(mount, &line) || !path_is_below(line, mount->root))
				continue;
			line += str_eq(mount->root, "/") ? 0 : strlen(mount->root);
			visit(mount, line + strspn(line, "/"), search);
		}
	}
}

static bool read_groups(pid_t pid, struct arena *arena, struct mountinfo *mounts, char **ret)
{
	struct err ignored;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	return mountinfo_read(arena, mounts, &ignored) == 0 &&
	       read_file_at(AT_FDCWD, path, PROC_CGROUP_MAX, ret, NULL, &ignored) == 0;
}

const char *cgroup_hindrance(pid_t pid)
{
	struct arena arena = { 0 };
	autofree char *groups = NULL;
	struct mountinfo mounts;
	struct search search = { .found = NULL };

	if (read_groups(pid, &arena, &mounts, &groups))
		each_group(&mounts, groups, look_at, &search);
	arena_release(&arena);
	return search.found;
}

void cgroup_let_die(pid_t pid)
{
	struct arena arena = { 0 };
	autofree char *groups = NULL;
	struct mountinfo mounts;
	struct search search = { .pid = pid };

	if (read_groups(pid, &arena, &mounts, &groups))
		each_group(&mounts, groups, move_out, &search);
	arena_release(&arena);
}

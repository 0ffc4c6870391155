/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Out of memory: on v1 an eventfd that the kernel signals (cgroup-v1/memory.rst, "OOM Control"), on v2 a
 * counter in memory.events that inotify watches (cgroup-v2.rst). Runs in the runtime.
 */
#include "cgroup/record.h"

#include "base/auto.h"
#include "sys/procfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

void cgroup_oom_release(struct cgroup_oom *oom)
{
	close_keep_errno(oom->fd);
	close_keep_errno(oom->directory);
	*oom = (struct cgroup_oom)CGROUP_OOM_INIT;
}

static uint64_t read_kills(int directory, const char *file)
{
	char text[1024];
	uint64_t count = 0;

	if (tree_read(directory, file, text, sizeof(text)) < 0)
		return 0;
	/* "oom_kill_disable" of v1 is another word. */
	char *line = strstr(text, "oom_kill ");
	if (!line)
		return 0;
	line += strlen("oom_kill ");
	line[strcspn(line, "\n")] = '\0';
	return parse_u64(line, &count) ? count : 0;
}

static int watch_v1(int directory, struct err *e)
{
	autoclose int control =
		openat(directory, "memory.oom_control", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	char text[32];

	if (control < 0 || event < 0)
		return fail_sys(e, "watch the cgroup's 'memory.oom_control'");
	snprintf(text, sizeof(text), "%d %d", event, control);
	if (tree_write(directory, "cgroup.event_control", text) < 0)
		return fail_sys(e, "watch the cgroup's 'memory.oom_control'");
	return take_fd(&event);
}

static int watch_v2(int directory, struct err *e)
{
	autoclose int notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[64];

	snprintf(path, sizeof(path), "%s/memory.events", fd_path(directory).text);
	if (notify < 0 || inotify_add_watch(notify, path, IN_MODIFY) < 0)
		return fail_sys(e, "watch the cgroup's 'memory.events'");
	return take_fd(&notify);
}

int cgroup_oom_open(const struct cgroup_record *record, struct cgroup_oom *ret, struct err *e)
{
	autoopened opened = { 0 };
	autooom oom = CGROUP_OOM_INIT;

	if (cgroup_open_record(record, &opened, e) < 0)
		return -1;
	int directory = cgroup_opened_with(&opened, "memory.oom_control");
	if (directory < 0) {
		directory = cgroup_opened_with(&opened, "memory.events");
		oom.unified = directory >= 0;
	}
	if (directory >= 0) {
		oom.directory = fcntl(directory, F_DUPFD_CLOEXEC, 3);
		if (oom.directory < 0)
			return fail_sys(e, "duplicate a cgroup descriptor");
		oom.fd = oom.unified ? watch_v2(oom.directory, e) : watch_v1(oom.directory, e);
		if (oom.fd < 0)
			return -1;
		oom.count = oom.unified ? read_kills(oom.directory, "memory.events") : 0;
	}
	*ret = oom;
	oom = (struct cgroup_oom)CGROUP_OOM_INIT;
	return 0;
}

bool cgroup_oom_happened(struct cgroup_oom *oom)
{
	char buffer[4096] __attribute__((aligned(8)));
	ssize_t n = read(oom->fd, buffer, sizeof(buffer));

	if (oom->unified) {
		uint64_t before = oom->count;
		oom->count = read_kills(oom->directory, "memory.events");
		return oom->count > before;
	}
	/* The eventfd is signalled for the removal of the cgroup too. */
	return n > 0 && faccessat(oom->directory, "memory.oom_control", F_OK, 0) == 0;
}

int cgroup_memory_index(const struct cgroup *cgroup, const struct strlist *directories)
{
	/* Of v1 where it counts memory, since then v2 cannot; by its usual name first. */
	for (int hinted = 1; hinted >= 0; hinted--)
		for (size_t i = 0; i < cgroup->n; i++)
			if ((strstr(directories->v[i], "/memory/") != NULL) == (hinted == 1) &&
			    faccessat(cgroup->directories[i], "memory.oom_control", F_OK, 0) == 0)
				return (int)i;
	for (size_t i = 0; i < cgroup->n; i++)
		if (faccessat(cgroup->directories[i], "memory.events", F_OK, 0) == 0)
			return (int)i;
	return -1;
}

static void read_memory(int directory, struct cgroup_memory *ret)
{
	bool v1 = faccessat(directory, "memory.oom_control", F_OK, 0) == 0;
	char limit[32];

	ret->kills = read_kills(directory, v1 ? "memory.oom_control" : "memory.events");
	/* "max" of v2 is not a number; the largest of v1 is the largest number of pages. */
	if (tree_read(directory, v1 ? "memory.limit_in_bytes" : "memory.max", limit,
		      sizeof(limit)) < 0 ||
	    !parse_u64(limit, &ret->limit) || ret->limit > (uint64_t)INT64_MAX / 2)
		ret->limit = UINT64_MAX;
}

void cgroup_memory_of(const struct cgroup *cgroup, struct cgroup_memory *ret)
{
	*ret = (struct cgroup_memory){ .limit = UINT64_MAX };
	if (cgroup->memory >= 0)
		read_memory(cgroup->directories[cgroup->memory], ret);
}

void cgroup_memory_of_record(const struct cgroup_record *record, struct cgroup_memory *ret)
{
	autoopened opened = { 0 };
	struct err ignored;

	*ret = (struct cgroup_memory){ .limit = UINT64_MAX };
	if (record && cgroup_open_memory(record, &opened, &ignored) == 0 && opened.n > 0)
		read_memory(opened.fds[0], ret);
}

int fail_oom_killed(const char *who, const struct cgroup_memory *now, struct err *e)
{
	if (now->limit == UINT64_MAX)
		return fail(
			e, ERR_SYSTEM,
			"%s was OOM-killed: a limit above its cgroup, or the machine, leaves too little memory",
			who);
	return fail(e, ERR_SYSTEM, "%s was OOM-killed: its memory limit of %llu bytes is too low",
		    who, (unsigned long long)now->limit);
}

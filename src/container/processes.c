/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ps: which processes are a container's. By its cgroup with all sub-groups; without one by the PID namespace
 * of its first process, looked for in /proc. Runs in the runtime.
 */
#include "container/processes.h"

#include "base/io.h"
#include "cgroup/cgroup.h"
#include "container/leftover.h"
#include "container/records.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define STATUS_MAX 65536

static bool same_object(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The namespace's object: 1; 0 where the process has ended or is hidden from the caller. */
static int namespace_of(const char *process, struct stat *ret, struct err *e)
{
	char path[64];

	if (str_format(path, sizeof(path), e, "/proc/%s/ns/pid", process) < 0)
		return -1;
	if (stat(path, ret) == 0)
		return 1;
	if (errno == ENOENT || errno == ESRCH || errno == EACCES || errno == EPERM)
		return 0;
	return fail_sys(e, "look at '%s'", path);
}

/* Whether a process is in that one. */
static int is_in_namespace(const char *process, const struct stat *wanted, struct err *e)
{
	struct stat one;
	int rc = namespace_of(process, &one, e);

	return rc <= 0 ? rc : same_object(wanted, &one);
}

int is_namespace_init(pid_t init, struct err *e)
{
	autofree char *text = NULL;
	char path[32];
	char *line, *last;

	snprintf(path, sizeof(path), "/proc/%d/status", init);
	if (read_file_at(AT_FDCWD, path, STATUS_MAX, &text, NULL, e) < 0)
		return e->sys == ENOENT || e->sys == ESRCH ? 0 : -1;
	line = strstr(text, "\nNSpid:");
	if (!line)
		return 0;
	line[1 + strcspn(line + 1, "\n")] = '\0';
	/* One number a namespace; the last is that of its own (proc(5)). */
	last = strrchr(line, '\t');
	return last && str_eq(last, "\t1");
}

static int compare_pids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int namespace_pids(pid_t init, struct arena *arena, struct u32list *ret, struct err *e)
{
	autoclosedir DIR *scan = opendir("/proc");
	struct u32list list = { .v = arena_new_array(arena, uint32_t, 16) };
	size_t capacity = 16;
	struct stat wanted, own;
	struct dirent *entry;
	char number[16];
	int rc;

	if (!scan)
		return fail_sys(e, "read /proc");
	snprintf(number, sizeof(number), "%d", init);
	if (namespace_of("self", &own, e) < 0)
		return -1;
	rc = namespace_of(number, &wanted, e);
	if (rc <= 0)
		return rc < 0 ? -1
			      : fail(e, ERR_SYSTEM,
				     "the PID namespace of process %d cannot be looked at", init);
	list.v[list.n++] = (uint32_t)init;
	if (same_object(&wanted, &own)) {
		*ret = list;
		return 0;
	}
	while ((rc = next_entry(scan, "/proc", &entry, e)) > 0) {
		uint32_t pid;
		if (!parse_u32(entry->d_name, &pid) || pid == (uint32_t)init)
			continue;
		rc = is_in_namespace(entry->d_name, &wanted, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			continue;
		if (list.n == capacity) {
			uint32_t *v = arena_new_array(arena, uint32_t, capacity * 2);
			memcpy(v, list.v, list.n * sizeof(*v));
			list.v = v;
			capacity *= 2;
		}
		list.v[list.n++] = pid;
	}
	if (rc < 0)
		return -1;
	qsort(list.v, list.n, sizeof(*list.v), compare_pids);
	*ret = list;
	return 0;
}

/* The number may have become another process's since it was listed: the descriptor is opened, and then it is
 * asked again. */
static int signal_one(pid_t pid, const struct stat *wanted, int signal, struct err *e)
{
	autoclose int pidfd = sys_pidfd_open(pid, 0);
	char number[16];

	if (pidfd < 0 && (errno == ESRCH || errno == EINVAL || errno == ENOENT))
		return 0;
	if (pidfd < 0)
		return fail_sys(e, "open a descriptor of process %d", pid);
	snprintf(number, sizeof(number), "%d", pid);
	int rc = is_in_namespace(number, wanted, e);
	if (rc <= 0)
		return rc;
	if (sys_pidfd_send_signal(pidfd, signal) < 0 && errno != ESRCH)
		return fail_sys(e, "send signal %d to process %d", signal, pid);
	return 0;
}

int namespace_signal(pid_t init, int signal, struct arena *arena, struct err *e)
{
	struct u32list pids;
	struct stat wanted;
	char number[16];
	int failed = 0;

	snprintf(number, sizeof(number), "%d", init);
	int rc = namespace_of(number, &wanted, e);
	if (rc <= 0)
		return rc;
	if (namespace_pids(init, arena, &pids, e) < 0)
		return -1;
	for (size_t i = 0; i < pids.n; i++)
		if (signal_one((pid_t)pids.v[i], &wanted, signal, e) < 0)
			failed = -1;
	return failed;
}

int container_pids(const struct global_options *global, const char *id, struct arena *arena,
		   struct u32list *ret, struct err *e)
{
	autostatedir dir = STATE_DIR_INIT;
	struct status_record *status;

	if (state_open(global->root, id, false, &dir, e) < 0 ||
	    records_status(global, &dir, arena, &status, e) < 0)
		return -1;
	if (!status)
		return fail(e, ERR_STATE, "container %s has no process yet: it is being created",
			    id);
	const struct cgroup_record *cgroup;
	if (own_cgroup(global, id, status, NULL, arena, &cgroup, e) < 0)
		return -1;
	if (cgroup)
		return cgroup_pids(cgroup, arena, ret, e);
	autoclose int pidfd = process_open(&status->init, e);
	if (pidfd >= 0)
		return namespace_pids((pid_t)status->init.pid, arena, ret, e);
	if (e->kind != ERR_NOT_FOUND)
		return -1;
	*ret = (struct u32list){ 0 };
	return 0;
}

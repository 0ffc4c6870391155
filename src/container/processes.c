/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ps: which processes are a container's. By its cgroup with all sub-groups; without one by the PID namespace
 * of its first process, looked for in /proc, without those of other containers that have joined it. Runs in the runtime.
 */
#include "container/processes.h"

#include "cgroup/cgroup.h"
#include "container/recorded.h"
#include "container/records.h"
#include "os/io.h"
#include "sys/family.h"
#include "sys/nsfd.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define STATUS_MAX 65536

/* The namespace's object: 1; 0 if the process has ended or is hidden from the caller. */
static int namespace_of(struct ns_path path, struct stat *ret, struct err *e)
{
	if (stat(path.text, ret) == 0)
		return 1;
	if (errno == ENOENT || errno == ESRCH || errno == EACCES || errno == EPERM)
		return 0;
	return fail_sys(e, "look at '%s'", path.text);
}

/* The processes of one container in a PID namespace that others may have joined. */
struct inhabitants {
	struct stat namespace;
	size_t n;           /* of first processes: its own, and those of the others */
	pid_t *firsts;      /* [0]: its own */
	struct stat *roots; /* their mount namespaces */
};

static int add_first(struct inhabitants *in, pid_t pid, struct err *e)
{
	int rc = namespace_of(ns_path(pid, "mnt"), &in->roots[in->n], e);

	if (rc > 0)
		in->firsts[in->n++] = pid;
	return rc < 0 ? -1 : 0;
}

/* 1; 0: its own PID namespace is the runtime's, so that init alone counts. */
static int look_at_namespace(const struct global_options *global, pid_t init, struct arena *arena,
			     struct inhabitants *ret, struct err *e)
{
	struct inhabitants in = { .n = 0 };
	struct members members;
	struct stat own, one;
	int rc = namespace_of(ns_path(init, "pid"), &in.namespace, e);

	if (rc == 0)
		return fail(e, ERR_SYSTEM, "the PID namespace of process %d cannot be looked at",
			    init);
	if (rc < 0 || namespace_of(ns_own_path("pid"), &own, e) < 0)
		return -1;
	if (ns_is_same(&own, &in.namespace)) {
		*ret = in;
		return 0;
	}
	if (registry_living(registry_default_directory(global->rootless, arena), NULL, arena,
			    &members, e) < 0)
		return -1;
	in.firsts = arena_new_array(arena, pid_t, members.n + 1);
	in.roots = arena_new_array(arena, struct stat, members.n + 1);
	if (add_first(&in, init, e) < 0)
		return -1;
	for (size_t i = 0; i < members.n; i++) {
		pid_t pid = (pid_t)members.v[i].init.pid;
		rc = pid == init ? 0 : namespace_of(ns_path(pid, "pid"), &one, e);
		/* one that a runtime in the container has made is part of it */
		if (rc > 0 && ns_is_same(&one, &in.namespace) && family_nearest(pid, &init, 1) == 0)
			rc = add_first(&in, pid, e);
		if (rc < 0)
			return -1;
	}
	*ret = in;
	return 1;
}

/* What has lost its parent, or was put in by exec, is told by its root file system. */
static int belongs(const struct inhabitants *in, uint32_t pid, struct err *e)
{
	struct stat one;
	size_t sharing = 0, last = 0;
	int rc = namespace_of(ns_path(pid, "pid"), &one, e);

	if (rc <= 0 || !ns_is_same(&one, &in->namespace))
		return rc < 0 ? -1 : 0;
	if (in->n < 2)
		return 1;
	rc = namespace_of(ns_path(pid, "mnt"), &one, e);
	if (rc <= 0)
		return rc;
	for (size_t i = 0; i < in->n; i++) {
		if (!ns_is_same(&one, &in->roots[i]))
			continue;
		sharing++;
		last = i;
	}
	if (sharing == 1)
		return last == 0;
	pid_t nearest = family_nearest((pid_t)pid, in->firsts, in->n);
	return nearest == 0 || nearest == in->firsts[0];
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

static int list_inhabitants(const struct inhabitants *in, pid_t init, struct arena *arena,
			    struct u32list *ret, struct err *e)
{
	autoclosedir DIR *scan = opendir("/proc");
	struct u32list list = { .v = arena_new_array(arena, uint32_t, 16) };
	size_t capacity = 16;
	struct dirent *entry;
	int rc;

	if (!scan)
		return fail_sys(e, "read /proc");
	list.v[list.n++] = (uint32_t)init;
	while ((rc = next_entry(scan, "/proc", &entry, e)) > 0) {
		uint32_t pid;
		if (!parse_u32(entry->d_name, &pid) || pid == (uint32_t)init)
			continue;
		rc = belongs(in, pid, e);
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

int namespace_pids(const struct global_options *global, pid_t init, struct arena *arena,
		   struct u32list *ret, struct err *e)
{
	struct inhabitants in;
	int rc = look_at_namespace(global, init, arena, &in, e);

	if (rc != 0)
		return rc < 0 ? -1 : list_inhabitants(&in, init, arena, ret, e);
	*ret = (struct u32list){ .n = 1, .v = arena_new(arena, uint32_t) };
	ret->v[0] = (uint32_t)init;
	return 0;
}

/* The number may have become another process's since it was listed: the descriptor is opened, and then it is
 * asked again. */
static int signal_one(pid_t pid, const struct inhabitants *in, int signal, struct err *e)
{
	autoclose int pidfd = sys_pidfd_open(pid, 0);

	if (pidfd < 0 && (errno == ESRCH || errno == EINVAL || errno == ENOENT))
		return 0;
	if (pidfd < 0)
		return fail_sys(e, "open a descriptor of process %d", pid);
	int rc = belongs(in, (uint32_t)pid, e);
	if (rc <= 0)
		return rc;
	if (sys_pidfd_send_signal(pidfd, signal) < 0 && errno != ESRCH)
		return fail_sys(e, "send signal %d to process %d", signal, pid);
	return 0;
}

int namespace_signal(const struct global_options *global, pid_t init, int signal,
		     struct arena *arena, struct err *e)
{
	struct inhabitants in;
	struct u32list pids;
	int failed = 0;

	if (look_at_namespace(global, init, arena, &in, e) < 0 ||
	    list_inhabitants(&in, init, arena, &pids, e) < 0)
		return -1;
	for (size_t i = 0; i < pids.n; i++)
		if (signal_one((pid_t)pids.v[i], &in, signal, e) < 0)
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
		return namespace_pids(global, (pid_t)status->init.pid, arena, ret, e);
	if (e->kind != ERR_NOT_FOUND)
		return -1;
	*ret = (struct u32list){ 0 };
	return 0;
}

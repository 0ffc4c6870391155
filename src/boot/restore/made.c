/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether what criu has made is within the policy, whatever the images say: where it is, and what power over
 * the network its processes have. They stand still meanwhile. Runs in the runtime.
 */
#include "boot/restore/made.h"

#include "base/auto.h"
#include "base/namespaces.h"
#include "base/str.h"
#include "boot/common/kernel_check.h"
#include "os/io.h"
#include "sys/nsfd.h"
#include "sys/proc_status.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

/* As long as 65536 groups of ten digits make it. */
#define STATUS_MAX (1u << 20)

static int open_of(const struct child *child, const char *name, struct err *e)
{
	int fd = nsfd_of_process(child->pid, name);

	return fd < 0 ? fail_sys(e, "open '%s'", ns_path(child->pid, name).text) : fd;
}

/* Where the configuration has a new one, the images of a container that had none would put it into criu's:
 * the runtime's, but that of mounts. */
static int check_new_namespaces(const struct made *m, struct err *e)
{
	const struct plan_namespaces *ns = &m->plan->namespaces;
	uint64_t flags = ns->clone_flags | (ns->new_time ? CLONE_NEWTIME : 0);

	/* A late join has one of its own until start, which does not exist here. */
	if (ns->network != NETWORK_NEW)
		flags &= ~(uint64_t)CLONE_NEWNET;
	for (int type = 1; type <= SPEC_NS_COUNT; type++) {
		const struct ns_row *row = &ns_rows[type];
		autoclose int own = -1, found = -1;

		if (!(flags & row->flag))
			continue;
		own = open_of(m->criu, row->file, e);
		found = own < 0 ? -1 : open_of(m->init, row->file, e);
		if (found < 0)
			return -1;
		if (nsfd_same(found, own))
			return fail(
				e, ERR_POLICY,
				"the images put the container into the runtime's own %s namespace and not into a new one",
				row->title);
	}
	return 0;
}

/* Whatever the images say, it must be in the network that the policy names. */
static int check_network(struct made *m, struct err *e)
{
	const struct plan_namespaces *ns = &m->plan->namespaces;
	int expected = m->network;
	autoclose int own = -1, found = -1;
	uint64_t cookie = 0;

	if (ns->network == NETWORK_NEW)
		return 0;
	found = open_of(m->init, "net", e);
	if (found < 0)
		return -1;
	own = nsfd_own("net", e);
	if (own < 0)
		return -1;
	if (ns->network_cookie && netns_cookie_apart(found, &cookie, e) < 0)
		return -1;
	if (!nsfd_same(found, expected < 0 ? own : expected) ||
	    (ns->network_cookie && cookie != ns->network_cookie))
		return fail(
			e, ERR_POLICY,
			"the images put the container into a network namespace of its own and not into '%s'",
			ns->network_path ? ns->network_path : "the runtime's");
	return 0;
}

int made_check_namespaces(struct made *m, struct err *e)
{
	if (check_network(m, e) < 0 || check_new_namespaces(m, e) < 0 ||
	    kernel_mounts_check_restored(m->plan, m->init->pid, m->arena, e) < 0)
		return -1;
	return 0;
}

static bool in_same(pid_t a, pid_t b, const char *name)
{
	struct stat of_a, of_b;

	return stat(ns_path(a, name).text, &of_a) == 0 && stat(ns_path(b, name).text, &of_b) == 0 &&
	       ns_is_same(&of_a, &of_b);
}

/* 1: read; 0: it is gone, and runs nothing. What cannot be read is not let go. */
static int read_status(const char *path, struct arena *arena, struct proc_status *ret,
		       struct err *e)
{
	autofree char *text = NULL;

	if (read_file_at(AT_FDCWD, path, STATUS_MAX, &text, NULL, e) < 0)
		return e->sys == ENOENT || e->sys == ESRCH ? 0 : -1;
	return proc_status_parse(text, arena, ret, e) < 0 ? -1 : 1;
}

/* What is done for each process of the container. */
typedef int visit_process(struct made *m, pid_t pid, void *context, struct err *e);

static int visit_processes(struct made *m, visit_process *visit, void *context, struct err *e)
{
	struct u32list pids = { 0 };

	if (visit(m, m->init->pid, context, e) < 0)
		return -1;
	if (m->group->made && cgroup_pids(m->group->record, m->arena, &pids, e) < 0)
		return -1;
	for (size_t i = 0; i < pids.n; i++)
		if (visit(m, (pid_t)pids.v[i], context, e) < 0)
			return -1;
	return 0;
}

/* criu is in the cgroup, too. */
static int note_process(struct made *m, pid_t pid, void *context, struct err *e)
{
	struct made_facts *made = context;
	autoarena arena = { 0 };
	struct proc_status status;
	struct made_process found = { .pid = pid };
	char path[32];
	int rc;

	if (in_same(pid, m->criu->pid, "mnt"))
		return 0;
	found.own_user = !in_same(pid, m->init->pid, "user");
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	rc = found.own_user ? 0 : read_status(path, &arena, &status, e);
	if (rc < 0)
		return -1;
	if (rc > 0)
		found.capabilities = status.inheritable | status.permitted | status.effective |
				     status.bounding | status.ambient;
	/* Grows where it holds a power of two. */
	if ((made->n & (made->n - 1)) == 0) {
		struct made_process *v =
			arena_new_array(m->arena, struct made_process, made->n ? 2 * made->n : 1);

		if (made->n)
			memcpy(v, made->v, made->n * sizeof(*v));
		made->v = v;
	}
	made->v[made->n++] = found;
	return 0;
}

struct expected {
	struct proc_status own; /* what everything that the runtime makes inherits from it */
	const char *keys;       /* of the policy, that ask for a filter beyond that */
};

/* Threads may differ. */
static int check_thread(const char *process, const char *thread, const struct expected *expected,
			struct err *e)
{
	const struct proc_status *own = &expected->own;
	autoarena arena = { 0 };
	struct proc_status status;
	char path[320];
	int rc;

	if (thread[0] == '.')
		return 0;
	snprintf(path, sizeof(path), "%s/%s/status", process, thread);
	rc = read_status(path, &arena, &status, e);
	if (rc <= 0)
		return rc;
	if (status.seccomp == SECCOMP_MODE_FILTER &&
	    (!own->counted || status.filters > own->filters))
		return 0;
	return fail(
		e, ERR_POLICY,
		"the images have a thread, '%s', without the filter that %s of the policy puts on every one",
		path, expected->keys);
}

static int check_threads(struct made *m, pid_t pid, void *expected, struct err *e)
{
	autoclosedir DIR *threads = NULL;
	char path[32];

	if (in_same(pid, m->criu->pid, "mnt"))
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	threads = opendir(path);
	if (!threads)
		return errno == ENOENT || errno == ESRCH ? 0 : fail_sys(e, "open '%s'", path);
	for (struct dirent *entry; (entry = readdir(threads));)
		if (check_thread(path, entry->d_name, expected, e) < 0)
			return -1;
	return 0;
}

/* Each filter in the images comes with the policy's (restore_ask_confinement()); here, that each process has
 * one of them. */
int made_check_filters(struct made *m, struct err *e)
{
	struct expected expected = { .keys = confinement_filter_keys(&m->plan->confinement) };
	autoclose int fd = -1;

	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail_sys(e, "open '/proc/self/status'");
	if (proc_status_read(fd, m->arena, &expected.own, e) < 0)
		return -1;
	return visit_processes(m, check_threads, &expected, e);
}

int made_judge(struct made *m, judge_made *judge, void *context, struct err *e)
{
	struct made_facts made = { 0 };

	if (visit_processes(m, note_process, &made, e) < 0)
		return -1;
	return judge(context, &made, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See running.h. Runs in the runtime. */
#include "boot/record/running.h"

#include "base/auto.h"
#include "base/namespaces.h"
#include "base/str.h"
#include "boot/common/power.h"
#include "cgroup/cgroup.h"
#include "os/io.h"
#include "sys/child.h"
#include "sys/nsfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is killed with the container may be gone before the first process has begun to end. */
#define ENDING_MS 250
#define LOOK_MS 10

int fail_stopped(struct err *e)
{
	return fail(e, ERR_STATE, "cannot exec in a stopped container");
}

static int check_paused(const struct status_record *status, struct err *e)
{
	const struct cgroup_record *cgroup = status->cgroup;
	bool frozen;

	if (!cgroup || !cgroup->manage)
		return 0;
	if (cgroup_ask_frozen(cgroup, &frozen, e) < 0)
		return -1;
	if (!frozen)
		return 0;
	return fail(e, ERR_STATE,
		    "cannot exec in a paused container (use --ignore-paused to override)");
}

int running_find(struct target *t, const struct status_record *status, bool ignore_paused,
		 struct err *e)
{
	t->pidfd = process_open(&status->init, e);
	if (t->pidfd < 0)
		return e->kind == ERR_NOT_FOUND ? fail_stopped(e) : -1;
	return ignore_paused ? 0 : check_paused(status, e);
}

/* Until its program runs it has not left the runtime's memory, which the container may not look into, and so
 * no process without power over the host. */
static int fail_hidden(const struct running *r, const char *path, struct err *e)
{
	if (errno == EACCES && r->waiting && !has_host_admin(r->facts))
		return fail(
			e, ERR_STATE,
			"cannot exec in a container that is created but not started, without root's power");
	return fail_sys(e, "look at namespace '%s'", path);
}

/* 1: the container's namespace of this kind is another one than ours; 0: the same, or no such kind. */
static int is_other(const struct running *r, const char *file, struct err *e)
{
	const struct ns_path ours = ns_own_path(file);
	const struct ns_path theirs = ns_path((pid_t)r->status->init.pid, file);
	struct stat own, other;

	if (stat(ours.text, &own) < 0)
		return errno == ENOENT ? 0 : fail_sys(e, "look at namespace '%s'", ours.text);
	if (stat(theirs.text, &other) < 0)
		return fail_hidden(r, theirs.text, e);
	return !ns_is_same(&own, &other);
}

/* user_namespaces(7): "deny" where the gid map was written without privilege. Asked here, because the
 * joiner is not in the PID namespace of the /proc that it will see. */
static bool denies_groups(pid_t init)
{
	char path[48];
	autofree char *text = NULL;
	struct err ignored;

	snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)init);
	return read_file_at(AT_FDCWD, path, 64, &text, NULL, &ignored) == 0 &&
	       str_has_prefix(text, "deny");
}

/* Without a mount namespace it is all that keeps the process from the host's files. */
static int open_init_root(pid_t init, int *ret, struct err *e)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/root", (int)init);
	*ret = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? fail_sys(e, "open the root directory of the container") : 0;
}

/* setns(2): to enter the user namespace that one is in already is an error, so only what differs. */
int running_open_namespaces(const struct running *r, struct target *t, struct err *e)
{
	pid_t init = (pid_t)r->status->init.pid;
	bool shared = r->status->network == NETWORK_EARLY || r->status->network == NETWORK_LATE;
	bool late;
	int rc;

	t->network_path = r->status->network_path;
	t->cookie = shared ? r->status->network_cookie : 0;
	for (int type = 1; type <= SPEC_NS_COUNT; type++) {
		rc = type == SPEC_NS_NETWORK ? 0 : is_other(r, ns_rows[type].file, e);
		if (rc < 0)
			return -1;
		if (rc)
			t->join |= ns_rows[type].flag;
	}
	rc = is_other(r, "net", e);
	if (rc < 0)
		return -1;
	t->network = rc;
	late = r->waiting && r->status->network == NETWORK_LATE;
	/* Without power of our own there is none over any network but by way of the container's user
	 * namespace. */
	if (rc && !late && (t->join & CLONE_NEWUSER) && !has_host_admin(r->facts))
		t->join |= CLONE_NEWNET;
	t->groups_denied = denies_groups(init);
	if (!(t->join & CLONE_NEWNS) && open_init_root(init, &t->root, e) < 0)
		return -1;
	/* It still runs, so that the number was its own all the time. */
	if (pidfd_ended(t->pidfd, 0))
		return fail_stopped(e);
	/* Before a late join init is in the engine's network, and the shared one is known by its path. */
	if (late) {
		t->late_network = nsfd_network(r->status->network_path, e);
		if (t->late_network < 0)
			return err_prefix(e, "network '%s'", r->status->network_path);
	}
	return 0;
}

int running_unlock(struct state_dir *state, struct err *e)
{
	(void)e;
	state_unlock(state);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of the EXEC page on the side of the runtime: find the container's first process, open what leads to
 * its namespaces and cgroup, make the joiner, take over the process that it makes. Runs in the runtime.
 */
#include "boot/context.h"

#include "base/str.h"
#include "boot/protocol.h"
#include "facts/facts.h"
#include "os/io.h"
#include "sys/channel.h"
#include "sys/deadline.h"
#include "sys/nsfd.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is killed with the container may be gone before the first process has begun to end. */
#define ENDING_MS 250
#define LOOK_MS 10

static int fail_stopped(struct err *e)
{
	return fail(e, ERR_STATE, "cannot exec in a stopped container");
}

static int check_paused(const struct boot *b, struct err *e)
{
	const struct cgroup_record *cgroup = b->status->cgroup;
	bool frozen;

	if (b->exec->ignore_paused || !cgroup || !cgroup->manage)
		return 0;
	if (cgroup_ask_frozen(cgroup, &frozen, e) < 0)
		return -1;
	if (!frozen)
		return 0;
	return fail(e, ERR_STATE,
		    "cannot exec in a paused container (use --ignore-paused to override)");
}

int parent_exec_find_init(struct boot *b, struct err *e)
{
	b->target = process_open(&b->status->init, e);
	if (b->target < 0)
		return e->kind == ERR_NOT_FOUND ? fail_stopped(e) : -1;
	return check_paused(b, e);
}

/* Until its program runs it has not left the runtime's memory, which the container may not look into, and so
 * nobody who has no power over the host. */
static int fail_hidden(const struct boot *b, const char *path, struct err *e)
{
	if (errno == EACCES && b->exec->waiting && !has_host_power(b))
		return fail(e, ERR_STATE,
			    "cannot exec in a container that is created and not started, without "
			    "root's power");
	return fail_sys(e, "look at namespace '%s'", path);
}

/* 1: the container's namespace of this kind is another one than ours; 0: the same, or no such kind. */
static int is_other(const struct boot *b, const char *file, struct err *e)
{
	const struct ns_path ours = ns_own_path(file);
	const struct ns_path theirs = ns_path((pid_t)b->status->init.pid, file);
	struct stat own, other;

	if (stat(ours.text, &own) < 0)
		return errno == ENOENT ? 0 : fail_sys(e, "look at namespace '%s'", ours.text);
	if (stat(theirs.text, &other) < 0)
		return fail_hidden(b, theirs.text, e);
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
static int open_init_root(struct boot *b, struct err *e)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/root", (int)b->status->init.pid);
	b->init_root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return b->init_root < 0 ? fail_sys(e, "open the root directory of the container") : 0;
}

/* setns(2): to enter the user namespace that one is in already is an error, so only what differs. */
int parent_exec_namespaces(struct boot *b, struct err *e)
{
	static const struct {
		const char *file;
		uint64_t flag;
	} kinds[] = {
		{ "user", CLONE_NEWUSER }, { "mnt", CLONE_NEWNS },  { "pid", CLONE_NEWPID },
		{ "ipc", CLONE_NEWIPC },   { "uts", CLONE_NEWUTS }, { "cgroup", CLONE_NEWCGROUP },
		{ "time", CLONE_NEWTIME },
	};
	pid_t init = (pid_t)b->status->init.pid;
	int rc;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		rc = is_other(b, kinds[i].file, e);
		if (rc < 0)
			return -1;
		if (rc)
			b->join_flags |= kinds[i].flag;
	}
	rc = is_other(b, "net", e);
	if (rc < 0)
		return -1;
	b->join_network = rc;
	/* Without power of our own there is none over any network but by way of the container's user
	 * namespace. */
	if (rc && (b->join_flags & CLONE_NEWUSER) && !has_host_power(b))
		b->join_flags |= CLONE_NEWNET;
	b->identity.groups_denied = denies_groups(init);
	if (!(b->join_flags & CLONE_NEWNS) && open_init_root(b, e) < 0)
		return -1;
	/* It lives still, so that the number was its own all the time. */
	if (pidfd_ended(b->target, 0))
		return fail_stopped(e);
	/* Before a late join init is in the engine's network, and the shared one is known by its path. */
	if (b->exec->waiting && b->status->network == NETWORK_LATE) {
		b->network = nsfd_open(b->status->network_path, e);
		if (b->network < 0)
			return -1;
	}
	return 0;
}

int parent_exec_cgroup(struct boot *b, struct err *e)
{
	if (!b->status->cgroup || !b->status->cgroup->manage) {
		if (b->exec->cgroups.n)
			return fail(
				e, ERR_CONFIG,
				"--cgroup: this container was made without a cgroup of its own");
		return 0;
	}
	if (cgroup_open(b->status->cgroup, b->facts->cgroup, &b->exec->cgroups, &b->group.cgroup,
			e) < 0)
		return -1;
	cgroup_memory_of(&b->group.cgroup, &b->group.before);
	return 0;
}

int parent_exec_sockets(struct boot *b, struct err *e)
{
	int pair[2];

	if (channel_pair(pair, e) < 0)
		return -1;
	b->peer.channel = pair[0];
	b->peer.theirs = pair[1];
	return 0;
}

/* Where no process can be born there is the one group that init is in, or none: then it is moved in later. */
static int clone_elsewhere(struct boot *b, struct err *e)
{
	/* cgroups(7), "no internal processes": the container has made sub-groups and given them
	 * controllers. Its first process is in one of them. */
	if (e->sys == EBUSY && b->exec->cgroups.n == 0) {
		if (cgroup_follow(b->status->cgroup, (pid_t)b->status->init.pid, &b->group.cgroup,
				  e) < 0)
			return -1;
		int rc = child_clone(0, b->group.cgroup.into, &b->peer.child, e);
		if (rc >= 0)
			return rc;
	}
	/* The pids limit is used up, or clone3 is refused to the runtime itself. */
	if (e->sys != EAGAIN && e->sys != EPERM && e->sys != ENOSYS)
		return -1;
	b->outside = true;
	return child_clone(0, -1, &b->peer.child, e);
}

int parent_exec_clone(struct boot *b, struct err *e)
{
	int rc = child_clone(0, b->group.cgroup.into, &b->peer.child, e);

	if (rc < 0 && b->group.cgroup.into >= 0)
		rc = clone_elsewhere(b, e);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		become_child(b);
		b->peer.child.pid = 0;
		return 0;
	}
	replace_fd(&b->peer.theirs, -1);
	return 0;
}

/* What follows may take as long as the container likes, with whose files it has to do. */
int parent_exec_unlock(struct boot *b, struct err *e)
{
	(void)e;
	state_unlock(b->state);
	return 0;
}

/* child_seccomp.c says which of the two loads the filter. */
int parent_exec_joiner_listener(struct boot *b, struct err *e)
{
	return b->plan->process.no_new_privileges ? 0 : parent_seccomp_listener(b, e);
}

int parent_exec_process_listener(struct boot *b, struct err *e)
{
	return b->plan->process.no_new_privileges ? parent_seccomp_listener(b, e) : 0;
}

/* Only where it is met, so that it costs other callers nothing, and without a look before that a container which
 * forks could belie. */
static int make_place(struct boot *b, struct err *e)
{
	const struct message go = { .type = BOOT_GO };
	struct cgroup_facts *facts;

	/* What was born outside for want of clone3 has joined the groups of v1 all the same, and pids may be there. */
	if (b->group.cgroup.n && (!b->outside || b->group.cgroup.layout != CGROUP_V2)) {
		if (facts_cgroup(b->arena, &facts, e) < 0 ||
		    cgroup_move_out(&b->group.cgroup, b->status->cgroup, facts, b->peer.child.pid,
				    e) < 0)
			return -1;
		b->outside = true;
	}
	return channel_send(b->peer.channel, &go, -1, e);
}

/* It waits for our word, and its program has not run. */
static int take_in(struct boot *b, pid_t pid, struct err *e)
{
	if (!b->outside)
		return 0;
	if (cgroup_take_in(&b->group.cgroup, pid, e) < 0)
		return -1;
	/* A kill of all that is in the cgroup may have come before. */
	if (pidfd_ended(b->target, 0))
		return fail_stopped(e);
	return process_affinity(b, pid, e);
}

static int expect_process(struct boot *b, int *ret_pidfd, struct err *e)
{
	struct message message;

	if (parent_expect_either(b, BOOT_PROCESS, BOOT_FULL, &message, ret_pidfd, e) < 0)
		return -1;
	if (message.type == BOOT_PROCESS)
		return 0;
	return make_place(b, e) < 0 ? -1 : parent_expect(b, BOOT_PROCESS, ret_pidfd, e);
}

int parent_exec_process(struct boot *b, struct err *e)
{
	autoclose int pidfd = -1;
	pid_t pid;
	int status;

	if (expect_process(b, &pidfd, e) < 0)
		return -1;
	if (pidfd < 0)
		return fail(e, ERR_INTERNAL, "the process did not come with its message");
	if (pid_of(pidfd, &pid, e) < 0 || parent_wait_end(b, &b->peer.child, &status, e) < 0 ||
	    take_in(b, pid, e) < 0) {
		/* It waits for our word, and would let us wait for its last ones. */
		sys_pidfd_send_signal(pidfd, SIGKILL);
		b->peer.failed = true;
		return -1;
	}
	b->peer.child.pid = pid;
	b->peer.child.pidfd = take_fd(&pidfd);
	return 0;
}

int parent_exec_caller(struct boot *b, struct err *e)
{
	if (!b->exec->prepare)
		return 0;
	return b->exec->prepare(b->exec->context, &b->peer.child, b->console_master, e);
}

int parent_exec_running(struct boot *b, struct err *e)
{
	bool executing = false, executed = false;

	for (;;) {
		struct message message;
		int rc;
		if (parent_wait(b, e) < 0)
			return -1;
		rc = channel_receive(b->peer.channel, &message, NULL, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			break;
		if (message.type == BOOT_ERROR) {
			*e = message.error;
			b->peer.failed = true;
			return -1;
		}
		executing = message.type == BOOT_EXECUTE;
	}
	/* A death in the last moment ends the conversation as execve() does. */
	if (executing && procfs_has_executed(b->peer.child.pid, &executed, e) < 0)
		return -1;
	if (executed) {
		b->peer.runs = true;
		return 0;
	}
	if (parent_fail_oom_killed(b, e) < 0)
		return -1;
	b->peer.lost = true;
	return fail(e, ERR_SYSTEM, "the new process ended before its program ran");
}

static bool container_ends(const struct boot *b, int timeout_ms)
{
	struct deadline deadline = deadline_in(timeout_ms);

	for (;;) {
		int left = deadline_left(&deadline);
		/* It waits for all others in its PID namespace before it has ended. */
		if (procfs_is_ending((pid_t)b->status->init.pid) ||
		    pidfd_ended(b->target, left < LOOK_MS ? left : LOOK_MS))
			return true;
		if (left == 0)
			return false;
	}
}

/* In whatever step it shows: no namespace to enter, no cgroup, no number for a new process, or a signal that was for
 * all of them. */
void parent_exec_learn_end(const struct boot *b, struct err *e)
{
	if (b->target < 0 || b->peer.runs ||
	    (e->kind != ERR_SYSTEM && e->kind != ERR_STATE && e->kind != ERR_NOT_FOUND))
		return;
	if (container_ends(b, b->peer.lost ? ENDING_MS : 0))
		(void)!fail(e, ERR_STATE,
			    "container not running: %s ended while the new process was made",
			    b->status->id);
}

int parent_exec_pidfd(struct boot *b, struct err *e)
{
	if (!b->exec->pidfd_socket)
		return 0;
	return parent_send_descriptor(b->exec->pidfd_socket, b->peer.child.pidfd, "setns", "pidfd",
				      e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of the EXEC page on the side of the runtime: find the container's first process, open what leads to
 * its namespaces and cgroup, make the joiner, take over the process that it makes. Runs in the runtime; exec_joiner_take() in
 * the joiner.
 */
#include "boot/exec/exec.h"

#include "boot/common/attributes.h"
#include "boot/common/descriptors.h"
#include "boot/common/terminal.h"
#include "boot/protocol.h"
#include "boot/record/address.h"
#include "boot/record/running.h"
#include "facts/facts.h"
#include "plan/state.h"
#include "sys/channel.h"
#include "sys/deadline.h"
#include "sys/nsfd.h"
#include "sys/procfs.h"
#include "sys/self_exe.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is killed with the container may be gone before the first process has begun to end. */
#define ENDING_MS 250
#define LOOK_MS 10

int exec_open_cgroup(struct exec_runtime *c, struct err *e)
{
	if (record_open_group(c->in->status, false, &c->group.apart, e) < 0)
		return -1;
	if (!c->in->status->cgroup || !c->in->status->cgroup->manage) {
		if (c->in->cgroups.n)
			return fail(
				e, ERR_CONFIG,
				"--cgroup: this container was made without a cgroup of its own");
		return 0;
	}
	if (cgroup_open(c->in->status->cgroup, c->in->facts->cgroup, &c->in->cgroups,
			&c->group.cgroup, e) < 0)
		return -1;
	cgroup_memory_of(&c->group.cgroup, &c->group.before);
	return 0;
}

/* If no process can be born in it: in the one group that init is in, or none, and it is moved in later. */
static int clone_elsewhere(struct exec_runtime *c, struct err *e)
{
	/* cgroups(7), "no internal processes": the container has made sub-groups and given them
	 * controllers. Its first process is in one of them. */
	if (e->sys == EBUSY && c->in->cgroups.n == 0 && c->group.apart < 0) {
		if (cgroup_follow(c->in->status->cgroup, (pid_t)c->in->status->init.pid,
				  &c->group.cgroup, e) < 0)
			return -1;
		int rc = child_clone(0, c->group.cgroup.into, &c->joiner.child, e);
		if (rc >= 0)
			return rc;
	}
	/* The pids limit is used up, or clone3 is refused to the runtime itself. */
	if (e->sys != EAGAIN && e->sys != EPERM && e->sys != ENOSYS)
		return -1;
	c->outside = true;
	return child_clone(0, -1, &c->joiner.child, e);
}

int exec_clone(struct exec_runtime *c, struct err *e)
{
	int into = group_into(&c->group);
	int rc = child_clone(0, into, &c->joiner.child, e);

	if (rc < 0 && into >= 0)
		rc = clone_elsewhere(c, e);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		c->joiner.child.pid = 0;
		return 0;
	}
	replace_fd(&c->joiner.theirs, -1);
	return 0;
}

/* Only if it is met, so that it costs other callers nothing, and without a look before that a container which
 * forks could belie. */
static int make_place(struct exec_runtime *c, struct err *e)
{
	const struct message go = { .type = BOOT_GO };
	struct cgroup_facts *facts;

	/* What was born outside, because clone3 was refused, has joined the groups of v1 all the same, and pids may be there. */
	if (c->group.cgroup.n && (!c->outside || c->group.cgroup.layout != CGROUP_V2)) {
		if (facts_cgroup(c->in->arena, &facts, e) < 0 ||
		    cgroup_move_out(&c->group.cgroup, c->in->status->cgroup, facts,
				    c->joiner.child.pid, e) < 0)
			return -1;
		c->outside = true;
	}
	return channel_send(c->joiner.channel, &go, -1, e);
}

/* It waits for our word, and its program has not run. */
static int take_in(struct exec_runtime *c, pid_t pid, struct err *e)
{
	if (!c->outside)
		return 0;
	if (group_take_in(&c->group, pid, e) < 0)
		return -1;
	/* A kill of all that is in the cgroup may have come before. */
	if (pidfd_ended(c->target.pidfd, 0))
		return fail_stopped(e);
	return set_final_affinity(c->plan, pid, e);
}

static int expect_process(struct exec_runtime *c, int *ret_pidfd, struct err *e)
{
	struct message message;

	if (peer_expect_either(&c->joiner, BOOT_PROCESS, BOOT_FULL, &message, ret_pidfd, e) < 0)
		return -1;
	if (message.type == BOOT_PROCESS)
		return 0;
	return make_place(c, e) < 0 ? -1 : peer_expect(&c->joiner, BOOT_PROCESS, ret_pidfd, e);
}

int exec_take_process(struct exec_runtime *c, struct err *e)
{
	autoclose int pidfd = -1;
	pid_t pid;
	int status;

	if (expect_process(c, &pidfd, e) < 0)
		return -1;
	if (pidfd < 0)
		return fail(e, ERR_INTERNAL, "the process did not come with its message");
	if (pid_of(pidfd, &pid, e) < 0 ||
	    peer_wait_end(&c->joiner, &c->joiner.child, &status, e) < 0 || take_in(c, pid, e) < 0) {
		/* It waits for our word, and would let us wait for its last ones. */
		sys_pidfd_send_signal(pidfd, SIGKILL);
		c->joiner.failed = true;
		return -1;
	}
	c->joiner.child.pid = pid;
	c->joiner.child.pidfd = take_fd(&pidfd);
	return 0;
}

int exec_prepare_caller(struct exec_runtime *c, struct err *e)
{
	if (!c->in->prepare)
		return 0;
	return c->in->prepare(c->in->context, &c->joiner.child, c->console_master, e);
}

int exec_wait_running(struct exec_runtime *c, struct err *e)
{
	bool executing = false, executed = false;

	for (;;) {
		struct message message;
		int rc;
		if (peer_wait_word(&c->joiner, e) < 0)
			return -1;
		rc = channel_receive(c->joiner.channel, &message, NULL, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			break;
		if (message.type == BOOT_ERROR) {
			*e = message.error;
			c->joiner.failed = true;
			return -1;
		}
		executing = message.type == BOOT_EXECUTE;
	}
	/* A death in the last moment ends the conversation as execve() does. */
	if (executing && procfs_has_executed(c->joiner.child.pid, &executed, e) < 0)
		return -1;
	if (executed) {
		c->joiner.runs = true;
		return 0;
	}
	if (peer_fail_oom_killed(&c->joiner, e) < 0)
		return -1;
	c->joiner.lost = true;
	return fail(e, ERR_SYSTEM, "the new process ended before its program ran");
}

static bool container_ends(const struct exec_runtime *c, int timeout_ms)
{
	struct deadline deadline = deadline_in(timeout_ms);

	for (;;) {
		int left = deadline_left(&deadline);
		/* It waits for all others in its PID namespace before it has ended. */
		if (procfs_is_ending((pid_t)c->in->status->init.pid) ||
		    pidfd_ended(c->target.pidfd, left < LOOK_MS ? left : LOOK_MS))
			return true;
		if (left == 0)
			return false;
	}
}

/* In whatever step it shows: no namespace to enter, no cgroup, no number for a new process, or a signal that was for
 * all of them. */
void exec_learn_end(const struct exec_runtime *c, struct err *e)
{
	if (c->target.pidfd < 0 || c->joiner.runs ||
	    (e->kind != ERR_SYSTEM && e->kind != ERR_STATE && e->kind != ERR_NOT_FOUND))
		return;
	if (container_ends(c, c->joiner.lost ? ENDING_MS : 0))
		(void)!fail(e, ERR_STATE,
			    "container not running: %s ended while the new process was made",
			    c->in->status->id);
}

void exec_runtime_begin(struct exec_runtime *c, const struct exec_request *in)
{
	*c = (struct exec_runtime){
		.in = in,
		.plan = in->plan,
		.joiner = BOOT_PEER_INIT,
		.group = BOOT_GROUP_INIT,
		.target = TARGET_INIT,
		.look = { .status = -1, .shown = { .fd = -1 } },
		.console_master = -1,
		.labels = -1,
	};
	c->joiner.joiner = true;
	c->joiner.group = &c->group;
	c->group.rdt = in->status->rdt;
}

void exec_runtime_release(struct exec_runtime *c)
{
	int *const fds[] = {
		&c->joiner.channel, &c->joiner.theirs, &c->look.status,
		&c->console_master, &c->labels,
	};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		replace_fd(fds[i], -1);
	target_release(&c->target);
	group_release(&c->group);
}

void exec_joiner_take(struct exec_runtime *c, struct exec_joiner *joiner)
{
	const struct exec_request *in = c->in;

	self_exe_let_go();
	*joiner = (struct exec_joiner){
		.plan = in->plan,
		.arena = in->arena,
		.session = { .channel = take_fd(&c->joiner.theirs),
			     .keeps_keyring = in->options->no_new_keyring },
		.group = c->group,
		.target = c->target,
		.root = ROOT_INIT,
		.identity = { .groups_denied = c->target.groups_denied },
		.filter = { .programs = c->look.programs,
			    .plan = in->plan,
			    .session = &joiner->session,
			    .identity = &joiner->identity,
			    .status = -1,
			    .proc = -1 },
		.labels = take_fd(&c->labels),
		.preserve_fds = in->options->preserve_fds,
		.listens = in->listens,
		.outside = c->outside,
	};
	joiner->root.plan = in->plan;
	joiner->root.arena = in->arena;
	c->group = (struct boot_group)BOOT_GROUP_INIT;
	c->target = (struct target)TARGET_INIT;
	exec_runtime_release(c);
	/* the lock on the container's directory lasts as long as any copy of its descriptor */
	replace_fd(&in->state->fd, -1);
	replace_fd(&in->state->root_fd, -1);
}

int exec_find_target(struct exec_runtime *c, struct err *e)
{
	return running_find(&c->target, c->in->status, c->in->ignore_paused, e);
}

int exec_open_namespaces(struct exec_runtime *c, struct err *e)
{
	const struct running running = { .status = c->in->status,
					 .facts = c->in->facts,
					 .waiting = c->in->waiting };

	return running_open_namespaces(&running, &c->target, e);
}

int exec_make_filters(struct exec_runtime *c, struct err *e)
{
	if (look_make_filters(&c->look, c->plan, c->in->filters_directory, c->in->arena, e) < 0)
		return -1;
	c->joiner.notifies = c->look.programs.notify;
	return 0;
}

int exec_receive_terminal(struct exec_runtime *c, struct err *e)
{
	const struct create_options *options = c->in->options;

	return terminal_receive(&c->joiner, c->plan,
				options->console_to_caller ? NULL : options->console_socket,
				&c->console_master, e);
}

static int pass_listener(struct exec_runtime *c, struct err *e)
{
	const struct oci_state state =
		oci_state_of_plan(c->plan, "running", (pid_t)c->in->status->init.pid);

	return look_has_listener(&c->look, c->plan)
		       ? look_pass_listener(&c->joiner, c->plan->seccomp, &state, e)
		       : 0;
}

/* filter.c says which of the two loads the filter. */
int exec_pass_joiner_listener(struct exec_runtime *c, struct err *e)
{
	return c->plan->process.no_new_privileges ? 0 : pass_listener(c, e);
}

int exec_pass_process_listener(struct exec_runtime *c, struct err *e)
{
	return c->plan->process.no_new_privileges ? pass_listener(c, e) : 0;
}

int exec_send_pidfd(struct exec_runtime *c, struct err *e)
{
	if (!c->in->pidfd_socket)
		return 0;
	return send_descriptor(c->in->pidfd_socket, c->joiner.child.pidfd, "setns", "pidfd", e);
}

int exec_pid_file(struct exec_runtime *c, struct err *e)
{
	return write_pid_file(c->in->options->pid_file, c->joiner.child.pid, c->in->arena,
			      &c->pid_file_written, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * THE EXEC PAGE: another process in a container that is there. protocol.h draws what the two sides say to
 * each other; what the lines do is in parent_*.c and child_*.c, much of it shared with the CREATE page.
 *
 * The joiner is born in the container's cgroup and in the runtime's PID namespace, where the container
 * cannot see it. When the process is born, all power beyond its program's is gone: there is nothing to be
 * had by looking at it, tracing it or stopping it (CVE-2016-9962).
 */
#include "boot/boot.h"

#include "boot/context.h"
#include "boot/protocol.h"
#include "boot/step.h"
#include "sys/channel.h"

#include <unistd.h>

#define STEP(name, call) STEP_ON("joiner", name, call)

static int joiner_page(struct boot *b, struct err *e)
{
	STEP("session", child_session(b, e));
	STEP("wait-go", child_wait_go(b, e));
	/* While we are still the process that the parent's permissions were checked for. */
	STEP("cgroup-join", child_cgroup_join(b, e));
	/* After the join, which narrows it to the cpuset. */
	STEP("affinity", child_affinity(b, e));
	/* Where the joiner can be seen: it has no number in the container. */
	STEP("open-proc", child_exec_open_proc(b, e));
	/* With the host's power: the network may belong to the host, where the container's user namespace
	 * has none. */
	STEP("network", child_exec_network(b, e));
	STEP("namespaces", child_exec_namespaces(b, e));
	STEP("become-root", child_become_root(b, e));
	STEP("open-status", child_open_status(b, e));
	STEP("keyring", child_keyring(b, e));
	STEP("console", child_exec_console(b, e));
	STEP("environment", child_environment(b, e));
	STEP("memory-policy", child_memory_policy(b, e));
	STEP("personality", child_personality(b, e));
	STEP("label", child_label(b, e));
	/* Before cwd is looked up: no path may lead through a descriptor of ours. */
	STEP("descriptors", child_descriptors(b, e));
	STEP("working-directory", child_working_directory(b, e));
	STEP("identity", child_take_identity(b, e));
	/* Without no_new_privs loading takes CAP_SYS_ADMIN, which no process in the container may have: the
	 * process inherits the filter. The runtime looks at what it inherits. */
	STEP("seccomp", child_seccomp_joiner(b, e));
	/* Nothing of the host is left in what the container can see of the process. */
	STEP("forget", child_exec_forget(b, e));
	STEP("clone", child_exec_clone(b, e));
	return 0;
}

#undef STEP
#define STEP(name, call) STEP_ON("process", name, call)

static int process_page(struct boot *b, struct err *e)
{
	STEP("session", child_exec_session(b, e));
	/* Where /proc/self is itself, and as the user that will run it. */
	STEP("executable", child_executable(b, e));
	/* Its agent is told by the runtime, which is there still. */
	STEP("seccomp-listener", child_seccomp_listener(b, e));
	STEP("ready", child_exec_ready(b, e));
	STEP("announce", child_exec_announce(b, e));
	STEP("execute", child_execve(b, e));
	return 0;
}

static __attribute__((noreturn)) void joiner_main(struct boot *b)
{
	struct err error = { 0 }, *e = &error;
	struct message message = { .type = BOOT_ERROR };
	struct err ignored;

	if (joiner_page(b, e) == 0)
		(void)!process_page(b, e);
	child_seccomp_explain(b, e);
	message.error = error;
	if (channel_send(b->session.channel, &message, -1, &ignored) < 0)
		_exit(2); /* nobody is left to tell */
	_exit(1);
}

#undef STEP
#define STEP(name, call) STEP_ON("exec", name, call)
#define AWAIT(name, call) AWAIT_ON("exec", name, call)

static int exec_page(struct boot *b, struct err *e)
{
	STEP("descriptors", parent_protect_descriptors(b, e));
	STEP("seccomp", parent_seccomp(b, e));
	STEP("find-init", parent_exec_find_init(b, e));
	STEP("namespaces", parent_exec_namespaces(b, e));
	STEP("cgroup", parent_exec_cgroup(b, e));
	STEP("sockets", parent_exec_sockets(b, e));
	STEP("labels", parent_open_labels(b, e));
	/* What is cloned next inherits it. */
	STEP("affinity", parent_exec_affinity(b, e));
	STEP("clone", parent_exec_clone(b, e));
	if (b->peer.child.pid == 0)
		joiner_main(b);
	/* It and what it clones inherit it; lowering takes the caller's power. */
	STEP("oom-score", parent_oom_score(b, e));
	STEP("resctrl-join", parent_rdt_join(b, e));
	STEP("go", parent_go(b, e));
	STEP("unlock", parent_exec_unlock(b, e));
	AWAIT("console", parent_console(b, e));
	AWAIT("identity", parent_shown(b, e));
	AWAIT("joiner-listener", parent_exec_joiner_listener(b, e));
	AWAIT("look", parent_look(b, e));
	AWAIT("process", parent_exec_process(b, e));
	AWAIT("process-listener", parent_exec_process_listener(b, e));
	AWAIT("ready", parent_ready(b, e));
	/* Of the process itself: a clone may be reset (SCHED_FLAG_RESET_ON_FORK) or impossible. */
	STEP("scheduler", parent_scheduler(b, e));
	STEP("io-priority", parent_io_priority(b, e));
	/* Last: a small RLIMIT_NOFILE or RLIMIT_NPROC must not break the set-up. */
	STEP("rlimits", parent_rlimits(b, e));
	/* The program may ask for its terminal's size, or be signalled, at once. */
	STEP("caller", parent_exec_caller(b, e));
	STEP("execute", parent_go(b, e));
	AWAIT("running", parent_exec_running(b, e));
	STEP("pidfd", parent_exec_pidfd(b, e));
	/* conmon takes the pid file, and not our exit status, for "it runs". */
	STEP("pid-file", parent_pid_file(b, e));
	return 0;
}

int boot_exec(const struct exec_request *request, struct exec_result *ret, struct err *e)
{
	autoboot b = BOOT_INIT;
	int rc;

	b.plan = request->plan;
	b.facts = request->facts;
	b.options = request->options;
	b.state = request->state;
	b.status = request->status;
	b.arena = request->arena;
	b.filters_directory = request->filters_directory;
	b.exec = request;
	rc = exec_page(&b, e);
	ret->console_master = take_fd(&b.console_master);
	if (rc < 0) {
		if (!b.peer.runs)
			parent_learn_cause(&b, e);
		parent_end(&b.peer.child);
		parent_exec_learn_end(&b, e);
		if (b.pid_file_written)
			unlink(b.options->pid_file);
		return -1;
	}
	ret->process = b.peer.child;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * THE EXEC PAGE: another process in a running container. protocol.h draws what the two sides say to
 * each other; what the lines do is in the file of its topic, much of it shared with the CREATE page.
 *
 * The joiner is born in the container's cgroup and in the runtime's PID namespace, where the container
 * cannot see it. When the process is born, all power beyond its program's is gone: there is nothing to be
 * had by looking at it, tracing it or stopping it (CVE-2016-9962).
 */
#include "boot/exec/exec.h"

#include "boot/common/attributes.h"
#include "boot/common/descriptors.h"
#include "boot/common/execute.h"
#include "boot/common/rlimits.h"
#include "boot/common/scheduling.h"
#include "boot/common/step.h"
#include "boot/protocol.h"
#include "boot/record/running.h"
#include "sys/channel.h"

#include <unistd.h>

#define STEP(name, call) STEP_ON("joiner", name, call)

static int joiner_page(struct exec_joiner *c, struct err *e)
{
	STEP("session", session_begin(&c->session, e));
	STEP("wait-go", session_wait_go(&c->session, e));
	/* While we are still the process that the parent's permissions were checked for. */
	STEP("cgroup-join", group_join(&c->group, e));
	/* After the join, which narrows it to the cpuset. */
	STEP("affinity", reset_affinity(c->plan, c->outside, e));
	/* Where the joiner can be seen: it has no number in the container. */
	STEP("open-proc", joiner_open_proc(c, e));
	/* With the host's power: the network may belong to the host, where the container's user namespace
	 * has none. */
	STEP("network", target_enter_network(&c->target, e));
	STEP("namespaces", target_enter(&c->target, &c->session, &c->root.fd, e));
	STEP("become-root", identity_become_root(c->plan, &c->session, e));
	STEP("open-status", filter_open_status(&c->filter, e));
	STEP("keyring", session_make_keyring(&c->session, c->plan, c->labels, e));
	STEP("console", joiner_open_terminal(c, e));
	STEP("environment", program_environment(&c->program, c->plan, c->arena, e));
	STEP("memory-policy", set_memory_policy(c->plan, e));
	STEP("personality", set_personality(c->plan, e));
	STEP("label", set_labels(c->plan, c->labels, c->arena, e));
	/* Before cwd is looked up: no path may lead through a descriptor of ours. */
	STEP("descriptors", joiner_close_descriptors(c, e));
	STEP("working-directory", program_find_directory(&c->program, c->plan, false, e));
	STEP("identity", filter_assume_identity(&c->filter, &c->program, e));
	/* Without no_new_privs loading takes CAP_SYS_ADMIN, which no process in the container may have: the
	 * process inherits the filter. The runtime looks at what it inherits. */
	STEP("seccomp", filter_load_in_joiner(&c->filter, e));
	/* Nothing of the host is left in what the container can see of the process. */
	STEP("forget", joiner_forget(e));
	STEP("clone", joiner_clone(c, e));
	return 0;
}

#undef STEP
#define STEP(name, call) STEP_ON("process", name, call)

static int process_page(struct exec_joiner *c, struct err *e)
{
	STEP("session", process_begin(c, e));
	/* Where /proc/self is itself, and as the user that will run it. */
	STEP("executable", program_find_executable(&c->program, c->plan, c->arena, e));
	/* Its agent is told by the runtime, which is there still. */
	STEP("seccomp-listener", filter_load_with_listener(&c->filter, e));
	STEP("ready", process_ready(c, e));
	STEP("announce", process_announce(c, e));
	STEP("execute", program_execute(&c->program, &c->filter, e));
	return 0;
}

static __attribute__((noreturn)) void joiner_main(struct exec_runtime *runtime)
{
	struct exec_joiner joiner, *c = &joiner;
	struct err error = { 0 }, *e = &error;
	struct message message = { .type = BOOT_ERROR };
	struct err ignored;

	exec_joiner_take(runtime, c);
	if (joiner_page(c, e) == 0)
		(void)!process_page(c, e);
	filter_explain(&c->filter, e);
	message.error = error;
	if (channel_send(c->session.channel, &message, -1, &ignored) < 0)
		_exit(2); /* no runtime is left to tell */
	_exit(1);
}

#undef STEP
#define STEP(name, call) STEP_ON("exec", name, call)
#define AWAIT(name, call) AWAIT_ON("exec", name, call)

static int exec_page(struct exec_runtime *c, struct err *e)
{
	STEP("descriptors", protect_descriptors(c->in->options->preserve_fds, e));
	STEP("seccomp", exec_make_filters(c, e));
	STEP("find-init", exec_find_target(c, e));
	STEP("namespaces", exec_open_namespaces(c, e));
	STEP("cgroup", exec_open_cgroup(c, e));
	STEP("sockets", peer_pair(&c->joiner, e));
	STEP("labels", open_labels(c->plan, &c->labels, e));
	/* What is cloned next inherits it. */
	STEP("affinity", set_initial_affinity(c->plan, e));
	STEP("clone", exec_clone(c, e));
	if (c->joiner.child.pid == 0)
		joiner_main(c);
	/* It and what it clones inherit it; lowering takes the caller's power. */
	STEP("oom-score", set_oom_score(c->plan, c->in->facts, c->joiner.child.pid, e));
	STEP("resctrl-join", group_join_rdt(&c->group, c->joiner.child.pid, e));
	STEP("go", peer_go(&c->joiner, e));
	/* The joiner has none of it any more, and nothing of the container sees this process. */
	STEP("let-binary-go", let_binary_go(e));
	STEP("unlock", running_unlock(c->in->state, e));
	AWAIT("console", exec_receive_terminal(c, e));
	AWAIT("identity", look_receive(&c->look, &c->joiner, e));
	AWAIT("joiner-listener", exec_pass_joiner_listener(c, e));
	AWAIT("look", look_check(&c->look, &c->joiner, false, e));
	AWAIT("process", exec_take_process(c, e));
	AWAIT("process-listener", exec_pass_process_listener(c, e));
	AWAIT("ready", peer_expect(&c->joiner, BOOT_READY, NULL, e));
	/* Of the process itself: a clone may be reset (SCHED_FLAG_RESET_ON_FORK) or impossible. */
	STEP("scheduler", set_scheduler(c->plan, &c->group.cgroup, c->joiner.child.pid, e));
	STEP("io-priority", set_io_priority(c->plan, c->joiner.child.pid, e));
	/* Last: a small RLIMIT_NOFILE or RLIMIT_NPROC must not break the set-up. */
	STEP("rlimits", set_rlimits(c->plan, c->joiner.child.pid, e));
	/* The program may ask for its terminal's size, or be signalled, at once. */
	STEP("caller", exec_prepare_caller(c, e));
	STEP("execute", peer_go(&c->joiner, e));
	AWAIT("running", exec_wait_running(c, e));
	STEP("pidfd", exec_send_pidfd(c, e));
	/* conmon takes the pid file, and not our exit status, for "it runs". */
	STEP("pid-file", exec_pid_file(c, e));
	return 0;
}

int boot_exec(const struct exec_request *request, struct exec_result *ret, struct err *e)
{
	auto_exec_runtime c;
	int rc;

	exec_runtime_begin(&c, request);
	rc = exec_page(&c, e);
	ret->console_master = take_fd(&c.console_master);
	if (rc < 0) {
		if (!c.joiner.runs)
			peer_last_words(&c.joiner, e);
		peer_end(&c.joiner.child);
		exec_learn_end(&c, e);
		if (c.pid_file_written)
			unlink(request->options->pid_file);
		return -1;
	}
	ret->process = c.joiner.child;
	return 0;
}

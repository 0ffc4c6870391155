/* SPDX-License-Identifier: Apache-2.0 */
/*
 * THE CREATE PAGE. Straight sequences that read side by side: of the process that is born, of the same once it is
 * started, and of the runtime; protocol.h draws what they say to each other. A line may say why it stands where it
 * stands; what it does is in the file of its topic.
 */
#include "boot/create/create.h"

#include "boot/common/attributes.h"
#include "boot/common/descriptors.h"
#include "boot/common/joined_mounts.h"
#include "boot/common/kernel_check.h"
#include "boot/common/kernel_mounts.h"
#include "boot/common/mount.h"
#include "boot/common/names.h"
#include "boot/common/rlimits.h"
#include "boot/common/scheduling.h"
#include "boot/common/sources_send.h"
#include "boot/common/step.h"
#include "boot/common/terminal.h"
#include "boot/protocol.h"
#include "boot/record/hooks.h"
#include "sys/channel.h"

#include <unistd.h>

#define STEP(name, call) STEP_ON("child", name, call)
#define AWAIT(name, call) AWAIT_ON("child", name, call)

/* A process until it is where it is to be; its first thread, if it is to have two. */
struct life {
	struct create_init init;
	struct err error;
	struct arena kept;
};
static void live(void *context, int rc);

static int arrive_page(struct life *life, struct create_init *c, struct err *e)
{
	STEP("session", session_begin(&c->session, e));
	/* Until GO the parent may not have mapped our ids yet. */
	STEP("wait-go", session_wait_go(&c->session, e));
	/* While we are still the process that the parent's permissions were checked for. */
	STEP("cgroup-join", group_join(&c->group, e));
	/* After the join, which narrows it to the cpuset. */
	STEP("affinity", reset_affinity(c->plan, false, e));
	STEP("become-root", init_become_root(c, e));
	/* After the join: a cgroup namespace shows the group in which it was made as its root. */
	STEP("cgroup-namespace", init_make_cgroup_namespace(c->plan, e));
	/* After the namespace, whose root is the group that the limits are on. */
	STEP("delegated-cgroup", init_ask_for_delegation(c, e));
	STEP("check-network", init_check_network(c->plan, e));
	/* The first thread has all namespaces now; what comes is for the one that becomes the program. */
	STEP("part", init_part(c, live, life, e));
	return 0;
}

static int birth_page(struct create_init *c, struct arena *kept, struct err *e)
{
	/* In the runtime's view still, and with the ids of its own user namespace. */
	STEP("open-status", filter_open_status(&c->filter, e));
	STEP("join-mount-ns", init_join_mount_namespace(c, e));
	AWAIT("sources", init_receive_sources(c, e));
	STEP("attach-root", init_attach_root(c, e));
	STEP("mounts", root_mount_all(&c->root, e));
	STEP("joined-mounts", joined_mounts_tell(&c->root, c->session.channel, e));
	STEP("devices", init_make_devices(c, e));
	STEP("console-file", terminal_make_file(&c->root, e));
	/* After the devices and the console's file: /dev may be asked for read-only. */
	STEP("readonly-mounts", root_make_readonly_mounts(&c->root, e));
	/* Before anything of /proc is masked or made read-only. */
	STEP("sysctl", set_sysctls(c->plan, e));
	STEP("runtime-hooks", init_ask_for_hooks(c, e));
	STEP("create-container-hooks", init_run_container_hooks(c, e));
	/* Before masking: a pty must come from the container's devpts, and masks cover what they cover. */
	STEP("console", init_terminal(c, e));
	/* With the host's /dev/null still in sight, which no image can have prepared. */
	STEP("masked-paths", root_mask(&c->root, e));
	STEP("readonly-paths", root_make_readonly_paths(&c->root, e));
	STEP("pivot-root", init_pivot_root(c, e));
	/* Nothing is mounted any more, and nothing of the image has run. */
	STEP("kernel-mounts", kernel_mounts_tell(&c->root, c->session.channel, e));
	STEP("hostname", set_names(c->plan, e));
	STEP("keyring", session_make_keyring(&c->session, c->plan, c->labels, e));
	STEP("environment", program_environment(&c->program, c->plan, c->arena, e));
	/* After the join of the cgroup, whose cpuset says which nodes there are; before a profile that knows
	 * neither call. */
	STEP("memory-policy", set_memory_policy(c->plan, e));
	STEP("personality", set_personality(c->plan, e));
	/* While the host's procfs is open; for whatever is executed from here on, hooks of the container's
	 * too. */
	STEP("label", set_labels(c->plan, c->labels, c->arena, e));
	/* Before cwd and the executable are looked up: no path may lead through a descriptor of ours. */
	STEP("descriptors", init_close_descriptors(c, e));
	/* As root of the container, which may have to make it; before the root becomes read-only. */
	STEP("working-directory", program_find_directory(&c->program, c->plan, true, e));
	STEP("readonly-root", init_make_root_readonly(c->plan, e));
	/* Before any filter, which could answer in the kernel's place. CAP_SYS_ADMIN stays where loading one or
	 * a late join takes it. */
	STEP("identity", filter_assume_identity(&c->filter, &c->program, e));
	/* As the user that will run it, so that "permission denied" is what that user would get. */
	STEP("executable", program_find_executable(&c->program, c->plan, c->arena, e));
	/* Nothing of the plan is done any more but what `start` lets it do. */
	STEP("keep", init_keep(c, kept, e));
	STEP("outlive-runtime", session_outlive_runtime(e));
	/* A listener has to reach its agent while there is a `create`; as late as that allows. */
	STEP("seccomp-listener", filter_load_at_create(&c->filter, e));
	STEP("ready", init_ready(c, e));
	return 0;
}

#undef STEP
#define STEP(name, call) STEP_ON("init", name, call)

static int start_page(struct create_init *c, struct err *e)
{
	STEP("late-join", init_join_late(c, e));
	/* One with a listener, which hooks have no way to hand over. */
	STEP("seccomp", filter_load_at_start(&c->filter, e));
	STEP("start-container-hooks", init_run_start_hooks(c, e));
	STEP("last-descriptors", init_close_last_descriptors(c, e));
	STEP("identity", filter_show(&c->filter, e));
	STEP("execute", init_execute(c, e));
	return 0;
}

/* The container's first process, from its birth to execve(). Errors go to the runtime that waits: the one that
 * creates, later the one that starts. */
static void live(void *context, int rc)
{
	struct life *life = context;
	struct create_init *c = &life->init;
	struct err *e = &life->error;

	if (rc == 0)
		rc = birth_page(c, &life->kept, e);
	if (rc == 0)
		rc = init_wait_start(c, e);
	if (rc == 0)
		rc = start_page(c, e);
	if (rc < 0)
		filter_explain(&c->filter, e);
	if (rc < 0 && c->session.channel >= 0) {
		struct message message = { .type = BOOT_ERROR, .error = *e };
		struct err ignored;
		if (channel_send(c->session.channel, &message, -1, &ignored) < 0)
			_exit(2); /* no runtime is left to tell */
	}
	_exit(1);
}

static __attribute__((noreturn)) void init_main(struct create_runtime *runtime)
{
	struct life life = { .error = { 0 } };

	create_init_take(runtime, &life.init);
	live(&life, arrive_page(&life, &life.init, &life.error));
	_exit(1);
}

#undef STEP
#define STEP(name, call) STEP_ON("parent", name, call)
#undef AWAIT
#define AWAIT(name, call) AWAIT_ON("parent", name, call)

static int runtime_page(struct create_runtime *c, struct err *e)
{
	/* What it refuses is refused before anything is made. The child gets the program as bytes. */
	STEP("seccomp", runtime_make_filters(c, e));
	/* From here on a `delete --force` finds what we make, wherever we are killed. */
	STEP("intent", record_intent(&c->record, e));
	/* Others read the intent to know whether it counts. */
	STEP("ids", record_ids(&c->record, &c->in->host->ids_lock, e));
	/* Limits stand before there is a process. */
	STEP("cgroup-create", record_make_cgroup(&c->record, e));
	STEP("group-apart", record_make_group(&c->record, e));
	STEP("resctrl-create", record_make_rdt(&c->record, e));
	STEP("descriptors", protect_descriptors(c->in->options->preserve_fds, e));
	/* In the host's view and with the host's power, each looked up once. */
	STEP("sources", sources_open(&c->sources, e));
	/* With the power of the initial user namespace. */
	STEP("device-nodes",
	     device_nodes_make(&c->devices, c->plan, c->in->facts, c->in->arena, e));
	STEP("sockets", runtime_open_sockets(c, e));
	STEP("hook-output", open_hook_place(c->plan, &c->in->hook_files, &c->hooks, e));
	STEP("labels", open_labels(c->plan, &c->labels, e));
	/* Its offsets freeze when the first process is born in it. */
	STEP("time-namespace", birth_make_time_namespace(&c->birth, e));
	/* Our power over namespaces of the host is gone in a child with a user namespace of its own. */
	STEP("join-namespaces", birth_join_namespaces(&c->birth, e));
	/* A sysfs shows the network namespace of its maker. */
	STEP("sysfs", birth_make_sysfs(&c->birth, e));
	STEP("clone", birth_clone(&c->birth, e));
	if (c->init.child.pid == 0)
		init_main(c);
	STEP("return-home", birth_return_home(&c->birth, e));
	STEP("map-ids", birth_map_ids(&c->birth, e));
	STEP("oom-score", set_oom_score(c->plan, c->in->facts, c->init.child.pid, e));
	/* A unit is made for a process; it does nothing yet, so limits stand before it does. */
	STEP("systemd-scope", record_systemd_scope(&c->record, c->init.child.pid, e));
	/* Before GO: a process that does anything is in the records. */
	STEP("record-init", record_init(&c->record, c->init.child.pid, e));
	/* Before it allocates or forks anything. */
	STEP("resctrl-join", group_join_rdt(&c->group, c->init.child.pid, e));
	/* Recorded: killed from here on, `delete --force` ends it and its namespace. */
	STEP("network-devices", links_move(&c->links, c->init.child.pid, e));
	/* From GO on it may run hooks of its own. */
	STEP("look-at-network", record_look_at_network(&c->record, c->init.child.pid));
	STEP("go", peer_go(&c->init, e));
	/* While the child works: what is asked for later, and what waits. */
	STEP("record-config", record_config(&c->record, e));
	/* The registry has it, and what is forwarded leads to it. */
	STEP("address", runtime_take_address(c, e));
	STEP("record-member", record_member(&c->record, e));
	STEP("forward", runtime_forward(c, e));
	/* Before anything of it, a hook included, can make a socket. */
	STEP("hold-address", runtime_hold_address(c, e));
	STEP("let-binary-go", let_binary_go(e));
	AWAIT("delegated-cgroup", runtime_delegate_cgroup(c, e));
	STEP("send-sources", sources_send(&c->sources, e));
	AWAIT("joined-mounts", joined_mounts_receive(&c->root, &c->init, e));
	AWAIT("runtime-hooks", runtime_run_hooks(c, e));
	AWAIT("container-hooks", runtime_wait_for_hooks(c, e));
	AWAIT("console", runtime_receive_terminal(c, e));
	AWAIT("kernel-mounts", kernel_mounts_check_created(c->plan, &c->init, c->in->arena, e));
	AWAIT("seccomp-listener", runtime_pass_listener(c, e));
	AWAIT("ready", peer_expect(&c->init, BOOT_READY, NULL, e));
	/* Nothing is forked any more, and the cgroup is joined. */
	STEP("scheduler", set_scheduler(c->plan, &c->group.cgroup, c->init.child.pid, e));
	STEP("io-priority", set_io_priority(c->plan, c->init.child.pid, e));
	/* Last: a small RLIMIT_NOFILE or RLIMIT_NPROC must not break the set-up. */
	STEP("rlimits", set_rlimits(c->plan, c->init.child.pid, e));
	STEP("record-created", record_created(&c->record, e));
	STEP("pidfd", runtime_send_pidfd(c, e));
	/* Engines take the pid file for "it is there". */
	STEP("pid-file", record_pid_file(&c->record, c->init.child.pid, e));
	return 0;
}

int boot_create(const struct boot_request *request, struct create_result *ret, struct err *e)
{
	auto_create_runtime c;

	create_runtime_begin(&c, request);
	if (runtime_page(&c, e) < 0) {
		if (!c.record.deleted)
			peer_last_words(&c.init, e);
		ret->left_behind = !runtime_undo(&c);
		ret->deleted = c.record.deleted;
		return -1;
	}
	ret->init = c.init.child;
	ret->console_master = take_fd(&c.console_master);
	if (request->options->start_follows)
		ret->channel = take_fd(&c.init.channel);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * THE CREATE PAGE. Two straight sequences that read side by side; protocol.h draws what they say to each
 * other. Each line may say why it stands where it stands; what it does is in parent_*.c and child_*.c.
 */
#include "boot/boot.h"

#include "boot/context.h"
#include "boot/joined_mounts.h"
#include "boot/protocol.h"
#include "boot/step.h"
#include "sys/channel.h"

#include <unistd.h>

#define STEP(name, call) STEP_ON("child", name, call)
#define AWAIT(name, call) AWAIT_ON("child", name, call)

static int child_page(struct boot *b, struct err *e)
{
	STEP("session", child_session(b, e));
	/* Until GO the parent may not have mapped our ids yet. */
	STEP("wait-go", child_wait_go(b, e));
	/* While we are still the process that the parent's permissions were checked for. */
	STEP("cgroup-join", child_cgroup_join(b, e));
	/* After the join, which narrows it to the cpuset. */
	STEP("affinity", child_affinity(b, e));
	STEP("become-root", child_become_root(b, e));
	/* In the runtime's view still, and with the ids of its own user namespace. */
	STEP("open-status", child_open_status(b, e));
	/* After the join: a cgroup namespace shows the group in which it was made as its root. */
	STEP("cgroup-namespace", child_cgroup_namespace(b, e));
	/* After the namespace, whose root is the group that the limits are on. */
	STEP("delegated-cgroup", child_delegated_cgroup(b, e));
	STEP("check-network", child_check_network(b, e));
	STEP("join-mount-ns", child_join_mount_namespace(b, e));
	AWAIT("sources", child_sources(b, e));
	STEP("attach-root", child_attach_root(b, e));
	STEP("mounts", child_mounts(b, e));
	STEP("joined-mounts", child_joined_mounts(b, e));
	STEP("devices", child_devices(b, e));
	STEP("console-file", child_console_file(b, e));
	/* After the devices and the console's file: /dev may be asked for read-only. */
	STEP("readonly-mounts", child_readonly_mounts(b, e));
	/* Before anything of /proc is masked or made read-only. */
	STEP("sysctl", child_sysctls(b, e));
	STEP("runtime-hooks", child_runtime_hooks(b, e));
	STEP("create-container-hooks", child_create_container_hooks(b, e));
	/* Before masking: a pty must come from the container's devpts, and masks cover what they cover. */
	STEP("console", child_console(b, e));
	/* With the host's /dev/null still in sight, which no image can have prepared. */
	STEP("masked-paths", child_masked_paths(b, e));
	STEP("readonly-paths", child_readonly_paths(b, e));
	STEP("pivot-root", child_pivot_root(b, e));
	/* Nothing is mounted any more, and nothing of the image has run. */
	STEP("kernel-mounts", child_kernel_mounts(b, e));
	STEP("hostname", child_hostname(b, e));
	STEP("keyring", child_keyring(b, e));
	STEP("environment", child_environment(b, e));
	/* After the join of the cgroup, whose cpuset says which nodes there are; before a profile that knows
	 * neither call. */
	STEP("memory-policy", child_memory_policy(b, e));
	STEP("personality", child_personality(b, e));
	/* While the host's procfs is open; for whatever is executed from here on, hooks of the container's
	 * too. */
	STEP("label", child_label(b, e));
	/* Before cwd and the executable are looked up: no path may lead through a descriptor of ours. */
	STEP("descriptors", child_descriptors(b, e));
	/* As root of the container, which may have to make it; before the root becomes read-only. */
	STEP("working-directory", child_working_directory(b, e));
	STEP("readonly-root", child_readonly_root(b, e));
	/* Before any filter, which could answer in the kernel's place. CAP_SYS_ADMIN stays where loading one or
	 * a late join takes it. */
	STEP("identity", child_take_identity(b, e));
	/* As the user that will run it, so that "permission denied" is what that user would get. */
	STEP("executable", child_executable(b, e));
	STEP("outlive-runtime", child_outlive_runtime(b, e));
	/* A listener has to reach its agent while there is a `create`; as late as that allows. */
	STEP("seccomp-listener", child_seccomp_create(b, e));
	STEP("ready", child_ready(b, e));
	return 0;
}

#undef STEP
#define STEP(name, call) STEP_ON("init", name, call)

static int init_page(struct boot *b, struct err *e)
{
	STEP("late-join", child_late_join(b, e));
	/* One with a listener, which hooks have no way to hand over. */
	STEP("seccomp", child_seccomp_start(b, e));
	STEP("start-container-hooks", child_start_container_hooks(b, e));
	STEP("last-descriptors", child_last_descriptors(b, e));
	STEP("identity", child_show(b, e));
	STEP("execute", child_execute(b, e));
	return 0;
}

/* The container's first process, from its birth to execve(). Errors go to whoever waits: the runtime
 * that creates, later the one that starts. */
static __attribute__((noreturn)) void child_main(struct boot *b)
{
	struct err error = { 0 }, *e = &error;
	int rc;

	/* The lock on the container's directory lasts as long as any copy of its descriptor: a child that
	 * outlives a killed runtime, however it is held up, must not keep `delete --force` out. */
	replace_fd(&b->state->fd, -1);
	replace_fd(&b->state->root_fd, -1);
	rc = child_page(b, e);
	if (rc == 0)
		rc = child_wait_start(b, e);
	if (rc == 0)
		rc = init_page(b, e);
	if (rc < 0)
		child_seccomp_explain(b, e);
	if (rc < 0 && b->session.channel >= 0) {
		struct message message = { .type = BOOT_ERROR, .error = error };
		struct err ignored;
		if (channel_send(b->session.channel, &message, -1, &ignored) < 0)
			_exit(2); /* nobody is left to tell */
	}
	_exit(1);
}

#undef STEP
#define STEP(name, call) STEP_ON("parent", name, call)
#undef AWAIT
#define AWAIT(name, call) AWAIT_ON("parent", name, call)

static int parent_page(struct boot *b, struct err *e)
{
	/* What it refuses is refused before anything is made. The child gets the program as bytes. */
	STEP("seccomp", parent_seccomp(b, e));
	/* From here on a `delete --force` finds what we make, wherever we are killed. */
	STEP("intent", parent_record_intent(b, e));
	/* Limits stand before there is a process. */
	STEP("cgroup-create", parent_cgroup_create(b, e));
	STEP("resctrl-create", parent_rdt_create(b, e));
	STEP("descriptors", parent_protect_descriptors(b, e));
	/* In the host's view and with the host's power, each looked up once. */
	STEP("sources", parent_open_sources(b, e));
	/* With the power of the initial user namespace. */
	STEP("device-nodes", parent_device_nodes(b, e));
	STEP("sockets", parent_open_sockets(b, e));
	STEP("hook-output", parent_hook_place(b, e));
	STEP("labels", parent_open_labels(b, e));
	/* Its offsets freeze when the first process is born in it. */
	STEP("time-namespace", parent_time_namespace(b, e));
	/* Our power over namespaces of the host is gone in a child with a user namespace of its own. */
	STEP("join-namespaces", parent_join_namespaces(b, e));
	/* A sysfs shows the network namespace of its maker. */
	STEP("sysfs", parent_make_sysfs(b, e));
	STEP("clone", parent_clone(b, e));
	if (b->peer.child.pid == 0)
		child_main(b);
	STEP("return-home", parent_return_home(b, e));
	STEP("map-ids", parent_map_ids(b, e));
	STEP("oom-score", parent_oom_score(b, e));
	/* A unit is made for a process; it does nothing yet, so limits stand before it does. */
	STEP("systemd-scope", parent_systemd_scope(b, e));
	/* Before GO: a process that does anything is in the records. */
	STEP("record-init", parent_record_init(b, e));
	/* Before it allocates or forks anything. */
	STEP("resctrl-join", parent_rdt_join(b, e));
	/* Recorded: killed from here on, `delete --force` ends it and its namespace. */
	STEP("network-devices", parent_net_devices(b, e));
	STEP("go", parent_go(b, e));
	AWAIT("delegated-cgroup", parent_delegated_cgroup(b, e));
	STEP("send-sources", parent_send_sources(b, e));
	AWAIT("joined-mounts", parent_joined_mounts(b, e));
	AWAIT("runtime-hooks", parent_runtime_hooks(b, e));
	AWAIT("container-hooks", parent_container_hooks(b, e));
	AWAIT("console", parent_console(b, e));
	AWAIT("kernel-mounts", parent_kernel_mounts(b, e));
	AWAIT("seccomp-listener", parent_seccomp_listener(b, e));
	AWAIT("ready", parent_ready(b, e));
	/* Nothing is forked any more, and the cgroup is joined. */
	STEP("scheduler", parent_scheduler(b, e));
	STEP("io-priority", parent_io_priority(b, e));
	/* Last: a small RLIMIT_NOFILE or RLIMIT_NPROC must not break the set-up. */
	STEP("rlimits", parent_rlimits(b, e));
	STEP("record-created", parent_record_created(b, e));
	STEP("pidfd", parent_pidfd(b, e));
	/* Engines take the pid file for "it is there". */
	STEP("pid-file", parent_pid_file(b, e));
	return 0;
}

int boot_create(const struct boot_request *request, struct create_result *ret, struct err *e)
{
	autoboot b = BOOT_INIT;

	b.plan = request->plan;
	b.facts = request->facts;
	b.host = request->host;
	b.options = request->options;
	b.hook_files = &request->hook_files;
	b.state = request->state;
	b.status = request->status;
	b.arena = request->arena;
	b.members_directory = request->members_directory;
	b.filters_directory = request->filters_directory;
	if (parent_page(&b, e) < 0) {
		parent_learn_cause(&b, e);
		ret->left_behind = !parent_undo(&b);
		ret->deleted = b.deleted;
		return -1;
	}
	ret->init = b.peer.child;
	ret->console_master = take_fd(&b.console_master);
	if (request->options->start_follows)
		ret->channel = take_fd(&b.peer.channel);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See create.h. Runs in the runtime; create_init_take() in the process that was born. */
#include "boot/create/create.h"

#include "boot/common/descriptors.h"
#include "boot/common/joined_mounts.h"
#include "boot/common/power.h"
#include "boot/common/terminal.h"
#include "boot/protocol.h"
#include "boot/record/address.h"
#include "boot/record/forward.h"
#include "boot/record/hooks.h"
#include "os/log.h"
#include "plan/state.h"
#include "sys/self_exe.h"

void create_runtime_begin(struct create_runtime *c, const struct boot_request *in)
{
	*c = (struct create_runtime){
		.in = in,
		.plan = in->plan,
		.init = BOOT_PEER_INIT,
		.group = BOOT_GROUP_INIT,
		.root = ROOT_INIT,
		.birth = { .plan = in->plan,
			   .facts = in->facts,
			   .host = in->host,
			   .arena = in->arena,
			   .root = &c->root,
			   .group = &c->group,
			   .peer = &c->init,
			   .homes = BIRTH_NO_HOMES },
		.sources = { .plan = in->plan,
			     .facts = in->facts,
			     .host = in->host,
			     .arena = in->arena,
			     .root = &c->root,
			     .peer = &c->init,
			     .copy = -1 },
		.look = { .status = -1, .shown = { .fd = -1 } },
		.record = { .plan = in->plan,
			    .facts = in->facts,
			    .host = in->host,
			    .state = in->state,
			    .status = in->status,
			    .spec = in->spec,
			    .request = in->request,
			    .start_follows = in->options->start_follows,
			    .arena = in->arena,
			    .members_directory = in->members_directory,
			    .pid_file = in->options->pid_file,
			    .group = &c->group },
		.links = { .plan = in->plan, .arena = in->arena, .network = -1 },
		.devices = { .fd = -1 },
		.hooks = HOOK_PLACE_INIT,
		.start_listener = -1,
		.console_master = -1,
		.labels = -1,
	};
	c->init.group = &c->group;
	c->root.plan = in->plan;
	c->root.facts = in->facts;
	c->root.arena = in->arena;
}

void create_runtime_release(struct create_runtime *c)
{
	int *const fds[] = {
		&c->init.channel,   &c->init.theirs,    &c->look.status, &c->links.network,
		&c->start_listener, &c->console_master, &c->labels,      &c->devices.fd,
	};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		replace_fd(fds[i], -1);
	root_release(&c->root);
	group_release(&c->group);
	hook_place_release(&c->hooks);
}

void create_init_take(struct create_runtime *c, struct create_init *init)
{
	const struct boot_request *in = c->in;
	const struct plan *plan = c->plan;
	struct host *host = in->host;
	bool own_root = plan->namespaces.new_mount || plan->namespaces.host_mounts;
	bool late = plan->namespaces.network == NETWORK_LATE && !plan->namespaces.late_by_thread;

	self_exe_let_go();
	*init = (struct create_init){
		.plan = plan,
		.arena = in->arena,
		.session = { .channel = take_fd(&c->init.theirs),
			     .keeps_keyring = in->options->no_new_keyring,
			     .reached_into =
				     plan_has_user_namespace(plan) && !has_host_admin(in->facts) },
		.group = c->group,
		.root = c->root,
		.devices = c->devices,
		.filter = { .programs = c->look.programs,
			    .plan = plan,
			    .session = &init->session,
			    .identity = &init->identity,
			    .status = -1,
			    .proc = -1 },
		.hooks = { .directory = -1,
			   .output = take_fd(&c->hooks.output),
			   .errors = take_fd(&c->hooks.errors) },
		.rootfs = own_root ? take_fd(&host->rootfs) : -1,
		.mount_namespace = take_fd(&host->requested[SPEC_NS_MOUNT]),
		.network = late ? take_fd(&host->network) : -1,
		.start_listener = take_fd(&c->start_listener),
		.labels = take_fd(&c->labels),
		.preserve_fds = in->options->preserve_fds,
		.start_follows = in->options->start_follows,
	};
	c->group = (struct boot_group)BOOT_GROUP_INIT;
	c->root = (struct root)ROOT_INIT;
	c->devices.fd = -1;
	create_runtime_release(c);
	birth_close_homes(&c->birth);
	host_release(host);
	/* The lock on the container's directory lasts as long as any copy of its descriptor: a child that
	 * outlives a killed runtime, however it is held up, must not keep `delete --force` out. */
	replace_fd(&in->state->fd, -1);
	replace_fd(&in->state->root_fd, -1);
}

int runtime_open_sockets(struct create_runtime *c, struct err *e)
{
	if (!c->in->options->start_follows) {
		c->start_listener = channel_listen(c->in->state->fd, STATE_START_SOCKET, e);
		if (c->start_listener < 0)
			return -1;
	}
	return peer_pair(&c->init, e);
}

int runtime_delegate_cgroup(struct create_runtime *c, struct err *e)
{
	if (!c->plan->cgroup.delegated)
		return 0;
	if (peer_expect(&c->init, BOOT_DELEGATE, NULL, e) < 0 ||
	    cgroup_delegate(&c->plan->cgroup, &c->group.cgroup, c->init.child.pid, e) < 0)
		return -1;
	return peer_say(&c->init, BOOT_DELEGATE_DONE, e);
}

int runtime_run_hooks(struct create_runtime *c, struct err *e)
{
	if (c->plan->prestart.n + c->plan->create_runtime.n == 0)
		return 0;
	if (peer_expect(&c->init, BOOT_HOOKS, NULL, e) < 0 ||
	    record_run_hooks(&c->record, &c->hooks, c->init.child.pid, e) < 0)
		return -1;
	return peer_say(&c->init, BOOT_HOOKS_DONE, e);
}

int runtime_wait_for_hooks(struct create_runtime *c, struct err *e)
{
	return c->plan->create_container.n ? record_wait_for_hooks(&c->record, &c->init, e) : 0;
}

int runtime_receive_terminal(struct create_runtime *c, struct err *e)
{
	const struct create_options *options = c->in->options;

	return terminal_receive(&c->init, c->plan,
				options->console_to_caller ? NULL : options->console_socket,
				&c->console_master, e);
}

int runtime_take_address(struct create_runtime *c, struct err *e)
{
	return record_take_address(c->in->state, c->in->status, c->in->arena, e);
}

int runtime_hold_address(struct create_runtime *c, struct err *e)
{
	return record_arm_address(c->in->state, c->in->status, c->in->host->network, e);
}

int runtime_forward(struct create_runtime *c, struct err *e)
{
	const struct forward_record *forward = c->in->status->forward;

	if (!forward || !forward->decoy)
		return 0;
	return record_forward(c->in->state, c->in->status, c->in->host->requested[SPEC_NS_NETWORK],
			      c->in->host->network, c->in->arena, e);
}

int runtime_make_filters(struct create_runtime *c, struct err *e)
{
	if (look_make_filters(&c->look, c->plan, c->in->filters_directory, c->in->arena, e) < 0)
		return -1;
	c->init.notifies = c->look.programs.notify;
	c->in->status->identity = c->look.expected;
	return 0;
}

int runtime_pass_listener(struct create_runtime *c, struct err *e)
{
	const struct oci_state state = oci_state_of_plan(c->plan, "creating", c->init.child.pid);

	if (!look_has_listener(&c->look, c->plan))
		return 0;
	if (look_receive(&c->look, &c->init, e) < 0 ||
	    look_pass_listener(&c->init, c->plan->seccomp, &state, e) < 0)
		return -1;
	return look_check(&c->look, &c->init, true, e);
}

/* The words are runc's, which tell the container's first process from one of exec. */
int runtime_send_pidfd(struct create_runtime *c, struct err *e)
{
	if (!c->in->options->pidfd_socket)
		return 0;
	return send_descriptor(c->in->options->pidfd_socket, c->init.child.pidfd, "standard",
			       "pidfd", e);
}

bool runtime_undo(struct create_runtime *c)
{
	pid_t init = c->init.child.pid;
	struct err e;

	/* First home, so that nothing below happens in a namespace of another's. */
	if (birth_return_home(&c->birth, &e) < 0)
		log_warning("after a failed start: %s", e.text);
	links_return(&c->links);
	peer_end(&c->init.child);
	joined_mounts_take_back(&c->root, c->in->host->requested[SPEC_NS_MOUNT]);
	/* Where descriptors have run out taking back needs some. */
	create_runtime_release(c);
	return record_undo(&c->record, init);
}

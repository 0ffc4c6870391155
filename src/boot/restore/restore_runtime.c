/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's side of a restore: what criu is told, and what is done when it says how far it is. The
 * processes that it makes stand still until its last notification is answered. Runs in the runtime; restore_criu_take()
 * in the process that becomes criu.
 */
#include "boot/restore/restore.h"

#include "base/str.h"
#include "boot/common/descriptors.h"
#include "boot/common/power.h"
#include "boot/protocol.h"
#include "boot/record/address.h"
#include "boot/record/forward.h"
#include "boot/record/hooks.h"
#include "boot/restore/made.h"
#include "criu/images.h"
#include "os/io.h"
#include "os/log.h"
#include "seccomp/program.h"
#include "sys/channel.h"
#include "sys/deadline.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int restore_network(const struct restore_runtime *c)
{
	switch (c->plan->namespaces.network) {
	case NETWORK_EARLY:
	case NETWORK_LATE:
		return c->in->create.host->network;
	case NETWORK_PATH:
		return c->in->create.host->requested[SPEC_NS_NETWORK];
	default:
		return -1;
	}
}

/* To criu, ready to be mounted; all else it makes again. */
static bool is_given(const struct restore_runtime *c, size_t index)
{
	const struct plan_mount *mount = &c->plan->mounts.v[index];

	/* Of version 1 criu makes again what shows a cgroup namespace's own root. */
	if (mount->kind == PLAN_MOUNT_CGROUP)
		return c->in->create.facts->cgroup->layout == CGROUP_V2 ||
		       !c->plan->namespaces.new_cgroup;
	return c->root.mounts[index] >= 0 && !mount->copy_symlink;
}

int restore_clone_sources(struct restore_runtime *c, struct err *e)
{
	autofree char *root = realpath(c->in->create.state->root, NULL);
	const struct plan *plan = c->plan;

	if (!root)
		return fail_sys(e, "find the place of '%s'", c->in->create.state->root);
	if (sources_clone(&c->sources, e) < 0)
		return -1;
	c->place = arena_printf(c->in->create.arena, "%s/%s", root, c->in->create.state->id);
	c->root_place = arena_printf(c->in->create.arena, "%s/root", c->place);
	if (c->plan->cgroup.manage && c->in->create.facts->cgroup->layout == CGROUP_V2)
		c->in->criu->cgroup_yard =
			arena_printf(c->in->create.arena, "%s/" STATE_YARD, c->place);
	c->places.n = plan->mounts.n;
	c->places.v =
		arena_new_array(c->in->create.arena, char *, plan->mounts.n ? plan->mounts.n : 1);
	for (size_t i = 0; i < plan->mounts.n; i++)
		if (is_given(c, i))
			c->places.v[i] =
				arena_printf(c->in->create.arena, "%s/mount-%zu", c->place, i);
	return 0;
}

static void add_joined(struct restore_runtime *c, const char *key, int fd)
{
	if (fd >= 0)
		c->joined[c->n_joined++] = (struct criu_descriptor){ .key = key, .fd = fd };
}

/* A filter that criu has would come on top of those that the images have, one more each time. Where all of
 * them have it already criu goes without, and each process is looked at before it runs. */
int restore_ask_confinement(struct restore_runtime *c, struct err *e)
{
	struct seccomp_program program;
	const char *same;
	struct err ignored;
	bool confined = false;

	if (!confinement_filter_keys(&c->plan->confinement))
		return 0;
	seccomp_fences_program(&c->plan->confinement, c->in->create.arena, &program);
	/* Without a cgroup of its own not every process of it is known. */
	if (c->plan->cgroup.manage &&
	    criu_images_filtered(c->in->criu->images, program.v,
				 (program.n - 1) * sizeof(*program.v), &confined, e) < 0)
		return -1;
	/* criu enters and makes namespaces. */
	if (!confined && c->plan->confinement.lock == LOCK_STRICT)
		return fail(
			e, ERR_POLICY,
			"%s \"strict\": not every process in the images has the policy's filter, and criu cannot work under it; restore what was made under this key, with a control group of its own, or set it to \"open\" in the policy file",
			confinement_lock_key(&c->plan->confinement));
	c->images_confined = confined;
	c->confine_criu = !confined;
	/* What criu knows of the kernel it keeps (/run/criu.kdat); asking under the filter it would take the
	 * refusal for a broken one and give up. If it cannot be asked its own words follow. */
	if (c->confine_criu)
		(void)!criu_check(c->in->program, c->in->create.arena, &same, &ignored);
	return 0;
}

int restore_wait_ready(struct restore_runtime *c, struct err *e)
{
	if (peer_expect(&c->init, BOOT_READY, &c->criu_socket, e) < 0)
		return -1;
	if (c->criu_socket < 0)
		return fail(e, ERR_INTERNAL, "criu's socket did not come with its message");
	return 0;
}

static int log_directory(const struct restore_runtime *c)
{
	const struct criu_request *r = c->in->criu;

	return r->work >= 0 ? r->work : r->images;
}

/* End of file: it is criu by now. */
int restore_send_request(struct restore_runtime *c, struct err *e)
{
	struct criu_request request = *c->in->criu;
	struct message message;
	int rc = peer_wait_word(&c->init, e);

	if (rc == 0)
		rc = channel_receive(c->init.channel, &message, NULL, e);
	/* Ours are in another mount namespace, where criu could mount nothing. */
	request.images = RESTORE_FD_IMAGES;
	request.work = RESTORE_FD_WORK;
	if (request.config_fd >= 0)
		request.config_file =
			criu_config_path(RESTORE_FD_JOINED + (int)c->n_joined, c->in->create.arena);
	if (rc < 0)
		return -1;
	if (rc > 0 && message.type == BOOT_ERROR) {
		*e = message.error;
		c->init.failed = true;
		return -1;
	}
	if (rc > 0)
		return fail(e, ERR_INTERNAL, "message %u where none was due", message.type);
	/* Its end says nothing any more; criu's log does. */
	replace_fd(&c->init.channel, -1);
	criu_forget_log(log_directory(c), request.log_file);
	return criu_send(c->criu_socket, &request, e);
}

/* It is there, still without most of what it had: from now on it is ours to end. */
static int adopt(struct restore_runtime *c, pid_t pid, struct err *e)
{
	autoclose int pidfd = -1;

	if (c->criu.pid)
		return 0;
	if (pid <= 0)
		return fail(e, ERR_SYSTEM, "criu does not tell the first process");
	/* Our child, which no other process can have waited for. */
	pidfd = sys_pidfd_open(pid, 0);
	if (pidfd < 0)
		return fail_sys(e, "open the restored process %d", (int)pid);
	c->criu = c->init.child;
	c->init.child = (struct child){ .pid = pid, .pidfd = take_fd(&pidfd) };
	return record_init(&c->record, c->init.child.pid, e) < 0 ? -1
								 : record_member(&c->record, e);
}

static int take_console(struct restore_runtime *c, int *fd, struct err *e)
{
	if (*fd < 0)
		return fail(e, ERR_SYSTEM, "the terminal did not come with criu's notification");
	if (c->in->create.options->console_to_caller) {
		replace_fd(&c->console_master, take_fd(fd));
		return 0;
	}
	if (!c->in->create.options->console_socket)
		return fail(e, ERR_CONFIG,
			    "the images have a terminal but process.terminal is not true");
	return send_descriptor(c->in->create.options->console_socket, *fd, "/dev/ptmx", "console",
			       e);
}

static struct made made_of(const struct restore_runtime *c)
{
	return (struct made){
		.plan = c->plan,
		.arena = c->in->create.arena,
		.criu = &c->criu,
		.init = &c->init.child,
		.group = &c->group,
		.network = restore_network(c),
	};
}

static int check_namespaces(struct restore_runtime *c, struct err *e)
{
	struct made made = made_of(c);

	if (made_check_namespaces(&made, e) < 0)
		return -1;
	c->restore_checked = true;
	return 0;
}

static int ask_about(struct restore_runtime *c, struct err *e)
{
	struct made made = made_of(c);

	if (c->in->judge && made_judge(&made, c->in->judge, c->in->context, e) < 0)
		return -1;
	return c->images_confined ? made_check_filters(&made, e) : 0;
}

/* It has its capabilities, and criu is about to let it go whatever it is told: so it is ended before. */
static int check_power(struct restore_runtime *c, struct err *e)
{
	struct err ignored;

	c->power_checked = true;
	if (ask_about(c, e) == 0)
		return 0;
	if (c->init.child.pidfd >= 0)
		sys_pidfd_send_signal(c->init.child.pidfd, SIGKILL);
	if (c->group.made)
		(void)!cgroup_kill(c->group.record, deadline_ms(), &ignored);
	return -1;
}

/* Recorded already, so that it is found; its sockets are not made yet, which have the addresses that they had. */
static int lead_in(struct restore_runtime *c, struct err *e)
{
	const struct boot_request *create = &c->in->create;
	const struct forward_record *forward = create->status->forward;

	if (c->led_in)
		return 0;
	c->led_in = true;
	if (record_take_address(create->state, create->status, create->arena, e) < 0 ||
	    (forward && forward->decoy &&
	     record_forward(create->state, create->status, create->host->requested[SPEC_NS_NETWORK],
			    restore_network(c), create->arena, e) < 0) ||
	    record_address_without_engine(create->state, create->status, NULL, create->arena, e) <
		    0)
		return -1;
	return record_arm_address(create->state, create->status, restore_network(c), e);
}

static int notified(struct restore_runtime *c, const struct criu_answer *answer, int *fd,
		    struct err *e)
{
	log_debug("restore: criu: %s", answer->script);
	if (str_eq(answer->script, "setup-namespaces"))
		return adopt(c, answer->pid, e) < 0 || lead_in(c, e) < 0 ||
				       record_look_at_network(&c->record, c->init.child.pid) < 0
			       ? -1
			       : record_run_hooks(&c->record, &c->hooks, c->init.child.pid, e);
	if (str_eq(answer->script, "orphan-pts-master"))
		return take_console(c, fd, e);
	if (str_eq(answer->script, "post-restore"))
		return adopt(c, answer->pid, e) < 0 || check_namespaces(c, e) < 0 ? -1
										  : lead_in(c, e);
	if (str_eq(answer->script, "pre-resume"))
		return check_power(c, e);
	return 0;
}

static int fail_criu(const struct restore_runtime *c, const struct criu_answer *answer,
		     const char *what, struct err *e)
{
	return criu_fail(log_directory(c), c->in->work_path, c->in->criu->log_file, answer, what,
			 e);
}

static struct peer criu_peer(const struct restore_runtime *c)
{
	const struct child *criu = c->criu.pid ? &c->criu : &c->init.child;

	return (struct peer){
		.name = "criu",
		.pid = criu->pid,
		.pidfd = criu->pidfd,
		.hindrance = cgroup_hindrance,
	};
}

/* It runs within the container's limits. */
static int fail_gone(struct restore_runtime *c, struct err *e)
{
	struct child *criu = c->criu.pid ? &c->criu : &c->init.child;
	int status;

	if (!pidfd_ended(criu->pidfd, deadline_ms()))
		return fail(e, ERR_SYSTEM, "criu has hung up");
	if (peer_wait_end(&c->init, criu, &status, e) < 0 ||
	    (status == 128 + SIGKILL && peer_fail_oom_killed(&c->init, e) < 0))
		return -1;
	return fail_criu(c, NULL,
			 arena_printf(c->in->create.arena, "criu restore (status %d)", status), e);
}

/* It ends what it has made, and lifts what holds up the network: it must have the time for that. */
static int refuse(struct restore_runtime *c)
{
	const struct child *criu = c->criu.pid ? &c->criu : &c->init.child;
	struct err ignored;

	if (criu_notified(c->criu_socket, false, &ignored) == 0)
		pidfd_ended(criu->pidfd, deadline_ms());
	return -1;
}

int restore_wait_processes(struct restore_runtime *c, struct err *e)
{
	for (;;) {
		struct criu_answer answer;
		autoclose int fd = -1;
		const struct peer criu = criu_peer(c);
		int rc = criu_receive(c->criu_socket, &criu, &answer, &fd, e);

		if (rc < 0)
			return -1;
		if (rc == 0)
			return fail_gone(c, e);
		if (answer.type == CRIU_NOTIFY) {
			if (notified(c, &answer, &fd, e) < 0)
				return refuse(c);
			if (criu_notified(c->criu_socket, true, e) < 0)
				return -1;
			continue;
		}
		if (!answer.success || answer.type != CRIU_RESTORE)
			return fail_criu(c, &answer, "criu restore", e);
		if (!c->restore_checked)
			return fail(e, ERR_SYSTEM,
				    "criu has not asked before it let the container go");
		/* One that does not ask then has let it go. */
		if (!c->power_checked && check_power(c, e) < 0)
			return -1;
		return 0;
	}
}

int restore_record(struct restore_runtime *c, struct err *e)
{
	int status;

	replace_fd(&c->criu_socket, -1);
	if (peer_wait_end(&c->init, &c->criu, &status, e) < 0)
		return -1;
	if (status != 0)
		return fail(e, ERR_SYSTEM, "criu ended with status %d", status);
	c->in->create.status->phase = PHASE_STARTED;
	return state_write_status(c->in->create.state, c->in->create.status, e);
}

void restore_runtime_begin(struct restore_runtime *c, const struct restore_request *in)
{
	const struct boot_request *create = &in->create;

	*c = (struct restore_runtime){
		.in = in,
		.plan = create->plan,
		.init = BOOT_PEER_INIT,
		.criu = CHILD_INIT,
		.group = BOOT_GROUP_INIT,
		.root = ROOT_INIT,
		.sources = { .plan = create->plan,
			     .facts = create->facts,
			     .host = create->host,
			     .arena = create->arena,
			     .root = &c->root,
			     .copy = -1 },
		.record = { .plan = create->plan,
			    .facts = create->facts,
			    .host = create->host,
			    .state = create->state,
			    .status = create->status,
			    .spec = create->spec,
			    .request = create->request,
			    .arena = create->arena,
			    .members_directory = create->members_directory,
			    .pid_file = create->options->pid_file,
			    .group = &c->group },
		.hooks = HOOK_PLACE_INIT,
		.criu_socket = -1,
		.console_master = -1,
	};
	c->init.group = &c->group;
	c->root.plan = create->plan;
	c->root.facts = create->facts;
	c->root.arena = create->arena;
}

void restore_runtime_release(struct restore_runtime *c)
{
	int *const fds[] = {
		&c->init.channel,
		&c->init.theirs,
		&c->criu_socket,
		&c->console_master,
	};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		replace_fd(fds[i], -1);
	root_release(&c->root);
	group_release(&c->group);
	hook_place_release(&c->hooks);
}

int restore_open_sockets(struct restore_runtime *c, struct err *e)
{
	if (peer_pair(&c->init, e) < 0)
		return -1;
	add_joined(c, CRIU_NETWORK_KEY, restore_network(c));
	add_joined(c, CRIU_PID_KEY, c->in->create.host->requested[SPEC_NS_PID]);
	return 0;
}

int restore_clone(struct restore_runtime *c, struct err *e)
{
	int rc = child_clone(CLONE_NEWNS, group_into(&c->group), &c->init.child, e);

	if (rc < 0)
		return -1;
	if (rc == 0)
		c->init.child.pid = 0;
	else
		replace_fd(&c->init.theirs, -1);
	return 0;
}

void restore_criu_take(struct restore_runtime *c, struct restore_criu *criu)
{
	const struct restore_request *in = c->in;
	const struct plan *plan = c->plan;
	struct host *host = in->create.host;

	*criu = (struct restore_criu){
		.plan = plan,
		.facts = in->create.facts,
		.arena = in->create.arena,
		.session = { .channel = take_fd(&c->init.theirs),
			     .reached_into = !in->criu->shell_job &&
					     plan_has_user_namespace(plan) &&
					     !has_host_admin(in->create.facts) },
		.group = c->group,
		.root = c->root,
		.request = in->criu,
		.program = in->program,
		.images_path = in->images_path,
		.work_path = in->work_path,
		.network = restore_network(c),
		.confine = c->confine_criu,
		.n_joined = c->n_joined,
		.joined = { c->joined[0], c->joined[1] },
		.places = c->places,
		.place = c->place,
		.root_place = c->root_place,
	};
	/* what criu is to join stays open */
	(void)take_fd(&host->requested[SPEC_NS_PID]);
	if (criu->network == host->network)
		(void)take_fd(&host->network);
	else
		(void)take_fd(&host->requested[SPEC_NS_NETWORK]);
	c->group = (struct boot_group)BOOT_GROUP_INIT;
	c->root = (struct root)ROOT_INIT;
	restore_runtime_release(c);
	host_release(host);
	/* the lock goes with the runtime */
	replace_fd(&in->create.state->fd, -1);
	replace_fd(&in->create.state->root_fd, -1);
}

bool restore_undo(struct restore_runtime *c)
{
	pid_t init = c->init.child.pid;

	peer_end(&c->init.child);
	/* Where descriptors have run out taking back needs some. */
	restore_runtime_release(c);
	return record_undo(&c->record, init);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of the CREATE page in the container's first process: those that are about this process alone. What it shares
 * with others is in files of their topics.
 */
#include "boot/create/init.h"

#include "boot/common/descriptors.h"
#include "boot/common/joined_mounts.h"
#include "boot/common/sources_send.h"
#include "boot/common/terminal.h"
#include "boot/protocol.h"
#include "os/log.h"
#include "plan/state.h"
#include "sys/channel.h"
#include "sys/nsfd.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int init_make_cgroup_namespace(const struct plan *plan, struct err *e)
{
	if (plan->namespaces.new_cgroup && unshare(CLONE_NEWCGROUP) < 0)
		return fail_sys(e, "unshare a cgroup namespace");
	return 0;
}

/* The runtime has the power to move us; what we have is that of the container. */
int init_ask_for_delegation(struct create_init *c, struct err *e)
{
	if (!c->plan->cgroup.delegated)
		return 0;
	return session_ask(&c->session, BOOT_DELEGATE, BOOT_DELEGATE_DONE,
			   "the runtime ended before the cgroup was delegated", e);
}

/* A new network namespace is born with its loopback link down. */
int init_loopback_up(struct err *e)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return fail_sys(e, "bring the loopback link up");
	return 0;
}

int init_check_network(const struct plan *plan, struct err *e)
{
	const struct plan_namespaces *ns = &plan->namespaces;
	uint64_t cookie;

	if (ns->new_network)
		return init_loopback_up(e);
	if ((ns->network != NETWORK_EARLY && !ns->late_by_thread) || ns->network_cookie == 0)
		return 0;
	if (netns_cookie(&cookie, e) < 0)
		return -1;
	if (cookie != ns->network_cookie)
		return fail(e, ERR_POLICY, "the container is not in the network namespace '%s'",
			    ns->network_path);
	return 0;
}

int init_ask_for_hooks(struct create_init *c, struct err *e)
{
	if (c->plan->prestart.n + c->plan->create_runtime.n == 0)
		return 0;
	return session_ask(&c->session, BOOT_HOOKS, BOOT_HOOKS_DONE,
			   "the runtime ended while its hooks ran", e);
}

static int enter_network(void *context, struct err *e)
{
	return nsfd_enter(*(const int *)context, CLONE_NEWNET, NULL, e);
}

int init_run_container_hooks(struct create_init *c, struct err *e)
{
	const struct oci_state state = oci_state_of_plan(c->plan, "created", getpid());
	struct hook_place place = c->hooks;
	const struct hook_run within = { .watch = NULL };
	autoclose int network = -1;

	if (c->plan->create_container.n == 0)
		return 0;
	/* that of the process, which is its first thread's */
	if (c->plan->namespaces.late_by_thread) {
		network = nsfd_own("net", e);
		if (network < 0)
			return -1;
		place.prepare = enter_network;
		place.context = &network;
	}
	/* The directory that will be the container's "/", as with runc. */
	place.directory = c->root.fd;
	umask(c->session.caller_umask);
	if (hooks_run("createContainer", &c->plan->create_container, &state, &place, &within, e) <
	    0)
		return -1;
	umask(0);
	return 0;
}

int init_become_root(struct create_init *c, struct err *e)
{
	c->identity.groups_denied = setgroups_are_denied();
	return identity_become_root(c->plan, &c->session, e);
}

/* No other process enters our namespaces or writes our files from then on. */
int init_receive_sources(struct create_init *c, struct err *e)
{
	if (sources_receive(&c->root, c->session.channel, e) < 0)
		return -1;
	if (!c->session.reached_into)
		return 0;
	c->session.reached_into = false;
	return session_die_with_runtime(&c->session, e);
}

int init_terminal(struct create_init *c, struct err *e)
{
	return c->plan->process.terminal ? terminal_of_init(&c->root, c->session.channel, e) : 0;
}

int init_close_descriptors(struct create_init *c, struct err *e)
{
	bool late = c->plan->namespaces.network == NETWORK_LATE;
	bool hooks = c->plan->start_container.n > 0;
	int keep[] = { c->session.channel,
		       c->start_listener,
		       c->filter.status,
		       late ? c->network : -1,
		       hooks ? c->hooks.output : -1,
		       hooks ? c->hooks.errors : -1 };

	/* The log's descriptor goes too. */
	log_silence();
	return close_from_program(c->preserve_fds, keep, ARRAY_SIZE(keep), e);
}

int init_close_last_descriptors(struct create_init *c, struct err *e)
{
	int keep[] = { c->session.channel, c->filter.status };

	return close_from_program(c->preserve_fds, keep, ARRAY_SIZE(keep), e);
}

int init_ready(struct create_init *c, struct err *e)
{
	if (session_say(&c->session, BOOT_READY, e) < 0)
		return -1;
	if (!c->start_follows)
		replace_fd(&c->session.channel, -1);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left to do once `start` says so. Runs in the container's first process, which has waited with
 * nothing open but its streams, the start socket and, before a late join, the shared network.
 */
#include "boot/context.h"

#include "boot/protocol.h"
#include "hooks/hooks.h"
#include "sys/channel.h"
#include "sys/nsfd.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

int child_wait_start(struct boot *b, struct err *e)
{
	prctl(PR_SET_NAME, "distro-init");
	for (;;) {
		struct message message;
		autoclose int connection = accept4(b->start_listener, NULL, NULL, SOCK_CLOEXEC);
		int rc;
		if (connection < 0) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			return fail_sys(e, "wait for start");
		}
		rc = channel_receive(connection, &message, NULL, e);
		/* A `start` that was killed before it said anything: the next one may. */
		if (rc <= 0 || message.type != BOOT_GO)
			continue;
		replace_fd(&b->start_listener, -1);
		b->channel = take_fd(&connection);
		return 0;
	}
}

int child_late_join(struct boot *b, struct err *e)
{
	const struct plan_namespaces *ns = &b->plan->namespaces;
	uint64_t cookie;

	if (ns->network != NETWORK_LATE)
		return 0;
	if (nsfd_enter(b->host->network, CLONE_NEWNET, ns->network_path, e) < 0 ||
	    netns_cookie(&cookie, e) < 0)
		return -1;
	if (ns->network_cookie && cookie != ns->network_cookie)
		return fail(e, ERR_POLICY, "the container is not in the network namespace '%s'",
			    ns->network_path);
	replace_fd(&b->host->network, -1);
	return 0;
}

int child_start_container_hooks(struct boot *b, struct err *e)
{
	struct hook_state state = {
		.oci_version = b->plan->oci_version,
		.id = b->plan->id,
		.status = "created",
		.bundle = b->plan->bundle,
		.pid = getpid(),
		.annotations = &b->plan->annotations,
	};

	return hooks_run("startContainer", &b->plan->start_container, &state, e);
}

int child_execute(struct boot *b, struct err *e)
{
	struct message message = { .type = BOOT_EXECUTE };

	if (channel_send(b->channel, &message, -1, e) < 0)
		return -1;
	execve(b->executable, b->plan->process.args, b->env);
	return fail_sys(e, "exec: \"%s\"", b->plan->process.args[0]);
}

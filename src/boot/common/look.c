/* SPDX-License-Identifier: Apache-2.0 */
/* See look.h. Runs in the runtime. */
#include "boot/common/look.h"

#include "base/auto.h"
#include "boot/protocol.h"

int look_make_filters(struct look *l, const struct plan *plan, const char *directory,
		      struct arena *arena, struct err *e)
{
	if (seccomp_programs_make(plan->seccomp, &plan->confinement, directory, arena, &l->programs,
				  e) < 0)
		return -1;
	l->expected = arena_new(arena, struct identity_record);
	identity_of_plan(&plan->process, (uint32_t)l->programs.n, l->expected);
	return 0;
}

int look_receive(struct look *l, struct boot_peer *peer, struct err *e)
{
	struct message message;
	int fd = -1;

	if (peer_receive(peer, BOOT_IDENTITY, &message, &fd, e) < 0)
		return -1;
	replace_fd(&l->status, fd);
	return identity_take(&message, fd, &l->shown, e);
}

int look_check(struct look *l, struct boot_peer *peer, bool execve_takes, struct err *e)
{
	struct message message;

	if (peer_receive(peer, BOOT_LOOK, &message, NULL, e) < 0)
		return -1;
	l->shown.loaded = (uint32_t)message.value;
	if (identity_check(l->expected, &l->shown, execve_takes, e) < 0)
		return err_prefix(e, "look");
	return peer_go(peer, e);
}

bool look_has_listener(const struct look *l, const struct plan *plan)
{
	/* In a late join the filter is loaded after the join, and `start` does this. */
	return l->programs.notify && plan->namespaces.network != NETWORK_LATE;
}

int look_pass_listener(struct boot_peer *peer, const struct plan_seccomp *seccomp,
		       const struct oci_state *state, struct err *e)
{
	const struct seccomp_container container = { .state = *state, .pid = peer->child.pid };
	autoclose int listener = -1;

	if (peer_expect(peer, BOOT_SECCOMP, &listener, e) < 0)
		return -1;
	if (listener < 0)
		return fail(e, ERR_INTERNAL, "the listener did not come with its message");
	if (seccomp_listener_send(seccomp->listener_path, seccomp->listener_metadata, &container,
				  listener, e) < 0)
		return err_prefix(e, "seccomp-listener");
	return peer_say(peer, BOOT_SECCOMP_DONE, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about what holds for every process of the container, whatever its configuration: nothing of it stands
 * in config.json, so that what they decide is struct confinement. Pure.
 */
#include "policy/rules.h"

#include <linux/capability.h>

/* What the runtime does not have itself it grants in a user namespace of the container's own alone. */
static bool can_grant(const struct judgement *j, int capability)
{
	return (j->facts->bounding & UINT64_C(1) << capability) ||
	       spec_namespace_find(j->edit.spec, SPEC_NS_USER);
}

bool network_is_locked(const struct judgement *j)
{
	int lock = j->subject->path & PATH_NEW ? j->policy->network->lock : j->confinement.lock;

	return lock == LOCK_STRICT;
}

/* A user namespace gives every process the capabilities that a network of its own takes, so capabilities are not what
 * it could be stopped by. */
void rule_network_lock(struct judgement *j, const char *id)
{
	const char *sys_admin;

	j->confinement.lock = LOCK_OPEN;
	if (j->policy->network->lock != LOCK_STRICT)
		return;
	j->confinement.lock = LOCK_STRICT;
	edit_keep(
		&j->edit, id, "",
		"a filter of the policy refuses network and user namespaces (unshare, clone), setns and io_uring_setup, and clone3 is missing, so that no process leaves its network");
	if (capabilities_asked(j, CAP_BIT(SYS_ADMIN), &sys_admin) &&
	    !spec_namespace_find(j->edit.spec, SPEC_NS_USER))
		edit_warn(
			&j->edit, id, sys_admin,
			"CAP_SYS_ADMIN does not lift the filter, but can have the kernel start a program outside of it (core_pattern, release_agent)");
}

/* SO_PEERPIDFD (Linux 6.5) gives a pidfd of the process at the other end of a unix socket, in any PID namespace;
 * pidfd_getfd(2) asks for what ptrace(2) asks for: the same user and no more capabilities. Root of one
 * distribution and root of another one are that to each other. */
void rule_network_peer_descriptors(struct judgement *j, const char *id)
{
	const char *granted;

	j->confinement.peer_descriptors = PEERS_OPEN;
	if (j->policy->network->peer_descriptors != PEERS_REFUSED)
		return;
	/* The ceiling of every process of it, of exec's too. */
	granted = capability_pointer(j, CAPABILITIES_BOUNDING, CAP_SYS_PTRACE);
	if (granted && can_grant(j, CAP_SYS_PTRACE)) {
		edit_warn(
			&j->edit, id, granted,
			"pidfd_getfd is not refused, because CAP_SYS_PTRACE is asked for: what it reaches in other distributions is not stopped");
		return;
	}
	j->confinement.peer_descriptors = PEERS_REFUSED;
	edit_keep(
		&j->edit, id, "",
		"a filter of the policy answers pidfd_getfd with EPERM, so that no descriptor of another distribution can be taken by way of a socket");
}

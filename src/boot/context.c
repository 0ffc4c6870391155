/* SPDX-License-Identifier: Apache-2.0 */
/* See context.h. Runs in the runtime. */
#include "boot/context.h"

void boot_release(struct boot *b)
{
	int *const fds[] = {
		&b->peer.channel,   &b->peer.theirs,   &b->session.channel,   &b->start_listener,
		&b->console_master, &b->root.fd,       &b->group.procs,       &b->procfs,
		&b->target,         &b->network,       &b->container_network, &b->root.descriptors,
		&b->status_fd,      &b->filter.status, &b->filter.proc,       &b->root.covered,
		&b->device_nodes,   &b->criu_socket,   &b->init_root,
	};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		replace_fd(fds[i], -1);
	for (size_t i = 0; b->root.mounts && i < b->plan->mounts.n; i++)
		replace_fd(&b->root.mounts[i], -1);
	hook_place_release(&b->hooks);
	cgroup_release(&b->group.cgroup);
}

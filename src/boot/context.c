/* SPDX-License-Identifier: Apache-2.0 */
/* See context.h. Runs in the runtime. */
#include "boot/context.h"

void boot_release(struct boot *b)
{
	int *const fds[] = {
		&b->channel,    &b->channel_other,  &b->start_listener, &b->console_master,
		&b->root_mount, &b->cgroup_procs,   &b->procfs,         &b->container_network,
		&b->target,     &b->network,        &b->criu_socket,    &b->descriptors,
		&b->status_fd,  &b->proc_directory, &b->covered_root,   &b->device_nodes,
		&b->init_root,
	};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		replace_fd(fds[i], -1);
	for (size_t i = 0; b->mount_fds && i < b->plan->mounts.n; i++)
		replace_fd(&b->mount_fds[i], -1);
	hook_place_release(&b->hooks);
	cgroup_release(&b->cgroup);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that a container with a user namespace gets and the host has not under their names: its root may make
 * none (user_namespaces(7)), so they are made on a tmpfs that is mounted nowhere, and the process that is born binds them like the
 * host's own. Runs in the runtime, before the clone.
 */
#include "boot/create/device_nodes.h"

#include "base/str.h"
#include "boot/common/filesystem.h"
#include "boot/common/power.h"
#include "sys/mount_api.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

bool is_device(const struct stat *st, const struct plan_device *device)
{
	return (st->st_mode & S_IFMT) == device->type &&
	       (device->type == S_IFIFO || st->st_rdev == makedev(device->major, device->minor));
}

struct device_name device_name(size_t index)
{
	struct device_name name;

	snprintf(name.text, sizeof(name.text), "%zu", index);
	return name;
}

static bool is_on_host(const struct plan_device *device)
{
	struct stat st;

	return lstat(device->path, &st) == 0 && is_device(&st, device);
}

static int make_tmpfs(struct err *e)
{
	struct plan_option mode = { "mode", "711" };
	struct plan_mount tmpfs = {
		.kind = PLAN_MOUNT_FS,
		.fstype = "tmpfs",
		.source = "tmpfs",
		.destination = "/dev",
		.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
		.options = { .n = 1, .v = &mode },
	};

	return make_filesystem(&tmpfs, e);
}

/* 0 also if this is not for us to do: in a user namespace ourselves (EPERM). The child says what is missing. */
static int make_node(struct device_nodes *nodes, const struct plan *plan, size_t index,
		     struct arena *arena, struct err *e)
{
	const struct plan_device *device = &plan->devices.v[index];
	const struct device_name name = device_name(index);

	if (nodes->fd < 0) {
		nodes->made = arena_new_array(arena, bool, plan->devices.n);
		nodes->fd = make_tmpfs(e);
	}
	if (nodes->fd < 0)
		return -1;
	if (mknodat(nodes->fd, name.text, device->type | device->mode,
		    makedev(device->major, device->minor)) < 0)
		return errno == EPERM ? 0 : fail_sys(e, "make the device '%s'", device->path);
	/* not as the umask has it */
	if (fchmodat(nodes->fd, name.text, device->mode, 0) < 0 ||
	    fchownat(nodes->fd, name.text, device->host_uid, device->host_gid,
		     AT_SYMLINK_NOFOLLOW) < 0)
		return fail_sys(e, "set mode and owner of the device '%s'", device->path);
	nodes->made[index] = true;
	return 0;
}

int device_nodes_make(struct device_nodes *nodes, const struct plan *plan,
		      const struct facts *facts, struct arena *arena, struct err *e)
{
	if (!plan->namespaces.new_mount || !has_host_admin(facts))
		return 0;
	for (size_t i = 0; i < plan->devices.n; i++)
		if (plan->devices.v[i].bind && !is_on_host(&plan->devices.v[i]) &&
		    make_node(nodes, plan, i, arena, e) < 0)
			return -1;
	return 0;
}

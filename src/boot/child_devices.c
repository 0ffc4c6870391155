/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device nodes and the links of /dev. Every node is made relative to the descriptor of its directory,
 * which was looked up inside the root (CVE-2026-41579, CVE-2026-47766: a /dev that is a symlink). Runs in
 * the container's first process.
 */
#include "boot/context.h"

#include "base/log.h"
#include "base/str.h"
#include "sys/beneath.h"
#include "sys/mount_api.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* config-linux.md "Devices": an existing file of another type or number MUST be an error. */
static int check_same(const struct stat *st, const struct plan_device *device, struct err *e)
{
	if (!is_device(st, device))
		return fail(e, ERR_CONFIG, "the device '%s' exists with another type or number",
			    device->path);
	return 0;
}

/* An empty file is where an earlier container has mounted one. */
static int check_existing(int directory, const char *name, const struct plan_device *device,
			  struct err *e)
{
	struct stat st;

	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_sys(e, "stat the device '%s'", device->path);
	if (device->bind && S_ISREG(st.st_mode) && st.st_size == 0)
		return 0;
	return check_same(&st, device, e);
}

/* Where a directory of the host is mounted nothing is made, for it would be made on the host. A symlink
 * leads to the device inside the container, as for its program. One that is missing is no error: engines
 * list for a privileged container what the host had a moment ago, and loop devices come and go. */
static int look_at_device(struct boot *b, const struct plan_device *device, struct err *e)
{
	struct err why;
	autoclose int fd = beneath_open(b->root_mount, device->path, 0, &why);
	struct stat st;

	if (fd < 0 && why.sys == ENOENT) {
		log_warning("linux.devices[%zu]: '%s' is not there, and is not made in what is "
			    "mounted from the host",
			    device->index, device->path);
		return 0;
	}
	if (fd < 0) {
		*e = why;
		return -1;
	}
	if (fstat(fd, &st) < 0)
		return fail_sys(e, "stat the device '%s'", device->path);
	return check_same(&st, device, e);
}

static int make_node(int directory, const char *name, const struct plan_device *device,
		     struct err *e)
{
	if (mknodat(directory, name, device->type | device->mode,
		    makedev(device->major, device->minor)) < 0) {
		if (errno == EEXIST)
			return check_existing(directory, name, device, e);
		return fail_sys(e, "make the device '%s'", device->path);
	}
	/* The mode is right from the start, for the umask is 0 here: chmod() would follow a link that
	 * somebody has put there meanwhile. */
	if (fchownat(directory, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_sys(e, "set the owner of the device '%s'", device->path);
	return 0;
}

/* A detached mount of the host's own device, or of the one that the runtime has made for its want. */
static int clone_node(const struct boot *b, size_t index, struct err *e)
{
	const struct plan_device *device = &b->plan->devices.v[index];
	const struct device_name name = device_name(index);
	const char *path = b->device_made[index] ? name.text : device->path;
	autoclose int source = openat(b->device_made[index] ? b->device_nodes : AT_FDCWD, path,
				      O_PATH | O_NOFOLLOW | O_CLOEXEC);
	autoclose int fd = -1;
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC };
	struct stat st;

	if (source < 0 || fstat(source, &st) < 0)
		return fail_sys(e, "open the host's device '%s'", device->path);
	if (!is_device(&st, device))
		return fail(e, ERR_CONFIG, "the host's '%s' is another device", device->path);
	fd = sys_open_tree(source, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (fd < 0)
		return fail_sys(e, "clone the host's device '%s'", device->path);
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attributes) < 0)
		return fail_sys(e, "set the attributes of the device '%s'", device->path);
	return take_fd(&fd);
}

/* user_namespaces(7): root of a user namespace cannot make device nodes. */
static int bind_node(struct boot *b, int directory, const char *name, size_t index, struct err *e)
{
	const struct plan_device *device = &b->plan->devices.v[index];
	autoclose int fd = clone_node(b, index, e), target = -1;

	if (fd < 0)
		return -1;
	if (mknodat(directory, name, S_IFREG | 0644, 0) < 0) {
		if (errno != EEXIST)
			return fail_sys(e, "make the mount point '%s'", device->path);
		if (check_existing(directory, name, device, e) < 0)
			return -1;
	}
	target = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return fail_sys(e, "open the mount point '%s'", device->path);
	if (sys_move_mount(fd, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) <
	    0)
		return fail_sys(e, "bind the device '%s'", device->path);
	return 0;
}

/* What is on a detached mount can be cloned since Linux 6.15 only: meanwhile it lies on the root, where no path
 * from the root's descriptor comes by. */
static int lay_nodes(struct boot *b, struct err *e)
{
	if (b->device_nodes >= 0 &&
	    sys_move_mount(b->device_nodes, "", b->root_mount, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return fail_sys(e, "mount the devices for a moment");
	return 0;
}

static int take_nodes_away(struct boot *b, struct err *e)
{
	if (b->device_nodes >= 0 && sys_umount2(fd_path(b->device_nodes).text, MNT_DETACH) < 0)
		return fail_sys(e, "unmount the devices");
	replace_fd(&b->device_nodes, -1);
	return 0;
}

static int make_device(struct boot *b, size_t index, struct err *e)
{
	const struct plan_device *device = &b->plan->devices.v[index];
	const char *name;

	if (device->is_there)
		return look_at_device(b, device, e);

	autoclose int directory = beneath_make_parent(b->root_mount, device->path, &name, e);

	if (directory < 0)
		return -1;
	if (device->type == S_IFIFO || !device->bind)
		return make_node(directory, name, device, e);
	return bind_node(b, directory, name, index, e);
}

static int make_link(struct boot *b, const struct plan_link *link, struct err *e)
{
	const char *name;
	autoclose int directory = beneath_make_parent(b->root_mount, link->path, &name, e);

	if (directory < 0)
		return -1;
	/* What an image brings in its own /dev stays. */
	if (symlinkat(link->target, directory, name) < 0 && errno != EEXIST)
		return fail_sys(e, "make the link '%s'", link->path);
	return 0;
}

int child_devices(struct boot *b, struct err *e)
{
	if (lay_nodes(b, e) < 0)
		return -1;
	for (size_t i = 0; i < b->plan->devices.n; i++) {
		const struct plan_device *device = &b->plan->devices.v[i];

		if (make_device(b, i, e) == 0)
			continue;
		return device->is_default ? -1 : err_prefix(e, "linux.devices[%zu]", device->index);
	}
	if (take_nodes_away(b, e) < 0)
		return -1;
	for (size_t i = 0; i < b->plan->links.n; i++)
		if (make_link(b, &b->plan->links.v[i], e) < 0)
			return -1;
	return 0;
}

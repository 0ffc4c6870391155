/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device nodes and the links of /dev. Every node is made relative to the descriptor of its directory,
 * which was looked up inside the root (CVE-2026-41579, CVE-2026-47766: a /dev that is a symlink). Runs in
 * the container's first process.
 */
#include "boot/create/device_nodes.h"
#include "boot/create/init.h"

#include "base/str.h"
#include "os/log.h"
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

/* Where a directory of the host is mounted nothing is made, because it would be made on the host. A symlink
 * leads to the device inside the container, as for its program. One that is missing is not an error: engines
 * list for a privileged container what the host had a moment ago, and loop devices come and go. */
static int check_device(struct create_init *c, const struct plan_device *device, struct err *e)
{
	struct err why;
	autoclose int fd = beneath_open(c->root.fd, device->path, 0, &why);
	struct stat st;

	if (fd < 0 && why.sys == ENOENT) {
		log_warning(
			"linux.devices[%zu]: '%s' is missing, and is not made in what is mounted from the host",
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
	/* The mode is right from the start, because the umask is 0 here: chmod() would follow a link that
	 * was put there meanwhile. */
	if (fchownat(directory, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_sys(e, "set the owner of the device '%s'", device->path);
	return 0;
}

static int clone_node(int source, const struct plan_device *device, struct err *e)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC };
	autoclose int fd = -1;
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

static int clone_made_nodes(struct create_init *c, int *ret, struct err *e)
{
	for (size_t i = 0; i < c->plan->devices.n; i++) {
		const struct device_name name = device_name(i);
		autoclose int node = -1;

		if (!c->devices.made[i])
			continue;
		node = openat(c->devices.fd, name.text, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		ret[i] = clone_node(node, &c->plan->devices.v[i], e);
		if (ret[i] < 0)
			return -1;
	}
	return 0;
}

/* Those that the runtime has made because the host's is missing. What is on a detached mount can be cloned since Linux 6.15
 * only: for a moment it lies on the root, while no path of the image is walked. */
static int take_made_nodes(struct create_init *c, int **ret, struct err *e)
{
	size_t n = c->plan->devices.n;

	*ret = arena_new_array(c->arena, int, n);
	for (size_t i = 0; i < n; i++)
		(*ret)[i] = -1;
	if (sys_move_mount(c->devices.fd, "", c->root.fd, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return fail_sys(e, "mount the devices for a moment");
	if (clone_made_nodes(c, *ret, e) < 0)
		return -1;
	if (sys_umount2(fd_path(c->devices.fd).text, MNT_DETACH) < 0)
		return fail_sys(e, "unmount the devices");
	replace_fd(&c->devices.fd, -1);
	return 0;
}

/* user_namespaces(7): root of a user namespace cannot make device nodes. */
static int bind_node(int directory, const char *name, const struct plan_device *device, int *made,
		     struct err *e)
{
	autoclose int fd = made ? take_fd(made) : -1, target = -1;

	if (fd < 0) {
		autoclose int source = open(device->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

		fd = clone_node(source, device, e);
	}
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

/* `made`: a detached mount of it, which is taken; NULL or -1: there is none. */
static int make_device(struct create_init *c, const struct plan_device *device, int *made,
		       struct err *e)
{
	const char *name;

	if (device->look_only)
		return check_device(c, device, e);

	autoclose int directory = beneath_make_parent(c->root.fd, device->path, &name, e);

	if (directory < 0)
		return -1;
	if (device->type == S_IFIFO || !device->bind)
		return make_node(directory, name, device, e);
	return bind_node(directory, name, device, made, e);
}

static int make_link(struct create_init *c, const struct plan_link *link, struct err *e)
{
	const char *name;
	autoclose int directory = beneath_make_parent(c->root.fd, link->path, &name, e);

	if (directory < 0)
		return -1;
	/* What an image brings in its own /dev stays. */
	if (symlinkat(link->target, directory, name) < 0 && errno != EEXIST)
		return fail_sys(e, "make the link '%s'", link->path);
	return 0;
}

int init_make_devices(struct create_init *c, struct err *e)
{
	int *made = NULL;

	if (c->devices.fd >= 0 && take_made_nodes(c, &made, e) < 0)
		return -1;
	for (size_t i = 0; i < c->plan->devices.n; i++) {
		const struct plan_device *device = &c->plan->devices.v[i];

		if (make_device(c, device, made ? &made[i] : NULL, e) == 0)
			continue;
		return device->is_default ? -1 : err_prefix(e, "linux.devices[%zu]", device->index);
	}
	for (size_t i = 0; i < c->plan->links.n; i++)
		if (make_link(c, &c->plan->links.v[i], e) < 0)
			return -1;
	return 0;
}

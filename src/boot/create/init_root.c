/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root filesystem of the container: attached in the child's own mount namespace at its place in the
 * host's view (hooks find it there), later made the root of everything. Runs in the container's first
 * process.
 */
#include "boot/create/init.h"

#include "base/path.h"
#include "boot/common/kernel_mounts.h"
#include "boot/common/mount.h"
#include "os/log.h"
#include "sys/mount_api.h"
#include "sys/mountinfo.h"
#include "sys/nsfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

int init_join_mount_namespace(struct create_init *c, struct err *e)
{
	const struct plan_join *join = plan_join_of(c->plan, SPEC_NS_MOUNT);
	int rc = 0;

	/* the names of what is open, by which mounts are taken back; there may be no /proc in there */
	if (join && root_open_descriptors(&c->root, e) < 0)
		return -1;
	if (join)
		rc = nsfd_enter(c->mount_namespace, CLONE_NEWNS, join->path, e);
	replace_fd(&c->mount_namespace, -1);
	if (c->plan->namespaces.host_mounts) {
		replace_fd(&c->root.fd, take_fd(&c->rootfs));
		return 0;
	}
	if (!join || rc < 0)
		return rc;
	/* Its root is ours from now on (setns(2)); nothing is mounted in it. */
	replace_fd(&c->root.fd, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (c->root.fd < 0)
		return fail_sys(e, "open the root of the joined mount namespace");
	return 0;
}

int init_attach_root(struct create_init *c, struct err *e)
{
	struct mount_attr slave = { .propagation = MS_SLAVE };
	struct stat expected, found;
	autoclose int target = -1;

	if (!c->plan->namespaces.new_mount)
		return 0;
	/* Nothing that happens here reaches the host; what the host unmounts does not stay pinned here. */
	if (sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &slave) < 0)
		return fail_sys(e, "make the mounts of the new namespace slaves");
	target = open(c->plan->rootfs, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0 && errno == EACCES)
		/* Root of a user namespace may not search the directories above it: any place will do. */
		target = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	else if (target >= 0 &&
		 (fstat(target, &found) < 0 || fstat(c->rootfs, &expected) < 0 ||
		  found.st_dev != expected.st_dev || found.st_ino != expected.st_ino))
		return fail(e, ERR_CONFIG, "the root filesystem '%s' was exchanged",
			    c->plan->rootfs);
	if (target < 0)
		return fail_sys(e, "open the root filesystem '%s'", c->plan->rootfs);
	if (sys_move_mount(c->root.fd, "", target, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return fail_sys(e, "attach the root filesystem '%s'", c->plan->rootfs);
	/* This one leads into the host's mounts; hooks will run in the container beside us. */
	replace_fd(&c->rootfs, -1);
	return kernel_mounts_below(&c->root, c->root.fd, &c->plan->root_below, false, e);
}

/*
 * Once the container's root is elsewhere, the one that it lay over goes, with all that is mounted below it. It may lie
 * on the host's root itself, and would be taken for that when the old root is unmounted.
 */
static int leave_covered_root(struct create_init *c, struct err *e)
{
	if (c->root.covered < 0)
		return 0;
	if (fchdir(c->root.covered) < 0)
		return fail_sys(e, "enter the root filesystem that is covered");
	/* the topmost first */
	for (unsigned i = 0; i < c->root.n_covered; i++)
		if (sys_umount2(".", MNT_DETACH) < 0)
			return fail_sys(e, "unmount the root filesystem that is covered");
	replace_fd(&c->root.covered, -1);
	return fchdir(c->root.fd) < 0 ? fail_sys(e, "enter the root filesystem") : 0;
}

/*
 * --no-pivot, for a host whose own root cannot be pivoted away (an initial ramfs): the new root is moved
 * over "/". The host's mounts stay in the namespace below it, out of reach of every path, but their
 * procfs and sysfs are taken away first: a container with CAP_SYS_ADMIN could use them to get around
 * its masks (mount_namespaces(7), "visible" instances).
 */
static int move_root(struct create_init *c, struct err *e)
{
	struct mountinfo info;
	bool there;

	if (mountinfo_read(c->arena, &info, e) < 0)
		return -1;
	for (size_t i = info.n; i-- > 0;) {
		const struct mountinfo_entry *mount = &info.v[i];
		if ((str_eq(mount->fstype, "proc") || str_eq(mount->fstype, "sysfs")) &&
		    !path_is_below(mount->mount_point, c->plan->rootfs) &&
		    sys_umount2(mount->mount_point, MNT_DETACH) < 0 && errno != EINVAL &&
		    errno != ENOENT)
			return fail_sys(e, "unmount '%s'", mount->mount_point);
	}
	/* ELOOP: it is there already, for init_attach_root() had no other place; what it covers stays below. */
	there = sys_move_mount(c->root.fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0;
	if (there && errno != ELOOP)
		return fail_sys(e, "move the root filesystem over '/'");
	if (!there && leave_covered_root(c, e) < 0)
		return -1;
	return chroot(".") < 0 ? fail_sys(e, "chroot") : 0;
}

int init_pivot_root(struct create_init *c, struct err *e)
{
	struct mount_attr attributes = { 0 };

	if (c->plan->namespaces.host_mounts)
		return change_root(c->root.fd, e);
	if (!c->plan->namespaces.new_mount)
		return 0;
	if (fchdir(c->root.fd) < 0)
		return fail_sys(e, "enter the root filesystem");
	if (c->plan->no_pivot) {
		if (move_root(c, e) < 0)
			return -1;
	} else {
		/* pivot_root(2), "pivot_root(".", ".")": the old root lies over the new one and is taken
		 * away at once; no directory for it is needed in the image. */
		if (sys_pivot_root(".", ".") < 0)
			return fail_sys(e, "pivot_root");
		if (leave_covered_root(c, e) < 0)
			return -1;
		if (sys_umount2(".", MNT_DETACH) < 0)
			return fail_sys(e, "unmount the old root");
	}
	if (chdir("/") < 0)
		return fail_sys(e, "enter the new root");
	attributes.propagation = c->plan->rootfs_propagation & ~(uint64_t)MS_REC;
	if (attributes.propagation &&
	    sys_mount_setattr(AT_FDCWD, "/",
			      c->plan->rootfs_propagation & MS_REC ? AT_RECURSIVE : 0,
			      &attributes) < 0)
		return fail_sys(e, "set the propagation of the root filesystem");
	return root_set_propagation(&c->root, e);
}

int init_make_root_readonly(const struct plan *plan, struct err *e)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };

	if (plan->readonly_root && sys_mount_setattr(AT_FDCWD, "/", 0, &attributes) < 0)
		return fail_sys(e, "make the root filesystem read-only");
	return 0;
}

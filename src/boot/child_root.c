/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root filesystem of the container: attached in the child's own mount namespace at its place in the
 * host's view (hooks find it there), later made the root of everything. Runs in the container's first
 * process.
 */
#include "boot/context.h"

#include "base/path.h"
#include "os/log.h"
#include "sys/mount_api.h"
#include "sys/mountinfo.h"
#include "sys/nsfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

/* Descriptors of other namespaces and of the host's mounts have no further use here, but for a late join. */
static void forget_namespaces(struct boot *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(b->host->requested); i++)
		replace_fd(&b->host->requested[i], -1);
	for (size_t i = 0; i < b->host->n_sources; i++)
		replace_fd(&b->host->sources[i], -1);
	if (b->plan->namespaces.network != NETWORK_LATE)
		replace_fd(&b->host->network, -1);
}

int child_join_mount_namespace(struct boot *b, struct err *e)
{
	const struct plan_join *join = plan_join_of(b->plan, SPEC_NS_MOUNT);
	int rc = 0;

	/* the names of what is open, by which mounts are taken back; there may be no /proc in there */
	if (join && child_live_descriptors(b, e) < 0)
		return -1;
	if (join)
		rc = nsfd_enter(b->host->requested[SPEC_NS_MOUNT], CLONE_NEWNS, join->path, e);
	forget_namespaces(b);
	if (b->plan->namespaces.host_mounts) {
		replace_fd(&b->root.fd, take_fd(&b->host->rootfs));
		return 0;
	}
	if (!join || rc < 0)
		return rc;
	/* Its root is ours from now on (setns(2)); nothing is mounted in it. */
	replace_fd(&b->root.fd, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (b->root.fd < 0)
		return fail_sys(e, "open the root of the joined mount namespace");
	return 0;
}

int child_attach_root(struct boot *b, struct err *e)
{
	struct mount_attr slave = { .propagation = MS_SLAVE };
	struct stat expected, found;
	autoclose int target = -1;

	if (!b->plan->namespaces.new_mount)
		return 0;
	/* Nothing that happens here reaches the host; what the host unmounts does not stay pinned here. */
	if (sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &slave) < 0)
		return fail_sys(e, "make the mounts of the new namespace slaves");
	target = open(b->plan->rootfs, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0 && errno == EACCES)
		/* Root of a user namespace may not search the directories above it: any place will do. */
		target = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	else if (target >= 0 &&
		 (fstat(target, &found) < 0 || fstat(b->host->rootfs, &expected) < 0 ||
		  found.st_dev != expected.st_dev || found.st_ino != expected.st_ino))
		return fail(e, ERR_CONFIG, "the root filesystem '%s' was exchanged",
			    b->plan->rootfs);
	if (target < 0)
		return fail_sys(e, "open the root filesystem '%s'", b->plan->rootfs);
	if (sys_move_mount(b->root.fd, "", target, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return fail_sys(e, "attach the root filesystem '%s'", b->plan->rootfs);
	/* This one leads into the host's mounts; hooks will run in the container beside us. */
	replace_fd(&b->host->rootfs, -1);
	return kernel_mounts_below(b, b->root.fd, &b->plan->root_below, false, e);
}

/*
 * Once the container's root is elsewhere, the one that it lay over goes, with all that is mounted below it. It may lie
 * on the host's root itself, and would be taken for that when the old root is unmounted.
 */
static int leave_covered_root(struct boot *b, struct err *e)
{
	if (b->root.covered < 0)
		return 0;
	if (fchdir(b->root.covered) < 0)
		return fail_sys(e, "enter the root filesystem that is covered");
	/* the topmost first */
	for (unsigned i = 0; i < b->root.n_covered; i++)
		if (sys_umount2(".", MNT_DETACH) < 0)
			return fail_sys(e, "unmount the root filesystem that is covered");
	replace_fd(&b->root.covered, -1);
	return fchdir(b->root.fd) < 0 ? fail_sys(e, "enter the root filesystem") : 0;
}

/*
 * --no-pivot, for a host whose own root cannot be pivoted away (an initial ramfs): the new root is moved
 * over "/". The host's mounts stay in the namespace below it, out of reach of every path, but their
 * procfs and sysfs are taken away first: a container with CAP_SYS_ADMIN could use them to get around
 * its masks (mount_namespaces(7), "visible" instances).
 */
static int move_root(struct boot *b, struct err *e)
{
	struct mountinfo info;
	bool there;

	if (mountinfo_read(b->arena, &info, e) < 0)
		return -1;
	for (size_t i = info.n; i-- > 0;) {
		const struct mountinfo_entry *mount = &info.v[i];
		if ((str_eq(mount->fstype, "proc") || str_eq(mount->fstype, "sysfs")) &&
		    !path_is_below(mount->mount_point, b->plan->rootfs) &&
		    sys_umount2(mount->mount_point, MNT_DETACH) < 0 && errno != EINVAL &&
		    errno != ENOENT)
			return fail_sys(e, "unmount '%s'", mount->mount_point);
	}
	/* ELOOP: it is there already, for child_attach_root() had no other place; what it covers stays below. */
	there = sys_move_mount(b->root.fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0;
	if (there && errno != ELOOP)
		return fail_sys(e, "move the root filesystem over '/'");
	if (!there && leave_covered_root(b, e) < 0)
		return -1;
	return chroot(".") < 0 ? fail_sys(e, "chroot") : 0;
}

int child_change_root(int root, struct err *e)
{
	if (fchdir(root) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return fail_sys(e, "change the root directory");
	return 0;
}

int child_pivot_root(struct boot *b, struct err *e)
{
	struct mount_attr attributes = { 0 };

	if (b->plan->namespaces.host_mounts)
		return child_change_root(b->root.fd, e);
	if (!b->plan->namespaces.new_mount)
		return 0;
	if (fchdir(b->root.fd) < 0)
		return fail_sys(e, "enter the root filesystem");
	if (b->options->no_pivot) {
		if (move_root(b, e) < 0)
			return -1;
	} else {
		/* pivot_root(2), "pivot_root(".", ".")": the old root lies over the new one and is taken
		 * away at once; no directory for it is needed in the image. */
		if (sys_pivot_root(".", ".") < 0)
			return fail_sys(e, "pivot_root");
		if (leave_covered_root(b, e) < 0)
			return -1;
		if (sys_umount2(".", MNT_DETACH) < 0)
			return fail_sys(e, "unmount the old root");
	}
	if (chdir("/") < 0)
		return fail_sys(e, "enter the new root");
	attributes.propagation = b->plan->rootfs_propagation & ~(uint64_t)MS_REC;
	if (attributes.propagation &&
	    sys_mount_setattr(AT_FDCWD, "/",
			      b->plan->rootfs_propagation & MS_REC ? AT_RECURSIVE : 0,
			      &attributes) < 0)
		return fail_sys(e, "set the propagation of the root filesystem");
	return child_mounts_propagation(b, e);
}

int child_readonly_root(struct boot *b, struct err *e)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };

	if (b->plan->readonly_root && sys_mount_setattr(AT_FDCWD, "/", 0, &attributes) < 0)
		return fail_sys(e, "make the root filesystem read-only");
	return 0;
}

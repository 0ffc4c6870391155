/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File systems that are made, and attributes and propagation of mounts, detached or attached. Runs in the container's
 * process and in the runtime.
 */
#include "boot/common/filesystem.h"

#include "base/str.h"
#include "os/log.h"
#include "sys/mount_api.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int fail_context(int context, const struct plan_mount *mount, const char *what,
			struct err *e)
{
	int error_number = errno;
	char message[256];

	fs_context_message(context, message, sizeof(message));
	return fail_errno(e, error_number, "%s a file system of type '%s' for '%s'%s%s", what,
			  mount->fstype, mount->destination, *message ? ": " : "", message);
}

static int set_options(int context, const struct plan_mount *mount, struct err *e)
{
	for (size_t i = 0; i < mount->options.n; i++) {
		const struct plan_option *option = &mount->options.v[i];
		if (sys_fsconfig(context, option->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
				 option->key, option->value, 0) < 0) {
			fail_context(context, mount, "configure", e);
			return err_prefix(e, "option '%s'", option->key);
		}
	}
	return 0;
}

int make_filesystem(const struct plan_mount *mount, struct err *e)
{
	autoclose int context = sys_fsopen(mount->fstype, FSOPEN_CLOEXEC);
	int fd;

	if (context < 0)
		return fail_sys(e, "open a file system of type '%s' for '%s'", mount->fstype,
				mount->destination);
	if (sys_fsconfig(context, FSCONFIG_SET_STRING, "source", mount->source, 0) < 0)
		return fail_context(context, mount, "set the source of", e);
	if (set_options(context, mount, e) < 0)
		return -1;
	if (sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fail_context(context, mount, "create", e);
	/* Read-only is for apply_mount_attributes(): the mode of a tmpfs and what is copied into it come
	 * first. */
	fd = sys_fsmount(context, FSMOUNT_CLOEXEC, mount->attr_set & ~(uint64_t)MOUNT_ATTR_RDONLY);
	if (fd < 0)
		return fail_context(context, mount, "mount", e);
	return fd;
}

int reconfigure_filesystem(int fd, const struct plan_mount *mount, struct err *e)
{
	autoclose int context = sys_fspick(fd, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC);

	if (context < 0)
		return fail_sys(e, "open the file system of '%s'", mount->destination);
	if (set_options(context, mount, e) < 0)
		return -1;
	if (sys_fsconfig(context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		return fail_context(context, mount, "reconfigure", e);
	return 0;
}

/* One change, of all mounts where it can be made there, else of the topmost. If the kernel has locked what is
 * to be taken back it stays, and what stays is never less strict. */
static int change_unlocked(int fd, unsigned flags, uint64_t set, uint64_t clear)
{
	struct mount_attr change = { .attr_set = set, .attr_clr = clear };

	if (!(set | clear) || sys_mount_setattr(fd, "", AT_EMPTY_PATH | flags, &change) == 0)
		return 0;
	if (errno == EPERM && (flags & AT_RECURSIVE))
		return change_unlocked(fd, 0, set, clear);
	return errno == EPERM ? 0 : -1;
}

/*
 * In a user namespace the flags of a mount that comes from outside of it are locked (mount_namespaces(7), EPERM).
 * Engines ask for "rw", "exec" and the like by default, and do not mean that a mount must have been so before.
 */
static int change_attributes(int fd, unsigned flags, const struct mount_attr *change,
			     const char *destination)
{
	uint64_t atime = change->attr_clr & MOUNT_ATTR__ATIME;
	struct mount_attr set = { .attr_set = change->attr_set & ~(uint64_t)MOUNT_ATTR__ATIME };

	if (!(change->attr_set | change->attr_clr) ||
	    sys_mount_setattr(fd, "", AT_EMPTY_PATH | flags, change) == 0)
		return 0;
	/* more strictness is always permitted */
	if (errno != EPERM || sys_mount_setattr(fd, "", AT_EMPTY_PATH | flags, &set) < 0)
		return -1;
	log_info("'%s' keeps what the kernel has locked of the mount that it comes from",
		 destination);
	for (unsigned bit = 0; bit < 64; bit++)
		if (change_unlocked(fd, flags, 0,
				    change->attr_clr & ~(uint64_t)MOUNT_ATTR__ATIME &
					    ((uint64_t)1 << bit)) < 0)
			return -1;
	return change_unlocked(fd, flags, atime ? change->attr_set & MOUNT_ATTR__ATIME : 0, atime);
}

int apply_mount_attributes(int fd, const struct plan_mount *mount, struct err *e)
{
	struct mount_attr one = { .attr_set = mount->attr_set, .attr_clr = mount->attr_clear };
	struct mount_attr all = { .attr_set = mount->rec_attr_set,
				  .attr_clr = mount->rec_attr_clear };

	/* mount_setattr(2): a new access time mode needs the old one cleared. */
	if (one.attr_set & MOUNT_ATTR__ATIME)
		one.attr_clr |= MOUNT_ATTR__ATIME;
	if (all.attr_set & MOUNT_ATTR__ATIME)
		all.attr_clr |= MOUNT_ATTR__ATIME;
	if (change_attributes(fd, AT_RECURSIVE, &all, mount->destination) < 0)
		return fail_sys(e, "set the recursive attributes of '%s'", mount->destination);
	if (change_attributes(fd, 0, &one, mount->destination) < 0)
		return fail_sys(e, "set the attributes of '%s'", mount->destination);
	return 0;
}

int set_propagation(int fd, const struct plan_mount *mount, uint64_t mask, struct err *e)
{
	struct mount_attr attributes = { 0 };

	for (size_t i = 0; i < mount->propagation.n; i++) {
		uint64_t flags = mount->propagation.v[i] & mask;
		attributes.propagation = flags & ~(uint64_t)MS_REC;
		if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | (flags & MS_REC ? AT_RECURSIVE : 0),
				      &attributes) < 0)
			return fail_sys(e, "set the propagation of '%s'", mount->destination);
	}
	return 0;
}

/* Of the root itself last: what is mounted in a shared one is mounted elsewhere, too, and pivot_root(2) refuses it. */
int apply_propagation(int fd, const struct plan *plan, const struct plan_mount *mount,
		      struct err *e)
{
	struct mount_attr slave = { .propagation = MS_SLAVE };

	if (set_propagation(fd, mount, ~(uint64_t)0, e) < 0)
		return -1;
	if (plan->namespaces.new_mount && mount->propagation.n > 0 &&
	    str_eq(mount->destination, "/") && sys_mount_setattr(fd, "", AT_EMPTY_PATH, &slave) < 0)
		return fail_sys(e, "separate the root filesystem");
	return 0;
}

/*
 * A clone of a host's mount is the host's peer: what is mounted below it here would appear there. It stays
 * one only if shared mounts were asked for, here and for the root filesystem (as runc has it), and
 * never with a user namespace or as the root filesystem itself. Every other, with all below it, is separated before
 * anything else.
 */
bool shares_with_host(const struct plan *plan, const struct plan_mount *mount)
{
	bool shared = false;

	for (size_t i = 0; i < mount->propagation.n; i++)
		shared |= mount->propagation.v[i] & MS_SHARED;
	return shared && (plan->rootfs_propagation & MS_SHARED) && !plan_has_user_namespace(plan) &&
	       !str_eq(mount->destination, "/");
}

int separate_from_host(int fd, const struct plan *plan, const struct plan_mount *mount,
		       struct err *e)
{
	struct mount_attr attributes = { .propagation =
						 mount->propagation.n ? MS_SLAVE : MS_PRIVATE };

	if (shares_with_host(plan, mount))
		return 0;
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes) < 0)
		return fail_sys(e, "separate '%s' from the host", mount->destination);
	return 0;
}

/* The root's propagation is set last, and where it is recursive it is that of all mounts. */
bool propagation_is_set_again(const struct plan *plan, const struct plan_mount *mount)
{
	return mount->propagation.n > 0 &&
	       ((plan->rootfs_propagation & MS_REC) || str_eq(mount->destination, "/"));
}

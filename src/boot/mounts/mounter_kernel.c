/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last word about kernel file systems in a running container, as common/kernel_check.c has it
 * for a new one: the kernel's own table of the container's mounts is read. Runs in the process that enters the
 * container.
 */
#include "boot/mounts/mounter.h"

#include "base/str.h"
#include "boot/common/kernel_check.h"
#include "model/kernel_fs.h"
#include "os/io.h"
#include "sys/mountinfo.h"

#include <fcntl.h>
#include <sys/stat.h>

/* By the runtime's procfs, because the container's may be anything. */
static int read_mounts(const struct root *r, struct mountinfo *ret, struct err *e)
{
	return mountinfo_read_at(r->descriptors, "../mountinfo", r->arena, ret, e);
}

/* Which of the plan's it is, or lies on; NULL: it was there before. */
static const struct plan_mount *given_under(const struct root *r, const struct mountinfo *info,
					    const struct mountinfo_entry **given,
					    const struct mountinfo_entry *mount)
{
	for (size_t depth = 0; mount && depth < info->n; depth++) {
		for (size_t i = 0; i < r->plan->mounts.n; i++)
			if (given[i] == mount)
				return &r->plan->mounts.v[i];
		mount = mount->parent == mount->id ? NULL : mountinfo_find(info, mount->parent);
	}
	return NULL;
}

int mounter_check_given(const struct root *r, struct err *e)
{
	size_t n = r->plan->mounts.n;
	const struct mountinfo_entry **given =
		arena_new_array(r->arena, const struct mountinfo_entry *, n + 1);
	struct mountinfo info;

	if (!r->plan->kernel_own)
		return 0;
	if (read_mounts(r, &info, e) < 0)
		return -1;
	/* a link that was copied is not a mount */
	for (size_t i = 0; i < n; i++) {
		given[i] = NULL;
		if (r->mounts[i] >= 0 && mountinfo_of(&info, r->mounts[i], &given[i], e) < 0)
			return -1;
	}
	for (size_t i = 0; i < info.n; i++) {
		const struct mountinfo_entry *mount = &info.v[i];
		const struct plan_mount *under;

		if (!kernel_fs_kind(mount->fstype) || mountinfo_is_hidden(&info, mount))
			continue;
		under = given_under(r, &info, given, mount);
		/* a part of the container's own comes with what guards it */
		if (under && !under->subtree && kernel_mount_check(&info, &r->kernel, mount, e) < 0)
			return -1;
	}
	return 0;
}

/* --- taken away --- */

static bool is_same_instance(const struct mountinfo_entry *a, const struct mountinfo_entry *b)
{
	return a->major == b->major && a->minor == b->minor;
}

static bool has_mount_on(const struct mountinfo *info, const struct mountinfo_entry *mount)
{
	for (size_t i = 0; i < info->n; i++)
		if (info->v[i].parent == mount->id && info->v[i].id != mount->id)
			return true;
	return false;
}

/* As common/mask.c makes them: a read-only part of the same, the null device, an empty directory. */
static bool is_guard(const struct mountinfo *info, const struct mountinfo_entry *mount,
		     const struct mountinfo_entry *under)
{
	if (is_same_instance(mount, under))
		return mount_options_have(mount->options, "ro");
	if (str_has_suffix(mount->root, "/null"))
		return true;
	return str_eq(mount->fstype, "tmpfs") && mount_options_have(mount->options, "ro") &&
	       !has_mount_on(info, mount);
}

int mounter_check_guard(const struct root *r, int fd, const char *path, struct err *e)
{
	const struct mountinfo_entry *mount, *under;
	enum kernel_fs_kind kind;
	struct mountinfo info;

	if (read_mounts(r, &info, e) < 0 || mountinfo_of(&info, fd, &mount, e) < 0)
		return -1;
	under = mount ? mountinfo_find(&info, mount->parent) : NULL;
	kind = under ? kernel_fs_kind(under->fstype) : KERNEL_FS_NONE;
	if (kind != KERNEL_FS_PROC && kind != KERNEL_FS_SYSFS)
		return 0;
	if (!str_eq(mount->mount_point, under->mount_point))
		return is_guard(&info, mount, under)
			       ? fail(e, ERR_CONFIG,
				      "'%s' stays, because something there is masked or read-only",
				      path)
			       : 0;
	/* where the host's could not be taken from below it */
	if (str_eq(mount->fstype, under->fstype) && !is_same_instance(mount, under))
		return fail(e, ERR_CONFIG, "'%s' stays, because it lies on the host's %s", path,
			    under->fstype);
	return 0;
}

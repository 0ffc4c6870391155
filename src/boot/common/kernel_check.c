/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last word about file systems of the kernel's: before anything of an image runs the kernel's own table of the
 * container's mounts is read, and one that the plan does not know, or that is writable where it must not be, is the
 * end of it. Whatever was exchanged between judgement and use, or is written in the images of a checkpoint, shows
 * there. Runs in the runtime.
 */
#include "boot/common/kernel_check.h"

#include "base/path.h"
#include "base/str.h"
#include "boot/common/kernel_mounts.h"
#include "boot/protocol.h"
#include "model/kernel_fs.h"
#include "os/io.h"
#include "sys/channel.h"
#include "sys/mount_api.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static int read_mounts(pid_t pid, struct arena *arena, struct mountinfo *ret, struct err *e)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)pid);
	if (mountinfo_read_at(AT_FDCWD, path, arena, ret, e) == 0)
		return 0;
	/* proc_pid_mountinfo(5): of a process that is ending. Its last words tell more. */
	if (e->sys == EINVAL || e->sys == ENOENT)
		e->sys = ESRCH;
	return -1;
}

static bool is_readonly(const struct mountinfo_entry *mount)
{
	return mount_options_have(mount->options, "ro");
}

static bool is_same_instance(const struct mountinfo_entry *a, const struct mountinfo_entry *b)
{
	return a->major == b->major && a->minor == b->minor;
}

/* --- /proc/sys --- */

static bool must_be_readonly(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->readonly_paths.n; i++)
		if (clean_path_is_below(path, plan->readonly_paths.v[i]))
			return true;
	return false;
}

/* What shows all of a procfs has its sys covered by the same, read-only. */
static bool has_readonly_sys(const struct mountinfo *info, const struct mountinfo_entry *mount)
{
	size_t length = str_eq(mount->mount_point, "/") ? 0 : strlen(mount->mount_point);

	for (size_t i = 0; i < info->n; i++) {
		const struct mountinfo_entry *other = &info->v[i];

		if (other->parent == mount->id && is_same_instance(other, mount) &&
		    is_readonly(other) &&
		    strncmp(other->mount_point, mount->mount_point, length) == 0 &&
		    str_eq(other->mount_point + length, "/sys"))
			return true;
	}
	return false;
}

static bool shows_writable_sys(const struct plan *plan, const struct mountinfo *info,
			       const struct mountinfo_entry *mount)
{
	if (kernel_fs_kind(mount->fstype) != KERNEL_FS_PROC || is_readonly(mount) ||
	    !must_be_readonly(plan, "/proc/sys") ||
	    mount_options_have(mount->super_options, "subset=pid"))
		return false;
	if (clean_path_is_below(mount->root, "/sys"))
		return true;
	return str_eq(mount->root, "/") && !has_readonly_sys(info, mount);
}

static int fail_mount(const struct mountinfo_entry *mount, const char *what, struct err *e)
{
	return fail(
		e, ERR_POLICY,
		"kernelMounts: a %s at '%s' in the container %s; \"requested\" in the policy would allow it",
		mount->fstype, mount->mount_point, what);
}

/* --- of a new container --- */

static bool is_listed(const struct u32list *known, uint32_t id)
{
	for (size_t i = 0; i < known->n; i++)
		if (known->v[i] == id)
			return true;
	return false;
}

/* Another mount of what is known, by which a part of it is made read-only. */
static bool is_part_of_known(const struct mountinfo *info, const struct u32list *known,
			     const struct mountinfo_entry *mount)
{
	for (size_t i = 0; is_readonly(mount) && i < info->n; i++)
		if (is_same_instance(&info->v[i], mount) && is_listed(known, info->v[i].id))
			return true;
	return false;
}

int kernel_mount_check(const struct mountinfo *info, const struct u32list *known,
		       const struct mountinfo_entry *mount, struct err *e)
{
	if (is_listed(known, mount->id) || is_part_of_known(info, known, mount))
		return 0;
	return fail_mount(mount, "is not what was judged", e);
}

static int check_created(const struct plan *plan, const struct mountinfo *info,
			 const struct u32list *known, const struct u32list *readonly, struct err *e)
{
	for (size_t i = 0; i < info->n; i++) {
		const struct mountinfo_entry *mount = &info->v[i];

		if (!kernel_fs_kind(mount->fstype) || mountinfo_is_hidden(info, mount))
			continue;
		if (kernel_mount_check(info, known, mount, e) < 0)
			return -1;
		if (is_listed(readonly, mount->id) && !is_readonly(mount))
			return fail_mount(mount, "must be read-only and was made writable", e);
		if (shows_writable_sys(plan, info, mount))
			return fail_mount(mount, "has a sys that is writable", e);
	}
	return 0;
}

/* What the container's process has told, each once for each list that it is in. */
struct told {
	struct u32list known, readonly;
};

static int take_ids(const char *text, struct arena *arena, struct told *ret, struct err *e)
{
	while (*text) {
		size_t digits = strspn(text + 1, "0123456789");
		char number[16] = "", mark = text[1 + digits];
		uint32_t id;

		(void)snprintf(number, sizeof(number), "%.*s", (int)digits, text + 1);
		if (*text != ' ' || !parse_u32(number, &id) ||
		    (mark != BOOT_MOUNT_KNOWN && mark != BOOT_MOUNT_READONLY))
			return fail(e, ERR_INTERNAL, "the ids of mounts cannot be understood");
		kernel_mount_list(arena, mark == BOOT_MOUNT_KNOWN ? &ret->known : &ret->readonly,
				  id);
		text += 1 + digits + 1;
	}
	return 0;
}

static int receive_told(struct boot_peer *peer, struct arena *arena, struct told *ret,
			struct err *e)
{
	struct message message;

	while (peer_expect_either(peer, BOOT_MOUNT, BOOT_MOUNTS_DONE, &message, NULL, e) == 0) {
		if (take_ids(message.error.text, arena, ret, e) < 0)
			return -1;
		if (message.type == BOOT_MOUNTS_DONE)
			return 0;
	}
	return -1;
}

int kernel_mounts_check_created(const struct plan *plan, struct boot_peer *peer,
				struct arena *arena, struct err *e)
{
	struct told told = { 0 };
	struct mountinfo info;

	if (!plan->kernel_own)
		return 0;
	if (receive_told(peer, arena, &told, e) < 0)
		return -1;
	if (read_mounts(peer->child.pid, arena, &info, e) < 0 ||
	    check_created(plan, &info, &told.known, &told.readonly, e) < 0)
		return err_prefix(e, "kernel-mounts");
	return 0;
}

/* --- of a restored one --- */

/* criu makes procfs and sysfs in the container's own namespaces; what the host has mounted can only have come with
 * a source, and those were judged. */
static bool is_of_host(const struct mountinfo *host, const struct mountinfo_entry *mount)
{
	for (size_t i = 0; i < host->n; i++)
		if (is_same_instance(&host->v[i], mount))
			return true;
	return false;
}

/* The file system that the plan has at this place. */
static const struct plan_mount *planned_at(const struct plan *plan,
					   const struct mountinfo_entry *mount)
{
	const struct plan_mount *found = NULL;

	for (size_t i = 0; i < plan->mounts.n; i++) {
		const struct plan_mount *known = &plan->mounts.v[i];

		if (known->kernel &&
		    (known->kind == PLAN_MOUNT_CGROUP
			     ? clean_path_is_below(mount->mount_point, known->destination)
			     : str_eq(mount->mount_point, known->destination)))
			found = known;
	}
	return found;
}

static bool is_planned_readonly(const struct plan_mount *mount)
{
	return mount->stays_readonly &&
	       ((mount->attr_set | mount->rec_attr_set) & MOUNT_ATTR_RDONLY);
}

static int check_restored(const struct plan *plan, const struct mountinfo *info,
			  const struct mountinfo *host, struct err *e)
{
	for (size_t i = 0; i < info->n; i++) {
		const struct mountinfo_entry *mount = &info->v[i];
		enum kernel_fs_kind kind = kernel_fs_kind(mount->fstype);
		const struct plan_mount *known = planned_at(plan, mount);
		bool own =
			kind == KERNEL_FS_PROC || kind == KERNEL_FS_SYSFS || kind == KERNEL_FS_BPF;

		if (!kind || mountinfo_is_hidden(info, mount))
			continue;
		if (own ? is_of_host(host, mount) && !(known && known->kind == PLAN_MOUNT_BIND)
			: !known && !is_readonly(mount))
			return fail_mount(mount, "is the host's", e);
		if (known && is_planned_readonly(known) && !is_readonly(mount))
			return fail_mount(mount, "must be read-only and was made writable", e);
		if (shows_writable_sys(plan, info, mount))
			return fail_mount(mount, "has a sys that is writable", e);
	}
	return 0;
}

int kernel_mounts_check_restored(const struct plan *plan, pid_t init, struct arena *arena,
				 struct err *e)
{
	struct mountinfo info, host;

	if (!plan->kernel_own)
		return 0;
	if (mountinfo_read(arena, &host, e) < 0 || read_mounts(init, arena, &info, e) < 0)
		return -1;
	return check_restored(plan, &info, &host, e);
}

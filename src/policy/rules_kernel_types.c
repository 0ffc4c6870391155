/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File systems of the kernel that a config asks for by their type, and remounts of what is there by then. Which are
 * read-only is decided here for all of them. Pure.
 */
#include "policy/kernel_mounts.h"

#include "base/auto.h"
#include "base/path.h"
#include "model/kernel_fs.h"

#include <linux/capability.h>

/* The last of two words; NULL: neither is there. */
static const char *last_of(const struct spec_mount *mount, const char *one, const char *other)
{
	for (size_t i = mount->options.n; i-- > 0;)
		if (str_eq(mount->options.v[i], one) || str_eq(mount->options.v[i], other))
			return mount->options.v[i];
	return NULL;
}

/* What is said of one mount is applied after what is said of it and all below it, whichever is written first. */
bool kernel_asks_readonly(const struct spec_mount *mount)
{
	const char *word = last_of(mount, "ro", "rw");

	if (!word)
		word = last_of(mount, "rro", "rrw");
	return str_eq(word, "ro") || str_eq(word, "rro");
}

bool kernel_asks_readonly_below(const struct spec_mount *mount)
{
	return str_eq(last_of(mount, "rro", "rrw"), "rro");
}

static bool asks_writable(const struct spec_mount *mount)
{
	return !kernel_asks_readonly(mount) &&
	       (strlist_has(&mount->options, "rw") || strlist_has(&mount->options, "rrw"));
}

const struct source_facts *kernel_source_of(struct judgement *j, const struct spec_mount *mount)
{
	return facts_source(j->facts, mount->source,
			    strlist_has(&mount->options, "src-nofollow") ||
				    strlist_has(&mount->options, "copy-symlink"),
			    strlist_has(&mount->options, "rbind"));
}

void kernel_add_option(struct judgement *j, struct spec_mount *mount, const char *option)
{
	char **v = arena_new_array(j->edit.arena, char *, mount->options.n + 1);

	for (size_t i = 0; i < mount->options.n; i++)
		v[i] = mount->options.v[i];
	v[mount->options.n] = arena_strdup(j->edit.arena, option);
	mount->options.v = v;
	mount->options.n++;
}

/* What a process may only gain by a later exec it never has under no_new_privs, be it root or not
 * (capabilities(7)). */
static bool can_have_sys_admin(struct judgement *j)
{
	const struct spec_process *process = j->edit.spec->process;
	bool gains = !(process && process->no_new_privileges.value);

	for (int set = 0; set < CAPABILITY_SET_COUNT; set++)
		if ((gains || (set != CAPABILITIES_BOUNDING && set != CAPABILITIES_INHERITABLE)) &&
		    capability_pointer(j, (enum capability_set)set, CAP_SYS_ADMIN))
			return true;
	return false;
}

/* Engines make a sysfs writable for privileged containers alone. */
bool kernel_sysfs_readonly(struct judgement *j, bool asked)
{
	return asked || !can_have_sys_admin(j);
}

/* Each mount of such a type shows the one instance of the machine; a bpf file system is a new one, and so is
 * binfmt_misc in a user namespace of one's own (Linux 6.7). */
static bool is_of_machine(struct judgement *j, const char *type)
{
	if (kernel_fs_kind(type) != KERNEL_FS_OTHER)
		return false;
	return !str_eq(type, "binfmt_misc") || namespace_index(j->edit.spec, SPEC_NS_USER) < 0;
}

static bool is_part_of_own(const struct spec_mount *mount)
{
	for (size_t i = 0; i < mount->options.n; i++)
		if (str_has_prefix(mount->options.v[i], "subtree="))
			return true;
	return false;
}

/* Of v2 a mount shows the host's tree, unless there is a cgroup namespace. */
static bool is_whole_tree(struct judgement *j, const struct spec_mount *mount)
{
	const struct cgroup_facts *cgroup = j->facts->cgroup;

	return (str_eq(mount->type, "cgroup") || str_eq(mount->type, "cgroup2")) && cgroup &&
	       cgroup->layout == CGROUP_V2 && !is_part_of_own(mount) &&
	       namespace_index(j->edit.spec, SPEC_NS_CGROUP) < 0;
}

void kernel_judge_new(struct judgement *j, const char *id, size_t index, const char *pointer)
{
	struct spec_mount mount = j->edit.spec->mounts.v[index];
	bool proc = str_eq(mount.type, "proc"), sysfs = str_eq(mount.type, "sysfs");

	if (is_whole_tree(j, &mount) && !kernel_asks_readonly(&mount)) {
		kernel_add_option(j, &mount, "ro");
		edit_mount_replace(
			&j->edit, id, index, &mount,
			arena_printf(
				j->edit.arena,
				"without a cgroup namespace it shows the control groups of all: read-only (" KERNEL_REMEDY
				")",
				key_place(j, id)));
	} else if (is_of_machine(j, mount.type) && !kernel_asks_readonly(&mount)) {
		kernel_add_option(j, &mount, "ro");
		edit_mount_replace(
			&j->edit, id, index, &mount,
			arena_printf(
				j->edit.arena,
				"a %s is the machine's, and what is written there changes it for all: read-only (" KERNEL_REMEDY
				")",
				mount.type, key_place(j, id)));
	} else if (sysfs && !mount_is_at(j, &mount, "/sys") && !kernel_asks_readonly(&mount) &&
		   kernel_sysfs_readonly(j, false)) {
		kernel_add_option(j, &mount, "ro");
		edit_mount_replace(
			&j->edit, id, index, &mount,
			arena_printf(
				j->edit.arena,
				"beside /sys a sysfs is read-only without CAP_SYS_ADMIN (" KERNEL_REMEDY
				")",
				key_place(j, id)));
	} else if ((proc && !mount_is_at(j, &mount, "/proc")) ||
		   (sysfs && !mount_is_at(j, &mount, "/sys"))) {
		edit_keep(&j->edit, id, pointer,
			  proc ? "what is masked or read-only in /proc is so here, too"
			       : "what is masked or read-only in /sys is so here, too");
	}
	for (size_t i = 0; str_eq(mount.type, "overlay") && i < mount.options.n; i++)
		if (facts_source(j->facts, mount.options.v[i], false, false))
			edit_refuse(
				&j->edit, id, pointer,
				arena_printf(
					j->edit.arena,
					"a layer of it is a kernel file system, and the container has none of its own; " KERNEL_REFUSED_REMEDY,
					key_place(j, id)));
}

/* Whether it is a kernel file system that earlier entries have made, or left, read-only: the plan lets none of these
 * become writable again. */
static bool stays_readonly(struct judgement *j, const struct spec_mount *mount)
{
	const struct source_facts *source = kernel_source_of(j, mount);

	if (!kernel_asks_readonly(mount))
		return false;
	if (mount_is_bind(mount))
		return source && kernel_fs_kind(source->fstype);
	if (kernel_fs_kind(mount->type) && is_part_of_own(mount))
		return true;
	return is_of_machine(j, mount->type) || is_whole_tree(j, mount) ||
	       (str_eq(mount->type, "sysfs") && !mount_is_at(j, mount, "/sys"));
}

/* One that spells the place differently, or covers all below it, is noticed later by the runtime and the kernel. */
void kernel_judge_remount(struct judgement *j, const char *id, size_t index)
{
	struct spec_mount mount = j->edit.spec->mounts.v[index];
	const char *place = path_clean_in(j->edit.arena, mount.destination);
	const struct spec_mount *there = NULL;

	for (size_t i = 0; i < index; i++)
		if (mount_is_at(j, &j->edit.spec->mounts.v[i], place) &&
		    !strlist_has(&j->edit.spec->mounts.v[i].options, "remount"))
			there = &j->edit.spec->mounts.v[i];
	if (!there || !asks_writable(&mount) || !stays_readonly(j, there))
		return;
	kernel_add_option(j, &mount, "ro");
	if (strlist_has(&mount.options, "rrw"))
		kernel_add_option(j, &mount, "rro");
	edit_mount_replace(
		&j->edit, id, index, &mount,
		arena_printf(j->edit.arena,
			     "a kernel file system that is read-only there stays so (" KERNEL_REMEDY
			     ")",
			     key_place(j, id)));
}

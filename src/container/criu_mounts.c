/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which mounts of a container are the host's (criu_mounts.h). By what is mounted and not by the
 * configuration alone: links of the image may have led a mount elsewhere, and a bind mount brings what is
 * mounted below its source. Runs in the runtime.
 */
#include "container/criu_mounts.h"

#include "base/auto.h"
#include "base/path.h"
#include "criu/criu.h"
#include "model/kernel_fs.h"
#include "os/io.h"
#include "sys/beneath.h"
#include "sys/nsfd.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

struct sorting {
	int root; /* of the container */
	const struct spec *spec;
	const struct mountinfo *mounts;
	struct mountinfo host;
	bool own_groups;                   /* it has a cgroup namespace of its own */
	const struct mountinfo_entry *top; /* its root filesystem */
	struct arena *arena;
	char **names; /* one per mount; NULL: the container's own */
};

int criu_mounts_read(int proc, struct arena *arena, struct mountinfo *ret, struct err *e)
{
	return mountinfo_read_at(proc, "mountinfo", arena, ret, e);
}

static bool is_bind(const struct spec_mount *mount)
{
	return str_eq(mount->type, "bind") || strlist_has(&mount->options, "bind") ||
	       strlist_has(&mount->options, "rbind");
}

static bool has_version_1(const struct sorting *s)
{
	for (size_t i = 0; i < s->host.n; i++)
		if (str_eq(s->host.v[i].fstype, "cgroup"))
			return true;
	return false;
}

/* A group of v2 is shown by the host's one instance (boot/restore/criu_side.c); beside version 1 criu makes again what
 * shows a cgroup namespace's own root. */
static bool is_cgroup_view(const struct sorting *s, const struct spec_mount *configured,
			   const struct mountinfo_entry *mount)
{
	return (str_eq(configured->type, "cgroup") || str_eq(configured->type, "cgroup2")) &&
	       str_eq(mount->fstype, "cgroup2") && !(s->own_groups && has_version_1(s));
}

/* The mount that is seen at a path of the container; the names of others are not known there. */
static const struct mountinfo_entry *mount_at(const struct sorting *s, const char *path,
					      size_t *ret_index)
{
	autoclose int fd = sys_openat2(s->root, path, O_PATH | O_CLOEXEC, 0, RESOLVE_IN_ROOT);
	const struct mountinfo_entry *found;
	struct err ignored;

	if (fd < 0 || mountinfo_of(s->mounts, fd, &found, &ignored) < 0 || !found)
		return NULL;
	*ret_index = (size_t)(found - s->mounts->v);
	return found;
}

static int name_configured(struct sorting *s, struct err *e)
{
	for (size_t i = 0; i < s->spec->mounts.n; i++) {
		const struct spec_mount *mount = &s->spec->mounts.v[i];
		autofree char *destination = path_clean(mount->destination);
		const struct mountinfo_entry *found;
		size_t index;

		/* restored it would be that of root.path again */
		if (str_eq(destination, "/") && !strlist_has(&mount->options, "remount"))
			return fail(
				e, ERR_CONFIG,
				"mounts[%zu].destination: a container with a mount over its root file system cannot be checkpointed",
				i);
		found = mount_at(s, destination, &index);
		if (!found || found == s->top || s->names[index])
			continue;
		if (is_bind(mount) || is_cgroup_view(s, mount, found))
			s->names[index] = arena_strdup(s->arena, destination);
	}
	return 0;
}

/* File systems that are made anew, also if the host shows the same instance. */
static bool is_remade(const char *fstype)
{
	static const char *const types[] = { "proc",   "sysfs",  "mqueue",
					     "devpts", "cgroup", "cgroup2" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_eq(fstype, types[i]))
			return true;
	return false;
}

/* A part of a hierarchy: criu makes again those alone that show the root of the container's cgroup namespace. */
static bool is_bound_group(const struct sorting *s, const struct mountinfo_entry *mount)
{
	return !s->own_groups && kernel_fs_kind(mount->fstype) == KERNEL_FS_CGROUP;
}

static bool is_on_host(const struct sorting *s, const struct mountinfo_entry *mount)
{
	for (size_t i = 0; i < s->host.n; i++)
		if (s->host.v[i].major == mount->major && s->host.v[i].minor == mount->minor)
			return true;
	return false;
}

/* A part of its own root filesystem, mounted a second time. */
static bool is_of_root(const struct sorting *s, const struct mountinfo_entry *mount)
{
	return mount->major == s->top->major && mount->minor == s->top->minor &&
	       path_is_below(mount->root, s->top->root);
}

static bool is_masked_file(const struct sorting *s, const struct mountinfo_entry *mount)
{
	autoclose int fd =
		sys_openat2(s->root, mount->mount_point, O_PATH | O_CLOEXEC, 0, RESOLVE_IN_ROOT);
	struct stat st;

	return str_has_suffix(mount->root, "/null") && fd >= 0 && fstat(fd, &st) == 0 &&
	       S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

static const char *name_of_parent(const struct sorting *s, const struct mountinfo_entry *mount,
				  const struct mountinfo_entry **ret)
{
	for (size_t i = 0; i < s->mounts->n; i++)
		if (s->mounts->v[i].id == mount->parent) {
			*ret = &s->mounts->v[i];
			return s->names[i];
		}
	return NULL;
}

/* mountinfo shows a mount after the one that it is on. */
static char *name_other(const struct sorting *s, const struct mountinfo_entry *mount)
{
	const struct mountinfo_entry *parent;
	const char *name;

	if (is_masked_file(s, mount))
		return arena_strdup(s->arena, CRIU_NULL_KEY);
	if (!is_bound_group(s, mount) &&
	    (is_remade(mount->fstype) || !is_on_host(s, mount) || is_of_root(s, mount)))
		return NULL;
	name = name_of_parent(s, mount, &parent);
	if (!name || !path_is_below(mount->mount_point, parent->mount_point))
		return mount->mount_point;
	return arena_printf(s->arena, "%s%s", name,
			    mount->mount_point + strlen(parent->mount_point));
}

static int has_own_groups(int proc, bool *ret, struct err *e)
{
	autoclose int own = nsfd_own("cgroup", e);
	autoclose int fd = own < 0 ? -1 : nsfd_at(proc, "cgroup");

	if (own < 0)
		return -1;
	if (fd < 0)
		return fail_sys(e, "open the container's cgroup namespace");
	*ret = !nsfd_same(own, fd);
	return 0;
}

int criu_mounts_external(int proc, const struct spec *spec, const struct mountinfo *mounts,
			 struct arena *arena, struct criu_pairs *ret, struct err *e)
{
	autoclose int root = openat(proc, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct sorting s = {
		.root = root,
		.spec = spec,
		.mounts = mounts,
		.arena = arena,
		.names = arena_new_array(arena, char *, mounts->n + 1),
	};
	size_t index;

	if (root < 0)
		return fail_sys(e, "open the container's root filesystem");
	if (mountinfo_read(arena, &s.host, e) < 0)
		return -1;
	if (has_own_groups(proc, &s.own_groups, e) < 0)
		return -1;
	s.top = mount_at(&s, "/", &index);
	if (!s.top)
		return fail(e, ERR_SYSTEM, "the container's root filesystem is not a mount");
	if (name_configured(&s, e) < 0)
		return -1;
	for (size_t i = 0; i < mounts->n; i++) {
		if (&mounts->v[i] == s.top)
			continue;
		if (!s.names[i])
			s.names[i] = name_other(&s, &mounts->v[i]);
		if (s.names[i])
			criu_pairs_add(ret, arena, mounts->v[i].mount_point, s.names[i]);
	}
	return 0;
}

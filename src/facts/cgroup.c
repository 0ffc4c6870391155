/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which cgroup hierarchies there are, where they are mounted and where the runtime is in them
 * (cgroups(7)). Runs in the runtime.
 *
 * /proc/self/cgroup says which hierarchies exist and /proc/self/mountinfo where they are; the pure part
 * puts the two together. On a host with cgroup v2 alone the mounts need not be read.
 */
#include "facts/gather.h"

#include "base/path.h"
#include "os/io.h"
#include "sys/procfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#define CGROUP_ROOT "/sys/fs/cgroup"
#define CGROUP_TEXT_MAX (256u << 10)

/* One line of /proc/self/cgroup, "4:cpu,cpuacct:/path", cut up. */
struct membership {
	bool v2;
	struct strlist controllers;
	char *name;
	char *path;
};

static struct strlist split(const char *text, char separator, struct arena *arena)
{
	const char stop[] = { separator, '\n', '\0' };
	struct strlist list = { 0 };
	size_t count = 1;

	for (const char *at = text; *at; at++)
		count += *at == separator;
	list.v = arena_new_array(arena, char *, count);
	while (*text) {
		size_t length = strcspn(text, stop);

		if (length)
			list.v[list.n++] = arena_strndup(arena, text, length);
		text += length;
		text += *text != '\0';
	}
	return list;
}

static bool parse_membership(char *line, struct arena *arena, struct membership *ret)
{
	char *subsystems = strchr(line, ':');
	char *path = subsystems ? strchr(subsystems + 1, ':') : NULL;
	struct strlist words;

	if (!path || path[1] != '/')
		return false;
	*subsystems++ = '\0';
	*path++ = '\0';
	*ret = (struct membership){ .v2 = str_eq(line, "0") && !*subsystems, .path = path };
	words = split(subsystems, ',', arena);
	ret->controllers.v = arena_new_array(arena, char *, words.n + 1);
	for (size_t i = 0; i < words.n; i++) {
		if (str_has_prefix(words.v[i], "name="))
			ret->name = words.v[i] + strlen("name=");
		else
			ret->controllers.v[ret->controllers.n++] = words.v[i];
	}
	return true;
}

static bool is_mount_of(const struct mountinfo_entry *mount, const struct membership *of,
			struct arena *arena)
{
	if (of->v2)
		return str_eq(mount->fstype, "cgroup2");
	if (!str_eq(mount->fstype, "cgroup") || (!of->controllers.n && !of->name))
		return false;
	for (size_t i = 0; i < of->controllers.n; i++) {
		if (!mount_options_have(mount->super_options, of->controllers.v[i]))
			return false;
	}
	return !of->name ||
	       mount_options_have(mount->super_options, arena_printf(arena, "name=%s", of->name));
}

/* Engines mount hierarchies into their containers' trees too: the usual place first. */
static const struct mountinfo_entry *find_mount(const struct mountinfo *mounts,
						const struct membership *of, struct arena *arena)
{
	const struct mountinfo_entry *found = NULL;

	for (size_t i = 0; i < mounts->n; i++) {
		const struct mountinfo_entry *mount = &mounts->v[i];

		if (!is_mount_of(mount, of, arena))
			continue;
		if (path_is_below(mount->mount_point, CGROUP_ROOT))
			return mount;
		if (!found)
			found = mount;
	}
	return found;
}

/* A mount may show a part of the hierarchy only (a container without a cgroup namespace), and the
 * runtime may be outside of a namespace's root ("/../other"). */
static char *path_in_mount(const char *path, const char *root, struct arena *arena)
{
	if (str_has_prefix(path, "/..") && (path[3] == '/' || !path[3]))
		return arena_strdup(arena, "/");
	path = path_clean_in(arena, path);
	root = path_clean_in(arena, root);
	if (!path_is_below(path, root))
		return arena_strdup(arena, "/");
	path += str_eq(root, "/") ? 0 : strlen(root);
	return arena_strdup(arena, *path ? path : "/");
}

static int layout_of(const struct cgroup_facts *facts)
{
	bool v1 = false, v2 = false;

	for (size_t i = 0; i < facts->hierarchies.n; i++) {
		v1 = v1 || !facts->hierarchies.v[i].v2;
		v2 = v2 || facts->hierarchies.v[i].v2;
	}
	if (v1)
		return v2 ? CGROUP_HYBRID : CGROUP_V1;
	return v2 ? CGROUP_V2 : CGROUP_NONE;
}

int cgroup_facts_parse(const struct mountinfo *mounts, const char *proc_self_cgroup,
		       struct arena *arena, struct cgroup_facts *ret, struct err *e)
{
	struct strlist lines = split(proc_self_cgroup, '\n', arena);
	struct cgroup_facts facts = { 0 };

	facts.hierarchies.v = arena_new_array(arena, struct cgroup_hierarchy_facts, lines.n);
	for (size_t i = 0; i < lines.n; i++) {
		struct membership of;

		if (!parse_membership(lines.v[i], arena, &of))
			return fail(e, ERR_SYSTEM,
				    "line %zu of /proc/self/cgroup cannot be understood", i + 1);

		const struct mountinfo_entry *mount = find_mount(mounts, &of, arena);

		if (!mount)
			continue;
		facts.hierarchies.v[facts.hierarchies.n++] = (struct cgroup_hierarchy_facts){
			.controllers = of.v2 ? (struct strlist){ 0 } : of.controllers,
			.name = of.name,
			.v2 = of.v2,
			.mount_point = mount->mount_point,
			.readonly = mount_options_have(mount->options, "ro") ||
				    mount_options_have(mount->super_options, "ro"),
			.own_path = path_in_mount(of.path, mount->root, arena),
		};
	}
	facts.layout = layout_of(&facts);
	*ret = facts;
	return 0;
}

int gather_controllers_at(const struct cgroup_hierarchy_facts *v2, const char *path,
			  struct arena *arena, struct strlist *ret, struct err *e)
{
	const char *file = arena_printf(arena, "%s%s/cgroup.controllers", v2->mount_point, path);
	autofree char *text = NULL;

	if (read_file_at(AT_FDCWD, file, CGROUP_TEXT_MAX, &text, NULL, e) < 0)
		return -1;
	*ret = split(text, ' ', arena);
	return 0;
}

/* What a later mount hides has the same path and another mount id. */
static bool can_be_reached(const struct mountinfo_entry *mount)
{
	struct statx st;

	return statx(AT_FDCWD, mount->mount_point, AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW,
		     STATX_MNT_ID, &st) == 0 &&
	       (st.stx_mask & STATX_MNT_ID) && st.stx_mnt_id == mount->id;
}

static int read_cgroup_mounts(struct mount_table *table, struct arena *arena, struct mountinfo *ret,
			      struct err *e)
{
	const struct mountinfo *all;

	if (mount_table_get(table, arena, &all, e) < 0)
		return -1;
	*ret = (struct mountinfo){ .v = arena_new_array(arena, struct mountinfo_entry, all->n) };
	for (size_t i = 0; i < all->n; i++) {
		const struct mountinfo_entry *mount = &all->v[i];

		if (str_has_prefix(mount->fstype, "cgroup") && can_be_reached(mount))
			ret->v[ret->n++] = *mount;
	}
	return 0;
}

/* The one mount of a host with v2 alone, as if mountinfo had been read; false if that would be a
 * guess. */
static bool is_plain_v2(const char *memberships, struct arena *arena, struct mountinfo *ret)
{
	struct mountinfo_entry *mount;
	struct statfs fs;
	struct stat st;
	const char *path;

	if (statfs(CGROUP_ROOT, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC ||
	    !str_has_prefix(memberships, "0::/") || str_has_prefix(memberships, "0::/.."))
		return false;
	path = memberships + strlen("0::");
	path = arena_printf(arena, CGROUP_ROOT "%.*s", (int)strcspn(path, "\n"), path);
	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return false;
	mount = arena_new(arena, struct mountinfo_entry);
	mount->fstype = arena_strdup(arena, "cgroup2");
	mount->mount_point = arena_strdup(arena, CGROUP_ROOT);
	mount->root = arena_strdup(arena, "/");
	mount->options = mount->super_options =
		arena_strdup(arena, fs.f_flags & ST_RDONLY ? "ro" : "rw");
	*ret = (struct mountinfo){ .n = 1, .v = mount };
	return true;
}

/* cgroup-v2.rst "Delegation Containment": to move a process takes `cgroup.procs` of the cgroup that is above
 * both its old and its new place. */
static bool may_divide(const char *directory, struct arena *arena)
{
	return faccessat(AT_FDCWD, directory, W_OK, AT_EACCESS) == 0 &&
	       faccessat(AT_FDCWD, arena_printf(arena, "%s/cgroup.procs", directory), W_OK,
			 AT_EACCESS) == 0;
}

void facts_delegated_cgroup(struct cgroup_facts *facts, struct arena *arena)
{
	const struct cgroup_hierarchy_facts *v2 = facts->hierarchies.v;
	const char *end;

	if (facts->layout != CGROUP_V2)
		return;
	/* The highest: each beginning of the own path up to a slash, then the whole. */
	for (end = v2->own_path; !facts->delegated; end += strcspn(end, "/")) {
		const char *path = arena_strndup(arena, v2->own_path, (size_t)(end - v2->own_path));

		if (may_divide(arena_printf(arena, "%s%s", v2->mount_point, path), arena))
			facts->delegated = arena_strdup(arena, *path ? path : "/");
		if (!*end || str_eq(end, "/"))
			break;
		end++;
	}
}

/* The option is the file system's, whichever mount of it is looked at. */
int gather_liftable(struct mount_table *table, struct arena *arena, struct cgroup_facts *facts,
		    struct err *e)
{
	const struct mountinfo *all;

	if (mount_table_get(table, arena, &all, e) < 0)
		return -1;
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < facts->hierarchies.n; k++)
			if (facts->hierarchies.v[k].v2 && str_eq(all->v[i].fstype, "cgroup2"))
				facts->hierarchies.v[k].liftable =
					!mount_options_have(all->v[i].super_options, "nsdelegate");
	return 0;
}

int facts_cgroup(struct arena *arena, struct cgroup_facts **ret, struct err *e)
{
	struct mount_table table = { 0 };

	return gather_cgroups(&table, arena, ret, e);
}

int gather_cgroups(struct mount_table *table, struct arena *arena, struct cgroup_facts **ret,
		   struct err *e)
{
	autoclose int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int fd = -1;
	autofree char *text = NULL;
	struct cgroup_facts *facts = arena_new(arena, struct cgroup_facts);
	struct mountinfo mounts;

	if (proc < 0)
		return fail_sys(e, "open /proc");
	fd = procfs_openat(proc, "self/cgroup", O_RDONLY, e);
	/* a kernel without cgroups has no such file */
	if (fd < 0 && e->sys == ENOENT) {
		facts->layout = CGROUP_NONE;
		*ret = facts;
		return 0;
	}
	if (fd < 0 || read_fd_all(fd, "/proc/self/cgroup", CGROUP_TEXT_MAX, &text, NULL, e) < 0)
		return -1;
	if (!is_plain_v2(text, arena, &mounts) && read_cgroup_mounts(table, arena, &mounts, e) < 0)
		return -1;
	if (cgroup_facts_parse(&mounts, text, arena, facts, e) < 0)
		return -1;
	for (size_t i = 0; i < facts->hierarchies.n; i++) {
		if (facts->hierarchies.v[i].v2 &&
		    gather_controllers_at(&facts->hierarchies.v[i], "", arena,
					  &facts->hierarchies.v[i].controllers, e) < 0)
			return -1;
	}
	*ret = facts;
	return 0;
}

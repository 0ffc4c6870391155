/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What mounts take from the host: each source is opened once, asked what it is, and kept open, so that what was
 * judged is what is mounted. What lies below it the table of mounts says. Runs in the runtime.
 */
#include "facts/gather.h"

#include "base/path.h"
#include "model/kernel_fs.h"
#include "plan/make.h"
#include "plan/plan.h"
#include "sys/mount_api.h"
#include "sys/procfs.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

int mount_table_get(struct mount_table *table, struct arena *arena, const struct mountinfo **ret,
		    struct err *e)
{
	if (!table->read && mountinfo_read(arena, &table->info, e) < 0)
		return -1;
	table->read = true;
	*ret = &table->info;
	return 0;
}

/* --- one source --- */

/* The kernel's own name for what the descriptor holds; NULL if no path leads there. */
static char *path_of(int fd, struct arena *arena)
{
	autofree char *path = xmalloc(PATH_MAX);
	ssize_t length = readlink(fd_path(fd).text, path, PATH_MAX - 1);

	if (length <= 0 || path[0] != '/')
		return NULL;
	path[length] = '\0';
	return arena_strdup(arena, path);
}

static const struct mountinfo_entry *mount_of(const struct mountinfo *info, int fd)
{
	const struct mountinfo_entry *found;
	struct err ignored;

	return mountinfo_of(info, fd, &found, &ignored) < 0 ? NULL : found;
}

/* What of a file system is seen at `path` of a mount of it. A procfs has a directory for each process: that of
 * the runtime, which /proc/self leads to, is known by the same name in every part. */
static char *part_at(const struct mountinfo_entry *mount, const char *path, struct arena *arena)
{
	const char *root = str_eq(mount->root, "/") ? "" : mount->root;
	size_t skip = str_eq(mount->mount_point, "/") ? 0 : strlen(mount->mount_point);
	char *part = arena_printf(arena, "%s%s", root, path + skip);
	char *self = arena_printf(arena, "/%d", (int)getpid());
	char *thread = arena_printf(arena, "/task/%d", (int)getpid());

	if (!*part)
		return arena_strdup(arena, "/");
	if (kernel_fs_kind(mount->fstype) != KERNEL_FS_PROC || !clean_path_is_below(part, self))
		return part;
	/* the runtime's one thread, which /proc/thread-self leads to */
	if (clean_path_is_below(part + strlen(self), thread))
		return arena_printf(arena, "/thread-self%s", part + strlen(self) + strlen(thread));
	return arena_printf(arena, "/self%s", part + strlen(self));
}

static void look_below(const struct mountinfo *info, const struct mountinfo_entry *top,
		       struct arena *arena, struct source_facts *ret)
{
	size_t skip = str_eq(ret->path, "/") ? 0 : strlen(ret->path);

	for (int pass = 0; pass < 2; pass++) {
		size_t n = 0;

		for (size_t i = 0; i < info->n; i++) {
			const struct mountinfo_entry *mount = &info->v[i];

			if (mount == top || !kernel_fs_kind(mount->fstype) ||
			    !clean_path_is_below(mount->mount_point, ret->path) ||
			    !mount->mount_point[skip] || !mountinfo_is_on(info, mount, top) ||
			    mountinfo_is_hidden(info, mount))
				continue;
			if (pass == 1)
				ret->below.v[n] = (struct kernel_mount_facts){
					.path = arena_strdup(arena, mount->mount_point + skip),
					.fstype = mount->fstype,
					.part = part_at(mount, mount->mount_point, arena),
				};
			n++;
		}
		if (pass == 0)
			ret->below.v = arena_new_array(arena, struct kernel_mount_facts, n);
		ret->below.n = n;
	}
}

/* The table knows without asking a server, which may never answer; what is in another mount namespace (a descriptor of
 * /proc/PID/root) is not in it. */
static const char *type_of(const struct mountinfo_entry *mount, int fd)
{
	struct statfs fs;

	if (mount)
		return kernel_fs_kind(mount->fstype) ? mount->fstype : NULL;
	return fstatfs(fd, &fs) == 0 ? kernel_fs_name((unsigned long)fs.f_type) : NULL;
}

static int look_at_source(int fd, struct mount_table *table, struct arena *arena,
			  struct source_facts *ret, struct err *e)
{
	const struct mountinfo_entry *top;
	const struct mountinfo *info;
	const char *fstype;

	if (mount_table_get(table, arena, &info, e) < 0)
		return -1;
	top = mount_of(info, fd);
	fstype = type_of(top, fd);
	if (fstype)
		ret->fstype = arena_strdup(arena, fstype);
	ret->path = path_of(fd, arena);
	if ((!ret->fstype && !ret->recursive) || !ret->path)
		return 0;
	if (!top || !clean_path_is_below(ret->path, top->mount_point))
		return 0;
	if (ret->fstype)
		ret->part = part_at(top, ret->path, arena);
	if (ret->recursive)
		look_below(info, top, arena, ret);
	return 0;
}

/* --- those of config.json --- */

static bool has(const struct spec_mount *mount, const char *option)
{
	return strlist_has(&mount->options, option);
}

static bool is_bind(const struct spec_mount *mount)
{
	return (str_eq(mount->type, "bind") || has(mount, "bind") || has(mount, "rbind")) &&
	       !has(mount, "remount") && !str_empty(mount->source);
}

/* As open_tree(2) will look it up, which makes automounts. One that is not there is an error later, where it is
 * to be mounted. */
static int open_source(const struct spec_mount *mount, const char *bundle, bool nofollow,
		       struct arena *arena)
{
	const char *path = mount->source[0] == '/'
				   ? mount->source
				   : arena_printf(arena, "%s/%s", bundle, mount->source);

	return sys_open_tree(AT_FDCWD, path,
			     OPEN_TREE_CLOEXEC | (nofollow ? AT_SYMLINK_NOFOLLOW : 0));
}

static int gather_bind(const struct spec_mount *mount, const char *bundle,
		       struct mount_table *table, struct arena *arena, struct facts *facts,
		       struct host *host, struct err *e)
{
	struct source_facts *source = &facts->sources.v[facts->sources.n];
	bool nofollow = has(mount, "src-nofollow") || has(mount, "copy-symlink");
	autoclose int fd = -1;

	if (facts_source(facts, mount->source, nofollow, has(mount, "rbind")))
		return 0;
	fd = open_source(mount, bundle, nofollow, arena);
	if (fd < 0)
		return 0;
	*source = (struct source_facts){
		.source = arena_strdup(arena, mount->source),
		.nofollow = nofollow,
		.recursive = has(mount, "rbind"),
	};
	if (look_at_source(fd, table, arena, source, e) < 0)
		return -1;
	host->sources[facts->sources.n++] = take_fd(&fd);
	host->n_sources = facts->sources.n;
	return 0;
}

/* The directories in "lowerdir=/a:/b", separated by colons that no backslash stands before (overlayfs.rst); in
 * "lowerdir+=/a" it is all one. */
static bool next_layer(const char **at, const char *end, bool whole, char *layer, size_t size)
{
	size_t n = 0;

	while (!whole && *at < end && **at == ':')
		++*at;
	for (; *at < end && (whole || **at != ':'); ++*at) {
		if (!whole && **at == '\\' && *at + 1 < end)
			++*at;
		if (n + 1 < size)
			layer[n++] = **at;
	}
	layer[n] = '\0';
	return n > 0;
}

/* The type of the first layer in "KEY=VALUE" that is a file system of the kernel's; NULL: none is. */
static const char *kernel_layer(const char *option, size_t length, char *layer)
{
	const char *equals = memchr(option, '=', length), *at = equals ? equals + 1 : NULL;
	size_t key = equals ? (size_t)(equals - option) : 0;
	bool lowerdir = key == strlen("lowerdir") && strncmp(option, "lowerdir", key) == 0;
	struct statfs fs;

	while (at && next_layer(&at, option + length, !lowerdir, layer, PATH_MAX))
		if (statfs(layer, &fs) == 0 && kernel_fs_name((unsigned long)fs.f_type))
			return kernel_fs_name((unsigned long)fs.f_type);
	return NULL;
}

/* One text may be several options. */
static const char *kernel_layer_in(const char *text, char *layer)
{
	const char *found = NULL;

	while (*text && !found) {
		size_t length = plan_mount_data_length(text);

		found = kernel_layer(text, length, layer);
		text += length;
		text += *text == ',';
	}
	return found;
}

/* An overlay shows of each layer its one file system, without what is mounted in it. */
static void gather_layers(const struct spec_mount *mount, struct arena *arena, struct facts *facts,
			  struct host *host)
{
	autofree char *layer = xmalloc(PATH_MAX);

	for (size_t i = 0; i < mount->options.n; i++) {
		const char *fstype = kernel_layer_in(mount->options.v[i], layer);

		if (!fstype)
			continue;
		facts->sources.v[facts->sources.n] = (struct source_facts){
			.source = arena_strdup(arena, mount->options.v[i]),
			.path = arena_strdup(arena, layer),
			.fstype = arena_strdup(arena, fstype),
		};
		host->sources[facts->sources.n++] = -1;
		host->n_sources = facts->sources.n;
	}
}

static size_t count_sources(const struct spec *spec)
{
	size_t n = 0;

	for (size_t i = 0; i < spec->mounts.n; i++)
		n += 1 +
		     (str_eq(spec->mounts.v[i].type, "overlay") ? spec->mounts.v[i].options.n : 0);
	return n;
}

/* As the rule will have them mounted. */
static int gather_shared(struct mount_table *table, struct arena *arena, struct facts *facts,
			 struct host *host, struct err *e)
{
	static char recursive[] = "rbind";
	char *options[] = { recursive };

	for (size_t i = 0; i < facts->shares.n; i++) {
		const struct share_facts *share = &facts->shares.v[i];
		const struct spec_mount mount = { .source = share->source,
						  .options = { .n = 1, .v = options } };

		if (!share->problem && gather_bind(&mount, "/", table, arena, facts, host, e) < 0)
			return err_prefix(e, "share[%zu]", i);
	}
	return 0;
}

int gather_sources(const struct spec *spec, const char *bundle, struct mount_table *table,
		   struct arena *arena, struct facts *facts, struct host *host, struct err *e)
{
	size_t n = count_sources(spec) + facts->shares.n;

	facts->sources.v = arena_new_array(arena, struct source_facts, n);
	host->sources = arena_new_array(arena, int, n);
	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct spec_mount *mount = &spec->mounts.v[i];

		if (is_bind(mount)) {
			if (gather_bind(mount, bundle, table, arena, facts, host, e) < 0)
				return err_prefix(e, "mounts[%zu]", i);
		} else if (str_eq(mount->type, "overlay")) {
			gather_layers(mount, arena, facts, host);
		}
	}
	if (gather_shared(table, arena, facts, host, e) < 0)
		return -1;
	if (host->rootfs < 0)
		return 0;
	facts->root = arena_new(arena, struct source_facts);
	facts->root->source = arena_strdup(arena, facts->rootfs);
	facts->root->recursive = true;
	return look_at_source(host->rootfs, table, arena, facts->root, e);
}

int facts_gather_sources(const struct spec *spec, const char *bundle, struct arena *arena,
			 struct facts *facts, struct host *host, struct err *e)
{
	struct mount_table table = { 0 };

	return gather_sources(spec, bundle, &table, arena, facts, host, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What namespaces.user "auto" asks of the host: which ids are free, and whether files can be shown by them. Runs in the
 * runtime.
 */
#include "facts/gather.h"

#include "facts/groups.h"
#include "os/io.h"
#include "state/ids.h"
#include "sys/idmap.h"
#include "sys/mount_api.h"

#include <fcntl.h>

#define OWNERS_FILE_MAX (1u << 20)
#define OWNERS_MAX 8
/* How this program itself is entered there, so that no other one takes the ids. */
#define OWN_NAME "distro-shim"

/* --- files by other ids --- */

static const char *type_of_mount(struct mount_table *table, int fd, struct arena *arena)
{
	const struct mountinfo_entry *mount = NULL;
	const struct mountinfo *info;
	struct err ignored;

	if (mount_table_get(table, arena, &info, &ignored) < 0 ||
	    mountinfo_of(info, fd, &mount, &ignored) < 0 || !mount)
		return "unknown";
	return mount->fstype;
}

static char *words_of(const char *path, const char *fstype, const struct err *why,
		      struct arena *arena)
{
	char text[128];

	return arena_printf(
		arena, "the kernel does not map the ids of '%s', a file system of the type %s: %s",
		path, fstype, errno_text(why->sys, text, sizeof(text)));
}

/* Of what is mounted below, the first that stands in the way. */
static char *problem_below(const struct facts *facts, const struct host *host, int namespace_,
			   struct mount_table *table, struct arena *arena)
{
	const struct mountinfo_entry *top = NULL;
	const struct mountinfo *info;
	struct err e;

	if (mount_table_get(table, arena, &info, &e) < 0 ||
	    mountinfo_of(info, host->rootfs, &top, &e) < 0 || !top)
		return NULL;
	for (size_t i = 0; i < info->n; i++) {
		const struct mountinfo_entry *mount = &info->v[i];

		if (mount == top || !str_has_prefix(mount->mount_point, facts->rootfs) ||
		    !mountinfo_is_on(info, mount, top) || mountinfo_is_hidden(info, mount))
			continue;
		if (idmap_try(AT_FDCWD, mount->mount_point, namespace_, false, &e) < 0)
			return words_of(mount->mount_point, mount->fstype, &e, arena);
	}
	return NULL;
}

static char *problem_of_root(const struct facts *facts, const struct host *host, int namespace_,
			     struct mount_table *table, struct arena *arena)
{
	struct err e, whole;
	char *problem = NULL;

	if (idmap_try(host->rootfs, "", namespace_, true, &whole) == 0)
		return NULL;
	if (idmap_try(host->rootfs, "", namespace_, false, &e) == 0)
		problem = problem_below(facts, host, namespace_, table, arena);
	return problem ? problem
		       : words_of(facts->rootfs, type_of_mount(table, host->rootfs, arena), &whole,
				  arena);
}

static void try_shares(struct facts *facts, int namespace_, struct mount_table *table,
		       struct arena *arena)
{
	for (size_t i = 0; i < facts->shares.n; i++) {
		struct share_facts *share = &facts->shares.v[i];
		autoclose int fd = -1;
		struct err e;

		if (share->problem)
			continue;
		fd = open(share->source, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && idmap_try(fd, "", namespace_, false, &e) < 0)
			share->idmap_problem =
				words_of(share->source, type_of_mount(table, fd, arena), &e, arena);
	}
}

static void try_files(struct facts *facts, const struct host *host, struct mount_table *table,
		      struct arena *arena)
{
	const char *map = arena_printf(arena, "0 %u %u\n", facts->user->first, facts->user->size);
	autoclose int namespace_ = -1;
	struct err e;

	if (idmap_namespace(map, &namespace_, &e) < 0) {
		facts->user->root_problem = arena_strdup(arena, e.text);
		return;
	}
	facts->user->root_problem = problem_of_root(facts, host, namespace_, table, arena);
	try_shares(facts, namespace_, table, arena);
}

/* --- other users of ids --- */

static void add_owner(struct facts *facts, const char *name, const char *file, struct arena *arena)
{
	struct strlist *owners = &facts->user->owners;
	char *owner = arena_printf(arena, "%s in %s", name, file);

	if (!owners->v)
		owners->v = arena_new_array(arena, char *, OWNERS_MAX);
	if (owners->n < OWNERS_MAX && !strlist_has(owners, owner))
		owners->v[owners->n++] = owner;
}

/* "NAME:FIRST:COUNT"; what is not like that is not read by other programs either (subuid(5)). */
static void look_at_line(char *line, const struct policy_ids *ids, struct facts *facts,
			 const char *file, struct arena *arena)
{
	const char *name = strsep(&line, ":"), *first_word = strsep(&line, ":");
	uint32_t first, count;

	if (!first_word || !line || !parse_u32(first_word, &first) || !parse_u32(line, &count) ||
	    str_eq(name, OWN_NAME))
		return;
	if (first < (uint64_t)ids->first + ids->count && (uint64_t)first + count > ids->first)
		add_owner(facts, name, file, arena);
}

static void look_for_owners(const struct policy_ids *ids, struct facts *facts, struct arena *arena)
{
	static const char *const files[] = { "/etc/subuid", "/etc/subgid" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		autofree char *text = NULL;
		struct err ignored;
		char *rest;

		if (read_file_at(AT_FDCWD, files[i], OWNERS_FILE_MAX, &text, NULL, &ignored) < 0)
			continue;
		rest = text;
		for (char *line; (line = strsep(&rest, "\n"));)
			look_at_line(line, ids, facts, files[i], arena);
	}
}

int gather_user(const struct policy *policy, const struct facts_options *options,
		struct mount_table *table, struct arena *arena, struct facts *facts,
		struct host *host, struct err *e)
{
	const char *directory =
		options->ids_directory ? options->ids_directory : ids_default_directory(arena);
	struct policy_ids ids;
	int rc;

	if (!policy_user_ids(policy, &ids))
		return 0;
	facts->user = arena_new(arena, struct user_facts);
	if (facts->rootless || !options->root || !options->id)
		return 0;
	look_for_owners(&ids, facts, arena);
	rc = ids_find(directory, &ids, facts_real_root(options->root, arena), options->id,
		      &facts->user->first, options->hold ? &host->ids_lock : NULL, e);
	if (rc < 0)
		facts->user->problem = arena_strdup(arena, e->text);
	if (rc <= 0)
		return 0;
	facts->user->size = ids.size;
	facts->user->held = options->hold;
	try_files(facts, host, table, arena);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which containers' groups are at, above or below the one that is asked for. Runs in the runtime.
 *
 * By the marks on the groups, which need nothing else to be read; by the records of all containers only if
 * there may be some without marks: of a caller without root's power, and of version 0.1.0.
 */
#include "facts/groups.h"

#include "base/path.h"
#include "sys/boot_id.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* What a record says of a container's groups. */
struct claimed {
	const struct cgroup_record *cgroup; /* NULL: none */
	const char *boot_id;
};

/* Either record alone is enough. A unit's place is known to the status alone. */
static int read_claimed(const struct state_dir *dir, struct arena *arena, struct claimed *ret,
			struct err *e)
{
	struct intent_record *intent;
	struct status_record *status = NULL;

	*ret = (struct claimed){ .cgroup = NULL };
	if (state_read_intent(dir, arena, &intent, e) < 0)
		return -1;
	if (intent && intent->cgroup)
		*ret = (struct claimed){ intent->cgroup, intent->owner.boot_id };
	if (ret->cgroup && !ret->cgroup->unit)
		return 0;
	if (state_read_status(dir, arena, &status, e) < 0)
		return -1;
	if (status && status->cgroup)
		*ret = (struct claimed){ status->cgroup, status->init.boot_id };
	return 0;
}

/* What cannot be looked at is not taken for gone; a state root that has become a file is. */
static bool is_gone(const struct err *e)
{
	return e->kind == ERR_NOT_FOUND || e->kind == ERR_USAGE || e->sys == ENOTDIR;
}

/* --- marks --- */

bool facts_mark_has_record(const struct cgroup_mark *mark)
{
	autoarena arena = { 0 };
	autostatedir dir = STATE_DIR_INIT;
	struct claimed claimed;
	struct err e;

	if (state_open(mark->root, mark->id, false, &dir, &e) < 0)
		return !is_gone(&e);
	if (read_claimed(&dir, &arena, &claimed, &e) < 0)
		return true;
	return claimed.cgroup && str_eq(claimed.cgroup->mark, mark->name);
}

bool facts_mark_counts(const struct cgroup_mark *mark, const char *directory)
{
	return facts_mark_has_record(mark) || cgroup_is_populated(directory);
}

static bool is_known(const struct facts *facts, const char *root, const char *id, int relation)
{
	for (size_t i = 0; i < facts->groups.n; i++) {
		const struct group_facts *group = &facts->groups.v[i];
		if (group->relation == relation && str_eq(group->id, id) &&
		    str_eq(group->root, root))
			return true;
	}
	return false;
}

/* One container has groups in several hierarchies, and is one. */
static void add_group(struct facts *facts, const char *root, const char *id, int relation,
		      struct arena *arena)
{
	struct group_facts *v;

	if (is_known(facts, root, id, relation))
		return;
	v = arena_new_array(arena, struct group_facts, facts->groups.n + 1);
	if (facts->groups.n)
		memcpy(v, facts->groups.v, facts->groups.n * sizeof(*v));
	v[facts->groups.n++] = (struct group_facts){
		.id = arena_strdup(arena, id),
		.root = arena_strdup(arena, root),
		.relation = relation,
	};
	facts->groups.v = v;
}

struct gathering {
	const struct groups_options *options;
	struct arena *arena;
	struct facts *facts;
};

static int found(const struct cgroup_mark *mark, int relation, const char *directory, void *context,
		 struct err *e)
{
	struct gathering *g = context;

	(void)e;
	if ((str_eq(mark->id, g->options->id) && str_eq(mark->root, g->options->root)) ||
	    !facts_mark_counts(mark, directory))
		return 0;
	add_group(g->facts, mark->root, mark->id, relation, g->arena);
	return 0;
}

/* --- records --- */

static bool is_of_this_boot(const char *recorded)
{
	char now[BOOT_ID_SIZE];
	struct err e;

	return !recorded || boot_id(now, &e) < 0 || !boot_is_another(recorded, now);
}

/* NULL: it has no group, or has marked it. */
static int read_unmarked(const struct state_dir *dir, struct arena *arena,
			 const struct cgroup_record **ret, struct err *e)
{
	struct claimed claimed;
	const struct cgroup_record *record;

	*ret = NULL;
	if (read_claimed(dir, arena, &claimed, e) < 0)
		return -1;
	record = claimed.cgroup;
	if (record && !record->mark && record->manage && record->path &&
	    is_of_this_boot(claimed.boot_id))
		*ret = record;
	return 0;
}

struct recorded {
	const struct groups_options *options;
	struct arena *arena;
	void (*found)(const struct recorded *r, const char *root, const char *id,
		      const struct cgroup_record *record);
	void *context;
};

/* A record that is damaged tells nothing; one that cannot be read because something ran out is an error. */
static int consider(const struct recorded *r, const char *root, const char *id, struct err *e)
{
	autostatedir dir = STATE_DIR_INIT;
	const struct cgroup_record *record;

	if (str_eq(root, r->options->root) && str_eq(id, r->options->id))
		return 0;
	if (state_open(root, id, false, &dir, e) < 0 ||
	    read_unmarked(&dir, r->arena, &record, e) < 0)
		return e->kind == ERR_SYSTEM && !is_gone(e) ? -1 : 0;
	if (record)
		r->found(r, root, id, record);
	return 0;
}

/* Those of this state root, and those of other engines by the registry. */
static int look_at_records(const struct recorded *r, struct err *e)
{
	const struct groups_options *options = r->options;
	struct members members;
	struct strlist ids;
	struct err doubt;

	if (state_list(options->root, r->arena, &ids, &doubt, e) < 0 ||
	    registry_all(options->members_directory, r->arena, &members, e) < 0)
		return -1;
	for (size_t i = 0; i < ids.n; i++)
		if (consider(r, options->root, ids.v[i], e) < 0)
			return -1;
	for (size_t i = 0; i < members.n; i++)
		if (!str_eq(members.v[i].root, options->root) &&
		    consider(r, members.v[i].root, members.v[i].id, e) < 0)
			return -1;
	return 0;
}

static void compare_with_asked(const struct recorded *r, const char *root, const char *id,
			       const struct cgroup_record *record)
{
	struct facts *facts = r->context;

	for (size_t i = 0; i < facts->cgroup->hierarchies.n; i++) {
		const struct cgroup_hierarchy_facts *hierarchy = &facts->cgroup->hierarchies.v[i];
		const char *mount = hierarchy->mount_point;
		const char *asked = arena_printf(r->arena, "%s%s", mount, facts->cgroup_path);
		const char *own = arena_printf(r->arena, "%s%s", mount, hierarchy->own_path);

		for (size_t k = 0; k < record->directories.n; k++) {
			const char *directory = record->directories.v[k];

			if (str_eq(directory, asked))
				add_group(facts, root, id, GROUP_SAME, r->arena);
			else if (path_is_below(directory, asked))
				add_group(facts, root, id, GROUP_BELOW, r->arena);
			else if (path_is_below(asked, directory) && !path_is_below(own, directory))
				add_group(facts, root, id, GROUP_ABOVE, r->arena);
		}
	}
}

int facts_groups(const struct groups_options *options, struct arena *arena, struct facts *facts,
		 struct err *e)
{
	struct gathering g = { .options = options, .arena = arena, .facts = facts };
	/* A user's own groups have no marks. */
	bool unmarked = facts->rootless;
	const struct cgroup_owners owners = {
		.found = found,
		.context = &g,
		.unmarked = &unmarked,
	};
	const struct recorded recorded = {
		.options = options,
		.arena = arena,
		.found = compare_with_asked,
		.context = facts,
	};

	facts->groups.n = 0;
	if (!facts->cgroup_path)
		return 0;
	for (size_t i = 0; i < facts->cgroup->hierarchies.n; i++) {
		const struct cgroup_hierarchy_facts *hierarchy = &facts->cgroup->hierarchies.v[i];
		if (cgroup_takes_part(facts->cgroup->layout, hierarchy) &&
		    cgroup_find_owners(hierarchy, facts->cgroup_path, &owners, e) < 0)
			return -1;
	}
	return unmarked ? look_at_records(&recorded, e) : 0;
}

/* --- for the commands of a container without marks --- */

struct others_list {
	const struct cgroup_record *own;
	struct cgroup_others *others;
};

static void add_other(const struct recorded *r, const char *root, const char *id,
		      const char *directory)
{
	const struct others_list *list = r->context;
	struct cgroup_others *others = list->others;
	struct cgroup_other *v;
	struct stat st;

	if (stat(directory, &st) < 0)
		return;
	v = arena_new_array(r->arena, struct cgroup_other, others->n + 1);
	if (others->n)
		memcpy(v, others->v, others->n * sizeof(*v));
	v[others->n++] = (struct cgroup_other){
		.id = arena_strdup(r->arena, id),
		.root = arena_strdup(r->arena, root),
		.device = st.st_dev,
		.inode = st.st_ino,
	};
	others->v = v;
}

static void compare_with_own(const struct recorded *r, const char *root, const char *id,
			     const struct cgroup_record *record)
{
	const struct others_list *list = r->context;

	for (size_t i = 0; i < list->own->directories.n; i++)
		for (size_t k = 0; k < record->directories.n; k++)
			if (path_is_below(record->directories.v[k], list->own->directories.v[i]))
				add_other(r, root, id, record->directories.v[k]);
}

int facts_groups_of_others(const struct groups_options *options, const struct cgroup_record *own,
			   struct arena *arena, struct cgroup_others *ret, struct err *e)
{
	struct others_list list = { .own = own, .others = ret };
	const struct recorded recorded = {
		.options = options,
		.arena = arena,
		.found = compare_with_own,
		.context = &list,
	};

	*ret = (struct cgroup_others){ 0 };
	return own->mark ? 0 : look_at_records(&recorded, e);
}

const char *facts_real_root(const char *root, struct arena *arena)
{
	autofree char *real = realpath(root, NULL);

	return arena_strdup(arena, real ? real : root);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of ordinary files that stands for the cgroups of a container.
 */
#ifndef TESTS_UNIT_CGROUP_FILES_H
#define TESTS_UNIT_CGROUP_FILES_H

#include "cgroup/cgroup.h"

#include "files.h"

#define LEAF "/parent/leaf"

struct fixture {
	struct files files;
	struct cgroup_facts facts;
	struct cgroup_hierarchy_facts hierarchies[4];
	struct plan_cgroup plan;
	struct plan_cgroup_write writes[4];
	struct cgroup_record record; /* of the plan, after describe() */
};

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (files_begin(&f->files) < 0)
		return -1;
	f->facts.hierarchies.v = f->hierarchies;
	f->plan.manage = true;
	f->plan.path = LEAF;
	f->plan.writes.v = f->writes;
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	files_end(&f->files);
	free(f);
	return 0;
}

static inline void assert_content(struct fixture *f, const char *file, const char *expected)
{
	assert_string_equal(files_content(&f->files, file), expected);
}

/* `controllers`: at most two words. */
static inline void add_hierarchy(struct fixture *f, const char *name, bool v2, const char *first,
				 const char *second)
{
	struct cgroup_hierarchy_facts *h = &f->hierarchies[f->facts.hierarchies.n++];

	files_make(&f->files, name);
	h->mount_point = files_path(&f->files, name);
	h->v2 = v2;
	h->controllers.v = arena_new_array(&f->files.arena, char *, 2);
	if (first)
		h->controllers.v[h->controllers.n++] = arena_strdup(&f->files.arena, first);
	if (second)
		h->controllers.v[h->controllers.n++] = arena_strdup(&f->files.arena, second);
}

static inline void describe(struct fixture *f)
{
	cgroup_describe(&f->plan, &f->facts, &f->files.arena, &f->record);
}

/* Two v1 hierarchies, with a cgroup that another program has made in each. */
static inline void make_v1(struct fixture *f)
{
	add_hierarchy(f, "pids", false, "pids", NULL);
	add_hierarchy(f, "memory", false, "memory", NULL);
	files_make(&f->files, "pids" LEAF);
	files_make(&f->files, "memory" LEAF);
	files_put(&f->files, "pids" LEAF "/tasks", "");
	files_put(&f->files, "pids" LEAF "/cgroup.procs", "");
	files_put(&f->files, "pids" LEAF "/pids.max", "max\n");
	files_put(&f->files, "memory" LEAF "/tasks", "");
	files_put(&f->files, "memory" LEAF "/cgroup.procs", "");
	f->plan.layout = CGROUP_V1;
	describe(f);
}

static inline void make_v2(struct fixture *f)
{
	add_hierarchy(f, "unified", true, "pids", "memory");
	files_make(&f->files, "unified" LEAF);
	files_put(&f->files, "unified/cgroup.controllers", "cpu pids memory\n");
	files_put(&f->files, "unified/cgroup.subtree_control", "");
	files_put(&f->files, "unified/parent/cgroup.controllers", "pids memory\n");
	files_put(&f->files, "unified/parent/cgroup.subtree_control", "memory\n");
	files_put(&f->files, "unified" LEAF "/cgroup.controllers", "memory\n");
	files_put(&f->files, "unified" LEAF "/cgroup.procs", "");
	files_put(&f->files, "unified" LEAF "/cgroup.events", "populated 0\nfrozen 0\n");
	files_put(&f->files, "unified" LEAF "/cgroup.type", "domain\n");
	f->plan.layout = CGROUP_V2;
	describe(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose groups are (cgroup/own.h, claim.c, owners.c), on trees of ordinary files with the marks that groups
 * have. What needs the privilege for such a mark skips without it.
 */
#include "cgroup/make.h"
#include "cgroup/mark.h"
#include "cgroup/record.h"

#include "files.h"

#include <signal.h>

struct fixture {
	struct files files;
	struct cgroup_facts facts;
	struct cgroup_hierarchy_facts hierarchy;
	struct plan_cgroup plan;
	struct cgroup_record record;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (files_begin(&f->files) < 0)
		return -1;
	files_make(&f->files, "pids");
	f->hierarchy.mount_point = files_path(&f->files, "pids");
	f->hierarchy.own_path = arena_strdup(&f->files.arena, "/elsewhere");
	f->hierarchy.controllers.v = arena_new_array(&f->files.arena, char *, 1);
	f->hierarchy.controllers.v[f->hierarchy.controllers.n++] =
		arena_strdup(&f->files.arena, "pids");
	f->facts.hierarchies.v = &f->hierarchy;
	f->facts.hierarchies.n = 1;
	f->plan.manage = true;
	f->plan.layout = CGROUP_V1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	files_end(&f->files);
	free(f);
	return 0;
}

static void group(struct fixture *f, const char *path, const char *procs)
{
	struct arena *arena = &f->files.arena;

	files_make(&f->files, arena_printf(arena, "pids%s", path));
	files_put(&f->files, arena_printf(arena, "pids%s/cgroup.procs", path), procs);
	files_put(&f->files, arena_printf(arena, "pids%s/tasks", path), "");
}

static const char *directory_of(struct fixture *f, const char *path)
{
	return files_path(&f->files, arena_printf(&f->files.arena, "pids%s", path));
}

static uint64_t inode_of(struct fixture *f, const char *path)
{
	struct stat st;

	assert_int_equal(stat(directory_of(f, path), &st), 0);
	return st.st_ino;
}

/* `around`: the path of the innermost group around it and the runtime that made it; "": none is known */
static bool set_mark(struct fixture *f, const char *path, const char *name, const char *around,
		     const char *id)
{
	struct cgroup_mark mark = { .root = "/run/state" };

	snprintf(mark.name, sizeof(mark.name), "%s", name);
	mark.around = around[0] ? inode_of(f, around) : 0;
	snprintf(mark.id, sizeof(mark.id), "%s", id);
	autoclose int fd = open(directory_of(f, path), O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && mark_write(fd, &mark, 0) == 0;
}

static void describe(struct fixture *f, const char *path, const char *mark)
{
	f->plan.path = path;
	cgroup_describe(&f->plan, &f->facts, &f->files.arena, &f->record);
	f->record.mark = mark ? arena_strdup(&f->files.arena, mark) : NULL;
}

static bool counts_always(const struct cgroup_mark *mark, const char *directory)
{
	(void)mark;
	(void)directory;
	return true;
}
static bool counts_never(const struct cgroup_mark *mark, const char *directory)
{
	(void)mark;
	(void)directory;
	return false;
}

static int create(struct fixture *f, const char *path, bool exclusive,
		  bool (*counts)(const struct cgroup_mark *mark, const char *directory),
		  struct err *e)
{
	const struct cgroup_claim claim = {
		.name = "mine",
		.id = "me",
		.root = "/run/state",
		.exclusive = exclusive,
		.counts = counts,
	};
	autocgroup cgroup = CGROUP_INIT;

	describe(f, path, "mine");
	return cgroup_create(&f->plan, &f->facts, &claim, &cgroup, e);
}

static bool owner_is(struct fixture *f, const char *path, const char *name)
{
	struct cgroup_mark mark;

	return mark_read_path(directory_of(f, path), &mark) > 0 && str_eq(mark.name, name);
}

static void pids_are(struct fixture *f, const uint32_t *wanted, size_t n)
{
	struct u32list pids;
	struct err e;

	assert_int_equal(cgroup_pids(&f->record, &f->files.arena, &pids, &e), 0);
	assert_int_equal(pids.n, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(pids.v[i], wanted[i]);
}

/* --- */

static void a_mark_is_read_as_it_was_written(void **state)
{
	const struct cgroup_mark mark = { .name = "0123456789abcdef",
					  .around = 18364758544493064720u,
					  .id = "web-1",
					  .root = "/run/a b/containers" };
	const char *const bad[] = { "",
				    "1",
				    "1 a",
				    "1 a - id",
				    "1 a - id root",
				    "1 a - id ",
				    "1  - id /r",
				    "1 a 0 id /r",
				    "1 a xyz id /r",
				    "1 aaaaaaaaaaaaaaaaaaaaaaaaaa - id /r" };
	struct cgroup_mark again;
	autostrbuf text = { 0 };

	(void)state;
	mark_print(&mark, &text);
	assert_string_equal(strbuf_text(&text),
			    "1 0123456789abcdef 18364758544493064720 web-1 /run/a b/containers");
	assert_true(mark_parse(strbuf_text(&text), &again));
	assert_string_equal(again.name, mark.name);
	assert_true(again.around == mark.around);
	assert_string_equal(again.id, mark.id);
	assert_string_equal(again.root, mark.root);
	assert_true(mark_parse("1 a - id /r", &again));
	assert_true(again.around == 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(mark_parse(bad[i], &again));
}

static void what_another_has_marked_below_is_left_out(void **state)
{
	struct fixture *f = *state;
	struct err e;

	group(f, "/g", "11\n");
	group(f, "/g/own", "12\n");
	group(f, "/g/other", "13\n");
	group(f, "/g/other/deep", "14\n");
	group(f, "/g/nested", "15\n");
	group(f, "/g/nested/twice", "16\n");
	if (!set_mark(f, "/g", "mine", "", "me") || !set_mark(f, "/g/other", "else", "", "other") ||
	    !set_mark(f, "/g/nested", "inner", "/g", "in") ||
	    !set_mark(f, "/g/nested/twice", "innermost", "/g/nested", "in"))
		skip();
	describe(f, "/g", "mine");
	pids_are(f, (const uint32_t[]){ 11, 12, 15, 16 }, 4);
	assert_int_equal(cgroup_check_own(&f->record, NULL, &e), 0);
	assert_int_equal(cgroup_check_own(&f->record, "freeze", &e), -1);
	assert_non_null(strstr(e.text, "container other (state root '/run/state')"));
}

/* Whatever is known of the one around: one that version 0.1.0 has made carries no mark. */
static void what_a_runtime_in_a_container_makes_is_part_of_it(void **state)
{
	struct fixture *f = *state;
	struct err e;

	group(f, "/", "1\n");
	group(f, "/old", "11\n");
	group(f, "/old/engine", "12\n");
	group(f, "/old/new", "13\n");
	group(f, "/old/engine/new", "14\n");
	group(f, "/old/engine/new/twice", "15\n");
	group(f, "/old/beside", "16\n");
	if (!set_mark(f, "/old/new", "new1", "/old", "new") ||
	    !set_mark(f, "/old/engine/new", "new2", "/old/engine", "new") ||
	    !set_mark(f, "/old/engine/new/twice", "new3", "/old/engine/new", "new") ||
	    /* its runtime ran in a group above the container */
	    !set_mark(f, "/old/beside", "else", "/", "other"))
		skip();
	describe(f, "/old", NULL);
	pids_are(f, (const uint32_t[]){ 11, 12, 13, 14, 15 }, 5);
	assert_int_equal(cgroup_check_own(&f->record, "freeze", &e), -1);
	assert_non_null(strstr(e.text, "container other"));
	/* a runtime that ran beside a container is not in it */
	describe(f, "/old/engine/new", "new2");
	pids_are(f, (const uint32_t[]){ 14, 15 }, 2);
	assert_true(set_mark(f, "/old/engine/new/twice", "new3", "/old/engine", "new"));
	pids_are(f, (const uint32_t[]){ 14 }, 1);
}

static void each_of_many_nested_engines_has_its_containers(void **state)
{
	enum { ENGINES = 40 };
	struct fixture *f = *state;
	struct arena *arena = &f->files.arena;
	uint32_t wanted[2 * ENGINES];
	struct err e;

	group(f, "/g", "");
	if (!set_mark(f, "/g", "mine", "", "me"))
		skip();
	for (unsigned i = 0; i < ENGINES; i++) {
		const char *engine = arena_printf(arena, "/g/%u", i);
		const char *inner = arena_printf(arena, "/g/%u/inner", i);
		wanted[i] = 100 + i;
		wanted[ENGINES + i] = 200 + i;
		group(f, engine, arena_printf(arena, "%u\n", wanted[i]));
		group(f, inner, arena_printf(arena, "%u\n", wanted[ENGINES + i]));
		assert_true(set_mark(f, engine, arena_printf(arena, "e%u", i), "/g", "engine"));
		assert_true(set_mark(f, inner, arena_printf(arena, "i%u", i), engine, "inner"));
	}
	describe(f, "/g", "mine");
	pids_are(f, wanted, ARRAY_SIZE(wanted));
	assert_int_equal(cgroup_check_own(&f->record, "freeze", &e), 0);
}

static void a_group_with_another_mark_is_anothers(void **state)
{
	struct fixture *f = *state;
	struct err e;

	group(f, "/g", "11\n");
	if (!set_mark(f, "/g", "else", "", "other"))
		skip();
	describe(f, "/g", "mine");
	pids_are(f, NULL, 0);
	assert_int_equal(cgroup_kill(&f->record, 100, &e), 0);
	assert_int_equal(cgroup_signal(&f->record, SIGTERM, &e), 0);
	assert_int_equal(cgroup_pause(&f->record, 100, &e), -1);
	assert_non_null(strstr(e.text, "belongs to container other"));
	assert_int_equal(cgroup_remove(&f->record, 100, &e), 0);
	assert_true(files_has(&f->files, "pids/g"));
	/* neither is it that of a record without a mark */
	describe(f, "/g", NULL);
	pids_are(f, NULL, 0);
}

static void a_process_joins_no_group_of_another(void **state)
{
	static const struct {
		const char *below, *said; /* NULL: it may */
	} rows[] = {
		{ "/own", NULL },
		{ "own/../nested/deep", NULL },
		{ "pids:/nested", NULL },
		{ "/other",
		  "cgroup '/g/other' belongs to container other (state root '/run/state')" },
		{ "own/../other/deep", "cgroup '/g/own/../other' belongs to container other" },
		{ "pids:other/", "cgroup '/g/other' belongs to container other" },
	};
	struct fixture *f = *state;
	struct err e;

	group(f, "/g", "");
	group(f, "/g/own", "");
	group(f, "/g/other", "");
	group(f, "/g/other/deep", "");
	group(f, "/g/nested", "");
	group(f, "/g/nested/deep", "");
	if (!set_mark(f, "/g", "mine", "", "me") || !set_mark(f, "/g/other", "else", "", "other") ||
	    !set_mark(f, "/g/nested", "inner", "/g", "in"))
		skip();
	describe(f, "/g", "mine");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autocgroup cgroup = CGROUP_INIT;
		char *below = arena_strdup(&f->files.arena, rows[i].below);
		const struct strlist list = { .n = 1, .v = &below };
		int rc = cgroup_open(&f->record, &f->facts, &list, &cgroup, &e);
		assert_int_equal(rc, rows[i].said ? -1 : 0);
		if (rows[i].said) {
			assert_int_equal(e.kind, ERR_STATE);
			assert_non_null(strstr(e.text, rows[i].said));
		}
	}
}

static void without_marks_the_path_counts_and_then_other_records(void **state)
{
	struct fixture *f = *state;
	struct cgroup_other other = { .id = "other", .root = "/run/state" };
	struct cgroup_others others = { .n = 1, .v = &other };
	struct stat st;

	group(f, "/g", "11\n");
	group(f, "/g/below", "12\n");
	describe(f, "/g", NULL);
	pids_are(f, (const uint32_t[]){ 11, 12 }, 2);
	assert_int_equal(stat(files_path(&f->files, "pids/g/below"), &st), 0);
	other.device = st.st_dev;
	other.inode = st.st_ino;
	f->record.others = &others;
	pids_are(f, (const uint32_t[]){ 11 }, 1);
	assert_int_equal(stat(files_path(&f->files, "pids/g"), &st), 0);
	other.inode = st.st_ino;
	pids_are(f, NULL, 0);
}

static void a_claim_marks_what_it_makes_and_what_is_there(void **state)
{
	struct fixture *f = *state;
	struct err e;

	group(f, "/g", "");
	if (!set_mark(f, "/g", "gone", "", "other"))
		skip();
	/* a container that means nothing any more */
	assert_int_equal(create(f, "/g", true, counts_never, &e), 0);
	assert_true(owner_is(f, "/g", "mine"));
}

static void a_group_of_another_is_refused_by_an_exclusive_claim(void **state)
{
	struct fixture *f = *state;
	struct err e;

	group(f, "/g", "");
	group(f, "/g/below", "");
	group(f, "/h", "");
	group(f, "/h/below", "");
	if (!set_mark(f, "/g", "else", "", "other") ||
	    !set_mark(f, "/h/below", "else", "", "other"))
		skip();
	assert_int_equal(create(f, "/g", true, counts_always, &e), -1);
	assert_int_equal(e.kind, ERR_POLICY);
	assert_non_null(strstr(e.text, "cgroup '/g' belongs to container other"));
	assert_int_equal(create(f, "/g/below", true, counts_always, &e), -1);
	assert_non_null(strstr(e.text, "cgroup '/g/below' lies in the group of container other"));
	assert_int_equal(create(f, "/h", true, counts_always, &e), -1);
	assert_non_null(strstr(e.text, "cgroup '/h' contains the group of container other"));
	/* what was claimed is given back */
	assert_true(owner_is(f, "/g", "else"));
	assert_false(owner_is(f, "/g/below", "mine"));
	assert_false(owner_is(f, "/h", "mine"));
	assert_int_equal(create(f, "/g", false, counts_always, &e), 0);
	assert_true(owner_is(f, "/g", "mine"));
}

static void a_runtime_in_a_container_may_make_groups_below_it(void **state)
{
	struct fixture *f = *state;
	struct cgroup_mark mark;
	struct err e;

	group(f, "/outer", "11\n");
	group(f, "/outer/new", "");
	if (!set_mark(f, "/outer", "outside", "", "outer"))
		skip();
	assert_int_equal(create(f, "/outer/new", true, counts_always, &e), -1);
	f->hierarchy.own_path = arena_strdup(&f->files.arena, "/outer/engine");
	assert_int_equal(create(f, "/outer/new", true, counts_always, &e), 0);
	assert_int_equal(mark_read_path(files_path(&f->files, "pids/outer/new"), &mark), 1);
	assert_true(mark.around == inode_of(f, "/outer"));
	/* a name that only begins like it */
	group(f, "/outer2", "");
	assert_true(set_mark(f, "/outer2", "outside2", "", "outer2"));
	group(f, "/outer2/new", "");
	assert_int_equal(create(f, "/outer2/new", true, counts_always, &e), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_mark_is_read_as_it_was_written),
		TEST(what_another_has_marked_below_is_left_out),
		TEST(what_a_runtime_in_a_container_makes_is_part_of_it),
		TEST(each_of_many_nested_engines_has_its_containers),
		TEST(a_group_with_another_mark_is_anothers),
		TEST(a_process_joins_no_group_of_another),
		TEST(without_marks_the_path_counts_and_then_other_records),
		TEST(a_claim_marks_what_it_makes_and_what_is_there),
		TEST(a_group_of_another_is_refused_by_an_exclusive_claim),
		TEST(a_runtime_in_a_container_may_make_groups_below_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

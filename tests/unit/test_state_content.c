/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies in a state root: containers, claims that came to nothing, and what others have put there. Only
 * the first are listed and opened, and nothing of others is ever removed. Needs no root.
 */
#include "state/record.h"
#include "state/state.h"

#include "os/io.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>
#undef fail /* of cmocka; ours makes errors */

struct fixture {
	char root[64];
	struct arena arena;
};

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status, (void)type, (void)walk;
	return remove(path);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->root, sizeof(f->root), "/tmp/distro-shim-content.XXXXXX");
	if (!mkdtemp(f->root))
		return -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	nftw(f->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	arena_release(&f->arena);
	free(f);
	return 0;
}

static const char *in_root(struct fixture *f, const char *name)
{
	return arena_printf(&f->arena, "%s/%s", f->root, name);
}

static void make_directory(struct fixture *f, const char *name, mode_t mode)
{
	assert_int_equal(mkdir(in_root(f, name), 0700), 0);
	assert_int_equal(chmod(in_root(f, name), mode), 0);
}

static void make_file(struct fixture *f, const char *name)
{
	autoclose int fd = open(in_root(f, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
}

static bool exists(struct fixture *f, const char *name)
{
	struct stat status;

	return lstat(in_root(f, name), &status) == 0;
}

/* The kind of error that opening ends with; ERR_NONE: opened. */
static int opening(struct fixture *f, const char *id, struct err *e)
{
	int kinds[2];

	for (int lock = 0; lock <= 1; lock++) {
		autostatedir dir = STATE_DIR_INIT;
		e->kind = ERR_NONE;
		(void)!state_open(f->root, id, lock, &dir, e);
		kinds[lock] = (int)e->kind;
	}
	assert_int_equal(kinds[0], kinds[1]);
	return kinds[0];
}

static bool is_listed(struct fixture *f, const char *id)
{
	struct err doubt, e;
	struct strlist list;
	bool found = false;

	assert_int_equal(state_list(f->root, &f->arena, &list, &doubt, &e), 0);
	assert_int_equal(doubt.kind, ERR_NONE);
	for (size_t i = 0; i < list.n; i++)
		found |= str_eq(list.v[i], id);
	return found;
}

static const struct {
	const char *id, *file;
	mode_t mode;
	const char *why; /* in the error */
} foreign[] = {
	{ "lost+found", NULL, 0700, "belongs to the file system" },
	{ "of-runc", "state.json", 0711, "holds the state of another runtime (state.json)" },
	{ "of-crun", "status", 0700, "holds the state of another runtime (status)" },
	{ "notes", "notes.txt", 0700, "holds 'notes.txt'" },
	{ "bundle", "config.json", 0755, "holds no record of a container" },
	{ "terminal", "\x1b[31m", 0700, "holds '?'" },
};

static void make_foreign(struct fixture *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		make_directory(f, foreign[i].id, foreign[i].mode);
		if (foreign[i].file)
			make_file(f,
				  arena_printf(&f->arena, "%s/%s", foreign[i].id, foreign[i].file));
	}
	/* crun has a file of a name of ours as well */
	make_file(f, "of-crun/config.json");
}

static void what_is_anothers_is_not_a_container(void **state)
{
	struct fixture *f = *state;
	struct err e;

	make_foreign(f);
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		const char *id = foreign[i].id;
		assert_false(is_listed(f, id));
		assert_int_equal(opening(f, id, &e), ERR_NOT_FOUND);
		assert_int_equal(e.sys, 0);
		assert_ptr_equal(strstr(e.text, "container does not exist: "), e.text);
		assert_non_null(strstr(e.text, foreign[i].why));
	}
}

static void what_is_anothers_is_neither_claimed_nor_removed(void **state)
{
	struct fixture *f = *state;
	struct err e;

	make_foreign(f);
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		autostatedir dir = STATE_DIR_INIT;
		const char *id = foreign[i].id;
		assert_int_equal(state_claim(f->root, id, &dir, &e), -1);
		assert_int_equal(e.kind, ERR_STATE);
		assert_non_null(strstr(e.text, "container with given ID already exists"));
		assert_int_equal(state_discard_empty(f->root, id, &e), -1);
		assert_true(exists(f, id));
	}
	assert_true(exists(f, "of-runc/state.json"));
	assert_true(exists(f, "notes/notes.txt"));
}

static void files_and_links_are_not_containers(void **state)
{
	struct fixture *f = *state;
	struct err e;

	make_file(f, "file");
	make_directory(f, "c", 0700);
	make_file(f, "c/" STATE_INTENT);
	assert_int_equal(symlink("c", in_root(f, "link")), 0);
	for (int i = 0; i < 2; i++) {
		const char *id = i ? "link" : "file";
		assert_false(is_listed(f, id));
		assert_int_equal(opening(f, id, &e), ERR_NOT_FOUND);
		assert_int_equal(state_discard_empty(f->root, id, &e), -1);
		assert_true(exists(f, id));
	}
	assert_true(is_listed(f, "c"));
}

static void any_record_of_ours_makes_a_container_whatever_it_is(void **state)
{
	struct fixture *f = *state;
	struct err e;

	make_directory(f, "intent", 0700);
	make_file(f, "intent/" STATE_INTENT);
	make_directory(f, "directory", 0700);
	make_directory(f, "directory/" STATE_STATUS, 0700);
	make_directory(f, "with-stranger", 0700);
	make_file(f, "with-stranger/" STATE_STATUS);
	make_file(f, "with-stranger/state.json");
	make_directory(f, "config", 0700);
	make_file(f, "config/" STATE_CONFIG);
	static const char *const ids[] = { "intent", "directory", "with-stranger", "config" };
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		autostatedir dir = STATE_DIR_INIT;
		assert_true(is_listed(f, ids[i]));
		assert_int_equal(opening(f, ids[i], &e), ERR_NONE);
		assert_int_equal(state_claim(f->root, ids[i], &dir, &e), -1);
		assert_int_equal(state_discard_empty(f->root, ids[i], &e), -1);
	}
}

static void an_empty_directory_is_taken_over_and_can_be_discarded(void **state)
{
	struct fixture *f = *state;
	autostatedir dir = STATE_DIR_INIT;
	struct stat status;
	struct err e;

	/* What a creator leaves that is killed at once; others make theirs with another mode. */
	for (int i = 0; i < 3; i++) {
		make_directory(f, "one", i == 1 ? 0755 : 0700);
		if (i == 2)
			make_file(f, "one/.config.json.17.0");
		assert_false(is_listed(f, "one"));
		assert_int_equal(opening(f, "one", &e), ERR_NOT_FOUND);
		assert_non_null(strstr(e.text, "is an empty directory"));
		assert_int_equal(state_discard_empty(f->root, "one", &e), 0);
		assert_false(exists(f, "one"));
	}
	assert_int_equal(state_discard_empty(f->root, "one", &e), 0);

	make_directory(f, "one", 0755);
	assert_int_equal(state_claim(f->root, "one", &dir, &e), 0);
	assert_true(dir.locked);
	assert_int_equal(fstat(dir.fd, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	state_dir_release(&dir);
	/* Another name is not special. */
	assert_int_equal(state_claim(f->root, "lost+found", &dir, &e), 0);
}

static void an_empty_directory_that_is_locked_is_in_use(void **state)
{
	struct fixture *f = *state;
	autostatedir first = STATE_DIR_INIT, second = STATE_DIR_INIT;
	struct err e;

	assert_int_equal(state_claim(f->root, "one", &first, &e), 0);
	assert_int_equal(state_claim(f->root, "one", &second, &e), -1);
	assert_string_equal(e.text, "container with given ID already exists: one");
	assert_int_equal(state_discard_empty(f->root, "one", &e), -1);
	assert_true(exists(f, "one"));
}

/* An answer is right, or it is an error, however few descriptors there are. */
static void few_descriptors_make_no_answer(void **state)
{
	struct fixture *f = *state;
	int failures = 0;

	make_directory(f, "c", 0700);
	make_file(f, "c/" STATE_STATUS);
	make_directory(f, "foreign", 0700);
	for (rlim_t limit = 0; limit < 40; limit++) {
		pid_t child = fork();
		int code;
		assert_true(child >= 0);
		if (child == 0) {
			struct rlimit few = { limit, limit };
			struct strlist list = { 0 };
			struct err doubt, e;
			setrlimit(RLIMIT_NOFILE, &few);
			if (state_list(f->root, &f->arena, &list, &doubt, &e) < 0 ||
			    doubt.kind != ERR_NONE)
				_exit(1);
			_exit(list.n == 1 && str_eq(list.v[0], "c") ? 0 : 2);
		}
		assert_int_equal(waitpid(child, &code, 0), child);
		assert_true(WIFEXITED(code));
		assert_int_not_equal(WEXITSTATUS(code), 2);
		failures += WEXITSTATUS(code) == 1;
	}
	assert_in_range(failures, 1, 39);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_anothers_is_not_a_container),
		TEST(what_is_anothers_is_neither_claimed_nor_removed),
		TEST(files_and_links_are_not_containers),
		TEST(any_record_of_ours_makes_a_container_whatever_it_is),
		TEST(an_empty_directory_is_taken_over_and_can_be_discarded),
		TEST(an_empty_directory_that_is_locked_is_in_use),
		TEST(few_descriptors_make_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

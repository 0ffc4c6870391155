/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a removal of a state directory removes, and what stops it. Needs no root.
 */
#include "state_fixture.h"

#include "state/record.h"
#include "state/state.h"

#include <sys/resource.h>
#include <sys/stat.h>

static void fill(struct fixture *f, struct state_dir *dir)
{
	struct intent_record intent = example_intent(f);
	struct status_record status = example_status(f);
	struct err e;

	assert_int_equal(state_write_intent(dir, &intent, &e), 0);
	assert_int_equal(state_write_status(dir, &status, &e), 0);
	write_at(dir->fd, STATE_CONFIG, "{}", 2);
	write_at(dir->fd, STATE_REQUEST, "{}", 2);
	write_at(dir->fd, STATE_START_SOCKET, "", 0);
}

static void a_removal_takes_all_that_the_program_has_made(void **state)
{
	struct fixture *f = *state;
	autostatedir dir = STATE_DIR_INIT, again = STATE_DIR_INIT;
	struct err e;

	claim(f, &dir);
	fill(f, &dir);
	write_at(dir.fd, ".status.json.123.0", "{", 1);
	write_at(dir.fd, ".intent.json.1.999", "", 0);
	assert_int_equal(state_remove(&dir, &e), 0);
	assert_false(exists(in_base(f, "root/one")));
	assert_int_equal(state_remove(&dir, &e), 0);
	assert_int_equal(state_claim(f->root, "one", &again, &e), 0);
}

static void a_stranger_in_the_directory_stops_the_removal_before_it_begins(void **state)
{
	struct fixture *f = *state;
	static const char *const strangers[] = { "notes", ".status.json", ".other.json.1.0",
						 "status.json.bak" };
	autostatedir dir = STATE_DIR_INIT;
	struct err e;

	claim(f, &dir);
	fill(f, &dir);
	for (size_t i = 0; i < ARRAY_SIZE(strangers); i++) {
		write_at(dir.fd, strangers[i], "", 0);
		assert_int_equal(state_remove(&dir, &e), -1);
		assert_int_equal(e.kind, ERR_STATE);
		assert_non_null(strstr(e.text, strangers[i]));
		assert_true(exists(in_base(f, "root/one/status.json")));
		assert_true(exists(in_base(f, "root/one/intent.json")));
		assert_int_equal(unlinkat(dir.fd, strangers[i], 0), 0);
	}
	assert_int_equal(state_remove(&dir, &e), 0);
}

static void a_removal_never_leaves_its_directory(void **state)
{
	struct fixture *f = *state;
	autostatedir dir = STATE_DIR_INIT;
	struct err e;

	claim(f, &dir);
	fill(f, &dir);
	/* Another process swaps ROOT/one for a link, then for another container's directory. */
	assert_int_equal(rename(in_base(f, "root/one"), in_base(f, "out")), 0);
	assert_int_equal(symlink(in_base(f, "out"), in_base(f, "root/one")), 0);
	assert_int_equal(state_remove(&dir, &e), -1);
	assert_true(exists(in_base(f, "out/status.json")));
	assert_int_equal(unlink(in_base(f, "root/one")), 0);
	assert_int_equal(mkdir(in_base(f, "root/one"), 0700), 0);
	assert_int_equal(state_remove(&dir, &e), -1);
	assert_true(exists(in_base(f, "root/one")));
	assert_true(exists(in_base(f, "out/status.json")));
}

static void a_removal_needs_no_descriptor(void **state)
{
	struct fixture *f = *state;
	autostatedir dir = STATE_DIR_INIT;
	struct err e;

	claim(f, &dir);
	fill(f, &dir);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct rlimit none = { 0, 0 };
		setrlimit(RLIMIT_NOFILE, &none);
		_exit(state_remove(&dir, &e) == 0 ? 0 : 1);
	}
	assert_int_equal(exit_code(child), 0);
	assert_false(exists(in_base(f, "root/one")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_removal_takes_all_that_the_program_has_made),
		TEST(a_stranger_in_the_directory_stops_the_removal_before_it_begins),
		TEST(a_removal_never_leaves_its_directory),
		TEST(a_removal_needs_no_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State directories on a real file system: who wins a claim, what a lock promises, what is listed. Needs no root.
 */
#include "state_fixture.h"

#include "state/record.h"
#include "state/state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

static void of_forty_racers_one_wins(void **state)
{
	struct fixture *f = *state;
	pid_t racers[40];
	int winners = 0, losers = 0;
	int go[2];

	assert_int_equal(pipe(go), 0);
	for (size_t i = 0; i < ARRAY_SIZE(racers); i++) {
		racers[i] = fork();
		assert_true(racers[i] >= 0);
		if (racers[i] == 0) {
			struct state_dir dir = STATE_DIR_INIT;
			struct err e = { 0 };
			char c;
			close(go[1]);
			(void)!read(go[0], &c, 1);
			if (state_claim(f->root, "one", &dir, &e) == 0) {
				/* An empty one that is not locked is free for the next. */
				write_at(dir.fd, STATE_INTENT, "{", 1);
				_exit(0);
			}
			bool as_expected =
				e.kind == ERR_STATE && strstr(e.text, "already exists: one");
			_exit(as_expected ? 1 : 2);
		}
	}
	close(go[0]);
	close(go[1]);
	for (size_t i = 0; i < ARRAY_SIZE(racers); i++) {
		int code = exit_code(racers[i]);
		winners += code == 0;
		losers += code == 1;
	}
	assert_int_equal(winners, 1);
	assert_int_equal(losers, 39);
}

/* One turn at the id: claim it or delete it. False where two hold it, or a claim is not new. */
static bool take_a_turn(struct fixture *f, const char *witness, bool deletes, bool keeps)
{
	autostatedir dir = STATE_DIR_INIT;
	struct stat status;
	struct err e;
	int rc = deletes ? state_open(f->root, "one", true, &dir, &e)
			 : state_claim(f->root, "one", &dir, &e);

	if (rc < 0)
		return true;
	autoclose int mark = open(witness, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (mark < 0)
		return false;
	if (!deletes) {
		if (fstatat(dir.fd, STATE_INTENT, &status, 0) == 0)
			return false;
		write_at(dir.fd, STATE_INTENT, "{", 1);
	}
	if (unlink(witness) < 0)
		return false;
	return keeps || state_remove(&dir, &e) == 0;
}

/* Claimers and deleters of one id: none ever holds a directory that another holds too, and who claims
 * gets a directory that no other has claimed. */
static void claims_and_removals_of_one_id_never_overlap(void **state)
{
	struct fixture *f = *state;
	pid_t workers[8];
	const char *witness = in_base(f, "witness");

	for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
		workers[i] = fork();
		assert_true(workers[i] >= 0);
		if (workers[i] > 0)
			continue;
		for (int round = 0; round < 400; round++) {
			bool deletes = (round + (int)i) % 2 == 0;
			if (!take_a_turn(f, witness, deletes, !deletes))
				_exit(1);
		}
		_exit(0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(workers); i++)
		assert_int_equal(exit_code(workers[i]), 0);
}

static void a_claim_is_locked_and_private(void **state)
{
	struct fixture *f = *state;
	autostatedir dir = STATE_DIR_INIT;
	struct err e;

	assert_int_equal(state_claim(f->root, "one", &dir, &e), 0);
	assert_true(dir.locked);
	assert_string_equal(dir.id, "one");
	assert_string_equal(dir.root, f->root);
	assert_int_equal(mode_of(in_base(f, "root/one")), 0700);

	autoclose int other = openat(dir.root_fd, "one", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	state_unlock(&dir);
	assert_false(dir.locked);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
}

static void a_taken_id_is_said_to_exist(void **state)
{
	struct fixture *f = *state;
	autostatedir first = STATE_DIR_INIT, second = STATE_DIR_INIT;
	struct err e;

	assert_int_equal(state_claim(f->root, "one", &first, &e), 0);
	assert_int_equal(state_claim(f->root, "one", &second, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
	assert_string_equal(e.text, "container with given ID already exists: one");
	assert_int_equal(second.fd, -1);
	assert_int_equal(state_claim(f->root, "a/b", &second, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
}

static void a_claim_that_fails_for_lack_of_descriptors_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	int failures = 0;

	assert_int_equal(mkdir(f->root, 0700), 0);
	for (rlim_t limit = 0; limit < 40; limit++) {
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			struct rlimit few = { limit, limit };
			struct state_dir dir = STATE_DIR_INIT;
			struct err e;
			setrlimit(RLIMIT_NOFILE, &few);
			_exit(state_claim(f->root, "one", &dir, &e) == 0 ? 0 : 1);
		}
		bool claimed = exit_code(child) == 0;
		assert_int_equal(rmdir(in_base(f, "root/one")), claimed ? 0 : -1);
		failures += !claimed;
	}
	assert_in_range(failures, 1, 39);
}

static void a_missing_container_does_not_exist(void **state)
{
	struct fixture *f = *state;
	autostatedir dir = STATE_DIR_INIT;
	struct err e;

	assert_int_equal(state_open(f->root, "one", true, &dir, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_string_equal(e.text, "container does not exist: one");
	assert_false(exists(f->root));
	assert_int_equal(mkdir(f->root, 0700), 0);
	assert_int_equal(state_open(f->root, "one", false, &dir, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_string_equal(e.text, "container does not exist: one");
}

static void a_state_directory_that_is_a_symlink_is_refused(void **state)
{
	struct fixture *f = *state;
	autostatedir dir = STATE_DIR_INIT;
	struct err e;

	assert_int_equal(mkdir(f->root, 0700), 0);
	assert_int_equal(mkdir(in_base(f, "out"), 0700), 0);
	write_at(AT_FDCWD, in_base(f, "out/status.json"), "{}", 2);
	assert_int_equal(symlink(in_base(f, "out"), in_base(f, "root/one")), 0);
	for (int lock = 0; lock <= 1; lock++) {
		assert_int_equal(state_open(f->root, "one", lock, &dir, &e), -1);
		assert_int_equal(e.kind, ERR_NOT_FOUND);
		assert_int_equal(e.sys, 0);
		assert_non_null(strstr(e.text, "is not a directory"));
	}
	assert_int_equal(state_claim(f->root, "one", &dir, &e), -1);
	assert_true(exists(in_base(f, "out/status.json")));
}

static void a_state_directory_that_others_can_write_is_refused(void **state)
{
	struct fixture *f = *state;
	autostatedir dir = STATE_DIR_INIT;
	struct err e;

	assert_int_equal(mkdir(f->root, 0700), 0);
	assert_int_equal(mkdir(in_base(f, "root/one"), 0700), 0);
	assert_int_equal(chmod(in_base(f, "root/one"), 0777), 0);
	assert_int_equal(state_open(f->root, "one", false, &dir, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "can be written by others"));
	/* With a record in it, it is a container that must not be believed, and not none. */
	write_at(AT_FDCWD, in_base(f, "root/one/status.json"), "{}", 2);
	assert_int_equal(state_open(f->root, "one", false, &dir, &e), -1);
	assert_int_equal(e.kind, ERR_SYSTEM);
	assert_non_null(strstr(e.text, "can be written by others"));
}

/* What a second command finds after it has waited for the first, which does `after_wait` meanwhile. */
enum meanwhile { RELEASES, REMOVES, REPLACES };

static int open_after_holder(struct fixture *f, enum meanwhile what, struct err *e)
{
	autostatedir dir = STATE_DIR_INIT;
	struct err ignored;
	int ready[2];
	char c;

	assert_int_equal(pipe(ready), 0);
	pid_t holder = fork();
	assert_true(holder >= 0);
	if (holder == 0) {
		struct state_dir own = STATE_DIR_INIT;
		if (state_claim(f->root, "one", &own, &ignored) < 0)
			_exit(1);
		write_at(own.fd, STATE_INTENT, "{", 1);
		(void)!write(ready[1], "x", 1);
		sleep_ms(200);
		if (what == REMOVES && state_remove(&own, &ignored) < 0)
			_exit(2);
		if (what == REPLACES && (renameat(own.root_fd, "one", own.root_fd, "old") < 0 ||
					 mkdirat(own.root_fd, "one", 0700) < 0))
			_exit(3);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	int rc = state_open(f->root, "one", true, &dir, e);
	assert_int_equal(exit_code(holder), 0);
	return rc;
}

static void an_open_waits_for_the_lock(void **state)
{
	struct fixture *f = *state;
	struct timespec begin, end;
	struct err e;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	assert_int_equal(open_after_holder(f, RELEASES, &e), 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	int64_t ms = (end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000;
	assert_true(ms >= 150);
}

static void a_container_deleted_while_one_waits_does_not_exist(void **state)
{
	struct fixture *f = *state;
	struct err e;

	assert_int_equal(open_after_holder(f, REMOVES, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_string_equal(e.text, "container does not exist: one");
	assert_int_equal(open_after_holder(f, REPLACES, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
}

static void the_wait_for_a_lock_ends(void **state)
{
	struct fixture *f = *state;
	autostatedir first = STATE_DIR_INIT, second = STATE_DIR_INIT;
	struct timespec begin, end;
	struct err e;

	assert_int_equal(state_claim(f->root, "one", &first, &e), 0);
	write_at(first.fd, STATE_INTENT, "{", 1);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	assert_int_equal(state_open(f->root, "one", true, &second, &e), -1);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_int_equal(e.kind, ERR_STATE);
	assert_non_null(strstr(e.text, "busy"));
	assert_in_range(end.tv_sec - begin.tv_sec, 9, 12);
	/* Looking on does not need the lock. */
	assert_int_equal(state_open(f->root, "one", false, &second, &e), 0);
	assert_false(second.locked);
}

/* With a record of ours, which is what tells a container. */
static void make_listed(struct fixture *f, const char *name)
{
	const char *directory = arena_printf(&f->arena, "%s/%s", f->root, name);

	assert_int_equal(mkdir(directory, 0700), 0);
	write_at(AT_FDCWD, arena_printf(&f->arena, "%s/" STATE_INTENT, directory), "{", 1);
}

static void a_list_is_sorted_and_has_state_directories_only(void **state)
{
	struct fixture *f = *state;
	static const char *const directories[] = { "c", "a", "b-1", ".hidden", "-x", "a b" };
	struct strlist list;
	struct err doubt, e;

	assert_int_equal(state_list(f->root, &f->arena, &list, &doubt, &e), 0);
	assert_int_equal(list.n, 0);
	assert_int_equal(mkdir(f->root, 0700), 0);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		make_listed(f, directories[i]);
	write_at(AT_FDCWD, in_base(f, "root/file"), "", 0);
	assert_int_equal(symlink("a", in_base(f, "root/link")), 0);
	assert_int_equal(state_list(f->root, &f->arena, &list, &doubt, &e), 0);
	assert_int_equal(doubt.kind, ERR_NONE);
	assert_int_equal(list.n, 3);
	assert_string_equal(list.v[0], "a");
	assert_string_equal(list.v[1], "b-1");
	assert_string_equal(list.v[2], "c");

	for (int i = 0; i < 100; i++)
		make_listed(f, arena_printf(&f->arena, "n%d", i));
	assert_int_equal(state_list(f->root, &f->arena, &list, &doubt, &e), 0);
	assert_int_equal(list.n, 103);
	assert_int_equal(chmod(f->root, 0777), 0);
	assert_int_equal(state_list(f->root, &f->arena, &list, &doubt, &e), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(of_forty_racers_one_wins),
		TEST(claims_and_removals_of_one_id_never_overlap),
		TEST(a_claim_is_locked_and_private),
		TEST(a_taken_id_is_said_to_exist),
		TEST(a_claim_that_fails_for_lack_of_descriptors_leaves_nothing),
		TEST(a_missing_container_does_not_exist),
		TEST(a_state_directory_that_is_a_symlink_is_refused),
		TEST(a_state_directory_that_others_can_write_is_refused),
		TEST(an_open_waits_for_the_lock),
		TEST(a_container_deleted_while_one_waits_does_not_exist),
		TEST(the_wait_for_a_lock_ends),
		TEST(a_list_is_sorted_and_has_state_directories_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State directories and records on a real file system: who wins a claim, what a lock promises, what is
 * left readable after a crash, what a removal removes. Needs no root; one test does more as root.
 */
#include "state/record.h"
#include "state/state.h"

#include "os/io.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>
#undef fail /* of cmocka; ours makes errors */

/* STOP(), which needs the fail() of cmocka */
#define STOP(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

struct fixture {
	char base[64]; /* a directory of the test's own */
	char root[96]; /* of state directories, in it; not made */
	struct arena arena;
};

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->base, sizeof(f->base), "/tmp/distro-shim-state.XXXXXX");
	if (!mkdtemp(f->base))
		return -1;
	snprintf(f->root, sizeof(f->root), "%s/root", f->base);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	nftw(f->base, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	arena_release(&f->arena);
	free(f);
	return 0;
}

static char *in_base(struct fixture *f, const char *name)
{
	return arena_printf(&f->arena, "%s/%s", f->base, name);
}

static void write_at(int dirfd, const char *name, const void *data, size_t length)
{
	autoclose int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, length), (ssize_t)length);
}

static bool exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

static mode_t mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	return status.st_mode & 07777;
}

static void sleep_ms(long ms)
{
	struct timespec wait = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&wait, NULL);
}

static int exit_code(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* --- ids and roots --- */

static void ids_that_are_file_names_and_no_options_are_accepted(void **state)
{
	(void)state;
	static const char *const good[] = { "a", "0", "_", "+", "a.b", "a-b", "A_9+.-", "a..b" };
	char longest[STATE_ID_MAX + 1];
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(state_check_id(good[i], &e), 0);
	memset(longest, 'x', STATE_ID_MAX);
	longest[STATE_ID_MAX] = '\0';
	assert_int_equal(state_check_id(longest, &e), 0);
}

static void other_ids_are_refused_without_being_repeated(void **state)
{
	(void)state;
	static const char *const bad[] = { "",       ".",   "..",     "a/b",      "-x",
					   "--root", "a\n", "\x1b[0", "\xc3\xa9", "a b",
					   "%s",     "/",   "../a",   ".hidden" };
	char too_long[STATE_ID_MAX + 2];
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(state_check_id(bad[i], &e), -1);
		assert_int_equal(e.kind, ERR_USAGE);
		assert_null(strchr(e.text, '\x1b'));
		assert_null(strchr(e.text, '\n'));
	}
	memset(too_long, 'x', STATE_ID_MAX + 1);
	too_long[STATE_ID_MAX + 1] = '\0';
	assert_int_equal(state_check_id(too_long, &e), -1);
	assert_non_null(strstr(e.text, "200"));
	assert_int_equal(state_check_id(NULL, &e), -1);
}

static void a_rootless_caller_has_a_root_of_its_own(void **state)
{
	struct fixture *f = *state;

	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	assert_string_equal(state_default_root(true, &f->arena),
			    "/run/user/7/distro-shim/containers");
	assert_string_equal(state_default_root(false, &f->arena), "/run/distro-shim/containers");
	setenv("XDG_RUNTIME_DIR", "", 1);
	assert_string_equal(state_default_root(true, &f->arena), "/run/distro-shim/containers");
	setenv("XDG_RUNTIME_DIR", "relative", 1);
	assert_string_equal(state_default_root(true, &f->arena), "/run/distro-shim/containers");
	unsetenv("XDG_RUNTIME_DIR");
	assert_string_equal(state_default_root(true, &f->arena), "/run/distro-shim/containers");
}

static void a_missing_root_is_made_only_when_asked(void **state)
{
	struct fixture *f = *state;
	const char *path = in_base(f, "one/two/root/");
	autoclose int fd = -1;
	struct err e;

	assert_int_equal(state_root_open(path, false, &fd, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_int_equal(fd, -1);
	assert_false(exists(in_base(f, "one")));

	mode_t old = umask(0);
	assert_int_equal(state_root_open(path, true, &fd, &e), 0);
	umask(old);
	assert_true(fd >= 0);
	assert_int_equal(mode_of(in_base(f, "one/two")), 0755);
	assert_int_equal(mode_of(in_base(f, "one/two/root")), 0700);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

static void roots_of_engines_are_accepted(void **state)
{
	struct fixture *f = *state;
	static const mode_t modes[] = { 0700, 0711, 0755, 0750 };
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		autoclose int fd = -1;
		mkdir(f->root, 0700);
		assert_int_equal(chmod(f->root, modes[i]), 0);
		assert_int_equal(state_root_open(f->root, true, &fd, &e), 0);
		assert_int_equal(mode_of(f->root), modes[i]);
	}
}

static void a_root_that_others_can_write_is_refused(void **state)
{
	struct fixture *f = *state;
	static const mode_t modes[] = { 0777, 01777, 0770, 0702 };
	int fd = -1;
	struct err e;

	assert_int_equal(mkdir(f->root, 0700), 0);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		assert_int_equal(chmod(f->root, modes[i]), 0);
		assert_int_equal(state_root_open(f->root, true, &fd, &e), -1);
		assert_non_null(strstr(e.text, f->root));
	}
	assert_int_equal(chmod(f->root, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(f->root, 12345, 0), 0);
		assert_int_equal(state_root_open(f->root, true, &fd, &e), -1);
		assert_non_null(strstr(e.text, "12345"));
	}
	assert_int_equal(fd, -1);
}

static void a_root_that_is_a_symlink_or_a_file_is_refused(void **state)
{
	struct fixture *f = *state;
	int fd = -1;
	struct err e;

	assert_int_equal(mkdir(in_base(f, "else"), 0700), 0);
	assert_int_equal(symlink(in_base(f, "else"), in_base(f, "link")), 0);
	assert_int_equal(symlink(in_base(f, "nowhere"), in_base(f, "dangling")), 0);
	write_at(AT_FDCWD, in_base(f, "file"), "", 0);
	static const char *const names[] = { "link", "link/", "link//", "dangling", "file" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(state_root_open(in_base(f, names[i]), true, &fd, &e), -1);
	assert_false(exists(in_base(f, "nowhere")));
	assert_int_equal(state_root_open("", true, &fd, &e), -1);
	/* A link on the way is the administrator's own (/var/run). */
	assert_int_equal(state_root_open(in_base(f, "link/root"), true, &fd, &e), 0);
	close(fd);
}

/* --- claims and locks --- */

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

/* Claimers and deleters of one id: nobody ever holds a directory that another holds too, and who claims
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

static void a_claim_that_fails_for_want_of_descriptors_leaves_nothing(void **state)
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

/* --- records --- */

static struct cgroup_record *example_cgroup(struct fixture *f)
{
	struct cgroup_record *cgroup = arena_new(&f->arena, struct cgroup_record);

	cgroup->manage = true;
	cgroup->layout = CGROUP_V1;
	cgroup->path = arena_strdup(&f->arena, "/distro-shim/one");
	cgroup->directories.n = 1;
	cgroup->directories.v = arena_new_array(&f->arena, char *, 1);
	cgroup->directories.v[0] = arena_strdup(&f->arena, "/sys/fs/cgroup/pids/distro-shim/one");
	return cgroup;
}

static struct intent_record example_intent(struct fixture *f)
{
	return (struct intent_record){
		.version = STATE_VERSION,
		.id = arena_strdup(&f->arena, "one"),
		.owner = { 17, 4711, arena_strdup(&f->arena, "boot") },
		.cgroup = example_cgroup(f),
		.bundle = arena_strdup(&f->arena, "/bundle"),
	};
}

static struct status_record example_status(struct fixture *f)
{
	struct status_record status = {
		.version = STATE_VERSION,
		.id = arena_strdup(&f->arena, "one"),
		.oci_version = arena_strdup(&f->arena, "1.2.1"),
		.phase = PHASE_CREATED,
		.init = { 18, UINT64_MAX, arena_strdup(&f->arena, "boot") },
		.bundle = arena_strdup(&f->arena, "/bundle"),
		.rootfs = arena_strdup(&f->arena, "/bundle/rootfs"),
		.created = arena_strdup(&f->arena, "2026-01-02T03:04:05.000000006Z"),
		.owner = 0,
		.network = NETWORK_LATE,
		.network_path = arena_strdup(&f->arena, "/run/netns/distros"),
		.network_cookie = UINT64_C(9223372036854775809),
		.cgroup = example_cgroup(f),
		.policy = policy_default(&f->arena, NULL),
		.terminal = true,
		.no_new_keyring = true,
		.poststop = true,
	};
	static struct strpair pairs[2];
	static struct decision decision;

	pairs[0].key = arena_strdup(&f->arena, "a \"b\" }]");
	pairs[0].value = arena_strdup(&f->arena, "\\{[");
	pairs[1].key = arena_strdup(&f->arena, "empty");
	pairs[1].value = arena_strdup(&f->arena, "");
	status.annotations.n = 2;
	status.annotations.v = pairs;
	decision = (struct decision){ .rule = arena_strdup(&f->arena, "network.requested.host"),
				      .action = DECISION_REWRITE,
				      .path = arena_strdup(&f->arena, "/linux/namespaces/1"),
				      .before = arena_strdup(&f->arena, "{\"type\":\"network\"}"),
				      .after = NULL,
				      .why = arena_strdup(&f->arena, "because") };
	status.decisions.n = 1;
	status.decisions.v = &decision;
	return status;
}

static void hooks_and_agents_get_the_state_of_the_record(void **state)
{
	struct fixture *f = *state;
	const struct status_record record = example_status(f);
	const struct oci_state given = oci_state_of_status(&record, "running");
	auto_json_out out = json_out_new(false);
	const char *text;
	size_t length;
	struct err e;

	oci_state_encode(&given, out);
	assert_int_equal(json_out_finish(out, &text, &length, &e), 0);
	assert_string_equal(text,
			    "{\"ociVersion\":\"1.2.1\",\"id\":\"one\",\"status\":\"running\","
			    "\"pid\":18,\"bundle\":\"/bundle\","
			    "\"annotations\":{\"a \\\"b\\\" }]\":\"\\\\{[\",\"empty\":\"\"}}");
	/* what `state` alone has, although the record knows it */
	assert_null(given.rootfs);
	assert_null(given.created);
	assert_null(given.owner);
}

static void claim(struct fixture *f, struct state_dir *dir)
{
	struct err e;

	if (state_claim(f->root, "one", dir, &e) < 0)
		STOP("%s\n", e.text);
}

static void what_is_written_is_read_back(void **state)
{
	struct fixture *f = *state;
	autostatedir dir = STATE_DIR_INIT;
	struct intent_record intent = example_intent(f), *intent_back;
	struct status_record status = example_status(f), *status_back;
	struct err e;

	claim(f, &dir);
	assert_int_equal(state_read_intent(&dir, &f->arena, &intent_back, &e), 0);
	assert_null(intent_back);
	assert_int_equal(state_read_status(&dir, &f->arena, &status_back, &e), 0);
	assert_null(status_back);

	assert_int_equal(state_write_intent(&dir, &intent, &e), 0);
	assert_int_equal(state_write_status(&dir, &status, &e), 0);
	assert_int_equal(mode_of(in_base(f, "root/one/status.json")), 0600);
	assert_int_equal(state_read_intent(&dir, &f->arena, &intent_back, &e), 0);
	assert_int_equal(intent_back->owner.pid, 17);
	assert_int_equal(intent_back->owner.start_time, 4711);
	assert_string_equal(intent_back->owner.boot_id, "boot");
	assert_string_equal(intent_back->cgroup->directories.v[0],
			    "/sys/fs/cgroup/pids/distro-shim/one");
	assert_true(intent_back->cgroup->manage);

	assert_int_equal(state_read_status(&dir, &f->arena, &status_back, &e), 0);
	assert_string_equal(status_back->id, "one");
	assert_int_equal(status_back->phase, PHASE_CREATED);
	assert_string_equal(value_to_name(container_phase_names, status_back->phase), "created");
	assert_int_equal(status_back->init.pid, 18);
	assert_true(status_back->init.start_time == UINT64_MAX);
	assert_true(status_back->network_cookie == UINT64_C(9223372036854775809));
	assert_int_equal(status_back->network, NETWORK_LATE);
	assert_string_equal(status_back->annotations.v[0].value, "\\{[");
	assert_non_null(status_back->policy);
	assert_string_equal(status_back->policy->network->namespace_, "/run/netns/distros");
	assert_int_equal(status_back->decisions.n, 1);
	assert_int_equal(status_back->decisions.v[0].action, DECISION_REWRITE);
	assert_null(status_back->policy_path);
	assert_true(status_back->terminal);
	assert_true(status_back->poststop);
}

static void the_effective_configuration_is_kept(void **state)
{
	struct fixture *f = *state;
	static const char text[] =
		"{\"ociVersion\":\"1.2.1\",\"root\":{\"path\":\"rootfs\"},\"process\":{\"cwd\":\"/"
		"\","
		"\"args\":[\"sh\"],\"user\":{\"uid\":0,\"gid\":0}},\"hostname\":\"one\"}";
	autostatedir dir = STATE_DIR_INIT;
	struct spec *spec, *back;
	struct err e;

	claim(f, &dir);
	assert_int_equal(state_read_config(&dir, &f->arena, &back, &e), 0);
	assert_null(back);
	if (spec_decode_text(text, sizeof(text) - 1, "config.json", &f->arena, &spec, &e) < 0)
		STOP("%s\n", e.text);
	assert_int_equal(state_write_config(&dir, spec, &e), 0);
	assert_int_equal(state_read_config(&dir, &f->arena, &back, &e), 0);
	assert_non_null(back);
	assert_string_equal(back->hostname, "one");
	write_at(dir.fd, STATE_CONFIG, text, sizeof(text) - 2);
	assert_int_equal(state_read_config(&dir, &f->arena, &back, &e), -1);
	assert_string_equal(back->hostname, "one");
	write_at(dir.fd, STATE_CONFIG, "{\"ociVersion\":7}", 16);
	assert_int_equal(state_read_config(&dir, &f->arena, &back, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
}

static char *status_text(struct fixture *f, size_t *ret_length)
{
	struct status_record status = example_status(f);
	char *text;
	struct err e;

	assert_int_equal(
		fields_encode_text(&status_fields, &status, true, &f->arena, &text, ret_length, &e),
		0);
	return text;
}

static void a_record_cut_at_any_byte_is_an_error_and_no_answer(void **state)
{
	struct fixture *f = *state;
	autostatedir dir = STATE_DIR_INIT;
	struct status_record *back;
	struct err e;
	size_t length;
	char *text = status_text(f, &length);

	claim(f, &dir);
	for (size_t cut = 0; cut < length; cut++) {
		struct arena arena = { 0 };
		write_at(dir.fd, STATE_STATUS, text, cut);
		/* Only white space may be missing from a record that counts. */
		if (state_read_status(&dir, &arena, &back, &e) == 0) {
			assert_non_null(back);
			assert_int_equal(strspn(text + cut, " \n"), length - cut);
		} else {
			assert_int_equal(e.kind, ERR_STATE);
			assert_non_null(strstr(e.text, "container one: status.json is cut short"));
		}
		arena_release(&arena);
	}
	write_at(dir.fd, STATE_STATUS, text, length);
	assert_int_equal(state_read_status(&dir, &f->arena, &back, &e), 0);
	assert_non_null(back);

	/* Blocks that were never written read as zeros after a power loss. */
	char *zeros = arena_alloc(&f->arena, 4096);
	write_at(dir.fd, STATE_STATUS, zeros, 4096);
	assert_int_equal(state_read_status(&dir, &f->arena, &back, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
}

static void a_newer_record_is_refused_with_both_versions(void **state)
{
	struct fixture *f = *state;
	/* Its members are of other types too. */
	static const char text[] = "{\"version\": 2, \"id\": [], \"ownerPid\": \"x\"}";
	static const char old[] = "{\"version\": 0}";
	autostatedir dir = STATE_DIR_INIT;
	struct status_record *status;
	struct intent_record *intent;
	struct err e;

	claim(f, &dir);
	write_at(dir.fd, STATE_STATUS, text, sizeof(text) - 1);
	write_at(dir.fd, STATE_INTENT, text, sizeof(text) - 1);
	assert_int_equal(state_read_status(&dir, &f->arena, &status, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
	assert_non_null(strstr(e.text, "status.json"));
	assert_non_null(strstr(e.text, "version 2"));
	assert_non_null(strstr(e.text, "version 1"));
	assert_int_equal(state_read_intent(&dir, &f->arena, &intent, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
	write_at(dir.fd, STATE_INTENT, old, sizeof(old) - 1);
	assert_int_equal(state_read_intent(&dir, &f->arena, &intent, &e), -1);
}

static void unknown_members_of_the_same_version_are_left_out(void **state)
{
	struct fixture *f = *state;
	static const char text[] =
		"{\"version\":1,\"later\":{\"a\":[1]},\"id\":\"one\",\"ownerPid\":1,"
		"\"ownerStartTime\":2,\"ownerBootId\":\"b\",\"bundle\":\"/\"}";
	autostatedir dir = STATE_DIR_INIT;
	struct intent_record *intent;
	struct err e;

	claim(f, &dir);
	write_at(dir.fd, STATE_INTENT, text, sizeof(text) - 1);
	assert_int_equal(state_read_intent(&dir, &f->arena, &intent, &e), 0);
	assert_non_null(intent);
	assert_string_equal(intent->id, "one");
	assert_null(intent->cgroup);
}

static void a_complete_record_that_is_wrong_is_an_error(void **state)
{
	struct fixture *f = *state;
	static const char *const texts[] = {
		"{}",
		"[]",
		"{\"version\":\"1\"}",
		"{\"version\":1,\"id\":\"\",\"ownerPid\":1,\"ownerStartTime\":2,"
		"\"ownerBootId\":\"b\",\"bundle\":\"/\"}",
		"{\"version\":1,\"version\":1}",
		"{\"version\":99999999999999999999}",
	};
	autostatedir dir = STATE_DIR_INIT;
	struct intent_record *intent = NULL;
	struct err e;

	claim(f, &dir);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		write_at(dir.fd, STATE_INTENT, texts[i], strlen(texts[i]));
		assert_int_equal(state_read_intent(&dir, &f->arena, &intent, &e), -1);
		assert_int_equal(e.kind, ERR_STATE);
		assert_non_null(strstr(e.text, "container one"));
	}
	assert_null(intent);
}

static void a_record_that_is_no_file_is_refused_and_does_not_hang(void **state)
{
	struct fixture *f = *state;
	autostatedir dir = STATE_DIR_INIT;
	struct status_record *status;
	struct err e;

	claim(f, &dir);
	assert_int_equal(mkfifoat(dir.fd, STATE_STATUS, 0600), 0);
	assert_int_equal(state_read_status(&dir, &f->arena, &status, &e), -1);
	assert_int_equal(unlinkat(dir.fd, STATE_STATUS, 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", dir.fd, STATE_STATUS), 0);
	assert_int_equal(state_read_status(&dir, &f->arena, &status, &e), -1);
}

static void a_record_too_large_to_be_read_is_not_written(void **state)
{
	struct fixture *f = *state;
	autostatedir dir = STATE_DIR_INIT;
	struct status_record status = example_status(f), *back;
	struct err e;

	claim(f, &dir);
	assert_int_equal(state_write_status(&dir, &status, &e), 0);
	char *large = arena_alloc(&f->arena, JSON_MAX_BYTES + 1);
	memset(large, 'x', JSON_MAX_BYTES);
	status.annotations.v[1].value = large;
	assert_int_equal(state_write_status(&dir, &status, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_int_equal(state_read_status(&dir, &f->arena, &back, &e), 0);
	assert_string_equal(back->annotations.v[1].value, "");
	/* As large as a configuration may be, it must be readable. */
	large[JSON_MAX_BYTES - 8192] = '\0';
	assert_int_equal(state_write_status(&dir, &status, &e), 0);
	assert_int_equal(state_read_status(&dir, &f->arena, &back, &e), 0);
	assert_int_equal(strlen(back->annotations.v[1].value), JSON_MAX_BYTES - 8192);
}

/* --- removal --- */

static void fill(struct fixture *f, struct state_dir *dir)
{
	struct intent_record intent = example_intent(f);
	struct status_record status = example_status(f);
	struct err e;

	assert_int_equal(state_write_intent(dir, &intent, &e), 0);
	assert_int_equal(state_write_status(dir, &status, &e), 0);
	write_at(dir->fd, STATE_CONFIG, "{}", 2);
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
	/* Somebody swaps ROOT/one for a link, then for another container's directory. */
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

/* --- processes --- */

static pid_t sleeper(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid;
}

static void a_living_process_is_opened_by_its_identity(void **state)
{
	struct fixture *f = *state;
	struct process_identity identity;
	struct err e;
	pid_t pid = sleeper();

	assert_int_equal(process_identify(pid, &f->arena, &identity, &e), 0);
	assert_int_equal(identity.pid, pid);
	int pidfd = process_open(&identity, &e);
	assert_true(pidfd >= 0);
	assert_int_equal(fcntl(pidfd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0), 0);
	waitpid(pid, NULL, 0);
	close(pidfd);
}

static void assert_gone(const struct process_identity *identity)
{
	struct err e = { 0 };

	assert_int_equal(process_open(identity, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
}

static void another_process_with_the_same_pid_is_not_taken_for_it(void **state)
{
	struct fixture *f = *state;
	struct process_identity identity;
	struct err e;
	pid_t pid = sleeper();

	assert_int_equal(process_identify(pid, &f->arena, &identity, &e), 0);
	struct process_identity later = identity, other_boot = identity, none = { 0 };
	later.start_time++;
	assert_gone(&later);
	other_boot.boot_id = arena_strdup(&f->arena, "01234567-89ab-cdef-0123-456789abcdef");
	assert_gone(&other_boot);
	other_boot.boot_id = NULL;
	assert_gone(&other_boot);
	assert_gone(&none);
	none.pid = INT64_C(1) << 40;
	assert_gone(&none);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void a_zombie_is_gone(void **state)
{
	struct fixture *f = *state;
	struct process_identity identity, again;
	struct err e;
	siginfo_t info;
	pid_t pid = sleeper();

	assert_int_equal(process_identify(pid, &f->arena, &identity, &e), 0);
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_gone(&identity);
	assert_int_equal(process_identify(pid, &f->arena, &again, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	waitpid(pid, NULL, 0);
	assert_gone(&identity);
}

static void *live_on(void *argument)
{
	(void)argument;
	pause();
	return NULL;
}

/* Its state letter is Z, and yet it runs. */
static void a_process_whose_first_thread_has_ended_lives(void **state)
{
	struct fixture *f = *state;
	struct process_identity identity;
	struct err e;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		pthread_t thread;
		pthread_create(&thread, NULL, live_on, NULL);
		syscall(SYS_exit, 0);
	}
	sleep_ms(100);
	assert_int_equal(process_identify(pid, &f->arena, &identity, &e), 0);
	int pidfd = process_open(&identity, &e);
	assert_true(pidfd >= 0);
	close(pidfd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_gone(&identity);
}

static void a_number_that_was_given_out_again_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct process_identity identity;
	struct err e;
	pid_t pid = sleeper();

	assert_int_equal(process_identify(pid, &f->arena, &identity, &e), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	sleep_ms(50); /* more than a clock tick, the resolution of the start time */
	struct clone_args arguments = {
		.exit_signal = SIGCHLD,
		.set_tid = (uint64_t)(uintptr_t)&pid,
		.set_tid_size = 1,
	};
	long rc = syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (rc == 0) {
		pause();
		_exit(0);
	}
	if (rc < 0) {
		print_message("needs the power to choose a pid: %s\n", strerror(errno));
		skip();
	}
	assert_int_equal(rc, pid);
	assert_gone(&identity);
	assert_int_equal(kill(pid, 0), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ids_that_are_file_names_and_no_options_are_accepted),
		TEST(other_ids_are_refused_without_being_repeated),
		TEST(a_rootless_caller_has_a_root_of_its_own),
		TEST(a_missing_root_is_made_only_when_asked),
		TEST(roots_of_engines_are_accepted),
		TEST(a_root_that_others_can_write_is_refused),
		TEST(a_root_that_is_a_symlink_or_a_file_is_refused),
		TEST(of_forty_racers_one_wins),
		TEST(claims_and_removals_of_one_id_never_overlap),
		TEST(a_claim_is_locked_and_private),
		TEST(a_taken_id_is_said_to_exist),
		TEST(a_claim_that_fails_for_want_of_descriptors_leaves_nothing),
		TEST(a_missing_container_does_not_exist),
		TEST(a_state_directory_that_is_a_symlink_is_refused),
		TEST(a_state_directory_that_others_can_write_is_refused),
		TEST(an_open_waits_for_the_lock),
		TEST(a_container_deleted_while_one_waits_does_not_exist),
		TEST(the_wait_for_a_lock_ends),
		TEST(a_list_is_sorted_and_has_state_directories_only),
		TEST(hooks_and_agents_get_the_state_of_the_record),
		TEST(what_is_written_is_read_back),
		TEST(the_effective_configuration_is_kept),
		TEST(a_record_cut_at_any_byte_is_an_error_and_no_answer),
		TEST(a_newer_record_is_refused_with_both_versions),
		TEST(unknown_members_of_the_same_version_are_left_out),
		TEST(a_complete_record_that_is_wrong_is_an_error),
		TEST(a_record_that_is_no_file_is_refused_and_does_not_hang),
		TEST(a_record_too_large_to_be_read_is_not_written),
		TEST(a_removal_takes_all_that_the_program_has_made),
		TEST(a_stranger_in_the_directory_stops_the_removal_before_it_begins),
		TEST(a_removal_never_leaves_its_directory),
		TEST(a_removal_needs_no_descriptor),
		TEST(a_living_process_is_opened_by_its_identity),
		TEST(another_process_with_the_same_pid_is_not_taken_for_it),
		TEST(a_zombie_is_gone),
		TEST(a_process_whose_first_thread_has_ended_lives),
		TEST(a_number_that_was_given_out_again_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

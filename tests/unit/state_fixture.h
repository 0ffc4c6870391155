/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of state directories share: a directory of their own, and what is seen in it.
 */
#ifndef TESTS_UNIT_STATE_FIXTURE_H
#define TESTS_UNIT_STATE_FIXTURE_H

#include "state/state.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
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

static inline int remove_entry(const char *path, const struct stat *status, int type,
			       struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->base, sizeof(f->base), "/tmp/distro-shim-state.XXXXXX");
	if (!mkdtemp(f->base))
		return -1;
	snprintf(f->root, sizeof(f->root), "%s/root", f->base);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	nftw(f->base, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	arena_release(&f->arena);
	free(f);
	return 0;
}

static inline char *in_base(struct fixture *f, const char *name)
{
	return arena_printf(&f->arena, "%s/%s", f->base, name);
}

static inline void write_at(int dirfd, const char *name, const void *data, size_t length)
{
	autoclose int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, length), (ssize_t)length);
}

static inline bool exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

static inline mode_t mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	return status.st_mode & 07777;
}

static inline void sleep_ms(long ms)
{
	struct timespec wait = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&wait, NULL);
}

static inline int exit_code(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static inline struct cgroup_record *example_cgroup(struct fixture *f)
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

static inline struct intent_record example_intent(struct fixture *f)
{
	return (struct intent_record){
		.version = STATE_VERSION,
		.id = arena_strdup(&f->arena, "one"),
		.owner = { 17, 4711, arena_strdup(&f->arena, "boot") },
		.cgroup = example_cgroup(f),
		.bundle = arena_strdup(&f->arena, "/bundle"),
	};
}

static inline struct status_record example_status(struct fixture *f)
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

static inline void claim(struct fixture *f, struct state_dir *dir)
{
	struct err e;

	if (state_claim(f->root, "one", dir, &e) < 0)
		STOP("%s\n", e.text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif

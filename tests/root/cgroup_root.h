/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of cgroups of the running kernel share: the machine, a container, and processes in it.
 */
#ifndef TESTS_ROOT_CGROUP_ROOT_H
#define TESTS_ROOT_CGROUP_ROOT_H

#include "cgroup/cgroup.h"

#include "base/auto.h"
#include "os/io.h"
#include "sys/child.h"

#include <dirent.h>
#include <fcntl.h>
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

#define MOUNTS "/sys/fs/cgroup"
#define PATH "/distro-shim/test"

struct fixture {
	struct arena arena;
	struct cgroup_facts facts;
	struct cgroup_hierarchy_facts hierarchies[CGROUP_MAX_HIERARCHIES];
	struct plan_cgroup plan;
	struct plan_cgroup_write writes[8];
	struct cgroup_record record;
};

static inline int layout(void)
{
	const char *world = getenv("DISTRO_SHIM_WORLD");

	if (str_eq(world, "legacy"))
		return CGROUP_V1;
	if (str_eq(world, "hybrid"))
		return CGROUP_HYBRID;
	return CGROUP_V2;
}

static inline bool has_v1(void)
{
	return layout() != CGROUP_V2;
}

static inline void add_hierarchy(struct fixture *f, const char *name)
{
	struct cgroup_hierarchy_facts *h = &f->hierarchies[f->facts.hierarchies.n++];
	const char *word = name;

	*h = (struct cgroup_hierarchy_facts){ 0 };
	h->v2 = name[0] == '\0' || str_eq(name, "unified");
	h->mount_point = arena_printf(&f->arena, MOUNTS "%s%s", name[0] ? "/" : "", name);
	h->controllers.v = arena_new_array(&f->arena, char *, 8);
	if (str_eq(name, "systemd"))
		h->name = arena_strdup(&f->arena, name);
	if (h->v2 || h->name)
		return;
	for (size_t n; *word; word += n + (word[n] == ',')) {
		n = strcspn(word, ",");
		h->controllers.v[h->controllers.n++] = arena_strndup(&f->arena, word, n);
	}
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->facts.hierarchies.v = f->hierarchies;
	if (layout() == CGROUP_V2) {
		add_hierarchy(f, "");
	} else {
		autoclosedir DIR *scan = opendir(MOUNTS);
		for (struct dirent *entry; scan && (entry = readdir(scan));)
			if (entry->d_name[0] != '.' && entry->d_type == DT_DIR)
				add_hierarchy(f, entry->d_name);
	}
	f->facts.layout = layout();
	f->plan.manage = true;
	f->plan.layout = layout();
	f->plan.path = PATH;
	f->plan.writes.v = f->writes;
	cgroup_describe(&f->plan, &f->facts, &f->arena, &f->record);
	*state = f;
	return 0;
}

/* Each test proves by this that it leaves nothing behind. */
static inline int teardown(void **state)
{
	struct fixture *f = *state;
	int left = 0;
	struct err e;

	for (size_t i = 0; i < f->facts.hierarchies.n; i++) {
		const char *path =
			arena_printf(&f->arena, "%s/distro-shim", f->hierarchies[i].mount_point);
		left += access(path, F_OK) == 0;
	}
	if (left > 0) {
		print_error("%d hierarchies still have /distro-shim\n", left);
		(void)!cgroup_kill(&f->record, 3000, &e);
		(void)!cgroup_remove(&f->record, 1000, &e);
	}
	arena_release(&f->arena);
	free(f);
	return left ? -1 : 0;
}

static inline void sleep_ms(long ms)
{
	struct timespec wait = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&wait, NULL);
}

static inline int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline void create(struct fixture *f, struct cgroup *ret)
{
	struct err e;

	if (cgroup_create(&f->plan, &f->facts, NULL, ret, &e) < 0)
		STOP("%s\n", e.text);
}

static inline void assert_refused(struct fixture *f, const char *part_of_text)
{
	autocgroup cgroup = CGROUP_INIT;
	struct err e = { 0 };

	assert_int_equal(cgroup_create(&f->plan, &f->facts, NULL, &cgroup, &e), -1);
	if (!strstr(e.text, part_of_text))
		STOP("'%s' is not in: %s\n", part_of_text, e.text);
}

/* Start `body` in the cgroup, the way boot/ does. Returns when it has joined. */
static inline pid_t start(const struct cgroup *cgroup, void (*body)(void *), void *argument)
{
	struct child child = CHILD_INIT;
	struct err e;
	int joined[2];
	char c;

	assert_int_equal(pipe2(joined, O_CLOEXEC), 0);
	int rc = child_clone(0, cgroup->into, &child, &e);
	if (rc < 0)
		STOP("%s\n", e.text);
	if (rc == 0) {
		if (cgroup_join_self(cgroup, &e) < 0) {
			dprintf(2, "%s\n", e.text);
			_exit(99);
		}
		(void)!write(joined[1], "x", 1);
		close(joined[0]);
		close(joined[1]);
		body(argument);
		_exit(0);
	}
	close(joined[1]);
	ssize_t n = read(joined[0], &c, 1);
	close(joined[0]);
	assert_int_equal(n, 1);
	pid_t pid = child.pid;
	child_keep(&child);
	return pid;
}

static inline void wait_for_ever(void *argument)
{
	(void)argument;
	for (;;)
		pause();
}

static inline void reap_all(void)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

static inline size_t count_pids(struct fixture *f)
{
	struct u32list pids;
	struct err e;

	if (cgroup_pids(&f->record, &f->arena, &pids, &e) < 0)
		STOP("%s\n", e.text);
	return pids.n;
}

static inline void kill_and_remove(struct fixture *f)
{
	struct err e;

	if (cgroup_kill(&f->record, 5000, &e) < 0)
		STOP("%s\n", e.text);
	assert_int_equal(count_pids(f), 0);
	/* Who is ending is not listed any more, but still counted by the kernel's state of the freezer. */
	for (int i = 0; i < 500 && cgroup_is_frozen(&f->record); i++)
		sleep_ms(5);
	assert_false(cgroup_is_frozen(&f->record));
	if (cgroup_remove(&f->record, 5000, &e) < 0)
		STOP("%s\n", e.text);
	reap_all();
}

static inline void copy_file(const char *from_directory, const char *to_directory, const char *file)
{
	autoclose int from = open(from_directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int to = open(to_directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autofree char *text = NULL;
	struct err e;

	if (read_file_at(from, file, 4096, &text, NULL, &e) == 0)
		(void)!write_file_at(to, file, text, &e);
}

static inline void make_below(const struct fixture *f, const char *name)
{
	char path[512];

	for (size_t i = 0; i < f->record.directories.n; i++) {
		const char *directory = f->record.directories.v[i];
		snprintf(path, sizeof(path), "%s/%s", directory, name);
		(void)!mkdir(path, 0755);
		/* a v1 cpuset cannot be joined while it is empty */
		copy_file(directory, path, "cpuset.cpus");
		copy_file(directory, path, "cpuset.mems");
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif

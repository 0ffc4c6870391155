/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which descriptors a new process keeps, and what else execve(2) hands down. Each try is a process of its own, whose exit status is the answer. Needs no root.
 */
#include "base/auto.h"
#include "base/str.h"
#include "sys/child.h"
#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* of cmocka; ours makes errors */

/* STOP(), which needs the fail() of cmocka */
#define STOP(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

#define DESCRIPTORS 24
#define KEEP_MAX 6
#define TRIES 300

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* All below DESCRIPTORS are open. */
static void open_all(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd < DESCRIPTORS - 1);
	for (int i = 3; i < DESCRIPTORS; i++)
		if (!is_open(i) && dup2(0, i) < 0)
			_exit(100);
}

static int status_of(int (*work)(const void *), const void *context)
{
	struct child child = CHILD_INIT;
	struct err e;
	int status, rc = child_clone(0, -1, &child, &e);

	if (rc == 0)
		_exit(work(context));
	assert_int_equal(rc, 1);
	assert_int_equal(child_wait(&child, &status, &e), 0);
	return status;
}

/* --- close_all_but --- */

struct closing {
	unsigned first;
	int keep[KEEP_MAX];
	size_t n;
};

/* 0: as it should be; else the first descriptor that is not. */
static int close_some(const void *context)
{
	const struct closing *c = context;

	open_all();
	if (close_all_but(c->first, c->keep, c->n) < 0)
		return 101;
	for (int fd = 3; fd < DESCRIPTORS; fd++) {
		bool kept = (unsigned)fd < c->first;

		for (size_t i = 0; i < c->n; i++)
			kept = kept || c->keep[i] == fd;
		if (is_open(fd) != kept)
			return fd;
	}
	return 0;
}

static void assert_closes(const struct closing *c)
{
	int status = status_of(close_some, c);

	if (status != 0)
		STOP("from %u, but {%d %d %d %d %d %d}[%zu]: %d\n", c->first, c->keep[0],
		     c->keep[1], c->keep[2], c->keep[3], c->keep[4], c->keep[5], c->n, status);
}

static void only_what_is_kept_stays_open(void **state)
{
	static const struct closing rows[] = {
		{ 3, { 0 }, 0 },
		{ 3, { 3 }, 1 },
		{ 3, { 4, 3 }, 2 },
		{ 3, { -1, -1, 7 }, 3 },
		{ 3, { 7, 7, 6, 8 }, 4 },
		{ 5, { 3, 5, 23 }, 3 },
		{ 9, { 3, 4 }, 2 },
		/* not open at all */
		{ 3, { 1000, 5 }, 2 },
		{ DESCRIPTORS, { 5 }, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_closes(&rows[i]);
}

static void any_descriptors_are_closed_but_the_kept_ones(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < TRIES; i++) {
		struct closing c = { .first = 3 + (unsigned)rand_r(&seed) % DESCRIPTORS };

		c.n = (size_t)rand_r(&seed) % (KEEP_MAX + 1);
		for (size_t k = 0; k < c.n; k++)
			c.keep[k] = rand_r(&seed) % (DESCRIPTORS + 4) - 2;
		assert_closes(&c);
	}
}

/* --- spawn_prepare --- */

struct preparing {
	int directory;
	unsigned flags;
};

/* What execve(2) would hand down. */
static int prepare(const void *context)
{
	const struct preparing *p = context;
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct spawn spawn = { .directory = p->directory, .close_flags = p->flags };
	struct sigaction now;
	sigset_t set;
	char text[4] = "";
	int in[2], out[2], errors[2];
	struct err e;

	if (pipe2(in, O_NONBLOCK) < 0 || pipe2(out, O_NONBLOCK) < 0 ||
	    pipe2(errors, O_NONBLOCK) < 0 || write(in[1], "i", 1) != 1)
		return 10;
	open_all();
	spawn.input = in[0];
	spawn.output = out[1];
	spawn.errors = errors[1];
	sigfillset(&set);
	if (sigaction(SIGPIPE, &ignore, NULL) < 0 || sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return 11;
	if (spawn_prepare(&spawn, &e) < 0)
		return 12;
	if (sigaction(SIGPIPE, NULL, &now) < 0 || now.sa_handler != SIG_DFL ||
	    sigprocmask(SIG_BLOCK, NULL, &set) < 0 || !sigisemptyset(&set))
		return 13;
	for (int fd = 3; fd < DESCRIPTORS; fd++)
		if (p->flags ? fcntl(fd, F_GETFD) != FD_CLOEXEC : is_open(fd))
			return fd + 100;
	if (read(0, text, 1) != 1 || text[0] != 'i')
		return 14;
	if (!p->flags)
		return 0;
	if (write(1, "o", 1) != 1 || write(2, "e", 1) != 1 || read(out[0], text, 1) != 1 ||
	    read(errors[0], text + 1, 1) != 1 || !str_eq(text, "oe"))
		return 15;
	return 0;
}

static void a_program_gets_its_streams_and_nothing_else(void **state)
{
	struct preparing p = { .directory = -1 };

	(void)state;
	assert_int_equal(status_of(prepare, &p), 0);
	p.flags = CLOSE_RANGE_CLOEXEC;
	assert_int_equal(status_of(prepare, &p), 0);
}

static int stands_in_root(const void *context)
{
	const struct spawn *spawn = context;
	char here[16];
	struct err e;

	if (chdir("/proc") < 0 || spawn_prepare(spawn, &e) < 0)
		return 10;
	return getcwd(here, sizeof(here)) && str_eq(here, "/") ? 0 : 11;
}

static void it_is_where_it_is_put(void **state)
{
	autoclose int directory = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct spawn spawn = { .directory = directory, .input = 0, .output = 1, .errors = 2 };

	(void)state;
	assert_int_equal(status_of(stands_in_root, &spawn), 0);
	spawn.directory = -1;
	assert_int_equal(status_of(stands_in_root, &spawn), 11);
}

static void what_cannot_be_put_in_place_is_an_error(void **state)
{
	struct spawn spawn = { .directory = -1, .input = -1, .output = 1, .errors = 2 };

	(void)state;
	assert_int_equal(status_of(stands_in_root, &spawn), 10);
	spawn.input = 0;
	spawn.errors = 1000;
	assert_int_equal(status_of(stands_in_root, &spawn), 10);
	spawn.errors = 2;
	spawn.directory = 0x7fff;
	assert_int_equal(status_of(stands_in_root, &spawn), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_kept_stays_open),
		cmocka_unit_test(any_descriptors_are_closed_but_the_kept_ones),
		cmocka_unit_test(a_program_gets_its_streams_and_nothing_else),
		cmocka_unit_test(it_is_where_it_is_put),
		cmocka_unit_test(what_cannot_be_put_in_place_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

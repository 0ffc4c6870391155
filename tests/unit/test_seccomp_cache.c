/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache of filters, and what it does not believe. Runs anywhere, without root.
 */
#include "seccomp_fixture.h"

#include "base/auto.h"
#include "bpf.h"
#include "os/io.h"
#include "seccomp/parts.h"
#include "seccomp/program.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/stat.h>

static void make_cached(struct fixture *f)
{
	if (plan(f, PROFILE) < 0 ||
	    seccomp_program_make(f->plan, cache_of(f), &f->arena, &f->program, &f->e) < 0)
		fail_msg("%s", f->e.text);
	assert_true(bpf_is_valid(f->program.v, f->program.n));
	assert_int_equal(ask(f, "mkdirat", 0, 0), ERRNO(1));
}

static void a_filter_is_found_again(void **state)
{
	struct fixture *f = *state;
	struct stat before, after;
	struct sock_filter *v;
	size_t n;

	make_cached(f);
	assert_non_null(only_file(f));
	assert_int_equal(stat(only_file(f), &before), 0);
	assert_int_equal(before.st_mode & 07777, 0600);
	n = f->program.n;
	v = f->program.v;
	make_cached(f);
	assert_int_equal(stat(only_file(f), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(f->program.n, n);
	assert_memory_equal(f->program.v, v, n * sizeof(*v));
}

/* Every single byte of the file counts: changed, the file is replaced. */
static void no_changed_byte_is_believed(void **state)
{
	struct fixture *f = *state;
	autofree char *good = NULL;
	size_t length;
	char *path;

	make_cached(f);
	path = only_file(f);
	assert_int_equal(read_file_at(AT_FDCWD, path, 1 << 20, &good, &length, &f->e), 0);
	for (size_t i = 0; i < length; i++) {
		autofree char *again = NULL;
		autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
		char changed = (char)(good[i] ^ 0x10);
		size_t n;

		assert_int_equal(pwrite(fd, &changed, 1, (off_t)i), 1);
		make_cached(f);
		assert_int_equal(read_file_at(AT_FDCWD, path, 1 << 20, &again, &n, &f->e), 0);
		assert_int_equal(n, length);
		assert_memory_equal(again, good, length);
	}
}

static void no_other_length_is_believed(void **state)
{
	struct fixture *f = *state;
	struct stat good, st;

	make_cached(f);
	assert_int_equal(stat(only_file(f), &good), 0);
	for (off_t length = 0; length < 2 * good.st_size; length++) {
		if (length == good.st_size)
			continue;
		assert_int_equal(truncate(only_file(f), length), 0);
		make_cached(f);
		assert_int_equal(stat(only_file(f), &st), 0);
		assert_int_equal(st.st_size, good.st_size);
	}
	assert_int_equal(truncate(only_file(f), 100000), 0);
	make_cached(f);
	assert_int_equal(stat(only_file(f), &st), 0);
	assert_int_equal(st.st_size, good.st_size);
}

/* A whole and sound filter under the name of a stricter profile's; of rules that take less, more, and as much room. */
static void another_profiles_filter_is_not_believed(void **state)
{
	static const char *const profiles[] = {
		"{'defaultAction':'SCMP_ACT_ALLOW'}",
		"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdirat','mkdir'],"
		"'action':'SCMP_ACT_LOG'}]}",
		"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdirat'],'action':"
		"'SCMP_ACT_LOG'}]}",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		autofree char *loose = NULL;
		autoclose int fd = -1;
		size_t length;
		char *path;

		if (plan(f, profiles[i]) < 0 ||
		    seccomp_program_make(f->plan, cache_of(f), &f->arena, &f->program, &f->e) < 0)
			fail_msg("%s", f->e.text);
		path = only_file(f);
		assert_int_equal(read_file_at(AT_FDCWD, path, 1 << 20, &loose, &length, &f->e), 0);
		assert_int_equal(unlink(path), 0);
		make_cached(f);
		path = only_file(f);
		fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
		assert_int_equal(write(fd, loose, length), length);
		make_cached(f);
		assert_int_equal(unlink(path), 0);
	}
}

/* Whatever two sets of rules differ in, the bytes that stand for them differ. */
static void each_part_of_a_rule_counts(void **state)
{
	static const char *const profiles[] = {
		PROFILE,
		"{'defaultAction':'SCMP_ACT_LOG','syscalls':[{'names':['mkdirat'],'action':"
		"'SCMP_ACT_ERRNO'}]}",
		"{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':3,'syscalls':[{'names':"
		"['mkdirat'],'action':'SCMP_ACT_ERRNO'}]}",
		"{'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_X86'],'syscalls':"
		"[{'names':['mkdirat'],'action':'SCMP_ACT_ERRNO'}]}",
		"{'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_ARM'],'syscalls':"
		"[{'names':['mkdirat'],'action':'SCMP_ACT_ERRNO'}]}",
		"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdirat'],'action':"
		"'SCMP_ACT_ERRNO','errnoRet':2}]}",
		"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdirat'],'action':"
		"'SCMP_ACT_ERRNO'},{'names':['mkdir'],'action':'SCMP_ACT_ERRNO'}]}",
		"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdirat','mkdir'],"
		"'action':'SCMP_ACT_ERRNO'}]}",
		"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdirat'],'action':"
		"'SCMP_ACT_ERRNO','args':[{'index':0,'value':1,'op':'SCMP_CMP_EQ'}]}]}",
		"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdirat'],'action':"
		"'SCMP_ACT_ERRNO','args':[{'index':1,'value':1,'op':'SCMP_CMP_EQ'}]}]}",
		"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdirat'],'action':"
		"'SCMP_ACT_ERRNO','args':[{'index':0,'value':2,'op':'SCMP_CMP_EQ'}]}]}",
		"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdirat'],'action':"
		"'SCMP_ACT_ERRNO','args':[{'index':0,'value':1,'op':'SCMP_CMP_NE'}]}]}",
		"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdirat'],'action':"
		"'SCMP_ACT_ERRNO','args':[{'index':0,'value':1,'valueTwo':1,'op':"
		"'SCMP_CMP_MASKED_EQ'}]}]}",
		"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdirat'],'action':"
		"'SCMP_ACT_ERRNO','args':[{'index':0,'value':3,'valueTwo':1,'op':"
		"'SCMP_CMP_MASKED_EQ'}]}]}",
	};
	struct fixture *f = *state;
	struct strbuf keys[ARRAY_SIZE(profiles)] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		if (plan(f, profiles[i]) < 0)
			fail_msg("%s: %s", profiles[i], f->e.text);
		seccomp_cache_key(f->plan, &keys[i]);
		for (size_t j = 0; j < i; j++)
			if (keys[j].length == keys[i].length &&
			    memcmp(keys[j].text, keys[i].text, keys[i].length) == 0)
				fail_msg("%s and %s", profiles[j], profiles[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		strbuf_release(&keys[i]);
}

/* The directory does not grow with what a profile says a thousand times. */
static void very_long_rules_are_not_kept(void **state)
{
	struct fixture *f = *state;
	autostrbuf names = { 0 };

	for (int i = 0; i < 10000; i++)
		strbuf_printf(&names, "'no_such_call_%d',", i);
	if (plan(f, arena_printf(&f->arena,
				 "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':[%s"
				 "'mkdirat'],'action':'SCMP_ACT_ERRNO'}]}",
				 names.text)) < 0)
		fail_msg("%s", f->e.text);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			seccomp_program_make(f->plan, cache_of(f), &f->arena, &f->program, &f->e),
			0);
		assert_int_equal(ask(f, "mkdirat", 0, 0), ERRNO(1));
		assert_null(only_file(f));
	}
}

static void the_cache_is_in_the_runtime_directory(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(setenv("XDG_RUNTIME_DIR", "/run/user/7", 1), 0);
	assert_string_equal(seccomp_cache_directory(false, &f->arena), "/run/distro-shim/seccomp");
	assert_string_equal(seccomp_cache_directory(true, &f->arena),
			    "/run/user/7/distro-shim/seccomp");
	assert_int_equal(setenv("XDG_RUNTIME_DIR", "run", 1), 0);
	assert_null(seccomp_cache_directory(true, &f->arena));
	assert_int_equal(unsetenv("XDG_RUNTIME_DIR"), 0);
	assert_null(seccomp_cache_directory(true, &f->arena));
}

static void strange_files_are_replaced(void **state)
{
	struct fixture *f = *state;
	char *away = arena_printf(&f->arena, "%s/away", f->directory);
	struct stat st;
	char *path;

	make_cached(f);
	path = only_file(f);
	assert_int_equal(chmod(path, 0620), 0);
	make_cached(f);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(link(path, away), 0);
	make_cached(f);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(away, path), 0);
	make_cached(f);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	make_cached(f);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	/* in its place a directory cannot be replaced, and is not a reason not to start */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	make_cached(f);
}

static void a_strange_directory_is_not_used(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdir(cache_of(f), 0700), 0);
	assert_int_equal(chmod(cache_of(f), 0777), 0);
	make_cached(f);
	assert_null(only_file(f));
	assert_int_equal(rmdir(cache_of(f)), 0);
	assert_int_equal(symlink("/tmp", cache_of(f)), 0);
	make_cached(f);
	assert_int_equal(unlink(cache_of(f)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(a_filter_is_found_again),
		TEST(no_changed_byte_is_believed),
		TEST(no_other_length_is_believed),
		TEST(another_profiles_filter_is_not_believed),
		TEST(each_part_of_a_rule_counts),
		TEST(very_long_rules_are_not_kept),
		TEST(the_cache_is_in_the_runtime_directory),
		TEST(strange_files_are_replaced),
		TEST(a_strange_directory_is_not_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

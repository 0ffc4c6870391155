/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of filters share: a profile is planned, compiled, and asked by a small interpreter.
 */
#ifndef TESTS_UNIT_SECCOMP_FIXTURE_H
#define TESTS_UNIT_SECCOMP_FIXTURE_H

#include "base/auto.h"
#include "bpf.h"
#include "os/io.h"
#include "plan/seccomp.h"
#include "seccomp/program.h"

#include <fcntl.h>
#include <limits.h>
#include <seccomp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

#define ALLOW SECCOMP_RET_ALLOW
#define ERRNO(number) (SECCOMP_RET_ERRNO | (number))

struct fixture {
	struct arena arena;
	struct plan_seccomp *plan;
	struct seccomp_program program;
	struct err e;
	char directory[64];
};

static inline int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	memcpy(f->directory, "/tmp/test_seccomp.XXXXXX", sizeof("/tmp/test_seccomp.XXXXXX"));
	if (!mkdtemp(f->directory))
		return -1;
	*state = f;
	return 0;
}

static void remove_tree(const char *path)
{
	autoclosedir DIR *dir = opendir(path);

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		char below[PATH_MAX];

		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		if (unlink(below) < 0)
			remove_tree(below);
	}
	rmdir(path);
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	remove_tree(f->directory);
	arena_release(&f->arena);
	test_free(f);
	return 0;
}

/* Single quotes stand for double ones, so that JSON can be read in C. `profile` is linux.seccomp. */
static inline int plan(struct fixture *f, const char *profile)
{
	char *text = arena_printf(
		&f->arena, "{'ociVersion':'1.2.0','root':{'path':'r'},'linux':{'seccomp':%s}}",
		profile);
	struct spec *spec;

	for (char *p = text; *p; p++)
		*p = (char)(*p == '\'' ? '"' : *p);
	if (spec_decode_text(text, strlen(text), "config.json", &f->arena, &spec, &f->e) < 0 ||
	    spec_validate(spec, "config.json", &f->e) < 0)
		return -1;
	return plan_seccomp_from_spec(spec->linux_->seccomp, &f->arena, &f->plan, &f->e);
}

static inline int compile(struct fixture *f, const char *profile)
{
	if (plan(f, profile) < 0)
		return -1;
	return seccomp_program_make(f->plan, NULL, &f->arena, &f->program, &f->e);
}

static inline void must_compile(struct fixture *f, const char *profile)
{
	if (compile(f, profile) < 0)
		fail_msg("%s: %s", profile, f->e.text);
	assert_true(bpf_is_valid(f->program.v, f->program.n));
}

static inline uint32_t run(const struct fixture *f, uint32_t audit, uint32_t number,
			   const uint64_t *arguments)
{
	struct seccomp_data data = { .nr = (int)number, .arch = audit };

	for (size_t i = 0; arguments && i < 6; i++)
		data.args[i] = arguments[i];
	return bpf_run(f->program.v, f->program.n, &data);
}

/* By name, on the native architecture. */
static inline uint32_t ask(const struct fixture *f, const char *name, uint64_t a0, uint64_t a1)
{
	const uint64_t arguments[6] = { a0, a1 };
	int number = seccomp_syscall_resolve_name_arch(seccomp_arch_native(), name);

	assert_true(number >= 0);
	return run(f, seccomp_arch_native(), (uint32_t)number, arguments);
}

static inline char *engine_profile(struct fixture *f)
{
	const char *source = getenv("DISTRO_SHIM_SOURCE");
	const char *path = arena_printf(&f->arena, "%s/tests/data/seccomp/podman.json",
					str_empty(source) ? "." : source);
	autofree char *text = NULL;

	if (read_file_at(AT_FDCWD, path, 1 << 20, &text, NULL, &f->e) < 0)
		fail_msg("%s", f->e.text);
	return arena_strdup(&f->arena, text);
}

#define PROFILE                                                                        \
	"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdirat'],'action':" \
	"'SCMP_ACT_ERRNO'}]}"

static inline char *cache_of(struct fixture *f)
{
	return arena_printf(&f->arena, "%s/cache", f->directory);
}

/* The only file that is there; NULL where there are none or several. */
static inline char *only_file(struct fixture *f)
{
	autoclosedir DIR *dir = opendir(cache_of(f));
	char *path = NULL;

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		if (path)
			return NULL;
		path = arena_printf(&f->arena, "%s/%s", cache_of(f), entry->d_name);
	}
	return path;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths by their text alone. Runs anywhere.
 */
#include "base/auto.h"
#include "base/path.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

#include <stdio.h>

/* STOP(), which needs cmocka's fail() */
#define STOP(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

static void paths_are_cleaned_textually(void **state)
{
	static const char *const cases[][2] = {
		{ "", "/" },
		{ "/", "/" },
		{ "//", "/" },
		{ "a", "/a" },
		{ "/a/", "/a" },
		{ "/a//b/./c", "/a/b/c" },
		{ "/a/../b", "/b" },
		{ "/../..", "/" },
		{ "../x", "/x" },
		{ "/a/b/../../..", "/" },
		{ "/a/...", "/a/..." },
		{ "/.hidden/..x/", "/.hidden/..x" },
		{ "./.", "/" },
		{ "/vol/../proc", "/proc" },
		{ "proc/./sys/", "/proc/sys" },
		{ "//dev//..//.//sys/..", "/" },
		{ "../../etc/..resolv.conf/.", "/etc/..resolv.conf" },
	};
	autoarena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autofree char *clean = path_clean(cases[i][0]);

		assert_string_equal(clean, cases[i][1]);
		assert_string_equal(path_clean_in(&arena, cases[i][0]), cases[i][1]);
	}
}

static void paths_are_compared_by_components(void **state)
{
	static const struct {
		const char *path, *directory;
		bool below;
	} rows[] = {
		{ "/proc", "/proc", true },
		{ "/proc/sys", "/proc", true },
		{ "/process", "/proc", false },
		{ "/proc", "/proc/sys", false },
		{ "/a", "/", true },
		{ "/", "/", true },
		{ "/", "/a", false },
		{ "//proc///sys/", "/proc/", true },
		{ "/./proc/./sys", "/proc/.", true },
		{ "/proc/../etc", "/proc", false },
		{ "/etc/../proc/x", "/proc", true },
		{ "/../../proc", "/proc", true },
		{ "/proc/..", "/", true },
		{ "/..proc/x", "/..proc", true },
		{ "/..proc/x", "/", true },
		{ "/a/b/..", "/a/c/..", true },
		{ "/a", "/a/b/../..//.", true },
		{ "/", "/..", true },
		{ "/.", "/a/..", true },
		{ "proc/sys", "/proc", false },
		{ "/proc/sys", "proc", false },
		{ "", "/", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (path_is_below(rows[i].path, rows[i].directory) != rows[i].below)
			STOP("path_is_below(%s, %s)", rows[i].path, rows[i].directory);
}

static void detours_are_found(void **state)
{
	static const struct {
		const char *path;
		bool detour;
	} rows[] = {
		{ "net", false },       { "net/ipv4/ip_forward", false },
		{ "net/.../x", false }, { "net/..x/.y", false },
		{ "", true },           { "/", true },
		{ "/net", true },       { "net/", true },
		{ "net//ipv4", true },  { ".", true },
		{ "..", true },         { "./net", true },
		{ "net/..", true },     { "kernel/../net/ipv4/x", true },
		{ "net/./ipv4", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (path_has_detour(rows[i].path) != rows[i].detour)
			STOP("path_has_detour(%s)", rows[i].path);
}

static void components_come_one_by_one(void **state)
{
	const char *rest = "//a/./..//b.c/", *empty = "//", *nothing = "";
	static const char *const parts[] = { "a", ".", "..", "b.c" };
	struct path_part part;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		assert_true(path_next(&rest, &part));
		assert_true(path_part_is(&part, parts[i]));
		assert_false(path_part_is(&part, "b"));
		assert_false(path_part_is(&part, "b.cd"));
	}
	assert_false(path_next(&rest, &part));
	assert_false(path_next(&empty, &part));
	assert_false(path_next(&nothing, &part));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_cleaned_textually),
		cmocka_unit_test(paths_are_compared_by_components),
		cmocka_unit_test(detours_are_found),
		cmocka_unit_test(components_come_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

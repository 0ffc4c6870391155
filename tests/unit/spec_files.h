/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of config.json share: files of the project and of the specification, decoded, encoded and refused.
 */
#ifndef TESTS_UNIT_SPEC_FILES_H
#define TESTS_UNIT_SPEC_FILES_H

#include "base/arena.h"
#include "base/auto.h"
#include "os/io.h"
#include "spec/spec.h"

#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "load.h"
#undef fail /* cmocka's; ours makes errors */

#define STOP(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

static inline const char *source_directory(void)
{
	const char *directory = getenv("DISTRO_SHIM_SOURCE");
	return directory ? directory : ".";
}

struct text {
	char *text;
	size_t length;
};

static inline struct text read_text(struct arena *arena, const char *path)
{
	struct err e = { 0 };
	autofree char *text = NULL;
	struct text result = { 0 };
	if (read_file_at(AT_FDCWD, path, JSON_MAX_BYTES, &text, &result.length, &e) < 0)
		STOP("%s\n", e.text);
	result.text = arena_strndup(arena, text, result.length);
	return result;
}

/* Calls `test` for each file that matches; the number of them. */
static inline size_t for_each_file(const char *pattern,
				   void (*test)(struct arena *arena, const char *path))
{
	glob_t found;
	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		autoarena arena = { 0 };
		test(&arena, found.gl_pathv[i]);
	}
	size_t count = found.gl_pathc;
	globfree(&found);
	return count;
}

static inline size_t for_each_own(const char *pattern,
				  void (*test)(struct arena *arena, const char *path))
{
	autoarena arena = { 0 };
	return for_each_file(
		arena_printf(&arena, "%s/tests/data/config/%s", source_directory(), pattern), test);
}

static inline struct json_value *parse(struct arena *arena, struct text text)
{
	const struct json_source source = { .name = "test",
					    .text = text.text,
					    .length = text.length };
	struct json_value *root = NULL;
	struct err e = { 0 };
	if (json_parse(&source, arena, &root, &e) < 0)
		STOP("%s\n", e.text);
	return root;
}

static inline struct spec *decode(struct arena *arena, struct text text, const char *name)
{
	struct err e = { 0 };
	struct spec *spec = NULL;
	if (spec_decode_text(text.text, text.length, name, arena, &spec, &e) < 0)
		STOP("%s\n", e.text);
	return spec;
}

/* Decode and validate a text that must be refused; the error's text. */
static inline const char *refusal(struct arena *arena, struct text text)
{
	struct err e = { 0 };
	struct spec *spec = NULL;
	if (spec_decode_text(text.text, text.length, "config.json", arena, &spec, &e) == 0) {
		assert_non_null(spec);
		if (spec_validate(spec, "config.json", &e) == 0)
			return NULL;
	} else {
		assert_null(spec);
	}
	assert_int_equal(e.kind, ERR_CONFIG);
	return arena_strdup(arena, e.text);
}

static inline struct text text_of(const char *text)
{
	union {
		const char *constant;
		char *text;
	} same = { text }; /* only read */
	return (struct text){ same.text, strlen(text) };
}

static inline const char *refusal_of(struct arena *arena, const char *text)
{
	return refusal(arena, text_of(text));
}

#endif

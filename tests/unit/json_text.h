/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of JSON share: a text is parsed.
 */
#ifndef TESTS_UNIT_JSON_TEXT_H
#define TESTS_UNIT_JSON_TEXT_H

#include "base/json.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#undef fail /* cmocka's; ours makes errors */

/* fail_msg(), which needs cmocka's fail() */
#define STOP(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

static inline int parse(const char *text, size_t length, struct arena *arena,
			struct json_value **ret, struct err *e)
{
	const struct json_source source = { .name = "c.json", .text = text, .length = length };

	return json_parse(&source, arena, ret, e);
}

static inline struct json_value *parse_good(struct arena *arena, const char *text)
{
	struct json_value *v = NULL;
	struct err e;

	if (parse(text, strlen(text), arena, &v, &e) < 0)
		STOP("refused: %s\n%s", e.text, text);
	return v;
}

static inline void repeat(struct strbuf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strbuf_puts(b, s);
}

#endif

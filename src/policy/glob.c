/* SPDX-License-Identifier: Apache-2.0 */
/* See glob.h. Pure. */
#include "policy/glob.h"

#include <stddef.h>

/* Behind the bracket expression that begins at `at`; NULL: it has no end. */
static const char *bracket_end(const char *at)
{
	at++;
	if (*at == '!' || *at == '^')
		at++;
	/* one that comes first is a character of the set */
	if (*at == ']')
		at++;
	for (; *at && *at != ']'; at++)
		if (*at == '\\' && at[1])
			at++;
	return *at ? at + 1 : NULL;
}

static unsigned char set_character(const char **at)
{
	if (**at == '\\' && (*at)[1])
		(*at)++;
	return (unsigned char)*(*at)++;
}

static bool bracket_has(const char *at, unsigned char c)
{
	const char *end = bracket_end(at) - 1;
	bool inverted = at[1] == '!' || at[1] == '^', found = false;

	at += inverted ? 2 : 1;
	while (at < end) {
		unsigned char first = set_character(&at), last = first;

		if (*at == '-' && at + 1 < end) {
			at++;
			last = set_character(&at);
		}
		found = found || (c >= first && c <= last);
	}
	return found != inverted;
}

/* One character of the text against what stands at the pattern; *ret is what follows there. */
static bool match_one(const char *pattern, char c, const char **ret)
{
	if (*pattern == '[') {
		*ret = bracket_end(pattern);
		return bracket_has(pattern, (unsigned char)c);
	}
	if (*pattern == '\\' && pattern[1]) {
		*ret = pattern + 2;
		return pattern[1] == c;
	}
	*ret = pattern + 1;
	return *pattern == '?' || *pattern == c;
}

bool glob_match(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL, *next;

	while (*text) {
		if (*pattern == '*') {
			/* What an earlier star has taken need not be tried again: this one can take the rest. */
			star = ++pattern;
			from = text;
		} else if (*pattern && match_one(pattern, *text, &next)) {
			pattern = next;
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

const char *glob_problem(const char *pattern)
{
	for (; *pattern; pattern++) {
		if (*pattern == '\\' && !pattern[1])
			return "ends with a backslash";
		if (*pattern == '\\') {
			pattern++;
		} else if (*pattern == '[') {
			const char *end = bracket_end(pattern);

			if (!end)
				return "has a '[' without a ']'";
			pattern = end - 1;
		}
	}
	return NULL;
}

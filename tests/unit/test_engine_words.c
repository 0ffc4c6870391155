/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of errors that engines look for (tests/data/engine-words) are in the sources, in one piece, or are the
 * system's text of an error number. Reads the sources (DISTRO_SHIM_SOURCE); runs anywhere.
 */
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "os/io.h"

#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

static char *read_source(const char *path)
{
	char *text = NULL;
	struct err e;

	if (read_file_at(AT_FDCWD, path, 1 << 20, &text, NULL, &e) < 0)
		fail_msg("%s", e.text);
	return text;
}

/* Within a string on one line that is not a comment's. */
static bool is_in_a_string(const char *text, const char *word)
{
	for (const char *at = text; (at = strstr(at, word)); at++) {
		const char *line = at;
		unsigned quotes = 0;

		while (line > text && line[-1] != '\n')
			line--;
		for (const char *c = line; c < at; c++)
			quotes += *c == '"' && (c == line || c[-1] != '\\');
		if (quotes % 2 == 1)
			return true;
	}
	return false;
}

static bool is_in_the_sources(const glob_t *files, const char *word)
{
	for (size_t i = 0; i < files->gl_pathc; i++) {
		autofree char *text = read_source(files->gl_pathv[i]);

		if (is_in_a_string(text, word))
			return true;
	}
	return false;
}

static bool is_an_errno_text(const char *word)
{
	char text[80];

	for (int number = 1; number < 134; number++)
		if (str_eq(errno_text(number, text, sizeof(text)), word))
			return true;
	return false;
}

static void each_word_is_said_as_it_is_looked_for(void **state)
{
	const char *source = getenv("DISTRO_SHIM_SOURCE");
	autostrbuf path = { 0 }, pattern = { 0 };
	unsigned words = 0, missing = 0;
	glob_t files;

	(void)state;
	strbuf_printf(&path, "%s/tests/data/engine-words", source ? source : ".");
	strbuf_printf(&pattern, "%s/src/*/*.c", source ? source : ".");
	assert_int_equal(glob(pattern.text, 0, NULL, &files), 0);
	pattern.length = 0;
	strbuf_printf(&pattern, "%s/src/*/*/*.c", source ? source : ".");
	assert_int_equal(glob(pattern.text, GLOB_APPEND, NULL, &files), 0);

	autofree char *text = read_source(path.text);
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) && *line; words++) {
		char *who = strchr(line, '\t');

		if (!who || who == line || !who[1])
			fail_msg("engine-words: '%s' is not WORD, tab, who looks for it", line);
		*who = '\0';
		if (!is_an_errno_text(line) && !is_in_the_sources(&files, line)) {
			print_error("'%s' is said nowhere; who looks for it: %s\n", line, who + 1);
			missing++;
		}
	}
	globfree(&files);
	assert_int_equal(missing, 0);
	assert_true(words >= 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_word_is_said_as_it_is_looked_for),
	};

	return cmocka_run_group_tests_name("engine_words", tests, NULL, NULL);
}

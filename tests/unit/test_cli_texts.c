/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is written from the commands' records: usage, completion and manual say what the records say.
 * Needs no root.
 */
#include "base/auto.h"
#include "cli/cli.h"
#include "os/io.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define FILE_MAX (1u << 20)

static const char *environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

static bool is_repeated(const struct cli_tables *tables, const struct cli_option *row)
{
	for (size_t i = 0; i < CLI_TABLES && tables->v[i]; i++)
		for (const struct cli_option *other = tables->v[i]; other->name; other++)
			if (other != row && (str_eq(other->name, row->name) ||
					     (row->letter && other->letter == row->letter)))
				return true;
	return false;
}

static void check_rows(const struct cli_command *command)
{
	struct cli_tables tables = cli_tables_of(command);

	for (size_t i = 0; i < CLI_TABLES && tables.v[i]; i++)
		for (const struct cli_option *row = tables.v[i]; row->name; row++) {
			assert_non_null(row->help);
			assert_int_equal(row->value != NULL, row->kind != CLI_FLAG);
			assert_int_equal(row->choices != NULL, row->offer == CLI_OFFER_WORDS);
			assert_false(is_repeated(&tables, row));
		}
}

static void records_are_complete(void **state)
{
	(void)state;
	check_rows(NULL);
	for (size_t i = 0; cli_commands[i]; i++) {
		const struct cli_command *command = cli_commands[i];

		check_rows(command);
		assert_non_null(command->summary);
		assert_non_null(command->arguments);
		assert_non_null(command->run);
		assert_true(command->least <= command->most);
		assert_ptr_equal(cli_command_find(command->name), command);
		/* Whose process becomes the container's, or enters it, and that of no other command. */
		assert_int_equal(command->enters_container,
				 command == &cmd_create || command == &cmd_run ||
					 command == &cmd_exec || command == &cmd_mounts);
	}
}

static void usage_names_every_option(void **state)
{
	(void)state;
	for (size_t i = 0; cli_commands[i]; i++) {
		struct cli_tables tables = cli_tables_of(cli_commands[i]);
		autostrbuf text = { 0 };

		cli_print_usage(cli_commands[i], &text);
		assert_non_null(strstr(strbuf_text(&text), cli_commands[i]->summary));
		for (size_t j = 0; j < CLI_TABLES && tables.v[j]; j++)
			for (const struct cli_option *row = tables.v[j]; row->name; row++) {
				autostrbuf name = { 0 };

				strbuf_printf(&name, "--%s%s%s ", row->name, row->value ? " " : "",
					      row->value ? row->value : "");
				assert_non_null(strstr(strbuf_text(&text), strbuf_text(&name)));
			}
	}
}

static void the_version_has_the_lines_that_engines_read(void **state)
{
	autostrbuf text = { 0 };

	(void)state;
	cli_print_version(&text);
	assert_true(str_has_prefix(strbuf_text(&text), "distro-shim version "));
	assert_non_null(strstr(strbuf_text(&text), "\nspec: 1.3.0\n"));
}

static char *read_source(struct arena *arena, const char *path)
{
	const char *full =
		arena_printf(arena, "%s/%s", environment("DISTRO_SHIM_SOURCE", "."), path);
	struct err e;
	char *text;

	if (read_file_at(AT_FDCWD, full, FILE_MAX, &text, NULL, &e) < 0) {
		print_error("%s\n", e.text);
		fail();
	}
	return text;
}

static void the_stored_completion_is_the_generated_one(void **state)
{
	struct arena arena = { 0 };
	autofree char *stored = read_source(&arena, "contrib/completion/distro-shim.bash");
	autostrbuf generated = { 0 };

	(void)state;
	cli_print_completion(&generated);
	assert_string_equal(stored, strbuf_text(&generated));
	arena_release(&arena);
}

/* A line of the manual without its fonts. */
static void plain_line(const char *line, size_t length, struct strbuf *out)
{
	for (size_t i = 0; i < length; i++) {
		if (line[i] == '\\' && i + 2 < length && line[i + 1] == 'f')
			i += 2;
		else if (line[i] != '\\')
			strbuf_putc(out, line[i]);
	}
}

/* What the manual has: "SECTION\n" and "SECTION: -b, --bundle DIR\n". */
static void manual_says(const char *text, struct strbuf *out)
{
	autostrbuf section = { 0 };
	bool tagged = false;

	while (*text) {
		size_t length = strcspn(text, "\n");
		autostrbuf line = { 0 };

		plain_line(text, length, &line);
		if (str_has_prefix(strbuf_text(&line), ".SS ")) {
			strbuf_release(&section);
			section = (struct strbuf){ 0 };
			strbuf_puts(&section, strbuf_text(&line) + 4);
			strbuf_printf(out, "%s\n", strbuf_text(&section));
		} else if (str_has_prefix(strbuf_text(&line), ".SH ")) {
			strbuf_release(&section);
			section = (struct strbuf){ 0 };
		} else if (tagged && strbuf_text(&line)[0] == '-') {
			strbuf_printf(out, "%s: %s\n", strbuf_text(&section), strbuf_text(&line));
		}
		tagged = str_eq(strbuf_text(&line), ".TP") || str_eq(strbuf_text(&line), ".TQ");
		text += length + (text[length] == '\n');
	}
}

static void record_says(const char *section, const struct cli_option *table, struct strbuf *out)
{
	for (const struct cli_option *row = table; row && row->name; row++) {
		strbuf_printf(out, "%s: ", section);
		if (row->letter)
			strbuf_printf(out, "-%c, ", row->letter);
		strbuf_printf(out, "--%s%s%s\n", row->name, row->value ? " " : "",
			      row->value ? row->value : "");
	}
}

static void records_say(struct strbuf *out)
{
	record_says("", cli_global_rows, out);
	record_says("", cli_help_rows, out);
	for (size_t i = 0; cli_commands[i]; i++) {
		autostrbuf synopsis = { 0 };
		const char *section;

		cli_print_synopsis(cli_commands[i], &synopsis);
		section = strstr(strbuf_text(&synopsis), "] ");
		assert_non_null(section);
		strbuf_printf(out, "%s\n", section + 2);
		record_says(section + 2, cli_commands[i]->options, out);
		record_says(section + 2, cli_commands[i]->shared_options, out);
	}
}

static void the_manual_says_what_the_records_say(void **state)
{
	struct arena arena = { 0 };
	autofree char *text = read_source(&arena, "man/distro-shim.8");
	autostrbuf manual = { 0 }, records = { 0 }, synopsis = { 0 };

	(void)state;
	manual_says(text, &manual);
	records_say(&records);
	assert_string_equal(strbuf_text(&manual), strbuf_text(&records));

	cli_print_synopsis(NULL, &synopsis);
	assert_non_null(strstr(text, strchr(strbuf_text(&synopsis), '[')));
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_complete),
		cmocka_unit_test(usage_names_every_option),
		cmocka_unit_test(the_version_has_the_lines_that_engines_read),
		cmocka_unit_test(the_stored_completion_is_the_generated_one),
		cmocka_unit_test(the_manual_says_what_the_records_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

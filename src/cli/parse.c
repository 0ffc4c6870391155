/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The option parser. Pure: it knows the tables and the words and nothing else.
 *
 * getopt_long(3) is not used: it prints by itself, wants one table for the whole program, and does not
 * know long names with a single dash, which containerd passes (`-no-subreaper`).
 */
#include "cli/cli.h"

#include <stdint.h>

/* Descriptors 3 .. 3+N-1; beyond the kernel's own limit on descriptors (fs.nr_open) N means nothing. */
#define CLI_NUMBER_MAX (1u << 20)

struct parser {
	const struct cli_tables *tables;
	char *const *words;
	size_t position; /* of the word under work */
	struct cli_values *values;
};

static const struct cli_option *find_name(const struct cli_tables *tables, const char *name,
					  size_t length)
{
	for (size_t i = 0; i < CLI_TABLES && tables->v[i]; i++)
		for (const struct cli_option *row = tables->v[i]; row->name; row++)
			if (strlen(row->name) == length && strncmp(row->name, name, length) == 0)
				return row;
	return NULL;
}

static const struct cli_option *find_letter(const struct cli_tables *tables, char letter)
{
	for (size_t i = 0; i < CLI_TABLES && tables->v[i]; i++)
		for (const struct cli_option *row = tables->v[i]; row->name; row++)
			if (row->letter && row->letter == letter)
				return row;
	return NULL;
}

static bool is_choice(const char *choices, const char *value)
{
	size_t length = strlen(value);
	const char *word = choices;

	while (*word) {
		size_t word_length = strcspn(word, " ");

		if (word_length == length && strncmp(word, value, length) == 0)
			return true;
		word += word_length;
		word += *word == ' ';
	}
	return false;
}

/* The words of the other runtimes' parsers (Go's strconv.ParseBool). */
static bool parse_bool(const char *text, bool *ret)
{
	if (is_choice("1 t T true True TRUE", text))
		*ret = true;
	else if (is_choice("0 f F false False FALSE", text))
		*ret = false;
	else
		return false;
	return true;
}

static int store_flag(const struct cli_option *option, const char *value, bool *member,
		      struct err *e)
{
	if (!value)
		*member = true;
	else if (!parse_bool(value, member))
		return fail(e, ERR_USAGE, "option --%s must be true or false, is \"%s\"",
			    option->name, value);
	return 0;
}

static int store_text(const struct cli_option *option, const char *value, const char **member,
		      struct err *e)
{
	if (!*value)
		return fail(e, ERR_USAGE, "option --%s must not be empty", option->name);
	if (option->choices && !is_choice(option->choices, value))
		return fail(e, ERR_USAGE, "option --%s must be one of \"%s\", is \"%s\"",
			    option->name, option->choices, value);
	*member = value;
	return 0;
}

/* The word itself stays where it is, which is for ever. */
static void store_list(const char *value, struct strlist *member)
{
	member->v[member->n++] = (char *)(uintptr_t)value;
}

static int store_number(const struct cli_option *option, const char *value, unsigned *member,
			struct err *e)
{
	uint32_t number;

	if (!parse_u32(value, &number) || number > CLI_NUMBER_MAX)
		return fail(e, ERR_USAGE, "option --%s must be a number from 0 to %u, is \"%s\"",
			    option->name, CLI_NUMBER_MAX, value);
	*member = number;
	return 0;
}

/* `value` NULL: none was given together with the name. */
static int store(struct parser *p, const struct cli_option *option, const char *value,
		 struct err *e)
{
	void *member = (char *)p->values + option->offset;

	if (option->kind == CLI_FLAG)
		return store_flag(option, value, member, e);
	if (!value)
		value = p->words[++p->position];
	if (!value)
		return fail(e, ERR_USAGE, "option --%s requires an argument", option->name);
	if (option->kind == CLI_NUMBER)
		return store_number(option, value, member, e);
	if (option->kind == CLI_LIST) {
		store_list(value, member);
		return 0;
	}
	if (option->kind == CLI_WORD) {
		*(const char **)member = value;
		return 0;
	}
	return store_text(option, value, member, e);
}

static int parse_letters(struct parser *p, const char *word, struct err *e)
{
	for (const char *letter = word + 1; *letter; letter++) {
		const struct cli_option *option = find_letter(p->tables, *letter);
		bool equals = letter[1] == '=';

		if (!option)
			return fail(e, ERR_USAGE, "unknown option \"%s\"", word);
		if (option->kind == CLI_FLAG && !equals) {
			if (store(p, option, NULL, e) < 0)
				return -1;
			continue;
		}
		return store(p, option, equals ? letter + 2 : letter[1] ? letter + 1 : NULL, e);
	}
	return 0;
}

static int parse_option(struct parser *p, const char *word, struct err *e)
{
	bool single_dash = word[1] != '-';
	const char *name = word + (single_dash ? 1 : 2);
	size_t length = strcspn(name, "=");
	const struct cli_option *option = find_name(p->tables, name, length);

	if (option)
		return store(p, option, name[length] ? name + length + 1 : NULL, e);
	if (single_dash)
		return parse_letters(p, word, e);
	return fail(e, ERR_USAGE, "unknown option \"%s\"", word);
}

int cli_parse_words(const struct cli_tables *tables, char *const *words, bool stop_at_argument,
		    struct cli_values *values, struct strlist *arguments, struct err *e)
{
	struct parser p = { .tables = tables, .words = words, .values = values };
	bool options_ended = false;

	for (; words[p.position]; p.position++) {
		char *word = words[p.position];

		if (!options_ended && str_eq(word, "--")) {
			options_ended = true;
		} else if (!options_ended && word[0] == '-' && word[1]) {
			if (parse_option(&p, word, e) < 0)
				return -1;
		} else if (stop_at_argument) {
			return (int)p.position;
		} else {
			arguments->v[arguments->n++] = word;
		}
	}
	return (int)p.position;
}

static int check_count(const struct cli_command *command, const struct strlist *arguments,
		       struct err *e)
{
	if (arguments->n >= command->least && arguments->n <= command->most)
		return 0;
	if (arguments->n > command->most)
		return fail(e, ERR_USAGE, "too many arguments, \"%s\" is not expected",
			    arguments->v[command->most]);
	return fail(e, ERR_USAGE, "arguments are missing, expected: %s", command->arguments);
}

static void make_room(const struct cli_tables *tables, size_t count, struct arena *arena,
		      struct cli_values *values)
{
	for (size_t i = 0; i < CLI_TABLES && tables->v[i]; i++)
		for (const struct cli_option *row = tables->v[i]; row->name; row++)
			if (row->kind == CLI_LIST) {
				void *member = (char *)values + row->offset;
				((struct strlist *)member)->v =
					arena_new_array(arena, char *, count);
			}
}

/* Behind the first argument everything is the program's. */
static int parse_with_program(const struct cli_tables *tables, char *const *words,
			      struct cli_call *call, struct err *e)
{
	struct strlist *arguments = &call->arguments;
	int taken = cli_parse_words(tables, words, true, &call->values, arguments, e);

	if (taken < 0)
		return -1;
	for (char *const *word = words + taken; *word; word++) {
		if (arguments->n == 1 && word == words + taken + 1 && str_eq(*word, "--"))
			continue;
		arguments->v[arguments->n++] = *word;
	}
	return 0;
}

int cli_fail_command(const char *word, struct err *e)
{
	const char *hint = cli_hint_command(word);

	return fail(e, ERR_USAGE, "unknown command \"%s\"; %s%ssee distro-shim --help", word,
		    hint ? hint : "", hint ? "; " : "");
}

static int parse_command(char *const *words, struct arena *arena, struct cli_call *call,
			 struct err *e)
{
	struct cli_tables tables;
	size_t count = 0;

	call->command = cli_command_find(words[0]);
	if (!call->command)
		return cli_fail_command(words[0], e);
	while (words[count])
		count++;
	call->arguments.v = arena_new_array(arena, char *, count);
	tables = cli_tables_of(call->command);
	make_room(&tables, count, arena, &call->values);
	if (call->command->takes_program) {
		if (parse_with_program(&tables, words + 1, call, e) < 0)
			return -1;
	} else if (cli_parse_words(&tables, words + 1, false, &call->values, &call->arguments, e) <
		   0) {
		return -1;
	}
	return call->values.help ? 0 : check_count(call->command, &call->arguments, e);
}

/* The text goes to the log as well as to people, so the hint comes last. */
static int with_hint(const struct cli_call *call, struct err *e)
{
	const char *command = call->command ? call->command->name : "";
	const char *hint = call->command ? cli_hint_call(call, e) : NULL;
	struct err full;

	(void)fail(&full, e->kind, "%s%s%s; %s%ssee distro-shim %s%s--help", command,
		   *command ? ": " : "", e->text, hint ? hint : "", hint ? "; " : "", command,
		   *command ? " " : "");
	*e = full;
	return -1;
}

int cli_parse(char *const *argv, struct arena *arena, struct cli_call *call, struct err *e)
{
	struct cli_tables global = cli_tables_of(NULL);
	char *const *words = argv[0] ? argv + 1 : argv;
	int taken = cli_parse_words(&global, words, true, &call->values, &call->arguments, e);

	call->arena = arena;
	if (taken < 0)
		return with_hint(call, e);
	if (call->values.version || call->values.help)
		return 0;
	if (!words[taken]) {
		(void)fail(e, ERR_USAGE, "no command is given");
		return with_hint(call, e);
	}
	if (parse_command(words + taken, arena, call, e) < 0)
		return call->command ? with_hint(call, e) : -1;
	return 0;
}

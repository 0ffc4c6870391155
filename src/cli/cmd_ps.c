/* SPDX-License-Identifier: Apache-2.0 */
/* `ps`: the processes of a container; as a table what ps(1) of the host says of them. */
#include "cli/cli.h"

#include "base/auto.h"
#include "sys/child.h"
#include "sys/helper.h"
#include "sys/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define TABLE_MAX (64u << 20)
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const struct cli_option ps_rows[] = {
	CLI_CHOICE_ROW("format", 'f', format, "FORMAT", "table json",
		       "how the list looks (default: table)"),
	CLI_END_ROW,
};

/* Engines start their runtime without $PATH. */
static const char *find_ps(struct arena *arena)
{
	const char *path = getenv("PATH");

	path = str_empty(path) ? DEFAULT_PATH : path;
	while (*path) {
		size_t length = strcspn(path, ":");
		const char *file = arena_printf(arena, "%.*s/ps", (int)length, path);
		if (path[0] == '/' && faccessat(AT_FDCWD, file, X_OK, AT_EACCESS) == 0)
			return file;
		path += length + (path[length] == ':');
	}
	return NULL;
}

static char **ps_words(const struct cli_call *call)
{
	size_t n = 0;
	char **words = arena_new_array(call->arena, char *, call->arguments.n + 2);

	words[n++] = arena_strdup(call->arena, "ps");
	for (size_t i = 1; i < call->arguments.n; i++)
		words[n++] = call->arguments.v[i];
	if (n == 1)
		words[n++] = arena_strdup(call->arena, "-ef");
	return words;
}

struct ps_program {
	const char *file;
	char **words;
};

static void execute_ps(void *context, int output)
{
	const struct ps_program *ps = context;
	struct err ignored;

	if (signals_reset(&ignored) < 0 || dup2(output, 1) < 0)
		return;
	execv(ps->file, ps->words);
	_exit(127);
}

static int run_ps_program(const char *file, char **words, char **ret_text, struct err *e)
{
	struct ps_program ps = { .file = file, .words = words };
	int status;

	if (helper_program(file, 0, execute_ps, &ps, TABLE_MAX, ret_text, &status, e) < 0)
		return -1;
	/* Where it finds nothing it ends with 1 too, but not without its head line. */
	if (status != 0 && (status != 1 || str_empty(*ret_text)))
		return fail(e, ERR_SYSTEM, "'%s' ended with exit status %d", file, status);
	return 0;
}

/* The column of a head line, from 0; -1. */
static int find_column(const char *line, const char *name)
{
	size_t length = strlen(name);

	for (int column = 0;; column++) {
		line += strspn(line, " \t");
		size_t n = strcspn(line, " \t");
		if (n == 0)
			return -1;
		if (n == length && strncmp(line, name, n) == 0)
			return column;
		line += n;
	}
}

static bool has_pid(const struct u32list *pids, const char *line, int column)
{
	char number[16];
	uint32_t pid;

	for (; column >= 0; column--) {
		line += strspn(line, " \t");
		size_t n = strcspn(line, " \t");
		if (n == 0)
			return false;
		if (column == 0) {
			if (n >= sizeof(number))
				return false;
			memcpy(number, line, n);
			number[n] = '\0';
		}
		line += n;
	}
	if (!parse_u32(number, &pid))
		return false;
	for (size_t i = 0; i < pids->n; i++)
		if (pids->v[i] == pid)
			return true;
	return false;
}

static int print_table(const struct cli_call *call, const struct u32list *pids, struct err *e)
{
	const char *file = find_ps(call->arena);
	autofree char *text = NULL;
	autostrbuf out = { 0 };
	int column = -1;

	if (!file)
		return fail(
			e, ERR_SYSTEM,
			"the program ps is not installed; use --format json, which does not need it");
	if (run_ps_program(file, ps_words(call), &text, e) < 0)
		return -1;
	for (char *line = text, *next; *line; line = next) {
		size_t length = strcspn(line, "\n");
		next = line + length + (line[length] == '\n');
		line[length] = '\0';
		if (line == text) {
			column = find_column(line, "PID");
			if (column < 0)
				return fail(e, ERR_USAGE,
					    "ps shows no column PID with these options");
		} else if (!has_pid(pids, line, column)) {
			continue;
		}
		strbuf_show(&out, "%s\n", line);
	}
	return cli_output(&out, e);
}

static int print_json(const struct u32list *pids, struct err *e)
{
	auto_json_out out = json_out_new(false);

	json_out_array(out);
	for (size_t i = 0; i < pids->n; i++)
		json_out_u64(out, pids->v[i]);
	json_out_array_end(out);
	return cli_output_json(out, e);
}

static int run_ps(const struct cli_call *call, struct err *e)
{
	struct u32list pids = { 0 };

	if (container_pids(&call->global, call->arguments.v[0], call->arena, &pids, e) < 0)
		return -1;
	if (str_eq(call->values.format, "json"))
		return print_json(&pids, e);
	return print_table(call, &pids, e);
}

const struct cli_command cmd_ps = {
	.name = "ps",
	.summary = "show the processes of a container",
	.arguments = "ID [PS-OPTION...]",
	.least = 1,
	.most = 1000,
	.offer = CLI_OFFER_ID,
	.options = ps_rows,
	.takes_program = true,
	.run = run_ps,
};

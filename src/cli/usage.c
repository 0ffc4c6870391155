/* SPDX-License-Identifier: Apache-2.0 */
/* Usage, written from the records; and the command `help`. */
#include "cli/cli.h"

#define USAGE_OPTION_WIDTH 32
#define USAGE_COMMAND_WIDTH 12

void cli_print_synopsis(const struct cli_command *command, struct strbuf *out)
{
	strbuf_puts(out, "distro-shim [GLOBAL OPTIONS]");
	if (!command) {
		strbuf_puts(out, " COMMAND [OPTIONS] [ARGUMENTS]");
		return;
	}
	strbuf_printf(out, " %s", command->name);
	if (command->options || command->shared_options)
		strbuf_puts(out, " [OPTIONS]");
	if (*command->arguments)
		strbuf_printf(out, " %s", command->arguments);
}

static void print_option(const struct cli_option *option, struct strbuf *out)
{
	size_t start = out->length;
	size_t width;

	strbuf_puts(out, "  ");
	if (option->letter)
		strbuf_printf(out, "-%c, ", option->letter);
	else
		strbuf_puts(out, "    ");
	strbuf_printf(out, "--%s", option->name);
	if (option->value)
		strbuf_printf(out, " %s", option->value);
	width = out->length - start;
	strbuf_printf(out, "%*s%s",
		      width < USAGE_OPTION_WIDTH ? (int)(USAGE_OPTION_WIDTH - width) : 1, "",
		      option->help);
	if (option->choices)
		strbuf_printf(out, "; one of: %s", option->choices);
	strbuf_putc(out, '\n');
}

static void print_options(const struct cli_command *command, struct strbuf *out)
{
	struct cli_tables tables = cli_tables_of(command);

	strbuf_printf(out, "\n%s:\n", command ? "options" : "global options");
	for (size_t i = 0; i < CLI_TABLES && tables.v[i]; i++)
		for (const struct cli_option *row = tables.v[i]; row->name; row++)
			print_option(row, out);
}

void cli_print_usage(const struct cli_command *command, struct strbuf *out)
{
	strbuf_puts(out, "usage: ");
	cli_print_synopsis(command, out);
	strbuf_putc(out, '\n');
	if (command) {
		strbuf_printf(out, "\n%s\n", command->summary);
		print_options(command, out);
		return;
	}
	strbuf_puts(out, "\ncommands:\n");
	for (size_t i = 0; cli_commands[i]; i++)
		strbuf_printf(out, "  %-*s%s\n", USAGE_COMMAND_WIDTH, cli_commands[i]->name,
			      cli_commands[i]->summary);
	print_options(NULL, out);
}

static int run_help(const struct cli_call *call, struct err *e)
{
	const struct cli_command *about = NULL;
	autostrbuf text = { 0 };

	if (call->arguments.n) {
		about = cli_command_find(call->arguments.v[0]);
		if (!about)
			return cli_fail_command(call->arguments.v[0], e);
	}
	cli_print_usage(about, &text);
	return cli_output(&text, e);
}

const struct cli_command cmd_help = {
	.name = "help",
	.stays_outside = true,
	.summary = "show how the program or one of its commands is used",
	.arguments = "[COMMAND]",
	.most = 1,
	.offer = CLI_OFFER_COMMAND,
	.run = run_help,
};

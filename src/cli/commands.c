/* SPDX-License-Identifier: Apache-2.0 */
/* The list of commands, in the order in which people meet them. */
#include "cli/cli.h"

#define COMMAND(name) &cmd_##name,
const struct cli_command *const cli_commands[] = {
#include "cli/commands.def"
	NULL,
};
#undef COMMAND

const struct cli_option cli_help_rows[] = {
	CLI_FLAG_ROW("help", 'h', help, "show this help"),
	CLI_END_ROW,
};

const struct cli_command *cli_command_find(const char *name)
{
	for (size_t i = 0; cli_commands[i]; i++)
		if (str_eq(cli_commands[i]->name, name))
			return cli_commands[i];
	return NULL;
}

struct cli_tables cli_tables_of(const struct cli_command *command)
{
	struct cli_tables tables = { .v = { NULL } };
	size_t n = 0;

	if (!command)
		tables.v[n++] = cli_global_rows;
	if (command && command->options)
		tables.v[n++] = command->options;
	if (command && command->shared_options)
		tables.v[n++] = command->shared_options;
	tables.v[n] = cli_help_rows;
	return tables;
}

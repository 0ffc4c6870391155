/* SPDX-License-Identifier: Apache-2.0 */
/* The list of commands, in the order in which people meet them. */
#include "cli/cli.h"

const struct cli_command *const cli_commands[] = {
	&cmd_create,  &cmd_start,    &cmd_run,     &cmd_exec,       &cmd_state,   &cmd_kill,
	&cmd_delete,  &cmd_list,     &cmd_members, &cmd_ps,         &cmd_pause,   &cmd_resume,
	&cmd_update,  &cmd_mounts,   &cmd_events,  &cmd_checkpoint, &cmd_restore, &cmd_spec,
	&cmd_explain, &cmd_features, &cmd_policy,  &cmd_completion, &cmd_help,    NULL,
};

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

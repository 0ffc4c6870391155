/* SPDX-License-Identifier: Apache-2.0 */
/* `delete`: take away what create made. */
#include "cli/cli.h"

static const struct cli_option delete_rows[] = {
	CLI_FLAG_ROW("force", 'f', force,
		     "kill it first if it runs; a container that does not exist is not an error"),
	CLI_FLAG_ROW("regex", 'r', regex, "ID is a pattern, for every container that it matches"),
	CLI_END_ROW,
};

static int run_delete(const struct cli_call *call, struct err *e)
{
	if (call->values.regex)
		return container_delete_matching(&call->global, call->arguments.v[0],
						 call->values.force, e);
	return container_delete(&call->global, call->arguments.v[0], call->values.force, e);
}

const struct cli_command cmd_delete = {
	.name = "delete",
	.summary = "remove a container that is not running, and all that was made for it",
	.arguments = "ID",
	.least = 1,
	.most = 1,
	.offer = CLI_OFFER_ID,
	.options = delete_rows,
	.run = run_delete,
};

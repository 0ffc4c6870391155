/* SPDX-License-Identifier: Apache-2.0 */
/* `start`: let a created container go. */
#include "cli/cli.h"

static int run_start(const struct cli_call *call, struct err *e)
{
	return container_start(&call->global, call->arguments.v[0], e);
}

const struct cli_command cmd_start = {
	.name = "start",
	.summary = "run the program of a created container",
	.arguments = "ID",
	.least = 1,
	.most = 1,
	.offer = CLI_OFFER_ID,
	.run = run_start,
};

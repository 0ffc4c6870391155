/* SPDX-License-Identifier: Apache-2.0 */
/* `pause` and `resume`. */
#include "cli/cli.h"

static int run_pause(const struct cli_call *call, struct err *e)
{
	return container_pause(&call->global, call->arguments.v[0], e);
}

const struct cli_command cmd_pause = {
	.name = "pause",
	.summary = "freeze every process of a container",
	.arguments = "ID",
	.least = 1,
	.most = 1,
	.offer = CLI_OFFER_ID,
	.run = run_pause,
};

static int run_resume(const struct cli_call *call, struct err *e)
{
	return container_resume(&call->global, call->arguments.v[0], e);
}

const struct cli_command cmd_resume = {
	.name = "resume",
	.summary = "let a paused container go on",
	.arguments = "ID",
	.least = 1,
	.most = 1,
	.offer = CLI_OFFER_ID,
	.run = run_resume,
};

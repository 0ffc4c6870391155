/* SPDX-License-Identifier: Apache-2.0 */
/* `kill`: a signal to a container. */
#include "cli/cli.h"

static const struct cli_option kill_rows[] = {
	CLI_FLAG_ROW("all", 'a', all, "signal every process of the container"),
	CLI_FLAG_ROW("regex", 'r', regex, "ID is a pattern, for every container that it matches"),
	CLI_END_ROW,
};

static int run_kill(const struct cli_call *call, struct err *e)
{
	const char *signal = call->arguments.n > 1 ? call->arguments.v[1] : NULL;

	if (call->values.regex)
		return container_kill_matching(&call->global, call->arguments.v[0], signal,
					       call->values.all, e);
	return container_kill(&call->global, call->arguments.v[0], signal, call->values.all, e);
}

const struct cli_command cmd_kill = {
	.name = "kill",
	.summary =
		"send a signal (default: its stop signal, or TERM) to a container's first process",
	.arguments = "ID [SIGNAL]",
	.least = 1,
	.most = 2,
	.offer = CLI_OFFER_ID,
	.options = kill_rows,
	.run = run_kill,
};

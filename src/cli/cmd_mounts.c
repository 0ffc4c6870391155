/* SPDX-License-Identifier: Apache-2.0 */
/* `mounts`: more of them in a running container, or fewer. */
#include "cli/cli.h"

static int run_mounts(const struct cli_call *call, struct err *e)
{
	const char *verb = call->arguments.v[0];
	bool add = str_eq(verb, "add");

	if (!add && !str_eq(verb, "remove"))
		return fail(e, ERR_USAGE, "mounts: \"%s\" is not one of add, remove", verb);
	return container_mounts(&call->global, call->arguments.v[1], add, call->arguments.v[2], e);
}

const struct cli_command cmd_mounts = {
	.name = "mounts",
	.summary = "mount into a running container, or take mounts away",
	.arguments = "add|remove ID FILE",
	.least = 3,
	.most = 3,
	.offer = CLI_OFFER_WORDS,
	.choices = "add remove",
	.enters_container = true,
	.run = run_mounts,
};

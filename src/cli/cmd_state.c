/* SPDX-License-Identifier: Apache-2.0 */
/* `state`: one container as the specification's state object. */
#include "cli/cli.h"

static int run_state(const struct cli_call *call, struct err *e)
{
	auto_json_out out = json_out_new(true);
	struct container_view view;

	if (container_view_recorded(&call->global, call->arguments.v[0], call->arena, &view, e) < 0)
		return -1;
	if (container_state_json(&view, out, e) < 0)
		return -1;
	return cli_output_json(out, e);
}

const struct cli_command cmd_state = {
	.name = "state",
	.summary = "show the state of a container as JSON",
	.arguments = "ID",
	.least = 1,
	.most = 1,
	.offer = CLI_OFFER_ID,
	.run = run_state,
};

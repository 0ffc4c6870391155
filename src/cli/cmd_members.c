/* SPDX-License-Identifier: Apache-2.0 */
/* `members`: the running containers of every engine and every root, from the registry. */
#include "cli/cli.h"
#include "state/registry.h"

#include <inttypes.h>
#include <stdio.h>

static const struct cli_option members_rows[] = {
	CLI_TEXT_ROW("network", 0, network, "PATH", CLI_OFFER_FILE,
		     "only those of the network namespace at PATH"),
	CLI_CHOICE_ROW("format", 'f', format, "FORMAT", "table json",
		       "how the list looks (default: table)"),
	CLI_FLAG_ROW("quiet", 'q', quiet, "show ids only"),
	CLI_END_ROW,
};

static int print_json(const struct members *members, struct err *e)
{
	auto_json_out out = json_out_new(false);

	json_out_array(out);
	for (size_t i = 0; i < members->n; i++) {
		const struct member_record *member = &members->v[i];
		json_out_object(out);
		json_out_member_string(out, "id", member->id);
		json_out_member_string(out, "root", member->root);
		json_out_member_string(out, "bundle", member->bundle);
		json_out_member_i64(out, "pid", member->init.pid);
		json_out_member_u64(out, "networkCookie", member->network_cookie);
		json_out_key(out, "networkPath");
		json_out_string(out, member->network_path);
		json_out_object_end(out);
	}
	json_out_array_end(out);
	return cli_output_json(out, e);
}

static int print_table(const struct members *members, bool quiet, struct err *e)
{
	autostrbuf text = { 0 };

	if (!quiet)
		strbuf_show(&text, "%-24s %-10s %-32s %s\n", "ID", "PID", "NETWORK", "ROOT");
	for (size_t i = 0; i < members->n; i++) {
		const struct member_record *member = &members->v[i];
		if (quiet)
			strbuf_show(&text, "%s\n", member->id);
		else
			strbuf_show(&text, "%-24s %-10" PRId64 " %-32s %s\n", member->id,
				    member->init.pid,
				    member->network_path ? member->network_path : "(its own)",
				    member->root);
	}
	return cli_output(&text, e);
}

static int run_members(const struct cli_call *call, struct err *e)
{
	const struct cli_values *values = &call->values;
	const char *directory = registry_default_directory(call->global.rootless, call->arena);
	struct members members;

	if (registry_living(directory, values->network, call->arena, &members, e) < 0)
		return -1;
	if (str_eq(values->format, "json"))
		return print_json(&members, e);
	return print_table(&members, values->quiet, e);
}

const struct cli_command cmd_members = {
	.name = "members",
	.summary = "list the running containers of all engines and roots, by network",
	.arguments = "",
	.options = members_rows,
	.run = run_members,
};

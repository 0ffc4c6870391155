/* SPDX-License-Identifier: Apache-2.0 */
/* `members`: the running containers of every engine and every root, from the registry. */
#include "cli/cli.h"
#include "facts/facts.h"
#include "state/registry.h"

#include <inttypes.h>
#include <stdio.h>

static const struct cli_option members_rows[] = {
	CLI_TEXT_ROW(
		"network", 0, network, "NETWORK", CLI_OFFER_FILE,
		"only those of the policy's network of this name, or of the namespace at this path"),
	CLI_CHOICE_ROW("format", 'f', format, "FORMAT", "table json",
		       "how the list looks (default: table)"),
	CLI_FLAG_ROW("quiet", 'q', quiet, "show ids only"),
	CLI_END_ROW,
};

/* NULL: none of the policy's. */
static const char *name_of(const struct member_record *member)
{
	if (!member->network_path)
		return NULL;
	return member->network_name ? member->network_name : POLICY_NETWORK_DEFAULT;
}

/* Only those of a network's name. */
static void keep_named(struct members *members, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < members->n; i++)
		if (str_eq(name_of(&members->v[i]), name))
			members->v[kept++] = members->v[i];
	members->n = kept;
}

/* A name that is misspelled has no members either. Containers in a network that the policy has no more are shown. */
static int check_name(const struct cli_call *call, const char *name, struct err *e)
{
	struct policy_source source;
	autostrbuf known = { 0 };

	if (str_eq(name, POLICY_NETWORK_DEFAULT))
		return 0;
	if (policy_load(call->global.policy_path, call->arena, &source, e) < 0)
		return -1;
	if (policy_network(source.policy, name))
		return 0;
	strbuf_puts(&known, POLICY_NETWORK_DEFAULT);
	for (size_t i = 0; i < source.policy->networks.n; i++)
		strbuf_show(&known, ", %s", source.policy->networks.v[i].name);
	return fail(
		e, ERR_USAGE,
		"option --network: the policy has no network '%s'; name one of those that it has (%s), or the path of a namespace",
		name, strbuf_text(&known));
}

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
		json_out_key(out, "networkName");
		json_out_string(out, name_of(member));
		addresses_out(&member->addresses, out);
		if (member->ids.size) {
			json_out_key(out, "ids");
			fields_encode(&id_range_fields, &member->ids, out);
		}
		json_out_object_end(out);
	}
	json_out_array_end(out);
	return cli_output_json(out, e);
}

static void put_row(const struct member_record *member, struct arena *arena, struct strbuf *out)
{
	const char *addresses = addresses_text(&member->addresses, arena);

	strbuf_show(out, "%-24s %-10" PRId64 " %-32s %-32s %-15s %s\n", member->id,
		    member->init.pid, member->network_path ? member->network_path : "(its own)",
		    member->root, name_of(member) ? name_of(member) : "-",
		    addresses ? addresses : "-");
}

static int print_table(const struct members *members, bool quiet, struct arena *arena,
		       struct err *e)
{
	autostrbuf text = { 0 };

	if (!quiet)
		strbuf_show(&text, "%-24s %-10s %-32s %-32s %-15s %s\n", "ID", "PID", "NETWORK",
			    "ROOT", "NAME", "ADDRESS");
	for (size_t i = 0; i < members->n; i++) {
		if (quiet)
			strbuf_show(&text, "%s\n", members->v[i].id);
		else
			put_row(&members->v[i], arena, &text);
	}
	return cli_output(&text, e);
}

static int run_members(const struct cli_call *call, struct err *e)
{
	const struct cli_values *values = &call->values;
	const char *directory = registry_default_directory(call->global.rootless, call->arena);
	const char *network = values->network;
	bool named = network && network[0] != '/';
	struct members members;

	if (registry_living(directory, named ? NULL : network, call->arena, &members, e) < 0)
		return -1;
	if (named) {
		keep_named(&members, network);
		if (members.n == 0 && check_name(call, network, e) < 0)
			return -1;
	}
	if (str_eq(values->format, "json"))
		return print_json(&members, e);
	return print_table(&members, values->quiet, call->arena, e);
}

const struct cli_command cmd_members = {
	.name = "members",
	.summary = "list the running containers of all engines and roots, by network",
	.arguments = "",
	.options = members_rows,
	.run = run_members,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* `forwarding`: what leads from networks that engines have prepared to the containers in a shared one. */
#include "cli/cli.h"
#include "forward/members.h"
#include "os/log.h"
#include "state/state.h"

#include <inttypes.h>

static const struct cli_option forwarding_rows[] = {
	CLI_TEXT_ROW("network", 0, network, "PATH", CLI_OFFER_FILE,
		     "only what leads to the shared network at this path"),
	CLI_CHOICE_ROW("format", 'f', format, "FORMAT", "table json",
		       "how the list looks (default: table)"),
	CLI_FLAG_ROW("end-stale", 0, end_stale,
		     "first end what leads to containers that do not run any more"),
	CLI_FLAG_ROW(
		"renew", 0, renew,
		"first set up anew what leads to running containers, with what engines have set up since"),
	CLI_END_ROW,
};

static int read_decoys(const struct cli_call *call, const char *directory,
		       struct forward_decoys *ret, struct err *e)
{
	const char *network = call->values.network;
	size_t kept = 0;

	if (forward_list(directory, call->arena, ret, e) < 0)
		return -1;
	for (size_t i = 0; i < ret->n; i++)
		if (!network || !ret->v[i].network_path || str_eq(ret->v[i].network_path, network))
			ret->v[kept++] = ret->v[i];
	ret->n = kept;
	return 0;
}

/* One that cannot be ended does not keep the others. */
static int end_stale(const struct forward_decoys *decoys, const char *directory, struct err *e)
{
	struct err one;
	int rc = 0;

	for (size_t i = 0; i < decoys->n; i++) {
		if (forward_prune(directory, decoys->v[i].cookie, state_is_living, &one) == 0)
			continue;
		if (rc == 0)
			*e = one;
		rc = -1;
	}
	return rc;
}

static int print_json(const struct forward_decoys *decoys, struct err *e)
{
	auto_json_out out = json_out_new(false);

	json_out_array(out);
	for (size_t i = 0; i < decoys->n; i++) {
		const struct forward_decoy *decoy = &decoys->v[i];
		json_out_object(out);
		json_out_member_u64(out, "decoy", decoy->cookie);
		json_out_key(out, "link");
		json_out_string(out, decoy->pair.set ? forward_name(decoy->pair.value).text : NULL);
		json_out_key(out, "networkPath");
		json_out_string(out, decoy->network_path);
		json_out_member_u64(out, "networkCookie", decoy->network);
		json_out_key(out, "ports");
		json_out_array(out);
		for (size_t k = 0; k < decoy->ports.n; k++)
			json_out_string(out, forward_port_text(&decoy->ports.v[k]).text);
		json_out_array_end(out);
		json_out_key(out, "containers");
		json_out_array(out);
		for (size_t k = 0; k < decoy->members.n; k++) {
			const struct forward_member *member = &decoy->members.v[k];
			json_out_object(out);
			json_out_member_string(out, "id", member->id);
			json_out_member_string(out, "root", member->root);
			json_out_key(out, "living");
			json_out_bool(out, state_is_living(member->root, member->id));
			json_out_object_end(out);
		}
		json_out_array_end(out);
		json_out_object_end(out);
	}
	json_out_array_end(out);
	return cli_output_json(out, e);
}

static const char *list_ports(const struct forward_ports *ports, struct arena *arena)
{
	const char *ret = "-";

	for (size_t i = 0; i < ports->n; i++)
		ret = arena_printf(arena, "%s%s%s", i ? ret : "", i ? "," : "",
				   forward_port_text(&ports->v[i]).text);
	return ret;
}

static void print_row(const struct forward_decoy *decoy, const struct forward_member *member,
		      const char *ports, struct strbuf *text)
{
	bool living = member && state_is_living(member->root, member->id);
	const struct forward_name link = forward_name(decoy->pair.set ? decoy->pair.value : 0);

	strbuf_show(text, "%-8s %-10" PRIu64 " %-24s %-12s %-7s %-24s %s\n",
		    decoy->pair.set ? link.text : "-", decoy->cookie,
		    decoy->network_path ? decoy->network_path : "-", ports,
		    living ? "living" : "stale", member ? member->id : "-",
		    member ? member->root : "-");
}

static int print_table(const struct forward_decoys *decoys, struct arena *arena, struct err *e)
{
	autostrbuf text = { 0 };

	strbuf_show(&text, "%-8s %-10s %-24s %-12s %-7s %-24s %s\n", "LINK", "DECOY", "NETWORK",
		    "PORTS", "STATE", "ID", "ROOT");
	for (size_t i = 0; i < decoys->n; i++) {
		const struct forward_decoy *decoy = &decoys->v[i];
		const char *ports = list_ports(&decoy->ports, arena);

		if (decoy->members.n == 0)
			print_row(decoy, NULL, ports, &text);
		for (size_t k = 0; k < decoy->members.n; k++)
			print_row(decoy, &decoy->members.v[k], ports, &text);
	}
	return cli_output(&text, e);
}

static void tell_clash(const struct forward_decoy *one, const struct forward_decoy *other)
{
	for (size_t i = 0; i < one->ports.n; i++)
		for (size_t k = 0; k < other->ports.n; k++)
			if (one->ports.v[i].protocol == other->ports.v[k].protocol &&
			    one->ports.v[i].port == other->ports.v[k].port)
				log_warning(
					"port %s of %s is published for the containers %s and %s: it leads to whichever listens first; let one of them listen at another port",
					forward_port_text(&one->ports.v[i]).text, one->network_path,
					one->members.v[0].id, other->members.v[0].id);
}

static void tell_clashes(const struct forward_decoys *decoys)
{
	for (size_t i = 0; i < decoys->n; i++)
		for (size_t k = i + 1; k < decoys->n; k++)
			if (decoys->v[i].network == decoys->v[k].network &&
			    !decoys->v[i].own_ports && !decoys->v[k].own_ports &&
			    decoys->v[i].members.n && decoys->v[k].members.n)
				tell_clash(&decoys->v[i], &decoys->v[k]);
}

static int run_forwarding(const struct cli_call *call, struct err *e)
{
	const char *directory = forward_directory(call->global.rootless, call->arena);
	struct forward_decoys decoys;

	if (read_decoys(call, directory, &decoys, e) < 0)
		return -1;
	if (call->values.end_stale &&
	    (end_stale(&decoys, directory, e) < 0 || read_decoys(call, directory, &decoys, e) < 0))
		return -1;
	if (call->values.renew &&
	    (container_forwarding_renew(&call->global, call->values.network, e) < 0 ||
	     read_decoys(call, directory, &decoys, e) < 0))
		return -1;
	tell_clashes(&decoys);
	if (str_eq(call->values.format, "json"))
		return print_json(&decoys, e);
	return print_table(&decoys, call->arena, e);
}

const struct cli_command cmd_forwarding = {
	.name = "forwarding",
	.summary = "show what leads from engines' networks into a shared one",
	.arguments = "",
	.options = forwarding_rows,
	.warns = true,
	.run = run_forwarding,
};

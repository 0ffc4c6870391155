/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `explain`: what the policy does to a bundle before anything runs, or what it did to an existing
 * container. Nothing is made or changed.
 */
#include "cli/cli.h"
#include "cli/remedies.h"
#include "plan/print.h"

#include <inttypes.h>

static const struct cli_option explain_rows[] = {
	CLI_TEXT_ROW("bundle", 'b', create.bundle, "DIR", CLI_OFFER_DIRECTORY,
		     "explain this bundle, not a container (default: the current directory)"),
	CLI_TEXT_ROW("config", 0, create.config_name, "NAME", CLI_OFFER_FILE,
		     "the configuration in the bundle (default: config.json)"),
	CLI_CHOICE_ROW("engine", 0, engine, "ENGINE", REMEDY_ENGINES,
		       "show also how this engine asks for what the policy gives"),
	CLI_FLAG_ROW("plan", 0, plan, "show the exact plan of a bundle, too"),
	CLI_CHOICE_ROW("format", 'f', format, "FORMAT", "text json",
		       "how it is printed (default: text)"),
	CLI_END_ROW,
};

/* What both kinds of explanation have. */
struct network_facts {
	int join;
	const char *path;
	uint64_t cookie;
	const struct confinement *confinement;
	const char *name, *entry; /* NULL: the policy has one network; no entry */
	struct id_range ids;      /* of the host; size 0: none */
};

static const char *mode_name(const struct policy *policy)
{
	return policy->mode == POLICY_OBSERVE ? "observe" : "enforce";
}

static void print_head(const char *policy_path, const struct policy *policy,
		       const struct network_facts *network, struct strbuf *out)
{
	const char *join = value_to_name(network_join_names, network->join);

	strbuf_show(out, "policy: %s, mode %s\n", policy_path ? policy_path : "built-in",
		    mode_name(policy));
	strbuf_show(out, "network: %s", join ? join : "undecided");
	if (network->path)
		strbuf_show(out, ", %s", network->path);
	if (network->cookie)
		strbuf_show(out, ", cookie %" PRIu64, network->cookie);
	if (network->name)
		strbuf_show(out, ", named %s", network->name);
	if (network->entry)
		strbuf_show(out, ", by %s", network->entry);
	strbuf_putc(out, '\n');
	strbuf_show(out, "confinement: lock %s, peerDescriptors %s\n",
		    network->confinement->lock == LOCK_STRICT ? "strict" : "open",
		    network->confinement->peer_descriptors == PEERS_REFUSED ? "refused" : "open");
	if (network->ids.size)
		strbuf_show(out, "ids: %" PRIu32 " to %" PRIu32 " of the host\n",
			    network->ids.first, network->ids.first + network->ids.size - 1);
}

static void print_decisions(const struct decisions *decisions, struct strbuf *out)
{
	strbuf_puts(out, "\ndecisions:\n\n");
	if (decisions->n)
		decisions_print(decisions, out);
	else
		strbuf_puts(out, "none\n");
}

/* Of the decisions, the first with a rule; NULL: there is nothing new to say of this one. */
static const char *next_remedy(const struct cli_call *call, const struct policy *policy,
			       const struct decisions *decisions, size_t i)
{
	const char *engine = call->values.engine;
	const char *text = remedy_of(engine, &decisions->v[i], policy, call->arena);

	for (size_t k = 0; text && k < i; k++)
		if (str_eq(decisions->v[k].rule, decisions->v[i].rule) &&
		    remedy_of(engine, &decisions->v[k], policy, call->arena))
			return NULL;
	return text;
}

static void print_remedies(const struct cli_call *call, const struct policy *policy,
			   const struct decisions *decisions, struct strbuf *out)
{
	bool any = false;

	if (!call->values.engine)
		return;
	strbuf_putc(out, '\n');
	strbuf_show(out, "%s:\n", call->values.engine);
	strbuf_putc(out, '\n');
	for (size_t i = 0; i < decisions->n; i++) {
		const char *text = next_remedy(call, policy, decisions, i);

		if (!text)
			continue;
		strbuf_show(out, "%s\n", decisions->v[i].rule);
		strbuf_show(out, "    %s\n", text);
		any = true;
	}
	if (!any)
		strbuf_puts(out, "no option of it changes any of these decisions\n");
}

static void json_remedies(const struct cli_call *call, const struct policy *policy,
			  const struct decisions *decisions, struct json_out *out)
{
	if (!call->values.engine)
		return;
	json_out_key(out, "engine");
	json_out_object(out);
	json_out_member_string(out, "name", call->values.engine);
	json_out_key(out, "remedies");
	json_out_array(out);
	for (size_t i = 0; i < decisions->n; i++) {
		const char *text = next_remedy(call, policy, decisions, i);

		if (!text)
			continue;
		json_out_object(out);
		json_out_member_string(out, "rule", decisions->v[i].rule);
		json_out_member_string(out, "remedy", text);
		json_out_object_end(out);
	}
	json_out_array_end(out);
	json_out_object_end(out);
}

static void json_head(const char *policy_path, const struct policy *policy,
		      const struct network_facts *network, struct json_out *out)
{
	const char *join = value_to_name(network_join_names, network->join);

	json_out_key(out, "policy");
	json_out_object(out);
	if (policy_path)
		json_out_member_string(out, "path", policy_path);
	json_out_member_string(out, "mode", mode_name(policy));
	json_out_object_end(out);

	json_out_key(out, "network");
	json_out_object(out);
	if (join)
		json_out_member_string(out, "join", join);
	if (network->path)
		json_out_member_string(out, "path", network->path);
	if (network->cookie)
		json_out_member_u64(out, "cookie", network->cookie);
	if (network->name)
		json_out_member_string(out, "name", network->name);
	if (network->entry)
		json_out_member_string(out, "entry", network->entry);
	json_out_object_end(out);

	json_out_key(out, "confinement");
	fields_encode(&confinement_fields, network->confinement, out);
	if (network->ids.size) {
		json_out_key(out, "ids");
		fields_encode(&id_range_fields, &network->ids, out);
	}
}

static void json_decisions(const struct decisions *decisions, struct json_out *out)
{
	json_out_key(out, "decisions");
	json_out_array(out);
	for (size_t i = 0; i < decisions->n; i++)
		fields_encode(&decision_fields, &decisions->v[i], out);
	json_out_array_end(out);
}

/* What the kernel holds its sockets to. NULL: to nothing of its own. */
static const char *address_text(const struct container_view *view, struct arena *arena)
{
	const struct status_record *record = view->record;
	const struct address_record *address = record->address;
	const char *own = addresses_text(container_addresses(record), arena);

	if (!address)
		return NULL;
	return arena_printf(
		arena, "%s%s%s%s%s",
		own                  ? own
		: address->index.set ? "those of the network"
				     : "not known before start",
		address->private_localhost ? ", localhost private" : ", localhost shared",
		address->low_ports ? ", low ports" : "",
		address->group ? arena_printf(arena, ", by group /%s of version 2", address->group)
			       : ", by its own group of version 2",
		container_is_held(view)
			? ""
			: "; the kernel does not hold it to that any more, because its programs were taken off: make it again");
}

static int explain_container_json(const struct cli_call *call, const struct container_view *view,
				  const struct network_facts *network, struct err *e)
{
	auto_json_out out = json_out_new(true);
	const struct status_record *record = view->record;
	const char *address = address_text(view, call->arena);
	const char *forwarding = container_forwarding_text(view, call->arena);

	json_out_object(out);
	json_out_member_string(out, "id", view->id);
	json_out_member_string(out, "status", value_to_name(container_status_names, view->status));
	json_out_member_string(out, "phase", value_to_name(container_phase_names, record->phase));
	json_out_member_string(out, "bundle", view->bundle);
	json_head(record->policy_path, record->policy, network, out);
	if (address)
		json_out_member_string(out, "address", address);
	if (forwarding)
		json_out_member_string(out, "forwarding", forwarding);
	json_decisions(&record->decisions, out);
	json_remedies(call, record->policy, &record->decisions, out);
	json_out_object_end(out);
	return cli_output_json(out, e);
}

static int explain_container(const struct cli_call *call, const struct container_view *view,
			     struct err *e)
{
	const struct status_record *record = view->record;
	autostrbuf text = { 0 };
	const char *address, *forwarding;

	if (call->values.plan)
		return fail(
			e, ERR_USAGE,
			"container %s: the plan of a container is not recorded; --plan shows that of a bundle, with --bundle DIR",
			view->id);
	if (!record || !record->policy)
		return fail(e, ERR_STATE, "container %s is still being created: nothing is decided",
			    view->id);

	struct network_facts network = {
		record->network,
		record->network_path,
		record->network_cookie,
		record->confinement ? record->confinement : &confinement_open,
		record->network_name,
		record->network_entry,
		record->ids,
	};
	if (str_eq(call->values.format, "json"))
		return explain_container_json(call, view, &network, e);
	strbuf_show(&text, "container: %s\n", view->id);
	strbuf_show(&text, "status: %s (phase %s)\n",
		    value_to_name(container_status_names, view->status),
		    value_to_name(container_phase_names, record->phase));
	strbuf_show(&text, "bundle: %s\n", view->bundle);
	print_head(record->policy_path, record->policy, &network, &text);
	address = address_text(view, call->arena);
	if (address)
		strbuf_show(&text, "address: %s\n", address);
	forwarding = container_forwarding_text(view, call->arena);
	if (forwarding)
		strbuf_show(&text, "forwarding: %s\n", forwarding);
	print_decisions(&record->decisions, &text);
	print_remedies(call, record->policy, &record->decisions, &text);
	return cli_output(&text, e);
}

static bool is_unplanned(const struct container_preview *preview)
{
	return !preview->verdict.refused && !preview->plan;
}

static const char *verdict_text(const struct container_preview *preview)
{
	if (preview->verdict.refused)
		return "refused, nothing would run";
	if (is_unplanned(preview))
		return "accepted, but nothing would run: it cannot be carried out";
	if (preview->verdict.observed)
		return "only observed, the configuration stays as it is";
	return "accepted";
}

static int explain_preview_json(const struct cli_call *call,
				const struct container_preview *preview,
				const struct network_facts *network, struct err *e)
{
	auto_json_out out = json_out_new(true);
	const struct verdict *verdict = &preview->verdict;

	json_out_object(out);
	json_head(preview->policy.path, preview->policy.policy, network, out);
	json_out_member_bool(out, "refused", verdict->refused);
	json_out_member_bool(out, "observed", verdict->observed);
	json_decisions(&verdict->decisions, out);
	json_remedies(call, preview->policy.policy, &verdict->decisions, out);
	json_out_key(out, "spec");
	fields_encode(&spec_fields, verdict->spec, out);
	if (preview->plan) {
		json_out_key(out, "plan");
		plan_print_json(preview->plan, out);
	}
	if (is_unplanned(preview))
		json_out_member_string(out, "error", preview->unplanned.text);
	json_out_object_end(out);
	return cli_output_json(out, e);
}

/* Shown all the same; but a caller that asks whether it would run is told that it would not. */
static int explain_unplanned(const struct container_preview *preview, struct err *e)
{
	if (!is_unplanned(preview))
		return 0;
	*e = preview->unplanned;
	return -1;
}

static int explain_preview(const struct cli_call *call, const char *id, struct err *e)
{
	struct container_preview preview;
	autohost host = HOST_INIT;
	autostrbuf text = { 0 };

	if (container_preview(&call->global, id, PATH_CREATE, &call->values.create, NULL,
			      call->arena, &preview, &host, e) < 0)
		return -1;

	const struct verdict *verdict = &preview.verdict;
	struct network_facts network = {
		verdict->network.join, verdict->network.path, verdict->network.cookie,
		&verdict->confinement, verdict->network.name, verdict->network.entry,
		verdict->ids
	};
	if (str_eq(call->values.format, "json")) {
		if (explain_preview_json(call, &preview, &network, e) < 0)
			return -1;
		return explain_unplanned(&preview, e);
	}
	print_head(preview.policy.path, preview.policy.policy, &network, &text);
	strbuf_show(&text, "verdict: %s\n", verdict_text(&preview));
	print_decisions(&verdict->decisions, &text);
	print_remedies(call, preview.policy.policy, &verdict->decisions, &text);
	if (preview.plan && call->values.plan) {
		strbuf_puts(&text, "\nplan:\n\n");
		plan_print(preview.plan, &text);
	}
	if (cli_output(&text, e) < 0)
		return -1;
	return explain_unplanned(&preview, e);
}

/* As Podman and Docker show it. */
static int view_by_short_id(const struct cli_call *call, const char *text,
			    struct container_view *ret, struct err *e)
{
	struct global_options global = call->global;
	const char *id;

	if (container_find(&call->global, text, call->arena, &global.root, &id, e) < 0)
		return -1;
	return container_view(&global, id, call->arena, ret, e);
}

static int run_explain(const struct cli_call *call, struct err *e)
{
	const char *id = call->arguments.n ? call->arguments.v[0] : NULL;
	struct container_view view;

	if (!id || call->values.create.bundle || call->values.create.config_name)
		return explain_preview(call, id ? id : "explain", e);
	if (container_view(&call->global, id, call->arena, &view, e) == 0)
		return explain_container(call, &view, e);
	if (e->kind != ERR_NOT_FOUND)
		return -1;
	if (view_by_short_id(call, id, &view, e) == 0)
		return explain_container(call, &view, e);
	if (e->kind != ERR_NOT_FOUND)
		return -1;
	if (explain_preview(call, id, e) < 0)
		return err_prefix(e, "container %s does not exist; bundle '.'", id);
	return 0;
}

const struct cli_command cmd_explain = {
	.name = "explain",
	.summary = "show what the policy makes of a bundle, or made of a container",
	.arguments = "[ID]",
	.most = 1,
	.offer = CLI_OFFER_ID,
	.options = explain_rows,
	.run = run_explain,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded decisions: replayed on a config, told as warnings, and printed. Pure.
 */
#include "base/auto.h"
#include "base/pointer.h"
#include "policy/rules.h"

/* --- replay --- */

static int parse_text(const char *text, struct arena *arena, struct json_value **ret, struct err *e)
{
	struct json_source source = { .name = "decision",
				      .text = text,
				      .length = text ? strlen(text) : 0 };

	if (!text)
		return fail(e, ERR_STATE, "has no value");
	return json_parse(&source, arena, ret, e);
}

/* That this is at its place. */
static int check_there(const struct decision *decision, const char *text, struct json_value *root,
		       struct arena *arena, struct err *e)
{
	const struct json_value *found = pointer_find(root, decision->path, arena);
	struct json_value *expected = NULL;

	if (parse_text(text, arena, &expected, e) < 0)
		return -1;
	if (!found || !json_equal(found, expected))
		return fail(e, ERR_STATE, "'%s' is not what it was", decision->path);
	return 0;
}

static int replay_one(const struct decision *decision, struct json_value *root, struct arena *arena,
		      struct err *e)
{
	struct json_value *after = NULL;

	switch ((enum decision_action)decision->action) {
	case DECISION_ADD:
		if (parse_text(decision->after, arena, &after, e) < 0)
			return -1;
		return pointer_insert(root, decision->path, after, arena, e);
	case DECISION_REWRITE:
		if (check_there(decision, decision->before, root, arena, e) < 0 ||
		    parse_text(decision->after, arena, &after, e) < 0)
			return -1;
		return pointer_replace(root, decision->path, after, arena, e);
	case DECISION_DROP:
		if (check_there(decision, decision->before, root, arena, e) < 0)
			return -1;
		return pointer_remove(root, decision->path, arena, e);
	case DECISION_KEEP:
	case DECISION_WARN:
	case DECISION_REFUSE:
		return 0;
	}
	return fail(e, ERR_STATE, "has an unknown action");
}

/* A spec as a tree, and back. */
static int spec_to_tree(const struct spec *spec, struct arena *arena, struct json_value **ret,
			struct err *e)
{
	struct json_source source = { .name = "config.json" };
	char *text = NULL;

	if (spec_encode_text(spec, false, arena, &text, &source.length, e) < 0)
		return -1;
	source.text = text;
	return json_parse(&source, arena, ret, e);
}

static int tree_to_spec(const struct json_value *root, struct arena *arena, struct spec **ret,
			struct err *e)
{
	auto_json_out out = json_out_new(false);
	const char *text = NULL;
	size_t length = 0;

	json_out_value(out, root);
	if (json_out_finish(out, &text, &length, e) < 0)
		return -1;
	return spec_decode_text(text, length, "config.json", arena, ret, e);
}

int decisions_replay(const struct spec *request, const struct decisions *decisions,
		     struct arena *arena, struct spec **ret, struct err *e)
{
	struct json_value *root = NULL;

	if (spec_to_tree(request, arena, &root, e) < 0)
		return -1;
	for (size_t i = 0; i < decisions->n; i++) {
		const struct decision *decision = &decisions->v[i];

		if (replay_one(decision, root, arena, e) < 0)
			return err_prefix(e, "decision %zu (%s)", i, decision->rule);
	}
	return tree_to_spec(root, arena, ret, e);
}

/* --- undo --- */

static bool holds_always(const struct decision *decision)
{
	for (const struct rule *rule = policy_rules; rule->id; rule++)
		if (str_eq(rule->id, decision->rule))
			return rule->paths & RULE_ALWAYS;
	return false;
}

static bool changes_spec(const struct decision *decision, bool observed)
{
	return (decision->action == DECISION_ADD || decision->action == DECISION_REWRITE ||
		decision->action == DECISION_DROP) &&
	       (!observed || holds_always(decision));
}

bool decisions_change_spec(const struct decisions *decisions, bool observed)
{
	for (size_t i = 0; i < decisions->n; i++)
		if (changes_spec(&decisions->v[i], observed))
			return true;
	return false;
}

static int undo_one(const struct decision *decision, struct json_value *root, struct arena *arena,
		    struct err *e)
{
	struct json_value *before = NULL;

	if (decision->action != DECISION_DROP &&
	    check_there(decision, decision->after, root, arena, e) < 0)
		return -1;
	if (decision->action == DECISION_ADD)
		return pointer_remove(root, decision->path, arena, e);
	if (parse_text(decision->before, arena, &before, e) < 0)
		return -1;
	return decision->action == DECISION_DROP
		       ? pointer_insert(root, decision->path, before, arena, e)
		       : pointer_replace(root, decision->path, before, arena, e);
}

int decisions_undo(const struct spec *effective, const struct decisions *decisions, bool observed,
		   struct arena *arena, struct spec **ret, struct err *e)
{
	struct json_value *root = NULL;

	if (spec_to_tree(effective, arena, &root, e) < 0)
		return -1;
	for (size_t i = decisions->n; i-- > 0;) {
		const struct decision *decision = &decisions->v[i];

		if (changes_spec(decision, observed) && undo_one(decision, root, arena, e) < 0)
			return err_prefix(e, "decision %zu (%s)", i, decision->rule);
	}
	return tree_to_spec(root, arena, ret, e);
}

/* --- warn --- */

/* Ten capabilities that are dropped for one reason are one decision to a reader. */
static bool same_reason(const struct decision *a, const struct decision *b)
{
	return a->action == b->action && str_eq(a->rule, b->rule) && str_eq(a->why, b->why);
}

const char *decisions_warning(const struct decisions *decisions, size_t i, struct arena *arena)
{
	const struct decision *decision = &decisions->v[i];
	size_t more = 0;
	autostrbuf text = { 0 };

	if (decision->action != DECISION_WARN)
		return NULL;
	for (size_t k = 0; k < decisions->n; k++)
		if (k != i && same_reason(&decisions->v[k], decision)) {
			if (k < i)
				return NULL;
			more++;
		}
	strbuf_puts(&text, decision->rule);
	if (!str_empty(decision->path))
		strbuf_show(&text, " (%s", decision->path);
	if (!str_empty(decision->path) && more)
		strbuf_show(&text, " and %zu more", more);
	strbuf_show(&text, "%s: %s", str_empty(decision->path) ? "" : ")", decision->why);
	return arena_strdup(arena, strbuf_text(&text));
}

static size_t add_warning(struct decisions *decisions, struct decision warning, struct arena *arena)
{
	struct decision *v = arena_new_array(arena, struct decision, decisions->n + 1);

	if (decisions->n)
		memcpy(v, decisions->v, decisions->n * sizeof(*v));
	v[decisions->n] = warning;
	decisions->v = v;
	return decisions->n++;
}

long decisions_add_unused_network(struct decisions *decisions, const struct network *chosen,
				  struct arena *arena)
{
	static const char rule[] = "network.requested.new";
	struct decision warning = {
		.rule = arena_strdup(arena, rule),
		.action = DECISION_WARN,
		.path = arena_strdup(arena, ""),
		.why = arena_printf(
			arena,
			"the network that was asked for has no link but lo, like one that is to reach nothing (--network none); the container is in the shared one all the same (%s \"keep\" or \"refuse\" would prevent that)",
			policy_key_place(chosen, rule, arena)),
	};

	for (size_t i = 0; i < decisions->n; i++) {
		if (same_reason(&decisions->v[i], &warning))
			return -1;
		if (str_eq(decisions->v[i].rule, rule))
			warning.path = decisions->v[i].path;
	}
	return (long)add_warning(decisions, warning, arena);
}

static size_t warn_of(struct decisions *decisions, const char *rule, const char *path, char *why,
		      struct arena *arena)
{
	const struct decision warning = {
		.rule = arena_strdup(arena, rule),
		.action = DECISION_WARN,
		.path = arena_strdup(arena, path),
		.why = why,
	};

	return add_warning(decisions, warning, arena);
}

size_t decisions_add_hooks_changed(struct decisions *decisions, const struct network *chosen,
				   const char *what, struct arena *arena)
{
	static const char rule[] = "hooks.allow";

	return warn_of(decisions, rule, "/hooks",
		       arena_printf(arena,
				    "while hooks ran, %s (%s can say which programs may be hooks)",
				    what, policy_key_place(chosen, rule, arena)),
		       arena);
}

size_t decisions_add_not_forwarded(struct decisions *decisions, const char *why,
				   struct arena *arena)
{
	return warn_of(
		decisions, "network.forward", "",
		arena_printf(
			arena,
			"published ports, probes and names of the engine do not lead to the container: %s",
			why),
		arena);
}

size_t decisions_add_no_address(struct decisions *decisions, const struct network *chosen,
				const char *why, bool has_pool, struct arena *arena)
{
	static const char rule[] = "network.address";
	const char *reason = why ? why : "its engine has given it none";
	size_t ret = warn_of(
		decisions, rule, "",
		has_pool
			? arena_printf(arena, "the container has an address of the pool: %s",
				       reason)
			: arena_printf(
				  arena,
				  "the container has the addresses of the shared network: %s; %s would give it one of its own",
				  reason, policy_key_place(chosen, "network.addressPool", arena)),
		arena);

	/* that is what the pool is for */
	if (has_pool && !why)
		decisions->v[ret].action = DECISION_KEEP;
	return ret;
}

void decisions_forward_is_empty(struct decisions *decisions, bool empty, bool meant,
				struct arena *arena)
{
	static const char not_yet[] =
		"nothing is set up in the network that was asked for, so that nothing leads from it to the container; what the engine sets up later (published ports, probes, names) leads to it from the next exec, restart or 'distro-net refresh' on";

	for (size_t i = 0; i < decisions->n; i++) {
		struct decision *decision = &decisions->v[i];

		if (!str_eq(decision->rule, "network.forward") ||
		    (empty ? decision->action != DECISION_KEEP : !str_eq(decision->why, not_yet)))
			continue;
		decision->action = empty && !meant ? DECISION_WARN : DECISION_KEEP;
		decision->why = arena_strdup(
			arena,
			empty ? not_yet
			      : "what the engine has set up since (published ports, probes, names) leads to the container");
	}
}

long decisions_add_port_taken(struct decisions *decisions, const char *port, const char *other,
			      struct arena *arena)
{
	const struct decision warning = {
		.rule = arena_strdup(arena, "network.forward"),
		.action = DECISION_WARN,
		.path = arena_strdup(arena, ""),
		.why = arena_printf(
			arena,
			"port %s is published for container %s as well, and both have the addresses of the shared network: what is published leads to whichever listens first, and the other cannot listen; let one of them listen at another port",
			port, other),
	};

	for (size_t i = 0; i < decisions->n; i++)
		if (same_reason(&decisions->v[i], &warning))
			return -1;
	return (long)add_warning(decisions, warning, arena);
}

/* --- print --- */

static void print_change(const struct decision *decision, struct strbuf *out)
{
	if (str_empty(decision->path))
		return;
	/* A pointer has keys of the configuration in it as they are. */
	strbuf_show(out, "    %s", decision->path);
	if (decision->line.set)
		strbuf_show(out, " (line %u, column %u)", decision->line.value,
			    decision->column.value);
	if (decision->before)
		strbuf_show(out, ": %s", decision->before);
	if (decision->action == DECISION_DROP)
		strbuf_puts(out, " -> nothing");
	else if (decision->after && !str_eq(decision->before, decision->after))
		strbuf_show(out, "%s %s", decision->before ? " ->" : ":", decision->after);
	strbuf_putc(out, '\n');
}

void decisions_print(const struct decisions *decisions, struct strbuf *out)
{
	for (size_t i = 0; i < decisions->n; i++) {
		const struct decision *decision = &decisions->v[i];
		const struct decision *next = i + 1 < decisions->n ? decision + 1 : NULL;
		const char *action = value_to_name(decision_action_names, decision->action);

		if (i == 0 || !same_reason(decision - 1, decision)) {
			strbuf_puts(out, i ? "\n" : "");
			strbuf_show(out, "%s %s\n", action ? action : "?", decision->rule);
		}
		print_change(decision, out);
		if (!next || !same_reason(decision, next))
			strbuf_show(out, "    %s\n", decision->why ? decision->why : "");
	}
}

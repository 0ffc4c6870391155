/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded decisions: replayed on a config, told as warnings, and printed. Pure.
 */
#include "base/auto.h"
#include "policy/pointer.h"
#include "policy/policy.h"

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

static int check_before(const struct decision *decision, struct json_value *root,
			struct arena *arena, struct err *e)
{
	const struct json_value *found = pointer_find(root, decision->path, arena);
	struct json_value *before = NULL;

	if (parse_text(decision->before, arena, &before, e) < 0)
		return -1;
	if (!found || !json_equal(found, before))
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
		if (check_before(decision, root, arena, e) < 0 ||
		    parse_text(decision->after, arena, &after, e) < 0)
			return -1;
		return pointer_replace(root, decision->path, after, arena, e);
	case DECISION_DROP:
		if (check_before(decision, root, arena, e) < 0)
			return -1;
		return pointer_remove(root, decision->path, arena, e);
	case DECISION_KEEP:
	case DECISION_WARN:
	case DECISION_REFUSE:
		return 0;
	}
	return fail(e, ERR_STATE, "has an unknown action");
}

int decisions_replay(const struct spec *request, const struct decisions *decisions,
		     struct arena *arena, struct spec **ret, struct err *e)
{
	struct json_source source = { .name = "config.json" };
	auto_json_out out = json_out_new(false);
	struct json_value *root = NULL;
	const char *result = NULL;
	size_t result_length = 0;
	char *text = NULL;

	if (spec_encode_text(request, false, arena, &text, &source.length, e) < 0)
		return -1;
	source.text = text;
	if (json_parse(&source, arena, &root, e) < 0)
		return -1;
	for (size_t i = 0; i < decisions->n; i++) {
		const struct decision *decision = &decisions->v[i];

		if (replay_one(decision, root, arena, e) < 0)
			return err_prefix(e, "decision %zu (%s)", i, decision->rule);
	}
	json_out_value(out, root);
	if (json_out_finish(out, &result, &result_length, e) < 0)
		return -1;
	return spec_decode_text(result, result_length, "config.json", arena, ret, e);
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

long decisions_add_unused_network(struct decisions *decisions, struct arena *arena)
{
	static const char rule[] = "network.requested.new";
	struct decision warning = {
		.rule = arena_strdup(arena, rule),
		.action = DECISION_WARN,
		.path = arena_strdup(arena, ""),
		.why = arena_strdup(
			arena,
			"the network that was asked for has no link but lo, like one that is to reach nothing (--network none); the container is in the shared one all the same (network.requested.new \"keep\" or \"refuse\" would prevent that)"),
	};

	for (size_t i = 0; i < decisions->n; i++) {
		if (same_reason(&decisions->v[i], &warning))
			return -1;
		if (str_eq(decisions->v[i].rule, rule))
			warning.path = decisions->v[i].path;
	}
	return (long)add_warning(decisions, warning, arena);
}

size_t decisions_add_hooks_changed(struct decisions *decisions, const char *what,
				   struct arena *arena)
{
	const struct decision warning = {
		.rule = arena_strdup(arena, "hooks.allow"),
		.action = DECISION_WARN,
		.path = arena_strdup(arena, "/hooks"),
		.why = arena_printf(
			arena,
			"while hooks ran, %s (hooks.allow can say which programs may be hooks)",
			what),
	};

	return add_warning(decisions, warning, arena);
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

/* SPDX-License-Identifier: Apache-2.0 */
/* `policy`: is the policy file valid and trusted, what does it come to, and what says each of its keys? */
#include "cli/cli.h"
#include "facts/facts.h"

static const struct cli_option policy_rows[] = {
	CLI_CHOICE_ROW("format", 'f', format, "FORMAT", "text json",
		       "how keys are printed (default: text)"),
	CLI_END_ROW,
};

static int print_check(const struct policy_source *source, struct err *e)
{
	autostrbuf text = { 0 };

	if (source->path)
		strbuf_show(&text, "%s: valid, trusted\n", source->path);
	else
		strbuf_show(&text, "built-in policy: policy file '%s' does not exist\n",
			    source->looked_for);
	return cli_output(&text, e);
}

static int print_effective(const struct policy_source *source, struct err *e)
{
	auto_json_out out = json_out_new(true);

	fields_encode(&policy_fields, source->policy, out);
	return cli_output_json(out, e);
}

/* --- keys --- */

struct key {
	const char *name; /* "network.requested.new" */
	const struct field *row;
	const struct json_value *value; /* in force; NULL: of a group */
	const char *from;
};
typedef int put_key(void *to, const struct key *key, struct err *e);

/* A policy as a tree, in which the rows find their values. */
static int policy_tree(const struct policy *policy, struct arena *arena, struct json_value **ret,
		       struct err *e)
{
	struct json_source source = { .name = "policy" };
	char *text;

	if (fields_encode_text(&policy_fields, policy, false, arena, &text, &source.length, e) < 0)
		return -1;
	source.text = text;
	return json_parse(&source, arena, ret, e);
}

struct key_walk {
	const char *path; /* of the file */
	struct arena *arena;
	put_key *put;
	void *to;
};

static int walk_keys(const struct key_walk *walk, const struct fields *fields, const char *group,
		     const struct json_value *in_force, const struct json_value *said,
		     struct err *e)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *row = &fields->rows[i];
		const struct json_value *value = json_get(in_force, row->name);
		const struct json_value *own = said ? json_get(said, row->name) : NULL;
		struct key key = {
			.name = arena_printf(walk->arena, "%s%s%s", group, *group ? "." : "",
					     row->name),
			.row = row,
			.value = row->kind == FIELD_OBJECT ? NULL : value,
			.from = own ? walk->path : "built-in default",
		};

		if (row->flags & FIELD_NOT_YET)
			continue;
		if (walk->put(walk->to, &key, e) < 0 ||
		    (row->kind == FIELD_OBJECT &&
		     walk_keys(walk, field_sub(row), key.name, value, own, e) < 0))
			return -1;
	}
	return 0;
}

static int put_key_text(void *to, const struct key *key, struct err *e)
{
	auto_json_out out = json_out_new(false);
	struct strbuf *text = to;
	const char *value;

	if (!key->value) {
		strbuf_show(text, "%s:\n", key->name);
	} else {
		json_out_value(out, key->value);
		if (json_out_finish(out, &value, NULL, e) < 0)
			return -1;
		strbuf_show(text, "%s: %s (%s)\n", key->name, value, key->from);
	}
	strbuf_show(text, "  %s\n", field_key(key->row)->doc);
	return 0;
}

static int put_key_json(void *to, const struct key *key, struct err *e)
{
	struct json_out *out = to;

	(void)e;
	if (!key->value)
		return 0;
	json_out_object(out);
	json_out_member_string(out, "key", key->name);
	json_out_key(out, "value");
	json_out_value(out, key->value);
	json_out_member_string(out, "from", key->from);
	json_out_member_string(out, "doc", field_key(key->row)->doc);
	json_out_object_end(out);
	return 0;
}

static int print_keys(const struct policy_source *source, bool json, struct arena *arena,
		      struct err *e)
{
	auto_json_out out = json_out_new(true);
	autostrbuf text = { 0 };
	struct key_walk walk = {
		.path = source->path,
		.arena = arena,
		.put = json ? put_key_json : put_key_text,
		.to = json ? (void *)out : (void *)&text,
	};
	struct json_value *in_force, *said = NULL;

	if (policy_tree(source->policy, arena, &in_force, e) < 0 ||
	    (source->said && policy_tree(source->said, arena, &said, e) < 0))
		return -1;
	json_out_array(out);
	if (walk_keys(&walk, &policy_fields, "", in_force, said, e) < 0)
		return -1;
	json_out_array_end(out);
	return json ? cli_output_json(out, e) : cli_output(&text, e);
}

static int run_policy(const struct cli_call *call, struct err *e)
{
	const char *verb = call->arguments.v[0], *format = call->values.format;
	const char *path = call->arguments.n > 1 ? call->arguments.v[1] : call->global.policy_path;
	bool check = str_eq(verb, "check"), keys = str_eq(verb, "keys");
	struct policy_source source;

	if (!check && !keys && !str_eq(verb, "show"))
		return fail(e, ERR_USAGE, "policy: \"%s\" is not one of check, show, keys", verb);
	if (format && !keys)
		return fail(e, ERR_USAGE, "policy %s: --format is for `policy keys` alone", verb);
	if (policy_load(path, call->arena, &source, e) < 0)
		return -1;
	if (keys)
		return print_keys(&source, str_eq(format, "json"), call->arena, e);
	return check ? print_check(&source, e) : print_effective(&source, e);
}

const struct cli_command cmd_policy = {
	.name = "policy",
	.summary =
		"check the policy file, show the policy in force with every default, or its keys",
	.arguments = "check|show|keys [FILE]",
	.least = 1,
	.most = 2,
	.offer = CLI_OFFER_WORDS,
	.choices = "check show keys",
	.options = policy_rows,
	.run = run_policy,
};

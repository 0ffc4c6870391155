/* SPDX-License-Identifier: Apache-2.0 */
/* `policy`: is the policy file valid and trusted, what does it come to, and what says each of its keys? */
#include "cli/cli.h"
#include "cli/policy_diff.h"
#include "facts/facts.h"

#include <limits.h>

static const struct cli_option policy_rows[] = {
	CLI_FLAG_ROW("living", 0, living,
		     "test: the containers that run, of all engines and roots"),
	CLI_CHOICE_ROW("format", 'f', format, "FORMAT", "text json",
		       "how show (default: json), keys and test (default: text) print"),
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

/* --- keys --- */

struct key {
	const char *name; /* "network.requested.new" */
	const struct field *row;
	const struct json_value *value; /* in force; NULL: of a group */
	const struct json_value *own;   /* in the file's text; NULL: it does not say it */
};

/* Where values are from. */
struct origin {
	const struct policy_source *source;
	struct json_source text;
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

/* The file as it is written, with the places of its values; NULL: there is none. */
static int written_tree(const struct origin *origin, struct arena *arena,
			const struct json_value **ret, struct err *e)
{
	struct json_value *root = NULL;

	if (origin->text.text && json_parse(&origin->text, arena, &root, e) < 0)
		return -1;
	*ret = root;
	return 0;
}

struct key_walk {
	struct arena *arena;
	put_key *put;
	void *to;
};

/* What a file sets to null it leaves out. */
static const struct json_value *said_in(const struct json_value *object, const char *name)
{
	const struct json_value *value = object ? json_get(object, name) : NULL;

	return value && value->kind != JSON_NULL ? value : NULL;
}

static int walk_keys(const struct key_walk *walk, const struct fields *fields, const char *group,
		     const struct json_value *in_force, const struct json_value *said,
		     struct err *e)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *row = &fields->rows[i];
		const struct json_value *value = json_get(in_force, row->name);
		const struct json_value *own = said_in(said, row->name);
		struct key key = {
			.name = arena_printf(walk->arena, "%s%s%s", group, *group ? "." : "",
					     row->name),
			.row = row,
			.value = row->kind == FIELD_OBJECT ? NULL : value,
			.own = own,
		};

		if (walk->put(walk->to, &key, e) < 0 ||
		    (row->kind == FIELD_OBJECT &&
		     walk_keys(walk, row->sub, key.name, value, own, e) < 0))
			return -1;
	}
	return 0;
}

struct print_to {
	const struct origin *origin;
	struct strbuf *text;
	struct json_out *json;
	bool with_docs;
};

/* A default of a user's own network is not a constant. */
static bool is_of_runtime_directory(const struct print_to *to, const struct key *key)
{
	return !key->own && to->origin->source->network_of_user &&
	       str_eq(key->name, "network.namespace");
}

static const char *origin_name(const struct policy_source *source)
{
	static const char *const names[] = {
		[POLICY_BUILT_IN] = "built-in",
		[POLICY_OF_ARGUMENT] = "argument",
		[POLICY_OF_USER] = "user",
		[POLICY_OF_SYSTEM] = "system",
	};

	return names[source->origin];
}

static void show_from(const struct print_to *to, const struct key *key, const char *value,
		      struct strbuf *out)
{
	const struct policy_source *source = to->origin->source;
	unsigned line, column;

	if (!key->own) {
		strbuf_show(out, "%s: %s (built-in default%s)\n", key->name, value,
			    is_of_runtime_directory(to, key) ? ", by $XDG_RUNTIME_DIR" : "");
		return;
	}
	json_position(&to->origin->text, key->own->offset, &line, &column);
	strbuf_show(out, "%s: %s (%s:%u:%u%s)\n", key->name, value, source->path, line, column,
		    source->origin == POLICY_OF_USER ? ", of the user" : "");
}

static int put_key_text(void *context, const struct key *key, struct err *e)
{
	const struct print_to *to = context;
	auto_json_out out = json_out_new(false);
	const char *value;

	if (!key->value) {
		if (to->with_docs)
			strbuf_show(to->text, "%s:\n", key->name);
	} else {
		json_out_value(out, key->value);
		if (json_out_finish(out, &value, NULL, e) < 0)
			return -1;
		show_from(to, key, value, to->text);
	}
	if (to->with_docs)
		strbuf_show(to->text, "  %s\n", field_key(key->row)->doc);
	return 0;
}

static int put_key_json(void *context, const struct key *key, struct err *e)
{
	const struct print_to *to = context;
	const struct policy_source *source = to->origin->source;
	struct json_out *out = to->json;
	unsigned line, column;

	(void)e;
	if (!key->value)
		return 0;
	json_out_object(out);
	json_out_member_string(out, "key", key->name);
	json_out_key(out, "value");
	json_out_value(out, key->value);
	json_out_member_string(out, "from", key->own ? source->path : "built-in default");
	json_out_member_string(out, "origin", key->own ? origin_name(source) : "built-in");
	if (key->own) {
		json_position(&to->origin->text, key->own->offset, &line, &column);
		json_out_member_u64(out, "line", line);
		json_out_member_u64(out, "column", column);
	}
	json_out_member_string(out, "doc", field_key(key->row)->doc);
	json_out_object_end(out);
	return 0;
}

static int print_keys(const struct policy_source *source, bool json, bool with_docs,
		      struct arena *arena, struct err *e)
{
	const struct origin origin = {
		.source = source,
		.text = { .name = source->path, .text = source->text, .length = source->length },
	};
	auto_json_out out = json_out_new(true);
	autostrbuf text = { 0 };
	struct print_to to = {
		.origin = &origin,
		.text = &text,
		.json = out,
		.with_docs = with_docs,
	};
	struct key_walk walk = {
		.arena = arena,
		.put = json ? put_key_json : put_key_text,
		.to = &to,
	};
	const struct json_value *written;
	struct json_value *in_force;

	if (policy_tree(source->policy, arena, &in_force, e) < 0 ||
	    written_tree(&origin, arena, &written, e) < 0)
		return -1;
	json_out_array(out);
	if (walk_keys(&walk, &policy_fields, "", in_force, written, e) < 0)
		return -1;
	json_out_array_end(out);
	return json ? cli_output_json(out, e) : cli_output(&text, e);
}

/* As a file that says everything; as text with where each value is from. */
static int print_effective(const struct policy_source *source, bool as_text, struct arena *arena,
			   struct err *e)
{
	auto_json_out out = json_out_new(true);

	if (as_text)
		return print_keys(source, false, false, arena, e);
	fields_encode(&policy_fields, source->policy, out);
	return cli_output_json(out, e);
}

static int run_policy(const struct cli_call *call, struct err *e)
{
	const char *verb = call->arguments.v[0], *format = call->values.format;
	const char *path = call->arguments.n > 1 ? call->arguments.v[1] : call->global.policy_path;
	bool check = str_eq(verb, "check"), keys = str_eq(verb, "keys"),
	     test = str_eq(verb, "test");
	struct policy_source source;

	if (!check && !keys && !test && !str_eq(verb, "show"))
		return fail(e, ERR_USAGE, "policy: \"%s\" is not one of check, show, keys, test",
			    verb);
	if (test)
		return run_policy_test(call, e);
	if (call->arguments.n > 2)
		return fail(e, ERR_USAGE, "policy %s: \"%s\" is not expected", verb,
			    call->arguments.v[2]);
	if (call->values.living)
		return fail(e, ERR_USAGE, "policy %s: --living is for `policy test` alone", verb);
	if (format && check)
		return fail(e, ERR_USAGE, "policy check: --format is for show, keys and test");
	if (policy_load(path, call->arena, &source, e) < 0)
		return -1;
	if (keys)
		return print_keys(&source, str_eq(format, "json"), true, call->arena, e);
	return check ? print_check(&source, e)
		     : print_effective(&source, str_eq(format, "text"), call->arena, e);
}

const struct cli_command cmd_policy = {
	.name = "policy",
	.summary =
		"check the policy file, show the policy in force or its keys, or test another one",
	.arguments = "check|show|keys|test [FILE [BUNDLE...]]",
	.least = 1,
	.most = UINT_MAX,
	.offer = CLI_OFFER_WORDS,
	.choices = "check show keys test",
	.options = policy_rows,
	.run = run_policy,
};

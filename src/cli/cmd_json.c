/* SPDX-License-Identifier: Apache-2.0 */
/* `json`: one member of a JSON file, for scripts that change files which are not theirs. */
#include "base/auto.h"
#include "base/json_edit.h"
#include "base/pointer.h"
#include "cli/cli.h"
#include "os/io.h"

#include <fcntl.h>

static int set(const struct json_source *source, const struct json_value *root,
	       const struct cli_call *call, struct strbuf *out, struct err *e)
{
	return json_edit_set(source, root, call->arguments.v[2], call->arguments.v[3], call->arena,
			     out, e);
}

static int take_away(const struct json_source *source, const struct json_value *root,
		     const struct cli_call *call, struct strbuf *out, struct err *e)
{
	return json_edit_remove(source, root, call->arguments.v[2], call->arena, out, e);
}

static int get(const struct json_source *source, const struct json_value *root,
	       const struct cli_call *call, struct strbuf *out, struct err *e)
{
	const struct json_value *found;

	if (json_edit_find(root, call->arguments.v[2], call->arena, &found, e) < 0)
		return -1;
	if (found) {
		strbuf_add(out, source->text + found->offset,
			   json_edit_end(source, found) - found->offset);
		strbuf_putc(out, '\n');
	}
	return 0;
}

/* Each as a step of a pointer. */
static int keys(const struct json_source *source, const struct json_value *root,
		const struct cli_call *call, struct strbuf *out, struct err *e)
{
	const struct json_value *found;

	(void)source;
	if (json_edit_find(root, call->arguments.v[2], call->arena, &found, e) < 0)
		return -1;
	if (!found || found->kind != JSON_OBJECT)
		return 0;
	for (const struct json_value *one = found->first; one; one = one->next) {
		strbuf_puts(out, pointer_escape(one->key, call->arena));
		strbuf_putc(out, '\n');
	}
	return 0;
}

static const struct {
	const char *name;
	size_t arguments;
	int (*run)(const struct json_source *source, const struct json_value *root,
		   const struct cli_call *call, struct strbuf *out, struct err *e);
} verbs[] = {
	{ "get", 3, get }, { "set", 4, set }, { "remove", 3, take_away }, { "keys", 3, keys }
};

static int run_json(const struct cli_call *call, struct err *e)
{
	const struct strlist *words = &call->arguments;
	struct json_source source = { .name = words->v[1] };
	autofree char *text = NULL;
	autostrbuf out = { 0 };
	struct json_value *root;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (!str_eq(words->v[0], verbs[i].name))
			continue;
		if (words->n != verbs[i].arguments)
			return fail(e, ERR_USAGE, "json %s takes %zu arguments", verbs[i].name,
				    verbs[i].arguments - 1);
		if (read_file_at(AT_FDCWD, source.name, JSON_MAX_BYTES, &text, &source.length, e) <
		    0)
			return -1;
		source.text = text;
		if (json_parse(&source, call->arena, &root, e) < 0 ||
		    verbs[i].run(&source, root, call, &out, e) < 0)
			return -1;
		return cli_output(&out, e);
	}
	return fail(e, ERR_USAGE, "json: '%s' is none of get, set, remove and keys", words->v[0]);
}

const struct cli_command cmd_json = {
	.name = "json",
	.stays_outside = true,
	.summary = "print a JSON file with one member changed",
	.arguments = "get|set|remove|keys FILE POINTER [VALUE]",
	.least = 3,
	.most = 4,
	.offer = CLI_OFFER_WORDS,
	.choices = "get set remove keys",
	.run = run_json,
};

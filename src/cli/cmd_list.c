/* SPDX-License-Identifier: Apache-2.0 */
/* `list`: the containers of one root. */
#include "cli/cli.h"
#include "state/state.h"

#include <inttypes.h>

static const struct cli_option list_rows[] = {
	CLI_CHOICE_ROW("format", 'f', format, "FORMAT", "table json",
		       "how the list looks (default: table)"),
	CLI_FLAG_ROW("quiet", 'q', quiet, "show ids only"),
	CLI_END_ROW,
};

struct views {
	size_t n;
	struct container_view *v;
};

/* Kept until the list is printed: what cannot be read does not hide the others. */
static void note_unreadable(const char *id, const struct err *reason, struct err *unreadable)
{
	if (unreadable->kind == ERR_NONE) {
		*unreadable = *reason;
		if (!strstr(reason->text, id))
			err_prefix(unreadable, "container %s", id);
		return;
	}
	fail(unreadable, unreadable->kind, "%s; container %s: %s", unreadable->text, id,
	     reason->text);
}

/* A container that goes away while the list is made is not an error. */
static void gather(const struct cli_call *call, const struct strlist *ids, struct views *ret,
		   struct err *unreadable)
{
	const struct global_options *global = &call->global;
	struct views views = { 0 };
	autoclose int root = -1;
	struct err e;

	unreadable->kind = ERR_NONE;
	/* Where it cannot be opened, what is said of each container says why. */
	if (ids->n && state_root_open(global->root, false, &root, &e) < 0)
		root = -1;
	views.v = arena_new_array(call->arena, struct container_view, ids->n);
	for (size_t i = 0; i < ids->n; i++) {
		struct container_view *view = &views.v[views.n];
		int rc = root < 0 ? container_view(global, ids->v[i], call->arena, view, &e)
				  : container_view_below(global, root, ids->v[i], call->arena, view,
							 &e);
		if (rc == 0)
			views.n++;
		else if (e.kind != ERR_NOT_FOUND)
			note_unreadable(ids->v[i], &e, unreadable);
	}
	*ret = views;
}

static int print_json(const struct views *views, struct err *e)
{
	auto_json_out out = json_out_new(false);

	json_out_array(out);
	for (size_t i = 0; i < views->n; i++)
		if (container_state_json(&views->v[i], out, e) < 0)
			return -1;
	json_out_array_end(out);
	return cli_output_json(out, e);
}

#define LIST_COLUMNS 8
#define LIST_WIDTH_LEAST 12
#define LIST_GAP 3

static void table_row(const struct container_view *view, struct arena *arena,
		      const char *ret[LIST_COLUMNS])
{
	const char *addresses = addresses_text(container_addresses(view->record), arena);

	ret[0] = view->id;
	ret[1] = arena_printf(arena, "%" PRId64, view->pid);
	ret[2] = value_to_name(container_status_names, view->status);
	ret[3] = view->bundle;
	ret[4] = view->created ? view->created : "";
	ret[5] = arena_strdup(arena, container_owner_name(view->owner).text);
	ret[6] = container_network_name(view);
	ret[7] = addresses ? addresses : "-";
	/* Before the widths are measured. */
	for (size_t column = 0; column < LIST_COLUMNS; column++) {
		autostrbuf shown = { 0 };
		strbuf_escape(&shown, ret[column]);
		ret[column] = arena_strdup(arena, strbuf_text(&shown));
	}
}

static int print_table(const struct views *views, struct arena *arena, struct err *e)
{
	static const char *const head[LIST_COLUMNS] = { "ID",      "PID",   "STATUS",  "BUNDLE",
							"CREATED", "OWNER", "NETWORK", "ADDRESS" };
	const char *(*rows)[LIST_COLUMNS] = arena_array(arena, views->n + 1, sizeof(*rows));
	size_t widths[LIST_COLUMNS] = { 0 };
	autostrbuf text = { 0 };

	memcpy(rows[0], head, sizeof(head));
	for (size_t i = 0; i < views->n; i++)
		table_row(&views->v[i], arena, rows[i + 1]);
	for (size_t i = 0; i <= views->n; i++)
		for (size_t column = 0; column < LIST_COLUMNS; column++)
			if (strlen(rows[i][column]) + LIST_GAP > widths[column])
				widths[column] = strlen(rows[i][column]) + LIST_GAP;
	for (size_t i = 0; i <= views->n; i++) {
		for (size_t column = 0; column + 1 < LIST_COLUMNS; column++)
			strbuf_show(&text, "%-*s",
				    widths[column] < LIST_WIDTH_LEAST ? LIST_WIDTH_LEAST
								      : (int)widths[column],
				    rows[i][column]);
		strbuf_show(&text, "%s\n", rows[i][LIST_COLUMNS - 1]);
	}
	return cli_output(&text, e);
}

static int print_ids(const struct strlist *ids, struct err *e)
{
	autostrbuf text = { 0 };

	for (size_t i = 0; i < ids->n; i++)
		strbuf_show(&text, "%s\n", ids->v[i]);
	return cli_output(&text, e);
}

static int run_list(const struct cli_call *call, struct err *e)
{
	struct strlist ids = { 0 };
	struct err unreadable;
	struct views views;
	int rc;

	if (state_list(call->global.root, call->arena, &ids, &unreadable, e) < 0)
		return -1;
	if (!call->values.quiet)
		gather(call, &ids, &views, &unreadable);
	if (call->values.quiet)
		rc = print_ids(&ids, e);
	else if (str_eq(call->values.format, "json"))
		rc = print_json(&views, e);
	else
		rc = print_table(&views, call->arena, e);
	if (rc < 0 || unreadable.kind == ERR_NONE)
		return rc;
	*e = unreadable;
	return -1;
}

const struct cli_command cmd_list = {
	.name = "list",
	.summary = "show the containers of a root",
	.arguments = "",
	.options = list_rows,
	.run = run_list,
};

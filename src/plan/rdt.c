/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.intelRdt as a group of the resctrl file system (config-linux.md "IntelRdt"). Pure.
 */
#include "plan/context.h"
#include "plan/resources.h"

static void add_line(struct strlist *list, char *line)
{
	if (!str_empty(line))
		list->v[list->n++] = line;
}

void plan_rdt_schemata(const struct spec_intel_rdt *from, struct arena *arena, struct strlist *ret)
{
	struct strlist lines = { .v = arena_new_array(arena, char *, from->schemata.n + 2) };

	/* What both say of the memory's bandwidth, memBwSchema says. */
	if (!(from->l3_cache_schema && from->mem_bw_schema &&
	      str_has_prefix(from->l3_cache_schema, "MB:")))
		add_line(&lines, from->l3_cache_schema);
	add_line(&lines, from->mem_bw_schema);
	for (size_t i = 0; i < from->schemata.n; i++)
		add_line(&lines, from->schemata.v[i]);
	*ret = lines;
}

/* "L3" of "L3:0=f". */
static bool same_resource(const char *a, const char *b)
{
	size_t length = strcspn(a, ":");

	return !str_empty(a) && strncmp(a, b, length) == 0 && b[length] == ':';
}

void plan_rdt_merge(const struct spec_intel_rdt *now, const struct spec_intel_rdt *asked,
		    struct arena *arena, struct spec_intel_rdt *ret)
{
	struct spec_intel_rdt merged = { 0 };
	struct strlist overwriting;

	if (now)
		merged = *now;
	merged.schemata = (struct strlist){
		.v = arena_new_array(arena, char *, merged.schemata.n + 1),
	};
	plan_rdt_schemata(asked, arena, &overwriting);
	for (size_t i = 0; now && i < now->schemata.n; i++) {
		bool stands = true;
		for (size_t j = 0; j < overwriting.n; j++)
			stands = stands && !same_resource(overwriting.v[j], now->schemata.v[i]);
		if (stands)
			add_line(&merged.schemata, now->schemata.v[i]);
	}
	if (merged.schemata.n == 0)
		merged.schemata.v = NULL;
	if (asked->l3_cache_schema)
		merged.l3_cache_schema = asked->l3_cache_schema;
	if (asked->mem_bw_schema)
		merged.mem_bw_schema = asked->mem_bw_schema;
	*ret = merged;
}

int plan_rdt(struct plan_context *c, struct err *e)
{
	const struct spec_intel_rdt *from = c->linux_->intel_rdt;
	struct plan_rdt *to;

	(void)e;
	if (!from)
		return 0;
	to = arena_new(c->arena, struct plan_rdt);
	to->named = from->clos_id != NULL;
	to->group = from->clos_id ? from->clos_id : c->options->id;
	if (str_eq(to->group, "/"))
		to->group = "";
	plan_rdt_schemata(from, c->arena, &to->schemata);
	if (from->enable_monitoring.value)
		to->monitor = c->options->id;
	c->plan->rdt = to;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.intelRdt as a group of the resctrl file system (config-linux.md "IntelRdt"). Pure.
 */
#include "plan/parts.h"

static void add_line(struct strlist *list, char *line)
{
	if (!str_empty(line))
		list->v[list->n++] = line;
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
	to->schemata.v = arena_new_array(c->arena, char *, from->schemata.n + 2);
	/* What both say of the memory's bandwidth, memBwSchema says. */
	if (!(from->l3_cache_schema && from->mem_bw_schema &&
	      str_has_prefix(from->l3_cache_schema, "MB:")))
		add_line(&to->schemata, from->l3_cache_schema);
	add_line(&to->schemata, from->mem_bw_schema);
	for (size_t i = 0; i < from->schemata.n; i++)
		add_line(&to->schemata, from->schemata.v[i]);
	if (from->enable_monitoring.value)
		to->monitor = c->options->id;
	c->plan->rdt = to;
	return 0;
}

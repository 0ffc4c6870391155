/* SPDX-License-Identifier: Apache-2.0 */
/* See report.h. Runs in the runtime. */
#include "container/report.h"

#include "base/str.h"
#include "os/log.h"

/* Engines may start a process in a container every second. */
static bool is_told(const struct decisions *told, const struct decision *decision)
{
	for (size_t i = 0; told && i < told->n; i++)
		if (told->v[i].action == DECISION_WARN && str_eq(told->v[i].rule, decision->rule) &&
		    str_eq(told->v[i].why, decision->why))
			return true;
	return false;
}

/* Under observe nothing of what the policy says is so. */
int report_verdict(const struct verdict *verdict, const struct decisions *told,
		   const char *config_name, struct arena *arena, struct err *e)
{
	if (verdict->refused)
		return policy_refusal(verdict, config_name, e);
	for (size_t i = 0; i < verdict->decisions.n; i++) {
		const struct decision *decision = &verdict->decisions.v[i];
		const char *warning =
			verdict->observed ? NULL : decisions_warning(&verdict->decisions, i, arena);

		if (warning && !is_told(told, decision))
			log_warning("%s", warning);
		else if (!(verdict->path & PATH_NEW))
			log_info("policy: %s: %s: %s", decision->rule, decision->path,
				 decision->why);
	}
	return 0;
}

void report_plan(const struct plan *plan)
{
	for (size_t i = 0; i < plan->warnings.n; i++)
		log_warning("%s", plan->warnings.v[i]);
	for (size_t i = 0; i < plan->notes.n; i++)
		log_note("%s", plan->notes.v[i]);
}

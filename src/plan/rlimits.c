/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resource limits by name (config.md "POSIX process", getrlimit(2)). Pure.
 */
#include "plan/context.h"

int plan_rlimits(struct plan_context *c, struct err *e)
{
	const struct spec_process *process = c->spec->process;
	struct plan_process *to = &c->plan->process;

	if (!process)
		return 0;
	to->rlimits.v = arena_new_array(c->arena, struct plan_rlimit, process->rlimits.n);
	for (size_t i = 0; i < process->rlimits.n; i++) {
		const struct spec_rlimit *from = &process->rlimits.v[i];
		int64_t resource;

		if (!from->type || !name_to_value(spec_rlimit_names, from->type, &resource))
			return fail(e, ERR_CONFIG, "process.rlimits[%zu].type: \"%s\" is unknown",
				    i, from->type ? from->type : "");
		to->rlimits.v[to->rlimits.n++] = (struct plan_rlimit){
			.resource = (int)resource,
			.name = from->type,
			.soft = from->soft,
			.hard = from->hard,
		};
	}
	return 0;
}

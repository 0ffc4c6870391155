/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks with their defaults (config.md "POSIX-platform Hooks"). Pure.
 */
#include "plan/hooks.h"

#include "plan/context.h"

void plan_hooks_from_spec(const struct spec_hook_list *from, uint32_t timeout, struct arena *arena,
			  struct plan_hooks *ret)
{
	ret->n = from->n;
	ret->v = arena_new_array(arena, struct plan_hook, from->n);
	for (size_t i = 0; i < from->n; i++) {
		const struct spec_hook *hook = &from->v[i];
		char *path_alone[] = { hook->path };
		const struct strlist default_args = { .n = 1, .v = path_alone };

		ret->v[i] = (struct plan_hook){
			.path = hook->path,
			.args = argv_of(arena, hook->args.n > 0 ? &hook->args : &default_args),
			.env = hook->env.v ? argv_of(arena, &hook->env) : NULL,
			.timeout = hook->timeout.set ? hook->timeout.value : timeout,
		};
	}
}

int plan_hooks(struct plan_context *c, struct err *e)
{
	const struct spec_hooks *from = c->spec->hooks;
	struct plan *to = c->plan;
	uint32_t timeout = c->options->hook_timeout;

	(void)e;
	if (!from)
		return 0;
	plan_hooks_from_spec(&from->prestart, timeout, c->arena, &to->prestart);
	plan_hooks_from_spec(&from->create_runtime, timeout, c->arena, &to->create_runtime);
	plan_hooks_from_spec(&from->create_container, timeout, c->arena, &to->create_container);
	plan_hooks_from_spec(&from->start_container, timeout, c->arena, &to->start_container);
	plan_hooks_from_spec(&from->poststart, timeout, c->arena, &to->poststart);
	plan_hooks_from_spec(&from->poststop, timeout, c->arena, &to->poststop);
	return 0;
}

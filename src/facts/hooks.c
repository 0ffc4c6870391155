/* SPDX-License-Identifier: Apache-2.0 */
/* Where the hooks of a configuration lie. Runs in the runtime. */
#include "facts/gather.h"

#include "policy/host_hooks.h"

#include <stdlib.h>

static struct hook_facts look_at(const char *path, struct arena *arena)
{
	struct hook_facts hook = { .path = arena_strdup(arena, path ? path : "") };
	autofree char *real = path && path[0] == '/' ? realpath(path, NULL) : NULL;
	char text[128];

	if (real)
		hook.real = arena_strdup(arena, real);
	else if (path && path[0] == '/')
		hook.problem = arena_strdup(arena, errno_text(errno, text, sizeof(text)));
	return hook;
}

void gather_hooks(const struct spec *spec, const struct policy *policy, struct arena *arena,
		  struct facts *facts)
{
	struct host_hooks kinds[HOST_HOOK_KINDS];
	size_t n = 0;

	if (!spec->hooks || policy_allows_any_hook(policy))
		return;
	host_hooks_of(spec, kinds);
	for (size_t kind = 0; kind < HOST_HOOK_KINDS; kind++)
		n += kinds[kind].list->n;
	facts->hooks.v = arena_new_array(arena, struct hook_facts, n);
	for (size_t kind = 0; kind < HOST_HOOK_KINDS; kind++)
		for (size_t i = 0; i < kinds[kind].list->n; i++)
			facts->hooks.v[facts->hooks.n++] =
				look_at(kinds[kind].list->v[i].path, arena);
}

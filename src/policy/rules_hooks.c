/* SPDX-License-Identifier: Apache-2.0 */
/* The rule about programs of the host that a configuration has the runtime execute. Pure. */
#include "policy/host_hooks.h"

#include "base/auto.h"
#include "base/path.h"
#include "policy/rules.h"

void host_hooks_of(const struct spec *spec, struct host_hooks ret[HOST_HOOK_KINDS])
{
	static const struct spec_hooks none;
	const struct spec_hooks *hooks = spec->hooks ? spec->hooks : &none;
	const struct host_hooks all[HOST_HOOK_KINDS] = {
		{ "prestart", &hooks->prestart },
		{ "createRuntime", &hooks->create_runtime },
		{ "createContainer", &hooks->create_container },
		{ "poststart", &hooks->poststart },
		{ "poststop", &hooks->poststop },
	};

	memcpy(ret, all, sizeof(all));
}

bool policy_allows_any_hook(const struct policy *policy)
{
	const struct policy_hooks *hooks = policy->hooks;

	return !hooks || !hooks->allow.v || strlist_has(&hooks->allow, "/");
}

static bool is_allowed(const struct judgement *j, const char *path)
{
	const struct strlist *allow = &j->policy->hooks->allow;

	for (size_t i = 0; i < allow->n; i++)
		if (path_is_below(path, allow->v[i]))
			return true;
	return false;
}

/* NULL: it may run. By its name and by where that leads: in a directory that is listed root alone says what a link
 * leads to, in another one maybe not. */
static const char *problem_of(struct judgement *j, const char *path, const struct hook_facts *known)
{
	struct arena *arena = j->edit.arena;
	const char *place = key_place(j, "hooks.allow");
	const char *shown = edit_shown(&j->edit, path ? path : "");

	if (str_empty(path) || path[0] != '/' || path_has_detour(path + 1))
		return arena_printf(
			arena,
			"the path of hook %s is not absolute and without \".\", \"..\" and \"//\"; write it so, and as it is listed in %s",
			shown, place);
	if (!is_allowed(j, path))
		return arena_printf(
			arena,
			"hook %s is not allowed; list it or its directory in %s, or take it out of the configuration",
			shown, place);
	if (!known || !known->real)
		return arena_printf(
			arena,
			"hook %s cannot be found%s%s, so that where it leads cannot be told; make it, or take it out of the configuration",
			shown, known && known->problem ? ": " : "",
			known && known->problem ? known->problem : "");
	if (!is_allowed(j, known->real))
		return arena_printf(
			arena,
			"hook %s leads to %s, which is not allowed; list it or its directory in %s, or take it out of the configuration",
			shown, edit_shown(&j->edit, known->real), place);
	return NULL;
}

void rule_hooks_allow(struct judgement *j, const char *id)
{
	struct host_hooks kinds[HOST_HOOK_KINDS];
	size_t number = 0;

	if (policy_allows_any_hook(j->policy))
		return;
	host_hooks_of(j->edit.spec, kinds);
	for (size_t kind = 0; kind < HOST_HOOK_KINDS; kind++)
		for (size_t i = 0; i < kinds[kind].list->n; i++) {
			const char *path = kinds[kind].list->v[i].path;
			const char *problem;

			problem = problem_of(j, path, facts_hook(j->facts, number++, path));
			if (problem)
				edit_refuse(&j->edit, id,
					    arena_printf(j->edit.arena, "/hooks/%s/%zu/path",
							 kinds[kind].kind, i),
					    problem);
		}
}

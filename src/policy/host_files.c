/* SPDX-License-Identifier: Apache-2.0 */
/* See host_files.h. Pure. */
#include "policy/host_files.h"

#include "base/auto.h"
#include "base/path.h"
#include "base/str.h"

static char *cleaned(const char *path, struct arena *arena)
{
	autofree char *clean = path_clean(path);

	return arena_strdup(arena, clean);
}

/* NULL: it is the bundle itself, or elsewhere. */
static const char *below(const char *path, const char *directory)
{
	if (!path_is_below(path, directory) || str_eq(path, directory))
		return NULL;
	return path + strlen(directory) + (str_eq(directory, "/") ? 0 : 1);
}

static bool is_listed(const struct strlist *list, const char *path, bool directories,
		      struct arena *arena)
{
	for (size_t i = 0; list && i < list->n; i++) {
		const char *entry = cleaned(list->v[i], arena);

		if (directories ? below(path, entry) != NULL : str_eq(path, entry))
			return true;
	}
	return false;
}

static struct host_file find_place(const struct strlist *list, bool directories, const char *bundle,
				   const char *path, struct arena *arena)
{
	struct host_file none = { .place = HOST_PLACE_NONE, .path = path };
	const char *whole, *relative = NULL;

	if (path[0] != '/' && !bundle)
		return none;
	whole = path[0] == '/' ? cleaned(path, arena)
			       : cleaned(arena_printf(arena, "%s/%s", bundle, path), arena);
	if (bundle)
		relative = below(whole, cleaned(bundle, arena));
	if (relative)
		return (struct host_file){ .place = HOST_PLACE_BUNDLE, .path = relative };
	if (is_listed(list, whole, directories, arena))
		return (struct host_file){ .place = HOST_PLACE_LISTED, .path = whole };
	return none;
}

struct host_file host_file_for_output(const struct policy *policy, const char *bundle,
				      const char *path, struct arena *arena)
{
	return find_place(policy && policy->hooks ? &policy->hooks->output : NULL, true, bundle,
			  path, arena);
}

struct host_file host_file_for_criu(const struct policy *policy, const char *bundle,
				    const char *path, struct arena *arena)
{
	return find_place(policy && policy->criu ? &policy->criu->config : NULL, false, bundle,
			  path, arena);
}

bool host_files_are_free(const struct policy *policy)
{
	return policy && (policy->mode == POLICY_OBSERVE || (!policy->hooks && !policy->criu));
}

static struct host_file of_hooks(const struct policy *policy, const char *bundle,
				 const struct strmap *annotations, enum annotation annotation,
				 struct arena *arena)
{
	const char *given = annotations ? annotation_get(annotations, annotation) : NULL;
	struct host_file file = { .place = HOST_PLACE_ANY, .path = given };

	if (!str_empty(given) && !host_files_are_free(policy))
		file = host_file_for_output(policy, bundle, given, arena);
	file.annotation = annotation_name(annotation);
	file.given = given;
	return file;
}

void host_files_of_hooks(const struct policy *policy, const char *bundle,
			 const struct strmap *annotations, struct arena *arena,
			 struct hook_files *ret)
{
	ret->output = of_hooks(policy, bundle, annotations, ANNOTATION_HOOKS_OUTPUT, arena);
	ret->errors = of_hooks(policy, bundle, annotations, ANNOTATION_HOOKS_ERRORS, arena);
}

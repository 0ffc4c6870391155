/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about annotations that name files of the host. Who may set annotations is not root of the host, but
 * the runtime opens these files with root's power. Pure.
 */
#include "policy/host_files.h"

#include "base/auto.h"
#include "policy/rules.h"

static void refuse_elsewhere(struct application *a, const char *id, enum annotation which,
			     const struct host_file *file, const char *remedy)
{
	struct arena *arena = a->edit.arena;
	const char *annotation = annotation_name(which);

	if (file->place != HOST_PLACE_NONE)
		return;
	edit_refuse(
		&a->edit, id, arena_printf(arena, "/annotations/%s", annotation),
		arena_printf(arena,
			     "annotation %s: the file %s is not below the bundle; name one that "
			     "is, or %s",
			     annotation, edit_shown(&a->edit, file->path), remedy));
}

void rule_hooks_output(struct application *a, const char *id)
{
	static const enum annotation annotations[] = { ANNOTATION_HOOKS_OUTPUT,
						       ANNOTATION_HOOKS_ERRORS };

	for (size_t i = 0; i < ARRAY_SIZE(annotations); i++) {
		const char *path = annotation_get(&a->edit.spec->annotations, annotations[i]);
		struct host_file file;

		if (str_empty(path))
			continue;
		file = host_file_for_output(a->policy, a->facts->bundle, path, a->edit.arena);
		refuse_elsewhere(a, id, annotations[i], &file,
				 "list its directory in hooks.output");
	}
}

/* A script of criu's configuration runs as root, so being in hooks.output does not do for it. */
void rule_criu_config(struct application *a, const char *id)
{
	const char *path = annotation_get(&a->edit.spec->annotations, ANNOTATION_CRIU_CONFIG);
	struct host_file file;

	if (str_empty(path))
		return;
	file = host_file_for_criu(a->policy, a->facts->bundle, path, a->edit.arena);
	refuse_elsewhere(a, id, ANNOTATION_CRIU_CONFIG, &file, "list it in criu.config");
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about annotations that name files of the host. The user who sets annotations need not be root of the host, but
 * the runtime opens these files with root's power. Pure.
 */
#include "policy/host_files.h"

#include "base/auto.h"
#include "base/pointer.h"
#include "policy/rules.h"

static void refuse_elsewhere(struct judgement *j, const char *id, enum annotation which,
			     const struct host_file *file, const char *listed)
{
	struct arena *arena = j->edit.arena;
	const char *annotation = annotation_name(which);

	if (file->place != HOST_PLACE_NONE)
		return;
	edit_refuse(
		&j->edit, id, arena_printf(arena, "/annotations/%s", annotation),
		arena_printf(
			arena,
			"annotation %s: the file %s is not below the bundle; name one that is, or list %s in %s",
			annotation, edit_shown(&j->edit, file->path), listed, key_place(j, id)));
}

void rule_hooks_output(struct judgement *j, const char *id)
{
	static const enum annotation annotations[] = { ANNOTATION_HOOKS_OUTPUT,
						       ANNOTATION_HOOKS_ERRORS };

	for (size_t i = 0; i < ARRAY_SIZE(annotations); i++) {
		const char *path = annotation_get(&j->edit.spec->annotations, annotations[i]);
		struct host_file file;

		if (str_empty(path))
			continue;
		file = host_file_for_output(j->policy, j->facts->bundle, path, j->edit.arena);
		refuse_elsewhere(j, id, annotations[i], &file, "its directory");
	}
}

/* A script of criu's configuration runs as root, so being in hooks.output is not enough. */
void rule_criu_config(struct judgement *j, const char *id)
{
	const char *path = annotation_get(&j->edit.spec->annotations, ANNOTATION_CRIU_CONFIG);
	struct host_file file;

	if (str_empty(path))
		return;
	file = host_file_for_criu(j->policy, j->facts->bundle, path, j->edit.arena);
	refuse_elsewhere(j, id, ANNOTATION_CRIU_CONFIG, &file, "it");
}

static bool has_filter(const struct spec *spec)
{
	return (spec->linux_ && spec->linux_->seccomp) ||
	       annotation_get(&spec->annotations, ANNOTATION_FILTER);
}

static const char *annotation_pointer(struct judgement *j, enum annotation which)
{
	return arena_printf(j->edit.arena, "/annotations/%s",
			    pointer_escape(annotation_name(which), j->edit.arena));
}

/* Under every policy: what they ask for does not exist here. */
static bool refuse_plugins(struct judgement *j, const char *id)
{
	if (str_empty(annotation_get(&j->edit.spec->annotations, ANNOTATION_PLUGINS)))
		return false;
	edit_refuse(
		&j->edit, id, annotation_pointer(j, ANNOTATION_PLUGINS),
		arena_printf(
			j->edit.arena,
			"annotation %s: is not supported, because no code is loaded into the runtime; name the socket of an agent in linux.seccomp.listenerPath",
			annotation_name(ANNOTATION_PLUGINS)));
	return true;
}

/* Who gets the listener: linux.seccomp.listenerPath, else the annotation, else the runtime's environment. */
void rule_annotations(struct judgement *j, const char *id)
{
	const struct spec *spec = j->edit.spec;
	const char *path = annotation_get(&spec->annotations, ANNOTATION_RECEIVER);
	const char *what = "environment variable RUN_OCI_SECCOMP_RECEIVER", *pointer = "";

	if (!has_filter(spec) || refuse_plugins(j, id))
		return;
	if (!str_empty(path)) {
		what = arena_printf(j->edit.arena, "annotation %s",
				    annotation_name(ANNOTATION_RECEIVER));
		pointer = annotation_pointer(j, ANNOTATION_RECEIVER);
	} else {
		path = j->subject->receiver;
	}
	if (str_empty(path) || (spec->linux_ && spec->linux_->seccomp &&
				!str_empty(spec->linux_->seccomp->listener_path)))
		return;
	if (path[0] != '/')
		edit_refuse(
			&j->edit, id, pointer,
			arena_printf(
				j->edit.arena,
				"%s: must be an absolute path, is %s; name the socket of the agent by its whole path",
				what, edit_shown(&j->edit, path)));
	else
		edit_listener(&j->edit, id, path,
			      arena_printf(j->edit.arena, "%s names the listener's socket", what));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See receiver.h. Runs in the runtime. */
#include "container/receiver.h"

#include "plan/plan.h"

#include <stdlib.h>

#define RECEIVER_VARIABLE "RUN_OCI_SECCOMP_RECEIVER"

static bool has_filter(const struct spec *spec)
{
	return (spec->linux_ && spec->linux_->seccomp) ||
	       annotation_get(&spec->annotations, ANNOTATION_FILTER);
}

/* A filter that comes as an annotation needs no linux.seccomp, but its listener is named there. */
static struct spec_seccomp *filter_of(struct spec *spec, struct arena *arena)
{
	if (spec->linux_ && spec->linux_->seccomp)
		return spec->linux_->seccomp;
	if (!spec->linux_)
		spec->linux_ = arena_new(arena, struct spec_linux);
	spec->linux_->seccomp = arena_new(arena, struct spec_seccomp);
	spec->linux_->seccomp->default_action = SPEC_ACT_ALLOW;
	return spec->linux_->seccomp;
}

static int refuse_plugins(const struct spec *spec, struct err *e)
{
	const char *plugins = annotation_get(&spec->annotations, ANNOTATION_PLUGINS);

	if (str_empty(plugins))
		return 0;
	return fail(e, ERR_CONFIG,
		    "annotation %s: is not supported, nobody's code is loaded into the runtime; "
		    "linux.seccomp.listenerPath names the socket of an agent",
		    annotation_name(ANNOTATION_PLUGINS));
}

int receiver_take(struct spec *spec, struct arena *arena, struct err *e)
{
	const char *what =
		arena_printf(arena, "annotation %s", annotation_name(ANNOTATION_RECEIVER));
	const char *path = annotation_get(&spec->annotations, ANNOTATION_RECEIVER);
	autostrbuf shown = { 0 };
	struct spec_seccomp *filter;

	if (!has_filter(spec))
		return 0;
	if (refuse_plugins(spec, e) < 0)
		return -1;
	if (str_empty(path)) {
		what = "environment variable " RECEIVER_VARIABLE;
		path = getenv(RECEIVER_VARIABLE);
	}
	if (str_empty(path))
		return 0;
	filter = filter_of(spec, arena);
	if (!str_empty(filter->listener_path))
		return 0;
	strbuf_quote(&shown, path, 256);
	if (path[0] != '/')
		return fail(e, ERR_CONFIG, "%s: must be an absolute path, is %s", what,
			    strbuf_text(&shown));
	filter->listener_path = arena_strdup(arena, path);
	return 0;
}

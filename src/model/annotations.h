/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Annotations of a configuration that mean something here: the one table. Names are crun's, runc's, systemd's and the
 * CRI's, since engines and their users write them (config.md "Annotations").
 */
#ifndef MODEL_ANNOTATIONS_H
#define MODEL_ANNOTATIONS_H

#include "base/fields.h"

enum annotation {
	ANNOTATION_KEEP_GROUPS,
	ANNOTATION_PIDFD,
	ANNOTATION_CONTEXT,
	ANNOTATION_SUBGROUP,
	ANNOTATION_DELEGATE,
	ANNOTATION_HOOKS_OUTPUT,
	ANNOTATION_HOOKS_ERRORS,
	ANNOTATION_RECEIVER,
	ANNOTATION_FILTER,
	ANNOTATION_UNKNOWN_CALLS,
	ANNOTATION_SYSTEMD_V1,
	ANNOTATION_CRIU_CONFIG,
	ANNOTATION_UNIT_PROPERTY,
	ANNOTATION_PLUGINS,
	ANNOTATION_HANDLER,
	ANNOTATION_WASM,
	ANNOTATION_CONTAINER_TYPE,
	ANNOTATION_STOP_SIGNAL,
	ANNOTATION_COUNT
};

enum annotation_flags {
	ANNOTATION_UNSAFE =
		1 << 0, /* `features` names it: an engine may want to keep it from its clients */
	ANNOTATION_LIVE = 1 << 1,   /* it is about mounts that are added later, too */
	ANNOTATION_PREFIX = 1 << 2, /* the name of a property follows */
};

struct annotation_row {
	const char *name;
	unsigned flags;  /* enum annotation_flags */
	const char *doc; /* a sentence */
};
extern const struct annotation_row annotation_rows[ANNOTATION_COUNT];

const char *annotation_name(enum annotation which);
/* Its value; NULL: it is not there. Of one with a name that follows: see annotation_suffix(). */
const char *annotation_get(const struct strmap *annotations, enum annotation which);
/* What follows the name of a prefix in a key; NULL: the key is another one. */
const char *annotation_suffix(const char *key, enum annotation which);
/* Those with any of the flags, in memory of `arena`; texts are shared. */
struct strmap annotations_with(const struct strmap *annotations, unsigned flags,
			       struct arena *arena);

#endif

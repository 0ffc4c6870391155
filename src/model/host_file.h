/* SPDX-License-Identifier: Apache-2.0 */
/* A file of the host that an annotation names, and how far the policy allows it. */
#ifndef MODEL_HOST_FILE_H
#define MODEL_HOST_FILE_H

enum host_place {
	HOST_PLACE_NONE = 1, /* neither here nor there: it may not be opened */
	HOST_PLACE_BUNDLE,   /* `path` is relative to the bundle */
	HOST_PLACE_LISTED,   /* `path` is absolute: the policy names it, or a directory above it */
	HOST_PLACE_ANY,      /* the policy in force has no say: `path` as the annotation has it */
};
struct host_file {
	int place; /* enum host_place */
	const char *path;
	const char *annotation,
		*given; /* as the configuration has it; `given` NULL or empty: there is none */
};

/* To which what hooks print is appended. */
struct hook_files {
	struct host_file output, errors;
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Files of test data, decoded. */
#ifndef TESTS_LOAD_H
#define TESTS_LOAD_H

#include "base/auto.h"
#include "os/json_file.h"
#include "spec/spec.h"

#include <fcntl.h>

static inline int load_spec(int dirfd, const char *path, struct arena *arena, struct spec **ret,
			    struct err *e)
{
	autojsonfile file = { 0 };

	if (json_file_read(dirfd, path, path, JSON_MAX_BYTES, &file, e) < 0)
		return -1;
	return spec_decode(&file.source, arena, ret, e);
}

static inline int load_fields(const struct fields *fields, const char *path, const char *name,
			      size_t limit, struct arena *arena, void *ret, struct err *e)
{
	autojsonfile file = { 0 };
	autoarena tree = { 0 };
	struct json_value *root;

	if (json_file_read(AT_FDCWD, path, name, limit, &file, e) < 0 ||
	    json_parse(&file.source, &tree, &root, e) < 0)
		return -1;
	return fields_decode(fields, &file.source, root, arena, ret, e);
}

#endif

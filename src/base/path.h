/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths by their text alone: no file system is looked at.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include "base/arena.h"

#include <stdbool.h>

/* The components of a path, one after the other, without those that are empty; false at the end. */
struct path_part {
	const char *text; /* not terminated */
	size_t length;
};
bool path_next(const char **rest, struct path_part *ret);
bool path_part_is(const struct path_part *part, const char *name);

/* Normalise an absolute or relative path textually against "/": no "//", ".", "..", no trailing slash;
 * ".." does not go above "/"; the result is absolute, "/" at least. To be freed, or the arena's. */
char *path_clean(const char *path) __attribute__((returns_nonnull));
char *path_clean_in(struct arena *arena, const char *path) __attribute__((returns_nonnull));

/* True if `path` is `directory` or lies below it, compared by components, without touching a file
 * system. Both absolute. */
bool path_is_below(const char *path, const char *directory);
/* The same of two clean ones, as the kernel writes them: their text is compared. */
bool clean_path_is_below(const char *path, const char *directory);

/* A component is empty, "." or "..": also of "", and where a slash is the first or the last. */
bool path_has_detour(const char *path);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* See path.h. Pure. */
#include "base/path.h"

#include "base/auto.h"
#include "base/str.h"

bool path_next(const char **rest, struct path_part *ret)
{
	ret->text = *rest + strspn(*rest, "/");
	ret->length = strcspn(ret->text, "/");
	*rest = ret->text + ret->length;
	return ret->length > 0;
}

bool path_part_is(const struct path_part *part, const char *name)
{
	return part->length == strlen(name) && memcmp(part->text, name, part->length) == 0;
}

/* Room for what becomes of it: "/" and the terminator are all that it can gain. */
static size_t clean_size(const char *path)
{
	return strlen(path) + 2;
}

static char *clean_into(char *clean, const char *path)
{
	struct path_part part;
	size_t length = 0;

	while (path_next(&path, &part)) {
		if (path_part_is(&part, "..")) {
			while (length && clean[--length] != '/')
				;
		} else if (!path_part_is(&part, ".")) {
			clean[length++] = '/';
			memcpy(clean + length, part.text, part.length);
			length += part.length;
		}
	}
	if (!length)
		clean[length++] = '/';
	clean[length] = '\0';
	return clean;
}

char *path_clean(const char *path)
{
	return clean_into(xmalloc(clean_size(path)), path);
}

char *path_clean_in(struct arena *arena, const char *path)
{
	return clean_into(arena_alloc(arena, clean_size(path)), path);
}

bool path_is_below(const char *path, const char *directory)
{
	if (path[0] != '/' || directory[0] != '/')
		return false;
	autofree char *inner = path_clean(path);
	autofree char *outer = path_clean(directory);
	if (str_eq(outer, "/"))
		return true;
	if (!str_has_prefix(inner, outer))
		return false;
	char next = inner[strlen(outer)];
	return next == '\0' || next == '/';
}

bool path_has_detour(const char *path)
{
	for (;;) {
		size_t length = strcspn(path, "/");

		if (length == 0 || (length == 1 && path[0] == '.') ||
		    (length == 2 && path[0] == '.' && path[1] == '.'))
			return true;
		if (!path[length])
			return false;
		path += length + 1;
	}
}

bool clean_path_is_below(const char *path, const char *directory)
{
	size_t length = str_eq(directory, "/") ? 0 : strlen(directory);

	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '/' || path[length] == '\0');
}

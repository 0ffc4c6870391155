/* SPDX-License-Identifier: Apache-2.0 */
/* See path.h. Pure. */
#include "base/path.h"

#include "base/str.h"

/* Room for what becomes of it: "/" and the terminator are all that it can gain. */
static size_t clean_size(const char *path)
{
	return strlen(path) + 2;
}

static char *clean_into(char *clean, const char *path)
{
	size_t length = 0;

	while (*path) {
		size_t part = strcspn(path, "/");

		if (part == 2 && path[0] == '.' && path[1] == '.') {
			while (length && clean[--length] != '/')
				;
		} else if (part && !(part == 1 && path[0] == '.')) {
			clean[length++] = '/';
			memcpy(clean + length, path, part);
			length += part;
		}
		path += part;
		path += strspn(path, "/");
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

/* An absolute path as "/a/b", "" for the root: without empty components and ".", and with ".." taken
 * back by words alone. */
static void tidy_path(struct strbuf *to, const char *path)
{
	for (;;) {
		path += strspn(path, "/");
		size_t length = strcspn(path, "/");
		if (length == 0)
			return;
		if (length == 2 && path[0] == '.' && path[1] == '.') {
			while (to->length > 0 && to->text[--to->length] != '/')
				;
			if (to->text)
				to->text[to->length] = '\0';
		} else if (length != 1 || path[0] != '.') {
			strbuf_putc(to, '/');
			strbuf_add(to, path, length);
		}
		path += length;
	}
}

bool path_is_below(const char *path, const char *directory)
{
	autostrbuf inner = { 0 };
	autostrbuf outer = { 0 };

	if (path[0] != '/' || directory[0] != '/')
		return false;
	tidy_path(&inner, path);
	tidy_path(&outer, directory);
	if (!str_has_prefix(strbuf_text(&inner), strbuf_text(&outer)))
		return false;
	char next = strbuf_text(&inner)[outer.length];
	return next == '\0' || next == '/';
}

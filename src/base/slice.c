/* SPDX-License-Identifier: Apache-2.0 */
/* See slice.h. Pure. */
#include "base/slice.h"

#include "base/auto.h"
#include "base/str.h"

bool unit_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr(":-_.\\@", c));
}

const char *slice_name_problem(const char *name)
{
	size_t length = strlen(name);

	if (!str_has_suffix(name, SLICE_SUFFIX) || length <= strlen(SLICE_SUFFIX))
		return "it does not end in '.slice'";
	if (length > UNIT_NAME_MAX)
		return "it is too long";
	for (const char *p = name; *p; p++)
		if (!unit_character(*p))
			return "a character is not allowed";
	if (str_eq(name, "-.slice"))
		return NULL;
	if (name[0] == '-' || strstr(name, "--") || str_has_suffix(name, "-.slice"))
		return "a part between two '-' is empty";
	return NULL;
}

char *slice_path(const char *name, struct arena *arena)
{
	autostrbuf path = { 0 };
	size_t length = strlen(name) - strlen(SLICE_SUFFIX);

	for (size_t i = 1; i <= length && !str_eq(name, "-.slice"); i++)
		if (i == length || name[i] == '-')
			strbuf_printf(&path, "/%.*s%s", (int)i, name, SLICE_SUFFIX);
	return arena_strdup(arena, strbuf_text(&path));
}

bool slice_is_below(const char *name, const char *above)
{
	size_t length = strlen(above) - strlen(SLICE_SUFFIX);

	return str_eq(name, above) || (strncmp(name, above, length) == 0 && name[length] == '-');
}

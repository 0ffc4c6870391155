/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collecting what is wrong with a configuration, and checks of single values.
 */
#include "spec/check.h"

#include "base/path.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Bytes of a value that are shown, which escapes make six times as many, and room for a line with two. */
#define QUOTED_MAX 48
#define LINE_SIZE 800
/* Kept free in struct err for "and N more". */
#define TAIL_MAX 40
#define PLACE_MAX 32

/* ":12:7", or nothing. */
static void write_place(struct check *c, const char *line, char ret[PLACE_MAX])
{
	struct json_source source = { .name = c->source_name };
	char name[LINE_SIZE];
	unsigned row, column;
	struct err ignored;

	*ret = '\0';
	if (!c->spec || !c->spec->text)
		return;
	source.text = c->spec->text;
	source.length = c->spec->text_length;
	if (!c->tree && json_parse(&source, &c->arena, &c->tree, &ignored) < 0)
		return;
	snprintf(name, sizeof(name), "%s%s", c->at, line);
	json_position(&source, spec_find(c->spec, c->tree, name)->offset, &row, &column);
	snprintf(ret, PLACE_MAX, ":%u:%u", row, column);
}

void check_fail(struct check *c, const char *format, ...)
{
	char line[LINE_SIZE], place[PLACE_MAX];
	va_list arguments;

	/* Looking for a place takes as long as the text: not for what is not shown. */
	if (c->left_out > 0) {
		c->left_out++;
		return;
	}
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	write_place(c, line, place);
	size_t length = strlen(c->source_name) + strlen(place) + strlen(c->at) + strlen(line) +
			strlen("\n: ");
	if (c->text.length + length > ERR_TEXT_MAX - TAIL_MAX) {
		c->left_out++;
		return;
	}
	strbuf_puts(&c->text, c->text.length > 0 ? "\n" : "");
	strbuf_show(&c->text, "%s%s: %s%s", c->source_name, place, c->at, line);
}

const char *check_quoted(struct check *c, const char *value)
{
	autostrbuf text = { 0 };
	strbuf_quote(&text, value, QUOTED_MAX);
	return arena_strdup(&c->arena, strbuf_text(&text));
}

const char *check_name(struct check *c, const char *format, ...)
{
	char name[LINE_SIZE / 2];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	return arena_strdup(&c->arena, name);
}

int check_finish(struct check *c, struct err *e)
{
	int result = 0;
	if (c->left_out > 0)
		strbuf_printf(&c->text, "%sand %zu more", c->text.length > 0 ? "\n" : "",
			      c->left_out);
	if (c->text.length > 0)
		result = fail_lines(e, ERR_CONFIG, strbuf_text(&c->text));
	strbuf_release(&c->text);
	arena_release(&c->arena);
	return result;
}

void check_path(struct check *c, const char *name, const char *path)
{
	if (str_empty(path))
		check_fail(c, "%s: must not be empty", name);
	else if (strlen(path) > CHECK_PATH_MAX)
		check_fail(c, "%s: is longer than %d bytes", name, CHECK_PATH_MAX);
}

void check_absolute_path(struct check *c, const char *name, const char *path)
{
	check_path(c, name, path);
	if (!str_empty(path) && path[0] != '/')
		check_fail(c, "%s: must be an absolute path, is %s", name, check_quoted(c, path));
}

void check_absolute_paths(struct check *c, const char *name, const struct strlist *list)
{
	for (size_t i = 0; i < list->n; i++)
		check_absolute_path(c, check_name(c, "%s[%zu]", name, i), list->v[i]);
}

void check_environment(struct check *c, const char *name, const struct strlist *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *equals = strchr(list->v[i], '=');
		if (!equals || equals == list->v[i])
			check_fail(c, "%s[%zu]: must have the form NAME=VALUE, is %s", name, i,
				   check_quoted(c, list->v[i]));
	}
}

/* user_namespaces(7): an extent must not wrap around, and 4294967295 is not an id. */
static bool extent_wraps(uint32_t first, uint32_t size)
{
	return (uint64_t)first + size > UINT32_MAX;
}

static bool extents_overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return a < (uint64_t)b + b_size && b < (uint64_t)a + a_size;
}

static void check_id_mapping_pair(struct check *c, const char *name,
				  const struct spec_id_mappings *maps, size_t i, size_t j)
{
	const struct spec_id_mapping *a = &maps->v[i], *b = &maps->v[j];
	if (extents_overlap(a->container_id, a->size, b->container_id, b->size))
		check_fail(c, "%s[%zu]: its ids in the container overlap those of %s[%zu]", name, i,
			   name, j);
	if (extents_overlap(a->host_id, a->size, b->host_id, b->size))
		check_fail(c, "%s[%zu]: its ids on the host overlap those of %s[%zu]", name, i,
			   name, j);
}

void check_id_mappings(struct check *c, const char *name, const struct spec_id_mappings *maps)
{
	/* user_namespaces(7), "Defining user and group ID mappings" */
	enum { LINES_MAX = 340 };
	if (maps->n > LINES_MAX) {
		check_fail(c, "%s: has %zu mappings, the kernel takes at most %d", name, maps->n,
			   LINES_MAX);
		return;
	}
	for (size_t i = 0; i < maps->n; i++) {
		const struct spec_id_mapping *map = &maps->v[i];
		if (map->size == 0)
			check_fail(c, "%s[%zu].size: must not be 0", name, i);
		if (extent_wraps(map->container_id, map->size))
			check_fail(c, "%s[%zu]: containerID + size is beyond 4294967295", name, i);
		if (extent_wraps(map->host_id, map->size))
			check_fail(c, "%s[%zu]: hostID + size is beyond 4294967295", name, i);
		for (size_t j = 0; j < i; j++)
			check_id_mapping_pair(c, name, maps, i, j);
	}
}

/* A number of the list, moving *text behind it. */
static bool list_number(const char **text, uint32_t largest, uint32_t *ret)
{
	uint64_t value = 0;
	const char *p = *text;
	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		value = value * 10 + (uint64_t)(*p - '0');
		if (value > largest)
			return false;
	}
	*ret = (uint32_t)value;
	*text = p;
	return true;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " ");
}

/* "7" or "0-3", moving *text behind it. */
static bool list_range(const char **text, uint32_t largest)
{
	uint32_t first = 0, last = 0;
	if (!list_number(text, largest, &first))
		return false;
	if (**text != '-')
		return true;
	(*text)++;
	return list_number(text, largest, &last) && first <= last;
}

void check_number_list(struct check *c, const char *name, const char *text, uint32_t largest)
{
	if (str_empty(text))
		return;
	const char *p = skip_blanks(text);
	bool good = list_range(&p, largest);
	for (p = skip_blanks(p); good && *p == ','; p = skip_blanks(p)) {
		p = skip_blanks(p + 1);
		good = list_range(&p, largest);
	}
	if (!good || *p)
		check_fail(c, "%s: must be a list like '0-3,7' of numbers up to %u, is %s", name,
			   largest, check_quoted(c, text));
}

/* What the kernel's dev_valid_name() takes. */
void check_interface_name(struct check *c, const char *name, const char *interface)
{
	enum { NAME_MAX_BYTES = 15 };
	if (str_empty(interface) || str_eq(interface, ".") || str_eq(interface, "..") ||
	    strlen(interface) > NAME_MAX_BYTES || strpbrk(interface, "/: \t\n\v\f\r"))
		check_fail(
			c,
			"%s: must be the name of a network device (1 to %d bytes, no '/', ':' or blanks), is %s",
			name, NAME_MAX_BYTES, check_quoted(c, interface));
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void check_unique(struct check *c, const char *name, size_t n, const char **keys)
{
	if (n < 2)
		return;
	qsort(keys, n, sizeof(keys[0]), compare_texts);
	for (size_t i = 1; i < n; i++) {
		bool repeated = str_eq(keys[i], keys[i - 1]);
		bool reported = i > 1 && str_eq(keys[i], keys[i - 2]);
		if (repeated && !reported)
			check_fail(c, "%s: %s is given more than once", name,
				   check_quoted(c, keys[i]));
	}
}

bool check_known(struct check *c, const char *name, const struct name_row *table, const char *text,
		 int64_t *ret)
{
	if (text && name_to_value(table, text, ret))
		return true;
	if (text)
		check_fail(c, "%s: %s is not known", name, check_quoted(c, text));
	else
		check_fail(c, "%s: is missing", name);
	return false;
}

bool check_has_component(const char *path, const char *component)
{
	struct path_part part;
	while (path_next(&path, &part))
		if (path_part_is(&part, component))
			return true;
	return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding a container by the short id that engines show: the beginning of one of 64 hexadecimal digits.
 * Below this program's own root first, then by the registry, which knows the containers of every root.
 */
#include "container/container.h"

#include "base/auto.h"

/* Podman, Docker and containerd's clients make ids of this length and show 12 digits of it. Fewer are as
 * good while they are unique; very few could be a user's name for a bundle. */
#define ENGINE_ID_LENGTH 64
#define SHORT_ID_MIN 6

static bool is_hexadecimal(const char *text)
{
	return strspn(text, "0123456789abcdef") == strlen(text);
}

static bool is_short_for(const char *text, const char *id)
{
	return strlen(id) == ENGINE_ID_LENGTH && is_hexadecimal(id) && str_has_prefix(id, text);
}

struct candidates {
	const char *text; /* as given */
	const char *root, *id;
	bool several;
};

static void consider(struct candidates *c, const char *root, const char *id)
{
	bool same = c->id && str_eq(c->root, root) && str_eq(c->id, id);

	if (!is_short_for(c->text, id) || same)
		return;
	c->several = c->id != NULL;
	c->root = root;
	c->id = id;
}

static int fail_several(const struct candidates *c, struct err *e)
{
	return fail(e, ERR_USAGE, "'%s' is the beginning of more than one container's id", c->text);
}

int container_find(const struct global_options *global, const char *text, struct arena *arena,
		   const char **ret_root, const char **ret_id, struct err *e)
{
	struct candidates c = { .text = text };
	struct strlist ids;
	struct members members;
	struct err doubt;

	if (strlen(text) < SHORT_ID_MIN || !is_hexadecimal(text))
		return fail(e, ERR_NOT_FOUND, "container does not exist");
	if (state_list(global->root, arena, &ids, &doubt, e) < 0)
		return -1;
	for (size_t i = 0; i < ids.n && !c.several; i++)
		consider(&c, global->root, ids.v[i]);
	if (!c.id) {
		const char *directory = registry_default_directory(global->rootless, arena);

		if (registry_living(directory, NULL, arena, &members, e) < 0)
			return -1;
		for (size_t i = 0; i < members.n && !c.several; i++)
			consider(&c, members.v[i].root, members.v[i].id);
	}
	if (c.several)
		return fail_several(&c, e);
	if (!c.id)
		return fail(e, ERR_NOT_FOUND, "container does not exist");
	*ret_root = c.root;
	*ret_id = c.id;
	return 0;
}

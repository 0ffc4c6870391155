/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Idmapped mounts: which ids of the source's file system are seen as which (config.md "mounts",
 * uidMappings and gidMappings; mount_setattr(2), "ID-mapped mounts"). The maps are texts for the kernel's
 * map files of a helper's user namespace. Pure.
 *
 * crun's value form is read too: idmap=uids=FROM-TO-SIZE#...;gids=..., where TO is an id of the runtime's
 * own user namespace, or with "@" in front of the triple one of the container's.
 */
#include "plan/context.h"

#include "base/auto.h"

struct idmap_value {
	struct strbuf uids, gids;
};

static void idmap_value_release(struct idmap_value *value)
{
	strbuf_release(&value->uids);
	strbuf_release(&value->gids);
}
#define auto_idmap_value __attribute__((cleanup(idmap_value_release))) struct idmap_value

static const struct spec_id_mapping *find_mapping(const struct spec_id_mappings *mappings,
						  uint32_t id)
{
	for (size_t i = 0; i < mappings->n; i++) {
		const struct spec_id_mapping *row = &mappings->v[i];

		if (id >= row->container_id && id - row->container_id < row->size)
			return row;
	}
	return NULL;
}

/* Ids of the container become those of the runtime, piece by piece where they lie in several ranges. */
static int add_relative(struct plan_context *c, const struct spec_id_mappings *mappings,
			const uint32_t triple[3], const char *field, struct strbuf *map,
			struct err *e)
{
	uint32_t from = triple[0], to = triple[1], left = triple[2];

	/* without a user namespace the container's ids are the runtime's */
	if (!plan_has_user_namespace(c->plan)) {
		strbuf_printf(map, "%u %u %u\n", from, to, left);
		return 0;
	}
	while (left > 0) {
		const struct spec_id_mapping *row = find_mapping(mappings, to);
		uint32_t offset, size;

		if (!row)
			return fail(e, ERR_CONFIG, "id %u of the container is not in %s", to,
				    field);
		offset = to - row->container_id;
		size = row->size - offset < left ? row->size - offset : left;
		strbuf_printf(map, "%u %u %u\n", from, row->host_id + offset, size);
		from += size;
		to += size;
		left -= size;
	}
	return 0;
}

/* "FROM-TO-SIZE", `length` bytes of text. */
static bool parse_triple(const char *text, size_t length, uint32_t ret[3])
{
	char number[16];

	for (size_t i = 0; i < 3; i++) {
		size_t part = 0;

		while (part < length && text[part] != '-')
			part++;
		if (part >= sizeof(number) || (i < 2) != (part < length))
			return false;
		memcpy(number, text, part);
		number[part] = '\0';
		if (!parse_u32(number, &ret[i]))
			return false;
		text += part + (i < 2);
		length -= part + (i < 2);
	}
	return ret[2] > 0 && ret[0] <= UINT32_MAX - ret[2] && ret[1] <= UINT32_MAX - ret[2];
}

static int add_triples(struct plan_context *c, const char *text, size_t length, bool gids,
		       struct strbuf *map, struct err *e)
{
	const struct spec_id_mappings *mappings =
		gids ? &c->linux_->gid_mappings : &c->linux_->uid_mappings;
	uint32_t triple[3];

	while (length > 0) {
		const char *end = memchr(text, '#', length);
		size_t part = end ? (size_t)(end - text) : length;
		bool relative = text[0] == '@';

		if (!parse_triple(text + relative, part - relative, triple))
			return fail(e, ERR_CONFIG, "\"%.*s\" is not FROM-TO-SIZE", (int)part, text);
		if (!relative)
			strbuf_printf(map, "%u %u %u\n", triple[0], triple[1], triple[2]);
		else if (add_relative(c, mappings, triple,
				      gids ? "linux.gidMappings" : "linux.uidMappings", map, e) < 0)
			return -1;
		part += end != NULL;
		text += part;
		length -= part;
	}
	return 0;
}

static int read_value(struct plan_context *c, const char *text, struct idmap_value *ret,
		      struct err *e)
{
	while (*text) {
		size_t length = strcspn(text, ";");
		bool uids = str_has_prefix(text, "uids="), gids = str_has_prefix(text, "gids=");

		if (length > 0 && !uids && !gids)
			return fail(e, ERR_CONFIG,
				    "\"%.*s\" is neither uids= nor gids=", (int)length, text);
		if (length > 0 && add_triples(c, text + strlen("uids="), length - strlen("uids="),
					      gids, gids ? &ret->gids : &ret->uids, e) < 0)
			return -1;
		text += length;
		text += *text == ';';
	}
	if (ret->uids.length == 0 || ret->gids.length == 0)
		return fail(e, ERR_CONFIG, "needs both uids= and gids=");
	return 0;
}

static int by_value(struct plan_context *c, const struct mount_words *words,
		    struct plan_mount *mount, struct err *e)
{
	const char *value = strchr(words->idmap, '=') + 1;
	auto_idmap_value maps = { 0 };

	if (read_value(c, value, &maps, e) < 0) {
		struct err inner = *e;

		return fail(e, ERR_CONFIG, "mounts[%u].options: %s: %s", mount->index, words->idmap,
			    inner.text);
	}
	mount->idmap.uid_map = arena_strdup(c->arena, strbuf_text(&maps.uids));
	mount->idmap.gid_map = arena_strdup(c->arena, strbuf_text(&maps.gids));
	return 0;
}

int mount_idmap_plan(struct plan_context *c, const struct spec_mount *from,
		     const struct mount_words *words, struct plan_mount *mount, struct err *e)
{
	bool has_value = words->idmap && strchr(words->idmap, '=');
	bool has_maps = from->uid_mappings.n > 0 || from->gid_mappings.n > 0;

	if (!words->idmap && !has_maps)
		return 0;
	if (mount->kind != PLAN_MOUNT_BIND)
		return fail(e, ERR_CONFIG, "mounts[%u].%s: needs a bind mount", mount->index,
			    has_maps ? "uidMappings" : "options: idmap");
	if (has_value && has_maps)
		return fail(e, ERR_CONFIG,
			    "mounts[%u].options: %s: the mount has uidMappings as well",
			    mount->index, words->idmap);
	/* config.md leaves it open what mappings without either option mean: this mount alone, as in
	 * runc */
	mount->idmap.given = true;
	mount->idmap.recursive = words->idmap && words->idmap[0] == 'r';
	if (has_value)
		return by_value(c, words, mount, e);
	if (has_maps) {
		const char *uids = arena_printf(c->arena, "mounts[%u].uidMappings", mount->index);
		const char *gids = arena_printf(c->arena, "mounts[%u].gidMappings", mount->index);

		return plan_id_map(c, &from->uid_mappings, uids, &mount->idmap.uid_map, e) < 0 ||
				       plan_id_map(c, &from->gid_mappings, gids,
						   &mount->idmap.gid_map, e) < 0
			       ? -1
			       : 0;
	}
	if (!plan_has_user_namespace(c->plan))
		return fail(
			e, ERR_CONFIG,
			"mounts[%u].options: %s needs uidMappings and gidMappings, or a container with a user namespace",
			mount->index, words->idmap);
	return 0;
}

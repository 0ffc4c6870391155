/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts for the kernel's map files of a new user namespace and for the offsets of a new time namespace
 * (user_namespaces(7), time_namespaces(7)). Pure.
 */
#include "plan/context.h"

/* The kernel takes so many lines, in one write of less than a page. */
#define MAP_LINES_MAX 340
#define MAP_TEXT_MAX 4095

int plan_id_map(struct plan_context *c, const struct spec_id_mappings *mappings, const char *field,
		const char **ret, struct err *e)
{
	autostrbuf text = { 0 };

	if (mappings->n == 0)
		return fail(e, ERR_CONFIG, "%s: needed with a new user namespace", field);
	if (mappings->n > MAP_LINES_MAX)
		return fail(e, ERR_CONFIG, "%s: %zu mappings, the kernel takes at most %d", field,
			    mappings->n, MAP_LINES_MAX);
	for (size_t i = 0; i < mappings->n; i++)
		strbuf_printf(&text, "%u %u %u\n", mappings->v[i].container_id,
			      mappings->v[i].host_id, mappings->v[i].size);
	if (text.length > MAP_TEXT_MAX)
		return fail(e, ERR_CONFIG,
			    "%s: %zu bytes as the kernel's text, it takes at most %d", field,
			    text.length, MAP_TEXT_MAX);
	*ret = arena_strdup(c->arena, strbuf_text(&text));
	return 0;
}

uint32_t plan_host_id(const struct plan_context *c, const struct spec_id_mappings *mappings,
		      uint32_t id)
{
	if (!c->plan->namespaces.new_user)
		return id;
	for (size_t i = 0; i < mappings->n; i++) {
		const struct spec_id_mapping *map = &mappings->v[i];

		if (id >= map->container_id && id - map->container_id < map->size)
			return map->host_id + (id - map->container_id);
	}
	return 0;
}

bool plan_id_is_mapped(const struct spec_id_mappings *mappings, uint32_t id)
{
	for (size_t i = 0; i < mappings->n; i++) {
		if (id >= mappings->v[i].container_id &&
		    id - mappings->v[i].container_id < mappings->v[i].size)
			return true;
	}
	return false;
}

/* Else setuid() and setgid() fail late and say "invalid argument". */
static int ids_check_user(const struct plan_context *c, struct err *e)
{
	const struct spec_linux *linux_ = c->linux_;
	const struct spec_user *user = c->spec->process ? c->spec->process->user : NULL;

	if (!plan_id_is_mapped(&linux_->uid_mappings, 0))
		return fail(e, ERR_CONFIG,
			    "linux.uidMappings: id 0 of the container is not mapped");
	if (!plan_id_is_mapped(&linux_->gid_mappings, 0))
		return fail(e, ERR_CONFIG,
			    "linux.gidMappings: id 0 of the container is not mapped");
	if (!user)
		return 0;
	if (!plan_id_is_mapped(&linux_->uid_mappings, user->uid))
		return fail(e, ERR_CONFIG, "process.user.uid: %u is not in linux.uidMappings",
			    user->uid);
	if (!plan_id_is_mapped(&linux_->gid_mappings, user->gid))
		return fail(e, ERR_CONFIG, "process.user.gid: %u is not in linux.gidMappings",
			    user->gid);
	for (size_t i = 0; i < user->additional_gids.n && !plan_keeps_groups(c->spec); i++) {
		if (!plan_id_is_mapped(&linux_->gid_mappings, user->additional_gids.v[i]))
			return fail(
				e, ERR_CONFIG,
				"process.user.additionalGids[%zu]: %u is not in linux.gidMappings",
				i, user->additional_gids.v[i]);
	}
	return 0;
}

static struct spec_id_mappings map_root_to(struct plan_context *c, uint32_t id)
{
	struct spec_id_mapping *row = arena_new(c->arena, struct spec_id_mapping);

	*row = (struct spec_id_mapping){ .container_id = 0, .host_id = id, .size = 1 };
	return (struct spec_id_mappings){ .n = 1, .v = row };
}

/* A user namespace without any maps would have no user in it. As in other runtimes, root is the caller, which takes
 * no power. */
static void ids_default(struct plan_context *c)
{
	struct spec_linux *linux_ = arena_new(c->arena, struct spec_linux);

	*linux_ = *c->linux_;
	linux_->uid_mappings = map_root_to(c, c->facts->uid);
	linux_->gid_mappings = map_root_to(c, c->facts->gid);
	c->linux_ = linux_;
	plan_warn(
		c,
		"linux.uidMappings, linux.gidMappings: none are given for the new user namespace, so its root is the caller, %u:%u, and no other id is mapped",
		c->facts->uid, c->facts->gid);
}

static int ids_user_namespace(struct plan_context *c, struct err *e)
{
	struct plan_namespaces *ns = &c->plan->namespaces;

	if (ns->new_user) {
		if (c->linux_->uid_mappings.n == 0 && c->linux_->gid_mappings.n == 0)
			ids_default(c);
		if (plan_id_map(c, &c->linux_->uid_mappings, "linux.uidMappings", &ns->uid_map, e) <
			    0 ||
		    plan_id_map(c, &c->linux_->gid_mappings, "linux.gidMappings", &ns->gid_map, e) <
			    0)
			return -1;
		return ids_check_user(c, e);
	}
	/* one that is joined has its maps already, and engines repeat them in the config */
	if (!plan_has_user_namespace(c->plan) &&
	    (c->linux_->uid_mappings.n > 0 || c->linux_->gid_mappings.n > 0))
		return fail(e, ERR_CONFIG, "%s: needs a user namespace",
			    c->linux_->uid_mappings.n > 0 ? "linux.uidMappings"
							  : "linux.gidMappings");
	return 0;
}

static void time_offset(struct strbuf *text, const char *clock,
			const struct spec_time_offset *offset)
{
	if (offset)
		strbuf_printf(text, "%s %lld %u\n", clock, (long long)offset->secs.value,
			      offset->nanosecs.value);
}

static int ids_time_offsets(struct plan_context *c, struct err *e)
{
	const struct spec_time_offsets *offsets = c->linux_->time_offsets;
	autostrbuf text = { 0 };

	if (!offsets || (!offsets->monotonic && !offsets->boottime))
		return 0;
	if (!c->plan->namespaces.new_time)
		return fail(e, ERR_CONFIG, "linux.timeOffsets: needs a new time namespace");
	time_offset(&text, "monotonic", offsets->monotonic);
	time_offset(&text, "boottime", offsets->boottime);
	c->plan->namespaces.time_offsets = arena_strdup(c->arena, strbuf_text(&text));
	return 0;
}

int plan_ids(struct plan_context *c, struct err *e)
{
	if (ids_user_namespace(c, e) < 0)
		return -1;
	return ids_time_offsets(c, e);
}

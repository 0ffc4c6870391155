/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A user who is not root, outside of the user namespace that owns the user's own network: the command goes there, as
 * Podman's do, and ids of its host are taken from outside. Runs in the runtime, before anything else is asked.
 */
#include "container/container.h"

#include "base/auto.h"
#include "sys/caller.h"
#include "sys/holder.h"
#include "sys/nsfd.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* user_namespaces(7): no more of them lie in each other */
#define NESTED_MAX 33

static bool is_below(int namespace_, int above)
{
	autoclose int at = fcntl(namespace_, F_DUPFD_CLOEXEC, 3);

	for (int i = 0; at >= 0 && i < NESTED_MAX; i++) {
		if (nsfd_same(at, above))
			return true;
		replace_fd(&at, nsfd_parent(at));
	}
	return false;
}

/* One that was made before the network, or without it, has a user namespace beside that of the network: only from outside
 * of both there is power over it. */
static bool is_elsewhere(const struct global_options *global, const char *id,
			 const struct holder *holder, struct arena *arena)
{
	autostatedir dir = STATE_DIR_INIT;
	struct status_record *status;
	autoclose int process = -1, namespace_ = -1;
	struct err ignored;

	if (state_open(global->root, id, false, &dir, &ignored) < 0 ||
	    state_read_status(&dir, arena, &status, &ignored) < 0 || !status)
		return false;
	process = process_open(&status->init, &ignored);
	if (process < 0)
		return false;
	namespace_ = nsfd_of_process(status->init.pid, "user");
	return namespace_ >= 0 && !is_below(namespace_, holder->user);
}

int container_enter_users_network(const struct global_options *global, const char *id,
				  struct arena *arena, struct err *e)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	autoholder holder = HOLDER_INIT;
	int lives;

	if (!global->rootless || geteuid() == 0 || caller_in_user_namespace() || !run ||
	    run[0] != '/')
		return 0;
	lives = holder_open(arena_printf(arena, "%s/" HOLDER_FILE, run), &holder, e);
	if (lives <= 0)
		return lives;
	if (id && is_elsewhere(global, id, &holder, arena))
		return 0;
	return holder_enter(&holder, e) < 0 ? -1 : 1;
}

/* --- ids of the host --- */

static int add_inner(const struct spec_id_mapping *from, bool gids, struct arena *arena,
		     struct spec_id_mappings *to, const char *name, struct err *e)
{
	struct spec_id_mapping rest = *from;

	while (rest.size > 0) {
		struct spec_id_mapping *more =
			arena_new_array(arena, struct spec_id_mapping, to->n + 1);
		struct spec_id_mapping part = rest;

		if (!caller_inner_ids(gids, rest.host_id, &part.host_id, &part.size))
			return fail(
				e, ERR_CONFIG,
				"%s: %u is not an id of the user namespace of the user's network; it has the user's own and those of %s",
				name, rest.host_id, gids ? "/etc/subgid" : "/etc/subuid");
		if (part.size > rest.size)
			part.size = rest.size;
		for (size_t i = 0; i < to->n; i++)
			more[i] = to->v[i];
		more[to->n++] = part;
		to->v = more;
		rest.container_id += part.size;
		rest.host_id += part.size;
		rest.size -= part.size;
	}
	return 0;
}

static int take_inside(struct spec_id_mappings *maps, bool gids, struct arena *arena,
		       const char *name, struct err *e)
{
	struct spec_id_mappings inner = { 0 };

	for (size_t i = 0; i < maps->n; i++)
		if (add_inner(&maps->v[i], gids, arena, &inner, name, e) < 0)
			return -1;
	if (maps->n > 0)
		*maps = inner;
	return 0;
}

int container_ids_from_outside(struct spec *spec, struct arena *arena, struct err *e)
{
	if (spec->linux_ &&
	    (take_inside(&spec->linux_->uid_mappings, false, arena, "linux.uidMappings", e) < 0 ||
	     take_inside(&spec->linux_->gid_mappings, true, arena, "linux.gidMappings", e) < 0))
		return -1;
	for (size_t i = 0; i < spec->mounts.n; i++) {
		struct spec_mount *mount = &spec->mounts.v[i];

		if (take_inside(&mount->uid_mappings, false, arena, "mounts[].uidMappings", e) <
			    0 ||
		    take_inside(&mount->gid_mappings, true, arena, "mounts[].gidMappings", e) < 0)
			return -1;
	}
	return 0;
}

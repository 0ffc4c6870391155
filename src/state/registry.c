/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry of members (registry.h): where it is, entries made and removed. Runs in the runtime.
 */
#include "state/registry_parts.h"

#include "os/io.h"
#include "sys/directory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

/* The directory of a network may go with its last member while the next one comes. */
#define ADD_TRIES 100

const char *registry_default_directory(bool rootless, struct arena *arena)
{
	const char *runtime_directory = rootless ? getenv("XDG_RUNTIME_DIR") : NULL;

	if (runtime_directory && runtime_directory[0] == '/')
		return arena_printf(arena, "%s/distro-shim/members", runtime_directory);
	return arena_strdup(arena, "/run/distro-shim/members");
}

/* Whether an entry with the right suffix is another container's, whose hash is the same. */
static int is_of_another(int fd, const char *name, const char *root, const char *id, bool *ret,
			 struct err *e)
{
	struct arena arena = { 0 };
	struct member_record *member = NULL;

	int rc = registry_read_entry(fd, name, &arena, &member, e);
	if (rc == 0)
		*ret = member && (!str_eq(member->root, root) || !str_eq(member->id, id));
	arena_release(&arena);
	return rc;
}

/* Remove an entry, if it is the container's. */
static int remove_entry(const struct registry *r, int fd, const char *name, const char *root,
			const char *id, struct err *e)
{
	bool another = false;

	if (is_of_another(fd, name, root, id, &another, e) < 0)
		return -1;
	if (!another && unlinkat(fd, name, 0) < 0 && errno != ENOENT)
		return fail_sys(e, "remove '%s/%s'", r->path, name);
	return 0;
}

static int remove_from_network(const struct registry *r, const char *network, const char *root,
			       const char *id, struct err *e)
{
	struct entry_name name = member_name(root, id), temporary = temporary_name(root, id);
	autoclose int fd = -1;
	int rc = registry_open_network(r, network, &fd, e);

	if (rc <= 0)
		return rc;
	if (remove_entry(r, fd, name.text, root, id, e) < 0)
		return -1;
	/* of a writer that was killed */
	if (unlinkat(fd, temporary.text, 0) < 0 && errno != ENOENT)
		return fail_sys(e, "remove '%s/%s'", r->path, temporary.text);
	/* The next member makes it again. */
	(void)!unlinkat(r->fd, network, AT_REMOVEDIR);
	return 0;
}

/* All entries of the container but the one in the network `but` (may be NULL). */
static int remove_entries(const struct registry *r, const char *root, const char *id,
			  const char *but, struct err *e)
{
	struct entry_name old = old_suffix(root, id);

	for (size_t i = 0; i < r->networks.n; i++)
		if (!str_eq(r->networks.v[i], but) &&
		    remove_from_network(r, r->networks.v[i], root, id, e) < 0)
			return -1;
	for (size_t i = 0; i < r->old.n; i++) {
		const char *name = r->old.v[i];

		if (name[0] == '.' && strstr(name, old.text))
			(void)!unlinkat(r->fd, name, 0);
		else if (name[0] != '.' && str_has_suffix(name, old.text) &&
			 remove_entry(r, r->fd, name, root, id, e) < 0)
			return -1;
	}
	return 0;
}

static int write_entry(int fd, const struct registry *r, const struct member_record *member,
		       struct arena *arena, struct err *e)
{
	struct entry_name name = member_name(member->root, member->id);
	struct entry_name temporary = temporary_name(member->root, member->id);
	bool another;
	size_t length;
	char *text;

	if (is_of_another(fd, name.text, member->root, member->id, &another, e) < 0)
		return -1;
	if (another)
		return fail(
			e, ERR_STATE,
			"container %s: its entry '%s/%s' is another container's; use another id",
			member->id, r->path, name.text);
	if (fields_encode_text(&member_fields, member, false, arena, &text, &length, e) < 0)
		return -1;
	if (length > MEMBER_MAX)
		return fail(e, ERR_CONFIG, "container %s: its entry in '%s' would have %zu bytes",
			    member->id, r->path, length);
	return replace_file_by(fd, name.text, temporary.text, 0644, text, length, e);
}

static int add_to(const struct registry *r, const char *network, const struct member_record *member,
		  struct arena *arena, struct err *e)
{
	for (int tries = 0; tries < ADD_TRIES; tries++) {
		autoclose int fd = -1;
		int rc;

		if (mkdirat(r->fd, network, 0755) == 0) {
			/* whatever the umask has left of it */
			if (fchmodat(r->fd, network, 0755, 0) < 0 && errno != ENOENT)
				return fail_sys(e, "make '%s/%s'", r->path, network);
		} else if (errno != EEXIST) {
			return fail_sys(e, "make '%s/%s'", r->path, network);
		}
		rc = registry_open_network(r, network, &fd, e);
		if (rc < 0)
			return -1;
		if (rc > 0 && write_entry(fd, r, member, arena, e) == 0)
			return 0;
		if (rc > 0 && e->sys != ENOENT)
			return err_prefix(e, "registry of members '%s'", r->path);
	}
	return fail(e, ERR_SYSTEM, "'%s/%s' is made and removed again and again", r->path, network);
}

int registry_add(const char *directory, const struct member_record *member, struct err *e)
{
	struct entry_name network = network_name(member->network_path, member->network_cookie);
	autoregistry r = REGISTRY_INIT;
	autoarena arena = { 0 };

	if (registry_open(directory, true, &arena, &r, e) < 0 ||
	    add_to(&r, network.text, member, &arena, e) < 0)
		return -1;
	/* One container, one entry: an earlier one in another network goes, after the new one stands. */
	return remove_entries(&r, member->root, member->id, network.text, e);
}

int registry_remove(const char *directory, const char *root, const char *id, struct err *e)
{
	autoregistry r = REGISTRY_INIT;
	autoarena arena = { 0 };

	if (registry_open(directory, false, &arena, &r, e) < 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	return remove_entries(&r, root, id, NULL, e);
}

int registry_add_container(const char *directory, const struct state_dir *dir,
			   const struct status_record *status, struct err *e)
{
	struct member_record member = {
		.version = STATE_VERSION,
		.id = dir->id,
		.root = dir->root,
		.bundle = status->bundle,
		.init = status->init,
		.ids = status->ids,
		.network_cookie = status->network_cookie,
		.network_path = status->network_path,
		.network_name = status->network_name,
	};

	if (status->address)
		member.addresses = status->address->addresses;
	return registry_add(directory, &member, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry of members (registry.h): lists, and the entry of one container. Runs in the runtime.
 */
#include "state/registry_parts.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

/* --- lists --- */

/* 1: it runs; 0: it is dead; -1: cannot be told. */
static int is_living(const struct member_record *member, struct err *e)
{
	autoclose int pidfd = process_open(&member->init, e);

	if (pidfd >= 0)
		return 1;
	return e->kind == ERR_NOT_FOUND ? 0 : -1;
}

static void add_member(struct members *members, struct arena *arena,
		       const struct member_record *member)
{
	if ((members->n & (members->n - 1)) == 0) {
		struct member_record *v = arena_new_array(arena, struct member_record,
							  members->n ? 2 * members->n : 1);
		if (members->n)
			memcpy(v, members->v, members->n * sizeof(*v));
		members->v = v;
	}
	members->v[members->n++] = *member;
}

/* Which entries are asked for. */
struct wanted {
	const char *network_path; /* NULL: any */
	uint64_t not_in;          /* cookie of a network whose members are not read; 0: none */
	int64_t pid;              /* of its first process; 0: any */
	bool dead;                /* those of dead processes, too */
};

static bool is_wanted(const struct wanted *wanted, const char *network)
{
	struct entry_name own;

	if (!wanted->network_path)
		return true;
	own = network_name(wanted->network_path, wanted->not_in);
	return network_is_of_path(network, wanted->network_path) &&
	       !(wanted->not_in && str_eq(network, own.text));
}

/* An entry of 0.1.0 begins with the cookie. */
static bool is_old_wanted(const struct wanted *wanted, const char *name)
{
	struct entry_name prefix;

	snprintf(prefix.text, sizeof(prefix.text), "%" PRIu64 "-", wanted->not_in);
	return !(wanted->not_in && str_has_prefix(name, prefix.text));
}

static int consider(const struct registry *r, int fd, const char *name, const struct wanted *wanted,
		    struct arena *arena, struct members *members, struct err *e)
{
	struct member_record *member;
	int living;

	if (name[0] == '.' || !str_has_suffix(name, ".json"))
		return 0;
	if (registry_read_entry(fd, name, arena, &member, e) < 0)
		return err_prefix(e, "registry of members '%s'", r->path);
	if (!member || (wanted->pid && member->init.pid != wanted->pid) ||
	    (wanted->network_path && !str_eq(member->network_path, wanted->network_path)))
		return 0;
	living = wanted->dead ? 1 : is_living(member, e);
	if (living < 0)
		return err_prefix(e, "registry of members '%s': %s", r->path, name);
	if (living)
		add_member(members, arena, member);
	return 0;
}

static int read_network(const struct registry *r, const char *network, const struct wanted *wanted,
			struct arena *arena, struct members *members, struct err *e)
{
	struct strlist names = { 0 };
	autoclose int fd = -1;
	int rc = registry_open_network(r, network, &fd, e);

	if (rc <= 0)
		return rc;
	if (registry_list_entries(r, fd, arena, &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++)
		if (consider(r, fd, names.v[i], wanted, arena, members, e) < 0)
			return -1;
	return 0;
}

static int read_members(const char *directory, const struct wanted *wanted, struct arena *arena,
			struct members *ret, struct err *e)
{
	struct members members = { 0 };
	autoregistry r = REGISTRY_INIT;

	if (registry_open(directory, false, arena, &r, e) < 0) {
		if (e->kind != ERR_NOT_FOUND)
			return -1;
		*ret = members;
		return 0;
	}
	for (size_t i = 0; i < r.networks.n; i++)
		if (is_wanted(wanted, r.networks.v[i]) &&
		    read_network(&r, r.networks.v[i], wanted, arena, &members, e) < 0)
			return -1;
	for (size_t i = 0; i < r.old.n; i++)
		if (is_old_wanted(wanted, r.old.v[i]) &&
		    consider(&r, r.fd, r.old.v[i], wanted, arena, &members, e) < 0)
			return -1;
	*ret = members;
	return 0;
}

int registry_living(const char *directory, const char *network_path, struct arena *arena,
		    struct members *ret, struct err *e)
{
	const struct wanted wanted = { .network_path = network_path };

	return read_members(directory, &wanted, arena, ret, e);
}

int registry_elsewhere(const char *directory, const char *network_path, uint64_t cookie,
		       struct arena *arena, struct members *ret, struct err *e)
{
	const struct wanted wanted = { .network_path = network_path, .not_in = cookie };

	return read_members(directory, &wanted, arena, ret, e);
}

int registry_of_process(const char *directory, const char *network_path, int64_t pid,
			struct arena *arena, struct member_record **ret, struct err *e)
{
	const struct wanted wanted = { .network_path = network_path, .pid = pid };
	struct members members;

	if (read_members(directory, &wanted, arena, &members, e) < 0)
		return -1;
	*ret = members.n ? members.v : NULL;
	return 0;
}

int registry_all(const char *directory, struct arena *arena, struct members *ret, struct err *e)
{
	const struct wanted wanted = { .dead = true };

	return read_members(directory, &wanted, arena, ret, e);
}

/* --- one container, whatever the spelling of its root --- */

/* What a root is to a search. */
struct searched {
	const char *root, *id;
	struct stat status; /* of the root; st_ino 0: it is not there */
};

/* By the directory too: one root has several spellings where a link leads to it (/var/run). */
static bool is_searched(const struct member_record *member, const struct searched *searched)
{
	struct stat status;

	if (!str_eq(member->id, searched->id))
		return false;
	return str_eq(member->root, searched->root) ||
	       (searched->status.st_ino && stat(member->root, &status) == 0 &&
		status.st_dev == searched->status.st_dev &&
		status.st_ino == searched->status.st_ino);
}

/* 1: it is the one that is looked for; -1: it could be, and cannot be read. */
static int match_entry(int fd, const char *name, const struct searched *searched,
		       struct arena *arena, struct member_record **ret, struct err *e)
{
	struct entry_name own = member_name(searched->root, searched->id);
	struct entry_name old = old_suffix(searched->root, searched->id);
	struct stat status;

	if (registry_read_entry(fd, name, arena, ret, e) < 0)
		return -1;
	if (*ret)
		return is_searched(*ret, searched);
	if ((str_eq(name, own.text) || str_has_suffix(name, old.text)) &&
	    fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return fail(e, ERR_STATE, "'%s' is damaged", name);
	return 0;
}

/* 1: *ret is it and runs. */
static int find_in(int fd, const struct strlist *names, const char *prefix,
		   const struct searched *searched, struct arena *arena, struct member_record **ret,
		   int *ret_pidfd, struct err *e)
{
	for (size_t i = 0; i < names->n; i++) {
		const char *name = names->v[i];
		struct member_record *member = NULL;
		int rc;

		if (name[0] == '.' || !str_has_prefix(name, prefix) ||
		    !str_has_suffix(name, ".json"))
			continue;
		rc = match_entry(fd, name, searched, arena, &member, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			continue;
		int pidfd = process_open(&member->init, e);
		if (pidfd < 0 && e->kind != ERR_NOT_FOUND)
			return -1;
		*ret = member;
		/* An entry of one that has ended may be left of an earlier container with the name. */
		if (pidfd >= 0) {
			*ret_pidfd = pidfd;
			return 1;
		}
	}
	return 0;
}

/* The names alone tell whose id it is not. */
static int find_in_network(const struct registry *r, const char *network,
			   const struct searched *searched, struct arena *arena,
			   struct member_record **ret, int *ret_pidfd, struct err *e)
{
	struct entry_name prefix = member_name("", searched->id);
	struct strlist names = { 0 };
	autoclose int fd = -1;
	int rc = registry_open_network(r, network, &fd, e);

	if (rc <= 0)
		return rc;
	prefix.text[strcspn(prefix.text, "-") + 1] = '\0';
	if (registry_list_entries(r, fd, arena, &names, e) < 0)
		return -1;
	return find_in(fd, &names, prefix.text, searched, arena, ret, ret_pidfd, e);
}

int registry_find(const char *directory, const char *root, const char *id, struct arena *arena,
		  struct member_record **ret, int *ret_pidfd, struct err *e)
{
	struct searched searched = { .root = root, .id = id };
	struct member_record *found = NULL;
	autoregistry r = REGISTRY_INIT;
	int pidfd = -1, rc = 0;

	*ret = NULL;
	*ret_pidfd = -1;
	if (registry_open(directory, false, arena, &r, e) < 0)
		/* Not there, or not the caller's, who then has never written to it (registry_add()). */
		return e->kind != ERR_NOT_FOUND && e->sys ? -1 : 0;
	if (stat(root, &searched.status) < 0)
		searched.status.st_ino = 0;
	for (size_t i = 0; i < r.networks.n && rc == 0; i++)
		rc = find_in_network(&r, r.networks.v[i], &searched, arena, &found, &pidfd, e);
	if (rc == 0)
		rc = find_in(r.fd, &r.old, "", &searched, arena, &found, &pidfd, e);
	if (rc < 0)
		return err_prefix(e, "registry of members '%s'", directory);
	*ret = found;
	*ret_pidfd = pidfd;
	return 0;
}

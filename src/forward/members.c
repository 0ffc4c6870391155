/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See members.h. Each decoy has a directory, named by its cookie, which is locked while its record changes and what leads
 * from it is made or ended: containers of different decoys do not wait for each other. Runs in the runtime.
 */
#include "forward/members.h"

#include "base/auto.h"
#include "base/fields.h"
#include "os/io.h"
#include "os/json_file.h"
#include "sys/deadline.h"
#include "sys/directory.h"
#include "sys/nsfd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD "decoy.json"
#define RECORD_MAX (1024u * 1024)
#define RECORD_VERSION 1
/* As often another container may take the directory away in between. */
#define TRIES 100
#define LOCK_PAUSE_US 2000

struct decoy_record {
	int64_t version;
	uint64_t decoy;
	char *network_path;
	uint64_t network;
	struct opt_u32 pair; /* of its link; absent: it is not made, or was being made */
	char *nameserver;    /* as in struct forward, of the member that named one last */
	struct forward_members members;
};

static const struct field member_rows[] = {
	FIELD(struct forward_member, STRING, root, "root", FIELD_REQUIRED),
	FIELD(struct forward_member, STRING, id, "id", FIELD_REQUIRED),
};
static const struct fields member_fields =
	FIELDS("struct forward_member", struct forward_member, member_rows, 0);

static const struct field decoy_rows[] = {
	FIELD(struct decoy_record, I64, version, "version", FIELD_REQUIRED),
	FIELD(struct decoy_record, U64, decoy, "decoy", FIELD_REQUIRED),
	FIELD(struct decoy_record, STRING, network_path, "networkPath", FIELD_REQUIRED),
	FIELD(struct decoy_record, U64, network, "network", FIELD_REQUIRED),
	FIELD(struct decoy_record, OPT_U32, pair, "pair", 0),
	FIELD(struct decoy_record, STRING, nameserver, "nameserver", 0),
	FIELD_LIST_ROW(struct decoy_record, members, struct forward_member, "members", 0,
		       &member_fields),
};
static const struct fields decoy_fields =
	FIELDS("struct decoy_record", struct decoy_record, decoy_rows, 0);

const char *forward_directory(bool rootless, struct arena *arena)
{
	const char *run = rootless ? getenv("XDG_RUNTIME_DIR") : NULL;

	return arena_printf(arena, "%s/distro-shim/decoys", run && run[0] == '/' ? run : "/run");
}

/* --- the directory of a decoy --- */

struct place {
	int all, fd; /* both directories; the second one locked */
	char name[17];
};
#define PLACE_INIT                  \
	{                           \
		.all = -1, .fd = -1 \
	}
static void place_close(struct place *place)
{
	close_keep_errno(place->fd);
	close_keep_errno(place->all);
}
#define autoplace __attribute__((cleanup(place_close))) struct place

/* It may have been taken away between the open and the lock. */
static int lock(const struct place *place, int *ret_fd, struct err *e)
{
	autoclose int fd =
		openat(place->all, place->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct deadline deadline = deadline_in(deadline_ms());
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? 0 : fail_sys(e, "open '%s' among the decoys", place->name);
	/* Another container of the same decoy is started, or deleted. */
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail_sys(e, "lock '%s' among the decoys", place->name);
		if (deadline_is_over(&deadline))
			return fail(e, ERR_SYSTEM,
				    "'%s' among the decoys is locked by another command",
				    place->name);
		usleep(LOCK_PAUSE_US);
	}
	if (fstat(fd, &st) < 0)
		return fail_sys(e, "look at '%s' among the decoys", place->name);
	if (st.st_nlink == 0)
		return 0;
	*ret_fd = take_fd(&fd);
	return 1;
}

/* 0: it is not there, and is not to be made. */
static int place_open(const char *directory, uint64_t decoy, bool create, struct place *place,
		      struct err *e)
{
	snprintf(place->name, sizeof(place->name), "%016llx", (unsigned long long)decoy);
	if (trusted_directory_open("directory of decoys", directory, create, 0755, &place->all, e) <
	    0)
		return !create && e->kind == ERR_NOT_FOUND ? 0 : -1;
	for (int tries = 0; tries < TRIES; tries++) {
		if (create && mkdirat(place->all, place->name, 0755) < 0 && errno != EEXIST)
			return fail_sys(e, "make '%s/%s'", directory, place->name);
		int rc = lock(place, &place->fd, e);
		if (rc != 0 || !create)
			return rc;
	}
	return fail(e, ERR_SYSTEM, "'%s/%s' is made and removed again and again", directory,
		    place->name);
}

/* --- its record --- */

/* NULL: it has none. One that cannot be used says nothing of anyone, and is written anew. */
static struct decoy_record *read_record(const struct place *place, struct arena *arena)
{
	autojsonfile file = { 0 };
	struct json_value *root = NULL;
	struct decoy_record *record = arena_new(arena, struct decoy_record);
	struct err unusable;

	if (json_file_read(place->fd, RECORD, RECORD, RECORD_MAX, &file, &unusable) < 0 ||
	    json_parse(&file.source, arena, &root, &unusable) < 0 ||
	    fields_decode(&decoy_fields, &file.source, root, arena, record, &unusable) < 0)
		return NULL;
	return record;
}

static int write_record(const struct place *place, const struct decoy_record *record,
			struct arena *arena, struct err *e)
{
	size_t length;
	char *text;

	if (fields_encode_text(&decoy_fields, record, false, arena, &text, &length, e) < 0)
		return -1;
	return replace_file_by(place->fd, RECORD, "." RECORD, 0644, text, length, e);
}

static int remove_record(const struct place *place, struct err *e)
{
	(void)!unlinkat(place->fd, "." RECORD, 0);
	if (unlinkat(place->fd, RECORD, 0) < 0 && errno != ENOENT)
		return fail_sys(e, "remove '%s/" RECORD "'", place->name);
	if (unlinkat(place->all, place->name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return fail_sys(e, "remove '%s' among the decoys", place->name);
	return 0;
}

static bool is_member(const struct forward_member *one, const struct forward_member *other)
{
	return str_eq(one->id, other->id) && str_eq(one->root, other->root);
}

static void drop_member(struct decoy_record *record, const struct forward_member *member)
{
	size_t n = 0;

	for (size_t i = 0; i < record->members.n; i++)
		if (!is_member(&record->members.v[i], member))
			record->members.v[n++] = record->members.v[i];
	record->members.n = n;
}

static void add_member(struct decoy_record *record, const struct forward_member *member,
		       struct arena *arena)
{
	struct forward_member *v =
		arena_new_array(arena, struct forward_member, record->members.n + 1);

	for (size_t i = 0; i < record->members.n; i++)
		v[i] = record->members.v[i];
	v[record->members.n++] = *member;
	record->members.v = v;
}

static void drop_dead(struct decoy_record *record, forward_lives lives)
{
	size_t n = 0;

	for (size_t i = 0; i < record->members.n; i++)
		if (lives(record->members.v[i].root, record->members.v[i].id))
			record->members.v[n++] = record->members.v[i];
	record->members.n = n;
}

/* --- the verbs --- */

static int end_all(const struct decoy_record *record, struct err *e)
{
	struct err gone;
	autoclose int network = -1;

	network = nsfd_try(record->network_path, &gone);
	if (network < 0)
		return 0;
	return forward_end(network, record->network, record->decoy,
			   record->pair.set ? record->pair.value : FORWARD_PAIRS, e);
}

static int remove_member(const struct place *place, const struct forward_member *member,
			 struct arena *arena, struct err *e)
{
	struct decoy_record *record = read_record(place, arena);

	if (!record)
		return remove_record(place, e);
	drop_member(record, member);
	if (record->members.n > 0)
		return write_record(place, record, arena, e);
	return end_all(record, e) < 0 ? -1 : remove_record(place, e);
}

/* What comes to a decoy goes one way. */
static int check_network(const struct decoy_record *record, const struct forward_network *network,
			 struct err *e)
{
	if (record->network == network->cookie)
		return 0;
	if (record->members.n == 0)
		return end_all(record, e);
	return fail(
		e, ERR_STATE,
		"the network that was asked for leads already to container '%s', which is in %sthe shared network %s; it can lead to one network alone",
		record->members.v[0].id,
		str_eq(record->network_path, network->path) ? "what was before " : "",
		record->network_path);
}

static int join(const struct place *place, const struct forward *forward,
		const struct forward_network *network, const struct forward_member *member,
		forward_lives lives, struct arena *arena, bool *ret_done, unsigned *ret_pair,
		struct err *e)
{
	struct decoy_record *record = read_record(place, arena);
	struct forward all = *forward;
	bool first = !record;

	if (record)
		drop_dead(record, lives);
	if (record && check_network(record, network, e) < 0)
		return -1;
	if (first)
		record = arena_new(arena, struct decoy_record);
	drop_member(record, member);
	/* the rules are those of all members */
	if (!all.nameserver && record->members.n > 0)
		all.nameserver = record->nameserver;
	record->version = RECORD_VERSION;
	record->decoy = all.cookie;
	record->network = network->cookie;
	record->network_path = arena_strdup(arena, network->path);
	record->nameserver = all.nameserver ? arena_strdup(arena, all.nameserver) : NULL;
	add_member(record, member, arena);
	if (write_record(place, record, arena, e) < 0 ||
	    forward_make(&all, ret_done, ret_pair, e) < 0)
		return -1;
	/* then nothing was made either */
	if (!*ret_done && first)
		return remove_record(place, e);
	if (!*ret_done)
		return remove_member(place, member, arena, e);
	record->pair = (struct opt_u32){ .set = true, .value = *ret_pair };
	return write_record(place, record, arena, e);
}

int forward_join(const char *directory, const struct forward *forward,
		 const struct forward_network *network, const struct forward_member *member,
		 forward_lives lives, bool *ret_done, unsigned *ret_pair, struct err *e)
{
	autoplace place = PLACE_INIT;
	autoarena arena = { 0 };
	struct err ignored;
	int rc = place_open(directory, forward->cookie, true, &place, e);

	if (rc >= 0)
		rc = join(&place, forward, network, member, lives, &arena, ret_done, ret_pair, e);
	if (rc < 0 && place.fd >= 0)
		(void)!remove_member(&place, member, &arena, &ignored);
	return rc;
}

static int share(const struct place *place, const struct forward_network *network,
		 const struct forward_member *member, struct arena *arena, unsigned *ret_pair,
		 struct err *e)
{
	struct decoy_record *record = read_record(place, arena);

	if (!record || !record->pair.set || record->network != network->cookie)
		return 0;
	*ret_pair = record->pair.value;
	drop_member(record, member);
	add_member(record, member, arena);
	return write_record(place, record, arena, e) < 0 ? -1 : 1;
}

int forward_share(const char *directory, uint64_t decoy, const struct forward_network *network,
		  const struct forward_member *member, unsigned *ret_pair, struct err *e)
{
	autoplace place = PLACE_INIT;
	autoarena arena = { 0 };
	int rc = place_open(directory, decoy, false, &place, e);

	if (rc > 0)
		rc = share(&place, network, member, &arena, ret_pair, e);
	if (rc == 0)
		return fail(e, ERR_STATE, "the container whose network was asked for has ended");
	return rc < 0 ? -1 : 0;
}

int forward_leave(const char *directory, uint64_t decoy, const struct forward_member *member,
		  struct err *e)
{
	autoplace place = PLACE_INIT;
	autoarena arena = { 0 };
	int rc = place_open(directory, decoy, false, &place, e);

	return rc <= 0 ? rc : remove_member(&place, member, &arena, e);
}

bool forward_leads(const char *directory, uint64_t decoy, const struct forward_member *member,
		   struct arena *arena, unsigned *ret_pair)
{
	autoplace place = PLACE_INIT;
	const struct decoy_record *record;
	struct err unread;

	snprintf(place.name, sizeof(place.name), "%016llx", (unsigned long long)decoy);
	if (trusted_directory_open("directory of decoys", directory, false, 0755, &place.all,
				   &unread) < 0)
		return false;
	place.fd = openat(place.all, place.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	record = place.fd < 0 ? NULL : read_record(&place, arena);
	if (!record || !record->pair.set)
		return false;
	*ret_pair = record->pair.value;
	for (size_t i = 0; i < record->members.n; i++)
		if (is_member(&record->members.v[i], member))
			return true;
	return false;
}

static int prune(const struct place *place, forward_lives lives, struct arena *arena, struct err *e)
{
	struct decoy_record *record = read_record(place, arena);
	size_t before;

	if (!record)
		return remove_record(place, e);
	before = record->members.n;
	drop_dead(record, lives);
	if (record->members.n == 0)
		return end_all(record, e) < 0 ? -1 : remove_record(place, e);
	return record->members.n == before ? 0 : write_record(place, record, arena, e);
}

int forward_prune(const char *directory, uint64_t decoy, forward_lives lives, struct err *e)
{
	autoplace place = PLACE_INIT;
	autoarena arena = { 0 };
	int rc = place_open(directory, decoy, false, &place, e);

	return rc <= 0 ? rc : prune(&place, lives, &arena, e);
}

/* --- all of them --- */

static int by_cookie(const void *a, const void *b)
{
	const struct forward_decoy *one = a, *two = b;

	return one->cookie < two->cookie ? -1 : one->cookie > two->cookie;
}

#define DIGITS "0123456789abcdef"

static bool is_decoy_name(const char *name)
{
	return strlen(name) == 16 && strspn(name, DIGITS) == 16;
}

static uint64_t cookie_of(const char *name)
{
	uint64_t ret = 0;

	for (; *name; name++)
		ret = ret << 4 | (uint64_t)(strchr(DIGITS, *name) - DIGITS);
	return ret;
}

/* A record is replaced in one step, so it is read without the lock. */
static void add_decoy(const struct place *place, struct arena *arena, struct forward_decoys *ret)
{
	const struct decoy_record *record = read_record(place, arena);
	struct forward_decoy *decoy;

	/* Grows where it holds a power of two. */
	if ((ret->n & (ret->n - 1)) == 0) {
		struct forward_decoy *v =
			arena_new_array(arena, struct forward_decoy, ret->n ? 2 * ret->n : 1);

		if (ret->n)
			memcpy(v, ret->v, ret->n * sizeof(*v));
		ret->v = v;
	}
	decoy = &ret->v[ret->n++];
	*decoy = (struct forward_decoy){ .cookie = cookie_of(place->name) };
	if (!record)
		return;
	decoy->network = record->network;
	decoy->network_path = record->network_path;
	decoy->pair = record->pair;
	decoy->members = record->members;
}

int forward_list(const char *directory, struct arena *arena, struct forward_decoys *ret,
		 struct err *e)
{
	autoclose int all = -1;
	struct dirent *entry;
	DIR *entries;

	*ret = (struct forward_decoys){ 0 };
	if (trusted_directory_open("directory of decoys", directory, false, 0755, &all, e) < 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	entries = fdopendir(all);
	if (!entries)
		return fail_sys(e, "read '%s'", directory);
	(void)take_fd(&all);
	while ((entry = readdir(entries))) {
		struct place place = PLACE_INIT;

		if (!is_decoy_name(entry->d_name))
			continue;
		memcpy(place.name, entry->d_name, sizeof(place.name));
		place.fd = openat(dirfd(entries), place.name,
				  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (place.fd >= 0)
			add_decoy(&place, arena, ret);
		place_close(&place);
	}
	closedir(entries);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_cookie);
	return 0;
}

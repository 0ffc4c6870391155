/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See members.h. Each decoy has a directory, named by its cookie, which is locked while its record changes and what leads
 * from it is made or ended: containers of different decoys do not wait for each other. Runs in the runtime.
 */
#include "forward/claims.h"

#include "base/auto.h"
#include "forward/hold.h"
#include "sys/directory.h"
#include "sys/nsfd.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *forward_directory(bool rootless, struct arena *arena)
{
	const char *run = rootless ? getenv("XDG_RUNTIME_DIR") : NULL;

	return arena_printf(arena, "%s/distro-shim/decoys", run && run[0] == '/' ? run : "/run");
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

static void give_up_ports(const struct decoy_place *place, const struct decoy_record *record,
			  struct arena *arena)
{
	const struct forward_ports ports = forward_ports_read(&record->ports, arena);

	forward_ports_give_up(place->all, record->network, record->decoy, &ports);
}

static int end_all(const struct decoy_place *place, const struct decoy_record *record,
		   struct arena *arena, struct err *e)
{
	struct forward_ending ending = {
		.network_cookie = record->network,
		.cookie = record->decoy,
		.pair = record->pair.set ? record->pair.value : FORWARD_PAIRS,
		.addresses = record->pair.set ? &record->addresses : NULL,
		.directory = place->directory,
	};
	struct err gone;
	autoclose int network = -1;

	give_up_ports(place, record, arena);
	network = nsfd_network(record->network_path, &gone);
	ending.network = network;
	/* then the addresses went with it */
	if (network < 0)
		return claims_end(place->directory, record->network, record->decoy,
				  ending.addresses, e);
	return forward_end(&ending, e);
}

static int remove_member(const struct decoy_place *place, const struct forward_member *member,
			 struct arena *arena, struct err *e)
{
	struct decoy_record *record = decoy_record_read(place, arena);

	if (!record)
		return decoy_record_remove(place, e);
	drop_member(record, member);
	if (record->members.n > 0)
		return decoy_record_write(place, record, arena, e);
	return end_all(place, record, arena, e) < 0 ? -1 : decoy_record_remove(place, e);
}

/* Those that are recorded are known to be given up. */
static int publish(const struct decoy_place *place, struct decoy_record *record,
		   const struct forward_ports *ports, struct arena *arena,
		   struct forward_clashes *ret, struct err *e)
{
	give_up_ports(place, record, arena);
	record->ports = forward_ports_names(ports, arena);
	if (decoy_record_write(place, record, arena, e) < 0)
		return -1;
	if (record->own_ports)
		return 0;
	return forward_ports_claim(place->all, record->network, record->decoy, ports, arena, ret,
				   e);
}

/* What comes to a decoy goes one way. */
static int check_network(const struct decoy_place *place, const struct decoy_record *record,
			 const struct forward_network *network, struct arena *arena, struct err *e)
{
	if (record->network == network->cookie)
		return 0;
	if (record->members.n == 0)
		return end_all(place, record, arena, e);
	return fail(
		e, ERR_STATE,
		"the network that was asked for leads already to container '%s', which is in %sthe shared network %s; it can lead to one network alone",
		record->members.v[0].id,
		str_eq(record->network_path, network->path) ? "what was before " : "",
		record->network_path);
}

static void begin_record(struct decoy_record *record, const struct forward *forward,
			 const struct forward_network *network, struct arena *arena)
{
	record->version = DECOY_RECORD_VERSION;
	record->decoy = forward->cookie;
	record->network = network->cookie;
	record->network_path = arena_strdup(arena, network->path);
	record->nameserver = forward->nameserver ? arena_strdup(arena, forward->nameserver) : NULL;
	record->own_ports = forward->routed || forward->targets;
}

static int open_unlocked(int directory, uint64_t decoy)
{
	return openat(directory, decoy_name(decoy).text,
		      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static const struct decoy_record *read_unlocked(const char *directory, uint64_t decoy,
						struct arena *arena)
{
	autodecoyplace place = DECOY_PLACE_INIT;
	struct err unread;

	if (trusted_directory_open("directory of decoys", directory, false, 0755, &place.all,
				   &unread) < 0)
		return NULL;
	place.fd = open_unlocked(place.all, decoy);
	return place.fd < 0 ? NULL : decoy_record_read(&place, arena);
}

/* Its engine may have taken it away from that one meanwhile, and given it to this one. */
static const char *why_taken(const char *directory, const struct forward_made *made,
			     struct arena *arena)
{
	const struct decoy_record *record = read_unlocked(directory, made->taken_by, arena);
	char *taken[] = { arena_strdup(arena, made->taken) };
	const struct strlist list = { 1, taken };
	struct err gone;
	autoclose int network = record ? nsfd_network(record->network_path, &gone) : -1;

	if (made->taken_alone)
		return ": slirp4netns and pasta give each container the same";
	if (network < 0 || strchr(made->taken, '/') ||
	    forward_look(network, record->network, record->pair.value, &list) != FORWARD_FIRST_AWAY)
		return "";
	if (forward_look(network, record->network, record->pair.value, &record->addresses) ==
	    FORWARD_FIRST_AWAY)
		return ", from which the engine has taken it away, but not from its servers: start that one anew";
	return ", from which the engine has taken it away: 'distro-net refresh' has that one give it up";
}

/* Another decoy has what this one is to have; the lock of its record is not waited for longer than for any. */
static int refuse(const char *directory, const struct forward_made *made, struct arena *arena,
		  struct err *e)
{
	const struct forward_members others = forward_members_of(directory, made->taken_by, arena);
	const char *whose = others.n ? others.v[0].id : "another one";

	if (str_eq(made->taken, made->taken_as))
		return fail(
			e, ERR_STATE,
			"the engine's %s %s is in the shared network already, of container '%s'%s",
			strchr(made->taken, '/') ? "network" : "address", made->taken, whose,
			why_taken(directory, made, arena));
	return fail(
		e, ERR_STATE,
		"the engine's network %s overlaps with %s, which another engine made for container '%s'",
		made->taken, made->taken_as, whose);
}

/* What a container has left that has ended without a word to us is ended first. */
static int make(const char *directory, const struct forward *forward, forward_lives lives,
		struct arena *arena, struct forward_made *ret, struct err *e)
{
	uint64_t others = 0;

	for (;;) {
		if (forward_make(forward, arena, ret, e) < 0)
			return -1;
		if (!ret->taken_by)
			return 0;
		if (ret->taken_by == others ||
		    forward_prune(directory, ret->taken_by, lives, e) < 0)
			return refuse(directory, ret, arena, e);
		others = ret->taken_by;
	}
}

/* Those that the engine has taken away meanwhile. */
static int give_up_addresses(const struct decoy_record *record, const struct strlist *now,
			     const char *directory, struct arena *arena, struct err *e)
{
	struct strlist gone = { .v = arena_new_array(arena, char *, record->addresses.n + 1) };

	for (size_t i = 0; i < record->addresses.n; i++)
		if (!strlist_has(now, record->addresses.v[i]))
			gone.v[gone.n++] = record->addresses.v[i];
	return claims_end(directory, record->network, record->decoy, &gone, e);
}

static int join(const struct decoy_place *place, const struct forward *forward,
		const struct forward_network *network, const struct forward_member *member,
		forward_lives lives, struct arena *arena, struct forward_joined *ret, struct err *e)
{
	struct decoy_record *record = decoy_record_read(place, arena);
	struct forward all = *forward;
	struct forward_made made;
	bool first = !record;

	all.directory = place->directory;
	all.before = record ? &record->addresses : NULL;
	if (record)
		drop_dead(record, lives);
	if (record && check_network(place, record, network, arena, e) < 0)
		return -1;
	if (first)
		record = arena_new(arena, struct decoy_record);
	drop_member(record, member);
	/* the rules are those of all members */
	if (!all.nameserver && record->members.n > 0)
		all.nameserver = record->nameserver;
	begin_record(record, &all, network, arena);
	add_member(record, member, arena);
	if (decoy_record_write(place, record, arena, e) < 0 ||
	    make(place->directory, &all, lives, arena, &made, e) < 0)
		return -1;
	ret->done = made.done;
	ret->pair = made.pair;
	ret->nameserver_port = made.nameserver_port;
	ret->addresses = made.addresses;
	/* then nothing was made either */
	if (!made.done && first)
		return decoy_record_remove(place, e);
	if (!made.done)
		return remove_member(place, member, arena, e);
	if (all.hold && hold_decoy(place->fd, all.decoy, e) < 0)
		return -1;
	if (give_up_addresses(record, &made.addresses, place->directory, arena, e) < 0)
		return -1;
	record->pair = (struct opt_u32){ .set = true, .value = made.pair };
	record->addresses = made.addresses;
	return publish(place, record, &made.ports, arena, &ret->clashes, e);
}

int forward_join(const char *directory, const struct forward *forward,
		 const struct forward_network *network, const struct forward_member *member,
		 forward_lives lives, struct arena *arena, struct forward_joined *ret,
		 struct err *e)
{
	autodecoyplace place = DECOY_PLACE_INIT;
	struct err ignored;
	int rc = decoy_place_open(directory, forward->cookie, true, &place, e);

	*ret = (struct forward_joined){ .done = false };
	if (rc >= 0)
		rc = join(&place, forward, network, member, lives, arena, ret, e);
	if (rc < 0 && place.fd >= 0)
		(void)!remove_member(&place, member, arena, &ignored);
	return rc;
}

static int share(const struct decoy_place *place, const struct forward_network *network,
		 const struct forward_member *member, struct arena *arena,
		 struct forward_joined *ret, struct err *e)
{
	struct decoy_record *record = decoy_record_read(place, arena);

	if (!record || !record->pair.set || record->network != network->cookie)
		return 0;
	ret->done = true;
	ret->pair = record->pair.value;
	ret->addresses = record->addresses;
	drop_member(record, member);
	add_member(record, member, arena);
	return decoy_record_write(place, record, arena, e) < 0 ? -1 : 1;
}

int forward_share(const char *directory, uint64_t decoy, const struct forward_network *network,
		  const struct forward_member *member, struct arena *arena,
		  struct forward_joined *ret, struct err *e)
{
	autodecoyplace place = DECOY_PLACE_INIT;
	int rc = decoy_place_open(directory, decoy, false, &place, e);

	*ret = (struct forward_joined){ .done = false };
	if (rc > 0)
		rc = share(&place, network, member, arena, ret, e);
	if (rc == 0)
		return fail(e, ERR_STATE, "the container whose network was asked for has ended");
	return rc < 0 ? -1 : 0;
}

int forward_leave(const char *directory, uint64_t decoy, const struct forward_member *member,
		  struct err *e)
{
	autodecoyplace place = DECOY_PLACE_INIT;
	autoarena arena = { 0 };
	int rc = decoy_place_open(directory, decoy, false, &place, e);

	return rc <= 0 ? rc : remove_member(&place, member, &arena, e);
}

/* --- without the lock: a record is replaced in one step --- */

char *forward_held(const char *directory, uint64_t decoy, struct arena *arena)
{
	return arena_printf(arena, "%s/%s/" HOLD_NAME, directory, decoy_name(decoy).text);
}

bool forward_leads(const char *directory, uint64_t decoy, const struct forward_member *member,
		   struct arena *arena, unsigned *ret_pair)
{
	const struct decoy_record *record = read_unlocked(directory, decoy, arena);

	if (!record || !record->pair.set)
		return false;
	*ret_pair = record->pair.value;
	for (size_t i = 0; i < record->members.n; i++)
		if (is_member(&record->members.v[i], member))
			return true;
	return false;
}

struct forward_members forward_members_of(const char *directory, uint64_t decoy,
					  struct arena *arena)
{
	const struct decoy_record *record = read_unlocked(directory, decoy, arena);

	return record ? record->members : (struct forward_members){ .n = 0 };
}

/* --- what is not needed any more --- */

static int prune(const struct decoy_place *place, forward_lives lives, struct arena *arena,
		 struct err *e)
{
	struct decoy_record *record = decoy_record_read(place, arena);
	size_t before;

	if (!record)
		return decoy_record_remove(place, e);
	before = record->members.n;
	drop_dead(record, lives);
	if (record->members.n == 0)
		return end_all(place, record, arena, e) < 0 ? -1 : decoy_record_remove(place, e);
	return record->members.n == before ? 0 : decoy_record_write(place, record, arena, e);
}

int forward_prune(const char *directory, uint64_t decoy, forward_lives lives, struct err *e)
{
	autodecoyplace place = DECOY_PLACE_INIT;
	autoarena arena = { 0 };
	int rc = decoy_place_open(directory, decoy, false, &place, e);

	return rc <= 0 ? rc : prune(&place, lives, &arena, e);
}

/* --- all of them --- */

static int by_cookie(const void *a, const void *b)
{
	const struct forward_decoy *one = a, *two = b;

	return one->cookie < two->cookie ? -1 : one->cookie > two->cookie;
}

static void add_decoy(const struct decoy_place *place, uint64_t cookie, struct arena *arena,
		      struct forward_decoys *ret)
{
	const struct decoy_record *record = decoy_record_read(place, arena);
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
	*decoy = (struct forward_decoy){ .cookie = cookie };
	if (!record)
		return;
	decoy->network = record->network;
	decoy->network_path = record->network_path;
	decoy->pair = record->pair;
	decoy->ports = forward_ports_read(&record->ports, arena);
	decoy->own_ports = record->own_ports;
	decoy->addresses = record->addresses;
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
		struct decoy_place place = DECOY_PLACE_INIT;
		uint64_t cookie;

		if (!decoy_name_read(entry->d_name, &cookie))
			continue;
		place.fd = open_unlocked(dirfd(entries), cookie);
		if (place.fd >= 0)
			add_decoy(&place, cookie, arena, ret);
		decoy_place_close(&place);
	}
	closedir(entries);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_cookie);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See address.h. */
#include "boot/record/address.h"

#include "address/address.h"
#include "address/place.h"
#include "address/pool.h"
#include "base/auto.h"
#include "cgroup/apart.h"
#include "cgroup/cgroup.h"
#include "forward/forward.h"
#include "forward/members.h"
#include "os/io.h"
#include "os/log.h"
#include "policy/resolver.h"
#include "state/registry.h"
#include "sys/caller.h"
#include "sys/deadline.h"
#include "sys/nsfd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#define GROUP_PREFIX "distro-shim."
#define HOSTS_MAX (64u * 1024)

/* --- the group --- */

int record_describe_group(struct status_record *status, bool unified, struct arena *arena,
			  struct err *e)
{
	const char *mark;

	if (!status->address || unified)
		return 0;
	mark = cgroup_mark_name(arena);
	return cgroup_apart_path(arena_printf(arena, GROUP_PREFIX "%s", mark), arena,
				 &status->address->group, e);
}

int record_open_group(const struct status_record *status, bool make, int *ret_fd, struct err *e)
{
	const struct address_record *record = status->address;
	autoclose int tree = -1;

	*ret_fd = -1;
	if (!record || !record->group)
		return 0;
	tree = address_tree_open(e);
	if (tree < 0)
		return -1;
	*ret_fd = make ? cgroup_apart_make(tree, record->group, e)
		       : cgroup_apart_open(tree, record->group, e);
	return *ret_fd < 0 ? -1 : 0;
}

int record_end_group(const struct status_record *status, const struct intent_record *intent,
		     struct err *e)
{
	const char *path = status && status->address ? status->address->group : NULL;
	autoclose int tree = -1;

	if (!path && intent)
		path = intent->group;
	if (!path)
		return 0;
	tree = address_tree_open(e);
	return tree < 0 ? -1 : cgroup_apart_remove(tree, path, deadline_ms(), e);
}

/* --- the addresses --- */

/* The containers of a pod have one address. False: it is the first. */
static bool find_first(const struct state_dir *dir, const struct status_record *status,
		       struct arena *arena, struct address_holder *ret)
{
	const struct forward_record *forward = status->forward;
	struct forward_members members;

	if (!forward || !forward->decoy)
		return false;
	members = forward_members_of(forward_directory(caller_is_rootless(), arena), forward->decoy,
				     arena);
	for (size_t i = 0; i < members.n; i++) {
		if (str_eq(members.v[i].id, dir->id) && str_eq(members.v[i].root, dir->root))
			continue;
		*ret = (struct address_holder){ members.v[i].root, members.v[i].id };
		return true;
	}
	return false;
}

static int take(const struct state_dir *dir, const struct status_record *status,
		struct arena *arena, struct address_taken *ret, struct err *e)
{
	const struct address_record *record = status->address;
	const struct address_pool pool = { record->pool4, record->pool6 };
	const struct address_holder holder = { dir->root, dir->id };
	const char *directory = address_directory(caller_is_rootless(), arena);
	/* a pod in the host's network has no decoy that would hold it together */
	const struct address_holder other = { dir->root, record->other };
	struct address_holder with[2];
	size_t n = find_first(dir, status, arena, &with[0]);

	if (record->other)
		with[n++] = other;
	for (size_t i = 0; i < n; i++) {
		if (address_pool_share(directory, status->network_cookie, &with[i], &holder, arena,
				       ret, e) == 0)
			return 0;
		/* it has none, or has left meanwhile */
		if (e->kind != ERR_STATE)
			return -1;
	}
	return address_pool_take(directory, status->network_cookie, &pool, &holder, state_is_living,
				 arena, ret, e);
}

int record_take_address(const struct state_dir *dir, struct status_record *status,
			struct arena *arena, struct err *e)
{
	struct address_record *record = status->address;
	struct address_taken taken;

	if (!record || record->mode == ADDRESS_ENGINE)
		return 0;
	if (take(dir, status, arena, &taken, e) < 0)
		return -1;
	record->addresses = taken.addresses;
	record->index = (struct opt_u32){ .set = true, .value = taken.index };
	return 0;
}

void record_engines_address(struct status_record *status, const struct forward_joined *joined)
{
	struct address_record *record = status->address;

	if (!record || record->mode != ADDRESS_ENGINE || !joined->done)
		return;
	record->addresses = joined->addresses;
	record->index = (struct opt_u32){ .set = true, .value = joined->pair };
}

void record_warn(const struct status_record *status, size_t added, struct arena *arena)
{
	const char *warning = decisions_warning(&status->decisions, added, arena);

	/* else the reason was told of an earlier one */
	if (warning)
		log_warning("%s", warning);
}

int record_address_without_engine(const struct state_dir *dir, struct status_record *status,
				  const struct err *why, struct arena *arena, struct err *e)
{
	const struct policy_network *network = status->policy ? status->policy->network : NULL;
	const struct policy_pool *pool = policy_pool(network);
	const struct network chosen = network_of_status(status);
	struct address_record *record = status->address;

	if (!record || record->mode != ADDRESS_ENGINE || record->index.set)
		return 0;
	if (why && network && network->unavailable != POLICY_UNAVAILABLE_WARN)
		return fail(
			e, ERR_POLICY,
			"network.address: the addresses that its engine has given the container cannot be its own: %s; with %s \"warn\" it does without",
			why->text, policy_key_place(&chosen, "network.unavailable", arena));
	record->mode = pool ? ADDRESS_POOL : ADDRESS_SHARED;
	record->pool4 = pool ? pool->v4 : NULL;
	record->pool6 = pool ? pool->v6 : NULL;
	record_warn(status,
		    decisions_add_no_address(&status->decisions, &chosen, why ? why->text : NULL,
					     pool != NULL, arena),
		    arena);
	return record_take_address(dir, status, arena, e);
}

/* --- in the kernel --- */

static void fill(const struct status_record *status, struct address_data *ret)
{
	const struct address_record *record = status->address;
	size_t n4 = 0, n6 = 0;

	*ret = (struct address_data){
		.cookie = status->network_cookie,
		.flags = (record->low_ports ? ADDRESS_LOW_PORTS : 0) |
			 (record->private_localhost ? ADDRESS_PRIVATE_LOOPBACK : 0),
	};
	for (size_t i = 0; i < record->addresses.n; i++) {
		const char *text = record->addresses.v[i];

		if (!strchr(text, ':') && n4 < ADDRESSES_MAX)
			n4 += inet_pton(AF_INET, text, &ret->v4[n4]) == 1;
		else if (strchr(text, ':') && n6 < ADDRESSES_MAX)
			n6 += inet_pton(AF_INET6, text, ret->v6[n6]) == 1;
	}
	if (record->private_localhost) {
		const struct address_loopback loopback = address_loopback(record->index.value);

		ret->loopback = loopback.v4;
		memcpy(ret->loopback6, loopback.v6, sizeof(ret->loopback6));
	}
}

/* What is on no link yet: the engine's are on the one that leads to its network. */
static struct strlist unplaced(const struct address_record *record, struct arena *arena)
{
	struct strlist ret = { .v = arena_new_array(arena, char *, record->addresses.n + 1) };

	if (record->mode == ADDRESS_POOL)
		for (size_t i = 0; i < record->addresses.n; i++)
			ret.v[ret.n++] = record->addresses.v[i];
	if (record->private_localhost)
		ret.v[ret.n++] = arena_strdup(arena, address_loopback(record->index.value).text6);
	return ret;
}

static int open_group_of(const struct status_record *status, struct err *e)
{
	int fd;

	if (status->address->group)
		return record_open_group(status, false, &fd, e) < 0 ? -1 : fd;
	return cgroup_open_unified(status->cgroup, e);
}

/* What was not known when it was registered. One of a pool is, and its records are written once more before it is created; what
 * it holds the pool's record has. */
static int record_again(struct state_dir *dir, const struct status_record *status, struct err *e)
{
	const struct address_record *record = status->address;
	autoarena arena = { 0 };

	if (record->mode != ADDRESS_ENGINE && status->phase == PHASE_CREATING)
		return 0;
	if (state_write_status(dir, status, e) < 0)
		return -1;
	if (record->addresses.n == 0)
		return 0;
	return registry_add_container(registry_default_directory(caller_is_rootless(), &arena), dir,
				      status, e);
}

static int reach_by_pair(const struct state_dir *dir, const struct status_record *status, int tree,
			 int network, struct arena *arena, struct err *e)
{
	const struct address_record *record = status->address;
	const struct forward_member member = { dir->root, dir->id };
	unsigned pair = record->index.value;

	if (record->mode != ADDRESS_ENGINE &&
	    (!status->forward || !status->forward->decoy ||
	     !forward_leads(forward_directory(caller_is_rootless(), arena), status->forward->decoy,
			    &member, arena, &pair)))
		return 0;
	return address_reach_all(tree, network, forward_name(pair).text, e);
}

/* A server that names no address has the first one: it is reached at the others as well, by the links that lead there, and by
 * the loopback, from the container itself. */
static void reach_others(const struct state_dir *dir, const struct status_record *status, int tree,
			 int network, struct arena *arena)
{
	const struct address_record *record = status->address;
	struct err e;

	if (record->addresses.n < 2)
		return;
	if (reach_by_pair(dir, status, tree, network, arena, &e) < 0 ||
	    address_reach_all(tree, network, NULL, &e) < 0)
		log_warning("container %s: its servers are reached at %s alone: %s", status->id,
			    record->addresses.v[0], e.text);
}

/* What asks its own name is to come to its own servers. The same file: it is mounted in the container. */
static void name_own(const struct state_dir *dir, const struct status_record *status,
		     struct arena *arena)
{
	const struct strlist *addresses = &status->address->addresses;
	autofree char *text = NULL;
	const char *named;
	struct err e;

	if (addresses->n == 0 || read_file_at(dir->fd, STATE_HOSTS, HOSTS_MAX, &text, NULL, &e) < 0)
		return;
	named = resolver_with_own(text, addresses->v[0], arena);
	if (!named)
		return;
	if (state_rewrite_file(dir, STATE_HOSTS, named, &e) < 0)
		log_warning("cannot write the container's own address into '" STATE_HOSTS
			    "' beside the records");
}

int record_arm_address(struct state_dir *dir, const struct status_record *status, int network,
		       struct err *e)
{
	const struct address_record *record = status->address;
	autoarena arena = { 0 };
	autoclose int tree = -1, group = -1;
	struct address_data data;
	struct strlist list;

	if (!record || !record->index.set)
		return 0;
	if (record_again(dir, status, e) < 0)
		return -1;
	list = unplaced(record, &arena);
	if (list.n && address_place(network, &list, e) < 0)
		return -1;
	fill(status, &data);
	tree = address_tree_open(e);
	group = tree < 0 ? -1 : open_group_of(status, e);
	if (group < 0 || address_arm(tree, group, &data, e) < 0)
		return err_prefix(e, "hold the container's sockets to its own addresses");
	reach_others(dir, status, tree, network, &arena);
	name_own(dir, status, &arena);
	return 0;
}

bool record_is_held(const struct status_record *status)
{
	autoclose int group = -1;
	struct address_data data, now;
	struct err unread;

	if (!status->address || !status->address->index.set)
		return true;
	fill(status, &data);
	group = open_group_of(status, &unread);
	return group < 0 || address_read(group, &now, &unread) < 0 ||
	       memcmp(&data, &now, sizeof(data)) == 0;
}

/* --- the end --- */

static int leave(const struct state_dir *dir, const struct status_record *status,
		 struct arena *arena, struct err *e)
{
	const struct address_record *record = status->address;
	const struct address_holder holder = { dir->root, dir->id };
	struct err gone;
	/* -1: all that was in it went with it; another one may have its path by now, and is left alone */
	autoclose int network = nsfd_network(status->network_path, &gone);
	struct address_holder other;
	struct strlist list;

	if (record->mode != ADDRESS_ENGINE)
		return address_pool_leave(address_directory(caller_is_rootless(), arena),
					  status->network_cookie, &holder, network, e);
	if (network < 0 || !record->index.set || find_first(dir, status, arena, &other))
		return 0;
	list = unplaced(record, arena);
	return list.n ? address_unplace(network, status->network_cookie, &list, e) : 0;
}

void record_address_end(const struct state_dir *dir, const struct status_record *status)
{
	autoarena arena = { 0 };
	struct err e;

	if (!status || !status->address)
		return;
	if (leave(dir, status, &arena, &e) < 0)
		log_warning("container %s: its address stays: %s", dir->id, e.text);
}

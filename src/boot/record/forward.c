/* SPDX-License-Identifier: Apache-2.0 */
/* See forward.h. */
#include "boot/record/forward.h"

#include "base/auto.h"
#include "boot/record/address.h"
#include "facts/facts.h"
#include "forward/members.h"
#include "os/io.h"
#include "os/log.h"
#include "policy/policy.h"
#include "policy/resolver.h"
#include "sys/caller.h"
#include "sys/nsfd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOSTS_MAX (64u * 1024)

/* --- names --- */

/* The same file: it is mounted in the container. */
static int write_names(const struct state_dir *dir, const struct forward_record *record,
		       unsigned pair, struct err *e)
{
	const struct forward_addresses at = forward_addresses(pair);
	const char *asked = record->nameserver, *text;
	autoarena arena = { 0 };
	if (asked)
		asked = strchr(asked, ':') ? at.decoy6 : at.decoy4;
	text = resolver_with_server(record->resolv_conf ? record->resolv_conf : "", asked, &arena);
	return state_rewrite_file(dir, STATE_RESOLV_CONF, text, e);
}

/* The copy has the time of what it was made of. *ret: that of the engine's file now. */
static bool are_names_new(const struct state_dir *dir, const struct forward_record *record,
			  struct stat *ret)
{
	struct stat own;

	return record->source && stat(record->source, ret) == 0 &&
	       fstatat(dir->fd, STATE_RESOLV_CONF, &own, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (own.st_mtim.tv_sec != ret->st_mtim.tv_sec ||
		own.st_mtim.tv_nsec != ret->st_mtim.tv_nsec);
}

static void mark_names(const struct state_dir *dir, const struct stat *of)
{
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, of->st_mtim };

	if (utimensat(dir->fd, STATE_RESOLV_CONF, times, AT_SYMLINK_NOFOLLOW) < 0)
		log_debug("mark '" STATE_RESOLV_CONF "' beside the records: %s", strerror(errno));
}

/* What tells the engine's resolver, and what it was asked for, from all else. */
struct own_names {
	struct resolver_names names; /* of the container */
	struct resolver_facts hosts; /* engine NULL: not known */
	char *resolv_conf; /* the network's own; NULL: it has none, or that is not known */
};

static struct own_names ask_own_names(const struct state_dir *dir, const char *network_path,
				      struct arena *arena)
{
	struct own_names ret = { .resolv_conf = NULL };
	struct spec *asked = NULL;
	struct err unread;

	facts_of_network_files(network_path, arena, &ret.resolv_conf, &ret.hosts);

	if (state_read_request(dir, arena, &asked, &unread) < 0 ||
	    (!asked && state_read_config(dir, arena, &asked, &unread) < 0) || !asked)
		return ret;
	ret.names = (struct resolver_names){ asked->hostname, asked->domainname };
	for (size_t i = 0; i < asked->mounts.n; i++) {
		const struct spec_mount *mount = &asked->mounts.v[i];
		autofree char *text = NULL;
		size_t length;

		if (str_eq(mount->destination, "/etc/hosts") && !str_empty(mount->source) &&
		    read_file_at(AT_FDCWD, mount->source, HOSTS_MAX, &text, &length, &unread) == 0)
			ret.hosts.engine = arena_strdup(arena, text);
	}
	return ret;
}

/* The network's own file with what the engine was asked for. NULL: that is nothing, and the file is in place. */
static char *with_wishes(const struct forward_record *record, const struct own_names *own,
			 struct resolver_facts *texts, struct arena *arena)
{
	struct resolver_result result;

	texts->own = own->resolv_conf;
	result = resolver_conf(texts, own->hosts.engine, &own->names, arena);
	if (result.choice == RESOLVER_MERGED)
		return result.text;
	if (result.choice == RESOLVER_ENGINE)
		return texts->engine;
	return record->nameserver || record->resolv_conf ? own->resolv_conf : NULL;
}

/* Where the container's hosts are made of the engine's, which Podman 5 writes between create and start. */
static void write_hosts(const struct state_dir *dir, const struct own_names *own,
			struct arena *arena)
{
	struct resolver_result result = resolver_hosts(&own->hosts, &own->names, arena);
	autofree char *now = NULL;
	struct err e;
	size_t length;

	if (!own->hosts.engine || result.choice != RESOLVER_MERGED ||
	    read_file_at(dir->fd, STATE_HOSTS, HOSTS_MAX, &now, &length, &e) < 0 ||
	    str_eq(now, result.text))
		return;
	if (state_rewrite_file(dir, STATE_HOSTS, result.text, &e) < 0)
		log_warning(
			"cannot write the names that the engine was asked for into '" STATE_HOSTS
			"' beside the records");
}

/* What the engine has written into its file meanwhile. True if that is something else than is recorded; of what cannot be
 * read nothing is known. */
static bool read_names(struct forward_record *record, const struct own_names *own,
		       struct arena *arena)
{
	struct resolver_facts texts;
	char *nameserver, *rest = NULL;

	if (!record->source || !facts_of_engines_resolver(record->source, arena, &texts))
		return false;
	nameserver = resolver_of_engine(&texts, own->hosts.engine, &own->names, arena, &rest);
	if (!nameserver)
		rest = own->resolv_conf ? with_wishes(record, own, &texts, arena) : texts.engine;
	if (str_eq(nameserver, record->nameserver) &&
	    (str_eq(rest, record->resolv_conf) ||
	     (!nameserver && !record->resolv_conf && !own->resolv_conf)))
		return false;
	record->nameserver = nameserver;
	record->resolv_conf = rest;
	return true;
}

/* The container's file is a copy of the engine's, which asks no decoy. */
static bool has_engines_names(const struct forward_record *record)
{
	return record->resolv_conf && !record->nameserver;
}

/* --- at create or start, and again --- */

/* decoy -1: it leads to another container already. */
static int join(const struct state_dir *dir, const struct status_record *status, int decoy,
		int network, struct arena *arena, struct forward_joined *ret, struct err *e)
{
	const struct forward_record *record = status->forward;
	const char *directory = forward_directory(caller_is_rootless(), arena);
	const struct forward_network shared = { status->network_path, status->network_cookie };
	const struct forward_member member = { dir->root, dir->id };
	const struct address_record *address = status->address;
	const struct forward forward = {
		.decoy = decoy,
		.network = network,
		.cookie = record->decoy,
		.nameserver = record->nameserver,
		.hold = status->network == NETWORK_LATE,
		.routed = address && address->mode == ADDRESS_ENGINE,
		.siblings_local = address && address->siblings_local,
		.targets = address && address->mode == ADDRESS_POOL ? &address->addresses : NULL,
	};

	if (decoy >= 0)
		return forward_join(directory, &forward, &shared, &member, state_is_living, arena,
				    ret, e);
	return forward_share(directory, record->decoy, &shared, &member, arena, ret, e);
}

/* What leads to the one port is served by whichever is there first. */
static void warn_of_clashes(struct status_record *status, const struct forward_clashes *clashes,
			    struct arena *arena)
{
	const char *directory = forward_directory(caller_is_rootless(), arena);

	for (size_t i = 0; i < clashes->n; i++) {
		const struct forward_clash *clash = &clashes->v[i];
		const struct forward_members others =
			forward_members_of(directory, clash->decoy, arena);
		const struct forward_port_name port = forward_port_text(&clash->port);
		long added = others.n ? decisions_add_port_taken(&status->decisions, port.text,
								 others.v[0].id, arena)
				      : -1;

		if (added >= 0)
			record_warn(status, (size_t)added, arena);
	}
}

/* `renamed`: the names are to be written although none is asked of the engine's resolver. */
static int forward_all(const struct state_dir *dir, struct status_record *status, int decoy,
		       int network, bool renamed, struct arena *arena, struct err *e)
{
	struct forward_record *record = status->forward;
	struct forward_joined joined;

	if (join(dir, status, decoy, network, arena, &joined, e) < 0)
		return -1;
	record->empty = !joined.done;
	record->nameserver_port = joined.nameserver_port;
	/* one that is made between create and start has all until start, or is to reach nothing */
	decisions_forward_is_empty(&status->decisions, record->empty,
				   status->network == NETWORK_LATE, arena);
	warn_of_clashes(status, &joined.clashes, arena);
	record_engines_address(status, &joined);
	if (!joined.done || !(record->nameserver || renamed))
		return 0;
	return write_names(dir, record, joined.pair, e);
}

int record_not_forwarded(const struct state_dir *dir, struct status_record *status,
			 const struct err *why, struct arena *arena, struct err *e)
{
	size_t added;

	if (status->address && status->address->mode == ADDRESS_ENGINE)
		return record_address_without_engine(dir, status, why, arena, e);
	added = decisions_add_not_forwarded(&status->decisions, why->text, arena);
	record_warn(status, added, arena);
	return 0;
}

int record_forward(struct state_dir *dir, struct status_record *status, int decoy, int network,
		   struct arena *arena, struct err *e)
{
	const struct own_names unknown = { .resolv_conf = NULL };
	bool engines = has_engines_names(status->forward), renamed = false;
	struct stat names;
	bool new = are_names_new(dir, status->forward, &names);
	struct err why;

	/* until start it may have written another one than was judged */
	if (status->network == NETWORK_LATE)
		renamed = read_names(status->forward, &unknown, arena) && engines;
	if (forward_all(dir, status, status->forward->of_other ? -1 : decoy, network, renamed,
			arena, &why) < 0)
		return record_not_forwarded(dir, status, &why, arena, e);
	if (new)
		mark_names(dir, &names);
	return 0;
}

/* Where the first process is: another network may have the path by now. */
static int open_network_of_init(const struct status_record *status, struct err *e)
{
	autoclose int process = process_open(&status->init, e), network = -1;

	if (process < 0)
		return -1;
	network = nsfd_of_process(status->init.pid, "net");
	if (network < 0)
		return fail_sys(e, "open the network namespace of the container's first process");
	return take_fd(&network);
}

static int open_own_network(const struct status_record *status, struct err *e)
{
	autoclose int network = open_network_of_init(status, e);
	uint64_t cookie;

	if (network < 0)
		return -1;
	if (netns_cookie_apart(network, &cookie, e) < 0)
		return -1;
	if (cookie != status->network_cookie)
		return fail(e, ERR_STATE,
			    "the container's first process has left the shared network");
	return take_fd(&network);
}

static int forward_again(struct state_dir *dir, struct status_record *status, bool renamed,
			 struct arena *arena, struct err *e)
{
	struct forward_record *record = status->forward;
	const char *path = record->path;
	autoclose int decoy = -1, network = -1;

	if (str_empty(path))
		path = forward_held(forward_directory(caller_is_rootless(), arena), record->decoy,
				    arena);
	decoy = facts_find_engines_network(path, record->decoy, arena, &record->path, e);
	if (decoy < 0 && e->kind == ERR_NOT_FOUND && record->empty) {
		/* nothing will ever be set up there */
		status->forward = NULL;
		return state_write_status(dir, status, e);
	}
	/* or it is where this does not look, and leads in as it did */
	if (decoy < 0)
		return e->kind == ERR_NOT_FOUND && !renamed ? 0 : -1;
	network = open_own_network(status, e);
	if (network < 0 || forward_all(dir, status, decoy, network, renamed, arena, e) < 0)
		return -1;
	/* it may have another address by now */
	return status->address ? record_arm_address(dir, status, network, e)
			       : state_write_status(dir, status, e);
}

/* Its daemon began anew; the file says nothing of that. */
static bool is_resolver_moved(const struct forward_record *record)
{
	uint32_t port = record->nameserver_port && !str_empty(record->path)
				? facts_resolver_port(record->path, record->decoy)
				: 0;

	return port && port != record->nameserver_port;
}

/* `network connect` and the like tell no runtime. */
static enum forward_change look_at_addresses(const struct status_record *status)
{
	const struct address_record *address = status->address;
	autoclose int network = -1;
	struct err gone;

	if (!address || address->mode != ADDRESS_ENGINE || !address->index.set)
		return FORWARD_SAME;
	/* at each exec: the look itself asks whether it is that network */
	network = open_network_of_init(status, &gone);
	return network < 0 ? FORWARD_SAME
			   : forward_look(network, status->network_cookie, address->index.value,
					  &address->addresses);
}

/* Where the engine keeps what it made of a new network, once it is to be looked into; "": not where they keep theirs. */
static int find_path(struct state_dir *dir, struct status_record *status, struct arena *arena,
		     struct err *e)
{
	struct forward_record *record = status->forward;
	autoclose int decoy = -1;

	if (!record->nameserver_port || record->path)
		return 0;
	decoy = facts_find_engines_network(NULL, record->decoy, arena, &record->path, e);
	if (decoy < 0)
		record->path = arena_strdup(arena, "");
	return state_write_status(dir, status, e);
}

int record_forward_again(struct state_dir *dir, struct status_record *status, bool anew,
			 struct arena *arena, struct err *e)
{
	struct forward_record *record = status->forward;
	enum forward_change change;
	bool new, engines, renamed = false;
	struct stat names = { 0 };
	struct err unwritten;
	int rc = 0;

	if (!record || !record->decoy)
		return 0;
	change = look_at_addresses(status);
	if (change == FORWARD_FIRST_AWAY)
		return 0;
	if (find_path(dir, status, arena, e) < 0)
		return -1;
	new = are_names_new(dir, record, &names);
	engines = has_engines_names(record);
	anew = anew || change == FORWARD_MOVED || is_resolver_moved(record);
	if (!new && !record->empty && !anew)
		return 0;
	if (new) {
		const struct own_names own = ask_own_names(dir, status->network_path, arena);

		write_hosts(dir, &own, arena);
		renamed = read_names(record, &own, arena);
	}
	if (renamed || record->empty || anew)
		rc = forward_again(dir, status, renamed, arena, e);
	if (engines && renamed && (rc < 0 || record->empty)) {
		record->nameserver = NULL;
		(void)!write_names(dir, record, 0, &unwritten);
	}
	/* it may have been written anew */
	if (rc == 0 && names.st_nlink)
		mark_names(dir, &names);
	return rc;
}

void record_forward_end(const struct state_dir *dir, const struct status_record *status)
{
	const struct forward_member member = { dir->root, dir->id };
	autoarena arena = { 0 };
	struct err e;

	if (!status || !status->forward || !status->forward->decoy)
		return;
	if (forward_leave(forward_directory(caller_is_rootless(), &arena), status->forward->decoy,
			  &member, &e) < 0)
		log_warning("container %s: what leads to it stays: %s", dir->id, e.text);
}

#define UNTIL "until the next exec, restart or 'distro-net refresh'"

char *record_forward_text(const struct state_dir *dir, const struct status_record *status,
			  struct arena *arena)
{
	const struct forward_record *record = status->forward;
	const struct forward_member member = { dir->root, dir->id };
	struct stat names;
	unsigned pair;

	if (!record || !record->decoy)
		return NULL;
	if (record->empty)
		return arena_printf(arena, "nothing leads in " UNTIL
					   ", because the engine had set up nothing");
	if (!forward_leads(forward_directory(caller_is_rootless(), arena), record->decoy, &member,
			   arena, &pair))
		return arena_printf(
			arena,
			"nothing leads in; 'distro-net refresh' sets up anew what is to lead in");
	if (are_names_new(dir, record, &names))
		return arena_printf(
			arena,
			"by %s; what the engine has written into '%s' since counts for nothing " UNTIL,
			forward_name(pair).text, record->source);
	if (is_resolver_moved(record))
		return arena_printf(
			arena,
			"by %s; the engine's resolver, which has begun anew, is not asked " UNTIL,
			forward_name(pair).text);
	return arena_printf(arena, "by %s", forward_name(pair).text);
}

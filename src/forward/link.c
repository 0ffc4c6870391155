/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See forward.h. What is done in two namespaces at once is done by a process that goes from one to the other and ends.
 */
#include "forward/claims.h"

#include "base/auto.h"
#include "base/path.h"
#include "os/io.h"
#include "sys/helper.h"
#include "sys/nat_targets.h"
#include "sys/netlink.h"
#include "sys/netns_sockets.h"
#include "sys/nsfd.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names that are tried for the link in the shared network, each of which may be another decoy's. */
#define TRIES 256u
#define TAKEN "taken"
#define OWN "@"
#define ANSWER_MAX (512u + FORWARD_PORTS_MAX * (1 + sizeof(struct forward_port_name)))

static struct link_address make_address(int family, const char *text)
{
	struct link_address ret = {
		.family = (uint8_t)family,
		.prefix = family == AF_INET ? 31 : 127,
		.size = family == AF_INET ? 4 : 16,
		.known_unique = true,
		.has_local = true,
		.has_address = true,
	};

	(void)!inet_pton(family, text, ret.local);
	memcpy(ret.address, ret.local, ret.size);
	return ret;
}

/* --- in the decoy --- */

/* *ret_all: with ours. */
static int ask_prepared(int socket, struct arena *arena, unsigned own, bool *ret,
			struct link_addresses *ret_all, struct err *e)
{
	struct link_addresses ours = { 0 };

	if (netlink_addresses(socket, 0, arena, ret_all, e) < 0 ||
	    (own && netlink_addresses(socket, own, arena, &ours, e) < 0))
		return -1;
	*ret = ret_all->n > ours.n;
	return 0;
}

/* The pair of a link that is there already, by its address. */
static int pair_of_link(int socket, unsigned index, struct arena *arena, unsigned *ret,
			struct err *e)
{
	struct link_addresses addresses;

	if (netlink_addresses(socket, index, arena, &addresses, e) < 0)
		return -1;
	for (size_t i = 0; i < addresses.n; i++) {
		const uint8_t *local = addresses.v[i].local;

		if (addresses.v[i].family != AF_INET)
			continue;
		*ret = ((local[2] - 64u) * 256 + local[3]) / 2 % FORWARD_PAIRS;
		return 1;
	}
	return 0;
}

static int make_link(const struct forward *f, int socket, unsigned *ret_pair, struct err *e)
{
	for (unsigned i = 0; i < TRIES; i++) {
		unsigned pair = (unsigned)((f->cookie + i) % FORWARD_PAIRS);

		if (netlink_make_pair(socket, FORWARD_DECOY_LINK, forward_name(pair).text,
				      f->network, e) == 0) {
			*ret_pair = pair;
			return 0;
		}
		if (e->sys != EEXIST)
			return err_prefix(e, "make a link to the shared network");
	}
	return fail(e, ERR_SYSTEM, "make a link to the shared network: %u names are taken", TRIES);
}

static int write_setting(const char *path, const char *value, struct err *e)
{
	autofree char *now = NULL;
	struct err unread;
	size_t length;

	if (read_file_at(AT_FDCWD, path, 64, &now, &length, &unread) == 0 &&
	    strncmp(now, value, strlen(value)) == 0)
		return 0;
	return write_file_at(AT_FDCWD, path, value, e);
}

/* A link that forwards takes no more router advertisements unless this says so (ip-sysctl, "accept_ra"): the engine's
 * default route may come from one. */
static void keep_advertisements(void)
{
	DIR *links = opendir("/proc/sys/net/ipv6/conf");
	struct dirent *entry;

	while (links && (entry = readdir(links))) {
		autofree char *now = NULL;
		char path[sizeof("/proc/sys/net/ipv6/conf//accept_ra") + NAME_MAX];
		struct err ignored;
		size_t length;

		snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_ra", entry->d_name);
		if (entry->d_name[0] != '.' &&
		    read_file_at(AT_FDCWD, path, 64, &now, &length, &ignored) == 0 && now[0] == '1')
			(void)!write_file_at(AT_FDCWD, path, "2", &ignored);
	}
	if (links)
		closedir(links);
}

/* Docker switches IPv6 off for every link that comes later. A kernel without it has no such setting. */
static void allow_ipv6(void)
{
	struct err ignored;

	(void)!write_setting("/proc/sys/net/ipv6/conf/" FORWARD_DECOY_LINK "/disable_ipv6", "0",
			     &ignored);
}

static int set_up_forwarding(bool v6, struct err *e)
{
	if (write_setting("/proc/sys/net/ipv4/ip_forward", "1", e) < 0 ||
	    write_setting("/proc/sys/net/ipv4/conf/" FORWARD_DECOY_LINK "/route_localnet", "1", e) <
		    0)
		return -1;
	if (!v6)
		return 0;
	keep_advertisements();
	return write_setting("/proc/sys/net/ipv6/conf/all/forwarding", "1", e);
}

/* --- one end --- */

/* *v6: cleared if this end can have no address of IPv6. */
static int set_up_end(int socket, const char *name, const char *address4, const char *address6,
		      const char *alias, bool *v6, struct err *e)
{
	const struct link_address four = make_address(AF_INET, address4);
	const struct link_address six = make_address(AF_INET6, address6);
	unsigned index;

	if (netlink_find(socket, name, &index, e) < 0)
		return -1;
	if (netlink_set_alias(socket, index, alias, e) < 0 || netlink_up(socket, index, e) < 0)
		return err_prefix(e, "set up link '%s'", name);
	if (netlink_add_address(socket, index, &four, e) < 0 && e->sys != EEXIST)
		return err_prefix(e, "give link '%s' the address %s", name, address4);
	if (*v6 && netlink_add_address(socket, index, &six, e) < 0 && e->sys != EEXIST)
		*v6 = false;
	return 0;
}

/* --- both --- */

/* A link that is there already, by its pair: 0 if it cannot be used. The network that it leads to may have been left for
 * another one. */
static int find_pair(const struct forward *f, int socket, int network, unsigned own,
		     struct arena *arena, unsigned *ret_pair, struct err *e)
{
	const struct forward_alias alias = forward_alias(f->cookie);
	unsigned other;
	int rc = pair_of_link(socket, own, arena, ret_pair, e);

	if (rc <= 0)
		return rc;
	if (netlink_find_alias(network, forward_name(*ret_pair).text, alias.text, &other, e) == 0)
		return 1;
	return e->kind == ERR_NOT_FOUND ? 0 : -1;
}

/* What is found out on the way. */
struct making {
	const struct forward *f;
	struct arena *arena;
	struct forward_sockets at;
	uint64_t network; /* cookie */
	struct link_addresses prepared;
	struct own_addresses own;
	struct claim_taken taken;
	unsigned pair;
	bool before; /* there was a link */
	bool reused; /* which is used again */
};

/* 0: another one has what this decoy is to have. */
static int claim(struct making *m, unsigned link, struct err *e)
{
	autodecoyplace place = DECOY_PLACE_INIT;
	int rc;

	if (!m->f->routed)
		return 1;
	if (own_find(m->f, &m->at, link, m->arena, &m->prepared, &m->own, e) < 0)
		return -1;
	rc = m->own.n ? claims_open(m->f->directory, m->network, true, &place, e) : 0;
	return rc <= 0 ? (rc < 0 ? -1 : 1)
		       : claims_take(&place, m->f->cookie, &m->own, &m->taken, e);
}

/* 0: there is nothing to be led. */
static int find_or_make(struct making *m, struct err *e)
{
	const struct forward *f = m->f;
	unsigned own = 0;
	bool any;
	int rc;

	if (netlink_find(m->at.decoy, FORWARD_DECOY_LINK, &own, e) < 0 && e->kind != ERR_NOT_FOUND)
		return -1;
	if (ask_prepared(m->at.decoy, m->arena, own, &any, &m->prepared, e) < 0)
		return -1;
	rc = own ? find_pair(f, m->at.decoy, m->at.network, own, m->arena, &m->pair, e) : 0;
	/* an engine may take away the last network of a container that runs, and give it one later */
	if (rc < 0 || (rc == 0 && !any))
		return rc;
	m->before = own != 0;
	m->reused = rc > 0;
	rc = claim(m, own, e);
	if (rc <= 0 || m->reused)
		return rc;
	/* of one that was killed between, so that its other end is not known, or is elsewhere */
	if (own && netlink_remove(m->at.decoy, own, e) < 0 && e->sys != ENODEV)
		return -1;
	return make_link(f, m->at.decoy, &m->pair, e) < 0 ? -1 : 1;
}

/* Docker changes the rules of this chain when it is started again and its resolver has other ports. */
#define DOCKER_CHAIN "DOCKER_OUTPUT"

static int ask_resolver(const struct forward *f, struct forward_rules *rules, struct err *e)
{
	struct netns_sockets sockets;

	if (!str_eq(f->nameserver, NETNS_ENGINES_RESOLVER))
		return 0;
	if (nftables_has_chain(FORWARD_NAT_TABLE, DOCKER_CHAIN)) {
		rules->chain = DOCKER_CHAIN;
		rules->chained = nftables_has_chain(FORWARD_NAT_TABLE, FORWARD_CHAIN);
		return 0;
	}
	if (netns_sockets_look(&sockets, e) < 0)
		return -1;
	rules->udp = sockets.resolver.udp;
	rules->tcp = sockets.resolver.tcp;
	return 0;
}

static int load_rules(const struct forward_rules *rules, struct err *e)
{
	autonftables n = { 0 };

	forward_rules(rules, &n);
	return nftables_load(&n, e);
}

/* Of rules that a host may have very many of; more than a thousand of an engine's are below this. */
#define RULES_MAX (512u * 1024)

static bool has(const struct forward_ports *ports, uint8_t protocol, unsigned port)
{
	for (size_t i = 0; i < ports->n; i++)
		if (ports->v[i].protocol == protocol && ports->v[i].port == port)
			return true;
	return false;
}

static void add_ports(const struct nat_target *target, struct forward_ports *ret)
{
	for (unsigned port = target->first; port <= target->last && ret->n < FORWARD_PORTS_MAX;
	     port++)
		if (forward_port_has_name(target->protocol) && !has(ret, target->protocol, port))
			ret->v[ret->n++] =
				(struct forward_port){ target->protocol, (uint16_t)port };
}

static bool is_at(const struct nat_target *target, const struct link_address *address)
{
	return target->size == address->size &&
	       memcmp(target->address, link_address_own(address), address->size) == 0;
}

static void find_ports(const struct link_addresses *addresses, const struct nat_targets *targets,
		       struct arena *arena, struct strbuf *answer)
{
	struct forward_ports ports = { .v = arena_new_array(arena, struct forward_port,
							    FORWARD_PORTS_MAX) };

	for (size_t i = 0; i < addresses->n; i++)
		for (size_t k = 0; k < targets->n; k++)
			if (is_at(&targets->v[k], &addresses->v[i]))
				add_ports(&targets->v[k], &ports);
	for (size_t i = 0; i < ports.n; i++)
		strbuf_printf(answer, " %s", forward_port_name(&ports.v[i]).text);
}

/* --- own addresses --- */

/* What another time has led there, and this one does not. */
static int end_others(const struct making *m, struct err *e)
{
	struct own_ending ending = { .pair = m->pair, .but = &m->own };

	if (m->reused &&
	    (netlink_find(m->at.network, forward_name(m->pair).text, &ending.index, e) < 0 ||
	     own_end(m->at.network, &ending, e) < 0))
		return -1;
	return m->f->routed || !m->before ? 0 : own_return_to_decoy(m->at.decoy, &m->prepared, e);
}

static int route_own(const struct making *m, struct err *e)
{
	autodecoyplace place = DECOY_PLACE_INIT;

	if (!m->before && !m->own.n)
		return m->f->targets ? own_reach(m->at.decoy, m->pair, m->f->targets, e) : 0;
	if (claims_open(m->f->directory, m->network, m->own.n > 0, &place, e) < 0 ||
	    end_others(m, e) < 0)
		return -1;
	if (m->own.n && (own_arrive(m->at.network, m->pair, &m->own, e) < 0 ||
			 own_lead(m->at.network, m->pair, &m->own, m->f->siblings_local, e) < 0 ||
			 own_leave_decoy(m->at.decoy, m->pair, &m->own, m->f->before, e) < 0))
		return -1;
	return m->f->targets ? own_reach(m->at.decoy, m->pair, m->f->targets, e) : 0;
}

static void set_target(const char *text, struct forward_rules *rules)
{
	*(strchr(text, ':') ? &rules->target6 : &rules->target4) = text;
}

/* The first one of each family. */
static void set_targets(const struct making *m, struct forward_rules *rules)
{
	const struct strlist *targets = m->f->targets;

	for (size_t i = targets ? targets->n : 0; i-- > 0;)
		set_target(targets->v[i], rules);
	for (size_t i = targets ? 0 : rules->own.n; i-- > 0;)
		set_target(rules->own.v[i].address, rules);
}

/* --- the whole --- */

static int open_all(struct making *m, struct err *e)
{
	m->at.host = netlink_open(e);
	if (m->at.host < 0 || nsfd_enter(m->f->network, CLONE_NEWNET, "of the policy", e) < 0 ||
	    netns_cookie(&m->network, e) < 0)
		return -1;
	m->at.network = netlink_open(e);
	if (m->at.network < 0 || nsfd_enter(m->f->decoy, CLONE_NEWNET, "of the engine", e) < 0)
		return -1;
	m->at.decoy = netlink_open(e);
	return m->at.decoy;
}

static int set_up(struct making *m, struct forward_rules *rules, struct err *e)
{
	const struct forward_addresses at = forward_addresses(m->pair);
	const struct forward_alias alias = forward_alias(m->f->cookie);

	rules->pair = m->pair;
	allow_ipv6();
	if (set_up_end(m->at.network, forward_name(m->pair).text, at.container4, at.container6,
		       alias.text, &rules->v6, e) < 0 ||
	    set_up_end(m->at.decoy, FORWARD_DECOY_LINK, at.decoy4, at.decoy6, alias.text,
		       &rules->v6, e) < 0 ||
	    set_up_forwarding(rules->v6, e) < 0 || ask_resolver(m->f, rules, e) < 0)
		return -1;
	rules->own = own_names(&m->own, m->arena);
	set_targets(m, rules);
	if (load_rules(rules, e) < 0 ||
	    forward_routes(&m->at, &m->prepared, m->pair, rules->v6, e) < 0)
		return -1;
	return route_own(m, e);
}

/* In a process that ends: the sockets go with it. */
static int make(void *context, struct strbuf *answer, struct err *e)
{
	autoarena arena = { 0 };
	struct stat st;
	struct making m = { .f = context, .arena = &arena };
	struct forward_rules rules = { .v6 = stat("/proc/sys/net/ipv6", &st) == 0,
				       .nameserver = m.f->nameserver };
	struct nat_targets targets;
	struct err ignored;
	int rc;

	/* what cannot be asked publishes nothing */
	if (nat_targets_read(RULES_MAX, &arena, &targets, &ignored) < 0)
		targets.n = 0;
	if (open_all(&m, e) < 0)
		return -1;
	rc = find_or_make(&m, e);
	if (m.taken.decoy)
		strbuf_printf(answer, TAKEN " %llu %s %s %d", (unsigned long long)m.taken.decoy,
			      m.taken.own, m.taken.other, m.taken.alone);
	if (rc <= 0)
		return rc;
	if (set_up(&m, &rules, e) < 0)
		return -1;
	strbuf_printf(answer, "%u %u", rules.pair, rules.udp);
	for (size_t i = 0; i < rules.own.n; i++)
		strbuf_printf(answer, " " OWN "%s", rules.own.v[i].address);
	find_ports(&m.prepared, &targets, &arena, answer);
	return 0;
}

/* TAKEN " DECOY ADDRESS ADDRESS 0" */
static int read_taken(char *rest, struct arena *arena, struct forward_made *ret)
{
	(void)!parse_u64(strsep(&rest, " "), &ret->taken_by);
	ret->taken = arena_strdup(arena, strsep(&rest, " "));
	ret->taken_as = arena_strdup(arena, strsep(&rest, " "));
	ret->taken_alone = str_eq(rest, "1");
	return 0;
}

/* "PAIR PORT @10.88.0.5 tcp-80 udp-53" */
static int read_answer(char *answer, struct arena *arena, struct forward_made *ret, struct err *e)
{
	struct strlist names = { .v = arena_new_array(arena, char *, FORWARD_PORTS_MAX) };
	char *rest = answer, *word = strsep(&rest, " ");
	uint32_t pair;

	if (str_eq(word, TAKEN))
		return read_taken(rest, arena, ret);
	if (!parse_u32(word, &pair) || !rest ||
	    !parse_u32(strsep(&rest, " "), &ret->nameserver_port))
		return fail(e, ERR_INTERNAL, "forwarding answered '%s'", answer);
	ret->addresses.v = arena_new_array(arena, char *, 2 * OWN_MAX);
	while ((word = strsep(&rest, " ")) && names.n < FORWARD_PORTS_MAX)
		if (str_has_prefix(word, OWN) && ret->addresses.n < 2 * OWN_MAX)
			ret->addresses.v[ret->addresses.n++] =
				arena_strdup(arena, word + strlen(OWN));
		else
			names.v[names.n++] = word;
	ret->done = true;
	ret->pair = pair;
	ret->ports = forward_ports_read(&names, arena);
	return 0;
}

int forward_make(const struct forward *forward, struct arena *arena, struct forward_made *ret,
		 struct err *e)
{
	struct forward copy = *forward;
	const struct helper_job job = { .name = "forwarding", .work = make, .context = &copy };
	autofree char *answer = NULL;
	size_t length;

	*ret = (struct forward_made){ .done = false };
	if (helper_run(&job, ANSWER_MAX, &answer, &length, e) < 0)
		return -1;
	return length ? read_answer(answer, arena, ret, e) : 0;
}

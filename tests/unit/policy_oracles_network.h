/* SPDX-License-Identifier: Apache-2.0 */
/* What the rules about the network have to do, said once more. See policy_oracles.h. */
#ifndef TESTS_POLICY_ORACLES_NETWORK_H
#define TESTS_POLICY_ORACLES_NETWORK_H

#include "model/record.h"
#include "policy/sysctl.h"
#include "policy_oracles.h"

enum asked_shape { ASKED_HOST = 1, ASKED_SAME, ASKED_PATH, ASKED_NEW };

/* What a request comes to under this policy. */
struct asked_network {
	const struct spec_namespace *entry; /* NULL: none */
	const char *path;                   /* NULL: none */
	bool self, kept;                    /* kept: the container gets what it asks for */
	bool allowed;                       /* the host's */
	bool no_rewrite; /* the network that the runtime is in was asked for, and is the policy's */
	enum asked_shape shape;
};

/* A user without a network of his own gets what is asked for. */
static bool is_of_user_without(const struct round *r, bool host)
{
	const struct facts *facts = r->facts;

	return facts->rootless && !facts->no_runtime_directory && facts->network &&
	       facts->network->problem_errno == ENOENT &&
	       str_has_suffix(r->policy->network->namespace_, "/distro-shim/netns") &&
	       (!host || facts->in_user_namespace);
}

static struct asked_network asked_network(const struct round *r)
{
	const char *name = r->policy->network->namespace_;
	const struct ns_facts *network = r->facts->network, *there;
	struct asked_network asked = { .self = str_eq(name, "self") };
	bool host, unset;

	count_entries(request_of(r), SPEC_NS_NETWORK, &asked.entry);
	asked.path = asked.entry && !str_empty(asked.entry->path) ? asked.entry->path : NULL;
	there = facts_requested(r->facts, asked.path);
	host = !asked.entry || (asked.path && is_host_path(r, asked.path));
	unset = is_of_user_without(r, host);
	asked.kept = unset || str_eq(name, "requested");
	asked.allowed = unset || r->policy->network->allow_host.value;
	asked.shape =
		!asked.entry  ? ASKED_HOST
		: !asked.path ? ASKED_NEW
		: !asked.kept && (str_eq(asked.path, asked.self ? "/proc/self/ns/net" : name) ||
				  ns_facts_same(there, network))
			? ASKED_SAME
		: host ? ASKED_HOST
		       : ASKED_PATH;
	asked.no_rewrite =
		!asked.entry && network &&
		(network->is_self || ns_facts_same(network, facts_self(r->facts, SPEC_NS_NETWORK)));
	return asked;
}

/* --- which network --- */

static void check_network_refusals(const struct round *r, const struct verdict *verdict,
				   const struct asked_network *asked)
{
	const struct policy_requested *requested = r->policy->network->requested;
	const struct ns_facts *network = r->facts->network;
	const struct ns_facts *there = facts_requested(r->facts, asked->path);
	bool bad = !network || network->problem || network->problem_errno == EPERM ||
		   network->type != SPEC_NS_NETWORK || !network->owned;
	bool new_ = !asked->kept && asked->shape == ASKED_NEW;

	bad = asked->kept ? asked->shape == ASKED_PATH && (!there || there->problem) : bad;
	HOLDS(r, verdict,
	      is_refused_by(verdict, "network.namespace") ==
		      (bad || is_of_other_type(r, asked->path ? asked->entry : NULL)));
	HOLDS(r, verdict,
	      is_refused_by(verdict, "network.allowHost") ==
		      (!asked->allowed &&
		       (asked->kept ? asked->shape == ASKED_HOST
				    : !asked->self && network && !network->problem &&
					      network->is_host)));
	HOLDS(r, verdict,
	      is_refused_by(verdict, "network.requested.host") ==
		      (!asked->kept && asked->shape == ASKED_HOST && !asked->no_rewrite &&
		       requested->host == POLICY_REFUSE));
	HOLDS(r, verdict,
	      is_refused_by(verdict, "network.requested.path") ==
		      (!asked->kept && asked->shape == ASKED_PATH &&
		       requested->path == POLICY_REFUSE));
	HOLDS(r, verdict,
	      is_refused_by(verdict, "network.requested.new") ==
		      (new_ && requested->new_ == POLICY_REFUSE));
}

static bool is_joined(const struct verdict *verdict)
{
	return verdict->network.join == NETWORK_EARLY || verdict->network.join == NETWORK_LATE;
}

/* Exactly one entry, that of the network that was chosen; never the host's but by the policy's word. */
static void check_network_given(const struct round *r, const struct verdict *verdict,
				const struct asked_network *asked)
{
	const struct spec_namespace *entry;
	const struct ns_facts *network = r->facts->network;
	size_t count = count_entries(verdict->spec, SPEC_NS_NETWORK, &entry);
	int expected = NETWORK_EARLY;

	if (asked->kept)
		expected = asked->path ? NETWORK_PATH : asked->entry ? NETWORK_NEW : NETWORK_NONE;
	else if (asked->shape == ASKED_NEW)
		expected = r->policy->network->requested->new_ == POLICY_KEEP ? NETWORK_NEW
									      : NETWORK_LATE;
	HOLDS(r, verdict, (int)verdict->network.join == expected);
	HOLDS(r, verdict, count == (expected != NETWORK_NONE));
	HOLDS(r, verdict, str_eq(verdict->network.path, is_joined(verdict) ? network->path : NULL));
	HOLDS(r, verdict, verdict->network.cookie == (is_joined(verdict) ? network->cookie : 0));
	if (asked->kept) {
		HOLDS(r, verdict, !entry || str_eq(entry->path, asked->path));
		HOLDS(r, verdict,
		      asked->allowed || (entry && (!entry->path || !is_host_path(r, entry->path))));
	} else if (expected == NETWORK_EARLY) {
		HOLDS(r, verdict,
		      str_eq(entry->path, asked->self ? "/proc/self/ns/net" : network->path) ||
			      ns_facts_same(facts_requested(r->facts, entry->path), network));
		HOLDS(r, verdict, asked->self || asked->allowed || !network->is_host);
	} else {
		HOLDS(r, verdict, !entry->path);
	}
}

/* What the engine has prepared, and the container does not get, leads to it; and what it has for another one. */
static void check_forward(const struct round *r, const struct verdict *verdict,
			  const struct asked_network *asked)
{
	const struct forward_facts *facts = r->facts->forward;
	const struct ns_facts *there = facts_requested(r->facts, asked->path);
	bool late = verdict->network.join == NETWORK_LATE;
	bool by_process = asked->shape == ASKED_SAME && there &&
			  !str_eq(there->path, r->facts->network->path);
	bool rewritten = late || asked->shape == ASKED_PATH ||
			 (asked->shape == ASKED_HOST && !asked->no_rewrite);

	HOLDS(r, verdict,
	      !!verdict->forward ==
		      ((verdict->path == PATH_CREATE || (verdict->path == PATH_RESTORE && !late)) &&
		       r->policy->network->forward == POLICY_FORWARD_AUTO && facts &&
		       is_joined(verdict) &&
		       (rewritten ? late || !facts->problem : by_process && facts->of_other)));
	if (verdict->forward) {
		HOLDS(r, verdict, verdict->forward->of_other == !rewritten);
		HOLDS(r, verdict,
		      verdict->forward->decoy == (!rewritten       ? facts->of_other
						  : late || !there ? 0
								   : there->cookie));
	}
}

static bool has_pool(const struct round *r)
{
	return r->policy->network->address_pool.object != NULL;
}

/* What the file wants, of a container that is in the shared network, where it can be had. */
static void check_address(const struct round *r, const struct verdict *verdict)
{
	const struct policy_network *network = r->policy->network;
	const struct address_record *given = verdict->address;
	const char *problem = r->facts->address ? r->facts->address->problem : NULL;
	bool own = network->address != ADDRESS_SHARED;
	bool private = network->localhost == POLICY_LOCALHOST_PRIVATE ||
		       (own && network->localhost == POLICY_LOCALHOST_AUTO);
	bool wanted = is_joined(verdict) && (own || private || network->low_ports.value);
	bool poolless = network->address == ADDRESS_POOL && !has_pool(r);
	bool strict = network->unavailable == POLICY_UNAVAILABLE_REFUSE;
	const struct policy_pool none = { 0 }, *pool;
	int mode = network->address;

	HOLDS(r, verdict,
	      is_refused_by(verdict, "network.address") ==
		      (wanted && (poolless || (problem && strict))));
	if (verdict->refused)
		return;
	HOLDS(r, verdict, !!given == (wanted && !problem));
	HOLDS(r, verdict,
	      is_decided(verdict, "network.address", DECISION_WARN) ==
		      (wanted && (problem || (network->address == ADDRESS_ENGINE &&
					      !verdict->forward && !has_pool(r)))));
	if (!given)
		return;
	if (mode == ADDRESS_ENGINE && !verdict->forward)
		mode = has_pool(r) ? ADDRESS_POOL : ADDRESS_SHARED;
	HOLDS(r, verdict, given->mode == mode);
	HOLDS(r, verdict, given->private_localhost == private);
	HOLDS(r, verdict, given->low_ports == network->low_ports.value);
	HOLDS(r, verdict,
	      given->siblings_local ==
		      (mode == ADDRESS_ENGINE && network->siblings == POLICY_SIBLINGS_LOCAL));
	pool = mode == ADDRESS_POOL ? network->address_pool.object : &none;
	HOLDS(r, verdict, str_eq(given->pool4, pool->v4) && str_eq(given->pool6, pool->v6));
	HOLDS(r, verdict, !given->addresses.n && !given->index.set && !given->group);
}

static void check_membership(const struct round *r, const struct verdict *verdict,
			     const struct asked_network *asked)
{
	const struct ns_facts *network = r->facts->network;
	bool other = false;

	for (size_t i = 0; i < r->facts->members.n; i++)
		/* 0: it is not known */
		other |= network && r->facts->members.v[i].cookie &&
			 r->facts->members.v[i].cookie != network->cookie;
	HOLDS(r, verdict,
	      is_refused_by(verdict, "network.membership") ==
		      (other && !network->problem && !asked->self && is_joined(verdict)));
}

/* --- what may be done in it --- */

static bool is_listed(const struct round *r, const char *name)
{
	const struct strlist *list = &r->policy->network->sysctls.list;

	for (size_t i = 0; i < list->n; i++)
		if (sysctl_same(list->v[i], name, r->arena))
			return true;
	return false;
}

static bool has_sysctl(const struct spec *spec, const char *name)
{
	return spec->linux_ && strmap_get(&spec->linux_->sysctl, name);
}

/* One that is everybody's stays only where the policy lists it, or where it is not everybody's network. */
static void check_sysctls(const struct round *r, const struct verdict *verdict)
{
	const struct spec_linux *linux_ = request_of(r)->linux_;
	bool refuses = str_eq(r->policy->network->sysctls.word, "refuse"), refused = false;

	for (size_t i = 0; linux_ && i < linux_->sysctl.n; i++) {
		const char *name = linux_->sysctl.v[i].key;
		enum sysctl_kind kind = sysctl_kind(name, r->arena);
		bool everybodys = kind == SYSCTL_NETWORK && !is_listed(r, name) &&
				  (verdict->network.join == NETWORK_EARLY ||
				   verdict->network.join == NETWORK_NONE);

		refused |= kind == SYSCTL_UNCLEAR || (everybodys && refuses);
		HOLDS(r, verdict, has_sysctl(verdict->spec, name) == (!everybodys || refuses));
	}
	HOLDS(r, verdict, is_refused_by(verdict, "network.sysctls") == refused);
}

static void check_links(const struct round *r, const struct verdict *verdict)
{
	bool has = request_of(r)->linux_ && request_of(r)->linux_->net_devices.n > 0;

	HOLDS(r, verdict,
	      is_refused_by(verdict, "network.devices") ==
		      (has && verdict->network.join != NETWORK_NEW &&
		       verdict->network.join != NETWORK_PATH));
}

/* --- which of several --- */

static void check_choice(const struct round *r, const struct verdict *verdict)
{
	size_t doubted = 0, named = 0;

	if (!r->selection) {
		HOLDS(r, verdict, !is_decided(verdict, "networks", DECISION_KEEP));
		return;
	}
	for (size_t i = 0; i < verdict->decisions.n; i++) {
		const struct decision *decision = &verdict->decisions.v[i];
		const char *name = arena_printf(r->arena, "'%s'", r->selection->network);

		if (!str_eq(decision->rule, "networks"))
			continue;
		doubted += decision->action == DECISION_WARN;
		named += decision->action == DECISION_KEEP && strstr(decision->why, name);
	}
	HOLDS(r, verdict, doubted == r->selection->doubted.n);
	HOLDS(r, verdict, named == 1);
	HOLDS(r, verdict, is_refused_by(verdict, "networks") == (r->facts->twins.n > 0));
	HOLDS(r, verdict, str_eq(verdict->network.name, r->selection->network));
	HOLDS(r, verdict, str_eq(verdict->network.entry, r->selection->entry));
}

static void check_network(const struct round *r, const struct verdict *verdict)
{
	const struct asked_network asked = asked_network(r);

	check_choice(r, verdict);
	check_network_refusals(r, verdict, &asked);
	check_membership(r, verdict, &asked);
	check_sysctls(r, verdict);
	check_links(r, verdict);
	if (!verdict->refused)
		check_network_given(r, verdict, &asked);
	if (!verdict->refused)
		check_forward(r, verdict, &asked);
	check_address(r, verdict);
}

#endif

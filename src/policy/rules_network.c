/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about the network namespace. A request has one of four shapes, and each shape one rule:
 *
 *	host	no entry, or a path that is the runtime's own or the host's network
 *	same	a path to the very namespace that the policy names
 *	path	any other path, also one that cannot be used: it is not going to be
 *	new	an entry without path: the engine sets the network up after create, through
 *		/proc/PID/ns/net or a hook
 *
 * Pure.
 */
#include "policy/rules.h"

#include <errno.h>

#define NETWORK_DIRECTORY "/run/netns/"
#define SELF_PATH "/proc/self/ns/net"

enum shape { SHAPE_HOST = 1, SHAPE_SAME, SHAPE_PATH, SHAPE_NEW };

static const char *entry_path(const struct spec *spec);

/*
 * A user who has made no network of his own: root's cannot be joined, so what an engine has prepared for the
 * container is all that it can have. The network that the user himself is in counts as prepared by an engine where
 * that runs as root of a user namespace (Podman); else it was not meant.
 */
static bool is_unset_of_user(const struct judgement *j)
{
	const struct ns_facts *network = j->facts->network;
	const char *path = entry_path(j->edit.spec);
	bool host = namespace_index(j->edit.spec, SPEC_NS_NETWORK) < 0 ||
		    (path && namespace_is_host(j, path));

	return j->facts->rootless && !j->facts->no_runtime_directory && network &&
	       network->problem_errno == ENOENT &&
	       str_has_suffix(j->policy->network->namespace_, POLICY_NETWORK_OF_USER) &&
	       (!host || j->facts->in_user_namespace);
}

static bool is_requested(const struct judgement *j)
{
	return str_eq(j->policy->network->namespace_, "requested") || is_unset_of_user(j);
}

static bool is_own(const struct judgement *j)
{
	return str_eq(j->policy->network->namespace_, "self");
}

static const char *policy_path(const struct judgement *j)
{
	return is_own(j) ? SELF_PATH : j->policy->network->namespace_;
}

/* The path of an entry, NULL for one without (and for an empty one, which is refused elsewhere). */
static const char *entry_path(const struct spec *spec)
{
	long index = namespace_index(spec, SPEC_NS_NETWORK);
	const char *path = index < 0 ? NULL : spec->linux_->namespaces.v[index].path;

	return str_empty(path) ? NULL : path;
}

int network_of_request(const struct spec *spec)
{
	if (namespace_index(spec, SPEC_NS_NETWORK) < 0)
		return NETWORK_NONE;
	return entry_path(spec) ? NETWORK_PATH : NETWORK_NEW;
}

bool network_is_shared(const struct judgement *j)
{
	return j->network.join == NETWORK_EARLY || j->network.join == NETWORK_LATE;
}

/* Objects are compared, never names: a pod's /proc/PID/ns/net is the shared network under another
 * name. The policy's own path is the one exception; it is safe, because the container is put into what the
 * policy's descriptor refers to, whatever the entry says. */
static enum shape request_shape(const struct judgement *j)
{
	const struct ns_facts *network = j->facts->network;
	const char *path = entry_path(j->edit.spec);

	if (namespace_index(j->edit.spec, SPEC_NS_NETWORK) < 0)
		return SHAPE_HOST;
	if (!path)
		return SHAPE_NEW;
	if (!is_requested(j) && (str_eq(path, policy_path(j)) ||
				 ns_facts_same(facts_requested(j->facts, path), network)))
		return SHAPE_SAME;
	return namespace_is_host(j, path) ? SHAPE_HOST : SHAPE_PATH;
}

static char *request_pointer(struct judgement *j)
{
	return namespace_pointer(j, namespace_index(j->edit.spec, SPEC_NS_NETWORK));
}

/* How to ask the engines for what the policy gives anyway. */
static const char *request_hint(struct judgement *j)
{
	if (is_own(j))
		return "ask for the network of the host (--network host for Podman and Docker, --net-host for ctr)";
	return arena_printf(
		j->edit.arena,
		"use --network ns:%s (Podman), --with-ns network:%s (ctr) or --network container:NAME of a container that is in it (Docker)",
		policy_path(j), policy_path(j));
}

/* --- the policy's namespace --- */

/* The command that makes the policy's network. */
static const char *make_command(struct judgement *j)
{
	const char *path = j->policy->network->namespace_, *name = strrchr(path, '/');

	if (!str_has_prefix(path, NETWORK_DIRECTORY) || str_eq(path, POLICY_NETWORK_PATH) ||
	    name + 1 != path + strlen(NETWORK_DIRECTORY))
		return "distro-net up";
	return arena_printf(j->edit.arena, "distro-net up %s", name + 1);
}

static const char *create_hint(struct judgement *j, bool missing)
{
	if (j->facts->rootless && j->facts->no_runtime_directory)
		return "set XDG_RUNTIME_DIR to the directory in which a user's own network is looked for (/run/user/UID)";
	if (j->facts->rootless)
		return str_has_suffix(j->policy->network->namespace_, POLICY_NETWORK_OF_USER)
			       ? "make it as this user, with `distro-net up` (distro-shim-policy(5), NETWORK OF A USER)"
			       : "a user has another one: `distro-net up` makes it, and a policy of the user's own leads there, { \"version\": 1 } in ~/.config/distro-shim/policy.json (distro-shim-policy(5), NETWORK OF A USER)";
	return arena_printf(j->edit.arena,
			    missing ? "make it with `%s`"
				    : "name a network namespace, or make one with `%s`",
			    make_command(j));
}

static bool is_of_caller(const struct judgement *j, const struct ns_facts *network)
{
	return j->facts->uid != 0 && network->owner_uid.set &&
	       network->owner_uid.value == j->facts->uid;
}

/* Why the container cannot be put into the policy's namespace, with the remedy; NULL: it can. */
static const char *network_problem(struct judgement *j)
{
	const struct ns_facts *network = j->facts->network;
	struct arena *arena = j->edit.arena;
	const char *path = policy_path(j);

	if (!network)
		return arena_printf(
			arena,
			"%s: was not looked at, which is a mistake of this program; please report it",
			path);
	/* The words that Podman knows: "cannot be executed", not an error of its own. */
	if (network->problem_errno == EPERM)
		return arena_printf(
			arena,
			"cannot join network namespace %s: operation not permitted: it belongs to a user namespace %s",
			path,
			is_of_caller(j, network)
				? "that the caller has made and is not in; run in it (podman unshare, nsenter --user)"
				: arena_printf(arena, "that the caller has no power over; %s",
					       create_hint(j, false)));
	/* Engines make "command not found" of the kernel's own words for this. */
	if (network->problem && network->problem_errno == ENOENT)
		return arena_printf(arena, "%s: the shared network does not exist; %s", path,
				    create_hint(j, true));
	if (network->problem)
		return arena_printf(arena, "%s: %s; %s", path, network->problem,
				    create_hint(j, false));
	if (network->type != SPEC_NS_NETWORK)
		return arena_printf(arena,
				    "%s: is a namespace of type %s; name a network namespace", path,
				    namespace_type_name(network->type));
	/* An owner elsewhere keeps CAP_NET_ADMIN over the shared network; and without power over the
	 * owner the join fails, and a sysfs of it cannot be made. */
	if (!network->owned)
		return arena_printf(
			arena, "%s: belongs to a user namespace that is not the caller's; %s", path,
			j->facts->rootless ? create_hint(j, true)
					   : arena_printf(arena, "make it as root, with `%s`",
							  make_command(j)));
	return NULL;
}

/* "requested": an administrator's word that containers keep what they ask for. */
static void keep_requested(struct judgement *j, const char *id)
{
	const char *path = entry_path(j->edit.spec), *problem;

	/* the host's is another rule's */
	if (request_shape(j) == SHAPE_HOST)
		return;
	problem = path ? namespace_problem(j, path, SPEC_NS_NETWORK) : NULL;
	if (problem)
		edit_refuse(&j->edit, id, request_pointer(j),
			    arena_printf(j->edit.arena, "%s: %s; %s", edit_shown(&j->edit, path),
					 problem,
					 str_eq(path, policy_path(j))
						 ? create_hint(j, true)
						 : "name a network namespace that exists"));
	else if (j->facts->asked_name && j->policy->network->admin.value)
		edit_warn(
			&j->edit, id, request_pointer(j),
			arena_printf(
				j->edit.arena,
				"the network that is asked for, and kept, is '%s' of the policy: what an engine inside sets up there, as %s lets it (bridges, routes, rules), is in the network of all and stays; ask for one of its own (--network bridge)",
				j->facts->asked_name, key_place(j, "network.admin")));
	else
		edit_keep(&j->edit, id, request_pointer(j),
			  "the policy lets containers keep the network that they ask for");
}

void rule_network_namespace(struct judgement *j, const char *id)
{
	long index = namespace_index(j->edit.spec, SPEC_NS_NETWORK);
	bool wrong = index >= 0 && namespace_refuse_type(j, id, index);
	const char *why;

	if (is_unset_of_user(j))
		edit_warn(
			&j->edit, id, "",
			arena_printf(
				j->edit.arena,
				"the user has no network at %s: the container keeps the one that it asks for; make one as this user, with `distro-net up` (distro-shim-policy(5), NETWORK OF A USER)",
				policy_path(j)));
	if (is_requested(j)) {
		if (!wrong)
			keep_requested(j, id);
		return;
	}
	why = network_problem(j);
	if (why)
		edit_refuse(&j->edit, id, "", why);
	if (request_shape(j) != SHAPE_SAME)
		return;
	/* The entry stays as the engine wrote it. Its path is not used: the container is born in the
	 * namespace of the policy's descriptor, which was verified. */
	j->network.join = NETWORK_EARLY;
	if (!why)
		edit_keep(&j->edit, id, request_pointer(j),
			  "this is the network namespace of the policy");
}

void rule_network_allow_host(struct judgement *j, const char *id)
{
	const struct ns_facts *network = j->facts->network;

	bool allowed = j->policy->network->allow_host.value || is_unset_of_user(j);

	if (is_requested(j) && request_shape(j) == SHAPE_HOST) {
		if (allowed)
			edit_keep(&j->edit, id, request_pointer(j),
				  "the policy lets containers keep the host's network");
		else
			edit_refuse(
				&j->edit, id, request_pointer(j),
				arena_printf(
					j->edit.arena,
					"the host's network was asked for; ask for another one, or set %s to true",
					key_place(j, id)));
	}
	if (is_requested(j) || allowed)
		return;
	/* "self" is a deliberate word: the administrator has put the runtime there */
	if (!is_own(j) && network && !network->problem && network->is_host)
		edit_refuse(
			&j->edit, id, "",
			arena_printf(
				j->edit.arena,
				"%s: is the host's own network; name another one in %s, or set %s to true",
				policy_path(j), key_place(j, "network.namespace"),
				key_place(j, id)));
}

/* --- what was asked for --- */

/* The early join: the child is born in the policy's namespace. */
static void join_early(struct judgement *j, const char *id, const char *why)
{
	long index = namespace_index(j->edit.spec, SPEC_NS_NETWORK);

	j->network.join = NETWORK_EARLY;
	if (index < 0)
		edit_namespace_add(&j->edit, id, SPEC_NS_NETWORK, policy_path(j), why);
	else
		edit_namespace_path(&j->edit, id, (size_t)index, policy_path(j), why);
}

void rule_network_requested_host(struct judgement *j, const char *id)
{
	const struct ns_facts *network = j->facts->network;
	const struct ns_facts *own = facts_self(j->facts, SPEC_NS_NETWORK);
	bool same = network && (network->is_self || ns_facts_same(network, own));

	if (is_requested(j) || request_shape(j) != SHAPE_HOST)
		return;
	/* An engine that runs inside the shared network asks for it in this way: granted, whatever the
	 * key says, because it gets what it asked for. */
	if (same && namespace_index(j->edit.spec, SPEC_NS_NETWORK) < 0) {
		join_early(j, id,
			   "the runtime's own network was asked for, and it is that of the policy");
		return;
	}
	if (j->policy->network->requested->host == POLICY_REFUSE) {
		edit_refuse(&j->edit, id, request_pointer(j),
			    arena_printf(j->edit.arena, "the host's network was asked for; %s",
					 request_hint(j)));
		return;
	}
	j->network_rewritten = true;
	join_early(j, id,
		   "the host's network was asked for; the container joins that of the policy");
}

void rule_network_requested_path(struct judgement *j, const char *id)
{
	const char *path = entry_path(j->edit.spec);

	if (is_requested(j) || request_shape(j) != SHAPE_PATH)
		return;
	if (j->policy->network->requested->path == POLICY_REFUSE) {
		edit_refuse(&j->edit, id, request_pointer(j),
			    arena_printf(j->edit.arena, "another network was asked for, %s; %s",
					 edit_shown(&j->edit, path), request_hint(j)));
		return;
	}
	j->network_rewritten = true;
	join_early(
		j, id,
		"another network was asked for; the container joins that of the policy, and the one that was asked for stays as it is, unused");
}

/* The engine configures what it finds at /proc/PID/ns/net after create. Born in the policy's namespace
 * the container would let it put its interfaces and default routes into the shared network, and take
 * them away again. So the container keeps the new one through create and hooks, and enters the policy's
 * at start. */
static void join_late(struct judgement *j, const char *id)
{
	j->network.join = NETWORK_LATE;
	j->network_rewritten = true;
	edit_keep(
		&j->edit, id, request_pointer(j),
		"the engine sets a new network up after create; the container has it until start and then enters that of the policy");
}

void rule_network_requested_new(struct judgement *j, const char *id)
{
	if (is_requested(j) || request_shape(j) != SHAPE_NEW)
		return;
	switch (j->policy->network->requested->new_) {
	case POLICY_REFUSE:
		edit_refuse(&j->edit, id, request_pointer(j),
			    arena_printf(j->edit.arena, "a new network was asked for; %s",
					 request_hint(j)));
		break;
	case POLICY_KEEP:
		j->network.join = NETWORK_NEW;
		edit_keep(&j->edit, id, request_pointer(j),
			  "the policy lets containers keep a new network of their own");
		break;
	default:
		join_late(j, id);
		break;
	}
}

/* "One network" would split silently after `ip netns del NAME; ip netns add NAME`: running ones stay
 * in the deleted namespace. "self" has no name that could change its meaning. */
void rule_network_membership(struct judgement *j, const char *id)
{
	const struct ns_facts *network = j->facts->network;
	const struct member_facts *other = NULL;
	size_t count = 0;

	if (!network || network->problem || is_own(j) || !network_is_shared(j))
		return;
	for (size_t i = 0; i < j->facts->members.n; i++) {
		const struct member_facts *member = &j->facts->members.v[i];

		if (member->cookie && member->cookie != network->cookie) {
			other = other ? other : member;
			count++;
		}
	}
	if (other)
		edit_refuse(
			&j->edit, id, "",
			arena_printf(
				j->edit.arena,
				"%zu running container%s (%s%s) %s in an earlier namespace of the name %s (cookie %llu, now %llu); stop %s first",
				count, count > 1 ? "s" : "", other->id, count > 1 ? ", ..." : "",
				count > 1 ? "are" : "is", policy_path(j),
				(unsigned long long)other->cookie,
				(unsigned long long)network->cookie, count > 1 ? "them" : "it"));
}

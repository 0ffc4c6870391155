/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces: which are new, which are joined by path, and how the network is entered
 * (config-linux.md "Namespaces"). Pure.
 */
#include "plan/context.h"

#include <sched.h>

/* Not for clone3(): CLONE_NEWCGROUP there would show the container its creator's tree, because a v1 cgroup is
 * joined later; CLONE_NEWTIME would freeze the offsets (clone(2), time_namespaces(7)). */
static uint64_t clone_flag(int type)
{
	return type == SPEC_NS_CGROUP || type == SPEC_NS_TIME ? 0 : ns_rows[type].flag;
}

bool plan_namespace_is_separate(const struct plan_context *c, enum spec_ns_type type)
{
	const struct spec_namespace *entry = spec_namespace_find(c->spec, type);
	const struct ns_facts *facts;

	if (!entry)
		return false;
	if (!entry->path)
		return true;
	facts = facts_requested(c->facts, entry->path);
	return facts && !facts->is_self && !facts->is_host;
}

static const char *ns_name(int type)
{
	const char *name = value_to_name(spec_ns_names, type);

	return name ? name : "unknown";
}

/* --- network --- */

static int network_of_policy(struct plan_context *c, struct err *e)
{
	const struct ns_facts *network = c->facts->network;
	struct plan_namespaces *ns = &c->plan->namespaces;

	ns->network_path = c->verdict->network.path;
	ns->network_cookie = c->verdict->network.cookie;
	if (!ns->network_path || !network)
		return fail(e, ERR_INTERNAL, "the policy's network namespace was not looked at");
	if (network->problem)
		return fail(e, ERR_CONFIG, "network namespace %s: %s", ns->network_path,
			    network->problem);
	/* with a namespace of its own the process that joins late waits for `start`; to join takes power over the shared
	 * network, which none in another user namespace has (setns(2)) */
	ns->late_by_thread = ns->network == NETWORK_LATE && plan_has_user_namespace(c->plan);
	if (ns->network == NETWORK_LATE && !ns->late_by_thread)
		ns->clone_flags |= CLONE_NEWNET;
	return 0;
}

static int network_of_config(struct plan_context *c, struct err *e)
{
	const struct spec_namespace *entry = spec_namespace_find(c->spec, SPEC_NS_NETWORK);
	struct plan_namespaces *ns = &c->plan->namespaces;
	const struct ns_facts *facts;

	switch (ns->network) {
	case NETWORK_NONE:
		if (!entry)
			return 0;
		break;
	case NETWORK_NEW:
		if (entry && !entry->path) {
			ns->clone_flags |= CLONE_NEWNET;
			return 0;
		}
		break;
	case NETWORK_PATH:
		if (entry && entry->path && (facts = facts_requested(c->facts, entry->path))) {
			ns->network_path = entry->path;
			ns->network_cookie = facts->cookie;
			return 0;
		}
		break;
	default:
		break;
	}
	return fail(e, ERR_INTERNAL, "the verdict on the network does not fit its config");
}

/* --- the others --- */

/* Such a namespace is used as it is found, root and all: what is made there is made for those who run in it. */
static int join_check_mount(const struct plan_context *c, size_t index, struct err *e)
{
	const struct spec_linux *linux_ = c->linux_;

	if (linux_->devices.n || linux_->masked_paths.n || linux_->readonly_paths.n ||
	    linux_->rootfs_propagation || c->plan->readonly_root)
		return fail(
			e, ERR_CONFIG,
			"linux.namespaces[%zu].path: a mount namespace that is joined is used as it is: no devices, maskedPaths, readonlyPaths, rootfsPropagation or root.readonly can be asked for",
			index);
	return 0;
}

/* Mounts are what its owner may want there. But nothing shows afterwards what of the kernel's has come along, and a
 * user namespace does not see the sources as the host does. */
static int join_check_mounts(const struct plan_context *c, struct err *e)
{
	const struct plan_namespaces *ns = &c->plan->namespaces;

	if (c->spec->mounts.n == 0 || ns->new_mount || ns->host_mounts ||
	    (!c->verdict->kernel_own && !plan_has_user_namespace(c->plan)))
		return 0;
	return fail(e, ERR_CONFIG, "mounts[0]: a mount namespace that is joined gets no mounts %s",
		    c->verdict->kernel_own ? "under a policy with kernelMounts \"own\""
					   : "of a container with a user namespace");
}

static int join_check(const struct plan_context *c, size_t index, struct err *e)
{
	const struct spec_namespace *entry = &c->linux_->namespaces.v[index];
	const struct ns_facts *facts = facts_requested(c->facts, entry->path);

	if (str_empty(entry->path))
		return fail(e, ERR_CONFIG, "linux.namespaces[%zu].path: must not be empty", index);
	if (!facts)
		return fail(e, ERR_INTERNAL, "linux.namespaces[%zu].path: %s was not looked at",
			    index, entry->path);
	if (facts->problem)
		return fail(e, ERR_CONFIG, "linux.namespaces[%zu].path: %s: %s", index, entry->path,
			    facts->problem);
	if (facts->type != entry->type)
		return fail(e, ERR_CONFIG,
			    "linux.namespaces[%zu].path: %s is a %s namespace, not %s", index,
			    entry->path, ns_name(facts->type), ns_name(entry->type));
	return entry->type == SPEC_NS_MOUNT ? join_check_mount(c, index, e) : 0;
}

static int namespace_join(struct plan_context *c, size_t index, struct err *e)
{
	const struct spec_namespace *entry = &c->linux_->namespaces.v[index];
	struct plan_namespaces *ns = &c->plan->namespaces;

	if (join_check(c, index, e) < 0)
		return -1;
	ns->joins.v[ns->joins.n++] = (struct plan_join){ .type = entry->type, .path = entry->path };
	return 0;
}

/* The network entry is decided by the verdict, unless it is a path that was kept. */
static bool entry_is_networks(const struct plan_context *c, const struct spec_namespace *entry)
{
	return entry->type == SPEC_NS_NETWORK &&
	       !(c->verdict->network.join == NETWORK_PATH && entry->path);
}

static int namespaces_walk(struct plan_context *c, struct err *e)
{
	struct plan_namespaces *ns = &c->plan->namespaces;
	size_t n = c->linux_->namespaces.n;
	unsigned seen = 0;

	ns->joins.v = arena_new_array(c->arena, struct plan_join, n);
	for (size_t i = 0; i < n; i++) {
		const struct spec_namespace *entry = &c->linux_->namespaces.v[i];

		if (entry->type < 1 || entry->type > SPEC_NS_COUNT || (seen & 1u << entry->type))
			return fail(e, ERR_CONFIG, "linux.namespaces[%zu].type: %s is named twice",
				    i, ns_name(entry->type));
		seen |= 1u << entry->type;
		if (entry_is_networks(c, entry))
			continue;
		if (entry->path) {
			if (namespace_join(c, i, e) < 0)
				return -1;
		} else {
			ns->clone_flags |= clone_flag(entry->type);
			ns->new_time |= entry->type == SPEC_NS_TIME;
			ns->new_cgroup |= entry->type == SPEC_NS_CGROUP;
		}
	}
	return 0;
}

/* sethostname() in the runtime's own namespace would rename the host. */
static int namespaces_check_uts(const struct plan_context *c, struct err *e)
{
	if ((!c->plan->hostname && !c->plan->domainname) ||
	    plan_namespace_is_separate(c, SPEC_NS_UTS))
		return 0;
	return fail(e, ERR_CONFIG, "%s: needs a uts namespace other than the host's",
		    c->plan->hostname ? "hostname" : "domainname");
}

int plan_namespaces(struct plan_context *c, struct err *e)
{
	struct plan_namespaces *ns = &c->plan->namespaces;

	ns->network = c->verdict->network.join;
	if (namespaces_walk(c, e) < 0)
		return -1;
	ns->new_user = ns->clone_flags & CLONE_NEWUSER;
	if (ns->network == NETWORK_EARLY || ns->network == NETWORK_LATE) {
		if (network_of_policy(c, e) < 0)
			return -1;
	} else if (network_of_config(c, e) < 0) {
		return -1;
	}
	ns->new_mount = ns->clone_flags & CLONE_NEWNS;
	ns->new_pid = ns->clone_flags & CLONE_NEWPID;
	ns->new_network = ns->clone_flags & CLONE_NEWNET;
	ns->host_mounts = !spec_namespace_find(c->spec, SPEC_NS_MOUNT);
	if (!ns->new_mount && !ns->host_mounts && !plan_namespace_is_separate(c, SPEC_NS_MOUNT))
		return fail(e, ERR_CONFIG, "linux.namespaces: a mount namespace is needed");
	if (join_check_mounts(c, e) < 0)
		return -1;
	/* setns(2): a process with threads enters none */
	if (ns->late_by_thread && plan_join_of(c->plan, SPEC_NS_MOUNT))
		return fail(
			e, ERR_CONFIG,
			"linux.namespaces: with a user namespace and a new network a container cannot join a mount namespace; let it have a new one");
	return namespaces_check_uts(c, e);
}

int plan_net_devices(struct plan_context *c, struct err *e)
{
	struct plan *plan = c->plan;
	size_t n = c->linux_->net_devices.n;

	if (n == 0)
		return 0;
	/* The runtime's own would take it from nowhere to nowhere. */
	if (!plan_namespace_is_separate(c, SPEC_NS_NETWORK))
		return fail(
			e, ERR_CONFIG,
			"linux.netDevices: needs a network namespace that is not the runtime's own");
	plan->net_devices.v = arena_new_array(c->arena, struct plan_net_device, n);
	for (size_t i = 0; i < n; i++) {
		const struct spec_net_device *from = &c->linux_->net_devices.v[i];
		plan->net_devices.v[plan->net_devices.n++] = (struct plan_net_device){
			.name = from->key,
			.inside = str_empty(from->name) ? from->key : from->name,
		};
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The built-in policy: what holds where there is no policy file, and for every key that a policy file
 * leaves out. contrib/policy.json says the same in JSON; a test compares the two. Pure.
 */
#include "policy/policy.h"

#define DEFAULT_NETWORK "/run/netns/distros"
/* Long enough for hooks that pull an image or wait for a network. */
#define DEFAULT_HOOK_TIMEOUT_S 240

static struct policy_network *default_network(struct arena *arena, const char *path)
{
	struct policy_network *network = arena_new(arena, struct policy_network);

	network->namespace_ = arena_strdup(arena, path);
	network->requested = arena_new(arena, struct policy_requested);
	network->requested->host = POLICY_REWRITE;
	network->requested->path = POLICY_REWRITE;
	network->requested->fresh = POLICY_LATE;
	network->allow_host = (struct opt_bool){ .set = true, .value = false };
	network->admin = (struct opt_bool){ .set = true, .value = false };
	network->sysctls.word = arena_strdup(arena, "drop");
	network->lock = POLICY_LOCK_OPEN;
	network->abstract_sockets = POLICY_SOCKETS_SHARED;
	network->peer_descriptors = PEERS_REFUSED;
	network->resolv_conf = arena_strdup(arena, "auto");
	network->hosts = arena_strdup(arena, "auto");
	return network;
}

static struct policy_namespaces *default_namespaces(struct arena *arena)
{
	struct policy_namespaces *namespaces = arena_new(arena, struct policy_namespaces);

	namespaces->pid = POLICY_FRESH;
	namespaces->mount = POLICY_FRESH;
	namespaces->ipc = POLICY_ISOLATED;
	namespaces->uts = POLICY_ISOLATED;
	namespaces->cgroup = POLICY_ISOLATED;
	namespaces->user = arena_new(arena, struct json_value);
	namespaces->user->kind = JSON_STRING;
	namespaces->user->text = arena_strdup(arena, "requested");
	namespaces->time = POLICY_REQUESTED;
	return namespaces;
}

/* Written as [], so that a policy in force has every key. */
static struct strlist nothing(struct arena *arena)
{
	return (struct strlist){ .v = arena_new_array(arena, char *, 1) };
}

uint32_t policy_hook_timeout(const struct policy *policy)
{
	const struct policy_hooks *hooks = policy ? policy->hooks : NULL;

	return hooks && hooks->timeout.set ? hooks->timeout.value : DEFAULT_HOOK_TIMEOUT_S;
}

struct policy *policy_default(struct arena *arena, const char *rootless_network)
{
	struct policy *policy = arena_new(arena, struct policy);

	policy->version = POLICY_VERSION;
	policy->mode = POLICY_ENFORCE;
	policy->network =
		default_network(arena, rootless_network ? rootless_network : DEFAULT_NETWORK);
	policy->namespaces = default_namespaces(arena);
	policy->proc_sys = POLICY_REWRITE;
	policy->kernel_mounts = POLICY_KERNEL_OWN;
	policy->privileged = POLICY_PRIVILEGED_ALLOW;
	policy->cgroup = arena_new(arena, struct policy_cgroup);
	policy->cgroup->overlap = POLICY_OVERLAP_REFUSED;
	policy->hooks = arena_new(arena, struct policy_hooks);
	policy->hooks->timeout = (struct opt_u32){ .set = true, .value = DEFAULT_HOOK_TIMEOUT_S };
	policy->hooks->output = nothing(arena);
	policy->criu = arena_new(arena, struct policy_criu);
	policy->criu->config = nothing(arena);
	return policy;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy file: bytes to a complete struct policy. The tables check shapes; here are the values
 * that a table cannot know, what is named in the manual but not carried out yet, and the defaults.
 * Pure: the file was found, trusted and read elsewhere.
 */
#include "policy/policy.h"
#include "policy/sysctl.h"

struct policy_text {
	const struct json_source *source;
	const struct json_value *root;
	struct arena *arena;
};

static bool is_absolute(const char *path)
{
	return path && path[0] == '/';
}

/* Where a key stands in the text; the document's start for one that is absent. */
static const struct json_value *key_at(const struct policy_text *text, const char *group,
				       const char *key)
{
	const struct json_value *parent = group ? json_get(text->root, group) : text->root;
	const struct json_value *value = json_get(parent, key);

	return value ? value : text->root;
}

/* Looked at before anything else: a later version's keys would only be reported as unknown. A version
 * that is missing or no number is reported by the table. */
static int check_version(const struct policy_text *text, struct err *e)
{
	const struct json_value *version = json_get(text->root, "version");
	int64_t number = 0;

	if (!version || version->kind != JSON_NUMBER ||
	    (parse_i64(version->text, &number) && number == POLICY_VERSION))
		return 0;
	return json_fail(text->source, version, e, "version: must be %d, is %s", POLICY_VERSION,
			 version->text);
}

static int check_sysctls(const struct policy_text *text, const struct policy_network *network,
			 struct err *e)
{
	const struct json_value *at = key_at(text, "network", "sysctls");
	const struct strlist *names = &network->sysctls.list;
	const char *word = network->sysctls.word;

	if (word && !str_eq(word, "drop") && !str_eq(word, "refuse"))
		return json_fail(text->source, at, e,
				 "network.sysctls: must be \"drop\", \"refuse\" or a list of "
				 "names, is \"%s\"",
				 word);
	for (size_t i = 0; i < names->n; i++)
		if (sysctl_kind(names->v[i], text->arena) != SYSCTL_NETWORK)
			return json_fail(text->source, at, e,
					 "network.sysctls[%zu]: \"%s\" is not the name of a net.* "
					 "sysctl",
					 i, names->v[i]);
	return 0;
}

static int check_file_choice(const struct policy_text *text, const char *key, const char *value,
			     struct err *e)
{
	if (!value || str_eq(value, "auto") || str_eq(value, "engine") || is_absolute(value))
		return 0;
	return json_fail(text->source, key_at(text, "network", key), e,
			 "network.%s: must be \"auto\", \"engine\" or an absolute path, is \"%s\"",
			 key, value);
}

static int check_network(const struct policy_text *text, const struct policy_network *network,
			 struct err *e)
{
	const char *namespace_ = network->namespace_;

	if (namespace_ && !str_eq(namespace_, "self") && !str_eq(namespace_, "requested") &&
	    !is_absolute(namespace_))
		return json_fail(text->source, key_at(text, "network", "namespace"), e,
				 "network.namespace: must be an absolute path, \"self\" or "
				 "\"requested\", is \"%s\"",
				 namespace_);
	if (check_sysctls(text, network, e) < 0 ||
	    check_file_choice(text, "resolvConf", network->resolv_conf, e) < 0)
		return -1;
	return check_file_choice(text, "hosts", network->hosts, e);
}

static int not_yet(const struct policy_text *text, const char *group, const char *key,
		   const char *value, struct err *e)
{
	return json_fail(text->source, key_at(text, group, key), e,
			 "%s%s%s%s%s%s is not supported yet", group ? group : "", group ? "." : "",
			 key, value ? ": \"" : "", value ? value : "", value ? "\"" : "");
}

/* A key that is accepted and does nothing would be believed: so each of these is an error. */
static int check_supported(const struct policy_text *text, const struct policy *policy,
			   struct err *e)
{
	const struct {
		const char *key;
		const struct json_value *value;
	} later[] = {
		{ "capabilities", policy->capabilities },
		{ "share", policy->share },
		{ "hostname", policy->hostname },
		{ "systemd", policy->systemd },
		{ "audit", policy->audit },
		{ "distros", policy->distros },
	};

	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		if (later[i].value)
			return not_yet(text, NULL, later[i].key, NULL, e);
	if (policy->privileged == POLICY_PRIVILEGED_STRIP)
		return not_yet(text, NULL, "privileged", "strip", e);
	if (policy->privileged == POLICY_PRIVILEGED_REFUSE)
		return not_yet(text, NULL, "privileged", "refuse", e);
	if (!policy->network)
		return 0;
	if (policy->network->lock == POLICY_LOCK_STRICT)
		return not_yet(text, "network", "lock", "strict", e);
	if (policy->network->abstract_sockets == POLICY_SOCKETS_ISOLATED)
		return not_yet(text, "network", "abstractSockets", "isolated", e);
	if (policy->network->ports)
		return not_yet(text, "network", "ports", NULL, e);
	return 0;
}

static int check_user_namespace(const struct policy_text *text,
				const struct policy_namespaces *namespaces, struct err *e)
{
	const struct json_value *user = namespaces->user;

	if (!user || (user->kind == JSON_STRING && str_eq(user->text, "requested")))
		return 0;
	if (json_get(user, "auto") || (user->kind == JSON_STRING && str_eq(user->text, "auto")))
		return not_yet(text, "namespaces", "user", "auto", e);
	return json_fail(text->source, user, e, "namespaces.user: must be \"requested\"");
}

static void fill_word(int *value, int from)
{
	if (!*value)
		*value = from;
}

static void fill_text(char **value, char *from)
{
	if (!*value)
		*value = from;
}

static void fill_bool(struct opt_bool *value, struct opt_bool from)
{
	if (!value->set)
		*value = from;
}

static void fill_network(struct policy_network *network, const struct policy_network *from,
			 struct arena *arena)
{
	if (!network->requested)
		network->requested = arena_new(arena, struct policy_requested);
	fill_word(&network->requested->host, from->requested->host);
	fill_word(&network->requested->path, from->requested->path);
	fill_word(&network->requested->fresh, from->requested->fresh);
	fill_text(&network->namespace_, from->namespace_);
	fill_bool(&network->allow_host, from->allow_host);
	fill_bool(&network->admin, from->admin);
	if (!network->sysctls.word && !network->sysctls.list.v)
		network->sysctls = from->sysctls;
	fill_word(&network->lock, from->lock);
	fill_word(&network->abstract_sockets, from->abstract_sockets);
	fill_word(&network->peer_descriptors, from->peer_descriptors);
	fill_text(&network->resolv_conf, from->resolv_conf);
	fill_text(&network->hosts, from->hosts);
}

static void fill_namespaces(struct policy_namespaces *namespaces,
			    const struct policy_namespaces *from)
{
	fill_word(&namespaces->pid, from->pid);
	fill_word(&namespaces->mount, from->mount);
	fill_word(&namespaces->ipc, from->ipc);
	fill_word(&namespaces->uts, from->uts);
	fill_word(&namespaces->cgroup, from->cgroup);
	if (!namespaces->user)
		namespaces->user = from->user;
	fill_word(&namespaces->time, from->time);
}

static void fill_hooks(struct policy_hooks *hooks, const struct policy_hooks *from)
{
	if (!hooks->output.v)
		hooks->output = from->output;
	if (!hooks->timeout.set)
		hooks->timeout = from->timeout;
}

static void fill_policy(struct policy *policy, const struct policy *from, struct arena *arena)
{
	if (!policy->network)
		policy->network = arena_new(arena, struct policy_network);
	if (!policy->namespaces)
		policy->namespaces = arena_new(arena, struct policy_namespaces);
	fill_word(&policy->mode, from->mode);
	fill_network(policy->network, from->network, arena);
	fill_namespaces(policy->namespaces, from->namespaces);
	if (!policy->cgroup)
		policy->cgroup = arena_new(arena, struct policy_cgroup);
	if (!policy->hooks)
		policy->hooks = arena_new(arena, struct policy_hooks);
	if (!policy->criu || !policy->criu->config.v)
		policy->criu = from->criu;
	fill_word(&policy->proc_sys, from->proc_sys);
	fill_word(&policy->kernel_mounts, from->kernel_mounts);
	fill_word(&policy->privileged, from->privileged);
	fill_word(&policy->cgroup->overlap, from->cgroup->overlap);
	fill_hooks(policy->hooks, from->hooks);
}

/* Names of the host: a relative one would depend on where the runtime is started. */
static int check_paths(const struct policy_text *text, const char *group, const char *key,
		       const struct strlist *paths, struct err *e)
{
	for (size_t i = 0; i < paths->n; i++)
		if (!is_absolute(paths->v[i]))
			return json_fail(text->source, key_at(text, group, key), e,
					 "%s.%s[%zu]: must be an absolute path, is \"%s\"", group,
					 key, i, paths->v[i]);
	return 0;
}

static int check_hooks(const struct policy_text *text, const struct policy_hooks *hooks,
		       struct err *e)
{
	if (hooks->timeout.set && hooks->timeout.value == 0)
		return json_fail(text->source, key_at(text, "hooks", "timeout"), e,
				 "hooks.timeout: must be a number of seconds above 0, is 0");
	return check_paths(text, "hooks", "output", &hooks->output, e);
}

static int decode_checked(const struct policy_text *text, const struct policy *policy,
			  struct err *e)
{
	if (check_supported(text, policy, e) < 0)
		return -1;
	if (policy->network && check_network(text, policy->network, e) < 0)
		return -1;
	if (policy->namespaces && check_user_namespace(text, policy->namespaces, e) < 0)
		return -1;
	if (policy->hooks && check_hooks(text, policy->hooks, e) < 0)
		return -1;
	if (policy->criu && check_paths(text, "criu", "config", &policy->criu->config, e) < 0)
		return -1;
	return 0;
}

/* A broken policy file is no fault of the config: engines and tests look at the kind. */
static int policy_error(struct err *e)
{
	if (e->kind == ERR_CONFIG)
		e->kind = ERR_POLICY;
	return -1;
}

int policy_decode(const char *text, size_t length, const char *name, const struct policy *defaults,
		  struct arena *arena, struct policy **ret, struct err *e)
{
	struct json_source source = { .name = name, .text = text, .length = length };
	struct policy_text at = { .source = &source, .arena = arena };
	struct policy *policy = arena_new(arena, struct policy);
	struct json_value *root = NULL;

	if (json_parse(&source, arena, &root, e) < 0)
		return policy_error(e);
	at.root = root;
	if (check_version(&at, e) < 0 ||
	    fields_decode(&policy_fields, &source, root, arena, policy, e) < 0 ||
	    decode_checked(&at, policy, e) < 0)
		return policy_error(e);
	fill_policy(policy, defaults, arena);
	*ret = policy;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict: a straight list of rules over a copy of the request. Pure.
 */
#include "policy/rules.h"

#include "base/auto.h"
#include "policy/pointer.h"

/* In this order: what network it is comes before what may be done in it, and /proc after the PID
 * namespace that it shows. */
const struct rule policy_rules[] = {
	{ "namespaces", rule_namespace_entries,
	  "Each type of namespace is named at most once and with a path that is not empty, so that "
	  "no "
	  "two readers of the config see two different networks." },
	{ "network.namespace", rule_network_namespace,
	  "All containers share one network namespace, which exists before any of them, is a "
	  "network "
	  "namespace, and belongs to the caller." },
	{ "network.allowHost", rule_network_allow_host,
	  "The host's own network is nobody's to share by accident." },
	{ "network.requested.host", rule_network_requested_host,
	  "A request for the host's network is answered with the shared one." },
	{ "network.requested.path", rule_network_requested_path,
	  "A network that the engine has made and named stays untouched as its decoy; the "
	  "container "
	  "is born in the shared one." },
	{ "network.requested.new", rule_network_requested_new,
	  "A network that the engine sets up after create must not be the shared one, so the "
	  "container enters that at start only." },
	{ "network.membership", rule_network_membership,
	  "Living containers keep the name of their network, so that one network cannot become two "
	  "without a word." },
	{ "namespaces.pid", rule_namespace_pid,
	  "No container sees the processes of the host, nor those of another one." },
	{ "namespaces.mount", rule_namespace_mount,
	  "No container changes the mounts of the host, nor those of another one." },
	{ "namespaces.ipc", rule_namespace_ipc,
	  "System V IPC and POSIX message queues are shared within a pod at most." },
	{ "namespaces.uts", rule_namespace_uts, "No container renames the host." },
	{ "namespaces.cgroup", rule_namespace_cgroup,
	  "A container sees its own cgroup as the root, so that two service managers do not "
	  "clash." },
	{ "mounts.proc", rule_mounts_proc,
	  "Where the PID namespace was not asked for, /proc must not go on showing the host's "
	  "processes." },
	{ "network.devices", rule_network_devices,
	  "Links of the host do not move into the shared network." },
	{ "network.sysctls", rule_network_sysctls,
	  "A net.* sysctl of one container would change the network of all." },
	{ "network.admin", rule_network_admin,
	  "Without CAP_NET_ADMIN and CAP_NET_RAW nobody changes, sniffs or spoofs everybody's "
	  "network." },
	{ "network.peerDescriptors", rule_network_peer_descriptors,
	  "What a distribution has open is not for whoever has a socket in common with it." },
	{ "network.resolvConf", rule_network_resolv_conf,
	  "The resolver's configuration belongs to the network, not to the engine that prepared "
	  "another one." },
	{ "network.hosts", rule_network_hosts,
	  "The names of hosts belong to the network, not to the engine that prepared another "
	  "one." },
	{ "procSys", rule_proc_sys,
	  "Root without any capability can write most of /proc/sys/net, so /proc/sys is "
	  "read-only." },
	{ "cgroup.overlap", rule_cgroup_overlap,
	  "What ends, freezes or limits one container's group must not reach another container." },
	{ "kernelMounts", rule_kernel_mounts,
	  "File systems of the kernel's that come from the host or lie in the image are the "
	  "container's own, or read-only." },
	{ "privileged", rule_privileged,
	  "What CAP_SYS_ADMIN or access to every device can undo is said, not passed over." },
	{ "hooks.output", rule_hooks_output,
	  "What the output of hooks is written to is chosen by whoever may set annotations, who is "
	  "not root of the host." },
	{ "criu.config", rule_criu_config,
	  "A configuration of criu can name scripts that run as root, so it must be root's own." },
	{ NULL, NULL, NULL },
};

/* --- where in the text --- */

/* Looking for a place takes as long as the text, and a config can be refused for tens of thousands of them:
 * more than a message has room for. */
#define PLACES_MAX 64

/* "/linux/namespaces/6": 6, and the length of what stands before it. */
static bool last_index(const char *path, size_t *ret_parent, uint64_t *ret)
{
	const char *slash = strrchr(path, '/');

	if (!slash || !parse_u64(slash + 1, ret))
		return false;
	*ret_parent = (size_t)(slash - path);
	return true;
}

/* Whether an earlier decision has put or taken an element before this one of the same list: then its
 * number is not that of the text. */
static bool is_moved(const struct decisions *decisions, size_t index, size_t *ret_parent)
{
	const char *path = decisions->v[index].path;
	uint64_t number, other;
	size_t parent;

	if (!last_index(path, ret_parent, &number))
		return false;
	for (size_t i = 0; i < index; i++) {
		const struct decision *earlier = &decisions->v[i];

		if ((earlier->action == DECISION_ADD || earlier->action == DECISION_DROP) &&
		    last_index(earlier->path, &parent, &other) && parent == *ret_parent &&
		    strncmp(earlier->path, path, parent) == 0 && other <= number)
			return true;
	}
	return false;
}

static void place(const struct json_source *source, const struct json_value *root,
		  const struct decisions *decisions, size_t index, struct arena *arena)
{
	struct decision *decision = &decisions->v[index];
	const char *pointer = decision->path;
	const struct json_value *at;
	size_t parent;

	if (is_moved(decisions, index, &parent))
		pointer = arena_strndup(arena, pointer, parent);
	at = pointer_nearest(root, pointer, arena);
	/* the whole is no place */
	if (at == root)
		return;
	decision->line.set = decision->column.set = true;
	json_position(source, at->offset, &decision->line.value, &decision->column.value);
}

/* The text is parsed once more, and only where something is refused. */
static void place_refusals(const struct spec *request, const struct decisions *decisions,
			   struct arena *arena)
{
	const struct json_source source = {
		.name = "config.json",
		.text = request->text,
		.length = request->text_length,
	};
	autoarena tree = { 0 };
	struct json_value *root = NULL;
	struct err ignored;
	size_t places = 0;

	for (size_t i = 0; i < decisions->n && places < PLACES_MAX; i++) {
		const struct decision *decision = &decisions->v[i];

		if (decision->action != DECISION_REFUSE || str_empty(decision->path))
			continue;
		if (!root && (!source.text || json_parse(&source, &tree, &root, &ignored) < 0))
			return;
		place(&source, root, decisions, i, arena);
		places++;
	}
}

static bool has_refusal(const struct decisions *decisions)
{
	for (size_t i = 0; i < decisions->n; i++)
		if (decisions->v[i].action == DECISION_REFUSE)
			return true;
	return false;
}

static void enforce(const struct application *a, struct verdict *ret)
{
	const struct ns_facts *network = a->facts->network;

	ret->spec = a->edit.spec;
	ret->network = a->network;
	ret->confinement = a->confinement;
	ret->refused = has_refusal(&a->edit.decisions);
	ret->group_exclusive = policy_is_group_exclusive(a->policy);
	ret->kernel_own = a->policy->kernel_mounts == POLICY_KERNEL_OWN;
	ret->added_files = a->added_files;
	ret->hosts_text = a->hosts_text;
	ret->resolv_conf_text = a->resolv_conf_text;
	if (network_is_shared(a) && network && !network->problem) {
		ret->network_path = arena_strdup(a->edit.arena, network->path);
		ret->network_cookie = network->cookie;
	}
}

/* The decisions are those of enforce to the letter; only nothing comes of them. */
static void observe(const struct spec *request, struct arena *arena, struct verdict *ret)
{
	ret->spec = spec_copy(request, arena);
	ret->network = network_of_request(request);
	ret->confinement.peer_descriptors = PEERS_OPEN;
	ret->observed = true;
}

void policy_apply(const struct spec *request, const struct policy *policy,
		  const struct facts *facts, struct arena *arena, struct verdict *ret)
{
	struct application a = {
		.edit = { .spec = spec_copy(request, arena), .arena = arena },
		.policy = policy,
		.facts = facts,
		.network = network_of_request(request),
	};

	for (const struct rule *rule = policy_rules; rule->id; rule++)
		rule->apply(&a, rule->id);
	place_refusals(request, &a.edit.decisions, arena);

	*ret = (struct verdict){ .decisions = a.edit.decisions };
	if (policy->mode == POLICY_OBSERVE)
		observe(request, arena, ret);
	else
		enforce(&a, ret);
}

/* A copy that can be changed; the tables' walk of a whole spec serves for a part of one, too. */
static struct spec *spec_of_process(const struct spec_process *process, struct arena *arena)
{
	struct spec *spec = arena_new(arena, struct spec);
	struct spec_process copy = *process;

	spec->process = &copy;
	return spec_copy(spec, arena);
}

void policy_apply_process(const struct spec_process *request, const struct policy *policy,
			  struct arena *arena, struct verdict *ret)
{
	struct application a = {
		.edit = { .spec = spec_of_process(request, arena), .arena = arena },
		.policy = policy,
	};

	rule_network_admin(&a, "network.admin");
	rule_privileged(&a, "privileged");

	*ret = (struct verdict){ .decisions = a.edit.decisions };
	ret->observed = policy->mode == POLICY_OBSERVE;
	ret->spec = ret->observed ? spec_of_process(request, arena) : a.edit.spec;
	ret->refused = !ret->observed && has_refusal(&a.edit.decisions);
}

void policy_apply_mounts(const struct spec *request, const struct policy *policy,
			 const struct facts *facts, struct arena *arena, struct verdict *ret)
{
	struct application a = {
		.edit = { .spec = spec_copy(request, arena), .arena = arena },
		.policy = policy,
		.facts = facts,
		.network = network_of_request(request),
	};

	rule_kernel_mounts(&a, "kernelMounts");
	*ret = (struct verdict){ .decisions = a.edit.decisions };
	ret->observed = policy->mode == POLICY_OBSERVE;
	ret->spec = ret->observed ? spec_copy(request, arena) : a.edit.spec;
	ret->refused = !ret->observed && has_refusal(&a.edit.decisions);
	ret->kernel_own = !ret->observed && policy->kernel_mounts == POLICY_KERNEL_OWN;
	ret->network = a.network;
}

static void put_refusal(const struct decision *decision, const char *config_name,
			struct strbuf *out)
{
	if (config_name && decision->line.set)
		strbuf_show(out, "%s:%u:%u: ", config_name, decision->line.value,
			    decision->column.value);
	strbuf_show(out, "%s: %s", decision->rule, decision->why);
}

int policy_refusal(const struct verdict *verdict, const char *config_name, struct err *e)
{
	autostrbuf text = { 0 };
	size_t left_out = 0;

	for (size_t i = 0; i < verdict->decisions.n; i++) {
		const struct decision *decision = &verdict->decisions.v[i];
		/* room for the last line, so that no remedy is cut in the middle */
		const size_t room = ERR_TEXT_MAX - 64;
		autostrbuf line = { 0 };

		if (decision->action != DECISION_REFUSE)
			continue;
		put_refusal(decision, config_name, &line);
		if (text.length && text.length + line.length > room)
			left_out++;
		else
			strbuf_printf(&text, "%s%s", text.length ? "\n" : "", strbuf_text(&line));
	}
	if (left_out)
		strbuf_printf(&text, "\n(and %zu more; `distro-shim explain` has all)", left_out);
	return fail_lines(e, ERR_POLICY, strbuf_text(&text));
}

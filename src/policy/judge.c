/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judge: a straight list of rules over a copy of the request, and nothing else that decides. Pure.
 */
#include "policy/rules.h"

#include "base/auto.h"
#include "base/pointer.h"

/* In this order: what network it is comes before what may be done in it, /proc after the PID namespace that it shows,
 * what depends on a capability after the rules that may take it, and systemd last of what mounts: what is there
 * by then, and is the container's own by then, stays. */
const struct rule policy_rules[] = {
	{ "annotations", PATH_NEW | RULE_ALWAYS, rule_annotations,
	  "Annotations and environment variables that name the filter's listener are treated as if linux.seccomp named it, and none loads code into the runtime." },
	{ "namespaces", PATH_NEW, rule_namespace_entries,
	  "Each type of namespace is named at most once and with a path that is not empty, so that no two readers of the config see two different networks." },
	{ "networks", PATH_NEW, rule_networks,
	  "Of several networks each container has the one that the administrator's file gives it, and what that network permits." },
	{ "network.namespace", PATH_NEW, rule_network_namespace,
	  "All containers share one network namespace, which exists before any of them, is a network namespace, and belongs to the caller." },
	{ "network.allowHost", PATH_NEW, rule_network_allow_host,
	  "The host's own network is never shared by accident." },
	{ "network.requested.host", PATH_NEW, rule_network_requested_host,
	  "A request for the host's network is answered with the shared one." },
	{ "network.requested.path", PATH_NEW, rule_network_requested_path,
	  "A network that the engine has made and named stays untouched as its decoy; the container is born in the shared one." },
	{ "network.requested.new", PATH_NEW, rule_network_requested_new,
	  "A network that the engine sets up after create must not be the shared one, so the container enters that at start only." },
	{ "network.membership", PATH_NEW, rule_network_membership,
	  "Running containers keep the name of their network, so that one network cannot silently become two." },
	{ "network.forward", PATH_NEW, rule_network_forward,
	  "What an engine publishes in a network of its own leads to the container, which is in the shared one." },
	{ "network.address", PATH_NEW, rule_network_address,
	  "Containers listen at the same ports, each at an address of its own, although they share one network." },
	{ "namespaces.pid", PATH_NEW, rule_namespace_pid,
	  "No container sees the processes of the host, nor those of another one." },
	{ "namespaces.mount", PATH_NEW, rule_namespace_mount,
	  "No container changes the mounts of the host, nor those of another one." },
	{ "namespaces.ipc", PATH_NEW, rule_namespace_ipc,
	  "System V IPC and POSIX message queues are shared within a pod at most." },
	{ "namespaces.uts", PATH_NEW, rule_namespace_uts, "No container renames the host." },
	{ "hostname", PATH_CREATE, rule_hostname,
	  "Distributions are told apart by their host names, in a prompt and in what they log." },
	{ "namespaces.cgroup", PATH_NEW, rule_namespace_cgroup,
	  "A container sees its own cgroup as the root, so that two service managers do not clash." },
	{ "namespaces.user", PATH_NEW, rule_namespace_user,
	  "Root of a container is not root of the host, and no two containers have an id in common." },
	{ "mounts.proc", PATH_NEW, rule_mounts_proc,
	  "If the PID namespace was not asked for, /proc must not go on showing the host's processes." },
	{ "network.devices", PATH_NEW, rule_network_devices,
	  "Links of the host do not move into the shared network." },
	{ "network.sysctls", PATH_NEW, rule_network_sysctls,
	  "A net.* sysctl of one container would change the network of all." },
	{ "network.admin", PATH_NEW | PATH_EXEC | PATH_RESTORED, rule_network_admin,
	  "Without CAP_NET_ADMIN and CAP_NET_RAW no container changes, sniffs or spoofs the shared network." },
	{ "capabilities.remove", PATH_NEW | PATH_EXEC | PATH_RESTORED, rule_capabilities_remove,
	  "No container has more capabilities than its administrator wants for any." },
	{ "privileged", PATH_NEW | PATH_EXEC | PATH_RESTORED, rule_privileged,
	  "What CAP_SYS_ADMIN and its like or devices of the host can undo is taken away, refused or at least reported." },
	{ "network.lock", PATH_NEW, rule_network_lock,
	  "A network of its own, which every process can have by a user namespace, would be a way around the shared one and what guards it." },
	{ "network.peerDescriptors", PATH_NEW, rule_network_peer_descriptors,
	  "Sharing a socket with a distribution does not give access to what that distribution has open." },
	{ "network.resolvConf", PATH_NEW | PATH_MOUNTS, rule_network_resolv_conf,
	  "The resolver's configuration belongs to the network, not to the engine that prepared another one." },
	{ "network.hosts", PATH_NEW | PATH_MOUNTS, rule_network_hosts,
	  "The names of hosts belong to the network, not to the engine that prepared another one." },
	{ "share", PATH_NEW, rule_share,
	  "Distributions exchange files in one place, as WSL's do in /mnt/wsl, and no unmount in one reaches another." },
	{ "procSys", PATH_NEW, rule_proc_sys,
	  "Root without any capability can write most of /proc/sys/net, so /proc/sys is read-only." },
	{ "cgroup.parent", PATH_NEW, rule_cgroup_parent,
	  "All containers lie in one control group, which is shown, limited and ended as one." },
	{ "cgroup.reserve", PATH_NEW, rule_cgroup_reserve,
	  "What containers use together leaves the host enough to go on." },
	{ "cgroup.overlap", PATH_NEW, rule_cgroup_overlap,
	  "What ends, freezes or limits one container's group must not reach another container." },
	{ "kernelMounts", PATH_NEW | PATH_MOUNTS, rule_kernel_mounts,
	  "Kernel file systems that come from the host or lie in the image are the container's own, or read-only." },
	{ "systemd", PATH_NEW, rule_systemd,
	  "A distribution boots its own systemd under any engine, without options of that engine or changes to its files." },
	{ "hooks.allow", PATH_NEW, rule_hooks_allow,
	  "Hooks run as root on the host, where nothing confines them, so the policy can say which may run." },
	{ "hooks.output", PATH_NEW, rule_hooks_output,
	  "The file that hooks write their output to is chosen by the user who sets annotations, who need not be root on the host." },
	{ "criu.config", PATH_NEW, rule_criu_config,
	  "A configuration of criu can name scripts that run as root, so it must belong to root." },
	{ NULL, 0, NULL, NULL },
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
	/* the whole is not a place */
	if (at == root)
		return;
	decision->line.set = decision->column.set = true;
	json_position(source, at->offset, &decision->line.value, &decision->column.value);
}

/* The text is parsed once more, and only if something is refused. */
static void locate_refusals(const struct spec *request, const struct decisions *decisions,
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

static void enforce(const struct judgement *j, struct verdict *ret)
{
	const struct ns_facts *network = j->facts->network;

	ret->spec = j->edit.spec;
	ret->network = j->network;
	ret->confinement = j->confinement;
	ret->ids = j->ids;
	ret->forward = j->forward;
	ret->address = j->address;
	ret->refused = has_refusal(&j->edit.decisions);
	ret->group_exclusive = policy_is_group_exclusive(j->policy);
	ret->parent = j->parent;
	ret->kernel_own = j->policy->kernel_mounts == POLICY_KERNEL_OWN;
	ret->added_files = j->added_files;
	ret->hosts_text = j->hosts_text;
	ret->resolv_conf_text = j->resolv_conf_text;
	if (network_is_shared(j) && network && !network->problem) {
		ret->network.path = arena_strdup(j->edit.arena, network->path);
		ret->network.cookie = network->cookie;
	}
}

/* The decisions are exactly those of enforce, without effect. `asked`: the request, as the rules
 * that always hold have left it. */
static void observe(struct spec *asked, const struct judgement *j, struct verdict *ret)
{
	ret->spec = asked;
	ret->network = j->network;
	ret->network.join = network_of_request(asked);
	ret->confinement = confinement_open;
	ret->observed = true;
}

/* Of what is enforced, for errors when that cannot be done. */
static void name_keys(const struct judgement *j, struct confinement *confinement)
{
	const char *lock = key_place(j, "network.lock");
	const char *peers = key_place(j, "network.peerDescriptors");
	bool refused = confinement->peer_descriptors == PEERS_REFUSED;

	confinement->lock_key = lock;
	confinement->filter_keys = refused ? peers : NULL;
	if (confinement->lock == LOCK_STRICT)
		confinement->filter_keys =
			refused ? arena_printf(j->edit.arena, "%s and %s", lock, peers) : lock;
}

static void apply_rules(const struct rule *rules, struct judgement *j, unsigned always)
{
	for (const struct rule *rule = rules; rule->id; rule++)
		if (rule->paths & j->subject->path && (rule->paths & RULE_ALWAYS) == always)
			rule->apply(j, rule->id);
}

/* Its name and its entry. */
static struct network network_of_subject(const struct subject *subject)
{
	const struct selection *selection = subject->selection;
	const struct network *recorded = subject->network;

	if (selection)
		return (struct network){ .name = selection->network,
					 .entry = selection->entry,
					 .entry_keys = selection->entry_keys };
	if (recorded)
		return (struct network){ .name = recorded->name,
					 .entry = recorded->entry,
					 .entry_keys = recorded->entry_keys };
	return (struct network){ 0 };
}

void policy_judge_by(const struct rule *rules, const struct subject *subject,
		     const struct facts *facts, struct arena *arena, struct verdict *ret)
{
	static const struct spec nothing;
	const struct spec *request = subject->request ? subject->request : &nothing;
	struct spec *asked = NULL;
	bool refused;
	struct judgement j = {
		.edit = { .spec = spec_copy(request, arena), .arena = arena },
		.subject = subject,
		.policy = subject->policy,
		.facts = facts,
		.network = network_of_subject(subject),
		.confinement = confinement_open,
	};

	j.network.join = network_of_request(request);
	if (subject->confinement)
		j.confinement = *subject->confinement;
	apply_rules(rules, &j, RULE_ALWAYS);
	refused = has_refusal(&j.edit.decisions);
	if (j.policy->mode == POLICY_OBSERVE)
		asked = spec_copy(j.edit.spec, arena);
	apply_rules(rules, &j, 0);
	locate_refusals(request, &j.edit.decisions, arena);

	*ret = (struct verdict){
		.path = subject->path,
		.decisions = j.edit.decisions,
		.refused = refused,
	};
	if (asked)
		observe(asked, &j, ret);
	else
		enforce(&j, ret);
	name_keys(&j, &ret->confinement);
}

void policy_judge(const struct subject *subject, const struct facts *facts, struct arena *arena,
		  struct verdict *ret)
{
	policy_judge_by(policy_rules, subject, facts, arena, ret);
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

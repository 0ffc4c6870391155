/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for every verdict, for the unit test and the fuzzer. PROPERTY_FAILS(format, ...) is what happens
 * where one does not; the file that includes this defines it, and has included policy_generate.h.
 */
#ifndef TESTS_POLICY_PROPERTIES_H
#define TESTS_POLICY_PROPERTIES_H

#include "judge.h"
#include "policy/sysctl.h"

static char *encoded(const struct round *r, const struct fields *fields, const void *object)
{
	struct err e = { 0 };
	size_t length = 0;
	char *text = NULL;

	if (fields_encode_text(fields, object, false, r->arena, &text, &length, &e) < 0)
		PROPERTY_FAILS("%s: %s", r->name, e.text);
	return text;
}

static char *decisions_text(const struct round *r, const struct decisions *decisions)
{
	autostrbuf out = { 0 };

	decisions_print(decisions, &out);
	return text_of(r, strbuf_text(&out));
}

#define HOLDS(r, verdict, what)                                                               \
	do {                                                                                  \
		if (!(what))                                                                  \
			PROPERTY_FAILS("%s: %s\nrequest %s\npolicy %s\n%s", (r)->name, #what, \
				       encoded((r), &spec_fields, (r)->request),              \
				       encoded((r), &policy_fields, (r)->policy),             \
				       decisions_text((r), &(verdict)->decisions));           \
	} while (0)

static size_t count_entries(const struct spec *spec, int type, const struct spec_namespace **ret)
{
	size_t count = 0;

	*ret = NULL;
	for (size_t i = 0; spec->linux_ && i < spec->linux_->namespaces.n; i++)
		if (spec->linux_->namespaces.v[i].type == type) {
			*ret = &spec->linux_->namespaces.v[i];
			count++;
		}
	return count;
}

static bool is_host_path(const struct round *r, const char *path)
{
	const struct ns_facts *ns = facts_requested(r->facts, path);

	return !ns || ns->problem || ns->is_host || ns->is_self;
}

static void check_network(const struct round *r, const struct verdict *verdict)
{
	const bool kept = str_eq(r->policy->network->namespace_, "requested");
	const bool host = r->policy->network->allow_host.value;
	const struct spec_namespace *entry;
	size_t count = count_entries(verdict->spec, SPEC_NS_NETWORK, &entry);

	HOLDS(r, verdict, count <= 1);
	switch ((enum network_join)verdict->network.join) {
	case NETWORK_EARLY:
		HOLDS(r, verdict, !kept && entry && entry->path);
		HOLDS(r, verdict, str_eq(verdict->network.path, r->facts->network->path));
		HOLDS(r, verdict, verdict->network.cookie == r->facts->network->cookie);
		HOLDS(r, verdict,
		      str_eq(entry->path, verdict->network.path) ||
			      ns_facts_same(facts_requested(r->facts, entry->path),
					    r->facts->network));
		break;
	case NETWORK_LATE:
		HOLDS(r, verdict, !kept && entry && !entry->path && verdict->network.path);
		HOLDS(r, verdict, count_entries(verdict->spec, SPEC_NS_USER, &entry) == 0);
		break;
	case NETWORK_NEW:
		HOLDS(r, verdict, entry && !entry->path);
		HOLDS(r, verdict, kept || r->policy->network->requested->new_ == POLICY_KEEP);
		break;
	case NETWORK_PATH:
		HOLDS(r, verdict, kept && entry && (host || !is_host_path(r, entry->path)));
		break;
	case NETWORK_NONE:
		HOLDS(r, verdict, kept && host && !entry);
		break;
	default:
		HOLDS(r, verdict, !"a network");
	}
}

static void check_namespaces(const struct round *r, const struct verdict *verdict)
{
	const struct policy_namespaces *modes = r->policy->namespaces;
	const struct {
		int type, mode;
	} all[] = {
		{ SPEC_NS_PID, modes->pid },       { SPEC_NS_MOUNT, modes->mount },
		{ SPEC_NS_IPC, modes->ipc },       { SPEC_NS_UTS, modes->uts },
		{ SPEC_NS_CGROUP, modes->cgroup },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		const struct spec_namespace *entry;
		size_t count = count_entries(verdict->spec, all[i].type, &entry);

		if (all[i].mode == POLICY_REQUESTED)
			continue;
		HOLDS(r, verdict, count == 1);
		HOLDS(r, verdict, !entry->path || all[i].mode == POLICY_ISOLATED);
		HOLDS(r, verdict, !entry->path || !is_host_path(r, entry->path));
	}
}

static void check_set(const struct round *r, const struct verdict *verdict,
		      const struct strlist *from, const struct strlist *to)
{
	for (size_t i = 0; i < to->n; i++) {
		HOLDS(r, verdict, strlist_has(from, to->v[i]));
		HOLDS(r, verdict,
		      r->policy->network->admin.value ||
			      (!str_eq(to->v[i], "CAP_NET_ADMIN") &&
			       !str_eq(to->v[i], "CAP_NET_RAW") && !str_eq(to->v[i], "net_raw")));
	}
}

static void check_ceiling(const struct round *r, const struct verdict *verdict,
			  const struct spec_capabilities *all)
{
	const struct strlist *removed = &r->policy->capabilities->remove;
	bool none = strlist_has(removed, "all");

	HOLDS(r, verdict, !none || (all->bounding.n == 0 && all->ambient.n == 0));
	HOLDS(r, verdict,
	      !strlist_has(removed, "chown") || (!strlist_has(&all->bounding, "CAP_CHOWN") &&
						 !strlist_has(&all->effective, "CAP_CHOWN") &&
						 !strlist_has(&all->inheritable, "CAP_CHOWN")));
	HOLDS(r, verdict, !none || verdict->confinement.denied.n > 40);
}

static void check_capabilities(const struct round *r, const struct verdict *verdict)
{
	static const struct spec_capabilities none;
	const struct spec_capabilities *from, *to;

	if (!r->request->process)
		return;
	from = r->request->process->capabilities;
	to = verdict->spec->process->capabilities;
	HOLDS(r, verdict, to || r->policy->network->admin.value);
	if (!to)
		return;
	check_ceiling(r, verdict, to);
	from = from ? from : &none;
	check_set(r, verdict, &from->bounding, &to->bounding);
	check_set(r, verdict, &from->effective, &to->effective);
	check_set(r, verdict, &from->inheritable, &to->inheritable);
	check_set(r, verdict, &from->permitted, &to->permitted);
	check_set(r, verdict, &from->ambient, &to->ambient);
}

static void check_shares(const struct round *r, const struct verdict *verdict)
{
	for (size_t i = 0; i < r->policy->share.n; i++) {
		const char *destination = r->policy->share.v[i].destination;
		bool found = false;

		HOLDS(r, verdict, !r->facts->shares.v[i].problem);
		for (size_t k = 0; k < verdict->spec->mounts.n; k++)
			found = found ||
				str_eq(verdict->spec->mounts.v[k].destination, destination);
		HOLDS(r, verdict, found);
	}
}

static size_t count_mounts(const struct spec *spec, const char *destination)
{
	size_t count = 0;

	for (size_t i = 0; i < spec->mounts.n; i++)
		count += str_eq(spec->mounts.v[i].destination, destination);
	return count;
}

/* An init finds all of it, once; every other program starts as it was asked for. */
static void check_systemd(const struct round *r, const struct verdict *verdict)
{
	const struct spec_process *asked = r->request->process, *process = verdict->spec->process;
	const struct spec_namespace *pid;
	size_t run = count_mounts(r->request, "/run");
	bool wanted = r->policy->systemd.value && asked && asked->args.n &&
		      str_eq(asked->args.v[0], "/sbin/init") &&
		      count_entries(verdict->spec, SPEC_NS_PID, &pid) == 1 && !pid->path;

	if (!asked)
		return;
	HOLDS(r, verdict, process->args.n == asked->args.n + (wanted ? 3 : 0));
	HOLDS(r, verdict, count_mounts(verdict->spec, "/run") == (wanted && !run ? 1 : run));
	HOLDS(r, verdict,
	      !wanted || strlist_has(&process->env, "container=oci") ||
		      strlist_has(&process->env, "container=lxc") ||
		      strlist_has(&process->env, "container=podman"));
	HOLDS(r, verdict, !wanted || count_mounts(verdict->spec, "/tmp") == 1);
	HOLDS(r, verdict,
	      wanted || (process->env.n == asked->env.n &&
			 verdict->spec->annotations.n == r->request->annotations.n));
}

static void check_hostname(const struct round *r, const struct verdict *verdict)
{
	const struct spec_namespace *uts;
	bool own = count_entries(verdict->spec, SPEC_NS_UTS, &uts) == 1 && !uts->path &&
		   str_eq(r->facts->id, "c1") && r->policy->hostname == POLICY_HOSTNAME_ID;

	HOLDS(r, verdict, str_eq(verdict->spec->hostname, own ? "c1" : r->request->hostname));
}

/* Of a rule that allows everything nothing is left, nor a block device in another way. */
static void check_stripped(const struct round *r, const struct verdict *verdict)
{
	static const struct spec_capabilities none;
	const struct spec_process *process = verdict->spec->process;
	const struct spec_capabilities *all = process ? process->capabilities : &none;
	const struct spec_linux *linux_ = verdict->spec->linux_;
	const struct spec_resources *resources = linux_ ? linux_->resources : NULL;
	bool denied = false;

	if (r->policy->privileged == POLICY_PRIVILEGED_ALLOW)
		return;
	HOLDS(r, verdict, all && !strlist_has(&all->bounding, "CAP_SYS_ADMIN"));
	HOLDS(r, verdict, !strlist_has(&all->effective, "sys_ptrace"));
	HOLDS(r, verdict, !strlist_has(&all->ambient, "Cap_Bpf"));
	HOLDS(r, verdict,
	      !all->bounding.n || verdict->confinement.peer_descriptors == PEERS_REFUSED ||
		      r->policy->network->peer_descriptors == PEERS_OPEN);
	for (size_t i = linux_ ? linux_->devices.n : 0; i-- > 0;)
		HOLDS(r, verdict, !str_eq(linux_->devices.v[i].type, "b"));
	for (size_t i = resources ? resources->devices.n : 0; i-- > 0 && !denied;) {
		const struct spec_device_rule *rule = &resources->devices.v[i];
		bool any = (!rule->major.set || rule->major.value < 0) &&
			   (!rule->minor.set || rule->minor.value < 0);

		denied = !rule->allow && any && (!rule->type || str_eq(rule->type, "a"));
		HOLDS(r, verdict,
		      !rule->allow || str_eq(rule->access, "m") ||
			      (str_eq(rule->type, "c") && rule->major.set &&
			       rule->major.value >= 0));
	}
}

static void check_everybodys_network(const struct round *r, const struct verdict *verdict)
{
	const struct spec_linux *linux_ = verdict->spec->linux_;
	const struct strlist *allowed = &r->policy->network->sysctls.list;

	if (verdict->network.join != NETWORK_EARLY)
		return;
	HOLDS(r, verdict, linux_ && linux_->net_devices.n == 0);
	for (size_t i = 0; i < linux_->sysctl.n; i++) {
		const char *name = linux_->sysctl.v[i].key;

		HOLDS(r, verdict,
		      sysctl_kind(name, r->arena) == SYSCTL_OTHER ||
			      (allowed->n && sysctl_same(allowed->v[0], name, r->arena)));
	}
}

static void check_idempotence(const struct round *r, const struct verdict *verdict)
{
	struct verdict again;

	judge_new(verdict->spec, r->policy, r->facts, r->arena, &again);
	HOLDS(r, &again, !again.refused && again.network.join == verdict->network.join);
	for (size_t i = 0; i < again.decisions.n; i++)
		HOLDS(r, &again,
		      again.decisions.v[i].action == DECISION_KEEP ||
			      again.decisions.v[i].action == DECISION_WARN);
	HOLDS(r, &again,
	      str_eq(encoded(r, &spec_fields, again.spec),
		     encoded(r, &spec_fields, verdict->spec)));
}

static void check_replay(const struct round *r, const struct verdict *verdict)
{
	struct spec *replayed = NULL;
	struct err e = { 0 };

	if (decisions_replay(r->request, &verdict->decisions, r->arena, &replayed, &e) < 0)
		PROPERTY_FAILS("%s: %s\n%s", r->name, e.text,
			       decisions_text(r, &verdict->decisions));
	HOLDS(r, verdict,
	      str_eq(encoded(r, &spec_fields, replayed), encoded(r, &spec_fields, verdict->spec)));
}

/* Taken back from the result, the decisions lead to what is judged as the request was. */
static void check_undo(const struct round *r, const struct verdict *verdict)
{
	struct spec *undone = NULL;
	struct verdict again;
	struct err e = { 0 };

	if (decisions_undo(verdict->spec, &verdict->decisions, false, r->arena, &undone, &e) < 0)
		PROPERTY_FAILS("%s: %s\n%s", r->name, e.text,
			       decisions_text(r, &verdict->decisions));
	judge_new(undone, r->policy, r->facts, r->arena, &again);
	HOLDS(r, &again, again.refused == verdict->refused);
	HOLDS(r, &again, again.decisions.n == verdict->decisions.n);
	HOLDS(r, &again,
	      decisions_change_spec(&verdict->decisions, false) ==
		      !str_eq(encoded(r, &spec_fields, verdict->spec),
			      encoded(r, &spec_fields, r->request)));
}

/* Nothing of the host's goes on showing what is not the container's, and what is the machine's is read-only. */
static void check_kernel_mounts(const struct round *r, const struct verdict *verdict)
{
	bool own = r->policy->kernel_mounts == POLICY_KERNEL_OWN;

	HOLDS(r, verdict, verdict->kernel_own == own);
	for (size_t i = 0; own && i < verdict->spec->mounts.n; i++) {
		const struct spec_mount *mount = &verdict->spec->mounts.v[i];
		bool bind = str_eq(mount->type, "bind") || strlist_has(&mount->options, "bind") ||
			    strlist_has(&mount->options, "rbind");
		const struct source_facts *source = facts_source(
			r->facts, mount->source, strlist_has(&mount->options, "src-nofollow"),
			strlist_has(&mount->options, "rbind"));

		if (!bind || !source || !source->fstype || !mount->destination)
			continue;
		HOLDS(r, verdict, !str_eq(source->fstype, "proc"));
		HOLDS(r, verdict,
		      !str_eq(source->fstype, "sysfs") || verdict->network.join == NETWORK_NONE);
		HOLDS(r, verdict, strlist_has(&mount->options, "ro"));
		HOLDS(r, verdict,
		      str_eq(mount->options.v[mount->options.n - 1], "ro") ||
			      str_eq(mount->options.v[mount->options.n - 1], "rro") ||
			      !strlist_has(&mount->options, "rw"));
	}
}

static void check_observe(const struct round *r, const struct verdict *verdict)
{
	struct policy observing = *r->policy;
	struct verdict observed;

	observing.mode = POLICY_OBSERVE;
	judge_new(r->request, &observing, r->facts, r->arena, &observed);
	HOLDS(r, &observed, observed.observed && !observed.refused);
	HOLDS(r, &observed, observed.spec != r->request && !observed.network.path);
	HOLDS(r, &observed,
	      str_eq(encoded(r, &spec_fields, observed.spec),
		     encoded(r, &spec_fields, r->request)));
	HOLDS(r, &observed,
	      str_eq(decisions_text(r, &observed.decisions),
		     decisions_text(r, &verdict->decisions)));
}

/* What was legal stays legal. */
static void check_valid(const struct round *r, const struct verdict *verdict)
{
	struct err e = { 0 };

	if (spec_validate(r->request, "request", &e) < 0)
		return;
	if (spec_validate(verdict->spec, "verdict", &e) < 0)
		PROPERTY_FAILS("%s: %s\n%s", r->name, e.text,
			       decisions_text(r, &verdict->decisions));
}

/* True where the request was accepted. */
static bool check_round(const struct round *r)
{
	const char *request = encoded(r, &spec_fields, r->request);
	const char *policy = encoded(r, &policy_fields, r->policy);
	const char *facts = encoded(r, &facts_fields, r->facts);
	struct verdict verdict;

	judge_new(r->request, r->policy, r->facts, r->arena, &verdict);
	HOLDS(r, &verdict, str_eq(request, encoded(r, &spec_fields, r->request)));
	HOLDS(r, &verdict, str_eq(policy, encoded(r, &policy_fields, r->policy)));
	HOLDS(r, &verdict, str_eq(facts, encoded(r, &facts_fields, r->facts)));
	HOLDS(r, &verdict, !verdict.observed);
	check_capabilities(r, &verdict);
	check_replay(r, &verdict);
	check_undo(r, &verdict);
	check_observe(r, &verdict);
	if (verdict.refused)
		return false;
	check_network(r, &verdict);
	check_namespaces(r, &verdict);
	check_everybodys_network(r, &verdict);
	check_hostname(r, &verdict);
	check_shares(r, &verdict);
	check_systemd(r, &verdict);
	check_stripped(r, &verdict);
	check_kernel_mounts(r, &verdict);
	check_idempotence(r, &verdict);
	check_valid(r, &verdict);
	return true;
}

#endif

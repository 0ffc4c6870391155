/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each rule has to do, said once more: of rules about namespaces, capabilities and what holds for every process;
 * those about the network are in policy_oracles_network.h, about mounts and files of the host in
 * policy_oracles_mounts.h. That no rule is missing says test_policy_rules, which takes each away.
 */
#ifndef TESTS_POLICY_ORACLES_H
#define TESTS_POLICY_ORACLES_H

#include "base/path.h"
#include "policy_example.h"

static bool is_decided(const struct verdict *verdict, const char *rule, int action)
{
	for (size_t i = 0; i < verdict->decisions.n; i++)
		if (verdict->decisions.v[i].action == action &&
		    str_eq(verdict->decisions.v[i].rule, rule))
			return true;
	return false;
}

static bool is_refused_by(const struct verdict *verdict, const char *rule)
{
	return is_decided(verdict, rule, DECISION_REFUSE);
}

static size_t count_entries(const struct spec *spec, int type, const struct spec_namespace **ret)
{
	size_t count = 0;

	*ret = NULL;
	for (size_t i = 0; spec->linux_ && i < spec->linux_->namespaces.n; i++)
		if (spec->linux_->namespaces.v[i].type == type) {
			/* the first one is what rules go by */
			*ret = count ? *ret : &spec->linux_->namespaces.v[i];
			count++;
		}
	return count;
}

static bool is_host_path(const struct round *r, const char *path)
{
	const struct ns_facts *ns = facts_requested(r->facts, path);

	return ns && !ns->problem && (ns->is_host || ns->is_self);
}

static bool is_of_other_type(const struct round *r, const struct spec_namespace *entry)
{
	const struct ns_facts *ns = entry ? facts_requested(r->facts, entry->path) : NULL;

	return ns && !ns->problem && ns->type != entry->type;
}

/* --- mounts, as they read --- */

static bool is_remount(const struct spec_mount *mount)
{
	return strlist_has(&mount->options, "remount");
}

static bool is_bind(const struct spec_mount *mount)
{
	return str_eq(mount->type, "bind") || strlist_has(&mount->options, "bind") ||
	       strlist_has(&mount->options, "rbind");
}

static bool is_readonly(const struct spec_mount *mount)
{
	static const char *const words[][2] = { { "ro", "rw" }, { "rro", "rrw" } };

	/* the last word counts; of the mount itself before that of all below it */
	for (size_t w = 0; w < ARRAY_SIZE(words); w++)
		for (size_t i = mount->options.n; i-- > 0;)
			if (str_eq(mount->options.v[i], words[w][0]) ||
			    str_eq(mount->options.v[i], words[w][1]))
				return str_eq(mount->options.v[i], words[w][0]);
	return false;
}

/* --- annotations --- */

static void check_listener(const struct round *r, const struct verdict *verdict)
{
	const struct strmap *said = &request_of(r)->annotations;
	const struct spec_linux *before = request_of(r)->linux_, *after = verdict->spec->linux_;
	const char *own = before && before->seccomp ? before->seccomp->listener_path : NULL;
	const char *path = strmap_get(said, "run.oci.seccomp.receiver");
	bool filter = (before && before->seccomp) || strmap_get(said, "run.oci.seccomp_bpf_data");
	bool plugins = !str_empty(strmap_get(said, "run.oci.seccomp.plugins"));
	bool asked;

	path = str_empty(path) ? r->receiver : path;
	asked = filter && !plugins && !str_empty(path) && str_empty(own);
	HOLDS(r, verdict,
	      is_refused_by(verdict, "annotations") ==
		      ((filter && plugins) || (asked && path[0] != '/')));
	own = asked && path[0] == '/' ? path : own;
	path = after && after->seccomp ? after->seccomp->listener_path : NULL;
	HOLDS(r, verdict, str_eq(own, path));
}

/* --- namespaces --- */

static void check_entries(const struct round *r, const struct verdict *verdict)
{
	const struct spec_linux *linux_ = request_of(r)->linux_;
	const struct spec_namespace *entry;
	bool wrong = false;

	for (size_t i = 0; linux_ && i < linux_->namespaces.n; i++) {
		const struct spec_namespace *one = &linux_->namespaces.v[i];

		wrong = wrong || count_entries(request_of(r), one->type, &entry) > 1 ||
			(one->path && !*one->path);
	}
	HOLDS(r, verdict, is_refused_by(verdict, "namespaces") == wrong);
}

static void check_namespace(const struct round *r, const struct verdict *verdict, const char *rule,
			    int type, int mode)
{
	const struct spec_namespace *asked, *given;
	size_t count = count_entries(request_of(r), type, &asked);
	const char *path = asked ? asked->path : NULL;
	const struct ns_facts *ns = path ? facts_requested(r->facts, path) : NULL;
	bool wrong = is_of_other_type(r, asked) ||
		     (mode == POLICY_ISOLATED && path && (!ns || ns->problem));

	HOLDS(r, verdict,
	      is_refused_by(verdict, rule) == (path && mode != POLICY_REQUESTED && wrong));
	if (verdict->refused)
		return;
	if (mode == POLICY_REQUESTED) {
		HOLDS(r, verdict, count_entries(verdict->spec, type, &given) == count);
		HOLDS(r, verdict, !count || str_eq(given->path, path));
		return;
	}
	HOLDS(r, verdict, count_entries(verdict->spec, type, &given) == 1);
	HOLDS(r, verdict, !given->path || !is_host_path(r, given->path));
	HOLDS(r, verdict,
	      str_eq(given->path,
		     mode == POLICY_ISOLATED && path && !is_host_path(r, path) ? path : NULL));
}

static bool is_map_of(const struct spec_id_mappings *maps, const struct policy_ids *ids,
		      const struct id_range *own)
{
	const struct spec_id_mapping *map = maps->v;

	if (maps->n != 1)
		return false;
	if (own->size)
		return map->container_id == 0 && map->host_id == own->first &&
		       map->size == own->size;
	return map->host_id >= POLICY_IDS_MIN && (map->host_id >= ids->first + ids->count ||
						  (uint64_t)map->host_id + map->size <= ids->first);
}

/* Under "auto" no id is one of the machine's users, and none is another container's. */
static void check_user(const struct round *r, const struct verdict *verdict)
{
	const struct spec_namespace *given;
	struct policy_ids ids;

	if (!policy_user_ids(r->policy, &ids)) {
		HOLDS(r, verdict, !is_refused_by(verdict, "namespaces.user"));
		HOLDS(r, verdict, verdict->ids.size == 0);
		return;
	}
	if (verdict->refused)
		return;
	HOLDS(r, verdict, count_entries(verdict->spec, SPEC_NS_USER, &given) == 1);
	HOLDS(r, verdict, !given->path);
	HOLDS(r, verdict, is_map_of(&verdict->spec->linux_->uid_mappings, &ids, &verdict->ids));
	HOLDS(r, verdict, is_map_of(&verdict->spec->linux_->gid_mappings, &ids, &verdict->ids));
	if (verdict->ids.size == 0)
		return;
	HOLDS(r, verdict, verdict->path == PATH_CREATE && !r->facts->user->root_problem);
	HOLDS(r, verdict, verdict->ids.first == r->facts->user->first);
}

static void check_namespaces(const struct round *r, const struct verdict *verdict)
{
	const struct policy_namespaces *modes = r->policy->namespaces;

	check_entries(r, verdict);
	check_namespace(r, verdict, "namespaces.pid", SPEC_NS_PID, modes->pid);
	check_namespace(r, verdict, "namespaces.mount", SPEC_NS_MOUNT, modes->mount);
	check_namespace(r, verdict, "namespaces.ipc", SPEC_NS_IPC, modes->ipc);
	check_namespace(r, verdict, "namespaces.uts", SPEC_NS_UTS, modes->uts);
	check_namespace(r, verdict, "namespaces.cgroup", SPEC_NS_CGROUP, modes->cgroup);
	check_user(r, verdict);
}

/* Of a user it begins with what is delegated. What leads upwards, or is the root, is a mistake that is told as it is. */
static void check_parent(const struct round *r, const struct verdict *verdict)
{
	const char *parent = policy_group_parent(r->policy);
	const char *path = verdict->spec->linux_ ? verdict->spec->linux_->cgroups_path : NULL;
	const char *given = parent && parent[0] != '/' ? "/distros.slice" : parent;

	if (!parent || verdict->refused || !r->facts->id || !r->facts->parent)
		return;
	HOLDS(r, verdict, path);
	HOLDS(r, verdict, !verdict->parent.memory == !r->policy->cgroup->reserve->memory.value);
	HOLDS(r, verdict, !verdict->parent.quota == !r->policy->cgroup->reserve->cpu.value);
	HOLDS(r, verdict, !verdict->parent.pids == !r->policy->cgroup->reserve->pids.value);
	if (r->facts->parent->systemd)
		HOLDS(r, verdict, str_has_prefix(path, "distros") || !strchr(path, ':'));
	else if (!str_eq(path, "/") && !strstr(path, ".."))
		HOLDS(r, verdict, strstr(path_clean_in(r->arena, path), given));
}

static void check_hostname(const struct round *r, const struct verdict *verdict)
{
	const struct spec_namespace *uts;
	const char *id = r->facts->id;
	bool own = r->path != PATH_RESTORE && r->policy->hostname == POLICY_HOSTNAME_ID && id &&
		   !strpbrk(id, "_ /") && count_entries(verdict->spec, SPEC_NS_UTS, &uts) > 0 &&
		   !uts->path;

	if (!verdict->refused)
		HOLDS(r, verdict,
		      str_eq(verdict->spec->hostname, own ? id : request_of(r)->hostname));
}

/* --- capabilities --- */

#define NETWORK_POWER (CAP_BIT(NET_ADMIN) | CAP_BIT(NET_RAW))
#define PRIVILEGE                                                                              \
	(CAP_BIT(SYS_ADMIN) | CAP_BIT(SYS_PTRACE) | CAP_BIT(SYS_MODULE) | CAP_BIT(SYS_RAWIO) | \
	 CAP_BIT(BPF) | CAP_BIT(PERFMON))
#define ALL_CAPABILITIES ((UINT64_C(1) << (CAP_LAST_CAP + 1)) - 1)

static uint64_t bit_of(const char *name)
{
	int number = cap_number(name);

	return number < 0 ? 0 : UINT64_C(1) << number;
}

static uint64_t bits_of(const struct strlist *list)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < list->n; i++)
		bits |= bit_of(list->v[i]);
	return bits;
}

static uint64_t asked_bits(const struct spec *spec)
{
	uint64_t bits = 0;

	for (int set = 0; set < CAPABILITY_SET_COUNT; set++) {
		const struct strlist *list = edit_capability_set((struct spec *)(uintptr_t)spec,
								 (enum capability_set)set);
		bits |= list ? bits_of(list) : 0;
	}
	return bits;
}

/* What the policy takes from every container. */
struct taken_bits {
	uint64_t admin, ceiling, strip, refuse;
};

static struct taken_bits taken_bits(const struct round *r)
{
	const struct strlist *remove = &r->policy->capabilities->remove;

	return (struct taken_bits){
		.admin = r->policy->network->admin.value ? 0 : NETWORK_POWER,
		.ceiling = strlist_has(remove, "all") ? ALL_CAPABILITIES : bits_of(remove),
		.strip = r->policy->privileged == POLICY_PRIVILEGED_STRIP ? PRIVILEGE : 0,
		.refuse = r->policy->privileged == POLICY_PRIVILEGED_REFUSE ? PRIVILEGE : 0,
	};
}

/* Nothing grows, and what is left is what was asked for without what is taken. */
static void check_set(const struct round *r, const struct verdict *verdict, enum capability_set set,
		      uint64_t taken)
{
	static const struct strlist none;
	const struct strlist *from =
		edit_capability_set((struct spec *)(uintptr_t)request_of(r), set);
	const struct strlist *to = edit_capability_set(verdict->spec, set);
	size_t k = 0;

	from = from ? from : &none;
	for (size_t i = 0; i < from->n; i++) {
		if (bit_of(from->v[i]) & taken)
			continue;
		HOLDS(r, verdict, k < to->n && str_eq(to->v[k], from->v[i]));
		k++;
	}
	HOLDS(r, verdict, k == to->n);
}

static void check_made(const struct round *r, const struct verdict *verdict,
		       const struct taken_bits *taken)
{
	uint64_t had = 0;

	for (size_t i = 0; i < r->made->n; i++)
		had |= r->made->v[i].own_user ? 0 : r->made->v[i].capabilities;
	HOLDS(r, verdict, is_refused_by(verdict, "network.admin") == !!(had & taken->admin));
	HOLDS(r, verdict,
	      is_refused_by(verdict, "capabilities.remove") == !!(had & taken->ceiling));
	HOLDS(r, verdict,
	      is_refused_by(verdict, "privileged") == !!(had & (taken->strip | taken->refuse)));
}

static void check_denied(const struct round *r, const struct verdict *verdict, uint64_t denied)
{
	const struct enumlist *recorded = r->recorded ? &r->recorded->denied : NULL;
	const struct enumlist *all = &verdict->confinement.denied;
	uint64_t found = 0;

	for (size_t i = 0; recorded && i < recorded->n; i++)
		denied |= (uint64_t)recorded->v[i];
	for (size_t i = 0; i < all->n; i++)
		found |= (uint64_t)all->v[i];
	HOLDS(r, verdict, found == denied);
}

static void check_capabilities(const struct round *r, const struct verdict *verdict)
{
	const struct taken_bits t = taken_bits(r);
	uint64_t taken = t.admin | t.ceiling | t.strip;
	const struct spec_process *process = verdict->spec->process;

	check_denied(r, verdict, taken | t.refuse);
	if (r->made)
		check_made(r, verdict, &t);
	if (!request_of(r)->process)
		return;
	HOLDS(r, verdict,
	      !!process->capabilities ==
		      (request_of(r)->process->capabilities || taken || t.refuse));
	for (int set = 0; process->capabilities && set < CAPABILITY_SET_COUNT; set++)
		check_set(r, verdict, (enum capability_set)set, taken);
}

/* --- privileged --- */

static bool is_open(const struct opt_i64 *number)
{
	return !number->set || number->value < 0;
}

static bool denies_all(const struct spec_device_rule *rule)
{
	return !rule->allow && is_open(&rule->major) && is_open(&rule->minor) &&
	       (str_empty(rule->type) || str_eq(rule->type, "a"));
}

/* A disk, a command to one, or the machine's memory. */
static bool is_of_host(bool block, const struct opt_i64 *major, const struct opt_i64 *minor)
{
	int64_t n = is_open(minor) ? 1 : minor->value;

	return block || is_open(major) || major->value == 21 ||
	       (major->value == 1 && (n == 1 || n == 2 || n == 4));
}

static bool has_devices_of_host(const struct spec *spec)
{
	static const struct spec_linux no_linux;
	static const struct spec_resources no_resources;
	const struct spec_linux *linux_ = spec->linux_ ? spec->linux_ : &no_linux;
	const struct spec_resources *resources =
		linux_->resources ? linux_->resources : &no_resources;
	bool found = false;

	for (size_t i = 0; i < resources->devices.n; i++) {
		const struct spec_device_rule *rule = &resources->devices.v[i];
		bool used = !rule->access || strchr(rule->access, 'r') || strchr(rule->access, 'w');

		if (denies_all(rule))
			found = false;
		else
			found |= rule->allow && used &&
				 is_of_host(!str_eq(rule->type, "c"), &rule->major, &rule->minor);
	}
	for (size_t i = 0; i < linux_->devices.n; i++) {
		const struct spec_device *node = &linux_->devices.v[i];

		found |= !str_eq(node->type, "p") &&
			 is_of_host(str_eq(node->type, "b"), &node->major, &node->minor);
	}
	return found;
}

/* Whether rules let a container use every device, once those before one that denies all are no more. */
static bool uses_everything(const struct spec_linux *linux_, bool with_block)
{
	bool found = false;

	for (size_t i = 0; linux_ && linux_->resources && i < linux_->resources->devices.n; i++) {
		const struct spec_device_rule *rule = &linux_->resources->devices.v[i];
		bool used = !rule->access || strpbrk(rule->access, "rw");
		bool all = str_empty(rule->type) || str_eq(rule->type, "a");

		if (denies_all(rule))
			found = false;
		else
			found |= rule->allow && used && is_open(&rule->major) &&
				 (with_block ? all && is_open(&rule->minor)
					     : all || str_eq(rule->type, "c"));
	}
	return found;
}

static bool may_use(const struct spec_linux *linux_, const struct spec_device *node)
{
	bool found = str_eq(node->type, "p");

	for (size_t i = 0; linux_->resources && i < linux_->resources->devices.n; i++) {
		const struct spec_device_rule *rule = &linux_->resources->devices.v[i];

		if (denies_all(rule))
			found = str_eq(node->type, "p");
		else
			found |=
				rule->allow && str_eq(rule->type, "c") &&
				(is_open(&rule->major) || rule->major.value == node->major.value) &&
				(is_open(&rule->minor) || rule->minor.value == node->minor.value);
	}
	return found;
}

/* What the same request would have been without its engine's --privileged. */
static void check_stripped(const struct round *r, const struct verdict *verdict, bool admin)
{
	const struct spec_linux *asked = request_of(r)->linux_, *given = verdict->spec->linux_;
	bool every = uses_everything(asked, false), denied = false, there = false;

	HOLDS(r, verdict, !has_devices_of_host(verdict->spec));
	for (size_t i = 0; every && given && i < given->devices.n; i++)
		HOLDS(r, verdict, may_use(given, &given->devices.v[i]));
	for (size_t i = 0; given && given->resources && i < given->resources->devices.n; i++)
		denied |= denies_all(&given->resources->devices.v[i]);
	HOLDS(r, verdict, denied || !uses_everything(asked, true));
	for (size_t i = 0; given && i < given->readonly_paths.n; i++)
		there |= str_eq(path_clean_in(r->arena, given->readonly_paths.v[i]),
				"/proc/sysrq-trigger");
	HOLDS(r, verdict, there || !(admin || every));
	for (size_t i = 0; (admin || every) && i < verdict->spec->mounts.n; i++)
		HOLDS(r, verdict,
		      !str_eq(verdict->spec->mounts.v[i].type, "sysfs") ||
			      is_bind(&verdict->spec->mounts.v[i]) ||
			      is_readonly(&verdict->spec->mounts.v[i]));
}

static void check_privileged(const struct round *r, const struct verdict *verdict)
{
	const struct taken_bits t = taken_bits(r);
	uint64_t asked = asked_bits(request_of(r)) & ~(t.admin | t.ceiling);
	bool admin = asked & CAP_BIT(SYS_ADMIN);

	if (r->made)
		return;
	HOLDS(r, verdict,
	      is_refused_by(verdict, "privileged") ==
		      (t.refuse && (asked & PRIVILEGE || has_devices_of_host(request_of(r)))));
	if (t.strip && is_new(r))
		check_stripped(r, verdict, admin);
	if (!t.strip && !t.refuse)
		HOLDS(r, verdict, !admin || is_decided(verdict, "privileged", DECISION_WARN));
}

/* --- what holds for every process --- */

static void check_confinement(const struct round *r, const struct verdict *verdict)
{
	const struct spec_capabilities *capabilities =
		verdict->spec->process ? verdict->spec->process->capabilities : NULL;
	const struct policy_network *network = r->policy->network;
	const struct spec_namespace *user;
	int lock = network->lock, peers = network->peer_descriptors;

	if (is_new(r)) {
		bool granted = capabilities &&
			       bits_of(&capabilities->bounding) & CAP_BIT(SYS_PTRACE) &&
			       (r->facts->bounding & CAP_BIT(SYS_PTRACE) ||
				count_entries(verdict->spec, SPEC_NS_USER, &user) > 0);

		peers = granted ? PEERS_OPEN : peers;
	} else {
		lock = r->recorded ? r->recorded->lock : confinement_open.lock;
		peers = r->recorded ? r->recorded->peer_descriptors
				    : confinement_open.peer_descriptors;
	}
	HOLDS(r, verdict, verdict->confinement.lock == lock);
	HOLDS(r, verdict, verdict->confinement.peer_descriptors == peers);
}

static void check_group(const struct round *r, const struct verdict *verdict)
{
	bool exclusive = r->policy->cgroup->overlap == POLICY_OVERLAP_REFUSED;
	bool overlaps = r->facts->groups.n > 0;

	HOLDS(r, verdict, verdict->group_exclusive == exclusive);
	HOLDS(r, verdict, is_refused_by(verdict, "cgroup.overlap") == (exclusive && overlaps));
	HOLDS(r, verdict,
	      is_decided(verdict, "cgroup.overlap", DECISION_WARN) == (!exclusive && overlaps));
}

#endif

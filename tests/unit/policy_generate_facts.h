/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generated facts, and whole rounds. See policy_generate.h.
 */
#ifndef TESTS_POLICY_GENERATE_FACTS_H
#define TESTS_POLICY_GENERATE_FACTS_H

#include "policy_generate_policy.h"

#include "base/capabilities.h"
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>

static struct ns_facts ns_of(const struct round *r, const char *path, int type, uint64_t inode)
{
	return (struct ns_facts){ .path = text_of(r, path),
				  .type = type,
				  .device = 4,
				  .inode = inode,
				  .cookie = type == SPEC_NS_NETWORK ? inode + 1 : 0,
				  .owned = true };
}

/* By the last word of a generated path; paths of real configs are another container's. The policy may name its network
 * otherwise than the generated ones do. */
static struct ns_facts judge_path(const struct round *r, const struct spec_namespace *entry)
{
	struct ns_facts ns = ns_of(r, entry->path, entry->type, 1000 + (uint64_t)entry->type);

	if (str_eq(entry->path, "/proc/4711/ns/net") ||
	    str_eq(entry->path, r->policy->network->namespace_))
		ns.inode = 42;
	else if (str_has_suffix(entry->path, "/host"))
		ns.is_host = true;
	else if (str_has_suffix(entry->path, "/self"))
		ns.is_self = true;
	else if (str_has_suffix(entry->path, "/other"))
		ns.type = ns.type % SPEC_NS_COUNT + 1;
	else if (str_has_suffix(entry->path, "/fifo"))
		ns = (struct ns_facts){ .path = ns.path,
					.problem = text_of(r, "is a FIFO, not a namespace file") };
	else if (str_has_suffix(entry->path, "/gone"))
		ns = (struct ns_facts){ .path = ns.path,
					.problem = text_of(r, "no such file or directory"),
					.problem_errno = 2 };
	return ns;
}

static void look_at_requested(const struct round *r, struct facts *facts)
{
	const struct spec_linux *linux_ = r->request->linux_;
	size_t n = linux_ ? linux_->namespaces.n : 0;

	facts->requested.v = arena_new_array(r->arena, struct ns_facts, n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct spec_namespace *entry = &linux_->namespaces.v[i];

		if (entry->path && !str_has_suffix(entry->path, "/unseen"))
			facts->requested.v[facts->requested.n++] = judge_path(r, entry);
	}
}

/* --- what sources turn out to be, whatever they are called --- */

static void generate_below(const struct round *r, struct source_facts *source)
{
	static const char *const all[][3] = {
		{ "/proc", "proc", "/" },
		{ "/sys", "sysfs", "/" },
		{ "/sys/fs/cgroup", "cgroup2", "/" },
		{ "/sys/kernel/debug", "debugfs", "/" },
		{ "/srv/one", "proc", "/7/net" },
		{ "/srv/trace", "tracefs", "/" },
	};

	source->below.v = arena_new_array(r->arena, struct kernel_mount_facts, ARRAY_SIZE(all));
	for (size_t i = 0; source->recursive && i < ARRAY_SIZE(all); i++)
		if (one_in(2))
			source->below.v[source->below.n++] = (struct kernel_mount_facts){
				text_of(r, all[i][0]), text_of(r, all[i][1]), text_of(r, all[i][2])
			};
}

static void generate_source(const struct round *r, struct facts *facts, const char *name,
			    bool nofollow, bool recursive)
{
	static const char *const types[] = {
		"proc", "sysfs", "cgroup2", "debugfs", NULL, NULL, NULL
	};
	static const char *const parts[] = {
		"/", "/", "/sys/net", "/12/status", "/self", "/class"
	};
	struct source_facts *source = &facts->sources.v[facts->sources.n];

	if (facts_source(facts, name, nofollow, recursive))
		return;
	facts->sources.n++;
	*source =
		(struct source_facts){ .source = text_of(r, name),
				       .nofollow = nofollow,
				       .recursive = recursive,
				       .path = text_of(r, one_in(2) ? "/sys/fs/cgroup" : "/srv/a"),
				       .fstype = text_of(r, ANY_OF(types)) };
	source->part = source->fstype && !one_in(10) ? text_of(r, ANY_OF(parts)) : NULL;
	generate_below(r, source);
}

static void generate_sources(const struct round *r, struct facts *facts)
{
	const struct spec *spec = r->request;

	facts->cgroup = arena_new(r->arena, struct cgroup_facts);
	facts->cgroup->layout = one_in(4) ? CGROUP_V1 : CGROUP_V2;
	facts->cgroup->hierarchies.n = 1;
	facts->cgroup->hierarchies.v = arena_new(r->arena, struct cgroup_hierarchy_facts);
	facts->cgroup->hierarchies.v->v2 = facts->cgroup->layout == CGROUP_V2;
	facts->cgroup->hierarchies.v->mount_point = text_of(r, "/sys/fs/cgroup");
	facts->sources.v = arena_new_array(r->arena, struct source_facts, spec->mounts.n + 1);
	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct spec_mount *mount = &spec->mounts.v[i];

		if (mount->source && !one_in(6))
			generate_source(r, facts, mount->source,
					strlist_has(&mount->options, "src-nofollow"),
					strlist_has(&mount->options, "rbind"));
	}
	if (one_in(2))
		return;
	facts->root = arena_new(r->arena, struct source_facts);
	facts->root->recursive = true;
	facts->root->path = text_of(r, "/c/rootfs");
	facts->root->fstype = one_in(20) ? text_of(r, "sysfs") : NULL;
	generate_below(r, facts->root);
}

/* Where a hook leads, the same each time. */
static struct hook_facts look_at_hook(const struct round *r, const struct facts *facts, char *path)
{
	for (size_t i = 0; i < facts->hooks.n; i++)
		if (str_eq(facts->hooks.v[i].path, path))
			return facts->hooks.v[i];
	return (struct hook_facts){
		.path = path,
		.real = one_in(6)   ? NULL
			: one_in(3) ? text_of(r, "/etc/passwd")
				    : path,
	};
}

static void generate_hook_facts(const struct round *r, struct facts *facts)
{
	struct host_hooks kinds[HOST_HOOK_KINDS];

	host_hooks_of(r->request, kinds);
	facts->hooks.v = arena_new_array(r->arena, struct hook_facts, 4);
	for (size_t kind = 0; kind < HOST_HOOK_KINDS; kind++)
		for (size_t i = 0; i < kinds[kind].list->n && facts->hooks.n < 4; i++) {
			facts->hooks.v[facts->hooks.n] =
				look_at_hook(r, facts, kinds[kind].list->v[i].path);
			facts->hooks.n++;
		}
}

static struct resolver_facts *generate_texts(const struct round *r, const char *own,
					     const char *engine)
{
	struct resolver_facts *texts = arena_new(r->arena, struct resolver_facts);

	texts->own = one_in(4) ? NULL : text_of(r, own);
	texts->engine = one_in(2) ? text_of(r, engine) : NULL;
	return one_in(3) ? NULL : texts;
}

static void look_at_caller(const struct round *r, struct facts *facts)
{
	facts->rootless = one_in(str_eq(r->policy->network->namespace_, USERS) ? 2 : 20);
	facts->uid = facts->rootless ? 1000 : 0;
	facts->in_user_namespace = facts->rootless && one_in(2);
	facts->no_runtime_directory = facts->rootless && one_in(8);
	facts->last_cap = 40;
	facts->bounding = one_in(3) ? 0 : (UINT64_C(1) << 41) - 1;
}

/* What is wrong with the policy's network, and who else is in it. */
static void look_at_network(const struct round *r, struct facts *facts)
{
	bool users = str_eq(r->policy->network->namespace_, USERS);

	if (users && facts->rootless && one_in(2)) {
		facts->network->problem = text_of(r, "no such file or directory");
		facts->network->problem_errno = ENOENT;
	}
	if (one_in(40)) {
		facts->network->problem = text_of(r, "operation not permitted");
		facts->network->problem_errno = EPERM;
	}
	if (one_in(40))
		facts->network->type = SPEC_NS_IPC;
	if (one_in(20))
		facts->network->is_host = true;
	if (r->selection && one_in(20)) {
		static const char *const names[] = { "lab", "default" };

		facts->twins = words(r, names, ARRAY_SIZE(names), 2);
	}
	if (r->selection && one_in(20))
		facts->asked_name = text_of(r, "default");
	if (one_in(30))
		facts->network->problem = text_of(r, "is a FIFO, not a namespace file");
	facts->network->owned = !one_in(30);
	if (one_in(10))
		facts->network->is_self = true;
	if (one_in(2)) {
		facts->forward = arena_new(r->arena, struct forward_facts);
		facts->forward->problem = text_of(r, one_in(4) ? "has sockets in it" : NULL);
		facts->forward->of_other = one_in(2) ? 78 : 0;
		facts->forward->nameserver = text_of(r, one_in(2) ? "127.0.0.11" : NULL);
	}
	if (one_in(2)) {
		facts->address = arena_new(r->arena, struct address_facts);
		facts->address->problem = text_of(r, one_in(4) ? "the caller is not root" : NULL);
	}
	if (one_in(10)) {
		static const uint64_t cookies[] = { 43, 9, 0, 77 };

		facts->members.n = 1;
		facts->members.v = arena_new(r->arena, struct member_facts);
		facts->members.v->id = text_of(r, "alpine");
		facts->members.v->cookie = ANY_OF(cookies);
	}
	if (one_in(10)) {
		facts->cgroup_path = text_of(r, "/pods/one");
		facts->groups.n = 1;
		facts->groups.v = arena_new(r->arena, struct group_facts);
		facts->groups.v->id = text_of(r, "alpine");
		facts->groups.v->root = text_of(r, "/run/state");
		facts->groups.v->relation = one_in(2) ? GROUP_SAME : GROUP_BELOW;
	}
}

static struct user_facts *generate_user_facts(const struct round *r)
{
	struct user_facts *user = arena_new(r->arena, struct user_facts);
	struct policy_ids ids;

	if (!policy_user_ids(r->policy, &ids))
		return NULL;
	user->first = IDS;
	user->size = one_in(10) ? 0 : ids.size;
	user->held = one_in(2);
	user->problem = text_of(r, !user->size && one_in(2) ? "no room on the device" : NULL);
	user->root_problem = text_of(r, one_in(10) ? "the kernel does not map its ids" : NULL);
	user->owners.v = arena_new(r->arena, char *);
	if (one_in(5))
		user->owners.v[user->owners.n++] = text_of(r, "ada in /etc/subuid");
	return user;
}

/* Where nothing is in the way. */
static void generate_parent_facts(const struct round *r, struct facts *facts, bool plain)
{
	static const char *const controllers[] = { "memory", "cpu", "pids" };
	struct parent_facts *parent;

	if (!policy_group_parent(r->policy) || (!plain && one_in(20)))
		return;
	if (!facts->cgroup) {
		facts->cgroup = arena_new(r->arena, struct cgroup_facts);
		facts->cgroup->layout = CGROUP_V2;
	}
	parent = facts->parent = arena_new(r->arena, struct parent_facts);
	parent->systemd = r->policy->cgroup->parent[0] != '/' && one_in(2);
	parent->memory = UINT64_C(8) << 30;
	parent->pids = UINT64_C(8) << 30;
	parent->cpus = 2;
	if (plain)
		return;
	parent->disabled = one_in(20);
	parent->systemd = one_in(3);
	if (one_in(3))
		parent->controllers = words(r, controllers, ARRAY_SIZE(controllers), 2);
	facts->cgroup->delegated = text_of(r, one_in(2) ? "/user/me" : one_in(2) ? "/" : NULL);
}

static struct facts *generate_facts(const struct round *r, bool plain)
{
	struct facts *facts = arena_new(r->arena, struct facts);
	bool self = str_eq(r->policy->network->namespace_, "self");

	look_at_caller(r, facts);
	look_at_requested(r, facts);
	generate_hook_facts(r, facts);
	if (!plain)
		generate_sources(r, facts);
	generate_parent_facts(r, facts, plain);
	facts->self.n = 1;
	facts->self.v = arena_new(r->arena, struct ns_facts);
	facts->self.v[0] = ns_of(r, "/proc/self/ns/net", SPEC_NS_NETWORK, 7);
	facts->self.v[0].is_self = facts->self.v[0].is_host = true;
	facts->resolv_conf = one_in(2) ? text_of(r, "/etc/netns/distros/resolv.conf") : NULL;
	facts->hosts = one_in(2) ? text_of(r, "/etc/netns/distros/hosts") : NULL;
	facts->hostname = one_in(2) ? text_of(r, "host") : NULL;
	facts->shares.n = r->policy->share.n;
	facts->shares.v = arena_new_array(r->arena, struct share_facts, facts->shares.n);
	for (size_t i = 0; i < facts->shares.n; i++)
		facts->shares.v[i] = (struct share_facts){
			.source = text_of(r, r->policy->share.v[i].source),
			.problem = text_of(r, one_in(20) ? "no such file or directory" : NULL),
			.idmap_problem = text_of(r, one_in(5) ? "its ids are not mapped" : NULL),
		};
	facts->user = generate_user_facts(r);
	facts->bundle = one_in(8) ? NULL : text_of(r, "/run/b1");
	facts->id = text_of(r, r->caller   ? r->caller->id
			       : one_in(2) ? "c1"
			       : one_in(2) ? "not_a.name"
					   : NULL);
	facts->state = one_in(2) ? text_of(r, "/run/distro-shim/containers/c1") : NULL;
	facts->hosts_texts =
		generate_texts(r, "127.0.0.1 localhost\n", "10.88.0.5 box\n10.9.8.7 added\n");
	facts->resolv_conf_texts = generate_texts(r, "nameserver 10.77.0.1\n",
						  "nameserver 10.9.8.6\nnameserver 127.0.0.11\n");
	if (str_eq(r->policy->network->namespace_, "requested"))
		return facts;
	facts->network = arena_new(r->arena, struct ns_facts);
	*facts->network = self ? facts->self.v[0]
			       : ns_of(r, r->policy->network->namespace_, SPEC_NS_NETWORK, 42);
	if (plain)
		return facts;
	look_at_network(r, facts);
	return facts;
}

/* --- rounds --- */

static struct confinement *generate_confinement(const struct round *r)
{
	struct confinement *recorded = arena_new(r->arena, struct confinement);

	if (one_in(4))
		return NULL;
	recorded->lock = one_in(2) ? LOCK_OPEN : LOCK_STRICT;
	recorded->peer_descriptors = one_in(2) ? PEERS_OPEN : PEERS_REFUSED;
	recorded->denied.v = arena_new_array(r->arena, int64_t, 2);
	if (one_in(2))
		recorded->denied.v[recorded->denied.n++] = (int64_t)CAP_BIT(CHOWN);
	if (one_in(2))
		recorded->denied.v[recorded->denied.n++] = (int64_t)CAP_BIT(NET_RAW);
	return recorded;
}

static struct made_facts *generate_made(const struct round *r)
{
	static const uint64_t sets[] = { 0, CAP_BIT(CHOWN), CAP_BIT(NET_RAW), CAP_BIT(SYS_ADMIN),
					 CAP_BIT(BPF) | CAP_BIT(NET_ADMIN) };
	struct made_facts *made = arena_new(r->arena, struct made_facts);

	made->n = below(4);
	made->v = arena_new_array(r->arena, struct made_process, made->n + 1);
	for (size_t i = 0; i < made->n; i++)
		made->v[i] = (struct made_process){
			.pid = (int64_t)i + 1,
			.capabilities = ANY_OF(sets),
			.own_user = one_in(3),
		};
	return made;
}

/* Of a container that exists: a part of a request, and the caller alone where nothing new is made. */
static void generate_later(struct round *r)
{
	static const enum policy_path paths[] = { PATH_EXEC,   PATH_EXEC,   PATH_MOUNTS,
						  PATH_MOUNTS, PATH_UPDATE, PATH_RESTORED };
	const struct spec *whole = r->request;
	struct spec *part = arena_new(r->arena, struct spec);

	r->path = ANY_OF(paths);
	r->recorded = generate_confinement(r);
	if (r->path == PATH_RESTORED) {
		r->made = generate_made(r);
		r->request = NULL;
	}
	if (r->path & (PATH_MOUNTS | PATH_RESTORED))
		return;
	*r->facts = (struct facts){ .uid = r->facts->uid,
				    .last_cap = r->facts->last_cap,
				    .bounding = r->facts->bounding };
	part->oci_version = whole->oci_version;
	if (whole->linux_)
		part->linux_ = arena_new(r->arena, struct spec_linux);
	if (r->path == PATH_EXEC) {
		part->process = whole->process;
		part->annotations = whole->annotations;
		if (whole->linux_)
			part->linux_->seccomp = whole->linux_->seccomp;
	} else if (whole->linux_) {
		part->linux_->resources = whole->linux_->resources;
	}
	r->request = part;
}

/* What the policy says of this request. False: it refuses the choice. */
static bool choose_policy(struct round *r, struct err *e)
{
	struct selection *selection = arena_new(r->arena, struct selection);

	r->selection = NULL;
	r->policy = enforced(r, r->full);
	r->chosen = false;
	if (policy_select(r->full, r->request, r->caller, r->arena, selection, e) < 0)
		return false;
	r->policy = enforced(r, selection->policy);
	if (policy_has_choice(r->full))
		r->selection = selection;
	return r->chosen = true;
}

static inline void generate_round(struct round *r)
{
	bool later = one_in(3);
	struct err e = { 0 };

	r->path = one_in(5) ? PATH_RESTORE : PATH_CREATE;
	r->policy_text = generate_policy_text(r, !later && one_in(2));
	r->full = read_policy(r, r->policy_text, &e);
	if (!r->full) {
		fprintf(stderr, "%s: %s\n%s\n", r->name, e.text, r->policy_text);
		abort();
	}
	r->request = generate_spec(r);
	r->caller = generate_caller(r);
	if (later)
		r->caller->network = NULL;
	if (!choose_policy(r, &e))
		return;
	r->facts = generate_facts(r, false);
	if (later)
		generate_later(r);
	else if (one_in(10))
		r->receiver = one_in(2) ? "/run/env.sock" : "env.sock";
}

#endif

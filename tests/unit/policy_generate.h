/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generated requests, policies and facts for policy_properties.h: a fixed sequence of choices among
 * what the rules look at, so that a failure comes again. No files, no clock.
 */
#ifndef TESTS_POLICY_GENERATE_H
#define TESTS_POLICY_GENERATE_H

#include "base/auto.h"
#include "policy/host_hooks.h"
#include "policy/policy.h"

#define SHARED "/run/netns/distros"

/* --- a fixed sequence of choices --- */

/* SplitMix64 by Sebastiano Vigna, public domain. */
static uint64_t sequence;

static uint64_t next_number(void)
{
	uint64_t z = (sequence += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static size_t below(size_t n)
{
	return (size_t)(next_number() % n);
}

static bool one_in(size_t n)
{
	return below(n) == 0;
}

struct round {
	struct arena *arena;
	const char *name;
	struct spec *request;
	struct policy *policy;
	struct facts *facts;
};

static char *text_of(const struct round *r, const char *s)
{
	return s ? arena_strdup(r->arena, s) : NULL;
}

#define ANY_OF(array) ((array)[below(ARRAY_SIZE(array))])

/* --- generated requests --- */

static const char *path_of_type(const struct round *r, int type)
{
	static const char *const kinds[] = { "peer", "peer",  "host", "self",  "fifo",
					     "gone", "other", "late", "unseen" };

	if (type == SPEC_NS_NETWORK && one_in(3))
		return one_in(2) ? SHARED : "/proc/4711/ns/net";
	return arena_printf(r->arena, "/ns/%s/%s", value_to_name(spec_ns_names, type),
			    ANY_OF(kinds));
}

static void generate_namespaces(const struct round *r, struct spec_linux *linux_)
{
	linux_->namespaces.v = arena_new_array(r->arena, struct spec_namespace, SPEC_NS_COUNT + 1);
	for (int type = SPEC_NS_PID; type <= SPEC_NS_COUNT; type++) {
		struct spec_namespace *entry = &linux_->namespaces.v[linux_->namespaces.n];
		bool rare = type == SPEC_NS_USER || type == SPEC_NS_TIME;

		if (rare ? !one_in(5) : one_in(4))
			continue;
		entry->type = type;
		entry->path = one_in(3) ? text_of(r, path_of_type(r, type)) : NULL;
		linux_->namespaces.n++;
	}
	/* a second entry, which validation would have refused */
	if (linux_->namespaces.n && one_in(40)) {
		linux_->namespaces.v[linux_->namespaces.n].type = linux_->namespaces.v[0].type;
		linux_->namespaces.n++;
	}
}

static void generate_sysctls(const struct round *r, struct spec_linux *linux_)
{
	static const char *const names[] = { "net.ipv4.ip_forward", "net/ipv4/ping_group_range",
					     "net.ipv4.conf.eth0/1.mtu", "kernel.shm_rmid_forced",
					     "kernel.//.net.x" };

	linux_->sysctl.v = arena_new_array(r->arena, struct strpair, ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (one_in(i == 4 ? 20 : 3))
			linux_->sysctl.v[linux_->sysctl.n++] =
				(struct strpair){ text_of(r, names[i]), text_of(r, "1") };
}

static struct strlist words(const struct round *r, const char *const *pool, size_t count,
			    size_t rarity)
{
	struct strlist list = { .v = arena_new_array(r->arena, char *, count) };

	for (size_t i = 0; i < count; i++)
		if (one_in(rarity))
			list.v[list.n++] = text_of(r, pool[i]);
	return list;
}

static void generate_mounts(const struct round *r, struct spec *spec)
{
	static const char *const destinations[] = { "/proc",
						    "proc/",
						    "/proc/./uptime",
						    "/sys",
						    "/etc/resolv.conf",
						    "/",
						    "//proc",
						    "/etc/hosts",
						    "/x/../etc/hosts",
						    "/dev",
						    "/vol",
						    "/vol/proc",
						    "vol/./sys",
						    "/run",
						    "/sys/fs/cgroup" };
	static const char *const types[] = { "proc", "bind", "tmpfs", "sysfs", "cgroup", NULL };
	static const char *const sources[] = { "/proc",          "proc", "/sys",
					       "/srv/e/file",    NULL,   "/proc/1",
					       "/sys/fs/cgroup", "/",    "/sys/kernel/debug" };
	static const char *const options[] = { "bind",   "rbind",  "ro",           "rprivate",
					       "nosuid", "rslave", "src-nofollow", "rw" };

	spec->mounts.n = below(6);
	spec->mounts.v = arena_new_array(r->arena, struct spec_mount, spec->mounts.n + 1);
	for (size_t i = 0; i < spec->mounts.n; i++)
		spec->mounts.v[i] = (struct spec_mount){
			.destination = text_of(r, ANY_OF(destinations)),
			.type = text_of(r, ANY_OF(types)),
			.source = text_of(r, ANY_OF(sources)),
			.options = words(r, options, ARRAY_SIZE(options), 3),
		};
}

static void generate_process(const struct round *r, struct spec *spec)
{
	static const char *const names[] = { "CAP_CHOWN",   "CAP_NET_ADMIN",
					     "CAP_NET_RAW", "CAP_SYS_ADMIN",
					     "net_raw",     "CAP_NET_BIND_SERVICE",
					     "sys_ptrace",  "Cap_Bpf" };
	static const char *const programs[] = { "/sbin/init" };
	static const char *const variables[] = { "PATH=/bin", "container=", "container=lxc" };
	struct spec_capabilities *capabilities;

	spec->process = arena_new(r->arena, struct spec_process);
	spec->process->cwd = text_of(r, "/");
	spec->process->user = arena_new(r->arena, struct spec_user);
	spec->process->args = words(r, one_in(2) ? programs : names, 1, 1);
	spec->process->env = words(r, variables, ARRAY_SIZE(variables), 3);
	if (one_in(8))
		return;
	capabilities = arena_new(r->arena, struct spec_capabilities);
	capabilities->bounding = words(r, names, ARRAY_SIZE(names), 2);
	capabilities->effective = words(r, names, ARRAY_SIZE(names), 2);
	capabilities->permitted = words(r, names, ARRAY_SIZE(names), 3);
	if (one_in(2))
		capabilities->inheritable = words(r, names, ARRAY_SIZE(names), 4);
	if (one_in(2))
		capabilities->ambient = words(r, names, ARRAY_SIZE(names), 4);
	spec->process->capabilities = capabilities;
}

static struct opt_i64 number_of_device(void)
{
	static const int numbers[] = { -1, 1, 3, 8, 10 };

	return (struct opt_i64){ .set = !one_in(3), .value = ANY_OF(numbers) };
}

static void generate_devices(const struct round *r, struct spec_linux *linux_)
{
	static const char *const types[] = { NULL, "a", "b", "c", "c" };
	static const char *const access[] = { NULL, "rwm", "r", "m" };
	static const char *const nodes[] = { "b", "c", "u", "p" };
	struct spec_resources *resources = arena_new(r->arena, struct spec_resources);

	linux_->resources = resources;
	resources->devices.n = below(4);
	resources->devices.v =
		arena_new_array(r->arena, struct spec_device_rule, resources->devices.n + 1);
	for (size_t i = 0; i < resources->devices.n; i++)
		resources->devices.v[i] = (struct spec_device_rule){
			.allow = one_in(2),
			.type = text_of(r, ANY_OF(types)),
			.major = number_of_device(),
			.minor = number_of_device(),
			.access = text_of(r, ANY_OF(access)),
		};
	linux_->devices.n = below(3);
	linux_->devices.v = arena_new_array(r->arena, struct spec_device, linux_->devices.n + 1);
	for (size_t i = 0; i < linux_->devices.n; i++)
		linux_->devices.v[i] = (struct spec_device){
			.type = text_of(r, ANY_OF(nodes)),
			.path = arena_printf(r->arena, "/dev/%zu", i),
			.major = number_of_device(),
			.minor = number_of_device(),
		};
}

static void generate_linux(const struct round *r, struct spec *spec)
{
	static const char *const paths[] = { "/proc/bus", "/proc/sys", "//proc/sys/", "/proc/irq" };
	struct spec_linux *linux_ = arena_new(r->arena, struct spec_linux);

	spec->linux_ = linux_;
	if (!one_in(20))
		generate_namespaces(r, linux_);
	if (one_in(2))
		generate_sysctls(r, linux_);
	if (one_in(2))
		linux_->readonly_paths = words(r, paths, ARRAY_SIZE(paths), 2);
	if (one_in(10)) {
		linux_->net_devices.n = 1;
		linux_->net_devices.v = arena_new(r->arena, struct spec_net_device);
		linux_->net_devices.v->key = text_of(r, "eth1");
	}
	if (one_in(3))
		generate_devices(r, linux_);
}

static void generate_hooks(const struct round *r, struct spec *spec)
{
	static const char *const paths[] = { "/usr/libexec/oci/hook", "/usr/libexec/ocihook",
					     "/opt/link", "/usr/libexec/oci/../x", "/gone" };
	struct spec_hook_list *list;

	spec->hooks = arena_new(r->arena, struct spec_hooks);
	list = one_in(2)   ? &spec->hooks->prestart
	       : one_in(2) ? &spec->hooks->start_container
			   : &spec->hooks->poststop;
	list->n = 1 + below(2);
	list->v = arena_new_array(r->arena, struct spec_hook, list->n);
	for (size_t i = 0; i < list->n; i++)
		list->v[i].path = text_of(r, ANY_OF(paths));
}

static struct spec *generate_spec(const struct round *r)
{
	struct spec *spec = arena_new(r->arena, struct spec);

	spec->oci_version = text_of(r, "1.2.0");
	spec->root = arena_new(r->arena, struct spec_root);
	spec->root->path = text_of(r, "rootfs");
	spec->root->readonly = one_in(3);
	if (!one_in(5))
		generate_mounts(r, spec);
	if (!one_in(10))
		generate_process(r, spec);
	if (!one_in(20))
		generate_linux(r, spec);
	if (one_in(4))
		spec->hostname = text_of(r, "debian");
	if (one_in(8))
		generate_hooks(r, spec);
	return spec;
}

/* --- generated policies and facts --- */

static struct policy *generate_policy(const struct round *r)
{
	static const int requested[] = { POLICY_REWRITE, POLICY_REWRITE, POLICY_REFUSE };
	static const int fresh[] = { POLICY_LATE, POLICY_LATE, POLICY_REFUSE, POLICY_KEEP };
	static const int isolated[] = { POLICY_ISOLATED, POLICY_FRESH, POLICY_REQUESTED };
	static const char *const files[] = { "auto", "auto", "engine", "/etc/shared" };
	static const char *const allowed[] = { "net.ipv4.ping_group_range" };
	static const char *const ceiling[] = { "SYS_ADMIN", "chown", "all" };
	static const char *const places[] = { "/usr/libexec/oci/", "/opt/link", "/gone" };
	struct policy *policy = policy_default(r->arena, NULL);
	struct policy_network *network = policy->network;

	if (one_in(4))
		return policy;
	if (one_in(4))
		network->namespace_ = text_of(r, one_in(2) ? "self" : "requested");
	network->requested->host = ANY_OF(requested);
	network->requested->path = ANY_OF(requested);
	network->requested->new_ = ANY_OF(fresh);
	network->allow_host.value = one_in(3);
	network->admin.value = one_in(3);
	if (one_in(3))
		network->sysctls = (struct strlist_or_word){ .list = words(r, allowed, 1, 1) };
	else if (one_in(3))
		network->sysctls.word = text_of(r, "refuse");
	network->resolv_conf = text_of(r, ANY_OF(files));
	network->hosts = text_of(r, ANY_OF(files));
	policy->namespaces->pid = one_in(2) ? POLICY_FRESH : POLICY_ISOLATED;
	policy->namespaces->ipc = ANY_OF(isolated);
	policy->namespaces->uts = ANY_OF(isolated);
	policy->namespaces->cgroup = ANY_OF(isolated);
	policy->proc_sys = one_in(3) ? POLICY_REQUESTED : POLICY_REWRITE;
	policy->cgroup->overlap = one_in(3) ? POLICY_OVERLAP_OPEN : POLICY_OVERLAP_REFUSED;
	network->lock = one_in(3) ? LOCK_STRICT : LOCK_OPEN;
	network->peer_descriptors = one_in(3) ? PEERS_OPEN : PEERS_REFUSED;
	if (one_in(3))
		policy->capabilities->remove = words(r, ceiling, ARRAY_SIZE(ceiling), 3);
	if (one_in(3)) {
		policy->share.n = 1;
		policy->share.v = arena_new(r->arena, struct policy_share);
		policy->share.v->source = text_of(r, "/srv/shared");
		policy->share.v->destination = text_of(r, one_in(2) ? "/vol" : "/mnt/shared");
	}
	policy->systemd.value = one_in(3);
	policy->hostname = one_in(3) ? POLICY_HOSTNAME_ID : POLICY_HOSTNAME_REQUESTED;
	policy->privileged = one_in(3)   ? POLICY_PRIVILEGED_STRIP
			     : one_in(6) ? POLICY_PRIVILEGED_REFUSE
					 : POLICY_PRIVILEGED_ALLOW;
	if (one_in(3))
		policy->hooks->allow = words(r, places, ARRAY_SIZE(places), 2);
	policy->kernel_mounts = one_in(3) ? POLICY_KERNEL_REQUESTED : POLICY_KERNEL_OWN;
	return policy;
}

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

	if (str_eq(entry->path, SHARED) || str_eq(entry->path, "/proc/4711/ns/net") ||
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
	facts->cgroup->layout = CGROUP_V2;
	facts->cgroup->hierarchies.n = 1;
	facts->cgroup->hierarchies.v = arena_new(r->arena, struct cgroup_hierarchy_facts);
	facts->cgroup->hierarchies.v->v2 = true;
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

static void generate_hook_facts(const struct round *r, struct facts *facts)
{
	struct host_hooks kinds[HOST_HOOK_KINDS];

	host_hooks_of(r->request, kinds);
	facts->hooks.v = arena_new_array(r->arena, struct hook_facts, 4);
	for (size_t kind = 0; kind < HOST_HOOK_KINDS; kind++)
		for (size_t i = 0; i < kinds[kind].list->n && facts->hooks.n < 4; i++)
			facts->hooks.v[facts->hooks.n++] = (struct hook_facts){
				.path = kinds[kind].list->v[i].path,
				.real = one_in(6)   ? NULL
					: one_in(3) ? text_of(r, "/etc/passwd")
						    : kinds[kind].list->v[i].path,
			};
}

static struct resolver_facts *generate_texts(const struct round *r, const char *own,
					     const char *engine)
{
	struct resolver_facts *texts = arena_new(r->arena, struct resolver_facts);

	texts->own = one_in(4) ? NULL : text_of(r, own);
	texts->engine = one_in(2) ? text_of(r, engine) : NULL;
	return one_in(3) ? NULL : texts;
}

static struct facts *generate_facts(const struct round *r, bool plain)
{
	struct facts *facts = arena_new(r->arena, struct facts);
	bool self = str_eq(r->policy->network->namespace_, "self");

	look_at_requested(r, facts);
	generate_hook_facts(r, facts);
	if (!plain)
		generate_sources(r, facts);
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
		};
	facts->id = text_of(r, one_in(2) ? "c1" : one_in(2) ? "not_a.name" : NULL);
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
	if (one_in(30))
		facts->network->problem = text_of(r, "is a FIFO, not a namespace file");
	facts->network->owned = !one_in(30);
	if (one_in(10))
		facts->network->is_self = true;
	if (one_in(10)) {
		facts->members.n = 1;
		facts->members.v = arena_new(r->arena, struct member_facts);
		facts->members.v->id = text_of(r, "alpine");
		facts->members.v->cookie = one_in(2) ? 43 : 9;
	}
	if (one_in(10)) {
		facts->cgroup_path = text_of(r, "/pods/one");
		facts->groups.n = 1;
		facts->groups.v = arena_new(r->arena, struct group_facts);
		facts->groups.v->id = text_of(r, "alpine");
		facts->groups.v->root = text_of(r, "/run/state");
		facts->groups.v->relation = one_in(2) ? GROUP_SAME : GROUP_BELOW;
	}
	return facts;
}

#endif

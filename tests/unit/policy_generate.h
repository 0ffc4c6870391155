/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generated requests, policies and facts for policy_properties.h: a sequence of choices among what the rules look
 * at, which begins with a number, so that a failure comes again. No files, no clock. Requests are made here, policies
 * and who asks in policy_generate_policy.h, facts and the rounds themselves in policy_generate_facts.h.
 */
#ifndef TESTS_POLICY_GENERATE_H
#define TESTS_POLICY_GENERATE_H

#include "base/auto.h"
#include "model/words.h"
#include "policy/host_hooks.h"
#include "policy/rules.h"

#define SHARED "/run/netns/distros"
#define USERS "/run/user/1000/distro-shim/netns"

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

/* One request, and all that it is judged by. */
struct round {
	struct arena *arena;
	const char *name;
	const struct rule *rules; /* NULL: all */
	enum policy_path path;    /* 0: CREATE */
	struct spec *request;     /* NULL: RESTORED */
	/* The policy as its file has it, who asks, and what is chosen; NULL: there is no choice. */
	const char *policy_text;
	struct policy *full;
	struct caller_facts *caller;
	struct selection *selection;
	bool chosen;           /* false: the choice is refused, and there is nothing to judge */
	struct policy *policy; /* what it is judged by, under "enforce" */
	struct facts *facts;
	struct confinement
		*recorded;       /* of a container that exists; NULL: an older program made it */
	struct made_facts *made; /* RESTORED */
	const char *receiver;    /* of the runtime's environment */
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
		return one_in(8) ? USERS : one_in(2) ? SHARED : "/proc/4711/ns/net";
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
						    "/etc",
						    "/x/../etc/hosts",
						    "/dev",
						    "/vol",
						    "/vol/proc",
						    "vol/./sys",
						    "/run",
						    "/sys/fs/cgroup" };
	static const char *const types[] = { "proc",    "bind",    "tmpfs", "sysfs", NULL,
					     "cgroup2", "debugfs", "bind",  "bind",  "cgroup" };
	static const char *const sources[] = { "/proc",          "proc", "/sys",
					       "/srv/e/file",    NULL,   "/proc/1",
					       "/sys/fs/cgroup", "/",    "/sys/kernel/debug" };
	static const char *const options[] = { "bind",   "rbind",        "ro", "rprivate", "nosuid",
					       "rslave", "src-nofollow", "rw", "rro" };

	spec->mounts.n = below(6);
	spec->mounts.v = arena_new_array(r->arena, struct spec_mount, spec->mounts.n + 1);
	for (size_t i = 0; i < spec->mounts.n; i++)
		spec->mounts.v[i] = (struct spec_mount){
			.destination = text_of(r, ANY_OF(destinations)),
			.type = text_of(r, ANY_OF(types)),
			.source = text_of(r, ANY_OF(sources)),
			.options = words(r, options, ARRAY_SIZE(options), 3),
		};
	for (size_t i = 0; i < spec->mounts.n; i++)
		if (one_in(20)) {
			static const char *const over[] = { "remount", "bind", "rw" };

			spec->mounts.v[i].options = words(r, over, ARRAY_SIZE(over), 1);
		}
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
	spec->process->no_new_privileges.set = spec->process->no_new_privileges.value = one_in(3);
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
	static const int numbers[] = { -1, 1, 2, 3, 4, 8, 10, 21 };

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

static void generate_filter(const struct round *r, struct spec_linux *linux_)
{
	static const char *const paths[] = { NULL, NULL, "", "/run/own.sock" };

	linux_->seccomp = arena_new(r->arena, struct spec_seccomp);
	linux_->seccomp->default_action = (int)spec_seccomp_action_names->value;
	linux_->seccomp->listener_path = text_of(r, ANY_OF(paths));
}

#define IDS 1000000

static struct spec_id_mappings generate_map(const struct round *r)
{
	static const uint32_t firsts[] = { 0, 100000, IDS, IDS, IDS + 4096 };
	static const uint32_t sizes[] = { 1, 4096, 65536, 65536 };
	struct spec_id_mappings map = { .n = 1, .v = arena_new(r->arena, struct spec_id_mapping) };

	map.v->host_id = ANY_OF(firsts);
	map.v->size = ANY_OF(sizes);
	return map;
}

static void generate_linux(const struct round *r, struct spec *spec)
{
	static const char *const paths[] = { "/proc/bus", "/proc/sys", "//proc/sys/", "/proc/irq",
					     "/proc/sysrq-trigger" };
	static const char *const groups[] = { "/pods/one",
					      "/mine",
					      "relative//x",
					      "",
					      "/distros",
					      "/distros/./a/",
					      "/distros/../b",
					      "/user/me/distros/c",
					      "/user/me/d",
					      "/",
					      "machine.slice:podman:e",
					      "distros-x.slice:p:f",
					      ":p:g" };
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
	if (one_in(8))
		linux_->rootfs_propagation = text_of(r, one_in(2) ? "rslave" : "private");
	if (one_in(3))
		linux_->cgroups_path = text_of(r, ANY_OF(groups));
	if (one_in(6))
		generate_filter(r, linux_);
	if (one_in(6)) {
		linux_->uid_mappings = generate_map(r);
		linux_->gid_mappings = one_in(2) ? linux_->uid_mappings : generate_map(r);
	}
}

static void generate_hooks(const struct round *r, struct spec *spec)
{
	static const char *const paths[] = { "/usr/libexec/oci/hook", "/usr/libexec/ocihook",
					     "/opt/link", "/usr/libexec/oci/../x", "/gone" };
	struct spec_hook_list *list;

	spec->hooks = arena_new(r->arena, struct spec_hooks);
	struct spec_hook_list *const lists[] = {
		&spec->hooks->prestart,         &spec->hooks->create_runtime,
		&spec->hooks->create_container, &spec->hooks->start_container,
		&spec->hooks->poststart,        &spec->hooks->poststop,
	};

	list = ANY_OF(lists);
	list->n = 1 + below(2);
	list->v = arena_new_array(r->arena, struct spec_hook, list->n);
	for (size_t i = 0; i < list->n; i++)
		list->v[i].path = text_of(r, ANY_OF(paths));
}

/* What clients say there, and what means something to the runtime. */
static void generate_annotations(const struct round *r, struct spec *spec)
{
	static const char *const all[][2] = {
		{ "run.oci.hooks.stdout", "log/hooks" },
		{ "run.oci.hooks.stdout", "/var/log/hooks/x" },
		{ "run.oci.hooks.stdout", "/run/b1/../b2/log" },
		{ "run.oci.hooks.stderr", "" },
		{ "run.oci.hooks.stderr", "/var/log/hooks" },
		{ "run.oci.hooks.stderr", "/etc/passwd" },
		{ "org.criu.config", "criu.conf" },
		{ "org.criu.config", "/etc/criu/one.conf" },
		{ "org.criu.config", "/etc/criu/other.conf" },
		{ "run.oci.seccomp.receiver", "/run/agent.sock" },
		{ "run.oci.seccomp.receiver", "agent.sock" },
		{ "run.oci.seccomp.receiver", "" },
		{ "run.oci.seccomp_bpf_data", "AAAA" },
		{ "run.oci.seccomp.plugins", "/lib/x.so" },
		{ "run.oci.seccomp.plugins", "" },
		{ "io.kubernetes.cri.image-name", "debian:12" },
		{ "io.kubernetes.cri.image-name", "alpine" },
		{ "team", "a1" },
		{ "team", "b" },
		{ "distro-shim.network", "vpn" },
		{ "distro-shim.network", "lab" },
	};

	spec->annotations.v = arena_new_array(r->arena, struct strpair, ARRAY_SIZE(all));
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (one_in(8) && !strmap_get(&spec->annotations, all[i][0]))
			spec->annotations.v[spec->annotations.n++] =
				(struct strpair){ text_of(r, all[i][0]), text_of(r, all[i][1]) };
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
	if (one_in(2))
		generate_annotations(r, spec);
	return spec;
}

#endif

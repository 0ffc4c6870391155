/* SPDX-License-Identifier: Apache-2.0 */
/* See remedies.h. Pure. */
#include "cli/remedies.h"

#include "base/auto.h"

enum { PODMAN, DOCKER, CONTAINERD, ENGINES };
static const char *const engine_names[ENGINES] = { "podman", "docker", "containerd" };

/* Of the network that the policy names; each "%s" of them is its path. */
static const char *const network_by_path[ENGINES] = {
	[PODMAN] =
		"--network ns:%s; for all containers netns = \"ns:%s\" in the section [containers] of containers.conf",
	[DOCKER] =
		"--network container:NAME of a container that is in it, because no option takes a path; or dockerd itself in it (nsenter --net=%s dockerd, with \"bridge\": \"none\" and \"iptables\": false in daemon.json) and --network host",
	[CONTAINERD] =
		"ctr run --with-ns network:%s; for pods (CRI) containerd itself in it (nsenter --net=%s containerd) and hostNetwork: true",
};
/* Where the policy says "self". */
static const char *const network_of_self[ENGINES] = {
	[PODMAN] = "--network host",
	[DOCKER] = "--network host",
	[CONTAINERD] = "ctr run --net-host; for pods (CRI) hostNetwork: true",
};

struct remedy {
	const char *rule;
	bool network;              /* to ask for the policy's own */
	const char *text[ENGINES]; /* else, or beside it; NULL: there is none */
};

static const struct remedy remedies[] = {
	{ "annotations",
	  false,
	  { "leave out that --annotation; listenerPath in the profile of --security-opt seccomp=FILE names a socket",
	    "leave out that --annotation; listenerPath in the profile of --security-opt seccomp=FILE names a socket",
	    "leave out that --annotation of ctr run, or pod_annotations of the handler (CRI)" } },
	{ .rule = "namespaces" },
	{ .rule = "networks" },
	{ "network.namespace", true, { NULL } },
	{ "network.allowHost",
	  false,
	  { "any --network but host; for all containers netns in the section [containers] of containers.conf",
	    "any --network but host",
	    "ctr run without --net-host; for pods (CRI) no hostNetwork: true" } },
	{ "network.requested.host", true, { NULL } },
	{ "network.requested.path", true, { NULL } },
	{ "network.requested.new", true, { NULL } },
	{ .rule = "network.membership" },
	{ .rule = "network.forward" },
	{ .rule = "network.address" },
	{ "namespaces.pid",
	  false,
	  { "no --pid host and no --pid container:NAME",
	    "no --pid host and no --pid container:NAME",
	    "ctr run without --with-ns pid:PATH; for pods (CRI) no hostPID: true and no shareProcessNamespace: true" } },
	{ "namespaces.mount", false, { NULL, NULL, "ctr run without --with-ns mount:PATH" } },
	{ "namespaces.ipc",
	  false,
	  { "no --ipc host; for all containers ipcns = \"shareable\" in containers.conf",
	    "no --ipc host; for all containers \"default-ipc-mode\": \"private\" in daemon.json",
	    "ctr run without --with-ns ipc:PATH; for pods (CRI) no hostIPC: true" } },
	{ "namespaces.uts",
	  false,
	  { "no --uts host; for all containers utsns = \"private\" in containers.conf",
	    "no --uts host", "ctr run without --with-ns uts:PATH" } },
	{ "namespaces.cgroup",
	  false,
	  { "--cgroupns private; for all containers cgroupns = \"private\" in containers.conf",
	    "--cgroupns private; for all containers \"default-cgroupns-mode\": \"private\" in daemon.json",
	    NULL } },
	{ "namespaces.user",
	  false,
	  { "no --userns, --uidmap and --pod; for all containers userns = \"host\" in the section [containers] of containers.conf",
	    "--userns host, or no userns-remap in daemon.json; and no --ipc, --pid or --uts of another container",
	    "ctr run without --uidmap, --gidmap, --with-ns user:PATH; for pods (CRI) an entry of distros, because their containers share namespaces" } },
	{ "mounts.proc",
	  false,
	  { "no --pid host", "no --pid host", "for pods (CRI) no hostPID: true" } },
	{ .rule = "network.devices" },
	{ "network.sysctls",
	  false,
	  { "no --sysctl net.*; for all containers default_sysctls = [] in containers.conf",
	    "no --sysctl net.*; of a network of its own Docker sets some itself, of --network container:NAME none",
	    "for pods (CRI) enable_unprivileged_ports = false and enable_unprivileged_icmp = false in the configuration of containerd, and no net.* among the pod's sysctls" } },
	{ "network.admin",
	  false,
	  { "--cap-drop NET_ADMIN --cap-drop NET_RAW, and no --privileged; for all containers default_capabilities in containers.conf",
	    "--cap-drop NET_ADMIN --cap-drop NET_RAW, and no --privileged",
	    "ctr run --cap-drop CAP_NET_ADMIN --cap-drop CAP_NET_RAW; for pods (CRI) capabilities: drop: [NET_ADMIN, NET_RAW]" } },
	{ "capabilities.remove",
	  false,
	  { "--cap-drop of those; for all containers default_capabilities in containers.conf",
	    "--cap-drop of those",
	    "ctr run --cap-drop of those; for pods (CRI) capabilities: drop" } },
	{ .rule = "network.lock" },
	{ "network.peerDescriptors",
	  false,
	  { "no --cap-add SYS_PTRACE, and no --privileged",
	    "no --cap-add SYS_PTRACE, and no --privileged",
	    "ctr run without --cap-add CAP_SYS_PTRACE and --privileged" } },
	{ "network.resolvConf", true, { NULL } },
	{ "network.hosts", true, { NULL } },
	{ "procSys",
	  false,
	  { "no --privileged, and no unmask in --security-opt",
	    "no --privileged, and no --security-opt systempaths=unconfined",
	    "ctr run without --privileged" } },
	{ "cgroup.parent",
	  false,
	  { "--cgroup-parent of the policy's parent; of pods the same of podman pod create",
	    "--cgroup-parent of the policy's parent; for all containers cgroup-parent in daemon.json",
	    "ctr run --cgroup PATH below the policy's parent; for pods (CRI) cgroupRoot of the kubelet" } },
	{ .rule = "cgroup.reserve" },
	{ "cgroup.overlap",
	  false,
	  { "another --cgroup-parent PATH",
	    "another --cgroup-parent PATH; for all containers cgroup-parent in daemon.json",
	    "another ctr run --cgroup PATH" } },
	{ "kernelMounts",
	  false,
	  { "no --volume of /proc, /sys or a part of them; of a directory above them --mount type=bind,source=DIR,destination=DIR,bind-nonrecursive",
	    "no --volume of /proc, /sys or a part of them; of a directory above them --mount type=bind,source=DIR,destination=DIR,bind-nonrecursive",
	    "no --mount of /proc, /sys or a part of them; of a directory above them options=bind in place of rbind" } },
	{ "privileged",
	  false,
	  { "in place of --privileged the --cap-add and --device that the container needs",
	    "in place of --privileged the --cap-add and --device that the container needs",
	    "in place of --privileged the --cap-add and --device that the container needs" } },
	{ "systemd",
	  false,
	  { "--systemd=true (the default) and --stop-signal SIGRTMIN+3, which it brings; the arguments systemd.mask=UNIT after the init",
	    "-e container=docker --tmpfs /run --tmpfs /run/lock --tmpfs /tmp --stop-signal SIGRTMIN+3, and the arguments systemd.mask=UNIT after the init; control groups are read-only without --privileged",
	    "ctr run --env container=oci, a --mount of type tmpfs for each place, and the arguments systemd.mask=UNIT after the init; STOPSIGNAL SIGRTMIN+3 in the image" } },
	{ "hooks.allow",
	  false,
	  { "no such hook below hooks_dir of containers.conf",
	    "no hook of a runtime that wraps this one, as the NVIDIA runtime does",
	    "no hook of the base_runtime_spec of the handler (CRI)" } },
	{ "hooks.output",
	  false,
	  { "leave out that --annotation", "leave out that --annotation",
	    "leave out that --annotation of ctr run, or pod_annotations of the handler (CRI)" } },
	{ "criu.config",
	  false,
	  { "leave out that --annotation", "leave out that --annotation",
	    "leave out that --annotation of ctr run, or pod_annotations of the handler (CRI)" } },
	{ "hostname", false, { "--hostname NAME", "--hostname NAME", "ctr run --hostname NAME" } },
	{ "share",
	  false,
	  { "no --volume or --mount at that place", "no --volume or --mount at that place",
	    "no --mount at that place" } },
	{ .rule = NULL },
};

static const struct remedy *find(const char *rule)
{
	for (const struct remedy *row = remedies; row->rule; row++)
		if (str_eq(row->rule, rule))
			return row;
	return NULL;
}

bool remedy_is_known(const char *rule)
{
	return find(rule) != NULL;
}

static const char *network_text(int engine, const char *path, struct arena *arena)
{
	const char *text = network_by_path[engine];
	autostrbuf filled = { 0 };

	if (str_eq(path, "self"))
		return network_of_self[engine];
	if (str_empty(path) || path[0] != '/')
		return NULL;
	for (const char *hole; (hole = strstr(text, "%s")); text = hole + 2) {
		strbuf_printf(&filled, "%.*s%s", (int)(hole - text), text, path);
	}
	strbuf_puts(&filled, text);
	return arena_strdup(arena, strbuf_text(&filled));
}

/* A new network is kept up to start alone, where the container joins late. */
static bool is_kept(const struct decision *decision, const struct policy *policy)
{
	const struct policy_requested *requested =
		policy->network ? policy->network->requested : NULL;

	if (decision->action != DECISION_KEEP)
		return false;
	return !str_eq(decision->rule, "network.requested.new") || !requested ||
	       requested->new_ != POLICY_LATE;
}

const char *remedy_of(const char *engine, const struct decision *decision,
		      const struct policy *policy, struct arena *arena)
{
	const struct remedy *row = find(decision->rule);
	int index = 0;

	while (index < ENGINES && !str_eq(engine_names[index], engine))
		index++;
	/* what is about no place of the configuration no engine has asked for */
	if (!row || index == ENGINES || is_kept(decision, policy) || str_empty(decision->path))
		return NULL;
	if (row->network && policy->network)
		return network_text(index, policy->network->namespace_, arena);
	return row->text[index];
}

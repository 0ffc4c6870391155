/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config.json that `distro-shim spec` writes: a shell in a distribution's root filesystem, inside the
 * shared network. Everything a person is likely to edit stands in it.
 */
#include "base/auto.h"
#include "spec/spec.h"

/* Lists of the example, in memory of its own. */
static struct strlist make_list(struct arena *arena, size_t n, const char *const *words)
{
	struct strlist list = { .n = n, .v = arena_new_array(arena, char *, n) };
	for (size_t i = 0; i < n; i++)
		list.v[i] = arena_strdup(arena, words[i]);
	return list;
}
#define LIST(arena, words) make_list((arena), ARRAY_SIZE(words), (words))

#define MOUNT_OPTIONS_MAX 6
struct example_mount {
	const char *destination, *type, *source;
	const char *options[MOUNT_OPTIONS_MAX + 1]; /* ends with NULL */
};

static const struct example_mount root_mounts[] = {
	{ "/proc", "proc", "proc", { "nosuid", "noexec", "nodev" } },
	{ "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" } },
	{ "/dev/pts",
	  "devpts",
	  "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" } },
	{ "/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
	{ "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
	{ "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev", "relatime", "ro" } },
};

/* Group 5 is not mapped with the one id that an unprivileged user may map, and nothing is in a cgroup
 * that the user could show. */
static const struct example_mount rootless_mounts[] = {
	{ "/proc", "proc", "proc", { "nosuid", "noexec", "nodev" } },
	{ "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" } },
	{ "/dev/pts",
	  "devpts",
	  "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" } },
	{ "/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
	{ "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
	{ "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } },
};

static void add_mounts(struct arena *arena, struct spec *spec, const struct example_mount *from,
		       size_t n)
{
	spec->mounts.v = arena_new_array(arena, struct spec_mount, n);
	spec->mounts.n = n;
	for (size_t i = 0; i < n; i++) {
		struct spec_mount *mount = &spec->mounts.v[i];
		size_t options = 0;
		while (from[i].options[options])
			options++;
		mount->destination = arena_strdup(arena, from[i].destination);
		mount->type = arena_strdup(arena, from[i].type);
		mount->source = arena_strdup(arena, from[i].source);
		mount->options = make_list(arena, options, from[i].options);
	}
}

/* What engines give by default, without CAP_NET_RAW: the network is shared by all. */
static const char *const capability_names[] = {
	"CAP_AUDIT_WRITE", "CAP_CHOWN",  "CAP_DAC_OVERRIDE",     "CAP_FOWNER",  "CAP_FSETID",
	"CAP_KILL",        "CAP_MKNOD",  "CAP_NET_BIND_SERVICE", "CAP_SETFCAP", "CAP_SETGID",
	"CAP_SETPCAP",     "CAP_SETUID", "CAP_SYS_CHROOT",
};

static struct spec_process *make_process(struct arena *arena)
{
	static const char *const args[] = { "sh" };
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"TERM=xterm",
	};
	struct spec_process *process = arena_new(arena, struct spec_process);
	process->terminal = true;
	process->user = arena_new(arena, struct spec_user);
	process->args = LIST(arena, args);
	process->env = LIST(arena, env);
	process->cwd = arena_strdup(arena, "/");
	process->capabilities = arena_new(arena, struct spec_capabilities);
	process->capabilities->bounding = LIST(arena, capability_names);
	process->capabilities->effective = LIST(arena, capability_names);
	process->capabilities->permitted = LIST(arena, capability_names);
	return process;
}

static void add_namespaces(struct arena *arena, struct spec_linux *config, const char *netns_path,
			   bool rootless)
{
	static const enum spec_ns_type types[] = {
		SPEC_NS_PID,   SPEC_NS_NETWORK, SPEC_NS_IPC,  SPEC_NS_UTS,
		SPEC_NS_MOUNT, SPEC_NS_CGROUP,  SPEC_NS_USER,
	};
	/* the last one is for the rootless form */
	size_t n = ARRAY_SIZE(types) - (rootless ? 0 : 1);
	config->namespaces.v = arena_new_array(arena, struct spec_namespace, n);
	config->namespaces.n = n;
	for (size_t i = 0; i < n; i++) {
		config->namespaces.v[i].type = types[i];
		if (types[i] == SPEC_NS_NETWORK)
			config->namespaces.v[i].path = arena_strdup(arena, netns_path);
	}
}

static struct spec_id_mappings map_root_to(struct arena *arena, uint32_t id)
{
	struct spec_id_mappings maps = { .n = 1, .v = arena_new(arena, struct spec_id_mapping) };
	maps.v[0] = (struct spec_id_mapping){ .container_id = 0, .host_id = id, .size = 1 };
	return maps;
}

/* Files that tell of the whole machine or act on it. */
static const char *const masked_paths[] = {
	"/proc/acpi",          "/proc/asound",      "/proc/kcore", "/proc/keys",
	"/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",  "/proc/timer_list",
	"/proc/timer_stats",   "/sys/firmware",
};
static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

struct spec *spec_example(struct arena *arena, const char *netns_path, bool rootless, uint32_t uid,
			  uint32_t gid)
{
	struct spec *spec = arena_new(arena, struct spec);
	spec->oci_version = arena_strdup(arena, "1.3.0");
	spec->root = arena_new(arena, struct spec_root);
	spec->root->path = arena_strdup(arena, "rootfs");
	spec->process = make_process(arena);
	spec->hostname = arena_strdup(arena, "distro");
	spec->linux_ = arena_new(arena, struct spec_linux);
	spec->linux_->masked_paths = LIST(arena, masked_paths);
	spec->linux_->readonly_paths = LIST(arena, readonly_paths);
	add_namespaces(arena, spec->linux_, netns_path, rootless);
	if (!rootless) {
		add_mounts(arena, spec, root_mounts, ARRAY_SIZE(root_mounts));
		return spec;
	}
	add_mounts(arena, spec, rootless_mounts, ARRAY_SIZE(rootless_mounts));
	spec->linux_->uid_mappings = map_root_to(arena, uid);
	spec->linux_->gid_mappings = map_root_to(arena, gid);
	return spec;
}

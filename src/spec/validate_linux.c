/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of config.json's "linux" (config-linux.md), but for resources and seccomp.
 */
#include "base/auto.h"
#include "base/path.h"
#include "spec/check.h"

#include <linux/mempolicy.h>
#include <sys/stat.h>

static bool has_namespace(const struct spec *spec, enum spec_ns_type type)
{
	return spec_namespace_find(spec, type) != NULL;
}

/* A namespace of its own, not one joined by path. */
static bool has_new_namespace(const struct spec *spec, enum spec_ns_type type)
{
	const struct spec_namespace *entry = spec_namespace_find(spec, type);
	return entry && !entry->path;
}

static void check_namespaces(struct check *c, const struct spec *spec)
{
	unsigned seen = 0; /* one bit a type */
	for (size_t i = 0; i < spec->linux_->namespaces.n; i++) {
		const struct spec_namespace *entry = &spec->linux_->namespaces.v[i];
		const char *type = value_to_name(spec_ns_names, entry->type);
		if (seen & (1u << entry->type))
			check_fail(c, "namespaces[%zu].type: %s is given more than once", i, type);
		seen |= 1u << entry->type;
		if (entry->path)
			check_absolute_path(c, check_name(c, "namespaces[%zu].path", i),
					    entry->path);
	}
}

static void check_user_namespace(struct check *c, const struct spec *spec)
{
	const struct spec_linux *config = spec->linux_;
	bool uids = config->uid_mappings.n > 0, gids = config->gid_mappings.n > 0;
	if ((uids || gids) && !has_namespace(spec, SPEC_NS_USER))
		check_fail(c, "uidMappings, gidMappings: need a user namespace");
	else if (uids != gids)
		check_fail(c, "uidMappings and gidMappings must be given together");
	check_id_mappings(c, "uidMappings", &config->uid_mappings);
	check_id_mappings(c, "gidMappings", &config->gid_mappings);
}

static void check_time_offset(struct check *c, const char *clock,
			      const struct spec_time_offset *offset)
{
	enum { NANOSECONDS = 1000000000 };
	if (offset && offset->nanosecs.set && offset->nanosecs.value >= NANOSECONDS)
		check_fail(c, "timeOffsets.%s.nanosecs: must be less than %d", clock, NANOSECONDS);
}

static void check_time_offsets(struct check *c, const struct spec *spec)
{
	const struct spec_time_offsets *offsets = spec->linux_->time_offsets;
	if (!offsets || (!offsets->monotonic && !offsets->boottime))
		return;
	/* Of a namespace that has members the offsets can no longer be set: time_namespaces(7). */
	if (!has_new_namespace(spec, SPEC_NS_TIME))
		check_fail(c, "timeOffsets: needs a new time namespace");
	check_time_offset(c, "monotonic", offsets->monotonic);
	check_time_offset(c, "boottime", offsets->boottime);
}

static const struct device_type {
	const char *name;
	uint32_t format; /* as st_mode has it */
	bool has_number;
} device_types[] = {
	{ "b", S_IFBLK, true },
	{ "c", S_IFCHR, true },
	{ "u", S_IFCHR, true },
	{ "p", S_IFIFO, false },
};

static const struct device_type *find_device_type(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(device_types); i++)
		if (str_eq(device_types[i].name, name))
			return &device_types[i];
	return NULL;
}

static void check_device_number(struct check *c, size_t i, const char *which,
				const struct opt_i64 *number, int64_t largest)
{
	if (!number->set)
		check_fail(c, "devices[%zu].%s: is missing", i, which);
	else if (number->value < 0 || number->value > largest)
		check_fail(c, "devices[%zu].%s: must be between 0 and %lld", i, which,
			   (long long)largest);
}

static void check_device(struct check *c, const struct spec_device *device, size_t i)
{
	/* The kernel's dev_t: 12 bits and 20 bits. */
	enum { MAJOR_MAX = 4095, MINOR_MAX = 1048575, PERMISSIONS = 07777 };
	const struct device_type *type = find_device_type(device->type);
	uint32_t mode = device->file_mode.set ? device->file_mode.value : 0;
	if (!type)
		check_fail(c, "devices[%zu].type: must be one of b, c, u, p, is %s", i,
			   check_quoted(c, device->type));
	if (type && type->has_number) {
		check_device_number(c, i, "major", &device->major, MAJOR_MAX);
		check_device_number(c, i, "minor", &device->minor, MINOR_MAX);
	}
	/* Engines pass st_mode as it is. */
	if (type && (mode & S_IFMT) == type->format)
		mode &= ~(uint32_t)S_IFMT;
	if (mode > PERMISSIONS)
		check_fail(c, "devices[%zu].fileMode: must not be greater than %d (octal 7777)", i,
			   PERMISSIONS);
	if (device->uid.set && device->uid.value == UINT32_MAX)
		check_fail(c, "devices[%zu].uid: %u is not a valid id", i, UINT32_MAX);
	if (device->gid.set && device->gid.value == UINT32_MAX)
		check_fail(c, "devices[%zu].gid: %u is not a valid id", i, UINT32_MAX);
}

/* One spelling of a path: "/dev//./null" is "/dev/null". */
static const char *plain_path(struct check *c, const char *path)
{
	autostrbuf text = { 0 };
	struct path_part part;
	while (path_next(&path, &part)) {
		if (!path_part_is(&part, ".")) {
			strbuf_putc(&text, '/');
			strbuf_add(&text, part.text, part.length);
		}
	}
	return arena_strdup(&c->arena, strbuf_text(&text));
}

static void check_devices(struct check *c, const struct spec *spec)
{
	size_t n = spec->linux_->devices.n;
	const char **paths = arena_new_array(&c->arena, const char *, n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct spec_device *device = &spec->linux_->devices.v[i];
		check_absolute_path(c, check_name(c, "devices[%zu].path", i), device->path);
		if (check_has_component(device->path, ".."))
			check_fail(c, "devices[%zu].path: must not contain '..', is %s", i,
				   check_quoted(c, device->path));
		check_device(c, device, i);
		paths[i] = plain_path(c, device->path);
	}
	check_unique(c, "devices", n, paths);
}

/* "eth%d" asks for a free number (config-linux.md "Network Devices"); the kernel takes it once. */
static bool is_name_template(struct check *c, const char *at, const char *name)
{
	const char *percent = name ? strchr(name, '%') : NULL;
	if (percent && (percent[1] != 'd' || strchr(percent + 1, '%')))
		check_fail(c, "%s.name: '%%' may only stand in one \"%%d\", is %s", at,
			   check_quoted(c, name));
	return percent;
}

static void check_net_devices(struct check *c, const struct spec *spec)
{
	size_t n = spec->linux_->net_devices.n, unique = 0;
	const char **names = arena_new_array(&c->arena, const char *, n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct spec_net_device *device = &spec->linux_->net_devices.v[i];
		const char *at = check_name(c, "netDevices.%s", check_quoted(c, device->key));
		check_interface_name(c, at, device->key);
		if (!str_empty(device->name))
			check_interface_name(c, check_name(c, "%s.name", at), device->name);
		if (!is_name_template(c, at, device->name))
			names[unique++] = str_empty(device->name) ? device->key : device->name;
	}
	check_unique(c, "netDevices", unique, names);
}

/* A path below each hierarchy, or systemd's SLICE:PREFIX:NAME: which of them is not known here. */
static void check_cgroups_path(struct check *c, const struct spec *spec)
{
	const char *path = spec->linux_->cgroups_path;
	if (str_empty(path))
		return;
	check_path(c, "cgroupsPath", path);
	if (check_has_component(path, ".."))
		check_fail(c, "cgroupsPath: must not contain '..', is %s", check_quoted(c, path));
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			check_fail(c, "cgroupsPath: must not contain control characters");
			return;
		}
}

static void check_linux_resources(struct check *c, const struct spec *spec)
{
	const struct spec_resources *resources = spec->linux_->resources;
	if (!resources)
		return;
	c->at = "linux.resources.";
	check_resources(c, resources);
	const struct spec_memory *memory = resources->memory;
	/* Not in check_resources(): an update may rely on the existing limit. */
	if (memory && memory->swap.set && memory->swap.value > 0 &&
	    !(memory->limit.set && memory->limit.value != 0))
		check_fail(c, "memory.swap: needs memory.limit");
	c->at = "linux.";
}

static bool has_newline(const char *text)
{
	return text && strchr(text, '\n') != NULL;
}

void check_rdt(struct check *c, const struct spec_intel_rdt *rdt)
{
	/* "/" alone is the root group; everything else is a directory below resctrl's mount point. */
	if (rdt->clos_id && !str_eq(rdt->clos_id, "/") &&
	    (!*rdt->clos_id || strpbrk(rdt->clos_id, "/\n") || str_eq(rdt->clos_id, ".") ||
	     str_eq(rdt->clos_id, "..") || strlen(rdt->clos_id) > 255))
		check_fail(c, "intelRdt.closID: must be '/' or the name of a directory, is %s",
			   check_quoted(c, rdt->clos_id));
	for (size_t i = 0; i < rdt->schemata.n; i++)
		if (has_newline(rdt->schemata.v[i]))
			check_fail(c, "intelRdt.schemata[%zu]: must be one line", i);
	if (has_newline(rdt->l3_cache_schema))
		check_fail(c, "intelRdt.l3CacheSchema: must be one line");
	if (rdt->mem_bw_schema &&
	    (!str_has_prefix(rdt->mem_bw_schema, "MB:") || has_newline(rdt->mem_bw_schema)))
		check_fail(c, "intelRdt.memBwSchema: must be one line that begins with 'MB:'");
}

static void check_intel_rdt(struct check *c, const struct spec *spec)
{
	if (spec->linux_->intel_rdt)
		check_rdt(c, spec->linux_->intel_rdt);
}

static void check_memory_policy_nodes(struct check *c, const struct spec_memory_policy *policy,
				      int64_t mode)
{
	enum { NODE_MAX = 1023 }; /* the largest CONFIG_NODES_SHIFT is 10 */
	bool nodes = !str_empty(policy->nodes);
	if (nodes && (mode == MPOL_DEFAULT || mode == MPOL_LOCAL))
		check_fail(c, "memoryPolicy.nodes: must be empty for %s", policy->mode);
	/* set_mempolicy(2): an empty set means the local node for MPOL_PREFERRED alone. */
	if (!nodes && mode != MPOL_DEFAULT && mode != MPOL_LOCAL && mode != MPOL_PREFERRED)
		check_fail(c, "memoryPolicy.nodes: %s needs at least one node", policy->mode);
	check_number_list(c, "memoryPolicy.nodes", policy->nodes, NODE_MAX);
}

static void check_memory_policy(struct check *c, const struct spec *spec)
{
	const struct spec_memory_policy *policy = spec->linux_->memory_policy;
	int64_t mode = 0, flags = 0;
	if (!policy)
		return;
	if (check_known(c, "memoryPolicy.mode", spec_memory_policy_mode_names, policy->mode, &mode))
		check_memory_policy_nodes(c, policy, mode);
	for (size_t i = 0; i < policy->flags.n; i++) {
		int64_t flag = 0;
		if (check_known(c, check_name(c, "memoryPolicy.flags[%zu]", i),
				spec_memory_policy_flag_names, policy->flags.v[i], &flag))
			flags |= flag;
	}
	if ((flags & MPOL_F_STATIC_NODES) && (flags & MPOL_F_RELATIVE_NODES))
		check_fail(
			c,
			"memoryPolicy.flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other; give one of them");
}

static void check_linux_seccomp(struct check *c, const struct spec *spec)
{
	if (!spec->linux_->seccomp)
		return;
	c->at = "linux.seccomp.";
	check_seccomp(c, spec->linux_->seccomp);
	c->at = "linux.";
}

static void check_rootfs_propagation(struct check *c, const struct spec *spec)
{
	const char *propagation = spec->linux_->rootfs_propagation;
	int64_t flags;
	if (!str_empty(propagation))
		check_known(c, "rootfsPropagation", spec_propagation_names, propagation, &flags);
}

static void check_hidden_paths(struct check *c, const struct spec *spec)
{
	const struct spec_linux *config = spec->linux_;
	check_absolute_paths(c, "maskedPaths", &config->masked_paths);
	check_absolute_paths(c, "readonlyPaths", &config->readonly_paths);
	if (has_namespace(spec, SPEC_NS_MOUNT))
		return;
	if (config->masked_paths.n > 0)
		check_fail(c, "maskedPaths: needs a mount namespace");
	if (config->readonly_paths.n > 0)
		check_fail(c, "readonlyPaths: needs a mount namespace");
}

static void check_personality(struct check *c, const struct spec *spec)
{
	const struct spec_personality *personality = spec->linux_->personality;
	int64_t domain;
	if (!personality)
		return;
	check_known(c, "personality.domain", spec_personality_names, personality->domain, &domain);
	if (personality->flags.n > 0)
		check_fail(
			c,
			"personality.flags: must be empty, because the specification has no flags");
}

static void (*const linux_checks[])(struct check *c, const struct spec *spec) = {
	check_namespaces,   check_user_namespace, check_time_offsets,  check_devices,
	check_net_devices,  check_cgroups_path,   check_sysctls,       check_linux_resources,
	check_intel_rdt,    check_memory_policy,  check_linux_seccomp, check_rootfs_propagation,
	check_hidden_paths, check_personality,
};

void check_linux(struct check *c, const struct spec *spec)
{
	for (size_t i = 0; i < ARRAY_SIZE(linux_checks); i++)
		linux_checks[i](c, spec);
}

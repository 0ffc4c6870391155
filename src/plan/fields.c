/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of a plan: its top, namespaces and hooks. Pure.
 */
#include "plan/fields.h"

#include "base/auto.h"

#include <sched.h>

/* --- namespaces --- */

static uint64_t new_namespaces(const struct plan_namespaces *ns)
{
	return ns->clone_flags | (ns->new_cgroup ? CLONE_NEWCGROUP : 0) |
	       (ns->new_time ? CLONE_NEWTIME : 0);
}

static void encode_new(const void *object, struct json_out *out)
{
	fields_encode_flags(ns_flag_names, new_namespaces(object), out);
}

static void put_new(const void *object, struct strbuf *out)
{
	strbuf_puts(out, "new");
	for (const struct name_row *row = ns_flag_names; row->name; row++)
		if (new_namespaces(object) & (uint64_t)row->value)
			strbuf_show(out, " %s", row->name);
}

#define T struct plan_join
static const struct field join_rows[] = {
	ROW(ENUM, type, "type", HEAD, NULL, .names = spec_ns_names),
	ROW(TEXT, path, "path", HEAD, NULL),
};
static const struct fields join_fields = PLAN_TABLE(join_rows);
#undef T

#define T struct plan_namespaces
static const struct field network_rows[] = {
	ROW(ENUM, network, "join", HEAD, NULL, .names = network_join_names),
	ROW(TEXT, network_path, "path", HEAD, NULL),
	ROW_IF_SET(U64, network_cookie, "cookie", HEAD, "cookie"),
};
static const struct fields network_fields = PLAN_TABLE(network_rows);

static const struct field namespace_rows[] = {
	ROW_ODD(clone_flags, "new", LINE, NULL, .encode = encode_new, .put = put_new),
	SHOWN_WITH(new_time, clone_flags),
	SHOWN_WITH(new_cgroup, clone_flags),
	SHOWN_WITH(new_user, clone_flags),
	SHOWN_WITH(new_mount, clone_flags),
	SHOWN_WITH(new_pid, clone_flags),
	SHOWN_WITH(new_network, clone_flags),
	PLAN_HIDDEN(host_mounts, "it is so where no mount namespace is new or joined"),
	ROW_LIST(struct plan_join, joins, "join", LINE, "join", .sub = &join_fields),
	ROW_PART("network", LINE, "network", .sub = &network_fields),
	ROW(TEXT, uid_map, "uidMap", LINE, "uid_map"),
	ROW(TEXT, gid_map, "gidMap", LINE, "gid_map"),
	ROW(TEXT, time_offsets, "timeOffsets", LINE, "timens_offsets"),
};
static const struct fields namespace_fields = PLAN_TABLE(namespace_rows);
#undef T

#define T struct plan_net_device
static const struct field net_device_rows[] = {
	ROW(TEXT, name, NULL, HEAD, "link % of the host"),
	ROW(TEXT, inside, NULL, HEAD, "as"),
};
static const struct fields net_device_fields = PLAN_TABLE(net_device_rows);
#undef T

/* --- hooks --- */

#define T struct plan_hook
static const struct field hook_rows[] = {
	ROW(TEXT, path, "path", HEAD, NULL),
	ROW(ARGV, args, "args", LINE, "args"),
	ROW_IF_SET(ARGV, env, "env", LINE, "env"),
	ROW_IF_SET(I64, timeout, "timeout", LINE, "timeout % s"),
};
static const struct fields hook_fields = PLAN_TABLE(hook_rows);
#undef T

#define T struct plan_kept
static const struct field kept_rows[] = {
	ROW(TEXT, path, "path", HEAD, NULL),
	ROW(BOOL, below, "below", UNSHOWN, NULL),
	ROW(TEXT, why, "why", DETAIL, NULL),
};
static const struct fields kept_fields = PLAN_TABLE(kept_rows);
#undef T

#define T struct plan
#define ROW_HOOKS(member, name) \
	ROW_LIST(struct plan_hook, member, name, EACH, "hook " name, .sub = &hook_fields)
static const struct field hooks_rows[] = {
	ROW_HOOKS(prestart, "prestart"),
	ROW_HOOKS(create_runtime, "createRuntime"),
	ROW_HOOKS(create_container, "createContainer"),
	ROW_HOOKS(start_container, "startContainer"),
	ROW_HOOKS(poststart, "poststart"),
	ROW_HOOKS(poststop, "poststop"),
};
static const struct fields hooks_fields = PLAN_TABLE(hooks_rows);

/* --- the whole --- */

WHEN(has_process, it->process.args != NULL)
WHEN(has_no_process, it->process.args == NULL)
WHEN(is_managed, it->cgroup.manage)
WHEN(is_not_managed, !it->cgroup.manage)
WHEN(is_confined, it->confinement.peer_descriptors == PEERS_REFUSED)
WHEN(has_propagation,
     value_to_name(spec_propagation_names, (int64_t)it->rootfs_propagation) != NULL)

static void plan_head(const void *object, struct strbuf *out)
{
	const struct plan *plan = object;

	strbuf_puts(out, "container ");
	put_word(out, plan->id ? plan->id : "");
}

static void encode_net_devices(const void *object, struct json_out *out)
{
	const struct plan *plan = object;

	json_out_object(out);
	for (size_t i = 0; i < plan->net_devices.n; i++)
		json_out_member_string(out, plan->net_devices.v[i].name,
				       plan->net_devices.v[i].inside);
	json_out_object_end(out);
}

static void put_root_below(const void *object, struct strbuf *out)
{
	const struct plan_belows *below = &((const struct plan *)object)->root_below;

	for (size_t i = 0; i < below->n; i++) {
		strbuf_puts(out, i > 0 ? " " : "");
		fields_text_head(&plan_below_fields, &below->v[i], out);
	}
}

static void encode_propagation(const void *object, struct json_out *out)
{
	const struct plan *plan = object;

	json_out_string(out,
			value_to_name(spec_propagation_names, (int64_t)plan->rootfs_propagation));
}

static const struct field plan_rows[] = {
	ROW(TEXT, oci_version, "ociVersion", LINE, "specification"),
	ROW(TEXT, id, "id", HEAD, NULL),
	ROW(TEXT, bundle, "bundle", LINE, "bundle"),
	ROW(TEXT, rootfs, "rootfs", LINE, "root"),
	ROW(BOOL, readonly_root, "readonlyRoot", LINE, "root is read-only"),
	ROW(BOOL, no_pivot, "noPivot", LINE, "root is moved, not pivoted"),
	ROW_ODD(rootfs_propagation, "rootfsPropagation", UNSHOWN, NULL, .when = has_propagation,
		.encode = encode_propagation),
	ROW(U64, rootfs_propagation, NULL, LINE, "propagation of the root",
	    .names = spec_propagation_names, .when = has_propagation),
	ROW(TEXT, hostname, "hostname", LINE, "hostname"),
	ROW(TEXT, domainname, "domainname", LINE, "domainname"),
	ROW(TEXT, mount_label.value, NULL, LINE, "mount label"),
	ROW(TEXT, pidfd_socket, "pidfdSocket", LINE, "pidfd for"),
	ROW(STRMAP, annotations, "annotations", LINE, "annotation"),
	ROW_STRUCT(struct plan_namespaces, namespaces, "namespaces", SECTION, "namespaces",
		   .sub = &namespace_fields),
	ROW(TEXT, mount_label.value, "mountLabel", UNSHOWN, NULL),
	ROW_ODD(net_devices, "netDevices", UNSHOWN, NULL, .encode = encode_net_devices),
	ROW_LIST(struct plan_net_device, net_devices, NULL, SECTION, NULL,
		 .sub = &net_device_fields),
	ROW_LIST_IF_SET(struct plan_below, root_below, "rootBelow", SECTION, "root filesystem",
			.sub = &plan_below_fields, .put = put_root_below),
	ROW_LIST(struct plan_mount, mounts, "mounts", SECTION, "mounts", .sub = &plan_mount_fields),
	ROW_LIST(struct plan_device, devices, "devices", SECTION, "devices",
		 .sub = &plan_device_fields),
	ROW_LIST(struct plan_link, links, "links", SECTION, "links", .sub = &plan_link_fields),
	ROW(STRLIST, masked_paths, "maskedPaths", SECTION, "masked"),
	ROW(STRLIST, readonly_paths, "readonlyPaths", SECTION, "read-only"),
	ROW(STRMAP, sysctls, "sysctls", SECTION, "sysctls"),
	ROW_STRUCT(struct plan_cgroup, cgroup, "cgroup", UNSHOWN, NULL, .sub = &plan_cgroup_fields),
	ROW_STRUCT(struct plan_cgroup, cgroup, NULL, SECTION, NULL, .sub = &plan_cgroup_fields,
		   .when = is_managed),
	ROW_ODD(cgroup, NULL, SECTION, "cgroup none", .when = is_not_managed),
	ROW_OBJECT(struct plan_rdt, rdt, "intelRdt", SECTION, NULL, .sub = &plan_rdt_fields),
	ROW_STRUCT(struct plan_process, process, "process", SECTION, NULL,
		   .sub = &plan_process_fields, .when = has_process),
	ROW_ODD(process, "process", SECTION, "process none", .when = has_no_process),
	ROW_OBJECT(struct plan_seccomp, seccomp, "seccomp", SECTION, "system calls",
		   .sub = &plan_seccomp_fields),
	ROW_STRUCT(struct confinement, confinement, "confinement", SECTION,
		   "peers' descriptors refused", .sub = &confinement_fields, .when = is_confined),
	ROW_PART("hooks", SECTION, NULL, .sub = &hooks_fields),
	ROW(STRLIST, warnings, "warnings", SECTION, "warnings"),
	ROW(STRLIST, notes, "notes", SECTION, "notes"),
	ROW_LIST_IF_SET(struct plan_kept, kept, "kept", UNSHOWN, NULL, .sub = &kept_fields),
	PLAN_HIDDEN(kernel_own, "the policy's kernelMounts, which explain shows"),
};
const struct fields plan_fields = PLAN_TABLE_HEADED(plan_rows, plan_head);
#undef T

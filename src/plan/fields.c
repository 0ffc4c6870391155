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
	ROW(ENUM, type, "type", HEAD, .names = spec_ns_names),
	ROW(TEXT, path, "path", HEAD),
};
static const struct fields join_fields = PLAN_TABLE(join_rows);
#undef T

#define T struct forward_record
static const struct field forward_rows[] = {
	ROW_IF_SET(U64, decoy, "decoy", HEAD, LED("forward from the engine's network %")),
	ROW(BOOL, of_other, "ofOther", DETAIL, LED("by another container")),
	ROW(STRING, nameserver, "nameserver", LINE, LED("names are asked of")),
	ROW(STRING, resolv_conf, "resolvConf", UNSHOWN),
	ROW(STRING, source, "source", LINE, LED("names are asked of what stands in")),
	ROW(STRING, path, "path", UNSHOWN),
	PLAN_HIDDEN(nameserver_port, "it is asked for when the container is made"),
	PLAN_HIDDEN(empty, "what is there is looked at when the container is made"),
};
static const struct fields plan_forward_fields = PLAN_TABLE(forward_rows);
#undef T

#define T struct address_record
static const struct field address_rows[] = {
	ROW(ENUM, mode, "mode", HEAD, LED("address"), .names = network_address_names),
	ROW(STRING, pool4, "pool4", HEAD, LED("of")),
	ROW(STRING, pool6, "pool6", HEAD, LED("of")),
	ROW(STRING, other, "other", DETAIL, LED("with container")),
	ROW(BOOL, private_localhost, "privateLocalhost", DETAIL, LED("localhost private")),
	ROW(BOOL, low_ports, "lowPorts", DETAIL, LED("low ports")),
	ROW(BOOL, siblings_local, "siblingsLocal", DETAIL, LED("siblings local")),
	PLAN_HIDDEN(addresses, "they are asked for when the container is made"),
	PLAN_HIDDEN(index, "it is given out when the container is made"),
	PLAN_HIDDEN(group, "its name is made when the container is"),
};
static const struct fields plan_address_fields = PLAN_TABLE(address_rows);
#undef T

#define T struct plan_namespaces
static const struct field network_rows[] = {
	ROW(ENUM, network, "join", HEAD, .names = network_join_names),
	ROW(TEXT, network_path, "path", HEAD),
	ROW_IF_SET(U64, network_cookie, "cookie", HEAD, LED("cookie")),
};
static const struct fields network_fields = PLAN_TABLE(network_rows);

static const struct field namespace_rows[] = {
	ROW_ODD(clone_flags, "new", LINE, SHOWN(NULL, .encode = encode_new, .put = put_new)),
	SHOWN_WITH(new_time, clone_flags),
	SHOWN_WITH(new_cgroup, clone_flags),
	SHOWN_WITH(new_user, clone_flags),
	SHOWN_WITH(new_mount, clone_flags),
	SHOWN_WITH(new_pid, clone_flags),
	SHOWN_WITH(new_network, clone_flags),
	PLAN_HIDDEN(host_mounts, "it is so where no mount namespace is new or joined"),
	PLAN_HIDDEN(late_by_thread, "it is so of each late join with a user namespace"),
	ROW_LIST(struct plan_join, joins, "join", LINE, LED("join"), .sub = &join_fields),
	ROW_PART("network", LINE, LED("network"), .sub = &network_fields),
	ROW(TEXT, uid_map, "uidMap", LINE, LED("uid_map")),
	ROW(TEXT, gid_map, "gidMap", LINE, LED("gid_map")),
	ROW(TEXT, time_offsets, "timeOffsets", LINE, LED("timens_offsets")),
};
static const struct fields namespace_fields = PLAN_TABLE(namespace_rows);
#undef T

#define T struct plan_net_device
static const struct field net_device_rows[] = {
	ROW(TEXT, name, NULL, HEAD, LED("link % of the host")),
	ROW(TEXT, inside, NULL, HEAD, LED("as")),
};
static const struct fields net_device_fields = PLAN_TABLE(net_device_rows);
#undef T

/* --- hooks --- */

#define T struct plan_hook
static const struct field hook_rows[] = {
	ROW(TEXT, path, "path", HEAD),
	ROW(ARGV, args, "args", LINE, LED("args")),
	ROW_IF_SET(ARGV, env, "env", LINE, LED("env")),
	ROW_IF_SET(I64, timeout, "timeout", LINE, LED("timeout % s")),
};
static const struct fields hook_fields = PLAN_TABLE(hook_rows);
#undef T

#define T struct plan_kept
static const struct field kept_rows[] = {
	ROW(TEXT, path, "path", HEAD),
	ROW(BOOL, below, "below", UNSHOWN),
	ROW(TEXT, why, "why", DETAIL),
};
static const struct fields kept_fields = PLAN_TABLE(kept_rows);
#undef T

#define T struct plan
#define ROW_HOOKS(member, name) \
	ROW_LIST(struct plan_hook, member, name, EACH, SHOWN("hook " name), .sub = &hook_fields)
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
WHEN(is_confined, confinement_filter_keys(&it->confinement) != NULL)
WHEN(is_locked, it->confinement.lock == LOCK_STRICT)
WHEN(has_no_peers, it->confinement.peer_descriptors == PEERS_REFUSED)
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
	ROW(TEXT, oci_version, "ociVersion", LINE, LED("specification")),
	ROW(TEXT, id, "id", HEAD),
	ROW(TEXT, bundle, "bundle", LINE, LED("bundle")),
	ROW(TEXT, rootfs, "rootfs", LINE, LED("root")),
	ROW(BOOL, root_idmap, "rootIdmap", LINE, LED("root has the container's ids")),
	ROW(BOOL, readonly_root, "readonlyRoot", LINE, LED("root is read-only")),
	ROW(BOOL, no_pivot, "noPivot", LINE, LED("root is moved, not pivoted")),
	ROW_ODD(rootfs_propagation, "rootfsPropagation", UNSHOWN,
		SHOWN(NULL, .when = has_propagation, .encode = encode_propagation)),
	ROW(U64, rootfs_propagation, NULL, LINE,
	    SHOWN("propagation of the root", .when = has_propagation),
	    .names = spec_propagation_names),
	ROW(TEXT, hostname, "hostname", LINE, LED("hostname")),
	ROW(TEXT, domainname, "domainname", LINE, LED("domainname")),
	ROW(TEXT, mount_label.value, NULL, LINE, LED("mount label")),
	ROW(TEXT, pidfd_socket, "pidfdSocket", LINE, LED("pidfd for")),
	ROW(STRMAP, annotations, "annotations", LINE, LED("annotation")),
	ROW_STRUCT(struct plan_namespaces, namespaces, "namespaces", SECTION, LED("namespaces"),
		   .sub = &namespace_fields),
	ROW(TEXT, mount_label.value, "mountLabel", UNSHOWN),
	ROW_ODD(net_devices, "netDevices", UNSHOWN, SHOWN(NULL, .encode = encode_net_devices)),
	ROW_LIST(struct plan_net_device, net_devices, NULL, SECTION, .sub = &net_device_fields),
	ROW_LIST_IF_SET(struct plan_below, root_below, "rootBelow", SECTION,
			SHOWN("root filesystem", .put = put_root_below), .sub = &plan_below_fields),
	ROW_LIST(struct plan_mount, mounts, "mounts", SECTION, LED("mounts"),
		 .sub = &plan_mount_fields),
	ROW_LIST(struct plan_device, devices, "devices", SECTION, LED("devices"),
		 .sub = &plan_device_fields),
	ROW_LIST(struct plan_link, links, "links", SECTION, LED("links"), .sub = &plan_link_fields),
	ROW(STRLIST, masked_paths, "maskedPaths", SECTION, LED("masked")),
	ROW(STRLIST, readonly_paths, "readonlyPaths", SECTION, LED("read-only")),
	ROW(STRMAP, sysctls, "sysctls", SECTION, LED("sysctls")),
	ROW_STRUCT(struct plan_cgroup, cgroup, "cgroup", UNSHOWN, .sub = &plan_cgroup_fields),
	ROW_STRUCT(struct plan_cgroup, cgroup, NULL, SECTION, SHOWN(NULL, .when = is_managed),
		   .sub = &plan_cgroup_fields),
	ROW_ODD(cgroup, NULL, SECTION, SHOWN("cgroup none", .when = is_not_managed)),
	ROW_OBJECT(struct forward_record, forward, "forward", SECTION, .sub = &plan_forward_fields),
	ROW_OBJECT(struct address_record, address, "address", SECTION, .sub = &plan_address_fields),
	ROW_OBJECT(struct plan_rdt, rdt, "intelRdt", SECTION, .sub = &plan_rdt_fields),
	ROW_STRUCT(struct plan_process, process, "process", SECTION,
		   SHOWN(NULL, .when = has_process), .sub = &plan_process_fields),
	ROW_ODD(process, "process", SECTION, SHOWN("process none", .when = has_no_process)),
	ROW_OBJECT(struct plan_seccomp, seccomp, "seccomp", SECTION, LED("system calls"),
		   .sub = &plan_seccomp_fields),
	ROW_STRUCT(struct confinement, confinement, "confinement", UNSHOWN,
		   SHOWN(NULL, .when = is_confined), .sub = &confinement_fields),
	ROW_ODD(confinement, NULL, SECTION, SHOWN("network locked", .when = is_locked)),
	ROW_ODD(confinement, NULL, SECTION,
		SHOWN("peers' descriptors refused", .when = has_no_peers)),
	ROW_PART("hooks", SECTION, .sub = &hooks_fields),
	ROW(STRLIST, warnings, "warnings", SECTION, LED("warnings")),
	ROW(STRLIST, notes, "notes", SECTION, LED("notes")),
	ROW_LIST_IF_SET(struct plan_kept, kept, "kept", UNSHOWN, .sub = &kept_fields),
	PLAN_HIDDEN(kernel_own, "the policy's kernelMounts, which explain shows"),
};
const struct fields plan_fields = PLAN_TABLE_HEADED(plan_rows, plan_head);
#undef T

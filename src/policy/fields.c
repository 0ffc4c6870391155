/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of the policy file (closed: a key that nobody knows is a
 * spelling mistake of the administrator, and must not be taken for a rule that holds). Pure.
 */
#include "base/auto.h"
#include "policy/policy.h"

static const struct name_row mode_names[] = {
	{ "enforce", POLICY_ENFORCE },
	{ "observe", POLICY_OBSERVE },
	{ NULL, 0 },
};
static const struct name_row requested_names[] = {
	{ "rewrite", POLICY_REWRITE },
	{ "refuse", POLICY_REFUSE },
	{ NULL, 0 },
};
static const struct name_row requested_new_names[] = {
	{ "late", POLICY_LATE },
	{ "refuse", POLICY_REFUSE },
	{ "keep", POLICY_KEEP },
	{ NULL, 0 },
};
static const struct name_row lock_names[] = {
	{ "open", POLICY_LOCK_OPEN },
	{ "strict", POLICY_LOCK_STRICT },
	{ NULL, 0 },
};
static const struct name_row abstract_socket_names[] = {
	{ "shared", POLICY_SOCKETS_SHARED },
	{ "isolated", POLICY_SOCKETS_ISOLATED },
	{ NULL, 0 },
};
static const struct name_row overlap_names[] = {
	{ "refused", POLICY_OVERLAP_REFUSED },
	{ "open", POLICY_OVERLAP_OPEN },
	{ NULL, 0 },
};
static const struct name_row pid_names[] = {
	{ "fresh", POLICY_FRESH },
	{ "isolated", POLICY_ISOLATED },
	{ NULL, 0 },
};
static const struct name_row mount_names[] = {
	{ "fresh", POLICY_FRESH },
	{ NULL, 0 },
};
static const struct name_row isolated_names[] = {
	{ "isolated", POLICY_ISOLATED },
	{ "fresh", POLICY_FRESH },
	{ "requested", POLICY_REQUESTED },
	{ NULL, 0 },
};
static const struct name_row time_names[] = {
	{ "requested", POLICY_REQUESTED },
	{ NULL, 0 },
};
static const struct name_row kernel_mount_names[] = {
	{ "own", POLICY_KERNEL_OWN },
	{ "requested", POLICY_KERNEL_REQUESTED },
	{ NULL, 0 },
};
static const struct name_row proc_sys_names[] = {
	{ "read-only", POLICY_REWRITE },
	{ "requested", POLICY_REQUESTED },
	{ NULL, 0 },
};
static const struct name_row privileged_names[] = {
	{ "allow", POLICY_PRIVILEGED_ALLOW },
	{ "strip", POLICY_PRIVILEGED_STRIP },
	{ "refuse", POLICY_PRIVILEGED_REFUSE },
	{ NULL, 0 },
};

static const struct field requested_rows[] = {
	FIELD_ENUM_ROW(struct policy_requested, host, "host", 0, requested_names),
	FIELD_ENUM_ROW(struct policy_requested, path, "path", 0, requested_names),
	FIELD_ENUM_ROW(struct policy_requested, fresh, "new", 0, requested_new_names),
};
static const struct fields requested_fields =
	FIELDS("struct policy_requested", struct policy_requested, requested_rows, FIELDS_CLOSED);

static const struct field network_rows[] = {
	FIELD(struct policy_network, STRING, namespace_, "namespace", FIELD_NOT_EMPTY),
	FIELD_OBJECT_ROW(struct policy_network, requested, struct policy_requested, "requested", 0,
			 &requested_fields),
	FIELD(struct policy_network, OPT_BOOL, allow_host, "allowHost", 0),
	FIELD(struct policy_network, OPT_BOOL, admin, "admin", 0),
	FIELD(struct policy_network, STRING_OR_STRLIST, sysctls, "sysctls", 0),
	FIELD_ENUM_ROW(struct policy_network, lock, "lock", 0, lock_names),
	FIELD_ENUM_ROW(struct policy_network, abstract_sockets, "abstractSockets", 0,
		       abstract_socket_names),
	FIELD_ENUM_ROW(struct policy_network, peer_descriptors, "peerDescriptors", 0,
		       peer_descriptor_names),
	FIELD(struct policy_network, STRING, resolv_conf, "resolvConf", FIELD_NOT_EMPTY),
	FIELD(struct policy_network, STRING, hosts, "hosts", FIELD_NOT_EMPTY),
	FIELD(struct policy_network, RAW, ports, "ports", 0),
};
static const struct fields network_fields =
	FIELDS("struct policy_network", struct policy_network, network_rows, FIELDS_CLOSED);

static const struct field namespaces_rows[] = {
	FIELD_ENUM_ROW(struct policy_namespaces, pid, "pid", 0, pid_names),
	FIELD_ENUM_ROW(struct policy_namespaces, mount, "mount", 0, mount_names),
	FIELD_ENUM_ROW(struct policy_namespaces, ipc, "ipc", 0, isolated_names),
	FIELD_ENUM_ROW(struct policy_namespaces, uts, "uts", 0, isolated_names),
	FIELD_ENUM_ROW(struct policy_namespaces, cgroup, "cgroup", 0, isolated_names),
	FIELD(struct policy_namespaces, RAW, user, "user", 0),
	FIELD_ENUM_ROW(struct policy_namespaces, time, "time", 0, time_names),
};
static const struct fields namespaces_fields = FIELDS(
	"struct policy_namespaces", struct policy_namespaces, namespaces_rows, FIELDS_CLOSED);

static const struct field cgroup_policy_rows[] = {
	FIELD_ENUM_ROW(struct policy_cgroup, overlap, "overlap", 0, overlap_names),
};
static const struct fields cgroup_policy_fields =
	FIELDS("struct policy_cgroup", struct policy_cgroup, cgroup_policy_rows, FIELDS_CLOSED);

static const struct field hooks_rows[] = {
	FIELD(struct policy_hooks, STRLIST, output, "output", 0),
	FIELD(struct policy_hooks, OPT_U32, timeout, "timeout", 0),
};
static const struct fields hooks_fields =
	FIELDS("struct policy_hooks", struct policy_hooks, hooks_rows, FIELDS_CLOSED);

static const struct field criu_rows[] = {
	FIELD(struct policy_criu, STRLIST, config, "config", 0),
};
static const struct fields criu_fields =
	FIELDS("struct policy_criu", struct policy_criu, criu_rows, FIELDS_CLOSED);

static const struct field policy_rows[] = {
	FIELD(struct policy, I64, version, "version", FIELD_REQUIRED),
	FIELD_ENUM_ROW(struct policy, mode, "mode", 0, mode_names),
	FIELD_OBJECT_ROW(struct policy, network, struct policy_network, "network", 0,
			 &network_fields),
	FIELD_OBJECT_ROW(struct policy, namespaces, struct policy_namespaces, "namespaces", 0,
			 &namespaces_fields),
	FIELD_ENUM_ROW(struct policy, proc_sys, "procSys", 0, proc_sys_names),
	FIELD_ENUM_ROW(struct policy, kernel_mounts, "kernelMounts", 0, kernel_mount_names),
	FIELD_ENUM_ROW(struct policy, privileged, "privileged", 0, privileged_names),
	FIELD_OBJECT_ROW(struct policy, cgroup, struct policy_cgroup, "cgroup", 0,
			 &cgroup_policy_fields),
	FIELD_OBJECT_ROW(struct policy, hooks, struct policy_hooks, "hooks", 0, &hooks_fields),
	FIELD_OBJECT_ROW(struct policy, criu, struct policy_criu, "criu", 0, &criu_fields),
	FIELD(struct policy, RAW, capabilities, "capabilities", 0),
	FIELD(struct policy, RAW, share, "share", 0),
	FIELD(struct policy, RAW, hostname, "hostname", 0),
	FIELD(struct policy, RAW, systemd, "systemd", 0),
	FIELD(struct policy, RAW, audit, "audit", 0),
	FIELD(struct policy, RAW, distros, "distros", 0),
};
const struct fields policy_fields =
	FIELDS("struct policy", struct policy, policy_rows, FIELDS_CLOSED);

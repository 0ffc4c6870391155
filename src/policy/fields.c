/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of what policy/ reads and records: the policy file (closed: a key that nobody knows is a
 * spelling mistake of the administrator, and must not be taken for a rule that holds), the facts (for
 * tests and for explain) and the decisions (in the state records). Pure.
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
static const struct name_row peer_descriptor_names[] = {
	{ "refused", POLICY_PEERS_REFUSED },
	{ "open", POLICY_PEERS_OPEN },
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

/* --- facts --- */

const struct name_row cgroup_layout_names[] = {
	{ "none", CGROUP_NONE }, { "v1", CGROUP_V1 }, { "hybrid", CGROUP_HYBRID },
	{ "v2", CGROUP_V2 },     { NULL, 0 },
};

static const struct field ns_rows[] = {
	FIELD(struct ns_facts, STRING, path, "path", 0),
	FIELD(struct ns_facts, STRING, problem, "problem", 0),
	FIELD(struct ns_facts, I32, problem_errno, "problemErrno", 0),
	FIELD_ENUM_ROW(struct ns_facts, type, "type", 0, spec_ns_names),
	FIELD(struct ns_facts, U64, device, "device", 0),
	FIELD(struct ns_facts, U64, inode, "inode", 0),
	FIELD(struct ns_facts, U64, cookie, "cookie", 0),
	FIELD(struct ns_facts, BOOL, is_self, "isSelf", 0),
	FIELD(struct ns_facts, BOOL, is_host, "isHost", 0),
	FIELD(struct ns_facts, BOOL, owned, "owned", 0),
	FIELD(struct ns_facts, OPT_U32, owner_uid, "ownerUid", 0),
};
static const struct fields ns_fields = FIELDS("struct ns_facts", struct ns_facts, ns_rows, 0);

static const struct field member_rows[] = {
	FIELD(struct member_facts, STRING, id, "id", FIELD_REQUIRED),
	FIELD(struct member_facts, STRING, root, "root", 0),
	FIELD(struct member_facts, I64, pid, "pid", 0),
	FIELD(struct member_facts, U64, cookie, "cookie", 0),
	FIELD(struct member_facts, STRING, network_path, "networkPath", 0),
};
static const struct fields member_fields =
	FIELDS("struct member_facts", struct member_facts, member_rows, 0);

static const struct field hierarchy_rows[] = {
	FIELD(struct cgroup_hierarchy_facts, STRLIST, controllers, "controllers", 0),
	FIELD(struct cgroup_hierarchy_facts, STRING, name, "name", 0),
	FIELD(struct cgroup_hierarchy_facts, BOOL, v2, "v2", 0),
	FIELD(struct cgroup_hierarchy_facts, STRING, mount_point, "mountPoint", 0),
	FIELD(struct cgroup_hierarchy_facts, BOOL, readonly, "readonly", 0),
	FIELD(struct cgroup_hierarchy_facts, STRING, own_path, "ownPath", 0),
};
static const struct fields hierarchy_fields =
	FIELDS("struct cgroup_hierarchy_facts", struct cgroup_hierarchy_facts, hierarchy_rows, 0);

static const struct field cgroup_rows[] = {
	FIELD_ENUM_ROW(struct cgroup_facts, layout, "layout", 0, cgroup_layout_names),
	FIELD_LIST_ROW(struct cgroup_facts, hierarchies, struct cgroup_hierarchy_facts,
		       "hierarchies", 0, &hierarchy_fields),
	FIELD(struct cgroup_facts, STRING, delegated, "delegated", 0),
};
static const struct fields cgroup_fields =
	FIELDS("struct cgroup_facts", struct cgroup_facts, cgroup_rows, 0);

static const struct name_row relation_names[] = {
	{ "same", GROUP_SAME },
	{ "above", GROUP_ABOVE },
	{ "below", GROUP_BELOW },
	{ NULL, 0 },
};
static const struct field group_rows[] = {
	FIELD(struct group_facts, STRING, id, "id", FIELD_REQUIRED),
	FIELD(struct group_facts, STRING, root, "root", FIELD_REQUIRED),
	FIELD_ENUM_ROW(struct group_facts, relation, "relation", FIELD_REQUIRED, relation_names),
};
static const struct fields group_fields =
	FIELDS("struct group_facts", struct group_facts, group_rows, 0);
static const struct field kernel_mount_rows[] = {
	FIELD(struct kernel_mount_facts, STRING, path, "path", FIELD_REQUIRED),
	FIELD(struct kernel_mount_facts, STRING, fstype, "type", FIELD_REQUIRED),
	FIELD(struct kernel_mount_facts, STRING, part, "part", 0),
};
static const struct fields kernel_mount_fields =
	FIELDS("struct kernel_mount_facts", struct kernel_mount_facts, kernel_mount_rows, 0);

static const struct field source_rows[] = {
	FIELD(struct source_facts, STRING, source, "source", 0),
	FIELD(struct source_facts, BOOL, nofollow, "noFollow", 0),
	FIELD(struct source_facts, BOOL, recursive, "recursive", 0),
	FIELD(struct source_facts, STRING, path, "path", 0),
	FIELD(struct source_facts, STRING, fstype, "type", 0),
	FIELD(struct source_facts, STRING, part, "part", 0),
	FIELD_LIST_ROW(struct source_facts, below, struct kernel_mount_facts, "below", 0,
		       &kernel_mount_fields),
};
static const struct fields source_fields =
	FIELDS("struct source_facts", struct source_facts, source_rows, 0);

static const struct field resolver_rows[] = {
	FIELD(struct resolver_facts, STRING, own, "own", 0),
	FIELD(struct resolver_facts, STRING, engine, "engine", 0),
	FIELD(struct resolver_facts, STRING, host, "host", 0),
	FIELD(struct resolver_facts, STRLIST, local, "local", 0),
};
static const struct fields resolver_fields =
	FIELDS("struct resolver_facts", struct resolver_facts, resolver_rows, 0);

static const struct field facts_rows[] = {
	FIELD(struct facts, U32, uid, "uid", 0),
	FIELD(struct facts, U32, gid, "gid", 0),
	FIELD(struct facts, BOOL, rootless, "rootless", 0),
	FIELD(struct facts, BOOL, in_user_namespace, "inUserNamespace", 0),
	FIELD(struct facts, BOOL, no_runtime_directory, "noRuntimeDirectory", 0),
	FIELD(struct facts, STRING, kernel, "kernel", 0),
	FIELD(struct facts, U64, effective, "effective", 0),
	FIELD(struct facts, U64, bounding, "bounding", 0),
	FIELD(struct facts, U32, last_cap, "lastCap", 0),
	FIELD_LIST_ROW(struct facts, self, struct ns_facts, "self", 0, &ns_fields),
	FIELD_LIST_ROW(struct facts, requested, struct ns_facts, "requested", 0, &ns_fields),
	FIELD_OBJECT_ROW(struct facts, network, struct ns_facts, "network", 0, &ns_fields),
	FIELD_LIST_ROW(struct facts, members, struct member_facts, "members", 0, &member_fields),
	FIELD_OBJECT_ROW(struct facts, cgroup, struct cgroup_facts, "cgroup", 0, &cgroup_fields),
	FIELD(struct facts, STRING, bundle, "bundle", 0),
	FIELD(struct facts, STRING, cgroup_path, "cgroupPath", 0),
	FIELD_LIST_ROW(struct facts, groups, struct group_facts, "groups", 0, &group_fields),
	FIELD(struct facts, STRING, rootfs, "rootfs", 0),
	FIELD_OBJECT_ROW(struct facts, root, struct source_facts, "root", 0, &source_fields),
	FIELD_LIST_ROW(struct facts, sources, struct source_facts, "sources", 0, &source_fields),
	FIELD(struct facts, STRING, resolv_conf, "resolvConf", 0),
	FIELD(struct facts, STRING, hosts, "hosts", 0),
	FIELD_OBJECT_ROW(struct facts, resolv_conf_texts, struct resolver_facts, "resolvConfTexts",
			 0, &resolver_fields),
	FIELD_OBJECT_ROW(struct facts, hosts_texts, struct resolver_facts, "hostsTexts", 0,
			 &resolver_fields),
	FIELD(struct facts, STRING, hostname, "hostname", 0),
	FIELD(struct facts, STRING, state, "state", 0),
};
const struct fields facts_fields = FIELDS("struct facts", struct facts, facts_rows, 0);

/* --- confinement --- */

static const struct field confinement_rows[] = {
	FIELD_ENUM_ROW(struct confinement, peer_descriptors, "peerDescriptors", 0,
		       peer_descriptor_names),
};
const struct fields confinement_fields =
	FIELDS("struct confinement", struct confinement, confinement_rows, 0);

/* --- decisions --- */

const struct name_row decision_action_names[] = {
	{ "keep", DECISION_KEEP },
	{ "add", DECISION_ADD },
	{ "rewrite", DECISION_REWRITE },
	{ "drop", DECISION_DROP },
	{ "warn", DECISION_WARN },
	{ "refuse", DECISION_REFUSE },
	{ NULL, 0 },
};

const struct name_row network_join_names[] = {
	{ "none", NETWORK_NONE }, { "early", NETWORK_EARLY }, { "late", NETWORK_LATE },
	{ "path", NETWORK_PATH }, { "new", NETWORK_NEW },     { NULL, 0 },
};

static const struct field decision_rows[] = {
	FIELD(struct decision, STRING, rule, "rule", FIELD_REQUIRED),
	FIELD_ENUM_ROW(struct decision, action, "action", FIELD_REQUIRED, decision_action_names),
	FIELD(struct decision, STRING, path, "path", 0),
	FIELD(struct decision, STRING, before, "before", 0),
	FIELD(struct decision, STRING, after, "after", 0),
	FIELD(struct decision, STRING, why, "why", 0),
	FIELD(struct decision, OPT_U32, line, "line", 0),
	FIELD(struct decision, OPT_U32, column, "column", 0),
};
const struct fields decision_fields = FIELDS("struct decision", struct decision, decision_rows, 0);

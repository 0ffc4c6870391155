/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of the gathered facts, for tests and for explain, and questions to them. Pure.
 */
#include "model/facts.h"

#include "base/auto.h"
#include "base/str.h"
#include "model/words.h"

const struct name_row cgroup_layout_names[] = {
	{ "none", CGROUP_NONE }, { "v1", CGROUP_V1 }, { "hybrid", CGROUP_HYBRID },
	{ "v2", CGROUP_V2 },     { NULL, 0 },
};

static const struct field ns_fact_rows[] = {
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
static const struct fields ns_fact_fields =
	FIELDS("struct ns_facts", struct ns_facts, ns_fact_rows, 0);

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
	FIELD(struct cgroup_hierarchy_facts, BOOL, liftable, "liftable", 0),
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

static const struct field parent_rows[] = {
	FIELD(struct parent_facts, BOOL, disabled, "disabled", 0),
	FIELD(struct parent_facts, BOOL, systemd, "systemd", 0),
	FIELD(struct parent_facts, STRLIST, controllers, "controllers", 0),
	FIELD(struct parent_facts, U64, memory, "memory", 0),
	FIELD(struct parent_facts, U64, pids, "pids", 0),
	FIELD(struct parent_facts, U32, cpus, "cpus", 0),
};
static const struct fields parent_fields =
	FIELDS("struct parent_facts", struct parent_facts, parent_rows, 0);

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

static const struct field caller_rows[] = {
	FIELD(struct caller_facts, U32, owner, "owner", 0),
	FIELD(struct caller_facts, STRING, owner_name, "ownerName", 0),
	FIELD(struct caller_facts, STRING, engine, "engine", 0),
	FIELD(struct caller_facts, STRING, id, "id", 0),
	FIELD(struct caller_facts, STRING, bundle, "bundle", 0),
	FIELD(struct caller_facts, STRING, rootfs, "rootfs", 0),
	FIELD(struct caller_facts, STRING, bundle_doubt, "bundleDoubt", 0),
	FIELD(struct caller_facts, STRING, rootfs_doubt, "rootfsDoubt", 0),
	FIELD(struct caller_facts, STRING, network, "network", 0),
	FIELD(struct caller_facts, STRING, network_by, "networkBy", 0),
};
const struct fields caller_facts_fields =
	FIELDS("struct caller_facts", struct caller_facts, caller_rows, 0);

static const struct field share_rows[] = {
	FIELD(struct share_facts, STRING, source, "source", FIELD_REQUIRED),
	FIELD(struct share_facts, STRING, problem, "problem", 0),
	FIELD(struct share_facts, STRING, idmap_problem, "idmapProblem", 0),
};
static const struct fields share_fields =
	FIELDS("struct share_facts", struct share_facts, share_rows, 0);

static const struct field id_range_rows[] = {
	FIELD(struct id_range, U32, first, "first", 0),
	FIELD(struct id_range, U32, size, "size", 0),
};
const struct fields id_range_fields = FIELDS("struct id_range", struct id_range, id_range_rows, 0);

static const struct field user_rows[] = {
	FIELD(struct user_facts, U32, first, "first", 0),
	FIELD(struct user_facts, U32, size, "size", 0),
	FIELD(struct user_facts, BOOL, held, "held", 0),
	FIELD(struct user_facts, STRING, problem, "problem", 0),
	FIELD(struct user_facts, STRING, root_problem, "rootProblem", 0),
	FIELD(struct user_facts, STRLIST, owners, "owners", 0),
};
static const struct fields user_fields =
	FIELDS("struct user_facts", struct user_facts, user_rows, 0);

static const struct field hook_rows[] = {
	FIELD(struct hook_facts, STRING, path, "path", 0),
	FIELD(struct hook_facts, STRING, real, "real", 0),
	FIELD(struct hook_facts, STRING, problem, "problem", 0),
};
static const struct fields hook_fields =
	FIELDS("struct hook_facts", struct hook_facts, hook_rows, 0);

static const struct field forward_rows[] = {
	FIELD(struct forward_facts, STRING, problem, "problem", 0),
	FIELD(struct forward_facts, U64, of_other, "ofOther", FIELD_SPARSE),
	FIELD(struct forward_facts, STRING, nameserver, "nameserver", 0),
};
static const struct fields forward_fields =
	FIELDS("struct forward_facts", struct forward_facts, forward_rows, 0);

static const struct field address_rows[] = {
	FIELD(struct address_facts, STRING, problem, "problem", 0),
	FIELD(struct address_facts, STRING, other, "other", 0),
};
static const struct fields address_fields =
	FIELDS("struct address_facts", struct address_facts, address_rows, 0);

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
	FIELD_LIST_ROW(struct facts, self, struct ns_facts, "self", 0, &ns_fact_fields),
	FIELD_LIST_ROW(struct facts, requested, struct ns_facts, "requested", 0, &ns_fact_fields),
	FIELD_OBJECT_ROW(struct facts, network, struct ns_facts, "network", 0, &ns_fact_fields),
	FIELD(struct facts, STRLIST, twins, "twins", 0),
	FIELD(struct facts, STRING, asked_name, "askedName", 0),
	FIELD_LIST_ROW(struct facts, members, struct member_facts, "members", 0, &member_fields),
	FIELD_OBJECT_ROW(struct facts, forward, struct forward_facts, "forward", 0,
			 &forward_fields),
	FIELD_OBJECT_ROW(struct facts, address, struct address_facts, "address", 0,
			 &address_fields),
	FIELD_OBJECT_ROW(struct facts, cgroup, struct cgroup_facts, "cgroup", 0, &cgroup_fields),
	FIELD(struct facts, STRING, bundle, "bundle", 0),
	FIELD_OBJECT_ROW(struct facts, parent, struct parent_facts, "parent", 0, &parent_fields),
	FIELD(struct facts, STRING, cgroup_path, "cgroupPath", 0),
	FIELD_LIST_ROW(struct facts, groups, struct group_facts, "groups", 0, &group_fields),
	FIELD(struct facts, STRING, rootfs, "rootfs", 0),
	FIELD_OBJECT_ROW(struct facts, root, struct source_facts, "root", 0, &source_fields),
	FIELD_LIST_ROW(struct facts, sources, struct source_facts, "sources", 0, &source_fields),
	FIELD_LIST_ROW(struct facts, shares, struct share_facts, "shares", 0, &share_fields),
	FIELD_OBJECT_ROW(struct facts, user, struct user_facts, "user", 0, &user_fields),
	FIELD_LIST_ROW(struct facts, hooks, struct hook_facts, "hooks", 0, &hook_fields),
	FIELD(struct facts, STRING, resolv_conf, "resolvConf", 0),
	FIELD(struct facts, STRING, hosts, "hosts", 0),
	FIELD_OBJECT_ROW(struct facts, resolv_conf_texts, struct resolver_facts, "resolvConfTexts",
			 0, &resolver_fields),
	FIELD_OBJECT_ROW(struct facts, hosts_texts, struct resolver_facts, "hostsTexts", 0,
			 &resolver_fields),
	FIELD(struct facts, STRING, hostname, "hostname", 0),
	FIELD(struct facts, BOOL, apparmor, "apparmor", 0),
	FIELD(struct facts, BOOL, selinux, "selinux", 0),
	FIELD(struct facts, STRING, id, "id", 0),
	FIELD(struct facts, STRING, state, "state", 0),
};
const struct fields facts_fields = FIELDS("struct facts", struct facts, facts_rows, 0);

const struct ns_facts *facts_self(const struct facts *facts, int type)
{
	for (size_t i = 0; i < facts->self.n; i++)
		if (facts->self.v[i].type == type)
			return &facts->self.v[i];
	return NULL;
}

const struct ns_facts *facts_requested(const struct facts *facts, const char *path)
{
	for (size_t i = 0; path && i < facts->requested.n; i++)
		if (str_eq(facts->requested.v[i].path, path))
			return &facts->requested.v[i];
	return NULL;
}

const struct source_facts *facts_source(const struct facts *facts, const char *source,
					bool nofollow, bool recursive)
{
	for (size_t i = 0; source && i < facts->sources.n; i++) {
		const struct source_facts *known = &facts->sources.v[i];

		if (str_eq(known->source, source) && known->nofollow == nofollow &&
		    known->recursive == recursive)
			return known;
	}
	return NULL;
}

/* The inode number alone would not do: it is reused as soon as a namespace is gone. Here it may be
 * compared, because facts/ holds both descriptors while the verdict is made. */
const struct hook_facts *facts_hook(const struct facts *facts, size_t number, const char *path)
{
	const struct hook_facts *hook = number < facts->hooks.n ? &facts->hooks.v[number] : NULL;

	return hook && path && str_eq(hook->path, path) ? hook : NULL;
}

bool ns_facts_same(const struct ns_facts *a, const struct ns_facts *b)
{
	return a && b && !a->problem && !b->problem && a->type && a->type == b->type &&
	       a->device == b->device && a->inode == b->inode;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See record.h. Pure.
 */
#include "model/record.h"

#include "base/auto.h"
#include "model/facts.h"

static const struct field cgroup_record_rows[] = {
	FIELD(struct cgroup_record, BOOL, manage, "manage", 0),
	FIELD_ENUM_ROW(struct cgroup_record, layout, "layout", FIELD_REQUIRED, cgroup_layout_names),
	FIELD(struct cgroup_record, STRING, path, "path", 0),
	FIELD(struct cgroup_record, STRLIST, directories, "directories", 0),
	FIELD(struct cgroup_record, STRING, unit, "unit", 0),
	FIELD(struct cgroup_record, STRING, description, "description", 0),
	FIELD(struct cgroup_record, BOOL, user, "user", 0),
	FIELD(struct cgroup_record, STRING, mark, "mark", 0),
};

const struct fields cgroup_record_fields =
	FIELDS("struct cgroup_record", struct cgroup_record, cgroup_record_rows, 0);

static const struct field forward_record_rows[] = {
	FIELD(struct forward_record, U64, decoy, "decoy", FIELD_SPARSE),
	FIELD(struct forward_record, BOOL, of_other, "ofOther", FIELD_SPARSE),
	FIELD(struct forward_record, STRING, nameserver, "nameserver", 0),
	FIELD(struct forward_record, STRING, resolv_conf, "resolvConf", 0),
	FIELD(struct forward_record, STRING, source, "source", 0),
	FIELD(struct forward_record, U32, nameserver_port, "nameserverPort", FIELD_SPARSE),
	FIELD(struct forward_record, STRING, path, "path", 0),
	FIELD(struct forward_record, BOOL, empty, "empty", FIELD_SPARSE),
};
const struct fields forward_record_fields =
	FIELDS("struct forward_record", struct forward_record, forward_record_rows, 0);

static const struct field address_record_rows[] = {
	FIELD_ENUM_ROW(struct address_record, mode, "mode", FIELD_REQUIRED, network_address_names),
	FIELD(struct address_record, BOOL, private_localhost, "privateLocalhost", FIELD_SPARSE),
	FIELD(struct address_record, BOOL, low_ports, "lowPorts", FIELD_SPARSE),
	FIELD(struct address_record, BOOL, siblings_local, "siblingsLocal", FIELD_SPARSE),
	FIELD(struct address_record, STRING, pool4, "pool4", 0),
	FIELD(struct address_record, STRING, pool6, "pool6", 0),
	FIELD(struct address_record, STRING, other, "other", 0),
	FIELD(struct address_record, STRLIST, addresses, "addresses", 0),
	FIELD(struct address_record, OPT_U32, index, "index", 0),
	FIELD(struct address_record, STRING, group, "group", 0),
};
const struct fields address_record_fields =
	FIELDS("struct address_record", struct address_record, address_record_rows, 0);

static const struct field rdt_record_rows[] = {
	FIELD(struct rdt_record, STRING, group, "group", FIELD_REQUIRED | FIELD_NOT_EMPTY),
	FIELD(struct rdt_record, BOOL, made, "made", 0),
	FIELD(struct rdt_record, STRING, monitor, "monitor", 0),
};
const struct fields rdt_record_fields =
	FIELDS("struct rdt_record", struct rdt_record, rdt_record_rows, 0);

static const struct field identity_record_rows[] = {
	FIELD(struct identity_record, ID, uid, "uid", FIELD_REQUIRED),
	FIELD(struct identity_record, ID, gid, "gid", FIELD_REQUIRED),
	FIELD(struct identity_record, IDLIST, groups, "groups", 0),
	FIELD(struct identity_record, BOOL, keep_groups, "keepGroups", 0),
	FIELD(struct identity_record, U64, bounding, "bounding", FIELD_REQUIRED),
	FIELD(struct identity_record, U64, effective, "effective", FIELD_REQUIRED),
	FIELD(struct identity_record, U64, inheritable, "inheritable", FIELD_REQUIRED),
	FIELD(struct identity_record, U64, permitted, "permitted", FIELD_REQUIRED),
	FIELD(struct identity_record, U64, ambient, "ambient", FIELD_REQUIRED),
	FIELD(struct identity_record, BOOL, no_new_privileges, "noNewPrivileges", 0),
	FIELD(struct identity_record, U32, filters, "filters", FIELD_REQUIRED),
};
const struct fields identity_record_fields =
	FIELDS("struct identity_record", struct identity_record, identity_record_rows, 0);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of what is kept on disk about a container's cgroup. Pure.
 */
#include "plan/plan.h"

#include "base/auto.h"

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

static const struct field rdt_record_rows[] = {
	FIELD(struct rdt_record, STRING, group, "group", FIELD_REQUIRED | FIELD_NOT_EMPTY),
	FIELD(struct rdt_record, BOOL, made, "made", 0),
	FIELD(struct rdt_record, STRING, monitor, "monitor", 0),
};
const struct fields rdt_record_fields =
	FIELDS("struct rdt_record", struct rdt_record, rdt_record_rows, 0);

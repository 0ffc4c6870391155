/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of the resctrl file system (Documentation/filesystems/resctrl.rst): a share of the caches and of
 * the memory's bandwidth, and monitoring groups inside. What is made for one container goes with it.
 */
#ifndef CGROUP_RESCTRL_H
#define CGROUP_RESCTRL_H

#include "plan/plan.h"

/* Where it is mounted; ERR_CONFIG if it is not. */
int rdt_mount_point(struct arena *arena, const char **ret, struct err *e) MUST_CHECK;

/* What will be used and made, before anything is made. A group by name and without a schema has to be there
 * already; one by the container's id must not. */
int rdt_describe(const struct plan_rdt *plan, const char *mount_point, struct arena *arena,
		 struct rdt_record *ret, struct err *e) MUST_CHECK;

/* Make the group, where it is ours to make; then give it its schemata, or where it was there compare, and
 * make the monitoring group. */
int rdt_make(const struct rdt_record *record, struct err *e) MUST_CHECK;
int rdt_configure(const struct plan_rdt *plan, const struct rdt_record *record, struct err *e)
	MUST_CHECK;

/* New lines for a group in use, all or none; those of resources that they do not name stay. What was there
 * before is added to *ret_before, for rdt_put_back(). */
int rdt_update(const struct strlist *schemata, const struct rdt_record *record,
	       struct strbuf *ret_before, struct err *e) MUST_CHECK;
void rdt_put_back(const struct rdt_record *record, const char *before);

int rdt_join(const struct rdt_record *record, pid_t pid, struct err *e) MUST_CHECK;

/* What was made; missing is success. */
int rdt_remove(const struct rdt_record *record, struct err *e) MUST_CHECK;

/* Whether a schemata file gives every domain of a line this value: "L3:0=f;1=3". */
bool rdt_schema_holds(const char *schemata, const char *line);

#endif

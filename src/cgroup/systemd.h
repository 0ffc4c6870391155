/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroup of a container as a transient scope of systemd: systemd makes the unit and its cgroup, and what
 * it knows of the limits; everything else is written to the same files as without it.
 */
#ifndef CGROUP_SYSTEMD_H
#define CGROUP_SYSTEMD_H

#include "cgroup/cgroup.h"
#include "cgroup/systemd_bus.h"
#include "plan/systemd.h"

/*
 * Make the scope around a process that waits, then its limits as cgroup_adopt() does. In *record the unit is
 * there already; path and directories are known as soon as the unit is made, also if a later part fails.
 * *ret_made: whether there may be a unit of its own, also if it fails; one of that name may exist already.
 * ERR_CONFIG if systemd does not run, or does not want the unit.
 */
int cgroup_systemd_create(const struct plan_cgroup *plan, const struct cgroup_facts *facts,
			  const struct cgroup_claim *claim, pid_t pid, struct arena *arena,
			  struct cgroup_record *record, bool *ret_made, struct cgroup *ret,
			  struct err *e) MUST_CHECK;

/* systemd_parent.c: the slice in which a unit at that path lies has the plan's limits, if need be after systemd was asked
 * for them. */
int cgroup_systemd_limit_parent(struct systemd_bus *bus, const struct plan_group_parent *asked,
				const struct cgroup_facts *facts, const char *unit_path,
				struct arena *arena, struct err *e) MUST_CHECK;

/* After new limits stand in the files. Nothing if the record names no unit. */
int cgroup_systemd_update(const struct plan_cgroup *plan, const struct cgroup_record *record,
			  struct arena *arena, struct err *e) MUST_CHECK;

/* End everything in the unit, and the unit; one that is not there is success. It is left to systemd where
 * processes of another container are in its cgroup. */
int cgroup_systemd_stop(const struct cgroup_record *record, struct err *e) MUST_CHECK;

/* Whether a unit of that name exists which is not the container's: its own has ended, and what is in the
 * recorded directories is another unit's. False if it cannot be told. */
bool cgroup_systemd_is_anothers(const struct cgroup_record *record);

/* Then: remove what this program has made in hierarchies of v1 that systemd does not look after. */
int cgroup_remove_beside_unit(const struct cgroup_record *record, struct err *e) MUST_CHECK;

/* Where that unit is in the hierarchy that systemd goes by, which a process ("self", "123") must be in. */
int cgroup_unit_path(const char *process, const char *unit, struct arena *arena, const char **ret,
		     struct err *e) MUST_CHECK;

#endif

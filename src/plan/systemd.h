/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scope of a container whose cgroup systemd makes: names, and properties as texts with their D-Bus type
 * (org.freedesktop.systemd1(5), systemd.resource-control(5)). Pure.
 */
#ifndef PLAN_SYSTEMD_H
#define PLAN_SYSTEMD_H

#include "plan/plan.h"

/* `type` is one basic type of D-Bus, an array of one ("as"), or an array of pairs ("a(st)") whose values lie
 * one after the other; a basic one has one value. */
struct plan_property {
	const char *name, *type;
	struct strlist values;
};
struct plan_properties {
	size_t n;
	struct plan_property *v;
};

struct plan_scope {
	const char *unit, *slice; /* "PREFIX-NAME.scope", "SLICE.slice" */
	const char *description;  /* of this container's unit and no other */
	const char *subgroup; /* of the unit's cgroup, for the container; NULL: the unit's itself */
	bool user;            /* of the user's own manager */
	struct plan_properties properties;
};

/* systemd keeps what it knows of a limit and may write it again at any time (daemon-reload): so the limits
 * that it knows are properties too. Of `cgroup` the writes are read. */
void plan_systemd_limits(const struct plan_cgroup *cgroup, struct arena *arena,
			 struct plan_properties *ret);

/* A weight of blkio on the scale of io.weight, on which systemd reckons; rounded, as 500 is its 100. */
const char *plan_systemd_weight_of_v1(const char *value, struct arena *arena);

/* The same of block devices, for one write; and of the devices that may be used, which no update changes.
 * Room for PLAN_SYSTEMD_LIMITS properties and for two. */
#define PLAN_SYSTEMD_LIMITS 32
void plan_systemd_block_device(const struct plan_cgroup_write *write, struct arena *arena,
			       struct plan_properties *ret);
void plan_systemd_devices(const struct plan_cgroup *cgroup, struct arena *arena,
			  struct plan_properties *ret);

/* A value in GVariant's text format (GLib's "GVariant Text Format"): basic types and arrays of them.
 * ERR_CONFIG. */
int plan_gvariant(const char *text, struct arena *arena, struct plan_property *ret, struct err *e)
	MUST_CHECK;

/* The place of a unit below its manager's cgroup: "/a.slice/a-b.slice/UNIT". */
const char *plan_systemd_path(const struct plan_scope *scope, struct arena *arena);

#endif

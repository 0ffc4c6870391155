/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits as writes to cgroup files, for a container that is made and for `update`. Pure.
 */
#ifndef PLAN_RESOURCES_H
#define PLAN_RESOURCES_H

#include "model/facts.h"
#include "plan/plan.h"
#include "spec/spec.h"

struct resources_request {
	const struct spec_resources *asked;
	/* What holds together with it: a period without its quota, swap without memory. The same as
	 * `asked` for a new container. */
	const struct spec_resources *effective;
	bool update;                      /* the cgroup is in use: some zeros mean "back to none" */
	const char *prefix;               /* of the properties in messages: "linux.resources." */
	const char *reason;               /* why nothing can be written; NULL: it can */
	const struct cgroup_facts *facts; /* NULL if there is a reason */
};

/* Append to cgroup->writes and set cgroup->memory_check. ERR_CONFIG, naming the property, where the host has
 * not what it takes. Devices are not among them. */
int plan_resources(const struct resources_request *request, struct arena *arena,
		   struct plan_cgroup *cgroup, struct err *e) MUST_CHECK;

/* What holds after an update of `now` (NULL: nothing is set) by `asked`. Zeros of engines change nothing. */
void plan_resources_merge(const struct spec_resources *now, const struct spec_resources *asked,
			  struct arena *arena, struct spec_resources *ret);

/* The lines for the group of resctrl, in order. */
void plan_rdt_schemata(const struct spec_intel_rdt *from, struct arena *arena, struct strlist *ret);

/* What holds after an update of `now` (NULL: nothing is set) by the two schemas of `asked`: a line of
 * `schemata` for the same resource has been overwritten. */
void plan_rdt_merge(const struct spec_intel_rdt *now, const struct spec_intel_rdt *asked,
		    struct arena *arena, struct spec_intel_rdt *ret);

/* cpu.shares of v1 (2 to 262144) as cpu.weight of v2 (1 to 10000). */
unsigned plan_cpu_weight(uint64_t shares);

#endif

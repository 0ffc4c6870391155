/* SPDX-License-Identifier: Apache-2.0 */
/* What people, engines and the audit are told of a verdict and of a plan, on every path in the same way. */
#ifndef CONTAINER_REPORT_H
#define CONTAINER_REPORT_H

#include "plan/plan.h"
#include "policy/policy.h"
#include "state/state.h"

/* Whose request was judged, under which policy, and in which network the container is. */
struct report_subject {
	const char *id, *root, *bundle;
	const struct policy *policy;
	struct network network;
};
/* Of a container that exists. */
struct report_subject report_subject_of(const struct state_dir *dir,
					const struct status_record *status);

/* Once something is judged, before anything of it is done: each decision into the audit, if the policy has one; then a
 * refusal as an error (policy_refusal()). An audit that is required and cannot be written is an error, too.
 * `config_name` may be NULL. */
int report_judged(const struct report_subject *subject, const struct verdict *verdict,
		  const char *config_name, struct err *e) MUST_CHECK;
/* When it is to be done: warnings in the log, and other decisions about a container that exists at level "info".
 * `told`: decisions whose warnings the log has already, as of the container's creation; NULL: none. */
void report_warnings(const struct verdict *verdict, const struct decisions *told,
		     struct arena *arena);
/* Both, where nothing comes in between. */
int report_verdict(const struct report_subject *subject, const struct verdict *verdict,
		   const struct decisions *told, struct arena *arena, struct err *e) MUST_CHECK;
/* Decisions from that number on, which were made while something was done already, so that nothing can be required any
 * more; into the audit, as of that request ("start"). */
void report_added(const struct report_subject *subject, const char *request,
		  const struct decisions *decisions, size_t first);
void report_plan(const struct plan *plan);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The audit: where the policy wants decisions written to, and the line of each. Pure. */
#ifndef POLICY_AUDIT_H
#define POLICY_AUDIT_H

#include "policy/policy.h"

/* What is said of all decisions about one request. Strings may be NULL: not known. */
struct audit_request {
	const char *time; /* RFC 3339 */
	const char *name; /* audit_request_name() */
	const char *id, *root, *bundle;
	const struct policy *policy; /* in force */
	int64_t caller;              /* its process; 0: in another PID namespace */
	uint32_t uid;                /* the caller's, outside of a user namespace of his own */
	int network;                 /* enum network_join */
	const char *network_path;
	uint64_t network_cookie;
	const char *network_name, *network_entry; /* as in struct network */
};

/* "create" (also of `run`), "exec", ... */
const char *audit_request_name(enum policy_path path);

/* Of all forms in which the key can be written; also for a record of a program that did not know it. `to` is NULL if
 * nothing is to be written. */
struct policy_audit policy_audit(const struct policy *policy);

/* Decisions from number `first` on, each as an object of JSON on a line of its own, in order. What is longer than 16 KiB
 * is cut, so that a record of every log has room for it. */
int audit_lines(const struct audit_request *request, const struct decisions *decisions,
		size_t first, struct strbuf *out, struct err *e) MUST_CHECK;

#endif

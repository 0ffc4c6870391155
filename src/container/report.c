/* SPDX-License-Identifier: Apache-2.0 */
/* See report.h. Runs in the runtime. */
#include "container/report.h"

#include "base/str.h"
#include "os/clock.h"
#include "os/log.h"
#include "policy/audit.h"
#include "sys/audit_log.h"
#include "sys/caller.h"

#include <unistd.h>

struct report_subject report_subject_of(const struct state_dir *dir,
					const struct status_record *status)
{
	return (struct report_subject){
		.id = dir->id,
		.root = dir->root,
		.bundle = status->bundle,
		.policy = status->policy,
		.network = network_of_status(status),
	};
}

/* --- the audit --- */

static int write_audit(const char *to, const struct report_subject *subject, const char *name,
		       const struct decisions *decisions, size_t first, struct err *e)
{
	autostrbuf time = { 0 }, lines = { 0 };

	strbuf_timestamp(&time);
	const struct audit_request request = {
		.time = strbuf_text(&time),
		.name = name,
		.id = subject->id,
		.root = subject->root,
		.bundle = subject->bundle,
		.policy = subject->policy,
		.caller = getppid(),
		.uid = caller_outer_uid(),
		.network = subject->network.join,
		.network_path = subject->network.path,
		.network_cookie = subject->network.cookie,
		.network_name = subject->network.name,
		.network_entry = subject->network.entry,
	};
	if (audit_lines(&request, decisions, first, &lines, e) < 0)
		return -1;
	return audit_log_write(to, &lines, e);
}

static void tell_unwritten(const struct err *reason)
{
	log_to_all("audit: not every decision is written: %s", reason->text);
}

static int audit_verdict(const struct report_subject *subject, const struct verdict *verdict,
			 struct err *e)
{
	const struct policy_audit audit = policy_audit(subject->policy);
	struct err reason;

	if (!audit.to || verdict->decisions.n == 0 ||
	    write_audit(audit.to, subject, audit_request_name(verdict->path), &verdict->decisions,
			0, &reason) == 0)
		return 0;
	if (audit.required && !verdict->refused)
		return fail(
			e, ERR_POLICY,
			"audit: the policy requires that each decision is written before anything is done, and that cannot be: %s; mend that, or take \"required\" out of the policy",
			reason.text);
	tell_unwritten(&reason);
	return 0;
}

void report_added(const struct report_subject *subject, const char *request,
		  const struct decisions *decisions, size_t first)
{
	const struct policy_audit audit = policy_audit(subject->policy);
	struct err reason;

	if (audit.to && first < decisions->n &&
	    write_audit(audit.to, subject, request, decisions, first, &reason) < 0)
		tell_unwritten(&reason);
}

/* --- the log --- */

/* Engines may start a process in a container every second. */
static bool is_told(const struct decisions *told, const struct decision *decision)
{
	for (size_t i = 0; told && i < told->n; i++)
		if (told->v[i].action == DECISION_WARN && str_eq(told->v[i].rule, decision->rule) &&
		    str_eq(told->v[i].why, decision->why))
			return true;
	return false;
}

/* Under observe nothing of what the policy says is so. */
void report_warnings(const struct verdict *verdict, const struct decisions *told,
		     struct arena *arena)
{
	for (size_t i = 0; i < verdict->decisions.n; i++) {
		const struct decision *decision = &verdict->decisions.v[i];
		const char *warning =
			verdict->observed ? NULL : decisions_warning(&verdict->decisions, i, arena);

		if (warning && !is_told(told, decision))
			log_warning("%s", warning);
		else if (!(verdict->path & PATH_NEW))
			log_info("policy: %s: %s: %s", decision->rule, decision->path,
				 decision->why);
	}
}

int report_judged(const struct report_subject *subject, const struct verdict *verdict,
		  const char *config_name, struct err *e)
{
	if (audit_verdict(subject, verdict, e) < 0)
		return -1;
	return verdict->refused ? policy_refusal(verdict, config_name, e) : 0;
}

int report_verdict(const struct report_subject *subject, const struct verdict *verdict,
		   const struct decisions *told, struct arena *arena, struct err *e)
{
	if (report_judged(subject, verdict, NULL, e) < 0)
		return -1;
	report_warnings(verdict, told, arena);
	return 0;
}

void report_plan(const struct plan *plan)
{
	for (size_t i = 0; i < plan->warnings.n; i++)
		log_warning("%s", plan->warnings.v[i]);
	for (size_t i = 0; i < plan->notes.n; i++)
		log_note("%s", plan->notes.v[i]);
}

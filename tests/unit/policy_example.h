/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A round judged, and shown as the files of a case of tests/golden: what a failure prints.
 */
#ifndef TESTS_POLICY_EXAMPLE_H
#define TESTS_POLICY_EXAMPLE_H

#include "fields_hash.h"
#include "made_file.h"
#include "policy/audit.h"
#include "policy_generate_facts.h"

/* --- judged --- */

static void judge_as(const struct round *r, const struct spec *request, const struct policy *policy,
		     const struct facts *facts, struct verdict *ret)
{
	const struct subject subject = {
		.path = r->path ? r->path : PATH_CREATE,
		.policy = policy,
		.request = request,
		.selection = r->selection,
		.confinement = r->recorded,
		.made = r->made,
		.receiver = r->receiver,
	};

	policy_judge_by(r->rules ? r->rules : policy_rules, &subject, facts, r->arena, ret);
}

static void judge_round(const struct round *r, const struct spec *request, struct verdict *ret)
{
	judge_as(r, request, r->policy, r->facts, ret);
}

static bool is_new(const struct round *r)
{
	return !r->path || r->path & PATH_NEW;
}

/* --- shown --- */

static char *encoded(const struct round *r, const struct fields *fields, const void *object)
{
	struct err e = { 0 };
	size_t length = 0;
	char *text = NULL;

	if (fields_encode_text(fields, object, false, r->arena, &text, &length, &e) < 0)
		PROPERTY_FAILS("%s: %s", r->name, e.text);
	return text;
}

static char *decisions_text(const struct round *r, const struct decisions *decisions)
{
	autostrbuf out = { 0 };

	decisions_print(decisions, &out);
	return text_of(r, strbuf_text(&out));
}

static char *example_text(const struct round *r, const struct verdict *verdict)
{
	autostrbuf out = { 0 };

	strbuf_printf(&out, "path %s\n", audit_request_name(r->path ? r->path : PATH_CREATE));
	if (r->request)
		strbuf_printf(&out, "--- config.json\n%s\n", encoded(r, &spec_fields, r->request));
	strbuf_printf(&out, "--- policy.json\n%s\n",
		      r->policy_text ? r->policy_text : encoded(r, &policy_fields, r->policy));
	if (r->facts)
		strbuf_printf(&out, "--- facts.json\n%s\n", encoded(r, &facts_fields, r->facts));
	if (r->caller)
		strbuf_printf(&out, "--- caller.json\n%s\n",
			      encoded(r, &caller_facts_fields, r->caller));
	if (r->recorded)
		strbuf_printf(&out, "--- confinement.json\n%s\n",
			      encoded(r, &confinement_fields, r->recorded));
	if (r->made)
		strbuf_printf(&out, "--- made.json\n%s\n", encoded(r, &made_fields, r->made));
	if (r->receiver)
		strbuf_printf(&out, "--- RUN_OCI_SECCOMP_RECEIVER\n%s\n", r->receiver);
	if (verdict)
		strbuf_printf(&out, "--- decisions.txt\n%s",
			      decisions_text(r, &verdict->decisions));
	return text_of(r, strbuf_text(&out));
}

#define HOLDS(r, verdict, what)                                                                   \
	do {                                                                                      \
		if (!(what))                                                                      \
			PROPERTY_FAILS("%s:%d: %s\n%s: %s", __FILE__, __LINE__, #what, (r)->name, \
				       example_text((r), (verdict)));                             \
	} while (0)

static const struct spec *request_of(const struct round *r)
{
	static const struct spec nothing;

	return r->request ? r->request : &nothing;
}

/* The number first; texts only say the same where an absent list is an empty one. */
static bool is_same(const struct round *r, const struct fields *fields, const void *a,
		    const void *b)
{
	return hash_fields(1, fields, a) == hash_fields(1, fields, b) ||
	       str_eq(encoded(r, fields, a), encoded(r, fields, b));
}

static bool are_same_decisions(const struct decisions *a, const struct decisions *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct decision *one = &a->v[i], *other = &b->v[i];

		if (!str_eq(one->rule, other->rule) || one->action != other->action ||
		    !str_eq(one->path, other->path) || !str_eq(one->before, other->before) ||
		    !str_eq(one->after, other->after) || !str_eq(one->why, other->why))
			return false;
	}
	return true;
}

#endif

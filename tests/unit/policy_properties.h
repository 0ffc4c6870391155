/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for every verdict, for the unit tests and the fuzzer. PROPERTY_FAILS(format, ...) is what happens
 * where one does not, and does not return; the file that includes this defines it. What each rule has to do is in
 * policy_oracles*.h, in other words than those of the rule.
 */
#ifndef TESTS_POLICY_PROPERTIES_H
#define TESTS_POLICY_PROPERTIES_H

#include "policy_oracles_mounts.h"

/* --- judged twice is as judged once --- */

static void check_idempotence(const struct round *r, const struct verdict *verdict)
{
	struct verdict again;

	judge_round(r, verdict->spec, &again);
	HOLDS(r, &again, !again.refused && again.network.join == verdict->network.join);
	for (size_t i = 0; i < again.decisions.n; i++)
		HOLDS(r, &again,
		      again.decisions.v[i].action == DECISION_KEEP ||
			      again.decisions.v[i].action == DECISION_WARN);
	HOLDS(r, &again, is_same(r, &spec_fields, again.spec, verdict->spec));
}

/* --- the decisions are all that happens --- */

static void check_replay(const struct round *r, const struct verdict *verdict)
{
	struct spec *replayed = NULL;
	struct err e = { 0 };

	if (decisions_replay(request_of(r), &verdict->decisions, r->arena, &replayed, &e) < 0)
		PROPERTY_FAILS("replay: %s\n%s: %s", e.text, r->name, example_text(r, verdict));
	HOLDS(r, verdict, is_same(r, &spec_fields, replayed, verdict->spec));
}

/* Taken back from the result, the decisions lead to what is judged as the request was. */
static void check_undo(const struct round *r, const struct verdict *verdict)
{
	struct spec *undone = NULL;
	struct verdict again;
	struct err e = { 0 };

	if (decisions_undo(verdict->spec, &verdict->decisions, false, r->arena, &undone, &e) < 0)
		PROPERTY_FAILS("undo: %s\n%s: %s", e.text, r->name, example_text(r, verdict));
	judge_round(r, undone, &again);
	HOLDS(r, &again, again.refused == verdict->refused);
	HOLDS(r, &again, again.decisions.n == verdict->decisions.n);
	HOLDS(r, verdict,
	      decisions_change_spec(&verdict->decisions, false) ==
		      !is_same(r, &spec_fields, verdict->spec, request_of(r)));
}

/* The decisions are those of "enforce", and nothing happens but what always holds. */
static void check_observe(const struct round *r, const struct verdict *verdict)
{
	struct policy observing = *r->policy;
	struct decisions always = { 0 };
	struct spec *asked = NULL;
	struct verdict observed;
	struct err e = { 0 };

	observing.mode = POLICY_OBSERVE;
	judge_as(r, r->request, &observing, r->facts, &observed);
	HOLDS(r, &observed, observed.observed);
	HOLDS(r, &observed, observed.spec != r->request && !observed.network.path);
	HOLDS(r, &observed, observed.confinement.lock == confinement_open.lock);
	HOLDS(r, &observed,
	      observed.confinement.peer_descriptors == confinement_open.peer_descriptors);
	HOLDS(r, &observed, are_same_decisions(&observed.decisions, &verdict->decisions));
	HOLDS(r, &observed, observed.refused == is_refused_by(&observed, "annotations"));
	/* those of the one rule that is applied first */
	always.v = observed.decisions.v;
	while (always.n < observed.decisions.n && str_eq(always.v[always.n].rule, "annotations"))
		always.n++;
	if (always.n && decisions_replay(request_of(r), &always, r->arena, &asked, &e) < 0)
		PROPERTY_FAILS("observe: %s\n%s: %s", e.text, r->name, example_text(r, verdict));
	HOLDS(r, &observed,
	      is_same(r, &spec_fields, observed.spec, always.n ? asked : request_of(r)));
}

/* What was legal stays legal. */
static void check_valid(const struct round *r, const struct verdict *verdict)
{
	struct err e = { 0 };

	if (spec_validate(verdict->spec, "verdict", &e) == 0)
		return;
	if (spec_validate(request_of(r), "request", &(struct err){ 0 }) == 0)
		PROPERTY_FAILS("valid: %s\n%s: %s", e.text, r->name, example_text(r, verdict));
}

/* --- by the path of the request --- */

static void check_new(const struct round *r, const struct verdict *verdict)
{
	check_listener(r, verdict);
	check_namespaces(r, verdict);
	check_network(r, verdict);
	check_hostname(r, verdict);
	check_parent(r, verdict);
	check_proc(r, verdict);
	check_proc_sys(r, verdict);
	check_capabilities(r, verdict);
	check_privileged(r, verdict);
	check_files(r, verdict);
	check_shares(r, verdict);
	check_systemd(r, verdict);
	check_group(r, verdict);
	check_kernel_mounts(r, verdict);
	check_hooks(r, verdict);
	check_host_files(r, verdict);
	if (!verdict->refused)
		check_valid(r, verdict);
}

static void check_path(const struct round *r, const struct verdict *verdict)
{
	check_confinement(r, verdict);
	switch (r->path ? r->path : PATH_CREATE) {
	case PATH_CREATE:
	case PATH_RESTORE:
		check_new(r, verdict);
		return;
	case PATH_EXEC:
	case PATH_RESTORED:
		check_capabilities(r, verdict);
		check_privileged(r, verdict);
		return;
	case PATH_MOUNTS:
		check_files(r, verdict);
		check_kernel_mounts(r, verdict);
		return;
	case PATH_UPDATE:
		/* no rule is about limits */
		HOLDS(r, verdict, !verdict->decisions.n);
		return;
	}
}

/* True where the request was accepted. */
static bool check_round(const struct round *r)
{
	const uint64_t request = hash_fields(1, &spec_fields, r->request);
	const uint64_t policy = hash_fields(1, &policy_fields, r->policy);
	const uint64_t facts = hash_fields(1, &facts_fields, r->facts);
	struct verdict verdict;

	judge_round(r, r->request, &verdict);
	HOLDS(r, &verdict, !verdict.observed);
	check_path(r, &verdict);
	if (r->request) {
		check_replay(r, &verdict);
		check_undo(r, &verdict);
	}
	check_observe(r, &verdict);
	if (!verdict.refused)
		check_idempotence(r, &verdict);
	HOLDS(r, &verdict, request == hash_fields(1, &spec_fields, r->request));
	HOLDS(r, &verdict, policy == hash_fields(1, &policy_fields, r->policy));
	HOLDS(r, &verdict, facts == hash_fields(1, &facts_fields, r->facts));
	return !verdict.refused;
}

#endif

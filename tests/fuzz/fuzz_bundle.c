/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: a bundle's config.json, then a policy file, then numbers that choose the host ("\n---\n" between
 * them; what is refused is generated instead) -> policy -> plan, for root and rootless.
 * Every property of a verdict holds (policy_properties.h), and the plan joins nothing of the host's, gives no
 * capability that was not asked for, is the same the second time, and changes nothing of what it is made of.
 */
#include "base/auto.h"
#include "plan/plan.h"
#include "sys/caps.h"

#include <stdio.h>
#include <stdlib.h>

#include "../unit/policy_generate.h"
#define PROPERTY_FAILS(...) (fprintf(stderr, __VA_ARGS__), abort())
#include "../unit/judge.h"
#include "../unit/policy_properties.h"
#include "base/capabilities.h"
#include "plan/make.h"
#include "plan/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char separator[] = "\n---\n";

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* One part of the input, cut off its beginning. */
static const char *take(const char **text, size_t *size, size_t *ret_length)
{
	const char *part = *text;
	const char *end = memmem(part, *size, separator, sizeof(separator) - 1);
	size_t taken = end ? (size_t)(end - part) + sizeof(separator) - 1 : *size;

	*ret_length = end ? (size_t)(end - part) : *size;
	*text += taken;
	*size -= taken;
	return part;
}

static uint64_t hash(const char *text, size_t length)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < length; i++)
		h = (h ^ (unsigned char)text[i]) * 1099511628211u;
	return h;
}

static struct policy *take_policy(const struct round *r, const char *text, size_t length)
{
	struct policy *policy = NULL;
	struct err e = { 0 };

	if (policy_decode(text, length, "policy", policy_default(r->arena, NULL), r->arena, &policy,
			  &e) < 0)
		return generate_policy(r);
	policy->mode = POLICY_ENFORCE;
	return policy;
}

static void add_host(const struct round *r)
{
	static const char *const hosts[] = {
		"{\"cgroup\":{\"layout\":\"v2\",\"hierarchies\":[{\"v2\":true,\"controllers\":"
		"[\"cpu\",\"memory\",\"io\",\"pids\",\"hugetlb\"],\"mountPoint\":\"/"
		"u\",\"ownPath\":"
		"\"/\"}]}}",
		"{\"cgroup\":{\"layout\":\"hybrid\",\"hierarchies\":[{\"controllers\":[\"memory\"],"
		"\"mountPoint\":\"/m\"},{\"v2\":true,\"controllers\":[\"pids\"],\"mountPoint\":"
		"\"/u\"}]}}",
		"{\"cgroup\":{\"layout\":\"none\"}}",
	};
	const char *host = ANY_OF(hosts);
	struct facts *from = arena_new(r->arena, struct facts);
	struct err e = { 0 };

	must(fields_decode_text(&facts_fields, "host", host, strlen(host), r->arena, from, &e) ==
	     0);
	r->facts->cgroup = from->cgroup;
	r->facts->last_cap = 40;
	r->facts->bounding = 0x1ffffffffff;
	r->facts->rootfs = text_of(r, "/bundle/rootfs");
	r->facts->rootless = one_in(4);
	r->facts->uid = r->facts->rootless ? 1000 : 0;
}

static uint64_t mask_of(const struct strlist *names)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < names->n; i++) {
		int number = cap_number(names->v[i]);
		if (number >= 0)
			mask |= UINT64_C(1) << number;
	}
	return mask;
}

static void check_rights(const struct round *r, const struct plan *plan)
{
	static const struct spec_capabilities none;
	const struct spec_process *process = r->request->process;
	const struct spec_capabilities *asked =
		process && process->capabilities ? process->capabilities : &none;
	const struct plan_capabilities *given = &plan->process.capabilities;

	must((given->bounding & ~mask_of(&asked->bounding)) == 0);
	must((given->effective & ~mask_of(&asked->effective)) == 0);
	must((given->permitted & ~mask_of(&asked->permitted)) == 0);
	must((given->inheritable & ~mask_of(&asked->inheritable)) == 0);
	must((given->ambient & ~mask_of(&asked->ambient)) == 0);
}

static void check_joins(const struct round *r, const struct plan *plan,
			const struct verdict *verdict)
{
	const struct plan_namespaces *namespaces = &plan->namespaces;
	const struct policy *policy = r->policy;

	must(namespaces->new_mount && namespaces->network == verdict->network.join);
	for (size_t i = 0; i < namespaces->joins.n; i++) {
		const struct plan_join *join = &namespaces->joins.v[i];
		const struct ns_facts *ns = facts_requested(r->facts, join->path);

		must(join->path && join->path[0] == '/');
		if (join->type == SPEC_NS_NETWORK)
			must(str_eq(policy->network->namespace_, "requested") &&
			     (policy->network->allow_host.value ||
			      (ns && !ns->is_host && !ns->is_self)));
		else if (join->type != SPEC_NS_USER && join->type != SPEC_NS_TIME &&
			 !(join->type == SPEC_NS_IPC &&
			   policy->namespaces->ipc == POLICY_REQUESTED) &&
			 !(join->type == SPEC_NS_UTS &&
			   policy->namespaces->uts == POLICY_REQUESTED) &&
			 !(join->type == SPEC_NS_CGROUP &&
			   policy->namespaces->cgroup == POLICY_REQUESTED) &&
			 !(join->type == SPEC_NS_PID &&
			   policy->namespaces->pid == POLICY_REQUESTED))
			must(ns && !ns->problem && !ns->is_host && !ns->is_self);
	}
}

static const char *printed(const struct round *r, const struct plan *plan)
{
	autostrbuf text = { 0 };

	plan_print(plan, &text);
	return text_of(r, strbuf_text(&text));
}

static void check_plan(const struct round *r)
{
	const struct plan_options options = { .id = "fuzz", .bundle = "/bundle" };
	const char *request = encoded(r, &spec_fields, r->request);
	const char *facts = encoded(r, &facts_fields, r->facts);
	struct plan *plan = NULL, *again = NULL;
	struct verdict verdict;
	const char *judged;
	struct err e = { 0 };

	judge_new(r->request, r->policy, r->facts, r->arena, &verdict);
	if (spec_validate(verdict.spec, "config.json", &e) < 0)
		return;
	judged = encoded(r, &spec_fields, verdict.spec);
	if (plan_make(&verdict, r->facts, &options, r->arena, &plan, &e) < 0) {
		must(!plan && e.kind != ERR_NONE && e.text[0]);
		return;
	}
	must(plan_make(&verdict, r->facts, &options, r->arena, &again, &e) == 0);
	must(str_eq(printed(r, plan), printed(r, again)));
	check_rights(r, plan);
	check_joins(r, plan, &verdict);
	must(str_eq(judged, encoded(r, &spec_fields, verdict.spec)));
	must(str_eq(request, encoded(r, &spec_fields, r->request)));
	must(str_eq(facts, encoded(r, &facts_fields, r->facts)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoarena arena = { 0 };
	struct round r = { .arena = &arena, .name = "bundle" };
	char *input = arena_alloc(&arena, size + 1);
	const char *text = input, *part;
	struct err e = { 0 };
	size_t length;

	if (size > 0)
		memcpy(input, data, size);
	part = take(&text, &size, &length);
	sequence = hash(part, length);
	if (spec_decode_text(part, length, "config.json", &arena, &r.request, &e) < 0)
		r.request = generate_spec(&r);
	part = take(&text, &size, &length);
	sequence = hash(text, size);
	r.policy = take_policy(&r, part, length);
	r.facts = generate_facts(&r, one_in(2));
	add_host(&r);
	/* the runtime validates what the policy gives back, and so the policy sees what is not valid, too */
	if (check_round(&r))
		check_plan(&r);
	return 0;
}

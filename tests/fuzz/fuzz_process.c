/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: the bytes of a process.json of `exec` -> process -> validate -> the ceiling of a policy, enforced
 * and observed -> plan, with and without a user namespace -> text. What comes out keeps the promises that
 * boot/ relies on; the ceiling takes and never gives, and applied again it takes nothing more.
 */
#include "../unit/judge.h"
#include "base/auto.h"
#include "plan/make.h"
#include "plan/plan.h"
#include "plan/print.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char host[] = "{\"lastCap\":40,\"bounding\":2199023255551}";

static void must(bool condition)
{
	if (!condition)
		abort();
}

static const char *encode(const struct spec_process *process, struct arena *arena)
{
	char *text = NULL;
	struct err e = { 0 };

	must(fields_encode_text(&spec_process_fields, process, false, arena, &text, NULL, &e) == 0);
	return text;
}

static void check_reads_back(const struct spec_process *process, struct arena *arena)
{
	struct spec_process *again = arena_new(arena, struct spec_process);
	const char *text = encode(process, arena);
	struct err e = { 0 };

	must(fields_decode_text(&spec_process_fields, "again", text, strlen(text), arena, again,
				&e) == 0);
	must(str_eq(encode(again, arena), text));
	must(spec_validate_process(again, "again", &e) == 0);
}

static bool is_subset(const struct strlist *a, const struct strlist *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (!strlist_has(b, a->v[i]))
			return false;
	return true;
}

static void check_ceiling(const struct spec_process *asked, const struct verdict *verdict)
{
	static const struct spec_capabilities none;
	const struct spec_capabilities *a = asked->capabilities ? asked->capabilities : &none;
	const struct spec_capabilities *b = verdict->spec->process->capabilities;

	if (!b)
		return;
	must(is_subset(&b->bounding, &a->bounding) && is_subset(&b->permitted, &a->permitted));
	must(is_subset(&b->effective, &a->effective) && is_subset(&b->ambient, &a->ambient));
	must(is_subset(&b->inheritable, &a->inheritable));
}

static void check_plan(const struct plan *plan)
{
	const struct plan_process *process = &plan->process;
	const struct plan_capabilities *capabilities = &process->capabilities;
	autostrbuf text = { 0 };

	must((capabilities->effective & ~capabilities->permitted) == 0);
	must((capabilities->inheritable & ~capabilities->bounding) == 0);
	must((capabilities->ambient & ~(capabilities->permitted & capabilities->inheritable)) == 0);
	must(process->cwd && process->cwd[0] == '/');
	must(process->args && process->args[0]);
	for (size_t i = 0; i < process->rlimits.n; i++)
		must(process->rlimits.v[i].soft <= process->rlimits.v[i].hard);
	plan_print(plan, &text);
	must(text.length > 0);
}

static void try_mode(const struct spec_process *process, const struct facts *facts, int mode,
		     struct arena *arena)
{
	const struct plan_options options = { .id = "fuzz", .bundle = "/bundle" };
	struct policy *policy = policy_default(arena, NULL);
	const char *before = encode(process, arena);
	struct verdict verdict, again;
	struct plan *plan = NULL;
	struct err e = { 0 };

	policy->mode = mode;
	judge_process(process, policy, arena, &verdict);
	must(str_eq(encode(process, arena), before));
	if (verdict.refused)
		return;
	if (mode == POLICY_OBSERVE) {
		must(str_eq(encode(verdict.spec->process, arena), before));
	} else {
		check_ceiling(process, &verdict);
		judge_process(verdict.spec->process, policy, arena, &again);
		must(str_eq(encode(again.spec->process, arena),
			    encode(verdict.spec->process, arena)));
	}
	verdict.spec->linux_ = arena_new(arena, struct spec_linux);
	if (make_exec_plan(verdict.spec, &options, mode == POLICY_OBSERVE, facts, arena, &plan,
			   &e) < 0) {
		must(!plan && e.kind != ERR_NONE && e.text[0]);
		return;
	}
	check_plan(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoarena arena = { 0 };
	struct spec_process *process = arena_new(&arena, struct spec_process);
	struct facts *facts = arena_new(&arena, struct facts);
	char *input = arena_alloc(&arena, size + 1);
	struct err e = { 0 };

	if (size > 0)
		memcpy(input, data, size);
	if (fields_decode_text(&spec_process_fields, "process.json", input, size, &arena, process,
			       &e) < 0 ||
	    spec_validate_process(process, "process.json", &e) < 0) {
		must(e.kind == ERR_CONFIG && str_has_prefix(e.text, "process.json"));
		return 0;
	}
	check_reads_back(process, &arena);
	must(fields_decode_text(&facts_fields, "facts", host, strlen(host), &arena, facts, &e) ==
	     0);
	try_mode(process, facts, POLICY_ENFORCE, &arena);
	try_mode(process, facts, POLICY_OBSERVE, &arena);
	return 0;
}

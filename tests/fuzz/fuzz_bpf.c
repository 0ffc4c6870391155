/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: a filter that comes ready made (annotation run.oci.seccomp_bpf_data), as text and as bytes ->
 * plan, and what it answers to system calls. A program that the kernel would take has the kernel's answer;
 * whatever it is made of, going through it ends and stays inside. Brought into ranges, as those that are made
 * of rules are, it is left alone or says the same in fewer instructions.
 */
#include "../unit/bpf_compare.h"
#include "../unit/judge.h"
#include "base/auto.h"
#include "base/base64.h"
#include "plan/make.h"
#include "plan/plan.h"
#include "seccomp/parts.h"

#include <seccomp.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void try_answers(const struct seccomp_program *program)
{
	static const int numbers[] = { -1, 0, 1, 59, 101, 165, 435, 0x40000000 };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const struct seccomp_data data = {
			.nr = numbers[i],
			.arch = seccomp_audit_of(seccomp_arch_native()),
		};
		uint32_t answer = 0;
		bool answered = seccomp_answer(program, numbers[i], &answer);

		if (bpf_is_valid(program->v, program->n))
			must(answered &&
			     (!data.arch || answer == bpf_run(program->v, program->n, &data)));
	}
}

static void try_ranges(const struct seccomp_program *program, struct arena *arena)
{
	struct seccomp_program ranges = *program;
	char *difference;

	seccomp_to_ranges(seccomp_audit_of(seccomp_arch_native()), arena, &ranges);
	if (ranges.v == program->v)
		return;
	must(bpf_is_valid(program->v, program->n) && bpf_is_valid(ranges.v, ranges.n));
	must(ranges.n < program->n);
	/* each pair of their instructions has a place in the comparison */
	if (program->n > 200)
		return;
	difference = compare_programs((struct compare_program){ program->v, program->n },
				      (struct compare_program){ ranges.v, ranges.n }, true);
	must(!difference);
}

static void try_bytes(const uint8_t *data, size_t size, struct arena *arena)
{
	struct seccomp_program program = { .n = size / sizeof(struct sock_filter) };

	if (program.n == 0 || program.n > BPF_MAXINSNS)
		return;
	program.v = arena_new_array(arena, struct sock_filter, program.n);
	memcpy(program.v, data, program.n * sizeof(*program.v));
	try_answers(&program);
	try_ranges(&program, arena);
}

static void try_annotation(const char *text, struct arena *arena)
{
	const struct plan_options options = { .id = "fuzz", .bundle = "/bundle" };
	struct strpair entry = { .key = arena_strdup(arena, annotation_name(ANNOTATION_FILTER)),
				 .value = arena_strdup(arena, text) };
	struct spec spec = { .annotations = { .n = 1, .v = &entry } };
	struct facts facts = { .last_cap = 40 };
	struct plan *plan = NULL;
	struct err e = { 0 };
	uint8_t *bytes = NULL;
	size_t length = 0;

	if (make_exec_plan(&spec, &options, false, &facts, arena, &plan, &e) < 0) {
		must(e.kind == ERR_CONFIG && e.text[0]);
		return;
	}
	must(plan->seccomp && plan->seccomp->program.n > 0);
	must(base64_decode(text, arena, &bytes, &length));
	must(length == plan->seccomp->program.n * sizeof(struct sock_filter));
	must(memcmp(bytes, plan->seccomp->program.v, length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoarena arena = { 0 };

	try_bytes(data, size, &arena);
	try_annotation(arena_strndup(&arena, (const char *)data, size), &arena);
	return 0;
}

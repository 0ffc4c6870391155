/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the generated device programs answer, run by an interpreter of the few instructions that they are
 * made of: against a list of rules that is asked directly, and by hand. Needs no root; that the kernel takes
 * them is shown by tests/bats/devices.bats.
 */
#include "cgroup/device_program.h"

#include "base/auto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#undef fail /* of cmocka; ours makes errors */

#define STOP(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

/* --- the machine --- */

struct machine {
	uint64_t r[11];
	size_t at;
};

static uint64_t calculate(const struct bpf_insn *insn, uint64_t to, uint64_t from)
{
	switch (BPF_OP(insn->code)) {
	case BPF_MOV:
		return from;
	case BPF_AND:
		return to & from;
	case BPF_RSH:
		return to >> from;
	}
	STOP("operation %#x\n", insn->code);
	return 0;
}

static bool jumps(const struct bpf_insn *insn, uint64_t a, uint64_t b)
{
	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	}
	STOP("jump %#x\n", insn->code);
	return false;
}

static void step(struct machine *m, const struct bpf_insn *insn,
		 const struct bpf_cgroup_dev_ctx *context)
{
	/* immediates are sign-extended */
	uint64_t operand =
		BPF_SRC(insn->code) == BPF_X ? m->r[insn->src_reg] : (uint64_t)(int64_t)insn->imm;
	uint32_t word;

	switch (BPF_CLASS(insn->code)) {
	case BPF_LDX:
		assert_int_equal(insn->code, BPF_LDX | BPF_MEM | BPF_W);
		assert_int_equal(insn->src_reg, 1);
		assert_true(insn->off >= 0 && insn->off % 4 == 0 &&
			    (size_t)insn->off < sizeof(*context));
		memcpy(&word, (const char *)context + insn->off, sizeof(word));
		m->r[insn->dst_reg] = word;
		break;
	case BPF_ALU64:
		m->r[insn->dst_reg] = calculate(insn, m->r[insn->dst_reg], operand);
		break;
	case BPF_JMP:
		if (jumps(insn, m->r[insn->dst_reg], operand)) {
			assert_true(insn->off > 0); /* no loop */
			m->at += (size_t)insn->off;
		}
		break;
	default:
		STOP("class of %#x\n", insn->code);
	}
}

static bool run(const struct device_program *program, const struct bpf_cgroup_dev_ctx *context)
{
	struct machine m = { .at = 0 };

	while (m.at < program->n) {
		const struct bpf_insn *insn = &program->v[m.at++];
		if (insn->code == (BPF_JMP | BPF_EXIT)) {
			assert_true(m.r[0] <= 1);
			return m.r[0] == 1;
		}
		step(&m, insn, context);
	}
	STOP("ran off the end\n");
	return false;
}

static bool allows(const struct plan_device_rules *rules, char type, uint32_t major, uint32_t minor,
		   unsigned access)
{
	autoprogram program = { 0 };
	struct bpf_cgroup_dev_ctx context = { .major = major, .minor = minor };

	context.access_type = (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR) |
			      ((access & DEVICE_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0u) |
			       (access & DEVICE_READ ? BPF_DEVCG_ACC_READ : 0u) |
			       (access & DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE : 0u))
				      << 16;
	device_program_make(rules, &program);
	return run(&program, &context);
}

#define RULE(allow_, type_, major_, minor_, access_)                                      \
	{                                                                                 \
		.allow = (allow_), .type = (type_), .major = (major_), .minor = (minor_), \
		.access = (access_)                                                       \
	}
#define R DEVICE_READ
#define W DEVICE_WRITE
#define M DEVICE_MKNOD
#define ALL DEVICE_ACCESS_ALL

/* --- tests --- */

static void without_rules_the_rest_decides(void **state)
{
	struct plan_device_rules rules = { .others = false };

	(void)state;
	assert_false(allows(&rules, 'c', 1, 3, R));
	assert_false(allows(&rules, 'b', 8, 0, M));
	rules.others = true;
	assert_true(allows(&rules, 'c', 1, 3, R));
	assert_true(allows(&rules, 'b', 8, 0, R | W));
}

static void a_rule_is_for_its_type_numbers_and_access(void **state)
{
	struct plan_device_rule v[] = { RULE(true, 'c', 10, 229, R | W), RULE(true, 'b', -1, 3, R),
					RULE(true, 'a', 200, -1, M) };
	struct plan_device_rules rules = { .n = ARRAY_SIZE(v), .v = v };

	(void)state;
	assert_true(allows(&rules, 'c', 10, 229, R));
	assert_true(allows(&rules, 'c', 10, 229, R | W));
	assert_false(allows(&rules, 'c', 10, 229, M));
	assert_false(allows(&rules, 'c', 10, 229, R | M));
	assert_false(allows(&rules, 'b', 10, 229, R));
	assert_false(allows(&rules, 'c', 10, 228, R));
	assert_false(allows(&rules, 'c', 11, 229, R));
	assert_true(allows(&rules, 'b', 77, 3, R));
	assert_false(allows(&rules, 'b', 77, 3, W));
	assert_true(allows(&rules, 'c', 200, 7, M));
	assert_true(allows(&rules, 'b', 200, 7, M));
	assert_true(allows(&rules, 'b', 200, 3, R | M));
}

static void the_last_rule_wins(void **state)
{
	struct plan_device_rule v[] = { RULE(true, 'c', 1, -1, ALL), RULE(false, 'c', 1, 3, ALL),
					RULE(true, 'c', 1, 3, R) };
	struct plan_device_rules rules = { .n = ARRAY_SIZE(v), .v = v };

	(void)state;
	assert_true(allows(&rules, 'c', 1, 5, ALL));
	assert_true(allows(&rules, 'c', 1, 3, R));
	assert_false(allows(&rules, 'c', 1, 3, R | W));
	rules.n = 2;
	assert_false(allows(&rules, 'c', 1, 3, R));
	rules.n = 1;
	assert_true(allows(&rules, 'c', 1, 3, R));
}

/* Denying "w" holds for an open that reads as well. */
static void each_kind_of_access_is_decided_by_itself(void **state)
{
	struct plan_device_rule v[] = { RULE(false, 'b', 8, 0, W) };
	struct plan_device_rule two[] = { RULE(true, 'c', 1, 3, R), RULE(true, 'c', 1, 3, W) };
	struct plan_device_rules rules = { .others = true, .n = 1, .v = v };

	(void)state;
	assert_true(allows(&rules, 'b', 8, 0, R));
	assert_false(allows(&rules, 'b', 8, 0, W));
	assert_false(allows(&rules, 'b', 8, 0, R | W));
	assert_true(allows(&rules, 'b', 8, 1, R | W));
	rules = (struct plan_device_rules){ .n = 2, .v = two };
	assert_true(allows(&rules, 'c', 1, 3, R | W));
	assert_false(allows(&rules, 'c', 1, 3, R | W | M));
}

/* The same question, put to the list. */
static bool expected(const struct plan_device_rules *rules, char type, int64_t major, int64_t minor,
		     unsigned access)
{
	for (unsigned bit = 1; bit <= ALL; bit <<= 1) {
		bool allowed = rules->others;
		if (!(access & bit))
			continue;
		for (size_t i = 0; i < rules->n; i++) {
			const struct plan_device_rule *rule = &rules->v[i];
			if ((rule->type == 'a' || rule->type == type) && (rule->access & bit) &&
			    (rule->major < 0 || rule->major == major) &&
			    (rule->minor < 0 || rule->minor == minor))
				allowed = rule->allow;
		}
		if (!allowed)
			return false;
	}
	return true;
}

static void any_list_is_answered_as_it_says(void **state)
{
	unsigned seed = 4711;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct plan_device_rule v[12];
		struct plan_device_rules rules = { .others = rand_r(&seed) % 2,
						   .n = (size_t)rand_r(&seed) % 12,
						   .v = v };
		for (size_t i = 0; i < rules.n; i++)
			v[i] = (struct plan_device_rule)RULE(
				rand_r(&seed) % 2, "abc"[rand_r(&seed) % 3], rand_r(&seed) % 4 - 1,
				rand_r(&seed) % 4 - 1, 1 + (unsigned)rand_r(&seed) % ALL);
		for (unsigned question = 0; question < 2 * 3 * 3 * ALL; question++) {
			char type = question % 2 ? 'b' : 'c';
			unsigned major = question / 2 % 3, minor = question / 6 % 3;
			unsigned access = 1 + question / 18 % ALL;
			if (allows(&rules, type, major, minor, access) !=
			    expected(&rules, type, major, minor, access))
				STOP("round %u: %c %u:%u %u\n", round, type, major, minor, access);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_rules_the_rest_decides),
		cmocka_unit_test(a_rule_is_for_its_type_numbers_and_access),
		cmocka_unit_test(the_last_rule_wins),
		cmocka_unit_test(each_kind_of_access_is_decided_by_itself),
		cmocka_unit_test(any_list_is_answered_as_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

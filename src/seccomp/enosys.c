/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Function not implemented" for system calls that are newer than the profile. A C library tries the new
 * call first and falls back to an older one on ENOSYS alone: told EPERM by a profile that was written
 * before the call was, programs break (opencontainers/runc#2151). Newer is what has a higher number than
 * every system call that the profile names, in any rule. Pure but for libseccomp's tables.
 */
#include "seccomp/parts.h"

#include "base/auto.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#define ARM_PRIVATE 0x0f0000u /* __ARM_NR_BASE: calls of the processor's own, not in order of age */
#define NUMBER_END 0xffffffffu /* -1: a call that a tracer has skipped */

/* The numbers above `last` and below `end` are newer. */
struct range {
	uint32_t audit; /* AUDIT_ARCH_*, as the kernel says it */
	uint32_t last, end;
	bool known; /* some name has a number there */
};

static bool lets_through(const struct plan_seccomp *plan)
{
	/* A tracer answers what it does not know on its own, as under runc. */
	return plan->default_action == SPEC_ACT_ALLOW || plan->default_action == SPEC_ACT_LOG ||
	       plan->default_action == SPEC_ACT_TRACE ||
	       (plan->default_action == SPEC_ACT_ERRNO && plan->default_value == ENOSYS);
}

static struct range range_of(const struct plan_seccomp *plan, uint32_t architecture)
{
	struct range range = { .audit = seccomp_audit_of(architecture), .end = NUMBER_END };

	if (architecture == SCMP_ARCH_X86_64)
		range.end = SECCOMP_X32_BIT;
	else if (architecture == SCMP_ARCH_ARM)
		range.end = ARM_PRIVATE;
	for (size_t i = 0; i < plan->rules.n; i++) {
		const struct strlist *names = &plan->rules.v[i].names;

		for (size_t j = 0; j < names->n; j++) {
			int number = seccomp_syscall_resolve_name_arch(architecture, names->v[j]);

			/* Negative: not there on this architecture. */
			if (number < 0 || (uint32_t)number >= range.end)
				continue;
			if (!range.known || (uint32_t)number > range.last)
				range.last = (uint32_t)number;
			range.known = true;
		}
	}
	return range;
}

static void put(struct seccomp_program *to, struct sock_filter instruction)
{
	to->v[to->n++] = instruction;
}

/* Arrives and leaves with the architecture in the accumulator. */
static void put_range(struct seccomp_program *to, const struct range *range)
{
	static const struct sock_filter instructions[] = {
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
	};

	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++)
		put(to, instructions[i]);
	to->v[to->n - 6].k = range->audit;
	to->v[to->n - 4].k = range->end;
	to->v[to->n - 3].k = range->last;
}

void seccomp_add_enosys(const struct plan_seccomp *plan, const uint32_t *architectures, size_t n,
			struct arena *arena, struct seccomp_program *program)
{
	enum { RANGE_LENGTH = 6 };
	struct seccomp_program with = { 0 };

	if (lets_through(plan))
		return;
	with.v = arena_new_array(arena, struct sock_filter, program->n + n * RANGE_LENGTH + 1);
	put(&with, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						offsetof(struct seccomp_data, arch)));
	for (size_t i = 0; i < n; i++) {
		struct range range = range_of(plan, architectures[i]);

		if (range.known)
			put_range(&with, &range);
	}
	/* Jumps are relative, so the program stays what it is behind another one. */
	memcpy(with.v + with.n, program->v, program->n * sizeof(*program->v));
	program->v = with.v;
	program->n += with.n;
}

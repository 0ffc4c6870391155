/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From device rules to instructions (linux/bpf.h, struct bpf_cgroup_dev_ctx). Pure.
 *
 * The last rule wins, so the program asks them from the last to the first, and each kind of access by itself:
 * an open for reading and writing is two questions, and a rule that denies writing must not be passed by
 * because the open reads as well. r3 holds the kinds of access that no rule has decided about yet.
 *
 * Each rule loads what it compares once more: a register that is known to be 8 behind a comparison with 8 is
 * a state of its own to the verifier, which would then go through the rest of the rules once for each rule
 * and refuse a list of a few hundred.
 */
#include "cgroup/device_program.h"

#include "base/arena.h"

#include <stdlib.h>

/* Of one rule: three comparisons of a value that is loaded for it, five instructions for the verdict. */
#define RULE_INSTRUCTIONS 12
#define FRAME_INSTRUCTIONS 8

enum { R0, R1_CONTEXT, R2, R3_ACCESS };

static void put(struct device_program *p, uint8_t code, unsigned to, unsigned from, int16_t offset,
		int32_t immediate)
{
	p->v[p->n++] = (struct bpf_insn){
		.code = code,
		.dst_reg = (uint8_t)(to & 0xf),
		.src_reg = (uint8_t)(from & 0xf),
		.off = offset,
		.imm = immediate,
	};
}

static void put_exit(struct device_program *p, bool allow)
{
	put(p, BPF_ALU64 | BPF_MOV | BPF_K, R0, 0, 0, allow);
	put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* access_type: the type of device in the lower half, the access in the upper one */
static void put_start(struct device_program *p)
{
	put(p, BPF_LDX | BPF_MEM | BPF_W, R3_ACCESS, R1_CONTEXT,
	    offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
	put(p, BPF_ALU64 | BPF_RSH | BPF_K, R3_ACCESS, 0, 0, 16);
}

/* Go on where the context's member is another; the jump's target is set later. */
static size_t put_comparison(struct device_program *p, size_t member, int32_t value)
{
	put(p, BPF_LDX | BPF_MEM | BPF_W, R2, R1_CONTEXT, (int16_t)member, 0);
	if (member == offsetof(struct bpf_cgroup_dev_ctx, access_type))
		put(p, BPF_ALU64 | BPF_AND | BPF_K, R2, 0, 0, 0xffff);
	put(p, BPF_JMP | BPF_JNE | BPF_K, R2, 0, 0, value);
	return p->n - 1;
}

static int32_t kernel_access(unsigned access)
{
	return (access & DEVICE_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0) |
	       (access & DEVICE_READ ? BPF_DEVCG_ACC_READ : 0) |
	       (access & DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE : 0);
}

static void put_rule(struct device_program *p, const struct plan_device_rule *rule)
{
	int32_t access = kernel_access(rule->access);
	size_t jumps[4], n = 0;

	if (rule->type != 'a')
		jumps[n++] = put_comparison(p, offsetof(struct bpf_cgroup_dev_ctx, access_type),
					    rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK
							      : BPF_DEVCG_DEV_CHAR);
	if (rule->major >= 0)
		jumps[n++] = put_comparison(p, offsetof(struct bpf_cgroup_dev_ctx, major),
					    (int32_t)rule->major);
	if (rule->minor >= 0)
		jumps[n++] = put_comparison(p, offsetof(struct bpf_cgroup_dev_ctx, minor),
					    (int32_t)rule->minor);
	if (rule->allow) {
		put(p, BPF_ALU64 | BPF_AND | BPF_K, R3_ACCESS, 0, 0, ~access);
		jumps[n++] = p->n;
		put(p, BPF_JMP | BPF_JNE | BPF_K, R3_ACCESS, 0, 0, 0);
	} else if (rule->access != DEVICE_ACCESS_ALL) {
		put(p, BPF_ALU64 | BPF_MOV | BPF_X, R2, R3_ACCESS, 0, 0);
		put(p, BPF_ALU64 | BPF_AND | BPF_K, R2, 0, 0, access);
		jumps[n++] = p->n;
		put(p, BPF_JMP | BPF_JEQ | BPF_K, R2, 0, 0, 0);
	}
	put_exit(p, rule->allow);
	for (size_t i = 0; i < n; i++)
		p->v[jumps[i]].off = (int16_t)(p->n - jumps[i] - 1);
}

void device_program_make(const struct plan_device_rules *rules, struct device_program *ret)
{
	size_t capacity = FRAME_INSTRUCTIONS + rules->n * RULE_INSTRUCTIONS;

	*ret = (struct device_program){ .v = xmalloc(capacity * sizeof(*ret->v)) };
	put_start(ret);
	for (size_t i = rules->n; i > 0; i--)
		put_rule(ret, &rules->v[i - 1]);
	put_exit(ret, rules->others);
}

void device_program_release(struct device_program *program)
{
	free(program->v);
	*program = (struct device_program){ 0 };
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program answers to a system call, by going through it as the kernel does (seccomp(2), "Filters"), for
 * one that was not made of rules. Pure.
 */
#include "seccomp/parts.h"

#include <linux/seccomp.h>
#include <seccomp.h>

struct machine {
	struct seccomp_data data;
	uint32_t a, x;
	uint32_t memory[BPF_MEMWORDS];
};

static bool load(struct machine *m, const struct sock_filter *i, uint32_t *to)
{
	switch (BPF_MODE(i->code)) {
	case BPF_ABS:
		if (i->k % 4 || i->k >= sizeof(m->data))
			return false;
		memcpy(to, (const char *)&m->data + i->k, sizeof(*to));
		return true;
	case BPF_LEN:
		*to = sizeof(m->data);
		return true;
	case BPF_IMM:
		*to = i->k;
		return true;
	case BPF_MEM:
		if (i->k >= BPF_MEMWORDS)
			return false;
		*to = m->memory[i->k];
		return true;
	default:
		return false;
	}
}

static bool store(struct machine *m, const struct sock_filter *i, uint32_t value)
{
	if (i->k >= BPF_MEMWORDS)
		return false;
	m->memory[i->k] = value;
	return true;
}

static bool calculate(struct machine *m, const struct sock_filter *i)
{
	uint32_t by = BPF_SRC(i->code) == BPF_X ? m->x : i->k;

	switch (BPF_OP(i->code)) {
	case BPF_ADD:
		m->a += by;
		return true;
	case BPF_SUB:
		m->a -= by;
		return true;
	case BPF_MUL:
		m->a *= by;
		return true;
	case BPF_DIV:
		m->a = by ? m->a / by : 0;
		return by != 0;
	case BPF_AND:
		m->a &= by;
		return true;
	case BPF_OR:
		m->a |= by;
		return true;
	case BPF_XOR:
		m->a ^= by;
		return true;
	case BPF_LSH:
		m->a = by < 32 ? m->a << by : 0;
		return true;
	case BPF_RSH:
		m->a = by < 32 ? m->a >> by : 0;
		return true;
	case BPF_NEG:
		m->a = -m->a;
		return true;
	default:
		return false;
	}
}

/* How far it is; beyond the program if it is not a jump. */
static size_t jump(const struct machine *m, const struct sock_filter *i)
{
	uint32_t with = BPF_SRC(i->code) == BPF_X ? m->x : i->k;

	switch (BPF_OP(i->code)) {
	case BPF_JA:
		return i->k < BPF_MAXINSNS ? i->k : BPF_MAXINSNS;
	case BPF_JEQ:
		return m->a == with ? i->jt : i->jf;
	case BPF_JGT:
		return m->a > with ? i->jt : i->jf;
	case BPF_JGE:
		return m->a >= with ? i->jt : i->jf;
	case BPF_JSET:
		return m->a & with ? i->jt : i->jf;
	default:
		return BPF_MAXINSNS;
	}
}

static bool step(struct machine *m, const struct sock_filter *i, size_t *at)
{
	switch (BPF_CLASS(i->code)) {
	case BPF_LD:
		return load(m, i, &m->a);
	case BPF_LDX:
		return load(m, i, &m->x);
	case BPF_ST:
		return store(m, i, m->a);
	case BPF_STX:
		return store(m, i, m->x);
	case BPF_ALU:
		return calculate(m, i);
	case BPF_JMP:
		*at += jump(m, i);
		return true;
	case BPF_MISC:
		if (i->code == (BPF_MISC | BPF_TAX))
			m->x = m->a;
		else
			m->a = m->x;
		return i->code == (BPF_MISC | BPF_TAX) || i->code == (BPF_MISC | BPF_TXA);
	default:
		return false;
	}
}

bool seccomp_answer(const struct seccomp_program *program, int number, uint32_t *ret)
{
	struct machine m = {
		.data = { .nr = number, .arch = seccomp_audit_of(seccomp_arch_native()) },
	};

	/* Jumps lead forward only, so it ends. */
	for (size_t at = 0; at < program->n; at++) {
		const struct sock_filter *i = &program->v[at];

		if (BPF_CLASS(i->code) == BPF_RET) {
			*ret = BPF_RVAL(i->code) == BPF_A ? m.a : i->k;
			return true;
		}
		if (!step(&m, i, &at))
			return false;
	}
	return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether two programs of classic BPF say the same of every system call, as far as that can be tried: all numbers
 * that there may be, all neighbours of a constant in either program, in every architecture. From where the first
 * looks at an argument, the other must have the same instructions, and arguments are tried as well. Knows nothing of
 * how one was made of the other.
 */
#ifndef TESTS_UNIT_BPF_COMPARE_H
#define TESTS_UNIT_BPF_COMPARE_H

#include "bpf.h"

#include <linux/audit.h>
#include <stdio.h>
#include <stdlib.h>

#define COMPARE_X32 0x40000000u
#define COMPARE_TRIES 3000u
#define COMPARE_PLACES 512

struct compare_program {
	const struct sock_filter *v;
	size_t n;
};

struct compare {
	struct compare_program one, other;
	uint32_t *constants; /* neighbours of constants */
	size_t constants_n;
	unsigned char *alike; /* of each pair of instructions: 1 that they were compared */
	unsigned char *tried; /* the same of pairs whose arguments were tried */
	uint64_t random;
	uint32_t numbers; /* so many are tried, with and without the bit of x32 */
	char difference[256];
};

static const uint32_t compare_architectures[] = {
	AUDIT_ARCH_X86_64,  AUDIT_ARCH_I386,    AUDIT_ARCH_AARCH64,     AUDIT_ARCH_ARM,
	AUDIT_ARCH_RISCV64, AUDIT_ARCH_PPC64LE, AUDIT_ARCH_MIPSEL64N32, AUDIT_ARCH_MIPSEL64,
	AUDIT_ARCH_MIPSEL,  AUDIT_ARCH_S390X,   AUDIT_ARCH_S390,        0,
	0x12345678,         0xffffffff,
};

static inline uint32_t compare_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

/* --- constants --- */

static inline bool compare_has_constant(const struct sock_filter *i)
{
	return (BPF_CLASS(i->code) == BPF_JMP && BPF_OP(i->code) != BPF_JA) ||
	       BPF_CLASS(i->code) == BPF_ALU;
}

static inline int compare_order(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

	return one < other ? -1 : one > other;
}

static inline void compare_sort(uint32_t *v, size_t *n)
{
	size_t kept = 0;

	qsort(v, *n, sizeof(*v), compare_order);
	for (size_t i = 0; i < *n; i++)
		if (kept == 0 || v[kept - 1] != v[i])
			v[kept++] = v[i];
	*n = kept;
}

static inline void compare_add_constants(struct compare *c, const struct compare_program *p)
{
	for (size_t i = 0; i < p->n; i++) {
		uint32_t k = p->v[i].k;

		if (!compare_has_constant(&p->v[i]))
			continue;
		c->constants[c->constants_n++] = k - 1;
		c->constants[c->constants_n++] = k;
		c->constants[c->constants_n++] = k + 1;
	}
}

/* --- the same instructions --- */

static inline size_t compare_skip(const struct compare_program *p, size_t i)
{
	while (p->v[i].code == (BPF_JMP | BPF_JA))
		i += p->v[i].k + 1;
	return i;
}

/* From i of one and j of the other on. A comparison of one that decides nothing may be missing. */
static inline bool compare_alike(struct compare *c, size_t i, size_t j)
{
	const struct sock_filter *a, *b;
	bool jump;

	i = compare_skip(&c->one, i);
	j = compare_skip(&c->other, j);
	if (c->alike[i * c->other.n + j])
		return c->alike[i * c->other.n + j] == 1;
	a = &c->one.v[i];
	b = &c->other.v[j];
	jump = BPF_CLASS(a->code) == BPF_JMP;
	c->alike[i * c->other.n + j] = 1;
	if (a->code == b->code && a->k == b->k) {
		if (BPF_CLASS(a->code) == BPF_RET)
			return true;
		if (compare_alike(c, i + 1 + (jump ? a->jt : 0), j + 1 + (jump ? b->jt : 0)) &&
		    (!jump || compare_alike(c, i + 1 + a->jf, j + 1 + b->jf)))
			return true;
	}
	if (jump && compare_alike(c, i + 1 + a->jt, j) && compare_alike(c, i + 1 + a->jf, j))
		return true;
	c->alike[i * c->other.n + j] = 2;
	return false;
}

/* --- going through one --- */

/* The answer, and in *ret_at the first instruction that looks at anything but architecture and number; n if none. */
static inline uint32_t compare_run(const struct compare_program *p, const struct seccomp_data *data,
				   size_t *ret_at)
{
	uint32_t accumulator = 0;

	*ret_at = p->n;
	for (size_t i = 0; i < p->n; i++) {
		const struct sock_filter *at = &p->v[i];

		switch (BPF_CLASS(at->code)) {
		case BPF_RET:
			return at->k;
		case BPF_LD:
			memcpy(&accumulator, (const char *)data + at->k, sizeof(accumulator));
			if (at->k >= offsetof(struct seccomp_data, instruction_pointer) &&
			    *ret_at == p->n)
				*ret_at = i;
			break;
		case BPF_ALU:
			accumulator &= at->k;
			break;
		default:
			if (BPF_OP(at->code) == BPF_JA)
				i += at->k;
			else
				i += bpf_condition(at, accumulator) ? at->jt : at->jf;
		}
	}
	return BPF_NO_ANSWER;
}

static inline bool compare_call(struct compare *c, const struct seccomp_data *data, size_t *ret_at,
				size_t *ret_at_other)
{
	uint32_t one = compare_run(&c->one, data, ret_at);
	uint32_t other = compare_run(&c->other, data, ret_at_other);

	if (one == other)
		return true;
	snprintf(c->difference, sizeof(c->difference),
		 "architecture 0x%x, number 0x%x, arguments 0x%llx 0x%llx...: 0x%x and 0x%x",
		 data->arch, (uint32_t)data->nr, data->args[0], data->args[1], one, other);
	return false;
}

/* --- arguments --- */

struct compare_block {
	size_t words[16], words_n; /* offsets into struct seccomp_data */
	uint32_t values[3 * COMPARE_PLACES + 2];
	size_t values_n;
};

/* What is looked at from the instruction `from` on, whichever way it goes. */
static inline void compare_scan(const struct compare_program *p, size_t from,
				struct compare_block *block)
{
	unsigned char *reached = calloc(p->n + 1, 1);

	*block = (struct compare_block){ .values = { 0, 0xffffffff }, .values_n = 2 };
	reached[from] = 1;
	for (size_t i = from; i < p->n; i++) {
		const struct sock_filter *at = &p->v[i];

		if (!reached[i] || BPF_CLASS(at->code) == BPF_RET)
			continue;
		if (at->code == (BPF_JMP | BPF_JA)) {
			reached[i + 1 + at->k] = 1;
			continue;
		}
		if (BPF_CLASS(at->code) == BPF_JMP) {
			reached[i + 1 + at->jt] = reached[i + 1 + at->jf] = 1;
		} else {
			reached[i + 1] = 1;
		}
		if (compare_has_constant(at) && block->values_n + 3 <= 3 * COMPARE_PLACES) {
			block->values[block->values_n++] = at->k - 1;
			block->values[block->values_n++] = at->k;
			block->values[block->values_n++] = at->k + 1;
		}
		if (BPF_CLASS(at->code) == BPF_LD &&
		    at->k >= offsetof(struct seccomp_data, instruction_pointer)) {
			size_t w = 0;

			while (w < block->words_n && block->words[w] != at->k)
				w++;
			if (w == block->words_n)
				block->words[block->words_n++] = at->k;
		}
	}
	free(reached);
	compare_sort(block->values, &block->values_n);
}

/* All combinations, or so many of them by chance. */
static inline bool compare_arguments(struct compare *c, const struct seccomp_data *call, size_t at)
{
	struct compare_block *block = malloc(sizeof(*block));
	struct seccomp_data data = *call;
	size_t all = 1, tries, none;
	bool same = true;

	compare_scan(&c->one, at, block);
	for (size_t w = 0; w < block->words_n && all <= COMPARE_TRIES; w++)
		all *= block->values_n;
	tries = all <= COMPARE_TRIES ? all : COMPARE_TRIES;
	for (size_t i = 0; same && i < tries; i++) {
		size_t number = i;

		for (size_t w = 0; w < block->words_n; w++) {
			size_t which = all <= COMPARE_TRIES
					       ? number % block->values_n
					       : compare_random(&c->random) % block->values_n;

			memcpy((char *)&data + block->words[w], &block->values[which],
			       sizeof(uint32_t));
			number /= block->values_n;
		}
		same = compare_call(c, &data, &none, &none);
	}
	free(block);
	return same;
}

/* --- all --- */

static inline bool compare_number(struct compare *c, uint32_t architecture, uint32_t number)
{
	const struct seccomp_data data = { .nr = (int)number, .arch = architecture };
	unsigned char *tried;
	size_t at, at_other;

	if (!compare_call(c, &data, &at, &at_other))
		return false;
	if (at == c->one.n && at_other == c->other.n)
		return true;
	tried = at < c->one.n && at_other < c->other.n ? &c->tried[at * c->other.n + at_other]
						       : NULL;
	if (tried && *tried)
		return true;
	if (!tried || !compare_alike(c, at, at_other)) {
		snprintf(c->difference, sizeof(c->difference),
			 "architecture 0x%x, number 0x%x: not the same instructions from %zu and "
			 "%zu on",
			 architecture, number, at, at_other);
		return false;
	}
	*tried = 1;
	return compare_arguments(c, &data, at);
}

static inline bool compare_architecture(struct compare *c, uint32_t architecture)
{
	for (uint32_t number = 0; number < c->numbers; number++)
		if (!compare_number(c, architecture, number) ||
		    !compare_number(c, architecture, number | COMPARE_X32))
			return false;
	for (size_t i = 0; i < c->constants_n; i++)
		if (!compare_number(c, architecture, c->constants[i]))
			return false;
	return true;
}

/* `strange` is for small programs that were not made of rules: fewer numbers are tried, and every neighbour of a
 * constant as an architecture as well. The first difference, in memory of malloc(3); NULL if there is none. */
static inline char *compare_programs(struct compare_program one, struct compare_program other,
				     bool strange)
{
	struct compare c = { .one = one, .other = other, .random = 1 };
	bool same = true;

	c.numbers = strange ? 64 : 4096;
	c.constants = calloc(3 * (one.n + other.n), sizeof(*c.constants));
	c.alike = calloc(one.n * other.n, 1);
	c.tried = calloc(one.n * other.n, 1);
	compare_add_constants(&c, &one);
	compare_add_constants(&c, &other);
	compare_sort(c.constants, &c.constants_n);
	for (size_t i = 0; same && i < sizeof(compare_architectures) / sizeof(uint32_t); i++)
		same = compare_architecture(&c, compare_architectures[i]);
	for (size_t i = 0; same && strange && i < c.constants_n; i++)
		same = compare_architecture(&c, c.constants[i]);
	free(c.constants);
	free(c.alike);
	free(c.tried);
	return same ? NULL : strdup(c.difference);
}

#endif

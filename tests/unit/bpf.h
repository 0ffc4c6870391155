/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small interpreter of classic BPF over struct seccomp_data, with the kernel's own rules about what a
 * program may contain (kernel/seccomp.c: seccomp_check_filter(), net/core/filter.c: bpf_check_classic()).
 * So what a filter answers is known without loading it.
 */
#ifndef TESTS_BPF_H
#define TESTS_BPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BPF_NO_ANSWER 0xdeadbeefu

/* Whether the kernel would take it, of the instructions that filters are made of. */
static inline bool bpf_is_valid(const struct sock_filter *v, size_t n)
{
	if (n == 0 || n > BPF_MAXINSNS || BPF_CLASS(v[n - 1].code) != BPF_RET)
		return false;
	for (size_t i = 0; i < n; i++) {
		switch (v[i].code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (v[i].k % 4 || v[i].k >= sizeof(struct seccomp_data))
				return false;
			break;
		case BPF_RET | BPF_K:
		case BPF_ALU | BPF_AND | BPF_K:
			break;
		case BPF_JMP | BPF_JA:
			if (v[i].k >= n - i - 1)
				return false;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_K:
			if (i + v[i].jt + 1 >= n || i + v[i].jf + 1 >= n)
				return false;
			break;
		default:
			return false;
		}
	}
	return true;
}

static inline bool bpf_condition(const struct sock_filter *at, uint32_t accumulator)
{
	switch (BPF_OP(at->code)) {
	case BPF_JEQ:
		return accumulator == at->k;
	case BPF_JGT:
		return accumulator > at->k;
	case BPF_JGE:
		return accumulator >= at->k;
	default:
		return accumulator & at->k;
	}
}

/* Of a valid program, which only goes forward and so ends. */
static inline uint32_t bpf_run(const struct sock_filter *v, size_t n,
			       const struct seccomp_data *data)
{
	uint32_t accumulator = 0;

	for (size_t i = 0; i < n; i++) {
		switch (BPF_CLASS(v[i].code)) {
		case BPF_RET:
			return v[i].k;
		case BPF_LD:
			memcpy(&accumulator, (const char *)data + v[i].k, sizeof(accumulator));
			break;
		case BPF_ALU:
			accumulator &= v[i].k;
			break;
		default:
			if (BPF_OP(v[i].code) == BPF_JA)
				i += v[i].k;
			else
				i += bpf_condition(&v[i], accumulator) ? v[i].jt : v[i].jf;
		}
	}
	return BPF_NO_ANSWER;
}

#endif

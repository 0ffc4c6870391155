/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program without places: steps that name the ones after them. Equal steps are one step, so that what two parts of
 * a program do in the same way from some point on is there once. Pure. Used in seccomp/ alone.
 */
#ifndef SECCOMP_FLOW_H
#define SECCOMP_FLOW_H

#include "seccomp/program.h"

enum { FLOW_HEADS = 1024 };

/* An instruction; a jump without a condition needs none. */
struct flow_step {
	uint16_t code;
	uint32_t k;
	uint32_t yes, no; /* what follows, both the same but of a condition; 0 of BPF_RET */
	uint32_t chain;   /* the step before it that hashes alike, plus 1 */
};

/* Zeroed it is empty. Each step leads to earlier ones alone. */
struct flow {
	size_t n, room;
	struct flow_step *v;
	uint32_t heads[FLOW_HEADS];
};

void flow_release(struct flow *flow);
#define autoflow __attribute__((cleanup(flow_release))) struct flow

/* The number of the step. A condition whose two ways are the same decides nothing: the way is returned. */
uint32_t flow_add(struct flow *flow, unsigned code, uint32_t k, uint32_t yes, uint32_t no);

/* *ret_start: where the program begins. False: it has instructions that libseccomp does not use, or the kernel would
 * not take it. */
bool flow_read(struct flow *flow, const struct seccomp_program *program, uint32_t *ret_start);

/* What can be reached from `start`, as a program; false if it would have `limit` instructions or more. n and v of
 * *ret alone are set. */
bool flow_write(const struct flow *flow, uint32_t start, size_t limit, struct arena *arena,
		struct seccomp_program *ret);

#endif

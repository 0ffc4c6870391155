/* SPDX-License-Identifier: Apache-2.0 */
/* See assembler.h. */
#include "address/assembler.h"

#include <string.h>

static void put(struct assembly *a, uint8_t code, unsigned to, unsigned from, int offset,
		int32_t immediate)
{
	if (a->n == ASSEMBLY_MAX) {
		a->too_long = 1;
		return;
	}
	a->v[a->n++] = (struct bpf_insn){
		.code = code,
		.dst_reg = (uint8_t)(to & 0xf),
		.src_reg = (uint8_t)(from & 0xf),
		.off = (int16_t)offset,
		.imm = immediate,
	};
}

void op_move(struct assembly *a, enum reg to, enum reg from)
{
	put(a, BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}

void op_set(struct assembly *a, enum reg to, int32_t value)
{
	put(a, BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value);
}

void op_map(struct assembly *a, enum reg to, int fd)
{
	put(a, BPF_LD | BPF_IMM | BPF_DW, to, BPF_PSEUDO_MAP_FD, 0, fd);
	put(a, 0, 0, 0, 0, 0);
}

void op_add(struct assembly *a, enum reg to, int32_t value)
{
	put(a, BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, value);
}

void op_and(struct assembly *a, enum reg to, uint32_t value)
{
	put(a, BPF_ALU | BPF_AND | BPF_K, to, 0, 0, (int32_t)value);
}

void op_or(struct assembly *a, enum reg to, enum reg from)
{
	put(a, BPF_ALU | BPF_OR | BPF_X, to, from, 0, 0);
}

void op_shift_right(struct assembly *a, enum reg to, unsigned bits)
{
	put(a, BPF_ALU | BPF_RSH | BPF_K, to, 0, 0, (int32_t)bits);
}

void op_shift_left(struct assembly *a, enum reg to, unsigned bits)
{
	put(a, BPF_ALU | BPF_LSH | BPF_K, to, 0, 0, (int32_t)bits);
}

void op_to_host(struct assembly *a, enum reg to, unsigned bits)
{
	put(a, BPF_ALU | BPF_END | BPF_TO_BE, to, 0, 0, (int32_t)bits);
}

void op_load(struct assembly *a, enum width width, enum reg to, enum reg base, size_t offset)
{
	put(a, (uint8_t)(BPF_LDX | BPF_MEM | width), to, base, (int)offset, 0);
}

void op_load_stack(struct assembly *a, enum width width, enum reg to, int offset)
{
	put(a, (uint8_t)(BPF_LDX | BPF_MEM | width), to, R10, offset, 0);
}

void op_store(struct assembly *a, enum width width, enum reg base, size_t offset, enum reg from)
{
	put(a, (uint8_t)(BPF_STX | BPF_MEM | width), base, from, (int)offset, 0);
}

void op_store_stack(struct assembly *a, enum width width, int offset, enum reg from)
{
	put(a, (uint8_t)(BPF_STX | BPF_MEM | width), R10, from, offset, 0);
}

void op_zero_stack(struct assembly *a, enum width width, int offset)
{
	put(a, (uint8_t)(BPF_ST | BPF_MEM | width), R10, 0, offset, 0);
}

void op_stack(struct assembly *a, enum reg to, int offset)
{
	op_move(a, to, R10);
	op_add(a, to, offset);
}

void op_call(struct assembly *a, enum bpf_func_id function)
{
	put(a, BPF_JMP | BPF_CALL, 0, 0, 0, function);
}

void op_exit(struct assembly *a)
{
	put(a, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* --- jumps: their distances are known in the end --- */

unsigned label_new(struct assembly *a)
{
	return a->n_labels++;
}

void label(struct assembly *a, unsigned which)
{
	if (which < ASSEMBLY_LABELS && !a->labels[which])
		a->labels[which] = a->n + 1;
	else
		a->too_long = 1;
}

static void leads(struct assembly *a, unsigned to)
{
	if (a->n_jumps == ASSEMBLY_JUMPS) {
		a->too_long = 1;
		return;
	}
	a->jumps[a->n_jumps].at = a->n;
	a->jumps[a->n_jumps++].to = to;
}

void op_jump(struct assembly *a, unsigned to)
{
	leads(a, to);
	put(a, BPF_JMP | BPF_JA, 0, 0, 0, 0);
}

void op_jump_if(struct assembly *a, uint8_t how, enum reg what, uint32_t value, unsigned to)
{
	leads(a, to);
	put(a, (uint8_t)(BPF_JMP32 | how | BPF_K), what, 0, 0, (int32_t)value);
}

void op_jump_if_same(struct assembly *a, enum reg one, enum reg other, unsigned to)
{
	leads(a, to);
	put(a, BPF_JMP | BPF_JEQ | BPF_X, one, other, 0, 0);
}

void op_jump_unless_same(struct assembly *a, enum reg one, enum reg other, unsigned to)
{
	leads(a, to);
	put(a, BPF_JMP | BPF_JNE | BPF_X, one, other, 0, 0);
}

void op_jump_if_null(struct assembly *a, enum reg what, unsigned to)
{
	leads(a, to);
	put(a, BPF_JMP | BPF_JEQ | BPF_K, what, 0, 0, 0);
}

void assembly_begin(struct assembly *a, unsigned fixed_labels)
{
	memset(a, 0, sizeof(*a));
	a->n_labels = fixed_labels;
}

int assembly_end(struct assembly *a)
{
	for (size_t i = 0; i < a->n_jumps; i++) {
		const unsigned to = a->jumps[i].to;

		if (to >= ASSEMBLY_LABELS || !a->labels[to])
			return -1;
		a->v[a->jumps[i].at].off =
			(int16_t)((long)a->labels[to] - 1 - (long)a->jumps[i].at - 1);
	}
	return a->too_long ? -1 : 0;
}

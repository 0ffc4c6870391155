/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of the kernel's eBPF machine (Documentation/bpf/standardization/instruction-set.rst), an instruction a call.
 * Pure. Private to address/.
 */
#ifndef ADDRESS_ASSEMBLER_H
#define ADDRESS_ASSEMBLER_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

#define ASSEMBLY_MAX 512
#define ASSEMBLY_LABELS 64
#define ASSEMBLY_JUMPS 160

/* R1 to R5 are arguments and are lost by a call, as R0, its answer; R10 is the end of the stack. */
enum reg { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 };
enum width { W8 = BPF_B, W16 = BPF_H, W32 = BPF_W, W64 = BPF_DW };

struct assembly {
	struct bpf_insn v[ASSEMBLY_MAX];
	size_t n;
	size_t labels[ASSEMBLY_LABELS]; /* of which instruction, plus one; 0: not there */
	struct {
		size_t at;
		unsigned to;
	} jumps[ASSEMBLY_JUMPS];
	size_t n_jumps;
	unsigned n_labels; /* those of label_new() */
	int too_long;
};

void op_move(struct assembly *a, enum reg to, enum reg from);
void op_set(struct assembly *a, enum reg to, int32_t value);
/* The address of a map by its descriptor. */
void op_map(struct assembly *a, enum reg to, int fd);
void op_add(struct assembly *a, enum reg to, int32_t value);
/* Of the lower 32 bits; the upper ones become 0. */
void op_and(struct assembly *a, enum reg to, uint32_t value);
void op_or(struct assembly *a, enum reg to, enum reg from);
void op_shift_right(struct assembly *a, enum reg to, unsigned bits);
void op_shift_left(struct assembly *a, enum reg to, unsigned bits);
/* From the order of the network to that of the machine. */
void op_to_host(struct assembly *a, enum reg to, unsigned bits);
void op_load(struct assembly *a, enum width width, enum reg to, enum reg base, size_t offset);
void op_load_stack(struct assembly *a, enum width width, enum reg to, int offset);
void op_store(struct assembly *a, enum width width, enum reg base, size_t offset, enum reg from);
void op_store_stack(struct assembly *a, enum width width, int offset, enum reg from);
void op_zero_stack(struct assembly *a, enum width width, int offset);
/* The address of a place on the stack. */
void op_stack(struct assembly *a, enum reg to, int offset);
void op_call(struct assembly *a, enum bpf_func_id function);
void op_exit(struct assembly *a);

/* One of this program's own, beside the fixed ones below `first` of assembly_begin(). */
unsigned label_new(struct assembly *a);
void label(struct assembly *a, unsigned which);
void op_jump(struct assembly *a, unsigned to);
/* BPF_JEQ, BPF_JNE, BPF_JSET...; of the lower 32 bits */
void op_jump_if(struct assembly *a, uint8_t how, enum reg what, uint32_t value, unsigned to);
/* of all 64 */
void op_jump_if_same(struct assembly *a, enum reg one, enum reg other, unsigned to);
void op_jump_unless_same(struct assembly *a, enum reg one, enum reg other, unsigned to);
void op_jump_if_null(struct assembly *a, enum reg what, unsigned to);

void assembly_begin(struct assembly *a, unsigned fixed_labels);
/* All jumps lead somewhere. -1: a label is missing, or there were too many of something, which is a fault of the source. */
int assembly_end(struct assembly *a);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that says the same in fewer instructions: per architecture a binary search over ranges of system call
 * numbers that have one answer. The kernel goes through a program for each number when it is loaded, converts and
 * translates it all, and asks it for every call, so what is saved here is saved by each start and each call.
 *
 * The answers come from the program itself: it is followed for one architecture and one number until it answers or
 * looks at something else than these two (from there on it is kept as it is); meanwhile each comparison says how far
 * it would turn out the same for the numbers that follow. Pure.
 */
#include "seccomp/flow.h"
#include "seccomp/parts.h"

#include "base/auto.h"

#include <linux/seccomp.h>

/* What following one program may take, about 20 ms; an engine's takes a hundredth. */
#define STEPS_MAX (8u << 20)
/* More ranges than this cannot become a program that the kernel takes. */
#define RANGES_MAX (2 * BPF_MAXINSNS)

#define LOAD (BPF_LD | BPF_W | BPF_ABS)

/* Up to `last`, from behind the range before it. */
struct range {
	uint32_t last;
	uint32_t step;
};

struct ranges {
	size_t n;
	struct range *v;
};

/* A value, and up to where all after it would have come the same way. */
struct known {
	uint32_t value, last;
};

struct walk {
	struct flow *flow;
	uint32_t start;
	size_t steps_left;
	struct known architecture, number;
};

static void narrow(struct known *of, uint32_t last)
{
	if (last < of->last)
		of->last = last;
}

/* The bits of the mask stay as they are until there is a carry into the lowest of them. */
static void narrow_by_mask(struct known *of, uint32_t mask)
{
	if (mask)
		narrow(of, of->value | ((mask & -mask) - 1));
}

static bool holds(const struct flow_step *condition, struct known *of)
{
	uint32_t k = condition->k;

	switch (BPF_OP(condition->code)) {
	case BPF_JEQ:
		if (of->value <= k)
			narrow(of, of->value == k ? k : k - 1);
		return of->value == k;
	case BPF_JGT:
		if (of->value <= k)
			narrow(of, k);
		return of->value > k;
	case BPF_JGE:
		if (of->value < k)
			narrow(of, k - 1);
		return of->value >= k;
	default:
		narrow_by_mask(of, k);
		return of->value & k;
	}
}

/* The step at which the program answers or looks at an argument. False: it takes too long. */
static bool follow(struct walk *w, uint32_t *ret)
{
	struct known constant = { 0, UINT32_MAX };
	struct known *accumulator = &constant;
	uint32_t at = w->start;

	for (; w->steps_left > 0; w->steps_left--) {
		const struct flow_step *step = &w->flow->v[at];

		*ret = at;
		at = step->yes;
		switch (BPF_CLASS(step->code)) {
		case BPF_RET:
			return true;
		case BPF_LD:
			if (step->k == offsetof(struct seccomp_data, nr))
				accumulator = &w->number;
			else if (step->k == offsetof(struct seccomp_data, arch))
				accumulator = &w->architecture;
			else
				return true;
			break;
		case BPF_ALU:
			narrow_by_mask(accumulator, step->k);
			constant.value = accumulator->value & step->k;
			accumulator = &constant;
			break;
		default:
			at = holds(step, accumulator) ? step->yes : step->no;
		}
	}
	return false;
}

/* Ranges come in order; those that say the same are one. */
static bool add_range(struct ranges *to, uint32_t last, uint32_t step)
{
	if (to->n > 0 && to->v[to->n - 1].step == step) {
		to->v[to->n - 1].last = last;
		return true;
	}
	if (to->n == RANGES_MAX)
		return false;
	to->v[to->n++] = (struct range){ .last = last, .step = step };
	return true;
}

static bool is_single(const struct ranges *ranges, size_t i)
{
	return ranges->v[i].last == (i == 0 ? 0 : ranges->v[i - 1].last + 1);
}

/* One number within what has another answer is one comparison, not two. */
static void fold_singles(struct flow *flow, struct ranges *ranges)
{
	size_t n = 0;

	for (size_t i = 0; i < ranges->n; i++) {
		const struct range *v = &ranges->v[i];
		struct range folded = v[0];

		if (i + 2 < ranges->n && v[0].step == v[2].step && is_single(ranges, i + 1)) {
			folded.step = flow_add(flow, BPF_JMP | BPF_JEQ | BPF_K, v[1].last,
					       v[1].step, v[0].step);
			folded.last = v[2].last;
			i += 2;
		}
		ranges->v[n++] = folded;
	}
	ranges->n = n;
}

static uint32_t search(struct flow *flow, const struct range *v, size_t n)
{
	size_t half = n / 2;
	uint32_t above, below;

	if (n == 1)
		return v[0].step;
	above = search(flow, v + half, n - half);
	below = search(flow, v, half);
	return flow_add(flow, BPF_JMP | BPF_JGE | BPF_K, v[half - 1].last + 1, above, below);
}

/* Of one architecture all numbers. */
static bool find_numbers(struct walk *w, struct ranges *numbers, uint32_t *ret)
{
	uint32_t step;

	numbers->n = 0;
	w->number.last = UINT32_MAX;
	for (w->number.value = 0;; w->number.value = w->number.last + 1) {
		w->number.last = UINT32_MAX;
		if (!follow(w, &step) || !add_range(numbers, w->number.last, step))
			return false;
		if (w->number.last == UINT32_MAX)
			break;
	}
	*ret = numbers->v[0].step;
	if (numbers->n == 1)
		return true;
	fold_singles(w->flow, numbers);
	step = search(w->flow, numbers->v, numbers->n);
	*ret = flow_add(w->flow, LOAD, offsetof(struct seccomp_data, nr), step, step);
	return true;
}

static bool find_architectures(struct walk *w, struct ranges *numbers, struct ranges *architectures)
{
	uint32_t step;

	for (w->architecture.value = 0;; w->architecture.value = w->architecture.last + 1) {
		w->architecture.last = UINT32_MAX;
		if (!find_numbers(w, numbers, &step) ||
		    !add_range(architectures, w->architecture.last, step))
			return false;
		if (w->architecture.last == UINT32_MAX)
			return true;
	}
}

/* One after the other, `first` before all others. False: more than single ones are told apart. */
static bool choose(struct flow *flow, const struct ranges *architectures, uint32_t first,
		   uint32_t *ret)
{
	uint32_t others = architectures->v[0].step, of_first = others, step;

	for (size_t i = 1; i < architectures->n; i++) {
		if (!is_single(architectures, i) && architectures->v[i].step != others)
			return false;
	}
	step = others;
	for (size_t i = 1; i < architectures->n; i++) {
		const struct range *one = &architectures->v[i];

		if (one->step == others)
			continue;
		if (one->last == first)
			of_first = one->step;
		else
			step = flow_add(flow, BPF_JMP | BPF_JEQ | BPF_K, one->last, one->step,
					step);
	}
	if (of_first != others)
		step = flow_add(flow, BPF_JMP | BPF_JEQ | BPF_K, first, of_first, step);
	if (architectures->n > 1)
		step = flow_add(flow, LOAD, offsetof(struct seccomp_data, arch), step, step);
	*ret = step;
	return true;
}

void seccomp_to_ranges(uint32_t first, struct arena *arena, struct seccomp_program *program)
{
	autofree struct range *of_numbers = xmalloc(RANGES_MAX * sizeof(*of_numbers));
	autofree struct range *of_architectures = xmalloc(RANGES_MAX * sizeof(*of_architectures));
	struct ranges numbers = { .v = of_numbers };
	struct ranges architectures = { .v = of_architectures };
	autoflow flow = { 0 };
	struct walk w = { .flow = &flow, .steps_left = STEPS_MAX };
	uint32_t start;

	if (flow_read(&flow, program, &w.start) &&
	    find_architectures(&w, &numbers, &architectures) &&
	    choose(&flow, &architectures, first, &start))
		flow_write(&flow, start, program->n, arena, program);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs to steps and back. They are written from their end, because jumps lead forward: what a step leads to has
 * its place before the step itself. A condition reaches 255 instructions; what is farther away gets another
 * instruction right behind the condition, which leads there. Pure.
 */
#include "seccomp/flow.h"

#include "base/auto.h"

#include <linux/seccomp.h>

#define REACH_MAX 255u

void flow_release(struct flow *flow)
{
	free(flow->v);
}

static uint32_t *head_of(struct flow *flow, const struct flow_step *step)
{
	uint32_t mixed = step->code;

	mixed = mixed * 0x9e3779b1u + step->k;
	mixed = mixed * 0x9e3779b1u + step->yes;
	mixed = mixed * 0x9e3779b1u + step->no;
	mixed *= 0x9e3779b1u;
	return &flow->heads[mixed >> 16 & (FLOW_HEADS - 1)];
}

static bool same(const struct flow_step *a, const struct flow_step *b)
{
	return a->code == b->code && a->k == b->k && a->yes == b->yes && a->no == b->no;
}

uint32_t flow_add(struct flow *flow, unsigned code, uint32_t k, uint32_t yes, uint32_t no)
{
	struct flow_step step = { .code = (uint16_t)code, .k = k, .yes = yes, .no = no };
	uint32_t *head = head_of(flow, &step);

	if (BPF_CLASS(code) == BPF_JMP && yes == no)
		return yes;
	for (uint32_t i = *head; i; i = flow->v[i - 1].chain) {
		if (same(&flow->v[i - 1], &step))
			return i - 1;
	}
	if (flow->n == flow->room) {
		flow->room = flow->room ? flow->room * 2 : FLOW_HEADS;
		flow->v = xrealloc(flow->v, flow->room * sizeof(*flow->v));
	}
	step.chain = *head;
	flow->v[flow->n++] = step;
	*head = (uint32_t)flow->n;
	return *head - 1;
}

/* --- reading --- */

/* `steps` are those of the instructions behind this one, `left` so many. */
static bool read_one(struct flow *flow, const struct sock_filter *i, const uint32_t *steps,
		     size_t left, uint32_t *ret)
{
	switch (i->code) {
	case BPF_RET | BPF_K:
		*ret = flow_add(flow, i->code, i->k, 0, 0);
		return true;
	case BPF_LD | BPF_W | BPF_ABS:
		if (left == 0 || i->k % sizeof(uint32_t) || i->k >= sizeof(struct seccomp_data))
			return false;
		*ret = flow_add(flow, i->code, i->k, steps[0], steps[0]);
		return true;
	case BPF_ALU | BPF_AND | BPF_K:
		if (left == 0)
			return false;
		*ret = flow_add(flow, i->code, i->k, steps[0], steps[0]);
		return true;
	case BPF_JMP | BPF_JA:
		if (i->k >= left)
			return false;
		*ret = steps[i->k];
		return true;
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_K:
	case BPF_JMP | BPF_JSET | BPF_K:
		if (i->jt >= left || i->jf >= left)
			return false;
		*ret = flow_add(flow, i->code, i->k, steps[i->jt], steps[i->jf]);
		return true;
	default:
		return false;
	}
}

bool flow_read(struct flow *flow, const struct seccomp_program *program, uint32_t *ret_start)
{
	autofree uint32_t *steps = NULL;

	if (program->n == 0)
		return false;
	steps = xmalloc(program->n * sizeof(*steps));
	for (size_t i = program->n; i-- > 0;) {
		if (!read_one(flow, &program->v[i], steps + i + 1, program->n - i - 1, &steps[i]))
			return false;
	}
	*ret_start = steps[0];
	return true;
}

/* --- writing --- */

struct writer {
	const struct flow *flow;
	size_t *places; /* of each step the nearest instruction that is it or leads to it */
	struct sock_filter *v;
	size_t n, room; /* counted from the end, as places are */
};

static bool put(struct writer *w, struct sock_filter instruction)
{
	if (w->n == w->room)
		return false;
	w->v[w->n++] = instruction;
	return true;
}

/* As jumps count, of an instruction that is put now. */
static size_t distance(const struct writer *w, uint32_t step)
{
	return w->n - w->places[step] - 1;
}

/* An answer once more is as long as a jump to it. */
static bool put_lead(struct writer *w, uint32_t step)
{
	const struct flow_step *to = &w->flow->v[step];
	struct sock_filter lead = BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)distance(w, step));

	if (BPF_CLASS(to->code) == BPF_RET)
		lead = (struct sock_filter)BPF_STMT(to->code, to->k);
	w->places[step] = w->n;
	return put(w, lead);
}

/* One more instruction may come between. */
static bool bring_near(struct writer *w, uint32_t step)
{
	return distance(w, step) < REACH_MAX || put_lead(w, step);
}

static bool put_step(struct writer *w, uint32_t step)
{
	const struct flow_step *s = &w->flow->v[step];
	struct sock_filter instruction = BPF_STMT(s->code, s->k);

	if (BPF_CLASS(s->code) == BPF_JMP) {
		if (!bring_near(w, s->yes) || !bring_near(w, s->no))
			return false;
		instruction.jt = (uint8_t)distance(w, s->yes);
		instruction.jf = (uint8_t)distance(w, s->no);
	} else if (BPF_CLASS(s->code) != BPF_RET && distance(w, s->yes) != 0 &&
		   !put_lead(w, s->yes)) {
		return false;
	}
	w->places[step] = w->n;
	return put(w, instruction);
}

/* Whether each step can be reached. */
static bool *reached_from(const struct flow *flow, uint32_t start)
{
	bool *reached = xmalloc((start + 1) * sizeof(*reached));

	memset(reached, 0, (start + 1) * sizeof(*reached));
	reached[start] = true;
	for (size_t i = start + 1; i-- > 0;) {
		if (!reached[i] || BPF_CLASS(flow->v[i].code) == BPF_RET)
			continue;
		reached[flow->v[i].yes] = true;
		reached[flow->v[i].no] = true;
	}
	return reached;
}

bool flow_write(const struct flow *flow, uint32_t start, size_t limit, struct arena *arena,
		struct seccomp_program *ret)
{
	autofree bool *reached = reached_from(flow, start);
	autofree size_t *places = xmalloc((start + 1) * sizeof(*places));
	struct writer w = {
		.flow = flow,
		.places = places,
		.v = arena_new_array(arena, struct sock_filter, limit),
		.room = limit ? limit - 1 : 0,
	};

	for (uint32_t i = 0; i <= start; i++) {
		if (reached[i] && !put_step(&w, i))
			return false;
	}
	for (size_t i = 0; i < w.n / 2; i++) {
		struct sock_filter one = w.v[i];

		w.v[i] = w.v[w.n - 1 - i];
		w.v[w.n - 1 - i] = one;
	}
	ret->n = w.n;
	ret->v = w.v;
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When, where and with which memory the program runs: scheduler, I/O priority, processors of exec, memory
 * policy, personality (config.md "Linux Process", config-linux.md "Memory policy", "Personality"). Pure.
 */
#include "plan/context.h"

#include <limits.h>
#include <linux/sched.h>

/* The specification's names in the kernel's numbers (linux/sched.h). */
static const uint32_t sched_policies[] = {
	[SPEC_SCHED_OTHER] = SCHED_NORMAL, [SPEC_SCHED_FIFO] = SCHED_FIFO,
	[SPEC_SCHED_RR] = SCHED_RR,        [SPEC_SCHED_BATCH] = SCHED_BATCH,
	[SPEC_SCHED_IDLE] = SCHED_IDLE,    [SPEC_SCHED_DEADLINE] = SCHED_DEADLINE,
};

static int scheduler(struct plan_context *c, const struct spec_scheduler *from, struct err *e)
{
	struct plan_scheduler *to;

	if (!from)
		return 0;
	if (from->policy == SPEC_SCHED_ISO)
		return fail(
			e, ERR_CONFIG,
			"process.scheduler.policy: SCHED_ISO is in the specification but in no kernel");
	to = arena_new(c->arena, struct plan_scheduler);
	to->name = value_to_name(spec_sched_policy_names, from->policy);
	to->policy = sched_policies[from->policy];
	for (size_t i = 0; i < from->flags.n; i++)
		to->flags |= (uint64_t)from->flags.v[i];
	to->nice = from->nice.value;
	to->priority = (uint32_t)from->priority.value;
	to->runtime = from->runtime.value;
	to->deadline = from->deadline.value;
	to->period = from->period.value;
	c->plan->process.scheduler = to;
	return 0;
}

static void io_priority(struct plan_context *c, const struct spec_io_priority *from)
{
	struct plan_io_priority *to;

	if (!from)
		return;
	to = arena_new(c->arena, struct plan_io_priority);
	to->io_class = from->io_class;
	to->priority = from->priority.value;
	c->plan->process.io_priority = to;
}

/* The largest that validation lets through: a mask is never larger than a page. */
#define NUMBER_MAX 8191

static unsigned long read_number(const char **text)
{
	unsigned long number = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++) {
		number = number * 10 + (unsigned long)(**text - '0');
		if (number > NUMBER_MAX)
			number = NUMBER_MAX;
	}
	return number;
}

/* "0-3, 7", which validation has read before us; false at the end. */
static bool next_range(const char **text, unsigned long *first, unsigned long *last)
{
	*text += strcspn(*text, "0123456789");
	if (!**text)
		return false;
	*first = *last = read_number(text);
	if (**text == '-') {
		(*text)++;
		*last = read_number(text);
	}
	return true;
}

static void number_set(struct plan_context *c, const char *text, struct plan_number_set *ret)
{
	enum { BITS = sizeof(unsigned long) * CHAR_BIT };
	unsigned long first, last, largest = 0;

	if (str_empty(text))
		return;
	ret->text = text;
	for (const char *p = text; next_range(&p, &first, &last);)
		largest = last > largest ? last : largest;
	ret->words = largest / BITS + 1;
	ret->mask = arena_new_array(c->arena, unsigned long, ret->words);
	for (const char *p = text; next_range(&p, &first, &last);)
		for (; first <= last; first++)
			ret->mask[first / BITS] |= 1UL << first % BITS;
}

static void memory_policy(struct plan_context *c, const struct spec_memory_policy *from)
{
	struct plan_memory_policy *to;
	int64_t mode = 0, flag = 0;

	if (!from)
		return;
	to = arena_new(c->arena, struct plan_memory_policy);
	name_to_value(spec_memory_policy_mode_names, from->mode ? from->mode : "", &mode);
	to->name = from->mode;
	to->mode = (int)mode;
	for (size_t i = 0; i < from->flags.n; i++)
		if (name_to_value(spec_memory_policy_flag_names, from->flags.v[i], &flag))
			to->mode |= (int)flag;
	number_set(c, from->nodes, &to->nodes);
	c->plan->process.memory_policy = to;
}

static void personality(struct plan_context *c, const struct spec_personality *from)
{
	struct plan_personality *to;
	int64_t domain = 0;

	if (!from)
		return;
	to = arena_new(c->arena, struct plan_personality);
	name_to_value(spec_personality_names, from->domain ? from->domain : "", &domain);
	to->name = from->domain;
	to->domain = (unsigned long)domain;
	c->plan->process.personality = to;
}

int plan_scheduling(struct plan_context *c, struct err *e)
{
	const struct spec_process *process = c->spec->process;

	memory_policy(c, c->linux_->memory_policy);
	personality(c, c->linux_->personality);
	if (!process)
		return 0;
	io_priority(c, process->io_priority);
	return scheduler(c, process->scheduler, e);
}

int plan_affinity(struct plan_context *c, struct err *e)
{
	const struct spec_cpu_affinity *from =
		c->spec->process ? c->spec->process->exec_cpu_affinity : NULL;

	(void)e;
	if (!from)
		return 0;
	number_set(c, from->initial, &c->plan->process.affinity_initial);
	number_set(c, from->final, &c->plan->process.affinity_final);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System call filter (config-linux.md "Seccomp"): defaults filled in, rules as they are compiled. What the
 * names mean for a processor is libseccomp's knowledge, so they stay names here. Pure.
 */
#include "plan/seccomp.h"

#include "base/base64.h"
#include "plan/context.h"

#include <linux/seccomp.h>

#define ARGUMENTS 6

/* What an action says where the profile does not: as runc and crun, "operation not permitted". */
#define DEFAULT_ERRNO 1

static uint32_t action_value(int action, const struct opt_u32 *errno_ret)
{
	if (action != SPEC_ACT_ERRNO && action != SPEC_ACT_TRACE)
		return 0;
	return errno_ret->set ? errno_ret->value : DEFAULT_ERRNO;
}

static int plan_flags(const struct spec_seccomp *from, struct plan_seccomp *to, struct err *e)
{
	/* Absent is not empty: runc and crun take this one then. */
	if (!from->flags.v)
		to->flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (size_t i = 0; i < from->flags.n; i++) {
		int64_t flag;

		if (!name_to_value(spec_seccomp_flag_names, from->flags.v[i], &flag))
			return fail(e, ERR_CONFIG, "linux.seccomp.flags[%zu]: \"%s\" is not known",
				    i, from->flags.v[i]);
		to->flags |= (uint64_t)flag;
	}
	return 0;
}

/* libseccomp takes one condition an argument in a rule. runc and crun make each condition a rule of its
 * own where an argument has several, and profiles (Docker's, for `personality`) are written for that. */
static bool has_argument_twice(const struct spec_seccomp_rule *rule)
{
	unsigned count[ARGUMENTS] = { 0 };

	for (size_t i = 0; i < rule->args.n; i++) {
		if (rule->args.v[i].index < ARGUMENTS && ++count[rule->args.v[i].index] > 1)
			return true;
	}
	return false;
}

static int conditions(const struct spec_seccomp_rule *rule, size_t number, struct arena *arena,
		      struct plan_seccomp_condition **ret, struct err *e)
{
	struct plan_seccomp_condition *v =
		arena_new_array(arena, struct plan_seccomp_condition, rule->args.n);

	for (size_t i = 0; i < rule->args.n; i++) {
		const struct spec_seccomp_arg *from = &rule->args.v[i];

		if (from->index >= ARGUMENTS)
			return fail(
				e, ERR_CONFIG,
				"linux.seccomp.syscalls[%zu].args[%zu].index: must not be greater than %d",
				number, i, ARGUMENTS - 1);
		v[i] = (struct plan_seccomp_condition){ .index = from->index, .op = from->op };
		/* config-linux.md: for SCMP_CMP_MASKED_EQ value is the mask and valueTwo what is left */
		v[i].mask = from->op == SPEC_CMP_MASKED_EQ ? from->value : UINT64_MAX;
		v[i].value = from->op == SPEC_CMP_MASKED_EQ ? from->value_two.value : from->value;
	}
	*ret = v;
	return 0;
}

static int add_rule(const struct spec_seccomp_rule *rule, size_t number, struct arena *arena,
		    struct plan_seccomp *to, struct err *e)
{
	struct plan_seccomp_rule planned = {
		.number = number,
		.names = rule->names,
		.action = rule->action,
		.value = action_value(rule->action, &rule->errno_ret),
	};
	struct plan_seccomp_condition *v = NULL;

	if (conditions(rule, number, arena, &v, e) < 0)
		return -1;
	if (rule->action == SPEC_ACT_NOTIFY)
		to->notify = true;
	if (!has_argument_twice(rule)) {
		planned.conditions.n = rule->args.n;
		planned.conditions.v = v;
		to->rules.v[to->rules.n++] = planned;
		return 0;
	}
	planned.conditions.n = 1;
	for (size_t i = 0; i < rule->args.n; i++) {
		planned.conditions.v = &v[i];
		to->rules.v[to->rules.n++] = planned;
	}
	return 0;
}

static void take_listener(const struct spec_seccomp *from, struct plan_seccomp *to)
{
	to->listener_path = str_empty(from->listener_path) ? NULL : from->listener_path;
	to->listener_metadata = from->listener_metadata;
}

int plan_seccomp_from_spec(const struct spec_seccomp *from, struct arena *arena,
			   struct plan_seccomp **ret, struct err *e)
{
	struct plan_seccomp *to = arena_new(arena, struct plan_seccomp);
	size_t room = 0;

	to->default_action = from->default_action;
	to->default_value = action_value(from->default_action, &from->default_errno_ret);
	to->architectures = from->architectures;
	take_listener(from, to);
	if (plan_flags(from, to, e) < 0)
		return -1;
	for (size_t i = 0; i < from->syscalls.n; i++)
		room += from->syscalls.v[i].args.n + 1;
	to->rules.v = arena_new_array(arena, struct plan_seccomp_rule, room);
	for (size_t i = 0; i < from->syscalls.n; i++) {
		if (add_rule(&from->syscalls.v[i], i, arena, to, e) < 0)
			return -1;
	}
	*ret = to;
	return 0;
}

static int take_program(const char *data, struct arena *arena, struct plan_seccomp *to,
			struct err *e)
{
	const char *name = annotation_name(ANNOTATION_FILTER);
	uint8_t *bytes = NULL;
	size_t length = 0;

	if (!base64_decode(data, arena, &bytes, &length))
		return fail(e, ERR_CONFIG, "annotation %s: is not base64", name);
	if (length == 0 || length % sizeof(*to->program.v))
		return fail(
			e, ERR_CONFIG,
			"annotation %s: has %zu bytes, but an instruction of classic BPF has %zu",
			name, length, sizeof(*to->program.v));
	if (length / sizeof(*to->program.v) > BPF_MAXINSNS)
		return fail(e, ERR_CONFIG,
			    "annotation %s: has %zu instructions, the kernel takes %d", name,
			    length / sizeof(*to->program.v), BPF_MAXINSNS);
	to->program.n = length / sizeof(*to->program.v);
	to->program.v = arena_new_array(arena, struct sock_filter, to->program.n);
	memcpy(to->program.v, bytes, length);
	return 0;
}

/* As under crun: what linux.seccomp says of calls is not looked at, its flags and its listener are; and
 * because the program is not read, a listener that is named is made. */
static int plan_ready(struct plan_context *c, const char *data, struct err *e)
{
	static const struct spec_seccomp none;
	const struct spec_seccomp *from = c->linux_->seccomp ? c->linux_->seccomp : &none;
	struct plan_seccomp *to = arena_new(c->arena, struct plan_seccomp);

	take_listener(from, to);
	to->notify = to->listener_path != NULL;
	if (to->notify && to->listener_path[0] != '/')
		return fail(e, ERR_CONFIG, "linux.seccomp.listenerPath: must be an absolute path");
	if (plan_flags(from, to, e) < 0 || take_program(data, c->arena, to, e) < 0)
		return -1;
	c->plan->seccomp = to;
	return 0;
}

int plan_seccomp(struct plan_context *c, struct err *e)
{
	const struct strmap *annotations = &c->spec->annotations;
	const char *data = annotation_get(annotations, ANNOTATION_FILTER);
	const char *unknown = annotation_get(annotations, ANNOTATION_UNKNOWN_CALLS);

	if (!data && !c->linux_->seccomp)
		return 0;
	if (data)
		return plan_ready(c, data, e);
	if (plan_seccomp_from_spec(c->linux_->seccomp, c->arena, &c->plan->seccomp, e) < 0)
		return -1;
	c->plan->seccomp->unknown_refused = unknown && !str_eq(unknown, "0");
	return 0;
}

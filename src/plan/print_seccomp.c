/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan's system call filter and its confinement, as text and as JSON. Pure.
 */
#include "plan/context.h"

#include "base/auto.h"

#include <inttypes.h>

static void put_action(struct strbuf *out, int action, uint32_t value)
{
	strbuf_puts(out, value_to_name(spec_seccomp_action_names, action));
	if (action == SPEC_ACT_ERRNO || action == SPEC_ACT_TRACE)
		strbuf_show(out, " %u", value);
}

static void put_condition(struct strbuf *out, const struct plan_seccomp_condition *condition)
{
	static const struct name_row signs[] = {
		{ "!=", SPEC_CMP_NE }, { "<", SPEC_CMP_LT },  { "<=", SPEC_CMP_LE },
		{ "==", SPEC_CMP_EQ }, { ">=", SPEC_CMP_GE }, { ">", SPEC_CMP_GT },
		{ NULL, 0 },
	};

	if (condition->op == SPEC_CMP_MASKED_EQ)
		strbuf_show(out, "argument %u & 0x%" PRIx64 " == 0x%" PRIx64, condition->index,
			    condition->mask, condition->value);
	else
		strbuf_show(out, "argument %u %s 0x%" PRIx64, condition->index,
			    value_to_name(signs, condition->op), condition->value);
}

static void put_rule(struct strbuf *out, const struct plan_seccomp_rule *rule)
{
	strbuf_puts(out, "  ");
	put_action(out, rule->action, rule->value);
	for (size_t i = 0; i < rule->conditions.n; i++) {
		strbuf_puts(out, i == 0 ? " where " : " and ");
		put_condition(out, &rule->conditions.v[i]);
	}
	strbuf_putc(out, ':');
	for (size_t i = 0; i < rule->names.n; i++) {
		strbuf_putc(out, ' ');
		put_text(out, rule->names.v[i]);
	}
	strbuf_putc(out, '\n');
}

static void put_what(const struct plan_seccomp *seccomp, struct strbuf *out)
{
	if (seccomp->program.n) {
		strbuf_show(out, "  program of %zu instructions\n", seccomp->program.n);
		return;
	}
	strbuf_puts(out, "  else ");
	put_action(out, seccomp->default_action, seccomp->default_value);
	strbuf_puts(out, "\n  architectures native");
	for (size_t i = 0; i < seccomp->architectures.n; i++) {
		strbuf_putc(out, ' ');
		put_text(out, seccomp->architectures.v[i]);
	}
	strbuf_putc(out, '\n');
	if (seccomp->unknown_refused)
		strbuf_puts(out, "  unknown names are refused\n");
}

void print_seccomp(const struct plan_seccomp *seccomp, struct strbuf *out)
{
	if (!seccomp)
		return;
	strbuf_puts(out, "system calls\n");
	put_what(seccomp, out);
	if (seccomp->flags)
		strbuf_puts(out, "  flags");
	for (const struct name_row *row = spec_seccomp_flag_names; row->name; row++) {
		if (seccomp->flags & (uint64_t)row->value)
			strbuf_show(out, " %s", row->name);
	}
	if (seccomp->flags)
		strbuf_putc(out, '\n');
	if (seccomp->listener_path) {
		strbuf_puts(out, "  listener ");
		put_text(out, seccomp->listener_path);
		if (!str_empty(seccomp->listener_metadata)) {
			strbuf_puts(out, " metadata ");
			put_text(out, seccomp->listener_metadata);
		}
		strbuf_putc(out, '\n');
	}
	for (size_t i = 0; i < seccomp->rules.n; i++)
		put_rule(out, &seccomp->rules.v[i]);
}

static void json_action(struct json_out *out, const char *key, int action, uint32_t value)
{
	json_out_member_string(out, key, value_to_name(spec_seccomp_action_names, action));
	if (action == SPEC_ACT_ERRNO || action == SPEC_ACT_TRACE)
		json_out_member_i64(out, "value", value);
}

static void json_names(struct json_out *out, const char *key, const struct strlist *list)
{
	json_out_key(out, key);
	json_out_array(out);
	for (size_t i = 0; i < list->n; i++)
		json_out_string(out, list->v[i]);
	json_out_array_end(out);
}

static void json_rule(struct json_out *out, const struct plan_seccomp_rule *rule)
{
	json_out_object(out);
	json_action(out, "action", rule->action, rule->value);
	json_names(out, "names", &rule->names);
	json_out_key(out, "conditions");
	json_out_array(out);
	for (size_t i = 0; i < rule->conditions.n; i++) {
		const struct plan_seccomp_condition *condition = &rule->conditions.v[i];

		json_out_object(out);
		json_out_member_i64(out, "argument", condition->index);
		json_out_member_string(out, "operator",
				       value_to_name(spec_seccomp_operator_names, condition->op));
		if (condition->op == SPEC_CMP_MASKED_EQ)
			json_out_member_u64(out, "mask", condition->mask);
		json_out_member_u64(out, "value", condition->value);
		json_out_object_end(out);
	}
	json_out_array_end(out);
	json_out_object_end(out);
}

void json_seccomp(const struct plan_seccomp *seccomp, struct json_out *out)
{
	if (!seccomp)
		return;
	json_out_key(out, "seccomp");
	json_out_object(out);
	if (seccomp->program.n) {
		json_out_member_i64(out, "program", (int64_t)seccomp->program.n);
	} else {
		json_action(out, "default", seccomp->default_action, seccomp->default_value);
		json_names(out, "architectures", &seccomp->architectures);
	}
	if (seccomp->unknown_refused)
		json_out_member_bool(out, "unknownRefused", true);
	json_out_key(out, "flags");
	json_out_array(out);
	for (const struct name_row *row = spec_seccomp_flag_names; row->name; row++) {
		if (seccomp->flags & (uint64_t)row->value)
			json_out_string(out, row->name);
	}
	json_out_array_end(out);
	if (seccomp->listener_path)
		json_out_member_string(out, "listenerPath", seccomp->listener_path);
	if (seccomp->listener_path && seccomp->listener_metadata)
		json_out_member_string(out, "listenerMetadata", seccomp->listener_metadata);
	json_out_key(out, "rules");
	json_out_array(out);
	for (size_t i = 0; i < seccomp->rules.n; i++)
		json_rule(out, &seccomp->rules.v[i]);
	json_out_array_end(out);
	json_out_object_end(out);
}

void print_confinement(const struct confinement *confinement, struct strbuf *out)
{
	if (confinement->peer_descriptors == PEERS_REFUSED)
		strbuf_puts(out, "peers' descriptors refused\n");
}

void json_confinement(const struct confinement *confinement, struct json_out *out)
{
	if (confinement->peer_descriptors != PEERS_REFUSED)
		return;
	json_out_key(out, "confinement");
	fields_encode(&confinement_fields, confinement, out);
}

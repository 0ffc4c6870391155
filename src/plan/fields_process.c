/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of the process and its filter of system calls. Pure.
 */
#include "plan/fields.h"

#include "base/auto.h"
#include "base/capabilities.h"

#include <inttypes.h>

/* --- capabilities, scheduling and limits --- */

#define T struct plan_capabilities
#define ROW_SET(member) ROW(FLAGS, member, #member, LINE, SHOWN(#member), .names = cap_mask_names)
static const struct field capability_rows[] = {
	ROW_SET(bounding),
	ROW_SET(effective),
	ROW_SET(inheritable),
	ROW_SET(permitted),
	ROW_SET(ambient),
	PLAN_HIDDEN(given, "where it is false, it is said in place of the sets"),
};
static const struct fields capability_fields = PLAN_TABLE(capability_rows);
#undef T

#define T struct plan_scheduler
static const struct field scheduler_rows[] = {
	ROW(TEXT, name, "policy", HEAD),
	ROW(FLAGS, flags, "flags", UNSHOWN, .names = spec_sched_flag_names),
	ROW(I32, nice, "nice", HEAD, LED("nice")),
	ROW(U32, priority, "priority", HEAD, LED("priority")),
	ROW(U64, runtime, "runtime", UNSHOWN),
	ROW(U64, deadline, "deadline", UNSHOWN),
	ROW(U64, period, "period", UNSHOWN),
	ROW_IF_SET(U64, runtime, NULL, HEAD, LED("runtime % ns")),
	ROW_IF_SET(U64, deadline, NULL, HEAD, LED("deadline % ns")),
	ROW_IF_SET(U64, period, NULL, HEAD, LED("period % ns")),
	ROW_IF_SET(FLAGS, flags, NULL, HEAD, .names = spec_sched_flag_names),
	PLAN_HIDDEN(policy, "the number of the name"),
};
static const struct fields scheduler_fields = PLAN_TABLE(scheduler_rows);
#undef T

#define T struct plan_io_priority
static const struct field io_priority_rows[] = {
	ROW(ENUM, io_class, "class", HEAD, .names = spec_io_class_names),
	ROW(I32, priority, "priority", HEAD),
};
static const struct fields io_priority_fields = PLAN_TABLE(io_priority_rows);
#undef T

#define T struct plan_memory_policy
static const struct field memory_policy_rows[] = {
	ROW(TEXT, name, "mode", HEAD),
	ROW_IF_SET(BITS, mode, "flags", HEAD, .names = spec_memory_policy_flag_names),
	ROW(TEXT, nodes.text, "nodes", HEAD, LED("nodes")),
	PLAN_HIDDEN(nodes.words, "the text says it"),
	PLAN_HIDDEN(nodes.mask, "the text says it"),
};
static const struct fields memory_policy_fields = PLAN_TABLE(memory_policy_rows);
#undef T

#define T struct plan_personality
static const struct field personality_rows[] = {
	ROW(TEXT, name, NULL, HEAD),
	PLAN_HIDDEN(domain, "the number of the name"),
};
static const struct fields personality_fields = PLAN_TABLE(personality_rows);
#undef T

static const struct name_row unlimited[] = { { "unlimited", -1 }, { NULL, 0 } };

#define T struct plan_rlimit
static const struct field rlimit_rows[] = {
	ROW(TEXT, name, "type", HEAD),
	ROW(U64, soft, "soft", HEAD, .names = unlimited),
	ROW(U64, hard, "hard", HEAD, .names = unlimited),
	PLAN_HIDDEN(resource, "the number of the name"),
};
static const struct fields rlimit_fields = PLAN_TABLE(rlimit_rows);
#undef T

/* --- the process --- */

static void put_terminal(const void *object, struct strbuf *out)
{
	const struct plan_process *process = object;

	strbuf_puts(out, "terminal");
	if (process->rows || process->columns)
		strbuf_show(out, " of %u rows and %u columns", process->rows, process->columns);
}

static void put_user(const void *object, struct strbuf *out)
{
	const struct plan_process *process = object;

	strbuf_show(out, "user %u:%u", process->uid, process->gid);
	if (process->keep_groups)
		strbuf_puts(out, " with the caller's groups");
	for (size_t i = 0; i < process->groups.n && !process->keep_groups; i++)
		strbuf_show(out, "%s%u", i == 0 ? " groups " : ",", process->groups.v[i]);
	if (process->umask_set)
		strbuf_show(out, " umask %04o", (unsigned)process->umask);
}

static void encode_personality(const void *object, struct json_out *out)
{
	json_out_string(out, ((const struct plan_process *)object)->personality->name);
}

#define T struct plan_process
WHEN(has_terminal, it->terminal)
WHEN(has_umask, it->umask_set)
WHEN(has_oom_score, it->oom_score_adj_set)
WHEN(has_personality, it->personality != NULL)
WHEN(has_capabilities, it->capabilities.given)
WHEN(has_no_capabilities, !it->capabilities.given)

static const struct field process_rows[] = {
	ROW(ARGV, args, "args", HEAD, LED("process")),
	ROW(ARGV, env, "env", SECTION, LED("environment")),
	ROW(TEXT, cwd, "cwd", LINE, LED("cwd")),
	ROW(BOOL, terminal, "terminal", UNSHOWN),
	ROW_ODD(terminal, NULL, LINE, SHOWN(NULL, .when = has_terminal, .put = put_terminal)),
	ROW(U16, rows, "rows", UNSHOWN),
	ROW(U16, columns, "columns", UNSHOWN),
	ROW(U32, uid, "uid", LINE, SHOWN(NULL, .put = put_user)),
	ROW(U32, gid, "gid", UNSHOWN),
	ROW(U32LIST, groups, "groups", UNSHOWN),
	ROW(BOOL, keep_groups, "keepGroups", UNSHOWN),
	ROW(U32, umask, "umask", UNSHOWN, SHOWN(NULL, .when = has_umask)),
	SHOWN_WITH(umask_set, umask),
	ROW(BOOL, no_new_privileges, "noNewPrivileges", LINE, LED("no new privileges")),
	ROW(I32, oom_score_adj, "oomScoreAdj", LINE, SHOWN("oom_score_adj", .when = has_oom_score)),
	SHOWN_WITH(oom_score_adj_set, oom_score_adj),
	ROW(TEXT, apparmor_profile, "apparmorProfile", LINE, LED("AppArmor profile")),
	ROW(TEXT, selinux_label, "selinuxLabel", LINE, LED("SELinux label")),
	ROW_OBJECT(struct plan_scheduler, scheduler, "scheduler", LINE, LED("scheduler"),
		   .sub = &scheduler_fields),
	ROW_OBJECT(struct plan_io_priority, io_priority, "ioPriority", LINE, LED("I/O priority"),
		   .sub = &io_priority_fields),
	ROW_OBJECT(struct plan_memory_policy, memory_policy, "memoryPolicy", LINE,
		   LED("memory policy"), .sub = &memory_policy_fields),
	ROW_ODD(personality, "personality", UNSHOWN,
		SHOWN(NULL, .when = has_personality, .encode = encode_personality)),
	ROW_OBJECT(struct plan_personality, personality, NULL, LINE, LED("personality"),
		   .sub = &personality_fields),
	ROW_LIST(struct plan_rlimit, rlimits, "rlimits", LINE, .sub = &rlimit_fields),
	ROW_STRUCT(struct plan_capabilities, capabilities, "capabilities", SECTION,
		   SHOWN("capabilities", .when = has_capabilities), .sub = &capability_fields),
	ROW_ODD(capabilities, NULL, SECTION,
		SHOWN("capabilities untouched", .when = has_no_capabilities)),
	PLAN_HIDDEN(home_set, "the environment says it"),
	PLAN_HIDDEN(affinity_initial, "of exec alone, which has no plan for people"),
	PLAN_HIDDEN(affinity_final, "of exec alone, which has no plan for people"),
};
const struct fields plan_process_fields = PLAN_TABLE(process_rows);
#undef T

/* --- the filter of system calls --- */

static bool has_value(int action)
{
	return action == SPEC_ACT_ERRNO || action == SPEC_ACT_TRACE;
}

static void put_action(int action, uint32_t value, struct strbuf *out)
{
	strbuf_puts(out, value_to_name(spec_seccomp_action_names, action));
	if (has_value(action))
		strbuf_show(out, " %u", value);
}

static void condition_head(const void *object, struct strbuf *out)
{
	const struct plan_seccomp_condition *condition = object;
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

static void rule_head(const void *object, struct strbuf *out)
{
	const struct plan_seccomp_rule *rule = object;

	put_action(rule->action, rule->value, out);
	for (size_t i = 0; i < rule->conditions.n; i++) {
		strbuf_puts(out, i == 0 ? " where " : " and ");
		condition_head(&rule->conditions.v[i], out);
	}
	strbuf_putc(out, ':');
	put_words(out, &rule->names);
}

static void put_default(const void *object, struct strbuf *out)
{
	const struct plan_seccomp *seccomp = object;

	put_action(seccomp->default_action, seccomp->default_value, out);
}

static void put_architectures(const void *object, struct strbuf *out)
{
	strbuf_puts(out, "native");
	put_words(out, &((const struct plan_seccomp *)object)->architectures);
}

static void put_listener(const void *object, struct strbuf *out)
{
	const struct plan_seccomp *seccomp = object;

	put_word(out, seccomp->listener_path);
	if (str_empty(seccomp->listener_metadata))
		return;
	strbuf_puts(out, " metadata ");
	put_word(out, seccomp->listener_metadata);
}

#define T struct plan_seccomp_condition
WHEN(is_masked, it->op == SPEC_CMP_MASKED_EQ)

static const struct field condition_rows[] = {
	ROW(U32, index, "argument", HEAD),
	ROW(ENUM, op, "operator", HEAD, .names = spec_seccomp_operator_names),
	ROW(U64, mask, "mask", HEAD, SHOWN(NULL, .when = is_masked)),
	ROW(U64, value, "value", HEAD),
};
static const struct fields condition_fields = PLAN_TABLE_HEADED(condition_rows, condition_head);
#undef T

#define T struct plan_seccomp_rule
WHEN(rule_has_value, has_value(it->action))

static const struct field rule_rows[] = {
	ROW(ENUM, action, "action", HEAD, .names = spec_seccomp_action_names),
	ROW(U32, value, "value", HEAD, SHOWN(NULL, .when = rule_has_value)),
	ROW(STRLIST, names, "names", HEAD),
	ROW_LIST(struct plan_seccomp_condition, conditions, "conditions", HEAD,
		 .sub = &condition_fields),
	PLAN_HIDDEN(number, "for messages alone"),
};
static const struct fields rule_fields = PLAN_TABLE_HEADED(rule_rows, rule_head);
#undef T

#define T struct plan_seccomp
WHEN(has_rules, it->program.n == 0)
WHEN(default_has_value, it->program.n == 0 && has_value(it->default_action))
WHEN(has_listener, it->listener_path != NULL)

static const struct field seccomp_rows[] = {
	ROW_IF_SET(COUNT, program.n, "program", LINE, LED("program of % instructions")),
	ROW(ENUM, default_action, "default", LINE,
	    SHOWN("else", .when = has_rules, .put = put_default),
	    .names = spec_seccomp_action_names),
	ROW(U32, default_value, "value", UNSHOWN, SHOWN(NULL, .when = default_has_value)),
	ROW(STRLIST, architectures, "architectures", LINE,
	    SHOWN("architectures", .when = has_rules, .put = put_architectures)),
	ROW_IF_SET(BOOL, unknown_refused, "unknownRefused", UNSHOWN),
	ROW(BOOL, unknown_refused, NULL, LINE,
	    SHOWN("unknown names are refused", .when = has_rules)),
	ROW_IF_SET(FLAGS, flags, "flags", LINE, LED("flags"), .names = spec_seccomp_flag_names),
	ROW(TEXT, listener_path, "listenerPath", LINE,
	    SHOWN("listener", .when = has_listener, .put = put_listener)),
	ROW(TEXT, listener_metadata, "listenerMetadata", UNSHOWN,
	    SHOWN(NULL, .when = has_listener)),
	ROW_LIST(struct plan_seccomp_rule, rules, "rules", LINE, .sub = &rule_fields),
	PLAN_HIDDEN(notify, "the actions of the rules say it"),
};
const struct fields plan_seccomp_fields = PLAN_TABLE(seccomp_rows);
#undef T

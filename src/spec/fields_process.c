/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json's "process" and exec's process.json: one row per property, in the order of config.md
 * "Process".
 */
#include "base/auto.h"
#include "spec/spec.h"

static const struct field console_size_rows[] = {
	FIELD(struct spec_console_size, U64, height, "height", FIELD_REQUIRED),
	FIELD(struct spec_console_size, U64, width, "width", FIELD_REQUIRED),
};
static const struct fields console_size_fields =
	FIELDS("struct spec_console_size", struct spec_console_size, console_size_rows, 0);

/* config.md "User" requires both; clients leave them out all the same and mean 0, as runc and crun take it. */
static const struct field user_rows[] = {
	FIELD(struct spec_user, ID, uid, "uid", 0),
	FIELD(struct spec_user, ID, gid, "gid", 0),
	FIELD(struct spec_user, OPT_U32, umask, "umask", 0),
	FIELD(struct spec_user, IDLIST, additional_gids, "additionalGids", 0),
};
static const struct fields user_fields = FIELDS("struct spec_user", struct spec_user, user_rows, 0);

static const struct field capabilities_rows[] = {
	FIELD(struct spec_capabilities, STRLIST, bounding, "bounding", 0),
	FIELD(struct spec_capabilities, STRLIST, effective, "effective", 0),
	FIELD(struct spec_capabilities, STRLIST, inheritable, "inheritable", 0),
	FIELD(struct spec_capabilities, STRLIST, permitted, "permitted", 0),
	FIELD(struct spec_capabilities, STRLIST, ambient, "ambient", 0),
};
static const struct fields capabilities_fields =
	FIELDS("struct spec_capabilities", struct spec_capabilities, capabilities_rows, 0);

static const struct field rlimit_rows[] = {
	FIELD(struct spec_rlimit, STRING, type, "type", FIELD_REQUIRED),
	FIELD(struct spec_rlimit, U64, soft, "soft", FIELD_REQUIRED),
	FIELD(struct spec_rlimit, U64, hard, "hard", FIELD_REQUIRED),
};
static const struct fields rlimit_fields =
	FIELDS("struct spec_rlimit", struct spec_rlimit, rlimit_rows, 0);

static const struct field scheduler_rows[] = {
	FIELD_ENUM_ROW(struct spec_scheduler, policy, "policy", FIELD_REQUIRED,
		       spec_sched_policy_names),
	FIELD(struct spec_scheduler, OPT_I32, nice, "nice", 0),
	FIELD(struct spec_scheduler, OPT_I32, priority, "priority", 0),
	FIELD_ENUMLIST_ROW(struct spec_scheduler, flags, "flags", 0, spec_sched_flag_names),
	FIELD(struct spec_scheduler, OPT_U64, runtime, "runtime", 0),
	FIELD(struct spec_scheduler, OPT_U64, deadline, "deadline", 0),
	FIELD(struct spec_scheduler, OPT_U64, period, "period", 0),
};
static const struct fields scheduler_fields =
	FIELDS("struct spec_scheduler", struct spec_scheduler, scheduler_rows, 0);

static const struct field io_priority_rows[] = {
	FIELD_ENUM_ROW(struct spec_io_priority, io_class, "class", FIELD_REQUIRED,
		       spec_io_class_names),
	FIELD(struct spec_io_priority, OPT_I32, priority, "priority", 0),
};
static const struct fields io_priority_fields =
	FIELDS("struct spec_io_priority", struct spec_io_priority, io_priority_rows, 0);

static const struct field cpu_affinity_rows[] = {
	FIELD(struct spec_cpu_affinity, STRING, initial, "initial", 0),
	FIELD(struct spec_cpu_affinity, STRING, final, "final", 0),
};
static const struct fields cpu_affinity_fields =
	FIELDS("struct spec_cpu_affinity", struct spec_cpu_affinity, cpu_affinity_rows, 0);

static const struct field process_rows[] = {
	FIELD(struct spec_process, BOOL, terminal, "terminal", 0),
	FIELD_OBJECT_ROW(struct spec_process, console_size, struct spec_console_size, "consoleSize",
			 0, &console_size_fields),
	FIELD_OBJECT_ROW(struct spec_process, user, struct spec_user, "user", 0, &user_fields),
	FIELD(struct spec_process, STRING, cwd, "cwd", FIELD_REQUIRED),
	FIELD(struct spec_process, STRLIST, env, "env", 0),
	FIELD(struct spec_process, STRLIST, args, "args", 0),
	FIELD_OBJECT_ROW(struct spec_process, capabilities, struct spec_capabilities,
			 "capabilities", 0, &capabilities_fields),
	FIELD_LIST_ROW(struct spec_process, rlimits, struct spec_rlimit, "rlimits", 0,
		       &rlimit_fields),
	FIELD(struct spec_process, OPT_BOOL, no_new_privileges, "noNewPrivileges", 0),
	FIELD(struct spec_process, STRING, apparmor_profile, "apparmorProfile", 0),
	FIELD(struct spec_process, OPT_I32, oom_score_adj, "oomScoreAdj", 0),
	FIELD_OBJECT_ROW(struct spec_process, scheduler, struct spec_scheduler, "scheduler", 0,
			 &scheduler_fields),
	FIELD(struct spec_process, STRING, selinux_label, "selinuxLabel", 0),
	FIELD_OBJECT_ROW(struct spec_process, io_priority, struct spec_io_priority, "ioPriority", 0,
			 &io_priority_fields),
	FIELD_OBJECT_ROW(struct spec_process, exec_cpu_affinity, struct spec_cpu_affinity,
			 "execCPUAffinity", 0, &cpu_affinity_fields),
};
const struct fields spec_process_fields =
	FIELDS("struct spec_process", struct spec_process, process_rows, 0);

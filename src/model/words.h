/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of the specification that are numbers here, as a configuration has them and a plan, too.
 */
#ifndef MODEL_WORDS_H
#define MODEL_WORDS_H

#include "base/names.h"
#include "base/namespaces.h"

/* config.md "Linux Process", scheduler */
enum spec_sched_policy {
	SPEC_SCHED_OTHER = 1,
	SPEC_SCHED_FIFO,
	SPEC_SCHED_RR,
	SPEC_SCHED_BATCH,
	SPEC_SCHED_ISO,
	SPEC_SCHED_IDLE,
	SPEC_SCHED_DEADLINE
};

/* config-linux.md "Seccomp" */
enum spec_seccomp_op {
	SPEC_CMP_NE = 1,
	SPEC_CMP_LT,
	SPEC_CMP_LE,
	SPEC_CMP_EQ,
	SPEC_CMP_GE,
	SPEC_CMP_GT,
	SPEC_CMP_MASKED_EQ
};
enum spec_seccomp_action {
	SPEC_ACT_KILL = 1,
	SPEC_ACT_KILL_PROCESS,
	SPEC_ACT_KILL_THREAD,
	SPEC_ACT_TRAP,
	SPEC_ACT_ERRNO,
	SPEC_ACT_TRACE,
	SPEC_ACT_ALLOW,
	SPEC_ACT_LOG,
	SPEC_ACT_NOTIFY
};

/* The names of the specification, in its order. */
extern const struct name_row spec_rlimit_names[];             /* RLIMIT_* */
extern const struct name_row spec_sched_policy_names[];       /* enum spec_sched_policy */
extern const struct name_row spec_sched_flag_names[];         /* SCHED_FLAG_* */
extern const struct name_row spec_io_class_names[];           /* IOPRIO_CLASS_* */
extern const struct name_row spec_propagation_names[];        /* MS_PRIVATE ..., with MS_REC */
extern const struct name_row spec_seccomp_action_names[];     /* enum spec_seccomp_action */
extern const struct name_row spec_seccomp_operator_names[];   /* enum spec_seccomp_op */
extern const struct name_row spec_seccomp_arch_names[];       /* numbered from 1 */
extern const struct name_row spec_seccomp_flag_names[];       /* SECCOMP_FILTER_FLAG_* */
extern const struct name_row spec_memory_policy_mode_names[]; /* MPOL_* */
extern const struct name_row spec_memory_policy_flag_names[]; /* MPOL_F_* */
extern const struct name_row spec_personality_names[];        /* PER_* */

#endif

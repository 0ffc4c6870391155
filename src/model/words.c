/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names that the specification gives to numbers, in its own order. Values are the kernel's if
 * the kernel has one (so that a plan needs no second table), else those of the enums in words.h.
 */
#include "model/words.h"

#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/resource.h>

/* getrlimit(2) */
const struct name_row spec_rlimit_names[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
	{ NULL, 0 },
};

/* config.md "Linux Process", scheduler; SCHED_OTHER is 0 in the kernel, which means absent here */
const struct name_row spec_sched_policy_names[] = {
	{ "SCHED_OTHER", SPEC_SCHED_OTHER },
	{ "SCHED_FIFO", SPEC_SCHED_FIFO },
	{ "SCHED_RR", SPEC_SCHED_RR },
	{ "SCHED_BATCH", SPEC_SCHED_BATCH },
	{ "SCHED_ISO", SPEC_SCHED_ISO },
	{ "SCHED_IDLE", SPEC_SCHED_IDLE },
	{ "SCHED_DEADLINE", SPEC_SCHED_DEADLINE },
	{ NULL, 0 },
};
const struct name_row spec_sched_flag_names[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
	{ "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
	{ "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
	{ "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
	{ "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
	{ NULL, 0 },
};

/* config.md "Linux Process", ioPriority */
const struct name_row spec_io_class_names[] = {
	{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
	{ "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
	{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
	{ NULL, 0 },
};

/* config-linux.md "Rootfs Mount Propagation" and the recursive forms of "Linux mount options" */
const struct name_row spec_propagation_names[] = {
	{ "private", MS_PRIVATE },
	{ "shared", MS_SHARED },
	{ "slave", MS_SLAVE },
	{ "unbindable", MS_UNBINDABLE },
	{ "rprivate", MS_REC | MS_PRIVATE },
	{ "rshared", MS_REC | MS_SHARED },
	{ "rslave", MS_REC | MS_SLAVE },
	{ "runbindable", MS_REC | MS_UNBINDABLE },
	{ NULL, 0 },
};

/* config-linux.md "Seccomp" */
const struct name_row spec_seccomp_action_names[] = {
	{ "SCMP_ACT_KILL", SPEC_ACT_KILL },
	{ "SCMP_ACT_KILL_PROCESS", SPEC_ACT_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", SPEC_ACT_KILL_THREAD },
	{ "SCMP_ACT_TRAP", SPEC_ACT_TRAP },
	{ "SCMP_ACT_ERRNO", SPEC_ACT_ERRNO },
	{ "SCMP_ACT_TRACE", SPEC_ACT_TRACE },
	{ "SCMP_ACT_ALLOW", SPEC_ACT_ALLOW },
	{ "SCMP_ACT_LOG", SPEC_ACT_LOG },
	{ "SCMP_ACT_NOTIFY", SPEC_ACT_NOTIFY },
	{ NULL, 0 },
};
const struct name_row spec_seccomp_operator_names[] = {
	{ "SCMP_CMP_NE", SPEC_CMP_NE },
	{ "SCMP_CMP_LT", SPEC_CMP_LT },
	{ "SCMP_CMP_LE", SPEC_CMP_LE },
	{ "SCMP_CMP_EQ", SPEC_CMP_EQ },
	{ "SCMP_CMP_GE", SPEC_CMP_GE },
	{ "SCMP_CMP_GT", SPEC_CMP_GT },
	{ "SCMP_CMP_MASKED_EQ", SPEC_CMP_MASKED_EQ },
	{ NULL, 0 },
};
/* The numbers only tell the rows apart: libseccomp resolves the names (seccomp_arch_resolve_name(3)). */
const struct name_row spec_seccomp_arch_names[] = {
	{ "SCMP_ARCH_X86", 1 },          { "SCMP_ARCH_X86_64", 2 },
	{ "SCMP_ARCH_X32", 3 },          { "SCMP_ARCH_ARM", 4 },
	{ "SCMP_ARCH_AARCH64", 5 },      { "SCMP_ARCH_LOONGARCH64", 6 },
	{ "SCMP_ARCH_M68K", 7 },         { "SCMP_ARCH_MIPS", 8 },
	{ "SCMP_ARCH_MIPS64", 9 },       { "SCMP_ARCH_MIPS64N32", 10 },
	{ "SCMP_ARCH_MIPSEL", 11 },      { "SCMP_ARCH_MIPSEL64", 12 },
	{ "SCMP_ARCH_MIPSEL64N32", 13 }, { "SCMP_ARCH_PPC", 14 },
	{ "SCMP_ARCH_PPC64", 15 },       { "SCMP_ARCH_PPC64LE", 16 },
	{ "SCMP_ARCH_S390", 17 },        { "SCMP_ARCH_S390X", 18 },
	{ "SCMP_ARCH_SH", 19 },          { "SCMP_ARCH_SHEB", 20 },
	{ "SCMP_ARCH_PARISC", 21 },      { "SCMP_ARCH_PARISC64", 22 },
	{ "SCMP_ARCH_RISCV64", 23 },     { NULL, 0 },
};
/* Linux 5.19; the headers that the program is built with may be older. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
const struct name_row spec_seccomp_flag_names[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
	{ NULL, 0 },
};

/* config-linux.md "Memory policy", set_mempolicy(2). Weighted interleaving is of Linux 6.9, and an
 * enumerator, so that no #ifdef can ask whether the header has it. */
#define MPOL_WEIGHTED_INTERLEAVE_MODE 6
const struct name_row spec_memory_policy_mode_names[] = {
	{ "MPOL_DEFAULT", MPOL_DEFAULT },
	{ "MPOL_BIND", MPOL_BIND },
	{ "MPOL_INTERLEAVE", MPOL_INTERLEAVE },
	{ "MPOL_WEIGHTED_INTERLEAVE", MPOL_WEIGHTED_INTERLEAVE_MODE },
	{ "MPOL_PREFERRED", MPOL_PREFERRED },
	{ "MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY },
	{ "MPOL_LOCAL", MPOL_LOCAL },
	{ NULL, 0 },
};
const struct name_row spec_memory_policy_flag_names[] = {
	{ "MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING },
	{ "MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES },
	{ "MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES },
	{ NULL, 0 },
};

/* config-linux.md "Personality" */
const struct name_row spec_personality_names[] = {
	{ "LINUX", PER_LINUX },
	{ "LINUX32", PER_LINUX32 },
	{ NULL, 0 },
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of seccomp/: what its files share. Runs in the runtime.
 */
#ifndef SECCOMP_PARTS_H
#define SECCOMP_PARTS_H

#include "base/str.h"
#include "seccomp/program.h"

/* As libseccomp counts them (seccomp_arch_add(3)): 0 if it does not know the architecture. */
uint32_t seccomp_architecture(const char *name);

/* Whether the kernel takes one SECCOMP_FILTER_FLAG_*. */
bool seccomp_kernel_has_flag(uint64_t flag);

/* A bit of the number tells x32 from x86_64, whose AUDIT_ARCH_* the kernel gives to both (__X32_SYSCALL_BIT). */
#define SECCOMP_X32_BIT 0x40000000u
uint32_t seccomp_audit_of(uint32_t architecture);

/* One program of those that libseccomp has made for one architecture each. */
void seccomp_join(const uint32_t *architectures, const struct seccomp_program *parts, size_t n,
		  struct arena *arena, struct seccomp_program *ret);

/*
 * Put before `program` what answers ENOSYS to system calls that are newer than every one the profile
 * names, for each of the architectures (the native one first). Does nothing if the profile lets through
 * what it does not name.
 */
void seccomp_add_enosys(const struct plan_seccomp *plan, const uint32_t *architectures, size_t n,
			struct arena *arena, struct seccomp_program *program);

/* What libseccomp makes of the rules, joined, and the above before it; in this process, which may take for ever. */
int seccomp_compile(const struct plan_seccomp *plan, struct arena *arena,
		    struct seccomp_program *ret, struct err *e) MUST_CHECK;

/* The same program in fewer instructions, in which the architecture `first` (AUDIT_ARCH_*) is the first one asked
 * for; does nothing where it finds none, or cannot follow the program. Sets n and v alone. */
void seccomp_to_ranges(uint32_t first, struct arena *arena, struct seccomp_program *program);

/* The program of the policy's own in front of `program`; false, and nothing done, if the kernel would not take the whole. */
bool seccomp_fences_before(const struct confinement *confinement, struct arena *arena,
			   struct seccomp_program *program);

/* What the program answers to a call of the native architecture whose arguments are 0 (SECCOMP_RET_*). False:
 * the kernel would not take it. */
bool seccomp_answer(const struct seccomp_program *program, int number, uint32_t *ret);

/* --- cache.c --- */

/* Everything that a program depends on: the rules, libseccomp, the kernel, this program. As bytes, so that what was
 * made of the very same is known by comparing them. */
void seccomp_cache_key(const struct plan_seccomp *plan, struct strbuf *key);
/* False if there is none that can be trusted; only n and v of *ret are set. */
bool seccomp_cache_find(const char *directory, const struct strbuf *key, struct arena *arena,
			struct seccomp_program *ret);
void seccomp_cache_keep(const char *directory, const struct strbuf *key,
			const struct seccomp_program *program);

#endif

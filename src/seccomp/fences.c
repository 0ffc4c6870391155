/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy's own filter: two fences of the network, in one program that asks about a number before it asks about an
 * argument, so that the kernel need not run it for what is let through whatever its arguments are.
 *
 * network.lock: no process leaves its network, also not without any capability by way of a user namespace.
 * - unshare(2) and clone(2) are refused where their flags ask for a network or a user namespace. setns(2) is refused
 *   always: no filter sees what a descriptor leads to, and its flags may be 0.
 * - clone3(2) has its flags in memory, where no filter sees them. It is missing, so that libraries use clone(2).
 * - io_uring_setup(2) is refused: no filter sees what is asked for by a ring.
 * - Another architecture than those with a row below has no system calls: their numbers would mean something else.
 *
 * network.peerDescriptors: what leads from a socket that is shared with another distribution, or from a guessed number,
 * to that distribution's files without any capability.
 * - pidfd_getfd(2) is refused. io_uring has no such operation.
 * - No socket gives the pidfd of its other end (SO_PEERPIDFD, SO_PASSPIDFD), as before Linux 6.5: a user namespace
 *   that the host's root has made obeys every root of the host's, one without any capability too
 *   (user_namespaces(7)), and setns(2) takes a pidfd. The answer is an older kernel's, so that programs do without.
 * - open_by_handle_at(2) is refused: since Linux 6.18 it opens namespaces and processes by small numbers; before, it
 *   took CAP_DAC_READ_SEARCH.
 */
#include "seccomp/parts.h"

#include "base/auto.h"

#include <endian.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* of these and the compat architectures alike */
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* What is newer than Linux 5.1 has one number, whatever architecture the call is of, but that those of x32 have a bit
 * more and those of MIPS begin elsewhere. By no other name does anything else have these numbers. */
enum everywhere { IO_URING_SETUP, CLONE3, PIDFD_GETFD, EVERYWHERE };
static const uint32_t everywhere[EVERYWHERE] = { 425, 435, 438 };
static const uint32_t bases[] = {
	0,    SECCOMP_X32_BIT,
#ifdef __mips__
	4000, 5000,
	6000, /* o32, n64, n32 */
#endif
};

/* What has a number of its own in each architecture. */
enum call { UNSHARE, CLONE, SETNS, HANDLE, GET_OPTION, SET_OPTION, CALLS };
/* Those that are asked in the same way (AUDIT_ARCH_*; 0: that of this program) stand beside each other.
 * socketcall(2) has its arguments in memory, where no filter sees them. */
static const struct machine {
	uint32_t audit, calls[CALLS];
} machines[] = {
#if defined(__x86_64__)
	{ AUDIT_ARCH_X86_64, { 272, 56, 308, 304, 55, 54 } },
	{ AUDIT_ARCH_X86_64,
	  { SECCOMP_X32_BIT | 272, SECCOMP_X32_BIT | 56, SECCOMP_X32_BIT | 308,
	    SECCOMP_X32_BIT | 304, SECCOMP_X32_BIT | 542, SECCOMP_X32_BIT | 541 } },
	{ AUDIT_ARCH_I386, { 310, 120, 346, 342, 365, 366 } },
#else
	{ 0,
	  { SYS_unshare, SYS_clone, SYS_setns, SYS_open_by_handle_at, SYS_getsockopt,
	    SYS_setsockopt } },
#if defined(__aarch64__)
	{ AUDIT_ARCH_ARM, { 337, 120, 375, 371, 295, 294 } },
#endif
#endif
};

/* clone(2), "C library/kernel differences" */
#if defined(__s390x__) || defined(__s390__) || defined(__CRIS__)
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

enum { BASES = ARRAY_SIZE(bases), MACHINES = ARRAY_SIZE(machines) };
/* Within what a jump reaches, which is 256. */
enum { ANSWERS = 4, TESTS = 2 * 2 + 2 * 4, PER_MACHINE = CALLS + 2 };
enum { LENGTH_MAX = ANSWERS + TESTS + MACHINES * PER_MACHINE + BASES * EVERYWHERE + 2 };
_Static_assert(LENGTH_MAX <= 256, "a jump reaches from the first instruction to the last one");

/* Jumps lead forward alone, so it is written from its end: where one leads is there already. A place is a number of
 * instructions from the end; what does not jump goes on with what was written before it. 0: there is no such place,
 * because no fence asks for it. */
struct writer {
	size_t n;
	struct sock_filter v[LENGTH_MAX]; /* the last one first */
	/* where a call is answered that came by its number */
	size_t everywhere[EVERYWHERE], calls[CALLS];
	size_t passed; /* goes on with what follows the program */
	size_t other;  /* where a call of another architecture is answered */
};

static size_t put(struct writer *w, uint16_t code, uint32_t k)
{
	w->v[w->n] = (struct sock_filter)BPF_STMT(code, k);
	return ++w->n;
}

static size_t put_answer(struct writer *w, int error)
{
	return put(w, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error);
}

static size_t put_load(struct writer *w, size_t offset)
{
	return put(w, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

/* Of the argument the 32 bits that an int is. */
static size_t put_load_argument(struct writer *w, size_t index)
{
	return put_load(w, offsetof(struct seccomp_data, args) + index * sizeof(uint64_t) +
				   (__BYTE_ORDER == __BIG_ENDIAN ? sizeof(uint32_t) : 0));
}

static size_t put_jump(struct writer *w, uint16_t how, uint32_t k, size_t yes, size_t no)
{
	w->v[w->n] = (struct sock_filter)BPF_JUMP(BPF_JMP | how | BPF_K, k, (uint8_t)(w->n - yes),
						  (uint8_t)(w->n - no));
	return ++w->n;
}

static size_t put_flags_test(struct writer *w, size_t argument, size_t refused)
{
	put_jump(w, BPF_JSET, CLONE_NEWNET | CLONE_NEWUSER, refused, w->passed);
	return put_load_argument(w, argument);
}

static size_t put_option_test(struct writer *w, uint32_t option, size_t unknown)
{
	size_t named;

	put_jump(w, BPF_JEQ, option, unknown, w->passed);
	named = put_load_argument(w, 2);
	put_jump(w, BPF_JEQ, SOL_SOCKET, named, w->passed);
	return put_load_argument(w, 1);
}

static void put_answers(struct writer *w, const struct confinement *confinement)
{
	size_t refused, unknown, missing;

	/* The accumulator, as a program finds it; in words that the kernel follows when it looks which calls it need
	 * not ask about. */
	w->passed = put(w, BPF_ALU | BPF_AND | BPF_K, 0);
	w->other = w->passed;
	refused = put_answer(w, EPERM);
	if (confinement->peer_descriptors == PEERS_REFUSED) {
		unknown = put_answer(w, ENOPROTOOPT);
		w->everywhere[PIDFD_GETFD] = refused;
		w->calls[HANDLE] = refused;
		w->calls[GET_OPTION] = put_option_test(w, SO_PEERPIDFD, unknown);
		w->calls[SET_OPTION] = put_option_test(w, SO_PASSPIDFD, unknown);
	}
	if (confinement->lock == LOCK_STRICT) {
		missing = put_answer(w, ENOSYS);
		w->other = missing;
		w->everywhere[CLONE3] = missing;
		w->everywhere[IO_URING_SETUP] = refused;
		w->calls[SETNS] = refused;
		w->calls[UNSHARE] = put_flags_test(w, 0, refused);
		w->calls[CLONE] =
			CLONE_FLAGS ? put_flags_test(w, CLONE_FLAGS, refused) : w->calls[UNSHARE];
	}
}

/* By the number, `count` of which begin at `base`; else it goes to `next`. */
static size_t put_numbers(struct writer *w, uint32_t base, const uint32_t *numbers,
			  const size_t *answers, size_t count, size_t next)
{
	for (size_t i = count; i-- > 0;)
		if (answers[i])
			next = put_jump(w, BPF_JEQ, base + numbers[i], answers[i], next);
	return next;
}

static void put_machines(struct writer *w)
{
	size_t next = w->passed, begins[MACHINES] = { 0 };

	for (size_t i = MACHINES; i-- > 0;) {
		next = put_numbers(w, 0, machines[i].calls, w->calls, CALLS, next);
		if (i > 0 && machines[i - 1].audit == machines[i].audit)
			continue;
		begins[i] = put_load(w, offsetof(struct seccomp_data, nr));
		next = w->passed;
	}
	next = w->other;
	for (size_t i = MACHINES; i-- > 0;) {
		uint32_t audit = machines[i].audit ? machines[i].audit
						   : seccomp_audit_of(seccomp_arch_native());

		if (begins[i])
			next = put_jump(w, BPF_JEQ, audit, begins[i], next);
	}
}

static void put_fences(struct writer *w, const struct confinement *confinement)
{
	size_t next;

	put_answers(w, confinement);
	put_machines(w);
	next = put_load(w, offsetof(struct seccomp_data, arch));
	for (size_t i = BASES; i-- > 0;)
		next = put_numbers(w, bases[i], everywhere, w->everywhere, EVERYWHERE, next);
	put_load(w, offsetof(struct seccomp_data, nr));
}

static void copy_written(const struct writer *w, struct sock_filter *to)
{
	for (size_t i = 0; i < w->n; i++)
		to[i] = w->v[w->n - 1 - i];
}

void seccomp_fences_program(const struct confinement *confinement, struct arena *arena,
			    struct seccomp_program *ret)
{
	struct writer w = { 0 };

	put_fences(&w, confinement);
	*ret = (struct seccomp_program){
		.n = w.n + 1,
		.v = arena_new_array(arena, struct sock_filter, w.n + 1),
		/* A configuration without a profile asks for no slower processor either (seccomp(2)). */
		.flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		.policy_keys = confinement_filter_keys(confinement),
	};
	copy_written(&w, ret->v);
	ret->v[w.n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

bool seccomp_fences_before(const struct confinement *confinement, struct arena *arena,
			   struct seccomp_program *program)
{
	struct writer w = { 0 };
	struct sock_filter *v;

	put_fences(&w, confinement);
	if (program->n + w.n > BPF_MAXINSNS)
		return false;
	/* Jumps are relative, so a program stays what it is behind another one. */
	v = arena_new_array(arena, struct sock_filter, program->n + w.n);
	copy_written(&w, v);
	memcpy(v + w.n, program->v, program->n * sizeof(*v));
	program->v = v;
	program->n += w.n;
	return true;
}

int seccomp_programs_make(const struct plan_seccomp *plan, const struct confinement *confinement,
			  const char *cache_directory, struct arena *arena,
			  struct seccomp_programs *ret, struct err *e)
{
	const char *keys = confinement_filter_keys(confinement);
	struct seccomp_programs made = { 0 };
	struct seccomp_program program = { 0 };
	uint32_t answer;

	if (plan && seccomp_program_make(plan, cache_directory, arena, &program, e) < 0)
		return -1;
	if (keys && !plan && !seccomp_kernel_has_flag(0))
		return fail(
			e, ERR_POLICY,
			"%s: this kernel has no seccomp filters (CONFIG_SECCOMP_FILTER); set \"open\" in the policy file",
			keys);
	if (keys && (!plan || !seccomp_fences_before(confinement, arena, &program)))
		seccomp_fences_program(confinement, arena, &made.v[made.n++]);
	if (plan)
		made.v[made.n++] = program;
	made.notify = program.notify;
	made.lets_capset = !plan || !seccomp_answer(&program, SYS_capset, &answer) ||
			   (answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ALLOW ||
			   (answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_LOG;
	*ret = made;
	return 0;
}

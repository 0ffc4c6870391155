/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy's own filter (network.peerDescriptors): what leads from a socket that is shared with another
 * distribution, or from a guessed number, to that distribution's files without any capability.
 *
 * - pidfd_getfd(2) is refused, by its number alone, whatever architecture the call is of: system calls that are
 *   newer than Linux 5.1 have one number everywhere, but that those of x32 have a bit more and those of MIPS begin
 *   elsewhere. By no other name does anything else have these numbers. io_uring has no such operation.
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
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define PIDFD_GETFD 438u
/* of these and the compat architectures alike */
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

static const uint32_t numbers[] = {
	PIDFD_GETFD,         SECCOMP_X32_BIT | PIDFD_GETFD,
#ifdef __mips__
	4000u + PIDFD_GETFD, /* o32, n64, n32 */
	5000u + PIDFD_GETFD, 6000u + PIDFD_GETFD,
#endif
};

/* audit 0: that of this program. socketcall(2) has its arguments in memory, where no filter sees them. */
static const struct calls {
	uint32_t audit, handle, get_option, set_option;
} calls[] = {
	{ 0, SYS_open_by_handle_at, SYS_getsockopt, SYS_setsockopt },
#if defined(__x86_64__)
	{ AUDIT_ARCH_X86_64, SECCOMP_X32_BIT | 304, SECCOMP_X32_BIT | 542, SECCOMP_X32_BIT | 541 },
	{ AUDIT_ARCH_I386, 342, 365, 366 },
#elif defined(__aarch64__)
	{ AUDIT_ARCH_ARM, 371, 295, 294 },
#endif
};

enum { NUMBERS = ARRAY_SIZE(numbers), CALLS = ARRAY_SIZE(calls), PER_CALLS = 14 };
/* All but the last instruction, which is whatever follows. */
enum { REFUSAL = 1 + NUMBERS + CALLS * PER_CALLS + 4, LENGTH = REFUSAL + 1 };
enum { DENIED = REFUSAL - 3, UNKNOWN = REFUSAL - 2 };

static struct sock_filter load(size_t offset)
{
	return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

/* Of the argument the 32 bits that an int is. */
static struct sock_filter load_argument(size_t index)
{
	return load(offsetof(struct seccomp_data, args) + index * sizeof(uint64_t) +
		    (__BYTE_ORDER == __BIG_ENDIAN ? sizeof(uint32_t) : 0));
}

/* At the place `at` of the program: where equal to `yes`, else to `no`, which are places, too. */
static struct sock_filter when(uint32_t value, size_t at, size_t yes, size_t no)
{
	return (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value,
					    (uint8_t)(yes - at - 1), (uint8_t)(no - at - 1));
}

static size_t put_option(struct sock_filter *to, size_t n, uint32_t option, size_t otherwise)
{
	to[n] = load_argument(1), n++;
	to[n] = when(SOL_SOCKET, n, n + 1, otherwise), n++;
	to[n] = load_argument(2), n++;
	to[n] = when(option, n, UNKNOWN, otherwise), n++;
	return n;
}

static size_t put_calls(struct sock_filter *to, size_t n, const struct calls *these)
{
	uint32_t audit = these->audit ? these->audit : seccomp_audit_of(seccomp_arch_native());
	size_t next = n + PER_CALLS;

	to[n] = load(offsetof(struct seccomp_data, arch)), n++;
	to[n] = when(audit, n, n + 1, next), n++;
	to[n] = load(offsetof(struct seccomp_data, nr)), n++;
	to[n] = when(these->handle, n, DENIED, n + 1), n++;
	to[n] = when(these->set_option, n, n + 6, n + 1), n++;
	to[n] = when(these->get_option, n, n + 1, next), n++;
	n = put_option(to, n, SO_PEERPIDFD, next);
	return put_option(to, n, SO_PASSPIDFD, next);
}

/* What is not refused goes on behind the last instruction, as it would have begun. */
static void put_refusal(struct sock_filter to[REFUSAL])
{
	size_t n = 0;

	to[n++] = load(offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < NUMBERS; i++, n++)
		to[n] = when(numbers[i], n, DENIED, n + 1);
	for (size_t i = 0; i < CALLS; i++)
		n = put_calls(to, n, &calls[i]);
	to[n++] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 2);
	to[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	to[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOPROTOOPT);
	/* The accumulator; in words that the kernel follows when it looks which calls it need not ask about. */
	to[n] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0);
}

void seccomp_peers_program(struct arena *arena, struct seccomp_program *ret)
{
	*ret = (struct seccomp_program){
		.n = LENGTH,
		.v = arena_new_array(arena, struct sock_filter, LENGTH),
		/* A configuration without a profile asks for no slower processor either (seccomp(2)). */
		.flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		.of_policy = true,
	};
	put_refusal(ret->v);
	ret->v[LENGTH - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

bool seccomp_peers_before(struct arena *arena, struct seccomp_program *program)
{
	const size_t more = REFUSAL;
	struct sock_filter *v;

	if (program->n + more > BPF_MAXINSNS)
		return false;
	/* Jumps are relative, so a program stays what it is behind another one. */
	v = arena_new_array(arena, struct sock_filter, program->n + more);
	put_refusal(v);
	memcpy(v + more, program->v, program->n * sizeof(*v));
	program->v = v;
	program->n += more;
	return true;
}

int seccomp_programs_make(const struct plan_seccomp *plan, const struct confinement *confinement,
			  const char *cache_directory, struct arena *arena,
			  struct seccomp_programs *ret, struct err *e)
{
	bool refused = confinement->peer_descriptors == PEERS_REFUSED;
	struct seccomp_programs made = { 0 };
	struct seccomp_program program = { 0 };
	uint32_t answer;

	if (plan && seccomp_program_make(plan, cache_directory, arena, &program, e) < 0)
		return -1;
	if (refused && !plan && !seccomp_kernel_has_flag(0))
		return fail(
			e, ERR_POLICY,
			"network.peerDescriptors: this kernel has no seccomp filters (CONFIG_SECCOMP_FILTER); set the key to \"open\" in the policy file");
	if (refused && (!plan || !seccomp_peers_before(arena, &program)))
		seccomp_peers_program(arena, &made.v[made.n++]);
	if (plan)
		made.v[made.n++] = program;
	made.notify = program.notify;
	made.lets_capset = !plan || !seccomp_answer(&program, SYS_capset, &answer) ||
			   (answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ALLOW ||
			   (answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_LOG;
	*ret = made;
	return 0;
}

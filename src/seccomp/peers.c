/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy's own filter (network.peerDescriptors): no process takes a descriptor out of another one by
 * pidfd_getfd(2). It looks at the number alone, whatever architecture the call is of: system calls that are
 * newer than Linux 5.1 have one number everywhere, but that those of x32 have a bit more and those of MIPS
 * begin elsewhere. By no other name does anything else have these numbers. io_uring has no such operation.
 */
#include "seccomp/parts.h"

#include "base/auto.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#define PIDFD_GETFD 438u

static const uint32_t numbers[] = {
	PIDFD_GETFD,         SECCOMP_X32_BIT | PIDFD_GETFD,
#ifdef __mips__
	4000u + PIDFD_GETFD, /* o32, n64, n32 */
	5000u + PIDFD_GETFD, 6000u + PIDFD_GETFD,
#endif
};

enum { NUMBERS = ARRAY_SIZE(numbers), LENGTH = NUMBERS + 3 };

/* One that is not refused goes on behind the last instruction. */
static void put_refusal(struct sock_filter to[LENGTH - 1])
{
	size_t n = 0;

	to[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					       offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < NUMBERS; i++) {
		uint8_t to_end = (uint8_t)(NUMBERS - 1 - i);

		to[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, numbers[i],
						       to_end, i == NUMBERS - 1);
	}
	to[n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
}

void seccomp_peers_program(struct arena *arena, struct seccomp_program *ret)
{
	*ret = (struct seccomp_program){
		.n = LENGTH,
		.v = arena_new_array(arena, struct sock_filter, LENGTH),
		/* Whoever asked for no profile asked for no slower processor either (seccomp(2)). */
		.flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		.of_policy = true,
	};
	put_refusal(ret->v);
	ret->v[LENGTH - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

bool seccomp_peers_before(struct arena *arena, struct seccomp_program *program)
{
	const size_t more = LENGTH - 1;
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
	bool refused = confinement->peer_descriptors == POLICY_PEERS_REFUSED;
	struct seccomp_programs made = { 0 };
	struct seccomp_program program = { 0 };
	uint32_t answer;

	if (plan && seccomp_program_make(plan, cache_directory, arena, &program, e) < 0)
		return -1;
	if (refused && !plan && !seccomp_kernel_has_flag(0))
		return fail(e, ERR_POLICY,
			    "network.peerDescriptors: this kernel has no seccomp filters "
			    "(CONFIG_SECCOMP_FILTER); set the key to \"open\" in the policy file");
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

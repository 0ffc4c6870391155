/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading a program (seccomp(2)). Runs in the container's process, which knows nothing but the bytes.
 */
#include "seccomp/program.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

int seccomp_program_load(const struct seccomp_program *program, int *ret_listener, struct err *e)
{
	struct sock_fprog bytes = { .len = (unsigned short)program->n, .filter = program->v };
	unsigned flags = program->flags;
	int rc;

	if (program->n == 0 || program->n > BPF_MAXINSNS)
		return fail(e, ERR_INTERNAL, "a seccomp program of %zu instructions", program->n);
	if (program->notify)
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	rc = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &bytes);
	if (rc >= 0) {
		*ret_listener = program->notify ? rc : -1;
		return 0;
	}
	switch (errno) {
	case EACCES:
		return fail_sys(
			e,
			"load the seccomp filter: it needs process.noNewPrivileges or CAP_SYS_ADMIN");
	case EBUSY:
		return fail_sys(e,
				"load the seccomp filter: another one here has a listener already");
	case ENOMEM:
		return fail_sys(
			e,
			"load the seccomp filter of %zu instructions: too many of them together with those that are in force",
			program->n);
	case EPERM:
	case ENOSYS:
		return fail_sys(
			e, "load the seccomp filter: one that is in force already may refuse it");
	default:
		return fail_sys(e, "load the seccomp filter of %zu instructions, flags 0x%x",
				program->n, flags);
	}
}

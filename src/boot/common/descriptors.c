/* SPDX-License-Identifier: Apache-2.0 */
/* See descriptors.h. */
#include "boot/common/descriptors.h"

#include "base/auto.h"
#include "base/str.h"
#include "sys/child.h"
#include "sys/deliver.h"
#include "sys/self_exe.h"
#include "sys/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <string.h>

/* How long a child that does not listen any more may take to end. */
#define LAST_WORDS_MS 1000

int protect_descriptors(unsigned preserve, struct err *e)
{
	unsigned first = 3 + preserve;

	/* Whatever came through execve() has no close-on-exec flag, and everything that this program opens
	 * has: so a descriptor of ours that sits in a gap is not taken for one of the caller's. */
	for (unsigned fd = 3; fd < first; fd++) {
		int flags = fcntl((int)fd, F_GETFD);
		if (flags < 0 || (flags & FD_CLOEXEC))
			return fail(
				e, ERR_USAGE,
				"--preserve-fds %u: descriptor %u is not open (those of LISTEN_FDS in the environment count, too: unset it if the program does not listen)",
				preserve, fd);
	}
	if (sys_close_range(first, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		return fail_sys(e, "close_range");
	return 0;
}

int send_descriptor(const char *path, int fd, const char *text, const char *what, struct err *e)
{
	char words[32];

	return str_format(words, sizeof(words), e, " the %s socket", what) < 0
		       ? -1
		       : deliver(path, text, strlen(text), fd, words, e);
}

int let_binary_go(struct err *e)
{
	(void)e;
	self_exe_let_go();
	return 0;
}

/* All but `keep`, from the first descriptor on that the program does not inherit. */
int close_from_program(unsigned preserve, const int *keep, size_t n, struct err *e)
{
	return close_all_but(3 + preserve, keep, n) < 0 ? fail_sys(e, "close_range") : 0;
}

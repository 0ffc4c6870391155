/* SPDX-License-Identifier: Apache-2.0 */
/* See refused.h. Runs in the runtime. */
#include "sys/refused.h"

#include "base/auto.h"
#include "base/str.h"
#include "sys/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Flags that no call knows. */
#define WRONG (~0L)

/* The name is not a pointer, so that the table is not relocated: that would be a page of each container's own. */
struct question {
	char name[20];
	int number;
	long arguments[5];
	bool power; /* the kernel looks at power over the mount namespace before the arguments */
};

static const struct question questions[] = {
	{ "clone3", SYS_clone3, { 0, 0 }, false },
	{ "unshare", SYS_unshare, { WRONG }, false },
	{ "setns", SYS_setns, { -1, 0 }, false },
	{ "openat2", SYS_openat2, { -1, 0, 0, 0 }, false },
	{ "statx", SYS_statx, { -1, 0, WRONG, WRONG, 0 }, false },
	{ "open_tree", SYS_open_tree, { -1, 0, WRONG }, false },
	{ "move_mount", SYS_move_mount, { -1, 0, -1, 0, WRONG }, true },
	{ "fsopen", SYS_fsopen, { 0, WRONG }, true },
	{ "fsconfig", SYS_fsconfig, { -1, WRONG, 0, 0, 0 }, false },
	{ "fsmount", SYS_fsmount, { -1, WRONG, WRONG }, true },
	{ "fspick", SYS_fspick, { -1, 0, WRONG }, true },
	{ "mount_setattr", SYS_mount_setattr, { -1, 0, WRONG, 0, 0 }, false },
	{ "pivot_root", SYS_pivot_root, { 0, 0 }, true },
	{ "pidfd_open", SYS_pidfd_open, { 0, WRONG }, false },
	{ "pidfd_send_signal", SYS_pidfd_send_signal, { -1, 0, 0, WRONG }, false },
	{ "close_range", SYS_close_range, { 1, 0, 0 }, false },
};

static bool is_refused(const struct question *q, bool has_power)
{
	const long *a = q->arguments;

	if (syscall(q->number, a[0], a[1], a[2], a[3], a[4]) >= 0)
		return false;
	return errno == ENOSYS || (errno == EPERM && (!q->power || has_power));
}

void refused_explain(struct err *e)
{
	autostrbuf names = { 0 };
	struct cap_sets own;
	struct err ignored;
	bool power =
		caps_get(&own, &ignored) == 0 && (own.effective & (UINT64_C(1) << CAP_SYS_ADMIN));

	/* It may have been put into other words, which engines know, and not be the error of a call any more. */
	if (e->sys != EPERM && e->sys != ENOSYS && !strstr(e->text, "operation not permitted"))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++)
		if (is_refused(&questions[i], power))
			strbuf_printf(&names, "%s%s", names.length ? ", " : "", questions[i].name);
	if (names.length) {
		size_t length = strlen(e->text);

		snprintf(
			e->text + length, sizeof(e->text) - length,
			"; the runtime itself may not call %s: the seccomp profile of what it runs in has to allow that",
			strbuf_text(&names));
	}
}

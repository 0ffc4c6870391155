/* SPDX-License-Identifier: Apache-2.0 */
/* See holder.h. Runs in the runtime. */
#include "sys/holder.h"

#include "base/auto.h"
#include "base/str.h"
#include "os/io.h"
#include "sys/nsfd.h"
#include "sys/procfs.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#define RECORD_MAX 64

void holder_release(struct holder *holder)
{
	replace_fd(&holder->user, -1);
	replace_fd(&holder->mount, -1);
}

static bool parse_record(char *text, uint64_t *ret_pid, uint64_t *ret_start)
{
	char *start;

	text[strcspn(text, "\n")] = '\0';
	start = strchr(text, ' ');
	if (!start)
		return false;
	*start++ = '\0';
	return parse_u64(text, ret_pid) && *ret_pid > 0 && *ret_pid <= INT_MAX &&
	       parse_u64(start, ret_start);
}

int holder_open(const char *path, struct holder *ret, struct err *e)
{
	autofree char *text = NULL;
	autoholder holder = HOLDER_INIT;
	uint64_t pid, start, now;
	struct err gone;

	if (read_file_at(AT_FDCWD, path, RECORD_MAX, &text, NULL, e) < 0)
		return e->sys == ENOENT || e->sys == ENOTDIR ? 0 : -1;
	if (!parse_record(text, &pid, &start))
		return fail(
			e, ERR_SYSTEM,
			"%s cannot be understood; `distro-net down`, `distro-net up` make it anew",
			path);
	holder.user = nsfd_of_process((int64_t)pid, "user");
	holder.mount = nsfd_of_process((int64_t)pid, "mnt");
	/* after them: the process of this number was the same one when they were opened */
	if (holder.user < 0 || holder.mount < 0 ||
	    procfs_start_time((pid_t)pid, &now, NULL, &gone) < 0 || now != start)
		return 0;
	*ret = holder;
	holder = (struct holder)HOLDER_INIT;
	return 1;
}

int holder_enter(const struct holder *holder, struct err *e)
{
	autofree char *here = getcwd(NULL, 0);

	if (nsfd_enter(holder->user, CLONE_NEWUSER, NULL, e) < 0 ||
	    nsfd_enter(holder->mount, CLONE_NEWNS, NULL, e) < 0)
		return err_prefix(e, "namespaces of the user's network");
	if (here && chdir(here) < 0)
		return fail_sys(
			e,
			"the current directory '%s' is not in the mount namespace of the user's network",
			here);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The last thing that is done: under the filters, of which nothing but execve(2) is asked then. */
#include "boot/common/execute.h"

#include <unistd.h>

int program_execute(const struct program *p, struct filter *filter, struct err *e)
{
	/* After the last word: the profile has to let through nothing of ours but execve(). */
	if (filter_load(filter, e) < 0)
		return -1;
	if (execve(p->executable, filter->plan->process.args, p->env) == 0)
		return fail(e, ERR_SYSTEM,
			    "exec: \"%s\": the seccomp profile says that it is done, but it is not",
			    filter->plan->process.args[0]);
	return fail_sys(e, "exec: \"%s\"", filter->plan->process.args[0]);
}

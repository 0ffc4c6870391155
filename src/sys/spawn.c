/* SPDX-License-Identifier: Apache-2.0 */
/* See spawn.h. Runs in the new process. */
#include "sys/spawn.h"

#include "sys/child.h"
#include "sys/signals.h"

#include <unistd.h>

int spawn_streams(int input, int output, int errors)
{
	return dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0 ? -1 : 0;
}

int spawn_prepare(const struct spawn *spawn, struct err *e)
{
	if (signals_reset(e) < 0)
		return -1;
	if (spawn->directory >= 0 && fchdir(spawn->directory) < 0)
		return fail_sys(e, "enter the directory");
	if (spawn_streams(spawn->input, spawn->output, spawn->errors) < 0)
		return fail_sys(e, "set the standard streams");
	if (sys_close_range(3, ~0u, spawn->close_flags) < 0)
		return fail_sys(e, "close_range");
	return 0;
}

int close_all_but(unsigned first, const int *keep, size_t n)
{
	while (first != ~0u) {
		unsigned next = ~0u;
		for (size_t i = 0; i < n; i++)
			if (keep[i] >= 0 && (unsigned)keep[i] >= first && (unsigned)keep[i] < next)
				next = (unsigned)keep[i];
		if (next > first && sys_close_range(first, next == ~0u ? ~0u : next - 1, 0) < 0)
			return -1;
		first = next == ~0u ? ~0u : next + 1;
	}
	return 0;
}

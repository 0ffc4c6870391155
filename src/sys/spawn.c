/* SPDX-License-Identifier: Apache-2.0 */
/* See spawn.h. Runs in the new process. */
#include "sys/spawn.h"

#include "sys/child.h"

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

/* SPDX-License-Identifier: Apache-2.0 */
/* See deadline.h. Runs in every process. */
#include "sys/deadline.h"

#include "base/str.h"
#include "os/clock.h"

#include <limits.h>
#include <stdlib.h>
#include <time.h>

#ifdef DISTRO_SHIM_FAULT_INJECTION
int deadline_ms(void)
{
	/* Once: a process of ours may have wiped its environment since. */
	static int wanted;
	const char *text = wanted ? NULL : getenv("DISTRO_SHIM_DEADLINE_MS");
	uint32_t value;

	if (text && parse_u32(text, &value) && value > 0 && value <= DEADLINE_MS)
		wanted = (int)value;
	if (!wanted)
		wanted = DEADLINE_MS;
	return wanted;
}
#else
int deadline_ms(void)
{
	return DEADLINE_MS;
}
#endif

struct deadline deadline_in(int64_t milliseconds)
{
	int64_t now = clock_ms();

	return (struct deadline){
		.at = milliseconds > INT64_MAX - now ? INT64_MAX : now + milliseconds,
	};
}

int deadline_left(const struct deadline *deadline)
{
	int64_t left = deadline->at - clock_ms();

	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

bool deadline_is_over(const struct deadline *deadline)
{
	return deadline_left(deadline) == 0;
}

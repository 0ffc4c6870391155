/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process between the runtime and a hook of the runtime's. It is the hook's parent and the nearest subreaper of
 * all that comes of it, so that nothing of a hook gets out of its sight, setsid(2) and double forks included; and it
 * outlives the runtime: if that is killed, nothing of the hook is left. What a hook that ended by itself leaves
 * behind is let go. Private to hooks/.
 */
#ifndef HOOKS_GUARD_H
#define HOOKS_GUARD_H

#include "hooks/hooks.h"
#include "sys/child.h"
#include "sys/deadline.h"

#include <stdbool.h>
#include <stdint.h>

struct hook_guard {
	struct child child;
	int channel;
	pid_t hook; /* waits to be let go */
	uint64_t hook_start_time;
	bool over; /* it has told its result */
};
#define HOOK_GUARD_INIT                             \
	{                                           \
		.child = CHILD_INIT, .channel = -1, \
	}
/* With all that it guards. */
void hook_guard_drop(struct hook_guard *guard);
#define auto_hook_guard __attribute__((cleanup(hook_guard_drop))) struct hook_guard

/* What the hook gets; -1: no process has the other end of a descriptor. */
struct hook_streams {
	int state, output; /* the output goes where hook_place has nothing else */
	const struct hook_place *place;
};

/* In the process that becomes the hook. */
__attribute__((noreturn)) void hook_execute(const struct plan_hook *hook,
					    const struct hook_streams *streams);

int hook_guard_start(const struct plan_hook *hook, const struct hook_streams *streams,
		     const struct deadline *until, struct hook_guard *ret, struct err *e)
	MUST_CHECK;
int hook_guard_go(struct hook_guard *guard, struct err *e) MUST_CHECK;

enum hook_end { HOOK_ENDED = 1, HOOK_LATE, HOOK_GIVEN_UP };
/* After the channel has something to read. *ret_status of HOOK_ENDED, as of child_wait(). HOOK_GIVEN_UP: another
 * command has ended it. */
int hook_guard_result(struct hook_guard *guard, enum hook_end *ret, int *ret_status, struct err *e)
	MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading the seccomp filter. With no_new_privs it is the last thing before execve(), so that the profile
 * need not allow what we do until then; without it loading takes CAP_SYS_ADMIN, so it is done before
 * power is given up. A filter with a listener is loaded in time for `create` to hand that over. A late
 * joiner does all of it after the join, which no profile of an engine would let it do. Runs in the
 * container's first process.
 */
#include "boot/context.h"

#include "boot/protocol.h"
#include "sys/channel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int hand_over(struct boot *b, int listener, struct err *e)
{
	struct message message = { .type = BOOT_SECCOMP };
	int rc;

	if (channel_send(b->channel, &message, listener, e) < 0)
		return -1;
	rc = channel_receive(b->channel, &message, NULL, e);
	if (rc < 0)
		return -1;
	if (rc == 0 || message.type != BOOT_SECCOMP_DONE)
		return fail(e, ERR_SYSTEM, "the runtime ended while it had the listener");
	return 0;
}

static int load(struct boot *b, struct err *e)
{
	autoclose int listener = -1;

	if (seccomp_program_load(&b->seccomp, &listener, e) < 0)
		return b->plan->seccomp->program.n
			       ? err_prefix(e, "annotation " PLAN_FILTER_ANNOTATION)
			       : -1;
	b->filtered = true;
	return listener >= 0 ? hand_over(b, listener, e) : 0;
}

/* Where it is loaded; every one of the functions below asks for its own. */
enum place { PLACE_NONE, PLACE_CREATE, PLACE_LISTENER, PLACE_START, PLACE_EXECUTE };

static enum place place_of(const struct boot *b)
{
	bool late = b->plan->namespaces.network == NETWORK_LATE;

	if (b->seccomp.n == 0)
		return PLACE_NONE;
	if (!b->plan->process.no_new_privileges)
		return late ? PLACE_START : PLACE_CREATE;
	return b->seccomp.notify && !late ? PLACE_LISTENER : PLACE_EXECUTE;
}

int child_seccomp_create(struct boot *b, struct err *e)
{
	return place_of(b) == PLACE_CREATE ? load(b, e) : 0;
}

int child_seccomp_listener(struct boot *b, struct err *e)
{
	return place_of(b) == PLACE_LISTENER ? load(b, e) : 0;
}

int child_seccomp_start(struct boot *b, struct err *e)
{
	return place_of(b) == PLACE_START ? load(b, e) : 0;
}

int child_seccomp_execute(struct boot *b, struct err *e)
{
	return place_of(b) == PLACE_EXECUTE ? load(b, e) : 0;
}

void child_seccomp_explain(const struct boot *b, struct err *e)
{
	size_t length = strnlen(e->text, sizeof(e->text));

	if (!b->filtered || e->sys == 0 ||
	    (e->sys != EPERM && e->sys != ENOSYS && e->sys != (int)b->plan->seccomp->default_value))
		return;
	snprintf(e->text + length, sizeof(e->text) - length,
		 " (the seccomp profile is in force: does it refuse this?)");
}

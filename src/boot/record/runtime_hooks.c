/* SPDX-License-Identifier: Apache-2.0 */
/* See runtime_hooks.h. Runs in the runtime. */
#include "boot/record/runtime_hooks.h"

#include "os/log.h"
#include "sys/child.h"
#include "sys/family.h"

#include <signal.h>
#include <unistd.h>

/* A hook that comes later has at least this, where those before it take too long. */
#define SHARE_MS 1000

static int fail_gone(const struct runtime_hooks *r, struct err *e)
{
	return fail(e, ERR_STATE, "container %s was deleted while its hooks ran", r->dir->id);
}

static int begins(void *context, pid_t guard, pid_t hook, struct err *e)
{
	struct runtime_hooks *r = context;
	struct hook_record record = { .kind = arena_strdup(r->arena, r->kind) };
	bool recorded = false;

	if (r->gone)
		return fail_gone(r, e);
	if (r->intent && process_identify(getpid(), r->arena, &record.runner, e) == 0 &&
	    process_identify(guard, r->arena, &record.guard, e) == 0 &&
	    process_identify(hook, r->arena, &record.process, e) == 0) {
		r->intent->hook = record;
		recorded = state_write_intent(r->dir, r->intent, e) == 0;
	}
	if (recorded || r->unrecorded == UNRECORDED_RUNS)
		state_unlock(r->dir);
	else if (r->unrecorded == UNRECORDED_FAILS)
		return -1;
	return 0;
}

int relock_after_hook(struct state_dir *dir, struct err *e)
{
	struct arena arena = { 0 };
	struct intent_record *intent = NULL;
	struct err ignored;
	bool deleting;

	if (state_relock(dir, e) < 0)
		return -1;
	/* A deletion lets the lock go, too, while its own hooks run. */
	deleting = state_read_intent(dir, &arena, &intent, &ignored) == 0 && intent &&
		   str_eq(intent->hook.kind, POSTSTOP) && intent->hook.runner.pid != getpid();
	arena_release(&arena);
	if (!deleting)
		return 0;
	state_unlock(dir);
	return fail(e, ERR_NOT_FOUND, "container %s is being deleted", dir->id);
}

static void ended(void *context)
{
	struct runtime_hooks *r = context;

	if (r->gone || r->dir->locked)
		return;
	/* Also if its lock is not to be had in time: then it is that command's to end. */
	if (relock_after_hook(r->dir, &r->why_gone) < 0) {
		log_debug("after a hook: %s", r->why_gone.text);
		r->gone = true;
	}
}

static int run(struct runtime_hooks *r, const struct plan_hooks *hooks,
	       const struct hook_place *place, const struct deadline *until, struct err *e)
{
	const struct hook_watch watch = { .begins = begins, .ended = ended, .context = r };
	const struct hook_run how = { .watch = &watch, .until = until };

	return hooks_run(r->kind, hooks, r->state, place, &how, e);
}

int runtime_hooks_run(struct runtime_hooks *r, const struct hook_place *place, struct err *e)
{
	return run(r, r->hooks, place, NULL, e);
}

/* One that hangs must not take all of the time. */
static struct deadline share(const struct deadline *until, size_t later)
{
	int64_t left = deadline_left(until);
	int64_t kept = (int64_t)later * SHARE_MS;

	return deadline_in(left - (kept > left / 2 ? left / 2 : kept));
}

void runtime_hooks_run_all(struct runtime_hooks *r, const struct deadline *until)
{
	auto_hook_place place = HOOK_PLACE_INIT;
	size_t n = r->hooks->n;
	struct err e;

	if (n > 0 && hook_place_open(r->state->bundle, r->files, &place, &e) < 0)
		log_warning("%s hooks: %s", r->kind, e.text);
	for (size_t i = 0; i < n && !r->gone; i++) {
		const struct plan_hooks one = { .n = 1, .v = &r->hooks->v[i] };
		const struct deadline its = share(until, n - i - 1);

		if (deadline_is_over(until)) {
			log_warning("%s hooks: %zu of %zu are not run: the time is over", r->kind,
				    n - i, n);
			return;
		}
		if (run(r, &one, &place, &its, &e) < 0)
			log_warning("%s", e.text);
	}
}

int recorded_hook_open(const struct intent_record *intent, int *ret_pidfd)
{
	const struct hook_record *hook = &intent->hook;
	struct err ignored;

	/* A hook may use this program on its own container, and that one must not end it. */
	if (hook->guard.pid <= 0 || family_has_self((pid_t)hook->guard.pid) ||
	    family_has_self((pid_t)hook->process.pid))
		return 0;
	*ret_pidfd = process_open(&hook->guard, &ignored);
	if (*ret_pidfd < 0)
		*ret_pidfd = process_open(&hook->process, &ignored);
	return *ret_pidfd >= 0;
}

bool recorded_hook_end(const struct intent_record *intent, const struct deadline *deadline)
{
	const struct hook_record *hook = &intent->hook;
	autoclose int pidfd = -1;
	autoclose int guard = -1;
	struct err ignored;

	if (!recorded_hook_open(intent, &pidfd))
		return true;
	/* It ends the hook with all that came of it, and then itself. */
	guard = process_open(&hook->guard, &ignored);
	if (guard >= 0 && sys_pidfd_send_signal(guard, SIGTERM) == 0 &&
	    pidfd_ended(guard, deadline_left(deadline) / 2))
		return true;
	/* One that was killed, or is stopped: the hook itself, and its session, in which nothing is another's while it
	 * leads it. */
	if (guard >= 0)
		return family_end((pid_t)hook->guard.pid, (pid_t)hook->process.pid, deadline);
	return family_end((pid_t)hook->process.pid, (pid_t)hook->process.pid, deadline);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals to everything in a container's cgroups (cgroup.h). Runs in the runtime.
 *
 * v2 has cgroup.kill, which no fork outruns. On v1 the freezer holds everything still while the pids are
 * collected; a signal then waits for the thaw, so what is thawed dies before it forks.
 */
#include "cgroup/freeze.h"
#include "cgroup/mark.h"

#include "base/auto.h"
#include "os/clock.h"
#include "os/io.h"
#include "sys/child.h"
#include "sys/deadline.h"
#include "sys/procfs.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define FREEZE_MS 2000
#define FIRST_ROUND_MS 50
#define ROUND_MS 500
#define BATCH_MAX 512
#define SHOWN_PIDS 10

/* Pidfds of processes that were in the cgroup before and are after they were opened. */
struct batch {
	size_t n, size;
	struct {
		size_t index; /* in the list */
		int fd;
	} v[BATCH_MAX];
};

static void batch_shrink(struct batch *batch, size_t n)
{
	while (batch->n > n)
		close_keep_errno(batch->v[--batch->n].fd);
}

static void batch_release(struct batch *batch)
{
	batch_shrink(batch, 0);
}

/*
 * Open the processes from `begin` on. Returns where to go on. With no descriptor left, half of them is
 * given back, because listing needs some too, and batches are smaller from then on.
 */
static int batch_fill(struct batch *batch, const struct pid_set *pids, size_t begin,
		      size_t *ret_next, struct err *e)
{
	size_t i = begin;

	for (; i < pids->n && batch->n < batch->size; i++) {
		int fd = sys_pidfd_open((pid_t)pids->v[i], 0);
		if (fd >= 0) {
			batch->v[batch->n].index = i;
			batch->v[batch->n++].fd = fd;
		} else if (errno == EMFILE && batch->n > 1) {
			batch->size = batch->n / 2;
			i = batch->v[batch->size].index;
			batch_shrink(batch, batch->size);
			break;
		} else if (errno != ESRCH && errno != EINVAL && errno != ENOENT) {
			return fail_sys(e, "open a descriptor of process %u", pids->v[i]);
		}
	}
	*ret_next = i;
	return 0;
}

/*
 * The numbers were read before the descriptors were opened, and a process that ended in between may have
 * given its number to a stranger. One that is listed again now is not a stranger.
 *
 * -1: one or the other could not be signalled; the rest was. *ret_lost: none was.
 */
static int batch_signal(const struct batch *batch, const struct cgroup_opened *opened,
			const struct pid_set *pids, int signal, bool *ret_lost, struct err *e)
{
	autopids still = { 0 };
	int failed = 0;

	*ret_lost = batch->n > 0 && cgroup_opened_pids(opened, &still, e) < 0;
	if (*ret_lost)
		return -1;
	for (size_t i = 0; i < batch->n; i++) {
		uint32_t pid = pids->v[batch->v[i].index];
		if (pid_set_has(&still, pid) && sys_pidfd_send_signal(batch->v[i].fd, signal) < 0 &&
		    errno != ESRCH)
			failed = fail_sys(e, "send signal %d to process %u", signal, pid);
	}
	return failed;
}

/* Everything of the container's but this program and its helper, which may be in its group in some hierarchies. */
static int list_others(const struct cgroup_opened *opened, struct pid_set *ret, struct err *e)
{
	if (cgroup_opened_pids(opened, ret, e) < 0)
		return -1;
	pid_set_remove(ret, (uint32_t)opened->opener);
	pid_set_remove(ret, (uint32_t)getpid());
	return 0;
}

static int signal_listed(const struct cgroup_opened *opened, const struct pid_set *pids, int signal,
			 struct err *e)
{
	__attribute__((cleanup(batch_release))) struct batch batch = { .size = BATCH_MAX };
	bool lost = false;
	int failed = 0;

	for (size_t i = 0; i < pids->n && !lost;) {
		if (batch_fill(&batch, pids, i, &i, e) < 0)
			return -1;
		if (batch_signal(&batch, opened, pids, signal, &lost, e) < 0)
			failed = -1;
		batch_shrink(&batch, 0);
	}
	return failed;
}

static int signal_all(const struct cgroup_opened *opened, int signal, struct err *e)
{
	autopids pids = { 0 };

	if (list_others(opened, &pids, e) < 0)
		return -1;
	return signal_listed(opened, &pids, signal, e);
}

/* If nothing can be held still: until a look finds no process that has not had the signal. */
static int signal_until_quiet(const struct cgroup_opened *opened, int signal, struct err *e)
{
	autopids signalled = { 0 };
	struct patience patience;
	struct err ignored;
	int failed = 0;

	patience_start(&patience, FREEZE_MS);
	do {
		autopids pids = { 0 };
		if (list_others(opened, &pids, failed ? &ignored : e) < 0)
			return -1;
		for (size_t i = 0; i < signalled.n; i++)
			pid_set_remove(&pids, signalled.v[i]);
		if (pids.n == 0)
			return failed;
		if (signal_listed(opened, &pids, signal, failed ? &ignored : e) < 0)
			failed = -1;
		pid_set_add_all(&signalled, &pids);
	} while (patience_pause(&patience));
	return failed ? -1
		      : fail(e, ERR_SYSTEM,
			     "cgroup '%s' had new processes for %d ms and could not be frozen",
			     opened->record->path, FREEZE_MS);
}

/*
 * Freezing and cgroup.kill take all that is below, too. 1: all of that is the container's own and this program
 * is not among it; 0: it is, or another container is.
 */
static int may_take_whole(const struct cgroup_opened *opened, struct err *e)
{
	const int fds[] = { cgroup_opened_freezer(opened), cgroup_opened_unified(opened) };
	struct cgroup_mark other;

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		bool inside = false;
		int rc = fds[i] < 0 ? 0 : own_find_other(&fds[i], 1, opened->record, &other, e);
		if (rc < 0 || (fds[i] >= 0 && cgroup_holds_caller(fds[i], &inside, e) < 0))
			return -1;
		if (rc > 0 || inside)
			return 0;
	}
	return 1;
}

/* Linux 6.18 kills what clone3(2) puts into a cgroup once cgroup.kill was written to it: one that outlives the
 * container must be spared that. */
static bool may_use_kill_file(int unified)
{
	return !mark_byte_at(unified, CGROUP_MADE_BEFORE);
}

/* One SIGKILL for all. `by_hand`: also by pid, because cgroup.kill alone was not enough. */
static int kill_once(const struct cgroup_opened *opened, bool by_hand, int64_t freeze_ms,
		     struct err *e)
{
	int unified = cgroup_opened_unified(opened);
	int freezer = cgroup_opened_freezer(opened);
	int whole = may_take_whole(opened, e);
	struct err ignored;
	int failed = 0;
	sigset_t before;

	if (whole < 0)
		return -1;
	cgroup_hold_signals(&before);
	/* In a threaded cgroup it is EOPNOTSUPP (cgroup-v2.rst). */
	bool killed = whole && unified >= 0 && may_use_kill_file(unified) &&
		      tree_write(unified, "cgroup.kill", "1") == 0;
	if (!killed || by_hand) {
		if (whole && freezer >= 0)
			cgroup_freeze(freezer, freeze_ms);
		else if (whole && unified >= 0 && !killed)
			cgroup_freeze(unified, freeze_ms);
		failed = signal_all(opened, SIGKILL, e);
	}
	/* Whatever happened before: never leave it frozen. cgroup.kill does not thaw either. */
	if (freezer >= 0 && cgroup_thaw_all(freezer, opened->record, failed ? &ignored : e) < 0)
		failed = -1;
	if (unified >= 0 && cgroup_thaw_all(unified, opened->record, failed ? &ignored : e) < 0)
		failed = -1;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return failed;
}

static int fail_living(const struct cgroup_record *record, const struct cgroup_opened *opened,
		       const struct pid_set *pids, int deadline_ms, struct err *e)
{
	int freezer = cgroup_opened_freezer(opened);
	autostrbuf list = { 0 };

	for (size_t i = 0; i < pids->n && i < SHOWN_PIDS; i++)
		strbuf_printf(&list, " %u", pids->v[i]);
	if (pids->n > SHOWN_PIDS)
		strbuf_puts(&list, " ...");
	if (pids->outside)
		strbuf_puts(&list, " (and some of another pid namespace)");
	return fail_errno(e, ETIMEDOUT, "cgroup '%s' still holds processes%s%s after %d ms",
			  record->path, strbuf_text(&list),
			  freezer >= 0 && cgroup_stands_still(freezer)
				  ? ", frozen by a cgroup above it,"
				  : "",
			  deadline_ms);
}

/* Until they are gone, or the round is over. */
static int wait_until_empty(const struct cgroup_opened *opened, int64_t milliseconds,
			    struct pid_set *pids, struct err *e)
{
	struct patience patience;

	patience_start(&patience, milliseconds);
	do {
		if (list_others(opened, pids, e) < 0)
			return -1;
	} while (!pid_set_is_empty(pids) && patience_pause(&patience));
	return 0;
}

int cgroup_kill(const struct cgroup_record *record, int deadline_ms, struct err *e)
{
	int64_t deadline = clock_ms() + deadline_ms;
	autoopened opened = { 0 };
	autopids pids = { 0 };
	struct err reason;

	if (cgroup_open_record(record, &opened, e) < 0)
		return -1;
	if (list_others(&opened, &pids, e) < 0)
		return -1;
	for (unsigned round = 0; !pid_set_is_empty(&pids); round++) {
		int64_t left = deadline - clock_ms();
		if (round > 0 && left <= 0)
			return fail_living(record, &opened, &pids, deadline_ms, e);
		int failed =
			kill_once(&opened, round > 0, left < FREEZE_MS ? left : FREEZE_MS, &reason);
		int64_t wait = round == 0 ? FIRST_ROUND_MS : ROUND_MS;
		left = deadline - clock_ms();
		if (wait_until_empty(&opened, left < wait ? left : wait, &pids, e) < 0)
			return -1;
		/* What could not be signalled may end nevertheless, so only the deadline decides. */
		if (failed < 0 && clock_ms() >= deadline && !pid_set_is_empty(&pids)) {
			*e = reason;
			return err_prefix(e, "cgroup '%s'", record->path);
		}
	}
	return 0;
}

static int signal_frozen(const struct cgroup_opened *opened, int freezer, int signal, struct err *e)
{
	cgroup_freeze(freezer, FREEZE_MS);
	int rc = signal_all(opened, signal, e);
	cgroup_thaw(freezer);
	return rc;
}

/* The end of a helper, which nothing keeps from thawing what it has frozen. */
static __attribute__((noreturn)) void helper_main(const struct cgroup_opened *opened, int freezer,
						  int signal, int output)
{
	struct err error = { 0 };
	struct err ignored;
	sigset_t all;

	sigfillset(&all);
	if (sigprocmask(SIG_BLOCK, &all, NULL) < 0 || setpgid(0, 0) < 0)
		_exit(1);
	if (signal_frozen(opened, freezer, signal, &error) < 0)
		(void)!write_fd_all(output, "the error", &error, sizeof(error), &ignored);
	_exit(0);
}

/* In a process of its own: if this one is ended, by a deadline or at a terminal, the container does not stay
 * frozen. */
static int signal_by_helper(const struct cgroup_opened *opened, int freezer, int signal,
			    struct err *e)
{
	autoclose int output = -1, output_child = -1;
	autochild helper = CHILD_INIT;
	autofree char *said = NULL;
	int pair[2], status;
	size_t length;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return fail_sys(e, "pipe");
	output = pair[0];
	output_child = pair[1];
	int rc = child_clone(0, -1, &helper, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		helper_main(opened, freezer, signal, output_child);
	replace_fd(&output_child, -1);
	if (read_fd_all(output, "the error", sizeof(*e), &said, &length, e) < 0 ||
	    child_wait(&helper, &status, e) < 0)
		return -1;
	if (length == sizeof(*e)) {
		memcpy(e, said, sizeof(*e));
		err_escape(e);
		return -1;
	}
	return status == 0 ? 0 : fail(e, ERR_SYSTEM, "the helper ended with status %d", status);
}

int cgroup_signal(const struct cgroup_record *record, int signal, struct err *e)
{
	autoopened opened = { 0 };

	if (cgroup_open_record(record, &opened, e) < 0)
		return -1;
	if (opened.n == 0)
		return 0;
	if (signal == SIGKILL)
		return kill_once(&opened, true, FREEZE_MS, e);

	int freezer = cgroup_opened_freezer(&opened);
	int whole = may_take_whole(&opened, e);
	if (whole < 0)
		return -1;
	if (!whole)
		return signal_until_quiet(&opened, signal, e);
	if (freezer < 0)
		freezer = cgroup_opened_unified(&opened);
	/* A container that is paused stays so, and finds the signal when it goes on. */
	if (freezer >= 0 && !cgroup_stands_still(freezer))
		return signal_by_helper(&opened, freezer, signal, e);
	return signal_all(&opened, signal, e);
}

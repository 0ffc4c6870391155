/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill (runtime.md "Kill"): through a pidfd of exactly the process on record, so that a reused pid is
 * never hit. Writes nothing, and takes no lock of a container that is created: it must be stoppable while another
 * command hangs, and on a full or read-only file system.
 */
#include "cgroup/cgroup.h"
#include "container/container.h"
#include "container/processes.h"
#include "container/recorded.h"
#include "container/records.h"
#include "container/signals.h"
#include "model/annotations.h"
#include "os/log.h"
#include "sys/deadline.h"

#include <errno.h>
#include <signal.h>

/* The words are what containerd and CRI-O look for. */
static int fail_not_running(struct err *e)
{
	return fail(e, ERR_STATE, "container not running (no such process)");
}

static int signal_cgroup(const struct cgroup_record *cgroup, int signal, struct err *e)
{
	if (signal == SIGKILL)
		return cgroup_kill(cgroup, deadline_ms(), e);
	return cgroup_signal(cgroup, signal, e);
}

static int signal_init(int pidfd, const char *id, int signal, struct err *e)
{
	if (sys_pidfd_send_signal(pidfd, signal) == 0)
		return 0;
	if (errno == ESRCH)
		return fail_not_running(e);
	return fail_sys(e, "signal the first process of container %s", id);
}

/* Without a cgroup, --all means the PID namespace, where that is the container's own. SIGKILL to its first
 * process ends them all, and no fork outruns it. */
static int signal_namespace(const struct global_options *global, const struct status_record *status,
			    int signal, struct err *e)
{
	struct arena arena = { 0 };
	int rc = namespace_signal(global, (pid_t)status->init.pid, signal, &arena, e);

	arena_release(&arena);
	return rc;
}

/* In a frozen cgroup of v1 not even SIGKILL takes effect before the thaw; the container may have made one of its
 * own. Whose else a group below is has to be known first. */
static int let_die(const struct global_options *global, const struct status_record *status,
		   struct arena *arena, struct err *e)
{
	const struct cgroup_record *cgroup = recorded_cgroup(status, NULL);

	if (!cgroup || !cgroup_holds_frozen(cgroup))
		return 0;
	if (own_cgroup(global, status->id, status, NULL, arena, &cgroup, e) < 0)
		return err_prefix(e, "container %s was killed but cannot be thawed", status->id);
	return cgroup && cgroup_holds_frozen(cgroup) ? signal_cgroup(cgroup, SIGKILL, e) : 0;
}

static int kill_all(const struct global_options *global, const struct status_record *status,
		    int pidfd, int signal, struct err *e)
{
	int whole = signal == SIGKILL ? 0 : is_namespace_init((pid_t)status->init.pid, e);

	if (whole != 0)
		return whole < 0 ? -1 : signal_namespace(global, status, signal, e);
	return signal_init(pidfd, status->id, signal, e);
}

/* The group that all of the container is in. NULL: none, or it belongs to another container by now; then its PID
 * namespace counts. */
static int find_cgroup(const struct global_options *global, const struct status_record *status,
		       struct arena *arena, const struct cgroup_record **ret, struct err *e)
{
	if (own_cgroup(global, status->id, status, NULL, arena, ret, e) < 0)
		return -1;
	if (*ret && cgroup_check_own(*ret, NULL, e) < 0) {
		if (e->kind != ERR_STATE)
			return -1;
		log_info("container %s: %s", status->id, e->text);
		*ret = NULL;
	}
	return 0;
}

static int kill_recorded(const struct global_options *global, const struct status_record *status,
			 int signal, bool all, struct arena *arena, struct err *e)
{
	const struct cgroup_record *cgroup = NULL;
	if (all && find_cgroup(global, status, arena, &cgroup, e) < 0)
		return -1;
	autoclose int pidfd = process_open(&status->init, e);

	if (pidfd < 0 && e->kind != ERR_NOT_FOUND)
		return -1;
	if (cgroup)
		return signal_cgroup(cgroup, signal, e);
	/* containerd calls `kill --all` after the end of a container that it believes to share its PID
	 * namespace, and counts on success. */
	if (pidfd < 0)
		return all ? 0 : fail_not_running(e);
	if (all)
		return kill_all(global, status, pidfd, signal, e);
	if (signal_init(pidfd, status->id, signal, e) < 0)
		return -1;
	return signal == SIGKILL ? let_die(global, status, arena, e) : 0;
}

static bool is_created(const struct status_record *status)
{
	return status && status->phase != PHASE_CREATING;
}

/* A creation that has not come so far is waited for until the deadline, unless a hook of it runs: then the lock is
 * free. */
static int read_created(const struct global_options *global, const char *id, struct arena *arena,
			struct status_record **ret, struct err *e)
{
	for (int lock = 0; lock <= 1; lock++) {
		autostatedir dir = STATE_DIR_INIT;
		int rc = state_open(global->root, id, lock, &dir, e);
		if (rc == 0)
			rc = records_status(global, &dir, arena, ret, e);
		/* With nothing in it, a directory may be just being claimed. */
		if (rc < 0 && (lock || e->kind != ERR_NOT_FOUND))
			return -1;
		if (rc == 0 && is_created(*ret))
			return 0;
	}
	return fail(e, ERR_STATE, "container %s cannot be signalled: it is being created", id);
}

/* As its configuration says it, else SIGTERM. */
static int stop_signal(const struct status_record *status, int *ret, struct err *e)
{
	const char *name = annotation_get(&status->annotations, ANNOTATION_STOP_SIGNAL);
	struct err unknown;
	int number = 0;

	if (!str_empty(name) && signal_parse(name, &number, &unknown) < 0)
		return fail(
			e, ERR_STATE,
			"container %s: annotation %s: '%s' is not a signal; name the one to send after the id",
			status->id, annotation_name(ANNOTATION_STOP_SIGNAL), name);
	*ret = number ? number : SIGTERM;
	return 0;
}

int container_kill(const struct global_options *global, const char *id, const char *signal,
		   bool all, struct err *e)
{
	struct arena arena = { 0 };
	struct status_record *status;
	int number = 0, rc;

	if (signal && signal_parse(signal, &number, e) < 0)
		return -1;
	rc = read_created(global, id, &arena, &status, e);
	if (rc == 0 && !signal)
		rc = stop_signal(status, &number, e);
	if (rc == 0)
		rc = kill_recorded(global, status, number, all, &arena, e);
	arena_release(&arena);
	return rc < 0 ? -1 : 0;
}

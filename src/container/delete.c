/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delete (runtime.md "Delete"): end what is left of a container, then take away what create made, the records last:
 * whatever fails or is killed on the way, the same command can be given again. Every wait has a deadline. Nothing is
 * written, so a full or read-only file system does not stop the processes from being ended and the cgroup from being removed.
 */
#include "boot/record/address.h"
#include "boot/record/forward.h"
#include "boot/record/runtime_hooks.h"
#include "cgroup/cgroup.h"
#include "cgroup/resctrl.h"
#include "cgroup/systemd.h"
#include "container/container.h"
#include "container/recorded.h"
#include "container/records.h"
#include "facts/groups.h"
#include "os/log.h"
#include "plan/hooks.h"
#include "policy/host_files.h"
#include "sys/deadline.h"
#include "sys/dying.h"
#include "sys/family.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* For all of it together, the wait for the lock included: a little more than the one deadline. */
#define DELETE_MS (deadline_ms() * 12 / 10)
#define DELETE_WAIT_MIN_MS (deadline_ms() / 10)
/* A creator that finds its container deleted ends at once; one that is stopped does not. */
#define CREATOR_MS (deadline_ms() / 10)
/* Between two looks at an init that was killed already. */
#define DYING_PAUSE_MS 20
#define SHOWN_PIDS 10

struct deletion {
	const struct global_options *global;
	const char *id;
	bool force;
	struct deadline deadline;
	struct arena *arena;
	struct state_dir *dir;
	struct status_record *status; /* NULL: not that far, or unreadable */
	struct intent_record *intent; /* likewise */
	struct registered registered; /* if the status is missing */
	struct cgroup_record *found;  /* its cgroup by the kernel, where no record names one */
	bool has_ended;               /* init, as the caller knows */
	int pidfd;                    /* of init, -1 if it is gone */
	int64_t init;                 /* its number */
	int creator;  /* pidfd of the command that creates it still, waiting for a hook; -1: none */
	bool stopped; /* poststop hooks have begun, of another deletion */
};

static int time_left(const struct deletion *d)
{
	int left = deadline_left(&d->deadline);

	if (left > deadline_ms())
		return deadline_ms();
	return left < DELETE_WAIT_MIN_MS ? DELETE_WAIT_MIN_MS : left;
}

/* What the records do not tell: where init is. The registry knows it by number, start time and boot; without
 * that the cgroup of the intent has to do, and without both nothing is done, because it may run. */
static int ask_registry(struct deletion *d, const struct err *unread, struct err *e)
{
	if (registered_find(d->global, d->dir->root, d->id, d->arena, &d->registered, e) < 0) {
		if (!recorded_cgroup(NULL, d->intent))
			return unread ? err_prefix(e, "%s", unread->text) : -1;
		log_warning("container %s: %s", d->id, e->text);
		return 0;
	}
	d->pidfd = d->registered.pidfd;
	if (d->pidfd < 0)
		return 0;
	d->init = d->registered.member->init.pid;
	if (!d->force)
		return fail(
			e, ERR_STATE,
			"container %s: its status.json is missing but its process %lld runs; delete --force ends it",
			d->id, (long long)d->init);
	if (recorded_cgroup(NULL, d->intent))
		return 0;
	if (registered_cgroup(&d->registered, d->id, d->arena, &d->found, e) < 0 || !d->found)
		log_warning("container %s: its cgroup is not known, and stays", d->id);
	return 0;
}

/* A record that cannot be used stops a plain delete; --force goes by the other one, and by the registry. */
static int read_records(struct deletion *d, struct err *e)
{
	struct err unread = { .kind = ERR_NONE };

	if (d->has_ended)
		return 0;
	if (state_read_status(d->dir, d->arena, &d->status, e) < 0) {
		if (!d->force)
			return -1;
		log_warning("%s", e->text);
		unread = *e;
		d->status = NULL;
	}
	if (state_read_intent(d->dir, d->arena, &d->intent, e) < 0) {
		if (!d->force)
			return -1;
		log_warning("%s", e->text);
		d->intent = NULL;
	}
	if (!d->status)
		return ask_registry(d, unread.kind == ERR_NONE ? NULL : &unread, e);
	d->init = d->status->init.pid;
	d->pidfd = process_open(&d->status->init, e);
	return d->pidfd < 0 && e->kind != ERR_NOT_FOUND ? -1 : 0;
}

/* Another deletion is at its poststop hooks: it is let come to its end, or has been killed. */
static int wait_for_deletion(struct deletion *d, struct err *e)
{
	struct err gone;
	autoclose int runner = process_open(&d->intent->hook.runner, &gone);
	bool over = true;

	state_unlock(d->dir);
	if (runner >= 0)
		over = pidfd_ended(runner, time_left(d));
	if (state_relock(d->dir, e) < 0)
		return -1;
	return over ? 0
		    : fail(e, ERR_STATE,
			   "container %s is busy: another command runs its poststop hooks", d->id);
}

/* A hook that runs has let go the lock that we have. */
static int settle_hook(struct deletion *d, struct err *e)
{
	autoclose int pidfd = -1;
	struct deadline until;

	if (!d->intent || !recorded_hook_open(d->intent, &pidfd))
		return 0;
	bool is_poststop = str_eq(d->intent->hook.kind, POSTSTOP);
	if (!d->force)
		return is_poststop ? wait_for_deletion(d, e) : 0;
	d->stopped = is_poststop;
	until = deadline_in(time_left(d));
	if (!recorded_hook_end(d->intent, &until))
		log_warning("container %s: process %lld, its %s hook, was killed but does not end",
			    d->id, (long long)d->intent->hook.process.pid, d->intent->hook.kind);
	return 0;
}

static void open_creator(struct deletion *d)
{
	int phase = d->status ? d->status->phase : PHASE_CREATING;
	struct err ignored;

	if (!d->force || !d->intent || phase != PHASE_CREATING ||
	    d->intent->owner.pid == getpid() || family_has_self((pid_t)d->intent->owner.pid))
		return;
	d->creator = process_open(&d->intent->owner, &ignored);
}

/* It finds that nothing is its own any more, and ends. */
static void end_creator(struct deletion *d)
{
	if (d->creator < 0)
		return;
	state_unlock(d->dir);
	if (pidfd_ended(d->creator, CREATOR_MS))
		return;
	sys_pidfd_send_signal(d->creator, SIGKILL);
	if (!pidfd_ended(d->creator, CREATOR_MS))
		log_warning(
			"container %s: process %lld, which created it, was killed but does not end",
			d->id, (long long)d->intent->owner.pid);
}

static int fail_not_stopped(const struct deletion *d, int status, struct err *e)
{
	return fail(e, ERR_STATE, "cannot delete container %s that is not stopped: %s", d->id,
		    value_to_name(container_status_names, status));
}

/* We hold the lock, so no process is creating it; what a creator that is gone has left is as good as stopped. */
static bool is_abandoned(const struct deletion *d)
{
	/* The claimer of an id holds the lock from then on, and now we have it. */
	return !d->intent || !process_may_run(&d->intent->owner);
}

/* `kill ID KILL` comes back before the process is gone: with much memory to give back, or with many processes
 * below it, that takes a while. True if it has ended. */
static bool wait_for_dying(const struct deletion *d, const struct cgroup_record *cgroup)
{
	const struct deadline deadline = deadline_in(time_left(d));

	/* What the freezer of v1 holds does not die. */
	while (!pidfd_ended(d->pidfd, 0) && process_is_dying((pid_t)d->init) &&
	       !(cgroup && cgroup_holds_frozen(cgroup)) && !deadline_is_over(&deadline))
		if (pidfd_ended(d->pidfd, DYING_PAUSE_MS))
			return true;
	return pidfd_ended(d->pidfd, 0);
}

/* In the middle of a system call that no signal ends (state D of proc(5)), or waiting for processes of its PID
 * namespace that are: those are named, because no wait of ours helps. */
static int fail_dying(const struct deletion *d, const struct cgroup_record *cgroup, struct err *e)
{
	struct u32list pids = { 0 };
	autostrbuf others = { 0 };
	struct err ignored;
	size_t shown = 0;

	if (cgroup && cgroup_pids(cgroup, d->arena, &pids, &ignored) < 0)
		pids.n = 0;
	for (size_t i = 0; i < pids.n && shown < SHOWN_PIDS; i++)
		if (pids.v[i] != d->init)
			strbuf_printf(&others, "%s %u",
				      shown++ ? "" : " (in its group:", pids.v[i]);
	return fail(
		e, ERR_STATE,
		"cannot delete container %s that is not stopped: process %lld was killed but does not end%s%s; try again",
		d->id, (long long)d->init, strbuf_text(&others), shown ? ")" : "");
}

static int check_may_go(const struct deletion *d, struct err *e)
{
	int phase = d->status ? d->status->phase : PHASE_CREATING;
	const struct cgroup_record *cgroup;
	bool paused;

	if (d->force)
		return 0;
	int waiting = phase == PHASE_CREATED ? container_is_waiting(d->dir, d->status, e) : 0;
	if (waiting != 0)
		return waiting < 0 ? -1 : 0;
	if (phase == PHASE_CREATING)
		return is_abandoned(d) ? 0 : fail_not_stopped(d, STATUS_CREATING, e);
	if (d->pidfd < 0)
		return 0;

	if (own_cgroup(d->global, d->id, d->status, NULL, d->arena, &cgroup, e) < 0)
		return -1;
	if (wait_for_dying(d, cgroup))
		return 0;
	if (container_is_paused(cgroup, &paused, e) < 0)
		return -1;
	if (!paused && process_is_dying((pid_t)d->init))
		return fail_dying(d, cgroup, e);
	return fail_not_stopped(d, paused ? STATUS_PAUSED : STATUS_RUNNING, e);
}

/* A container with CAP_SYS_ADMIN of the host can forge a mark, and a real one may have outlived its record. */
static void warn_of_left(const struct deletion *d, const struct cgroup_record *cgroup)
{
	struct cgroup_mark other;
	struct err unknown;
	int rc = cgroup_find_other(cgroup, &other, &unknown);

	if (rc > 0 && !facts_mark_has_record(&other))
		log_warning(
			"container %s: cgroup '%s' is left with what is in it: it has the mark of container %s (state root '%s'), which has no record",
			d->id, cgroup->path, other.id, other.root);
}

static int end_processes(const struct deletion *d, const struct cgroup_record *cgroup,
			 struct err *e)
{
	if (d->pidfd >= 0 && sys_pidfd_send_signal(d->pidfd, SIGKILL) < 0 && errno != ESRCH)
		return fail_sys(e, "kill the first process of container %s", d->id);
	/* Also if init has ended: in a PID namespace of others it ended no other process. */
	if (cgroup && cgroup_kill(cgroup, time_left(d), e) < 0)
		return -1;
	if (d->pidfd >= 0 && !pidfd_ended(d->pidfd, time_left(d)))
		return fail(e, ERR_SYSTEM,
			    "container %s: process %lld was killed but does not end; try again",
			    d->id, (long long)d->init);
	return 0;
}

/* Failures are warnings and the deletion goes on (runtime.md "Lifecycle", step 13). 0: another command has gone on
 * with it meanwhile. */
static int run_poststop(struct deletion *d, struct err *e)
{
	struct plan_hooks hooks = { 0 };
	struct spec *spec;
	struct err unread;

	if (d->stopped || (d->status && !d->status->poststop))
		return 1;
	if (state_read_config(d->dir, d->arena, &spec, &unread) < 0) {
		log_warning("poststop hooks are not run: %s", unread.text);
		return 1;
	}
	if (!spec || !spec->hooks || !spec->hooks->poststop.n)
		return 1;
	if (!d->intent && state_read_intent(d->dir, d->arena, &d->intent, &unread) < 0)
		log_debug("container %s: %s", d->id, unread.text);

	const char *bundle = d->status ? d->status->bundle : d->intent ? d->intent->bundle : NULL;
	struct oci_state state = {
		.oci_version = spec->oci_version,
		.id = d->id,
		.status = value_to_name(container_status_names, STATUS_STOPPED),
		.bundle = bundle ? bundle : "",
		.annotations = &spec->annotations,
	};
	const struct policy *policy = d->status ? d->status->policy : NULL;
	struct hook_files files;
	struct runtime_hooks runtime_hooks = {
		.kind = POSTSTOP,
		.hooks = &hooks,
		.state = &state,
		.dir = d->dir,
		.intent = d->intent,
		.files = &files,
		.arena = d->arena,
		.unrecorded = UNRECORDED_LOCKED,
	};
	plan_hooks_from_spec(&spec->hooks->poststop, policy_hook_timeout(policy), d->arena, &hooks);
	host_files_of_hooks(policy, state.bundle, state.annotations, d->arena, &files);
	runtime_hooks_run_all(&runtime_hooks, &d->deadline);
	if (!runtime_hooks.gone)
		return 1;
	*e = runtime_hooks.why_gone;
	return e->kind == ERR_NOT_FOUND ? 0 : -1;
}

static int remove_rdt(const struct deletion *d, struct err *e)
{
	const struct rdt_record *rdt = recorded_rdt(d->status, d->intent);

	return rdt ? rdt_remove(rdt, e) : 0;
}

static int remove_member(const struct deletion *d, struct err *e)
{
	const char *directory = registry_default_directory(d->global->rootless, d->arena);
	const struct member_record *member = d->registered.member;

	if (registry_remove(directory, d->dir->root, d->id, e) == 0 &&
	    /* by another spelling of the root */
	    (!member || str_eq(member->root, d->dir->root) ||
	     registry_remove(directory, member->root, d->id, e) == 0))
		return 0;
	if (!d->force)
		return -1;
	/* An entry of a dead process counts for nothing; it must not keep the container for ever. */
	log_warning("container %s: %s", d->id, e->text);
	return 0;
}

/* Known before anything but the processes is taken away: what stays is the whole container, stopped, and its
 * poststop hooks run once. */
static int check_removable(const struct deletion *d, struct err *e)
{
	if (faccessat(d->dir->root_fd, ".", W_OK, AT_EACCESS) < 0 && errno == EROFS)
		return fail_sys(e, "remove state directory '%s/%s'", d->dir->root, d->id);
	return 0;
}

static int delete_opened(struct deletion *d, struct err *e)
{
	if (read_records(d, e) < 0 || settle_hook(d, e) < 0 || check_may_go(d, e) < 0)
		return -1;
	open_creator(d);
	const struct cgroup_record *cgroup;
	int rc;
	if (own_cgroup(d->global, d->id, d->status, d->intent, d->arena, &cgroup, e) < 0)
		return -1;
	if (!cgroup)
		cgroup = d->found;
	if (cgroup && d->pidfd < 0 && cgroup_systemd_is_anothers(cgroup)) {
		if (cgroup_remove_beside_unit(cgroup, e) < 0)
			return -1;
		cgroup = NULL;
	}
	if (d->pidfd < 0 && check_removable(d, e) < 0)
		return -1;
	if (cgroup && d->pidfd < 0 && cgroup_remove_empty(cgroup))
		cgroup = NULL;
	if (end_processes(d, cgroup, e) < 0 || check_removable(d, e) < 0)
		return -1;
	if (cgroup)
		warn_of_left(d, cgroup);
	if (cgroup && cgroup_remove(cgroup, time_left(d), e) < 0)
		return -1;
	if (remove_rdt(d, e) < 0)
		return -1;
	rc = run_poststop(d, e);
	if (rc <= 0)
		return rc;
	record_forward_end(d->dir, d->status);
	record_address_end(d->dir, d->status);
	if (record_end_group(d->status, d->intent, e) < 0)
		return -1;
	if (recorded_ids_remove(d->dir, d->status, d->intent, d->arena, e) < 0 ||
	    remove_member(d, e) < 0 || state_remove(d->dir, e) < 0)
		return -1;
	end_creator(d);
	return 0;
}

static int delete_until(const struct global_options *global, struct state_dir *dir,
			struct status_record *ended, bool force, const struct deadline *deadline,
			struct err *e)
{
	struct arena arena = { 0 };
	struct deletion d = {
		.global = global,
		.id = dir->id,
		.force = force,
		.deadline = *deadline,
		.arena = &arena,
		.dir = dir,
		.status = ended,
		.registered = { .pidfd = -1 },
		.has_ended = ended != NULL,
		.pidfd = -1,
		.creator = -1,
	};
	int rc = delete_opened(&d, e);

	close_keep_errno(d.pidfd);
	close_keep_errno(d.creator);
	arena_release(&arena);
	return rc < 0 ? -1 : 0;
}

int container_delete_opened(const struct global_options *global, struct state_dir *dir,
			    struct status_record *ended, bool force, struct err *e)
{
	const struct deadline deadline = deadline_in(DELETE_MS);

	return delete_until(global, dir, ended, force, &deadline, e);
}

/* Its directory is gone or another's, but the registry still has its process: what would be left of it is that. */
static int end_registered(const struct global_options *global, const char *id, struct arena *arena,
			  struct err *e)
{
	struct registered registered;
	struct cgroup_record *cgroup = NULL;
	struct err unknown;
	int rc = 0;

	if (registered_find(global, global->root, id, arena, &registered, e) < 0)
		return -1;
	autoclose int pidfd = registered.pidfd;
	if (pidfd < 0)
		return 0;
	if (registered_cgroup(&registered, id, arena, &cgroup, &unknown) < 0)
		log_warning("container %s: %s", id, unknown.text);
	if (sys_pidfd_send_signal(pidfd, SIGKILL) < 0 && errno != ESRCH)
		return fail_sys(e, "kill the first process of container %s", id);
	if (cgroup)
		rc = cgroup_kill(cgroup, deadline_ms(), e);
	if (rc == 0 && !pidfd_ended(pidfd, deadline_ms()))
		rc = fail(e, ERR_SYSTEM,
			  "container %s: process %lld was killed but does not end; try again", id,
			  (long long)registered.member->init.pid);
	if (rc == 0 && cgroup)
		rc = cgroup_remove(cgroup, deadline_ms(), e);
	if (rc == 0)
		rc = registry_remove(registry_default_directory(global->rootless, arena),
				     registered.member->root, id, e);
	return rc < 0 ? -1 : 0;
}

/* --force of what is not a container. A missing one is not an error; that another runtime's is not ended by
 * this one has to be said. */
static int delete_missing(const struct global_options *global, const char *id, struct err *e)
{
	struct arena arena = { 0 };
	struct err reason;
	int rc = end_registered(global, id, &arena, &reason);

	arena_release(&arena);
	if (rc < 0) {
		*e = reason;
		return -1;
	}
	if (e->sys == ENOENT)
		return 0;
	return state_discard_empty(global->root, id, &reason);
}

int container_delete(const struct global_options *global, const char *id, bool force, struct err *e)
{
	autostatedir dir = STATE_DIR_INIT;
	const struct deadline deadline = deadline_in(DELETE_MS);

	if (state_open(global->root, id, true, &dir, e) == 0)
		return delete_until(global, &dir, NULL, force, &deadline, e);
	return force && e->kind == ERR_NOT_FOUND ? delete_missing(global, id, e) : -1;
}

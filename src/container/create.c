/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create (runtime.md "Create"): everything that can be refused is refused before anything is made; then
 * the id is claimed and the CREATE page carries out the plan.
 */
#include "container/create.h"

#include "boot/record/runtime_hooks.h"
#include "container/notify.h"
#include "container/recorded.h"
#include "container/records.h"
#include "container/report.h"
#include "os/clock.h"
#include "os/log.h"
#include "plan/hooks.h"
#include "plan/state.h"
#include "policy/audit.h"
#include "policy/host_files.h"
#include "seccomp/program.h"
#include "sys/caller.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

void new_container_release(struct new_container *made)
{
	child_keep(&made->init);
	close_keep_errno(made->console_master);
	made->console_master = -1;
	replace_fd(&made->channel, -1);
	host_release(&made->host);
	state_dir_release(&made->dir);
	arena_release(&made->arena);
}

static char *time_stamp(struct arena *arena)
{
	autostrbuf text = { 0 };

	strbuf_timestamp(&text);
	return arena_strdup(arena, strbuf_text(&text));
}

/* runc and crun agree: a terminal needs a process that holds its master. */
static int check_console(const struct container_preview *preview,
			 const struct container_create_options *options, bool console_to_caller,
			 struct err *e)
{
	bool terminal = preview->plan->process.terminal;

	if (terminal && !options->console_socket && !console_to_caller)
		return fail(
			e, ERR_USAGE,
			"process.terminal is true: a detached container needs --console-socket");
	if (!terminal && options->console_socket)
		return fail(e, ERR_USAGE,
			    "--console-socket is given but process.terminal is not true");
	return 0;
}

/* The option is runc's, the annotation crun's. */
static const char *pidfd_socket(const struct plan *plan,
				const struct container_create_options *options)
{
	return options->pidfd_socket ? options->pidfd_socket : plan->pidfd_socket;
}

static char *copy(struct arena *arena, const char *text)
{
	return text ? arena_strdup(arena, text) : NULL;
}

static void fill_status(struct new_container *made, const struct container_create_options *options)
{
	const struct container_preview *preview = &made->preview;

	made->status = (struct status_record){
		.version = STATE_VERSION,
		.id = made->dir.id,
		.oci_version = preview->spec->oci_version,
		.phase = PHASE_CREATING,
		.bundle = arena_strdup(&made->arena, preview->plan->bundle),
		.rootfs = arena_strdup(&made->arena, preview->plan->rootfs),
		.created = time_stamp(&made->arena),
		.owner = caller_outer_uid(),
		.network = preview->verdict.network.join,
		.network_path = preview->verdict.network.path,
		.network_cookie = preview->verdict.network.cookie,
		.network_name = copy(&made->arena, preview->verdict.network.name),
		.network_entry = copy(&made->arena, preview->verdict.network.entry),
		.entry_keys = preview->verdict.network.entry_keys,
		.ids = preview->verdict.ids,
		.annotations = preview->verdict.spec->annotations,
		.policy = preview->policy.policy,
		.policy_path = copy(&made->arena, preview->policy.path),
		.decisions = preview->verdict.decisions,
		.confinement = &made->preview.verdict.confinement,
		.forward = made->preview.verdict.forward,
		.address = made->preview.verdict.address,
		.terminal = preview->plan->process.terminal,
		.no_new_keyring = options->no_new_keyring,
		.poststop = preview->plan->poststop.n > 0,
	};
}

int container_discard(struct new_container *made, const struct create_result *result,
		      struct err *error)
{
	if (result && result->deleted)
		return -1;
	if (result && result->left_behind)
		return err_prefix(error,
				  "parts of container %s are left; delete --force removes them",
				  made->dir.id);

	const struct plan *plan = made->preview.plan;
	const struct oci_state state = oci_state_of_plan(plan, "stopped", 0);
	struct hook_files files;
	struct runtime_hooks hooks = {
		.kind = POSTSTOP,
		.hooks = &plan->poststop,
		.state = &state,
		.files = &files,
		.dir = &made->dir,
		.arena = &made->arena,
		.unrecorded = UNRECORDED_LOCKED,
	};
	const struct deadline deadline = deadline_in(deadline_ms());
	struct err e;

	if (plan->poststop.n && state_read_intent(&made->dir, &made->arena, &hooks.intent, &e) < 0)
		log_debug("container %s: %s", made->dir.id, e.text);
	host_files_of_hooks(made->preview.policy.policy, plan->bundle, &plan->annotations,
			    &made->arena, &files);
	runtime_hooks_run_all(&hooks, &deadline);
	if (!hooks.gone && state_remove(&made->dir, &e) < 0)
		log_warning("after a failed start: %s", e.text);
	return -1;
}

int container_prepare(const struct global_options *global, const char *id, enum policy_path path,
		      const struct container_create_options *options, bool console_to_caller,
		      struct new_container *made, struct boot_request *ret, struct err *e)
{
	struct container_preview *preview = &made->preview;

	inherit(&made->arena, &made->inherited);
	if (container_preview(global, id, path, options, &made->inherited, &made->arena, preview,
			      &made->host, e) < 0)
		return -1;
	const struct report_subject subject = {
		.id = id,
		.root = global->root,
		.bundle = preview->facts->bundle,
		.policy = preview->policy.policy,
		.network = preview->verdict.network,
	};
	if (report_judged(&subject, &preview->verdict, preview->config_name, e) < 0)
		return -1;
	if (!preview->plan) {
		*e = preview->unplanned;
		return -1;
	}
	if (check_console(preview, options, console_to_caller, e) < 0)
		return -1;
	report_warnings(&preview->verdict, NULL, &made->arena);
	report_plan(preview->plan);
	if (state_claim(global->root, id, &made->dir, e) < 0)
		return -1;
	fill_status(made, options);
	*ret = (struct boot_request){
		.plan = preview->plan,
		.facts = preview->facts,
		.host = &made->host,
		.state = &made->dir,
		.status = &made->status,
		.spec = preview->verdict.spec,
		.request = decisions_change_spec(&preview->verdict.decisions,
						 preview->verdict.observed)
				   ? preview->spec
				   : NULL,
		.arena = &made->arena,
		.members_directory = registry_default_directory(global->rootless, &made->arena),
		.filters_directory = seccomp_cache_directory(global->rootless, &made->arena),
	};
	host_files_of_hooks(made->status.policy, preview->plan->bundle, &preview->plan->annotations,
			    &made->arena, &ret->hook_files);
	if (state_write_file(&made->dir, STATE_HOSTS, preview->verdict.hosts_text, e) < 0 ||
	    state_write_file(&made->dir, STATE_RESOLV_CONF, preview->verdict.resolv_conf_text, e) <
		    0 ||
	    (made->inherited.notify_socket && notify_make_directory(&made->dir, e) < 0))
		return container_discard(made, NULL, e);
	return 0;
}

void report_created(const struct new_container *made, enum policy_path path, size_t first)
{
	const struct report_subject subject = report_subject_of(&made->dir, &made->status);

	report_added(&subject, audit_request_name(path), &made->status.decisions, first);
}

int container_create_locked(const struct global_options *global, const char *id,
			    const struct container_create_options *options, bool console_to_caller,
			    bool start_follows, struct new_container *made, struct err *e)
{
	struct create_options create = {
		.pid_file = options->pid_file,
		.console_socket = options->console_socket,
		.console_to_caller = console_to_caller,
		.start_follows = start_follows,
		.no_new_keyring = options->no_new_keyring,
	};
	struct create_result result = { .init = CHILD_INIT, .console_master = -1, .channel = -1 };
	struct boot_request request;
	size_t decided;
	int rc;

	if (container_prepare(global, id, PATH_CREATE, options, console_to_caller, made, &request,
			      e) < 0)
		return -1;
	create.preserve_fds = options->preserve_fds + made->inherited.listen_fds;
	create.pidfd_socket = pidfd_socket(made->preview.plan, options);
	request.options = &create;
	decided = made->status.decisions.n;
	rc = boot_create(&request, &result, e);
	report_created(made, PATH_CREATE, decided);
	if (rc < 0) {
		/* What no plan could know: that the kernel does not take it. */
		(void)!spec_fail_located_in_step(made->preview.verdict.spec, config_name(options),
						 e);
		return container_discard(made, &result, e);
	}
	made->init = result.init;
	made->console_master = result.console_master;
	made->channel = result.channel;
	return 0;
}

int container_create(const struct global_options *global, const char *id,
		     const struct container_create_options *options, struct err *e)
{
	autonew made = NEW_CONTAINER_INIT;

	return container_create_locked(global, id, options, false, false, &made, e);
}

/* config.md "Poststart": a failure is an error, the container is stopped. */
static int run_poststart(struct state_dir *dir, struct status_record *status,
			 const struct spec *spec, struct err *e)
{
	struct arena arena = { 0 };
	struct plan_hooks hooks = { 0 };
	struct hook_files files;
	auto_hook_place place = HOOK_PLACE_INIT;
	const struct oci_state state = oci_state_of_status(status, "running");
	struct runtime_hooks runtime_hooks = {
		.kind = "poststart",
		.unrecorded = UNRECORDED_RUNS,
		.hooks = &hooks,
		.state = &state,
		.dir = dir,
		.arena = &arena,
	};
	struct err ignored;
	int rc = 0;

	if (!spec->hooks || !spec->hooks->poststart.n)
		return 0;
	plan_hooks_from_spec(&spec->hooks->poststart, policy_hook_timeout(status->policy), &arena,
			     &hooks);
	if (state_read_intent(dir, &arena, &runtime_hooks.intent, e) < 0)
		log_debug("container %s: %s", dir->id, e->text);
	host_files_of_hooks(status->policy, status->bundle, &status->annotations, &arena, &files);
	rc = hook_place_open(status->bundle, &files, &place, e);
	if (rc == 0)
		rc = runtime_hooks_run(&runtime_hooks, &place, e);
	if (rc < 0) {
		/* Its end is waited for, and it is thawed for that, by the deletion that follows. */
		autoclose int pidfd = process_open(&status->init, &ignored);
		if (pidfd >= 0)
			sys_pidfd_send_signal(pidfd, SIGKILL);
	}
	arena_release(&arena);
	return rc;
}

int container_start_locked(struct state_dir *dir, struct status_record *status, struct arena *arena,
			   const struct spec *spec, const struct init_link *link, bool *ret_over,
			   struct err *e)
{
	const struct spec_seccomp *seccomp = spec->linux_ ? spec->linux_->seccomp : NULL;
	const struct start_request request = {
		.state = dir,
		.status = status,
		.arena = arena,
		.listener_path = seccomp ? seccomp->listener_path : NULL,
		.listener_metadata = seccomp ? seccomp->listener_metadata : NULL,
		.hooks = spec->hooks && spec->hooks->start_container.n > 0,
		.link = link,
	};

	const struct report_subject subject = report_subject_of(dir, status);
	size_t decided = status->decisions.n;
	int rc;

	*ret_over = false;
	if (!spec->process)
		return fail(e, ERR_STATE,
			    "cannot start container %s: its configuration has no process", dir->id);
	rc = boot_start(&request, ret_over, e);
	report_added(&subject, "start", &status->decisions, decided);
	if (rc < 0)
		return -1;
	*ret_over = run_poststart(dir, status, spec, e) < 0;
	return *ret_over ? -1 : 0;
}

/* A service manager that started us counts on it that we end when the service is ready. */
static int start_and_wait_ready(struct state_dir *dir, struct status_record *status,
				const struct spec *spec, struct arena *arena, bool *ret_over,
				struct err *e)
{
	autonotify notify = NOTIFY_INIT;
	autoclose int pidfd = -1;
	struct inherited inherited;

	inherit(arena, &inherited);
	if (notify_listen(dir, inherited.notify_socket, &notify, e) < 0)
		return -1;
	if (notify.socket >= 0) {
		notify.main_pid = status->init.pid;
		pidfd = process_open(&status->init, e);
		if (pidfd < 0)
			return -1;
	}
	if (container_start_locked(dir, status, arena, spec, NULL, ret_over, e) < 0)
		return -1;
	/* Others may want to look at it, kill it or delete it meanwhile. */
	state_unlock(dir);
	return notify_wait_ready(&notify, pidfd, e);
}

static int start_opened(const struct global_options *global, struct state_dir *dir,
			struct arena *arena, bool *ret_over, struct err *e)
{
	struct status_record *status;
	struct spec *spec;

	if (records_status(global, dir, arena, &status, e) < 0 ||
	    state_read_config(dir, arena, &spec, e) < 0)
		return -1;
	if (!status || !spec || status->phase == PHASE_CREATING)
		return fail(e, ERR_STATE, "cannot start container %s: it is not created yet",
			    dir->id);
	if (status->phase == PHASE_STARTED) {
		struct err gone;
		autoclose int pidfd = process_open(&status->init, &gone);
		return fail(e, ERR_STATE, "cannot start %s",
			    pidfd >= 0 ? "an already running container"
				       : "a container that has stopped");
	}
	return start_and_wait_ready(dir, status, spec, arena, ret_over, e);
}

/* Another command may have been faster, while poststart hooks ran. */
static int delete_failed(const struct global_options *global, struct state_dir *dir, struct err *e)
{
	if (!dir->locked && relock_after_hook(dir, e) < 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	return container_delete_opened(global, dir, NULL, true, e);
}

int container_start(const struct global_options *global, const char *id, struct err *e)
{
	autostatedir dir = STATE_DIR_INIT;
	struct arena arena = { 0 };
	struct err warning;
	bool over = false;
	int rc;

	if (state_open(global->root, id, true, &dir, e) < 0)
		return -1;
	rc = start_opened(global, &dir, &arena, &over, e);
	arena_release(&arena);
	if (rc < 0 && over && delete_failed(global, &dir, &warning) < 0)
		log_warning("after a failed start: %s", warning.text);
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: another process in a container. What it may have comes from the records that creation left, the
 * policy in force then among them, and not from the policy file. Runs in the runtime.
 */
#include "base/auto.h"
#include "container/exec_process.h"
#include "container/labels.h"
#include "container/leftover.h"
#include "container/records.h"
#include "container/terminal.h"
#include "os/log.h"
#include "plan/make.h"
#include "seccomp/program.h"

#include <string.h>

/* One exec, from the records to the running process. */
struct execution {
	struct arena arena;
	struct state_dir dir;
	struct status_record *status;
	struct spec *config;
	struct spec *spec; /* process and annotations, after the policy */
	struct facts *facts;
	struct plan *plan;
	struct inherited inherited;
	struct foreground foreground;
	int signal_fd;
};

static void execution_release(struct execution *x)
{
	foreground_end(&x->foreground);
	close_keep_errno(x->signal_fd);
	state_dir_release(&x->dir);
	arena_release(&x->arena);
}

/* What it joins must be its own. */
static int find_cgroup(const struct global_options *global, struct execution *x, struct err *e)
{
	const struct cgroup_record *own;

	if (own_cgroup(global, x->dir.id, x->status, NULL, &x->arena, &own, e) < 0)
		return -1;
	if (own && own->others)
		x->status->cgroup->others = own->others;
	return 0;
}

static int read_records(const struct global_options *global, const char *id, struct execution *x,
			struct err *e)
{
	if (state_open(global->root, id, true, &x->dir, e) < 0 ||
	    records_status(global, &x->dir, &x->arena, &x->status, e) < 0 ||
	    state_read_config(&x->dir, &x->arena, &x->config, e) < 0)
		return -1;
	if (!x->status || !x->config || x->status->phase == PHASE_CREATING)
		return fail(e, ERR_STATE, "cannot exec in container %s: it is not created yet", id);
	if (!x->status->policy)
		return fail(e, ERR_STATE,
			    "container %s: its records do not say under which policy "
			    "it was created",
			    id);
	return find_cgroup(global, x, e);
}

/* Of the container's own process the log of its creation says so, and an engine may start others all day. */
static bool is_told_of_container(struct execution *x, const char *rule)
{
	struct verdict own;

	if (!x->config->process)
		return false;
	policy_apply_process(x->config->process, x->status->policy, &x->arena, &own);
	for (size_t i = 0; i < own.decisions.n; i++)
		if (own.decisions.v[i].action == DECISION_WARN &&
		    str_eq(own.decisions.v[i].rule, rule))
			return true;
	return false;
}

/* Under observe nothing of what the policy says is so. */
static void tell_decisions(struct execution *x, const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->decisions.n; i++) {
		const struct decision *decision = &verdict->decisions.v[i];
		const char *warning =
			verdict->observed ? NULL
					  : decisions_warning(&verdict->decisions, i, &x->arena);

		if (warning && !is_told_of_container(x, decision->rule))
			log_warning("%s", warning);
		else
			log_info("policy: %s: %s: %s", decision->rule, decision->path,
				 decision->why);
	}
}

static int make_plan(struct execution *x, const struct container_exec_options *options,
		     struct err *e)
{
	struct spec_process *process;
	struct verdict verdict;
	const char *apparmor;

	if (exec_process_make(x->config->process, options, &x->arena, &process, e) < 0)
		return -1;
	apparmor = process->apparmor_profile;
	if (labels_check(&apparmor, process->selinux_label, e) < 0)
		return -1;
	if (!apparmor)
		process->apparmor_profile = NULL;
	policy_apply_process(process, x->status->policy, &x->arena, &verdict);
	if (verdict.refused)
		return policy_refusal(&verdict, NULL, e);
	tell_decisions(x, &verdict);
	x->spec = verdict.spec;
	x->spec->oci_version = x->config->oci_version;
	x->spec->annotations = x->config->annotations;
	x->spec->linux_ = arena_new(&x->arena, struct spec_linux);
	if (x->config->linux_) {
		x->spec->linux_->seccomp = x->config->linux_->seccomp;
		x->spec->linux_->memory_policy = x->config->linux_->memory_policy;
		x->spec->linux_->personality = x->config->linux_->personality;
	}
	if (facts_of_caller(options->cgroups.n > 0, &x->arena, &x->facts, e) < 0)
		return -1;
	inherit_sockets(&x->arena, &x->inherited);
	struct plan_options plan_options = {
		.id = x->status->id,
		.bundle = x->status->bundle,
		.environment = &x->inherited.environment,
		.confinement = x->status->confinement,
	};
	return plan_make_exec(x->spec, &plan_options,
			      spec_namespace_find(x->config, SPEC_NS_USER) != NULL, x->facts,
			      &x->arena, &x->plan, e);
}

/* As for create: a terminal needs somebody who holds its master. */
static int check_console(const struct execution *x, const struct container_exec_options *options,
			 struct err *e)
{
	bool terminal = x->plan->process.terminal;

	if (terminal && options->detach && !options->console_socket)
		return fail(e, ERR_USAGE,
			    "a detached process with a terminal needs --console-socket");
	if (!terminal && options->console_socket)
		return fail(e, ERR_USAGE,
			    "--console-socket is given but the process has no terminal");
	return 0;
}

static int prepare_foreground(void *context, const struct child *process, int console_master,
			      struct err *e)
{
	struct execution *x = context;

	(void)process;
	x->foreground.master = console_master;
	return foreground_prepare(&x->foreground, &x->signal_fd, e);
}

static int execute(const struct global_options *global, struct execution *x,
		   const struct container_exec_options *options, int *ret_code, struct err *e)
{
	struct create_options common = {
		.pid_file = options->pid_file,
		.console_socket = options->console_socket,
		.console_to_caller = !options->detach && !options->console_socket,
		.preserve_fds = options->preserve_fds + x->inherited.listen_fds,
		.no_new_keyring = x->status->no_new_keyring,
	};
	int waiting = container_is_waiting(&x->dir, x->status, e);

	if (waiting < 0)
		return -1;
	struct exec_request request = {
		.plan = x->plan,
		.facts = x->facts,
		.options = &common,
		.state = &x->dir,
		.status = x->status,
		.arena = &x->arena,
		.filters_directory = seccomp_cache_directory(global->rootless, &x->arena),
		.listens = x->inherited.listen_fds > 0,
		.cgroups = options->cgroups,
		.pidfd_socket = options->pidfd_socket,
		.ignore_paused = options->ignore_paused,
		.waiting = waiting > 0,
		.prepare = options->detach ? NULL : prepare_foreground,
		.context = x,
	};
	struct exec_result result = { .process = CHILD_INIT, .console_master = -1 };
	int rc = boot_exec(&request, &result, e);

	*ret_code = 0;
	if (rc == 0 && !options->detach)
		rc = foreground_follow(&x->foreground, &result.process, x->signal_fd, ret_code, e);
	foreground_end(&x->foreground);
	close_keep_errno(result.console_master);
	child_keep(&result.process);
	return rc;
}

int container_exec(const struct global_options *global, const char *id,
		   const struct container_exec_options *options, int *ret_code, struct err *e)
{
	__attribute__((cleanup(execution_release))) struct execution x = {
		.dir = STATE_DIR_INIT,
		.foreground = { .master = -1 },
		.signal_fd = -1,
	};
	int code;

	if (read_records(global, id, &x, e) < 0 || make_plan(&x, options, e) < 0 ||
	    check_console(&x, options, e) < 0)
		return -1;
	for (size_t i = 0; i < x.plan->warnings.n; i++)
		log_warning("%s", x.plan->warnings.v[i]);
	for (size_t i = 0; i < x.plan->notes.n; i++)
		log_note("%s", x.plan->notes.v[i]);
	if (execute(global, &x, options, &code, e) < 0)
		return -1;
	*ret_code = code;
	return 0;
}

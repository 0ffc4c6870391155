/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: another process in a container. What it may have comes from the records that creation left, the
 * policy in force then among them, and not from the policy file. Runs in the runtime.
 */
#include "base/auto.h"
#include "base/log.h"
#include "container/exec_process.h"
#include "container/leftover.h"
#include "container/terminal.h"
#include "seccomp/program.h"

#include <string.h>
#include <sys/vfs.h>

#define SELINUX_ROOT "/sys/fs/selinux"
#define SELINUX_MAGIC_NUMBER 0xf97cff8c /* linux/magic.h, SELINUX_MAGIC */
#define APPARMOR_ENABLED "/sys/module/apparmor/parameters/enabled"

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

static int read_records(const struct global_options *global, const char *id, struct execution *x,
			struct err *e)
{
	if (state_open(global->root, id, true, &x->dir, e) < 0 ||
	    state_read_status(&x->dir, &x->arena, &x->status, e) < 0 ||
	    state_read_config(&x->dir, &x->arena, &x->config, e) < 0)
		return -1;
	if (!x->status || !x->config || x->status->phase == PHASE_CREATING)
		return fail(e, ERR_STATE, "cannot exec in container %s: it is not created yet", id);
	if (!x->status->policy)
		return fail(e, ERR_STATE,
			    "container %s: its records do not say under which policy "
			    "it was created",
			    id);
	return 0;
}

static bool has_apparmor(void)
{
	autofclose FILE *file = fopen(APPARMOR_ENABLED, "re");

	return file && fgetc(file) == 'Y';
}

static bool has_selinux(void)
{
	struct statfs fs;

	return statfs(SELINUX_ROOT, &fs) == 0 && (uint32_t)fs.f_type == SELINUX_MAGIC_NUMBER;
}

/* A profile that nobody enforces would be a promise that nobody keeps. */
static int check_labels(struct spec_process *process, struct err *e)
{
	if (!str_empty(process->apparmor_profile) && !has_apparmor()) {
		if (!str_eq(process->apparmor_profile, "unconfined"))
			return fail(e, ERR_CONFIG,
				    "apparmorProfile \"%s\": AppArmor is not enabled on this host",
				    process->apparmor_profile);
		process->apparmor_profile = NULL;
	}
	if (!str_empty(process->selinux_label) && !has_selinux())
		return fail(e, ERR_CONFIG,
			    "selinuxLabel \"%s\": SELinux is not enabled on this host",
			    process->selinux_label);
	return 0;
}

static int make_plan(struct execution *x, const struct container_exec_options *options,
		     struct err *e)
{
	struct spec_process *process;
	struct verdict verdict;

	if (exec_process_make(x->config->process, options, &x->arena, &process, e) < 0 ||
	    check_labels(process, e) < 0)
		return -1;
	policy_apply_process(process, x->status->policy, &x->arena, &verdict);
	if (verdict.refused)
		return policy_refusal(&verdict, e);
	for (size_t i = 0; i < verdict.decisions.n; i++)
		log_info("policy: %s: %s: %s", verdict.decisions.v[i].rule,
			 verdict.decisions.v[i].path, verdict.decisions.v[i].why);
	x->spec = verdict.spec;
	x->spec->oci_version = x->config->oci_version;
	x->spec->annotations = x->config->annotations;
	x->spec->linux_ = arena_new(&x->arena, struct spec_linux);
	x->spec->linux_->seccomp = x->config->linux_ ? x->config->linux_->seccomp : NULL;
	if (facts_of_caller(options->cgroups.n > 0, &x->arena, &x->facts, e) < 0)
		return -1;
	inherit_sockets(&x->arena, &x->inherited);
	struct plan_options plan_options = {
		.id = x->status->id,
		.bundle = x->status->bundle,
		.environment = &x->inherited.environment,
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

	x->foreground.init = process;
	x->foreground.master = console_master;
	return foreground_prepare(&x->foreground, &x->signal_fd, e);
}

static int follow(struct execution *x, struct exec_result *result, int *ret_code, struct err *e)
{
	x->foreground.init = &result->process;
	if (foreground_follow(&x->foreground, x->signal_fd, e) < 0)
		return -1;
	return child_wait(&result->process, ret_code, e);
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
		.waiting = container_is_waiting(&x->dir, x->status),
		.prepare = options->detach ? NULL : prepare_foreground,
		.context = x,
	};
	struct exec_result result = { .process = CHILD_INIT, .console_master = -1 };
	int rc = boot_exec(&request, &result, e);

	*ret_code = 0;
	if (rc == 0 && !options->detach)
		rc = follow(x, &result, ret_code, e);
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
	if (execute(global, &x, options, &code, e) < 0)
		return -1;
	*ret_code = code;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: another process in a container. What it may have comes from the records that creation left, the
 * policy in force then among them, and not from the policy file. Runs in the runtime.
 */
#include "base/auto.h"
#include "boot/record/forward.h"
#include "container/exec_process.h"
#include "container/recorded.h"
#include "container/records.h"
#include "container/report.h"
#include "container/terminal.h"
#include "os/log.h"
#include "plan/make.h"
#include "seccomp/program.h"
#include "spec/part.h"

#include <string.h>

/* One exec, from the records to the running process. */
struct execution {
	struct arena arena;
	struct state_dir dir;
	struct status_record *status;
	struct spec *config;
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
		return fail(
			e, ERR_STATE,
			"container %s: its records do not say under which policy it was created",
			id);
	return find_cgroup(global, x, e);
}

/* What is asked for: the process, under the container's filter. */
static int exec_request(struct execution *x, const struct container_exec_options *options,
			struct spec **ret, struct err *e)
{
	struct spec *request = spec_parts(
		x->config, PART_ANNOTATIONS | PART_SECCOMP | PART_MEMORY_POLICY | PART_PERSONALITY,
		&x->arena);

	if (exec_process_make(x->config->process, options, &x->arena, &request->process, e) < 0)
		return -1;
	*ret = request;
	return 0;
}

static int make_plan(struct execution *x, const struct container_exec_options *options,
		     struct err *e)
{
	const struct network network = network_of_status(x->status);
	struct subject subject = {
		.path = PATH_EXEC,
		.policy = x->status->policy,
		.network = &network,
		.confinement = x->status->confinement,
	};
	struct plan_options plan_options = {
		.id = x->status->id,
		.bundle = x->status->bundle,
		.environment = &x->inherited.environment,
		.user_namespace = spec_namespace_find(x->config, SPEC_NS_USER) != NULL,
	};
	struct spec *request;
	struct verdict verdict;

	if (exec_request(x, options, &request, e) < 0 ||
	    facts_of_caller(options->cgroups.n > 0, &x->arena, &x->facts, e) < 0)
		return -1;
	facts_of_labels(request, x->facts);
	subject.request = request;
	policy_judge(&subject, x->facts, &x->arena, &verdict);
	const struct report_subject whose = report_subject_of(&x->dir, x->status);
	if (report_verdict(&whose, &verdict, &x->status->decisions, &x->arena, e) < 0)
		return -1;
	inherit_sockets(&x->arena, &x->inherited);
	return plan_make(&verdict, x->facts, &plan_options, &x->arena, &x->plan, e);
}

/* As for create: a terminal needs a process that holds its master. */
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

	struct err late;

	if (waiting < 0)
		return -1;
	if (record_forward_again(&x->dir, x->status, false, &x->arena, &late) < 0)
		log_warning(
			"container %s: what its engine has set up since does not lead to it: %s",
			x->dir.id, late.text);
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
	report_plan(x.plan);
	if (execute(global, &x, options, &code, e) < 0)
		return -1;
	*ret_code = code;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore: as create and run, but the processes come from the images of a checkpoint. The bundle's
 * configuration goes through the policy again; what of it is about the program itself (its arguments,
 * identity, filter) is what the images say. Runs in the runtime.
 */
#include "base/json.h"
#include "container/create.h"
#include "container/criu_options.h"
#include "container/recorded.h"
#include "container/report.h"
#include "container/terminal.h"
#include "criu/images.h"
#include "os/io.h"
#include "os/log.h"

#include <signal.h>

/* Three short texts. */
#define DESCRIPTORS_MAX (16u << 10)

/* What can be passed on: a pipe, a file that was not the container's. All else criu opens again. */
static bool is_inherited(const char *key)
{
	return str_has_prefix(key, "pipe:[") || str_has_prefix(key, CRIU_FILE_KEY);
}

/* The same file as runc's: an array of what the standard streams were. */
static int read_descriptors(int images, struct arena *arena, const char *ret[3], struct err *e)
{
	struct json_source source = { .name = CRIU_DESCRIPTORS_FILE };
	struct json_value *list;
	char *text;
	int rc;

	if (read_file_at(images, CRIU_DESCRIPTORS_FILE, DESCRIPTORS_MAX, &text, &source.length, e) <
	    0)
		return e->sys == ENOENT
			       ? fail(e, ERR_CONFIG,
				      "--image-path: no images of a checkpoint ('%s': no such file or directory)",
				      CRIU_DESCRIPTORS_FILE)
			       : -1;
	source.text = arena_strndup(arena, text, source.length);
	free(text);
	rc = json_parse(&source, arena, &list, e);
	if (rc == 0 && list->kind != JSON_ARRAY)
		rc = json_fail(&source, list, e, "must be an array");
	if (rc < 0)
		return -1;
	const struct json_value *entry = list->first;
	for (int fd = 0; fd < 3 && entry; fd++, entry = entry->next) {
		if (entry->kind != JSON_STRING)
			return json_fail(&source, entry, e, "must be a string");
		ret[fd] = is_inherited(entry->text) ? entry->text : NULL;
	}
	return 0;
}

static int refuse_what_criu_cannot(const struct host *host, const struct plan *plan, struct err *e)
{
	static const int kinds[] = { SPEC_NS_MOUNT, SPEC_NS_USER, SPEC_NS_CGROUP };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (host->requested[kinds[i]] >= 0)
			return fail(
				e, ERR_CONFIG,
				"linux.namespaces: criu cannot restore a container into an existing %s namespace",
				ns_rows[kinds[i]].name);
	if (plan->namespaces.host_mounts)
		return fail(
			e, ERR_CONFIG,
			"linux.namespaces: criu restores a container into a mount namespace of its own alone; add one");
	for (size_t i = 0; i < plan->mounts.n; i++)
		if (plan_is_root(&plan->mounts.v[i]))
			return fail(
				e, ERR_CONFIG,
				"mounts[%u].destination: criu knows one root file system, that of root.path",
				plan->mounts.v[i].index);
	if (plan->net_devices.n > 0)
		return fail(
			e, ERR_CONFIG,
			"linux.netDevices: criu makes the network of the images, and gives it no device of the host");
	return 0;
}

/* Whatever the images say, none has what the policy takes from every container. */
static int judge_made(void *context, const struct made_facts *processes, struct err *e)
{
	struct new_container *made = context;
	const struct network network = network_of_status(&made->status);
	const struct subject subject = {
		.path = PATH_RESTORED,
		.policy = made->status.policy,
		.network = &network,
		.confinement = made->status.confinement,
		.made = processes,
	};
	struct verdict verdict;

	policy_judge(&subject, made->preview.facts, &made->arena, &verdict);
	const struct report_subject whose = report_subject_of(&made->dir, &made->status);
	return report_verdict(&whose, &verdict, &made->status.decisions, &made->arena, e);
}

/* Up to a container that runs. */
static int make_restored(const struct global_options *global, const char *id,
			 const struct container_create_options *create,
			 const struct container_checkpoint_options *options, bool to_us,
			 struct new_container *made, struct err *e)
{
	auto_criu_directories directories = CRIU_DIRECTORIES_INIT;
	struct create_result result = { .init = CHILD_INIT, .console_master = -1, .channel = -1 };
	struct create_options page_options = {
		.pid_file = create->pid_file,
		.console_socket = create->console_socket,
		.console_to_caller = to_us,
	};
	struct criu_request criu;
	struct restore_request request = { .criu = &criu };
	size_t decided;
	int rc;

	if (criu_check_version(global->criu, &made->arena, &request.program, e) < 0 ||
	    criu_directories_open(options, false, &made->arena, &directories, e) < 0 ||
	    criu_request_fill(options, &directories, &made->arena, &criu, e) < 0 ||
	    read_descriptors(directories.images, &made->arena, request.descriptors, e) < 0)
		return -1;
	criu.log_file = CRIU_RESTORE_LOG;
	request.images_path = directories.images_path;
	request.work_path = directories.work_path;
	if (container_prepare(global, id, PATH_RESTORE, create, to_us, made, &request.create, e) <
	    0)
		return -1;
	request.create.options = &page_options;
	request.judge = judge_made;
	request.context = made;
	const struct criu_config_source config = {
		.annotations = &made->preview.plan->annotations,
		.bundle = made->preview.plan->bundle,
		.policy = made->preview.policy.policy,
		.network = made->preview.verdict.network,
	};
	if (criu_config_open(&config, &made->arena, &directories, &criu, e) < 0 ||
	    refuse_what_criu_cannot(&made->host, made->preview.plan, e) < 0)
		return container_discard(made, NULL, e);
	decided = made->status.decisions.n;
	rc = boot_restore(&request, &result, e);
	report_created(made, PATH_RESTORE, decided);
	if (rc < 0) {
		(void)!spec_fail_located_in_step(made->preview.verdict.spec, config_name(create),
						 e);
		return container_discard(made, &result, e);
	}
	made->init = result.init;
	made->console_master = result.console_master;
	return 0;
}

/* Others may want to look at it, kill it or delete it meanwhile. */
static int follow_to_the_end(struct new_container *made, struct foreground *f, int *ret_code,
			     struct err *e)
{
	autoclose int signal_fd = -1;
	int rc;

	state_unlock(&made->dir);
	rc = foreground_prepare(f, &signal_fd, e);
	if (rc == 0)
		rc = foreground_follow(f, &made->init, signal_fd, ret_code, e);
	foreground_end(f);
	return rc;
}

int container_restore(const struct global_options *global, const char *id,
		      const struct container_create_options *create,
		      const struct container_checkpoint_options *options, int *ret_code,
		      struct err *e)
{
	autonew made = NEW_CONTAINER_INIT;
	struct foreground foreground = { .master = -1 };
	bool to_us = !create->detach && !create->console_socket;
	struct err ignored;
	int rc, code = 0;

	if (make_restored(global, id, create, options, to_us, &made, e) < 0)
		return -1;
	if (create->detach) {
		*ret_code = 0;
		return 0;
	}
	foreground.master = made.console_master;
	rc = follow_to_the_end(&made, &foreground, &code, e);
	/* Exactly the one that was made: another may have its name by now. */
	if (state_relock(&made.dir, &ignored) == 0 &&
	    container_delete_opened(global, &made.dir, made.init.pid == 0 ? &made.status : NULL,
				    true, rc < 0 ? &ignored : e) < 0)
		rc = -1;
	if (rc == 0)
		*ret_code = code;
	return rc;
}

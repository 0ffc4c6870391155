/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data flow up to the plan, which `create` and `explain` share: configuration,
 * policy, facts, verdict, plan. Looks at the host and changes nothing.
 */
#include "base/auto.h"
#include "container/container.h"
#include "os/json_file.h"
#include "plan/make.h"
#include "seccomp/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#define DEFAULT_CONFIG "config.json"

const char *config_name(const struct container_create_options *options)
{
	return options->config_name ? options->config_name : DEFAULT_CONFIG;
}

static int open_bundle(const char *path, struct arena *arena, const char **ret_absolute,
		       struct err *e)
{
	autofree char *absolute = realpath(path, NULL);
	autoclose int fd = -1;

	if (!absolute)
		return fail_sys(e, "open bundle '%s'", path);
	fd = open(absolute, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_sys(e, "open bundle '%s'", absolute);
	*ret_absolute = arena_strdup(arena, absolute);
	return take_fd(&fd);
}

static int load_config(int bundle, const char *shown, const char *name, struct arena *arena,
		       struct spec **ret, struct err *e)
{
	autojsonfile file = { 0 };

	if (json_file_read(bundle, name, name, JSON_MAX_BYTES, &file, e) == 0)
		return spec_decode(&file.source, arena, ret, e);
	if (e->sys == ENOENT)
		return fail(
			e, ERR_CONFIG,
			"bundle '%s': %s is missing; write one with `distro-shim spec`, or name the bundle with --bundle",
			shown, name);
	return -1;
}

static int make_plan(const struct global_options *global, const char *id, const char *bundle,
		     const struct container_create_options *given,
		     const struct inherited *inherited, struct arena *arena,
		     struct container_preview *preview, struct err *e)
{
	struct plan_options options = {
		.hook_timeout = policy_hook_timeout(preview->policy.policy),
		.id = id,
		.bundle = bundle,
		.no_pivot = given->no_pivot,
		.cgroup_disabled = global->cgroup_disabled,
		.systemd_cgroup = global->systemd_cgroup,
		.root = global->root,
	};

	if (inherited)
		options.environment = &inherited->environment;
	if (inherited && inherited->notify_socket) {
		options.notify_source =
			arena_printf(arena, "%s/%s/" STATE_NOTIFY, global->root, id);
		options.notify_destination = NOTIFY_DIRECTORY_INSIDE;
	}

	/* Of the verdict's spec and not of the request: what the policy took away need not be
	 * valid, and what it added may be what was missing. */
	if (spec_validate(preview->verdict.spec, config_name(given), e) < 0)
		return -1;
	if (plan_make(&preview->verdict, preview->facts, &options, arena, &preview->plan, e) < 0 ||
	    seccomp_check_names(preview->plan->seccomp, e) < 0)
		return spec_fail_located(preview->verdict.spec, config_name(given), e);
	return 0;
}

int container_judge(const struct global_options *global, const struct container_asked *asked,
		    struct arena *arena, struct container_preview *preview, struct host *ret_host,
		    struct err *e)
{
	const struct facts_options options = {
		.bundle = asked->bundle,
		.members_directory = registry_default_directory(global->rootless, arena),
		.cgroup_disabled = global->cgroup_disabled,
		.systemd_cgroup = global->systemd_cgroup,
		.id = asked->id,
		.root = global->root,
		.hold = asked->hold,
		.whole = preview->policy.policy,
		.owner = asked->owner,
		.network = global->network,
		.program = global->program,
	};
	struct caller_facts caller;

	if (facts_of_request(options.whole, preview->spec, &options, arena, &caller, e) < 0 ||
	    policy_select(preview->policy.policy, preview->spec, &caller, arena,
			  &preview->selection, e) < 0)
		return -1;
	preview->policy.policy = preview->selection.policy;
	if (facts_gather(preview->spec, preview->policy.policy, &options, arena, &preview->facts,
			 ret_host, e) < 0)
		return spec_fail_located(preview->spec, preview->config_name, e);
	const struct subject subject = {
		.path = asked->path,
		.policy = preview->policy.policy,
		.request = preview->spec,
		.selection = policy_has_choice(options.whole) ? &preview->selection : NULL,
		.receiver = asked->receiver,
	};
	policy_judge(&subject, preview->facts, arena, &preview->verdict);
	return 0;
}

int container_open_bundle(const char *path, const char *name, struct arena *arena,
			  const char **ret_absolute, struct spec **ret, struct err *e)
{
	autoclose int bundle = open_bundle(path, arena, ret_absolute, e);

	return bundle < 0 ? -1 : load_config(bundle, *ret_absolute, name, arena, ret, e);
}

int container_preview(const struct global_options *global, const char *id, enum policy_path path,
		      const struct container_create_options *options,
		      const struct inherited *inherited, struct arena *arena,
		      struct container_preview *ret, struct host *ret_host, struct err *e)
{
	struct container_preview preview = { .config_name = config_name(options) };
	struct container_asked asked = {
		.id = id,
		.path = path,
		.hold = inherited != NULL,
		.receiver = getenv("RUN_OCI_SECCOMP_RECEIVER"),
	};
	autohost host = HOST_INIT;

	if (state_check_id(id, e) < 0 ||
	    container_open_bundle(options->bundle ? options->bundle : ".", preview.config_name,
				  arena, &asked.bundle, &preview.spec, e) < 0 ||
	    (global->from_outside && container_ids_from_outside(preview.spec, arena, e) < 0) ||
	    policy_load(global->policy_path, arena, &preview.policy, e) < 0 ||
	    container_judge(global, &asked, arena, &preview, &host, e) < 0)
		return -1;
	/* What the policy decided is worth showing even if the rest cannot be carried out. */
	if (!preview.verdict.refused && make_plan(global, id, asked.bundle, options, inherited,
						  arena, &preview, &preview.unplanned) < 0)
		preview.plan = NULL;

	*ret = preview;
	*ret_host = host;
	host = (struct host)HOST_INIT;
	return 0;
}

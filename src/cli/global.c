/* SPDX-License-Identifier: Apache-2.0 */
/* Options before the command, and the defaults of what was not given. Runs in the caller's process. */
#include "base/auto.h"
#include "cli/cli.h"
#include "facts/facts.h"
#include "state/state.h"
#include "sys/self_exe.h"

#include <errno.h>
#include <stdlib.h>

const struct cli_option cli_global_rows[] = {
	CLI_TEXT_ROW("root", 0, root, "DIR", CLI_OFFER_DIRECTORY,
		     "where the state of containers is kept"),
	CLI_TEXT_ROW("log", 0, log, "TARGET", CLI_OFFER_FILE,
		     "log to a file, syslog:IDENT or journald:IDENT"),
	CLI_CHOICE_ROW("log-format", 0, log_format, "FORMAT", "text json",
		       "how a record of the log looks (default: text)"),
	CLI_CHOICE_ROW("log-level", 0, log_level, "LEVEL", "error warning info debug",
		       "what is logged (default: warning)"),
	CLI_FLAG_ROW("debug", 0, debug, "the same as --log-level debug"),
	CLI_TEXT_ROW("policy", 0, policy, "FILE", CLI_OFFER_FILE,
		     "use this policy file instead of the system's"),
	CLI_TEXT_ROW("network", 0, network_name, "NAME", CLI_OFFER_NOTHING,
		     "the network of the policy that a new container gets, if it may be chosen so"),
	CLI_CHOICE_ROW("rootless", 0, rootless, "MODE", "true false auto",
		       "use a user's directories, not root's (default: auto)"),
	CLI_FLAG_ROW("systemd-cgroup", 0, systemd_cgroup, "the same as --cgroup-manager systemd"),
	CLI_CHOICE_ROW("cgroup-manager", 0, cgroup_manager, "MANAGER", "cgroupfs systemd disabled",
		       "who makes control groups (default: cgroupfs)"),
	CLI_TEXT_ROW("criu", 0, criu, "FILE", CLI_OFFER_FILE,
		     "the criu program (default: the one in $PATH)"),
	CLI_FLAG_ROW("version", 'v', version, "show the version"),
	CLI_END_ROW,
};

static const struct name_row log_levels[] = {
	{ "error", LOG_LEVEL_ERROR },
	{ "warning", LOG_LEVEL_NOTE },
	{ "info", LOG_LEVEL_INFO },
	{ "debug", LOG_LEVEL_DEBUG },
	{ NULL, 0 },
};

struct log_options cli_log_options(const struct cli_values *values,
				   const struct cli_command *command)
{
	bool warns = values->log || (command && command->warns);
	int64_t level = warns ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR;

	if (values->debug)
		level = LOG_LEVEL_DEBUG;
	else if (values->log_level)
		(void)name_to_value(log_levels, values->log_level, &level);
	return (struct log_options){
		.path = values->log,
		.json = str_eq(values->log_format, "json"),
		.level = (enum log_level)level,
	};
}

/* Where `path`, which has no links left in it, leads by one more component. */
static const char *path_step(const char *path, const char *name, bool last, struct arena *arena)
{
	const char *slash = strrchr(path, '/');
	const char *next = arena_printf(arena, "%s/%s", slash[1] ? path : "", name);

	if (str_eq(name, ".."))
		return slash == path ? "/" : arena_strndup(arena, path, (size_t)(slash - path));
	autofree char *real = last ? NULL : realpath(next, NULL);
	/* what is not there yet has no links */
	return real ? arena_strdup(arena, real) : next;
}

/*
 * The registry names members by root and id, so one root must have one spelling, whatever directory the caller
 * is in and by whatever links it gets there. The last component stays as it is: a link there is refused, and
 * "LINK/." is one.
 */
static int absolute_root(const char *root, struct arena *arena, const char **ret, struct err *e)
{
	char *words = arena_strdup(arena, root), *name;
	const char *path = "/", *previous = NULL;

	if (root[0] != '/') {
		autofree char *here = getcwd(NULL, 0);

		/* "(unreachable)" stands in front of a directory outside the root */
		if (here && here[0] != '/')
			errno = ENOENT;
		if (!here || here[0] != '/')
			return fail_sys(
				e, "find the current directory, to which --root %s is relative",
				root);
		path = arena_strdup(arena, here);
	}
	while ((name = strsep(&words, "/"))) {
		if (!*name || str_eq(name, "."))
			continue;
		if (previous)
			path = path_step(path, previous, false, arena);
		previous = name;
	}
	*ret = previous ? path_step(path, previous, true, arena) : path;
	return 0;
}

int cli_global_options(const struct cli_values *values, struct arena *arena,
		       struct global_options *ret, struct err *e)
{
	struct global_options global = {
		.policy_path = values->policy,
		.criu = values->criu,
		.network = values->network_name,
		.program = self_exe_name(),
		.from_outside = values->from_outside,
	};
	const char *manager = values->cgroup_manager;

	if (!values->rootless || str_eq(values->rootless, "auto"))
		global.rootless = facts_is_rootless();
	else
		global.rootless = str_eq(values->rootless, "true");

	/* conmon passes --systemd-cgroup for the whole engine and Podman --cgroup-manager disabled for
	 * this one container: the more exact one wins. */
	global.cgroup_disabled = str_eq(manager, "disabled");
	global.systemd_cgroup = manager ? str_eq(manager, "systemd") : values->systemd_cgroup;

	const char *root = values->root ? values->root : state_default_root(global.rootless, arena);
	if (absolute_root(root, arena, &global.root, e) < 0)
		return -1;
	*ret = global;
	return 0;
}

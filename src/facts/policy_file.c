/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding, trusting and reading the policy file. Runs in the runtime before anything else is decided.
 * For root nothing in the environment is looked at: the path is compiled in or an argument.
 */
#include "facts/policy_file.h"

#include "base/path.h"
#include "sys/caller.h"

#include <fcntl.h>
#include <sys/stat.h>

static void add_owner(struct owners *owners, uid_t uid)
{
	owners->v[owners->n++] = uid;
}

/* Directories above any of the files: in a user namespace the root directory itself shows the overflow
 * uid. */
static struct trust base_trust(const struct policy_caller *caller)
{
	struct trust trust = { 0 };

	add_owner(&trust.directories, caller->root);
	if (caller->rootless)
		add_owner(&trust.directories, caller->self);
	if (caller->rootless && caller->in_user_namespace)
		add_owner(&trust.directories, caller->overflow);
	return trust;
}

/* Of the files that a user alone gives himself. */
static struct trust users_trust(const struct policy_caller *caller)
{
	struct trust trust = base_trust(caller);

	if (caller->rootless) {
		add_owner(&trust.file, caller->self);
		trust.own_group = true;
		trust.user = caller->self;
		trust.group = caller->group;
	}
	return trust;
}

static struct trust argument_trust(const struct policy_caller *caller)
{
	struct trust trust = users_trust(caller);

	add_owner(&trust.file, caller->root);
	return trust;
}

/* Any unmapped user's file shows the overflow uid: it stands for root at this one path only. */
static struct trust system_trust(const struct policy_caller *caller)
{
	struct trust trust = base_trust(caller);

	add_owner(&trust.file, caller->root);
	if (caller->rootless && caller->in_user_namespace)
		add_owner(&trust.file, caller->overflow);
	return trust;
}

static bool is_absolute(const char *path)
{
	return path && path[0] == '/';
}

static const char *own_path(const struct policy_caller *caller, struct arena *arena)
{
	if (is_absolute(caller->config_home))
		return arena_printf(arena, "%s/distro-shim/policy.json", caller->config_home);
	if (is_absolute(caller->home))
		return arena_printf(arena, "%s/.config/distro-shim/policy.json", caller->home);
	return NULL;
}

static bool is_missing(int root_fd, const char *path)
{
	struct stat status;

	return fstatat(root_fd, path + strspn(path, "/"), &status, 0) < 0 &&
	       (errno == ENOENT || errno == ENOTDIR);
}

/* 1: read; 0: there is no such file; -1. */
static int load_file(int root_fd, const char *path, const struct trust *trust,
		     const struct policy *defaults, struct arena *arena, struct policy_source *ret,
		     struct err *e)
{
	const struct trusted_name name = { .what = "policy file", .base = "", .path = path };
	autoclose int file = trusted_open_at(root_fd, &name, trust, e);
	autofree char *text = NULL;
	struct policy *said;
	size_t length;

	if (file < 0)
		return e->sys == ENOENT ? 0 : -1;
	/* from here on ENOENT would be that of /proc, and not say that the policy is missing */
	if (trusted_read(file, &name, POLICY_FILE_MAX, &text, &length, e) < 0)
		return -1;
	if (policy_read(text, length, path, arena, &said, e) < 0) {
		e->kind = ERR_POLICY;
		return -1;
	}
	ret->policy = policy_complete(said, defaults, arena);
	ret->said = said;
	ret->path = arena_strdup(arena, path);
	ret->text = arena_strndup(arena, text, length);
	ret->length = length;
	return 1;
}

int policy_load_as(int root_fd, const char *path, const struct policy_caller *caller,
		   struct arena *arena, struct policy_source *ret, struct err *e)
{
	const char *network = NULL;
	struct trust trust;
	struct err missing;
	int found;

	if (caller->rootless && is_absolute(caller->runtime_directory))
		network =
			arena_printf(arena, "%s" POLICY_NETWORK_OF_USER, caller->runtime_directory);

	struct policy *defaults = policy_default(arena, network);

	ret->looked_for = NULL;
	ret->network_of_user = network != NULL;
	if (path) {
		ret->origin = POLICY_OF_ARGUMENT;
		trust = argument_trust(caller);
		return load_file(root_fd, path, &trust, defaults, arena, ret, e) == 1 ? 0 : -1;
	}
	path = caller->rootless ? own_path(caller, arena) : NULL;
	ret->looked_for = path ? path : caller->system_path;
	/* If there is none, no directory on the way to it decides anything. Not so with the system's: there
	 * a user who can write a directory could take the policy away. */
	if (path && !is_missing(root_fd, path)) {
		ret->origin = POLICY_OF_USER;
		trust = users_trust(caller);
		found = load_file(root_fd, path, &trust, defaults, arena, ret, &missing);
		if (found < 0)
			*e = missing;
		if (found)
			return found < 0 ? -1 : 0;
	}
	ret->origin = POLICY_OF_SYSTEM;
	trust = system_trust(caller);
	found = load_file(root_fd, caller->system_path, &trust, defaults, arena, ret, &missing);
	if (found < 0)
		*e = missing;
	if (found)
		return found < 0 ? -1 : 0;
	ret->origin = POLICY_BUILT_IN;
	ret->policy = defaults;
	ret->said = NULL;
	ret->path = ret->text = NULL;
	return 0;
}

static const char *absolute_path(const char *path, struct arena *arena, struct err *e)
{
	autofree char *directory = NULL, *clean = NULL;

	if (path[0] != '/') {
		directory = getcwd(NULL, 0);
		/* "(unreachable)" stands in front of a directory outside the root */
		if (!directory || directory[0] != '/') {
			fail_sys(e, "policy file '%s': find the working directory", path);
			e->kind = ERR_POLICY;
			return NULL;
		}
		path = arena_printf(arena, "%s/%s", directory, path);
	}
	/* no link is followed on the way, so that ".." means what it looks like */
	clean = path_clean(path);
	return arena_strdup(arena, clean);
}

int policy_load(const char *path, struct arena *arena, struct policy_source *ret, struct err *e)
{
	struct policy_caller caller = {
		.root = 0,
		.self = geteuid(),
		.group = getegid(),
		.rootless = facts_is_rootless(),
		.system_path = POLICY_FILE_PATH,
	};
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return fail_sys(e, "open /");
	if (caller.rootless) {
		caller.in_user_namespace = facts_in_user_namespace();
		caller.config_home = getenv("XDG_CONFIG_HOME");
		caller.home = getenv("HOME");
		caller.runtime_directory = getenv("XDG_RUNTIME_DIR");
		if (caller_overflow_uid(&caller.overflow, e) < 0)
			return -1;
	}
	if (path) {
		path = absolute_path(path, arena, e);
		if (!path)
			return -1;
	}
	return policy_load_as(root, path, &caller, arena, ret, e);
}

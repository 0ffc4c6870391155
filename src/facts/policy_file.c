/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding, trusting and reading the policy file. Runs in the runtime before anything else is decided.
 * For root nothing in the environment is looked at: the path is compiled in or an argument.
 */
#include "facts/policy_file.h"

#include "base/io.h"
#include "sys/beneath.h"
#include "sys/procfs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define OVERFLOW_UID 65534 /* DEFAULT_OVERFLOWUID, linux/highuid.h */

static bool is_owner(const struct owners *owners, uid_t uid)
{
	for (size_t i = 0; i < owners->n; i++) {
		if (owners->v[i] == uid)
			return true;
	}
	return false;
}

static int distrust(struct err *e, const char *path, const char *part, const char *why)
{
	return fail(e, ERR_POLICY, "policy file '%s': '%s' %s", path, part, why);
}

static int fail_policy_sys(struct err *e, const char *path, const char *part)
{
	fail_sys(e, "policy file '%s': open '%s'", path, part);
	e->kind = ERR_POLICY;
	return -1;
}

/*
 * A user's files are 775 and 664 where each user has a group of his own (pam_umask(8)). For other users it is
 * their own policy that is asked for, and who can write HOME has his account anyway. An access control list
 * shows in the group's bits as well (acl(5)), and names others.
 */
static bool is_own_group(int fd, const struct stat *st, const struct trust *trust)
{
	return trust->user != (uid_t)-1 && st->st_uid == trust->user &&
	       st->st_gid == trust->group &&
	       getxattr(fd_path(fd).text, "system.posix_acl_access", NULL, 0) < 0;
}

static int check_owner_and_mode(int fd, const struct stat *st, const struct trust *trust,
				const struct owners *owners, const char *path, const char *part,
				struct err *e)
{
	if (!is_owner(owners, st->st_uid))
		return fail(e, ERR_POLICY, "policy file '%s': '%s' belongs to user %u", path, part,
			    (unsigned)st->st_uid);
	/* the group bits also stand for every entry of an access control list (acl(5)) */
	if (st->st_mode & S_IWOTH || (st->st_mode & S_IWGRP && !is_own_group(fd, st, trust)))
		return distrust(e, path, part, "can be written by others than its owner");
	return 0;
}

static int check_directory(int fd, const struct trust *trust, const char *path, const char *part,
			   struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_policy_sys(e, path, part);
	if (S_ISLNK(st.st_mode))
		return distrust(e, path, part, "is a symbolic link");
	if (!S_ISDIR(st.st_mode))
		return distrust(e, path, part, "is not a directory");
	return check_owner_and_mode(fd, &st, trust, &trust->directories, path, part, e);
}

static int check_file(int fd, const struct trust *trust, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_policy_sys(e, path, path);
	if (S_ISLNK(st.st_mode))
		return distrust(e, path, path, "is a symbolic link");
	if (!S_ISREG(st.st_mode))
		return distrust(e, path, path, "is not a regular file");
	if (st.st_nlink != 1)
		return distrust(e, path, path, "has another name elsewhere (hard link)");
	return check_owner_and_mode(fd, &st, trust, &trust->file, path, path, e);
}

int trusted_open_at(int root_fd, const char *path, const struct trust *trust, struct err *e)
{
	autofree char *clean = path_clean(path);
	autoclose int at = openat(root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *name = clean + 1;

	if (at < 0)
		return fail_policy_sys(e, path, "/");
	if (check_directory(at, trust, path, "/", e) < 0)
		return -1;
	for (;;) {
		char *slash = strchr(name, '/');

		/* cut behind this component: `clean` then names what is looked at, for messages */
		if (slash)
			*slash = '\0';
		replace_fd(&at, openat(at, *name ? name : ".", O_PATH | O_NOFOLLOW | O_CLOEXEC));
		if (at < 0)
			return fail_policy_sys(e, path, clean);
		if (!slash)
			break;
		if (check_directory(at, trust, path, clean, e) < 0)
			return -1;
		*slash = '/';
		name = slash + 1;
	}
	if (check_file(at, trust, path, e) < 0)
		return -1;
	return take_fd(&at);
}

int trusted_read(int file, const char *path, size_t limit, char **ret_text, size_t *ret_length,
		 struct err *e)
{
	autoclose int fd = reopen_fd(file, O_RDONLY | O_NOCTTY, e);

	if (fd < 0 || read_fd_all(fd, path, limit, ret_text, ret_length, e) < 0) {
		e->kind = ERR_POLICY;
		return err_prefix(e, "policy file '%s'", path);
	}
	return 0;
}

static void add_owner(struct owners *owners, uid_t uid)
{
	owners->v[owners->n++] = uid;
}

/* Directories above any of the files: in a user namespace the root directory itself shows the overflow
 * uid. */
static struct trust base_trust(const struct policy_caller *caller)
{
	struct trust trust = { .user = (uid_t)-1 };

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

/* Anybody's unmapped file shows the overflow uid: it stands for root at this one path only. */
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
	autoclose int file = trusted_open_at(root_fd, path, trust, e);
	autofree char *text = NULL;
	struct policy *policy;
	size_t length;

	if (file < 0)
		return e->sys == ENOENT ? 0 : -1;
	/* from here on ENOENT would be that of /proc, and not say that there is no policy */
	if (trusted_read(file, path, POLICY_FILE_MAX, &text, &length, e) < 0)
		return -1;
	if (policy_decode(text, length, path, defaults, arena, &policy, e) < 0) {
		e->kind = ERR_POLICY;
		return -1;
	}
	ret->policy = policy;
	ret->path = arena_strdup(arena, path);
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
		network = arena_printf(arena, "%s/distro-shim/netns", caller->runtime_directory);

	struct policy *defaults = policy_default(arena, network);

	if (path) {
		trust = argument_trust(caller);
		return load_file(root_fd, path, &trust, defaults, arena, ret, e) == 1 ? 0 : -1;
	}
	path = caller->rootless ? own_path(caller, arena) : NULL;
	/* Where there is none, no directory on the way to it decides anything. Not so with the system's: there
	 * who can write a directory could take the policy away. */
	if (path && !is_missing(root_fd, path)) {
		trust = users_trust(caller);
		found = load_file(root_fd, path, &trust, defaults, arena, ret, &missing);
		if (found < 0)
			*e = missing;
		if (found)
			return found < 0 ? -1 : 0;
	}
	trust = system_trust(caller);
	found = load_file(root_fd, caller->system_path, &trust, defaults, arena, ret, &missing);
	if (found < 0)
		*e = missing;
	if (found)
		return found < 0 ? -1 : 0;
	ret->policy = defaults;
	ret->path = NULL;
	return 0;
}

static int overflow_uid(uid_t *ret, struct err *e)
{
	autofree char *text = NULL;
	uint32_t uid;

	if (read_file_at(AT_FDCWD, "/proc/sys/kernel/overflowuid", 64, &text, NULL, e) < 0) {
		if (e->sys != ENOENT)
			return -1;
		/* a /proc of processes only has no sys (subset=pid): the kernel's default */
		*ret = OVERFLOW_UID;
		return 0;
	}
	text[strcspn(text, "\n")] = '\0';
	if (!parse_u32(text, &uid))
		return fail(e, ERR_SYSTEM, "/proc/sys/kernel/overflowuid cannot be understood");
	*ret = uid;
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
		if (overflow_uid(&caller.overflow, e) < 0)
			return -1;
	}
	if (path) {
		path = absolute_path(path, arena, e);
		if (!path)
			return -1;
	}
	return policy_load_as(root, path, &caller, arena, ret, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See trusted.h. Runs in the runtime. */
#include "sys/trusted.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/path.h"
#include "base/str.h"
#include "os/io.h"
#include "sys/beneath.h"
#include "sys/caller.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* Between the look and the making another process may be faster, or take away what it has made. */
#define MAKE_RETRIES 16

static bool is_owner(const struct owners *owners, uid_t uid)
{
	for (size_t i = 0; i < owners->n; i++) {
		if (owners->v[i] == uid)
			return true;
	}
	return false;
}

static void add_owner(struct owners *owners, uid_t uid)
{
	if (!is_owner(owners, uid))
		owners->v[owners->n++] = uid;
}

int trust_of_caller(struct trust *ret, struct err *e)
{
	struct trust trust = { 0 };
	uid_t overflow;

	add_owner(&trust.directories, 0);
	add_owner(&trust.file, 0);
	if (caller_is_rootless()) {
		add_owner(&trust.directories, geteuid());
		add_owner(&trust.file, geteuid());
	}
	if (caller_in_user_namespace()) {
		if (caller_overflow_uid(&overflow, e) < 0)
			return -1;
		add_owner(&trust.directories, overflow);
	}
	*ret = trust;
	return 0;
}

/* --- the walk --- */

/* `part` begins with a slash; of the base itself nothing but that is left. */
static int distrust(struct err *e, const struct trusted_name *name, const char *part,
		    const char *why)
{
	if (*name->base && str_eq(part, "/"))
		part = "";
	return fail(e, ERR_POLICY, "%s '%s%s': '%s%s' %s", name->what, name->base, name->path,
		    name->base, part, why);
}

static int fail_trusted_sys(struct err *e, const struct trusted_name *name, const char *part)
{
	fail_sys(e, "%s '%s%s': open '%s%s'", name->what, name->base, name->path, name->base, part);
	e->kind = ERR_POLICY;
	return -1;
}

/*
 * A user's files are 775 and 664 if each user has a group of his own (pam_umask(8)). For other users it is
 * their own policy that is asked for, and a user who can write HOME has the account anyway. An access control list
 * shows in the group's bits as well (acl(5)), and names others.
 */
static bool is_own_group(int fd, const struct stat *st, const struct trust *trust)
{
	return trust->own_group && st->st_uid == trust->user && st->st_gid == trust->group &&
	       getxattr(fd_path(fd).text, "system.posix_acl_access", NULL, 0) < 0;
}

static int check_owner_and_mode(int fd, const struct stat *st, const struct trust *trust,
				const struct owners *owners, const struct trusted_name *name,
				const char *part, struct err *e)
{
	char owner[48];

	if (!is_owner(owners, st->st_uid)) {
		snprintf(owner, sizeof(owner), "belongs to user %u", (unsigned)st->st_uid);
		return distrust(e, name, part, owner);
	}
	/* the group bits also stand for every entry of an access control list (acl(5)) */
	if (st->st_mode & S_IWOTH || (st->st_mode & S_IWGRP && !is_own_group(fd, st, trust)))
		return distrust(e, name, part, "can be written by others than its owner");
	return 0;
}

static int check_directory(int fd, const struct trust *trust, const struct trusted_name *name,
			   const char *part, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_trusted_sys(e, name, part);
	if (S_ISLNK(st.st_mode))
		return distrust(e, name, part, "is a symbolic link");
	if (!S_ISDIR(st.st_mode))
		return distrust(e, name, part, "is not a directory");
	return check_owner_and_mode(fd, &st, trust, &trust->directories, name, part, e);
}

static int check_file(int fd, const struct trust *trust, const struct trusted_name *name,
		      const char *part, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_trusted_sys(e, name, part);
	if (S_ISLNK(st.st_mode))
		return distrust(e, name, part, "is a symbolic link");
	if (!S_ISREG(st.st_mode))
		return distrust(e, name, part, "is not a regular file");
	if (st.st_nlink != 1)
		return distrust(e, name, part, "has another name elsewhere (hard link)");
	return check_owner_and_mode(fd, &st, trust, &trust->file, name, part, e);
}

typedef int (*check_fn)(int fd, const struct trust *trust, const struct trusted_name *name,
			const char *part, struct err *e);

static int walk(int root_fd, const struct trusted_name *name, const struct trust *trust,
		check_fn check_last, struct err *e)
{
	autofree char *clean = path_clean(name->path);
	autoclose int at = openat(root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *next = clean + 1;

	if (at < 0)
		return fail_trusted_sys(e, name, "/");
	if (check_directory(at, trust, name, "/", e) < 0)
		return -1;
	for (;;) {
		char *slash = strchr(next, '/');

		/* cut behind this component: `clean` then names what is looked at, for messages */
		if (slash)
			*slash = '\0';
		replace_fd(&at, openat(at, *next ? next : ".", O_PATH | O_NOFOLLOW | O_CLOEXEC));
		if (at < 0)
			return fail_trusted_sys(e, name, clean);
		if (!slash)
			break;
		if (check_directory(at, trust, name, clean, e) < 0)
			return -1;
		*slash = '/';
		next = slash + 1;
	}
	if (check_last(at, trust, name, clean, e) < 0)
		return -1;
	return take_fd(&at);
}

int trusted_open_at(int root_fd, const struct trusted_name *name, const struct trust *trust,
		    struct err *e)
{
	return walk(root_fd, name, trust, check_file, e);
}

int trusted_open_directory_at(int root_fd, const struct trusted_name *name,
			      const struct trust *trust, struct err *e)
{
	return walk(root_fd, name, trust, check_directory, e);
}

int trusted_read(int file, const struct trusted_name *name, size_t limit, char **ret_text,
		 size_t *ret_length, struct err *e)
{
	autoclose int fd = reopen_fd(file, O_RDONLY | O_NOCTTY, e);

	if (fd < 0 || read_fd_all(fd, name->path, limit, ret_text, ret_length, e) < 0) {
		e->kind = ERR_POLICY;
		return err_prefix(e, "%s '%s%s'", name->what, name->base, name->path);
	}
	return 0;
}

/* --- files below a directory --- */

int directory_open_real(const char *path)
{
	return sys_openat2(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0,
			   RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

static int open_beneath(int directory_fd, const char *path, uint64_t flags, uint64_t mode)
{
	return sys_openat2(directory_fd, path, flags, mode,
			   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

static int refuse_file(struct err *e, const struct trusted_name *name, const char *why)
{
	return fail(e, ERR_CONFIG, "%s: '%s%s' %s", name->what, name->base, name->path, why);
}

static int fail_open(struct err *e, const struct trusted_name *name)
{
	if (errno == ELOOP)
		return refuse_file(e, name, "is a symbolic link, or lies behind one");
	return fail_sys(e, "%s: open '%s%s'", name->what, name->base, name->path);
}

/* It is looked at before it is opened: the opening of a device can be an act already. */
static int open_to_append(int file, const struct trusted_name *name, struct err *e)
{
	autoclose int fd = -1;
	struct stat st;

	if (fstat(file, &st) < 0)
		return fail_open(e, name);
	if (!S_ISREG(st.st_mode))
		return refuse_file(e, name, "is not a regular file");
	if (st.st_nlink != 1)
		return refuse_file(e, name, "has another name elsewhere (hard link)");
	/* Not to wait for the holder of a lease (fcntl(2), F_SETLEASE); the writer may wait. */
	fd = reopen_fd(file, O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK, e);
	if (fd < 0)
		return err_prefix(e, "%s: '%s%s'", name->what, name->base, name->path);
	if (fcntl(fd, F_SETFL, O_APPEND) < 0)
		return fail_open(e, name);
	return take_fd(&fd);
}

int append_open_beneath(int directory_fd, const char *path, const struct trusted_name *name,
			struct err *e)
{
	for (int i = 0; i < MAKE_RETRIES; i++) {
		autoclose int fd = open_beneath(directory_fd, path, O_PATH, 0);

		if (fd >= 0)
			return open_to_append(fd, name, e);
		if (errno != ENOENT)
			return fail_open(e, name);
		fd = open_beneath(directory_fd, path,
				  O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOCTTY, 0600);
		if (fd >= 0)
			return take_fd(&fd);
		if (errno != EEXIST)
			return fail_open(e, name);
	}
	return fail_sys(e, "%s: open '%s%s'", name->what, name->base, name->path);
}

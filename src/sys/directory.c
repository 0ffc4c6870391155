/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories whose content is believed: what lies in them decides which processes get signals and
 * which cgroups are removed. Runs in the runtime.
 */
#include "sys/directory.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "os/io.h"

#include <fcntl.h>
#include <sys/stat.h>

int trusted_directory_check(int fd, const char *what, const char *path, struct err *e)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return fail_sys(e, "stat %s '%s'", what, path);
	if (status.st_uid != geteuid())
		return fail(e, ERR_SYSTEM, "%s '%s' belongs to uid %u, not to the caller (uid %u)",
			    what, path, (unsigned)status.st_uid, (unsigned)geteuid());
	if (status.st_mode & (S_IWGRP | S_IWOTH))
		return fail(e, ERR_SYSTEM, "%s '%s' can be written by others (mode %04o)", what,
			    path, (unsigned)(status.st_mode & 07777));
	return 0;
}

static int make_with_parents(const char *what, const char *path, mode_t mode, struct err *e)
{
	const char *slash = strrchr(path, '/');

	if (slash && slash != path) {
		autofree char *parent = xmalloc((size_t)(slash - path) + 1);
		memcpy(parent, path, (size_t)(slash - path));
		parent[slash - path] = '\0';
		if (make_directories(parent, 0755, e) < 0)
			return err_prefix(e, "make %s '%s'", what, path);
	}
	/* Another process may have made it in between: the check below looks at its owner. */
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return fail_sys(e, "make %s '%s'", what, path);
	return 0;
}

int trusted_directory_open(const char *what, const char *path, bool create, mode_t mode,
			   int *ret_fd, struct err *e)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

	if (str_empty(path))
		return fail(e, ERR_USAGE, "%s: the path is empty", what);

	/* "link/" is followed even under O_NOFOLLOW. */
	autofree char *plain = xstrdup(path);
	for (size_t end = strlen(plain); end > 1 && plain[end - 1] == '/'; end--)
		plain[end - 1] = '\0';

	autoclose int fd = open(plain, flags);
	if (fd < 0 && errno == ENOENT) {
		if (!create)
			return fail(e, ERR_NOT_FOUND, "%s '%s' does not exist", what, plain);
		if (make_with_parents(what, plain, mode, e) < 0)
			return -1;
		fd = open(plain, flags);
	}
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return fail_sys(e, "open %s '%s': must be a directory and not a symbolic link",
				what, plain);
	if (fd < 0)
		return fail_sys(e, "open %s '%s'", what, plain);
	if (trusted_directory_check(fd, what, plain, e) < 0)
		return -1;
	*ret_fd = take_fd(&fd);
	return 0;
}

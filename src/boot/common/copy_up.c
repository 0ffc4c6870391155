/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tmpcopyup: the content of the directory that a tmpfs will cover is copied into it: files, directories,
 * links, nodes, with owners, modes, times and extended attributes. Nothing is followed. Runs in the
 * container's first process.
 */
#include "boot/common/copy_up.h"

#include "base/auto.h"
#include "base/str.h"
#include "sys/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define MAX_DEPTH 64

static int copy_directory(int from, int to, unsigned depth, struct err *e);

static int copy_attributes(int from, int to, struct err *e)
{
	char names[4096], value[4096];
	struct fd_path source = fd_path(from), target = fd_path(to);
	ssize_t length = listxattr(source.text, names, sizeof(names));

	if (length < 0)
		return errno == ENOTSUP ? 0 : fail_sys(e, "list extended attributes");
	for (const char *name = names; name < names + length; name += strlen(name) + 1) {
		ssize_t size = getxattr(source.text, name, value, sizeof(value));
		if (size < 0)
			return fail_sys(e, "read the extended attribute '%s'", name);
		/* A tmpfs has no user.* attributes before Linux 6.6; a copy without them is the best
		 * there is. */
		if (setxattr(target.text, name, value, (size_t)size, 0) < 0 && errno != ENOTSUP &&
		    errno != EPERM)
			return fail_sys(e, "write the extended attribute '%s'", name);
	}
	return 0;
}

static int finish(int to, const char *name, const struct stat *st, struct err *e)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_sys(e, "set the owner of '%s'", name);
	/* After the owner: chown clears the set-id bits. */
	if (!S_ISLNK(st->st_mode) && fchmodat(to, name, st->st_mode & 07777, 0) < 0)
		return fail_sys(e, "set the mode of '%s'", name);
	if (utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_sys(e, "set the times of '%s'", name);
	return 0;
}

static int copy_file(int from, int to, const char *name, struct err *e)
{
	autoclose int source = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	autoclose int target = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n;

	if (source < 0 || target < 0)
		return fail_sys(e, "copy '%s'", name);
	while ((n = sendfile(target, source, NULL, 1 << 20)) > 0)
		;
	if (n < 0)
		return fail_sys(e, "copy '%s'", name);
	return copy_attributes(source, target, e);
}

static int copy_subdirectory(int from, int to, const char *name, unsigned depth, struct err *e)
{
	autoclose int source = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int target = -1;

	if (source < 0)
		return fail_sys(e, "open the directory '%s'", name);
	if (mkdirat(to, name, 0700) < 0)
		return fail_sys(e, "make the directory '%s'", name);
	target = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return fail_sys(e, "open the new directory '%s'", name);
	if (copy_attributes(source, target, e) < 0)
		return -1;
	return copy_directory(source, target, depth + 1, e);
}

static int copy_link(int from, int to, const char *name, struct err *e)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(from, name, target, sizeof(target) - 1);

	if (length < 0)
		return fail_sys(e, "read the link '%s'", name);
	target[length] = 0;
	if (symlinkat(target, to, name) < 0)
		return fail_sys(e, "make the link '%s'", name);
	return 0;
}

static int copy_entry(int from, int to, const char *name, unsigned depth, struct err *e)
{
	struct stat st;
	int rc;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_sys(e, "stat '%s'", name);
	if (S_ISDIR(st.st_mode))
		rc = copy_subdirectory(from, to, name, depth, e);
	else if (S_ISREG(st.st_mode))
		rc = copy_file(from, to, name, e);
	else if (S_ISLNK(st.st_mode))
		rc = copy_link(from, to, name, e);
	else if (mknodat(to, name, st.st_mode & (S_IFMT | 07777), st.st_rdev) < 0)
		rc = fail_sys(e, "make the node '%s'", name);
	else
		rc = 0;
	return rc < 0 ? -1 : finish(to, name, &st, e);
}

static int copy_directory(int from, int to, unsigned depth, struct err *e)
{
	autoclose int again = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *directory = NULL;
	const struct dirent *entry;

	if (depth > MAX_DEPTH)
		return fail(e, ERR_CONFIG, "more than %d directories deep", MAX_DEPTH);
	if (again < 0 || !(directory = fdopendir(again)))
		return fail_sys(e, "open a directory");
	(void)take_fd(&again);
	while ((errno = 0, entry = readdir(directory))) {
		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		if (copy_entry(dirfd(directory), to, entry->d_name, depth, e) < 0)
			return -1;
	}
	return errno ? fail_sys(e, "read a directory") : 0;
}

int copy_tree(int from, int to, struct err *e)
{
	if (copy_directory(from, to, 0, e) < 0)
		return err_prefix(e, "tmpcopyup");
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing of whole small files. Runs in every process.
 */
#include "os/io.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define READ_STEP 4096

/* Other names for a temporary file are tried this often. */
#define TEMPORARY_NAMES 1000

/* As much of a refused text as is shown in an error. */
#define SHOWN_TEXT_MAX 64

static ssize_t read_over_eintr(int fd, void *buffer, size_t size)
{
	ssize_t n;

	do
		n = read(fd, buffer, size);
	while (n < 0 && errno == EINTR);
	return n;
}

/* `size`: of a file on a disk or in memory, whose short read is its end; 0 if it is not known. */
int read_fd_sized(int fd, const char *what, size_t limit, size_t size, char **ret_text,
		  size_t *ret_length, struct err *e)
{
	/* One byte stays free for the terminator, one to see the end by. */
	size_t length = 0, capacity = size > 0 && size < limit ? size + 2 : READ_STEP;
	autofree char *text = xmalloc(capacity);

	for (;;) {
		if (capacity - length < 2) {
			if (capacity > SIZE_MAX / 2)
				return fail_errno(e, EFBIG, "read '%s'", what);
			capacity *= 2;
			text = xrealloc(text, capacity);
		}
		size_t wanted = capacity - length - 1;
		ssize_t n = read_over_eintr(fd, text + length, wanted);
		if (n < 0)
			return fail_sys(e, "read '%s'", what);
		length += (size_t)n;
		if (length > limit)
			return fail_errno(e, EFBIG, "read '%s': more than %zu bytes", what, limit);
		if (n == 0 || (size > 0 && length >= size && (size_t)n < wanted))
			break;
	}
	text[length] = '\0';
	*ret_text = take_ptr(&text);
	if (ret_length)
		*ret_length = length;
	return 0;
}

int read_fd_all(int fd, const char *what, size_t limit, char **ret_text, size_t *ret_length,
		struct err *e)
{
	return read_fd_sized(fd, what, limit, 0, ret_text, ret_length, e);
}

/* A FIFO in a file's place would hold us up for ever, so nothing waits for its other end to be opened. */
static int open_input(int dirfd, const char *path, bool pipes, size_t *ret_size, struct err *e)
{
	autoclose int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0)
		return fail_sys(e, "open '%s'", path);
	if (fstat(fd, &status) < 0)
		return fail_sys(e, "stat '%s'", path);
	if (S_ISDIR(status.st_mode))
		return fail_errno(e, EISDIR, "read '%s'", path);
	if (pipes && S_ISFIFO(status.st_mode)) {
		if (fcntl(fd, F_SETFL, O_RDONLY) < 0)
			return fail_sys(e, "wait for '%s'", path);
	} else if (!S_ISREG(status.st_mode)) {
		return fail_errno(e, EINVAL, "read '%s': not a regular file", path);
	}
	*ret_size = S_ISREG(status.st_mode) && status.st_size > 0 ? (size_t)status.st_size : 0;
	return take_fd(&fd);
}

int read_file_at(int dirfd, const char *path, size_t limit, char **ret_text, size_t *ret_length,
		 struct err *e)
{
	size_t size;
	autoclose int fd = open_input(dirfd, path, false, &size, e);

	return fd < 0 ? -1 : read_fd_sized(fd, path, limit, size, ret_text, ret_length, e);
}

const char *input_name(const char *path)
{
	return str_eq(path, "-") ? "standard input" : path;
}

int read_input(const char *path, size_t limit, char **ret_text, size_t *ret_length, struct err *e)
{
	autoclose int fd = -1;
	size_t size;

	if (str_eq(path, "-"))
		return read_fd_all(STDIN_FILENO, input_name(path), limit, ret_text, ret_length, e);
	fd = open_input(AT_FDCWD, path, true, &size, e);
	return fd < 0 ? -1 : read_fd_sized(fd, path, limit, size, ret_text, ret_length, e);
}

int write_fd_all(int fd, const char *what, const void *data, size_t length, struct err *e)
{
	const char *rest = data;

	while (length > 0) {
		ssize_t n = write(fd, rest, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_sys(e, "write '%s'", what);
		rest += n;
		length -= (size_t)n;
	}
	return 0;
}

int write_file_at(int dirfd, const char *path, const char *text, struct err *e)
{
	autoclose int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	size_t length = strlen(text);
	ssize_t n;

	if (fd < 0)
		return fail_sys(e, "open '%s'", path);
	do
		n = write(fd, text, length);
	while (n < 0 && errno == EINTR);

	int shown = (int)strcspn(text, "\n");
	if (shown > SHOWN_TEXT_MAX)
		shown = SHOWN_TEXT_MAX;
	if (n < 0)
		return fail_sys(e, "write '%.*s' to '%s'", shown, text, path);
	/* Not continued: the kernel takes every write(2) as a command of its own. */
	if ((size_t)n != length)
		return fail_errno(e, EIO, "write '%.*s' to '%s': only %zd of %zu bytes taken",
				  shown, text, path, n, length);
	return 0;
}

/* Create ".NAME.PID.N" with the first N that is free. An older one may be left of a process that was
 * killed and had our number. */
static int open_temporary(int dirfd, const char *name, char *temporary, size_t size, struct err *e)
{
	for (unsigned n = 0; n < TEMPORARY_NAMES; n++) {
		if (str_format(temporary, size, e, ".%s.%d.%u", name, (int)getpid(), n) < 0)
			return -1;
		int fd = openat(dirfd, temporary,
				O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST)
			return fail_sys(e, "create '%s'", temporary);
	}
	return fail_errno(e, EEXIST, "create '%s'", temporary);
}

/* What lies in memory alone survives no loss of power, flushed or not. */
static bool is_in_memory(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

static int fill_and_flush(int fd, const char *temporary, mode_t mode, const void *data,
			  size_t length, bool flush, struct err *e)
{
	/* Not at open(), where the umask would have its say. */
	if (fchmod(fd, mode) < 0)
		return fail_sys(e, "chmod '%s'", temporary);
	if (write_fd_all(fd, temporary, data, length, e) < 0)
		return -1;
	if (flush && fsync(fd) < 0)
		return fail_sys(e, "fsync '%s'", temporary);
	return 0;
}

static int flush_directory(int dirfd, const char *name, struct err *e)
{
	/* Opened anew: dirfd may be AT_FDCWD or an O_PATH descriptor, which fsync() refuses. */
	autoclose int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail_sys(e, "open the directory of '%s'", name);
	/* EINVAL: the file system has nothing to flush for a directory (fsync(2)). */
	if (fsync(fd) < 0 && errno != EINVAL)
		return fail_sys(e, "fsync the directory of '%s'", name);
	return 0;
}

/* `fd`: of the temporary file, empty. */
static int fill_and_rename(int fd, int dirfd, const char *temporary, const char *name, mode_t mode,
			   const void *data, size_t length, struct err *e)
{
	bool flush = !is_in_memory(fd);
	int rc = fill_and_flush(fd, temporary, mode, data, length, flush, e);

	if (rc == 0 && renameat(dirfd, temporary, dirfd, name) < 0)
		rc = fail_sys(e, "rename '%s' to '%s'", temporary, name);
	if (rc < 0) {
		unlinkat(dirfd, temporary, 0);
		return rc;
	}
	return flush ? flush_directory(dirfd, name, e) : 0;
}

int replace_file_at(int dirfd, const char *name, mode_t mode, const void *data, size_t length,
		    struct err *e)
{
	char temporary[NAME_MAX + 1];

	if (str_empty(name) || strchr(name, '/'))
		return fail(e, ERR_INTERNAL, "replace '%s': not the name of a file", name);

	autoclose int fd = open_temporary(dirfd, name, temporary, sizeof(temporary), e);
	if (fd < 0)
		return -1;
	return fill_and_rename(fd, dirfd, temporary, name, mode, data, length, e);
}

int replace_file_by(int dirfd, const char *name, const char *temporary, mode_t mode,
		    const void *data, size_t length, struct err *e)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	autoclose int fd = openat(dirfd, temporary, flags, 0600);

	if (fd < 0 && errno == EEXIST && unlinkat(dirfd, temporary, 0) == 0)
		fd = openat(dirfd, temporary, flags, 0600);
	if (fd < 0)
		return fail_sys(e, "create '%s'", temporary);
	return fill_and_rename(fd, dirfd, temporary, name, mode, data, length, e);
}

int next_entry(DIR *scan, const char *what, struct dirent **ret, struct err *e)
{
	struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(scan);
	} while (entry && (str_eq(entry->d_name, ".") || str_eq(entry->d_name, "..")));
	if (!entry && errno)
		return fail_sys(e, "read %s", what);
	*ret = entry;
	return entry != NULL;
}

static int make_one_directory(const char *path, mode_t mode, struct err *e)
{
	struct stat status;

	if (mkdir(path, mode) == 0)
		return 0;
	if (errno != EEXIST)
		return fail_sys(e, "mkdir '%s'", path);
	if (stat(path, &status) < 0)
		return fail_sys(e, "stat '%s'", path);
	if (!S_ISDIR(status.st_mode))
		return fail_errno(e, ENOTDIR, "mkdir '%s'", path);
	return 0;
}

int make_directories(const char *path, mode_t mode, struct err *e)
{
	if (!*path)
		return fail_errno(e, ENOENT, "mkdir '%s'", path);

	autofree char *partial = xstrdup(path);
	char *end = partial;
	for (;;) {
		end += strspn(end, "/");
		end += strcspn(end, "/");
		char cut = *end;
		*end = '\0';
		if (make_one_directory(partial, mode, e) < 0)
			return -1;
		if (cut == '\0')
			return 0;
		*end = cut;
	}
}

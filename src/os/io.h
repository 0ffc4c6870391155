/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing of whole small files. Everything is opened with O_CLOEXEC.
 */
#ifndef OS_IO_H
#define OS_IO_H

#include "base/err.h"

#include <dirent.h>
#include <stddef.h>
#include <sys/types.h>

/* Read a file to its end into fresh memory (free()), always terminated with a NUL that does not count.
 * More than `limit` bytes is an error. Returns 0, *ret_length may be NULL. `what` names the file in
 * errors. */
int read_fd_all(int fd, const char *what, size_t limit, char **ret_text, size_t *ret_length,
		struct err *e) MUST_CHECK;

/* What a caller names as input: "-" is standard input; a pipe is read to its end, one that no process writes to is
 * empty. Other kinds are errors as with read_file_at(). */
int read_input(const char *path, size_t limit, char **ret_text, size_t *ret_length, struct err *e)
	MUST_CHECK;
/* How messages call it. */
const char *input_name(const char *path);

/* The same of an open regular file of this size, of which a short read that reaches it is the end. */
int read_fd_sized(int fd, const char *what, size_t limit, size_t size, char **ret_text,
		  size_t *ret_length, struct err *e) MUST_CHECK;

/* Open below a directory descriptor (AT_FDCWD allowed) and read; refuses anything but a regular file,
 * and does not block on a FIFO. procfs and cgroup files are regular files here. */
int read_file_at(int dirfd, const char *path, size_t limit, char **ret_text, size_t *ret_length,
		 struct err *e) MUST_CHECK;

/* Write everything, over EINTR and short writes. */
int write_fd_all(int fd, const char *what, const void *data, size_t length, struct err *e)
	MUST_CHECK;

/* One open(O_WRONLY), one write(2) of the whole text, as kernel files want it. */
int write_file_at(int dirfd, const char *path, const char *text, struct err *e) MUST_CHECK;

/* Write a new file beside the old one, flush it to the disk and rename it into place, then flush the
 * directory: after a crash either the old or the new content is there, never a part. */
int replace_file_at(int dirfd, const char *name, mode_t mode, const void *data, size_t length,
		    struct err *e) MUST_CHECK;

/* The same by a temporary file of this name, for who is the only one to write `name` and knows what to remove after
 * a kill. */
int replace_file_by(int dirfd, const char *name, const char *temporary, mode_t mode,
		    const void *data, size_t length, struct err *e) MUST_CHECK;

/* 1: *ret is the next entry, "." and ".." left out; 0: the end. An entry that could not be read is an error
 * and not the end (readdir(3)). `what` names the directory in errors. */
int next_entry(DIR *scan, const char *what, struct dirent **ret, struct err *e) MUST_CHECK;

/* Like mkdir -p below a trusted directory of the host; existing directories are kept as they are. */
int make_directories(const char *path, mode_t mode, struct err *e) MUST_CHECK;

#endif

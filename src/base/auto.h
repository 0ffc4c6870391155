/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ownership that is visible at the declaration: a variable marked autoclose or autofree is released
 * when its scope ends, and take_fd()/take_ptr() hand it over to another owner.
 */
#ifndef BASE_AUTO_H
#define BASE_AUTO_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Close without disturbing errno. Linux frees the descriptor even when close() reports EINTR, so the
 * call is never repeated (close(2), "Dealing with error returns from close()"). */
static inline void close_keep_errno(int fd)
{
	if (fd >= 0) {
		int saved = errno;
		close(fd);
		errno = saved;
	}
}

static inline void autoclose_cleanup(int *fd)
{
	close_keep_errno(*fd);
}

static inline void autofree_cleanup(void *pointer_to_pointer)
{
	int saved = errno;
	free(*(void **)pointer_to_pointer);
	errno = saved;
}

static inline void autoclosedir_cleanup(DIR **dir)
{
	if (*dir) {
		int saved = errno;
		closedir(*dir);
		errno = saved;
	}
}

static inline void autofclose_cleanup(FILE **file)
{
	if (*file) {
		int saved = errno;
		fclose(*file);
		errno = saved;
	}
}

#define autoclose __attribute__((cleanup(autoclose_cleanup)))
#define autofree __attribute__((cleanup(autofree_cleanup)))
#define autoclosedir __attribute__((cleanup(autoclosedir_cleanup)))
#define autofclose __attribute__((cleanup(autofclose_cleanup)))

static inline int take_fd(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

/* Replace an owned descriptor, closing the one that was there. */
static inline void replace_fd(int *fd, int with)
{
	close_keep_errno(*fd);
	*fd = with;
}

#define take_ptr(pointer_to_pointer)                                              \
	__extension__({                                                           \
		__typeof__(*(pointer_to_pointer)) taken_ = *(pointer_to_pointer); \
		*(pointer_to_pointer) = NULL;                                     \
		taken_;                                                           \
	})

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif

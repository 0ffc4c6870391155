/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths below a root that an attacker may have filled. Every lookup goes through openat2(2) with
 * RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS and gives an O_PATH descriptor; symlinks resolve inside the
 * root; nothing is looked up twice. (CVE-2021-30465, CVE-2024-45310, CVE-2019-18837 and relatives.)
 * No other resolver exists: Linux 5.14 is the minimum.
 */
#ifndef SYS_BENEATH_H
#define SYS_BENEATH_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* openat2() with retries on EAGAIN (a rename raced) and EINTR, 128 at most; O_CLOEXEC is always added.
 * errno on failure. */
int sys_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);

/* Open an existing path in the root. extra_flags: O_DIRECTORY, O_NOFOLLOW. O_PATH | O_CLOEXEC always.
 * e->sys is ENOENT if it is not there, EXDEV if it would escape the root. */
int beneath_open(int root_fd, const char *path, int extra_flags, struct err *e) MUST_CHECK;

/*
 * Open a directory, making what is missing (mode 0755, owned by the caller; set-group-id of the parent
 * is inherited as by mkdir(1)). A dangling symlink on the way is followed inside the root and its target
 * made, as runc and crun do. Each new component is made with mkdirat() and opened O_NOFOLLOW.
 */
int beneath_make_directory(int root_fd, const char *path, mode_t mode, struct err *e) MUST_CHECK;
/* The same; *ret_made: it was not there. */
int beneath_find_directory(int root_fd, const char *path, mode_t mode, bool *ret_made,
			   struct err *e) MUST_CHECK;

/* Open a mount target that is not a directory, making an empty regular file (0644) with mknodat() where
 * nothing is there. Symlinks are followed as above; a directory is refused (EISDIR). */
int beneath_make_file(int root_fd, const char *path, struct err *e) MUST_CHECK;

/* Open the directory that holds the last component, making it where missing; *ret_name points into
 * `path`. A last component of "." or "..", and a slash at the end, are refused. */
int beneath_make_parent(int root_fd, const char *path, const char **ret_name, struct err *e)
	MUST_CHECK;

/* A mount target whose last component is not followed: a symlink there is itself the target of what is not
 * a directory. Made where missing, as above. */
int beneath_make_nofollow(int root_fd, const char *path, bool directory, struct err *e) MUST_CHECK;

#endif

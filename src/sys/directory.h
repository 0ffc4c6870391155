/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories of this program's own on the host, shared by the state root, the registry and the
 * cache of seccomp filters.
 */
#ifndef SYS_DIRECTORY_H
#define SYS_DIRECTORY_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * Open a directory that belongs to the caller and that no other user can write to; its last component
 * is not a symlink. With `create` a missing one is made with `mode`, its parents with 0755. Else a missing one
 * gives ERR_NOT_FOUND. `what` names it in errors ("state root").
 */
int trusted_directory_open(const char *what, const char *path, bool create, mode_t mode,
			   int *ret_fd, struct err *e) MUST_CHECK;

/* The same question of a directory that is open already. */
int trusted_directory_check(int fd, const char *what, const char *path, struct err *e) MUST_CHECK;

#endif

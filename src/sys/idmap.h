/* SPDX-License-Identifier: Apache-2.0 */
/* Whether files can be shown by other ids (mount_setattr(2), "ID-mapped mounts"): really tried, on nothing that anyone sees. */
#ifndef SYS_IDMAP_H
#define SYS_IDMAP_H

#include "sys/child.h"

#include <stdbool.h>

/* A process in a new user namespace, which keeps it until it is dropped. */
int idmap_hold(struct child *ret, struct err *e) MUST_CHECK;
/* A user namespace without a process in it; the map, "0 1000000 65536\n", is that of both kinds of ids. */
int idmap_namespace(const char *map, int *ret_fd, struct err *e) MUST_CHECK;
/* Of what is at a path below a descriptor ("": of itself), on a clone that goes again; `recursive`: with all that is
 * mounted below it. */
int idmap_try(int dirfd, const char *path, int user_namespace, bool recursive, struct err *e)
	MUST_CHECK;

#endif

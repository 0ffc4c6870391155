/* SPDX-License-Identifier: Apache-2.0 */
/* See locked_directory.h. Runs in the runtime. */
#include "sys/locked_directory.h"

#include "base/auto.h"
#include "sys/deadline.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* As often another command may take the directory away in between. */
#define TRIES 100
#define LOCK_PAUSE_US 2000

/* It may have been taken away between the open and the lock. */
static int lock(int parent, const char *name, const char *among, int *ret_fd, struct err *e)
{
	autoclose int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct deadline deadline = deadline_in(deadline_ms());
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? 0 : fail_sys(e, "open '%s' among the %s", name, among);
	/* A container that has to do with it is started, or deleted. */
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail_sys(e, "lock '%s' among the %s", name, among);
		if (deadline_is_over(&deadline))
			return fail(e, ERR_SYSTEM, "'%s' among the %s is locked by another command",
				    name, among);
		usleep(LOCK_PAUSE_US);
	}
	if (fstat(fd, &st) < 0)
		return fail_sys(e, "look at '%s' among the %s", name, among);
	if (st.st_nlink == 0)
		return 0;
	*ret_fd = take_fd(&fd);
	return 1;
}

int locked_directory_open(int parent, const char *name, const char *among, bool create, int *ret_fd,
			  struct err *e)
{
	for (int tries = 0; tries < TRIES; tries++) {
		if (create && mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
			return fail_sys(e, "make '%s' among the %s", name, among);
		int rc = lock(parent, name, among, ret_fd, e);
		if (rc != 0 || !create)
			return rc;
	}
	return fail(e, ERR_SYSTEM, "'%s' among the %s is made and removed again and again", name,
		    among);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See idmap.h. Runs in the runtime. */
#include "sys/idmap.h"

#include "base/auto.h"
#include "base/str.h"
#include "os/io.h"
#include "sys/mount_api.h"
#include "sys/nsfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

static __attribute__((noreturn)) void hold_namespace(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	for (;;)
		pause();
}

static int write_map(pid_t pid, const char *file, const char *map, struct err *e)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return write_file_at(AT_FDCWD, path, map, e);
}

int idmap_hold(struct child *ret, struct err *e)
{
	pid_t parent = getpid();
	int rc = child_clone(CLONE_NEWUSER, -1, ret, e);

	if (rc == 0)
		hold_namespace(parent);
	return rc < 0 ? err_prefix(e, "make a user namespace for its ids") : 0;
}

int idmap_namespace(const char *map, int *ret_fd, struct err *e)
{
	autochild holder = CHILD_INIT;

	if (idmap_hold(&holder, e) < 0 || write_map(holder.pid, "uid_map", map, e) < 0 ||
	    write_map(holder.pid, "gid_map", map, e) < 0)
		return -1;
	*ret_fd = nsfd_open(ns_path(holder.pid, "user").text, e);
	return *ret_fd < 0 ? -1 : 0;
}

int idmap_try(int dirfd, const char *path, int user_namespace, bool recursive, struct err *e)
{
	unsigned below = recursive ? AT_RECURSIVE : 0;
	autoclose int fd = sys_open_tree(dirfd, path,
					 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
						 AT_SYMLINK_NOFOLLOW | below);
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_IDMAP,
					 .userns_fd = (uint64_t)user_namespace };

	if (fd < 0)
		return fail_sys(e, "clone '%s'", path);
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | below, &attributes) < 0)
		return fail_sys(e, "map the ids of '%s'", path);
	return 0;
}

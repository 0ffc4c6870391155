/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs that cannot have been tampered with (CVE-2019-16884, CVE-2025-52881). Runs in the runtime and
 * in the container's process before it has left the host's root.
 */
#include "sys/procfs.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "os/io.h"
#include "sys/beneath.h"
#include "sys/mount_api.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PROC_ROOT_INODE 1 /* PROC_ROOT_INO, include/linux/proc_ns.h */
#define STAT_MAX 4096
#define STAT_START_TIME 22 /* proc_pid_stat(5), counted from 1 */
#define STAT_STATE 3
#define STAT_FLAGS 9
#define STAT_FLAG_EXITING 0x4u     /* PF_EXITING, linux/sched.h */
#define STAT_FLAG_FORKNOEXEC 0x40u /* PF_FORKNOEXEC */

static bool is_procfs(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	if (fs.f_type != PROC_SUPER_MAGIC) {
		errno = EXDEV;
		return false;
	}
	return true;
}

/* The root of a procfs, and of the PID namespace that we are in: "self" is our pid only there. */
static bool is_own_proc_root(int fd)
{
	struct stat st;
	char self[16], own[16];
	ssize_t length;

	if (!is_procfs(fd) || fstat(fd, &st) < 0)
		return false;
	length = readlinkat(fd, "self", self, sizeof(self) - 1);
	if (length < 0)
		return false;
	self[length] = '\0';
	snprintf(own, sizeof(own), "%ld", (long)getpid());
	if (st.st_ino != PROC_ROOT_INODE || !str_eq(self, own)) {
		errno = EXDEV;
		return false;
	}
	return true;
}

static int procfs_fresh(void)
{
	autoclose int fs_fd = sys_fsopen("proc", FSOPEN_CLOEXEC);

	if (fs_fd < 0 || sys_fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return sys_fsmount(fs_fd, FSMOUNT_CLOEXEC,
			   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

int procfs_open(struct err *e)
{
	autoclose int fd = procfs_fresh();

	if (fd >= 0 && is_own_proc_root(fd))
		return take_fd(&fd);
	/* not recursive: what was mounted over parts of it stays behind */
	replace_fd(&fd, sys_open_tree(AT_FDCWD, "/proc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
	if (fd >= 0 && is_own_proc_root(fd))
		return take_fd(&fd);
	replace_fd(&fd, open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	if (fd < 0)
		return fail_sys(e, "open /proc");
	if (!is_own_proc_root(fd))
		return fail(e, ERR_SYSTEM,
			    "/proc is not a procfs of the PID namespace that this process is in");
	return take_fd(&fd);
}

int procfs_openat(int proc_fd, const char *path, int flags, struct err *e)
{
	int fd = sys_openat2(proc_fd, path, (uint64_t)flags, 0,
			     RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);

	if (fd >= 0 && is_procfs(fd))
		return fd;
	if (fd >= 0)
		close_keep_errno(fd);
	if (errno == EXDEV) {
		fail(e, ERR_SYSTEM, "open /proc/%s: something else is mounted there", path);
		e->sys = EXDEV;
		return -1;
	}
	return fail_sys(e, "open /proc/%s", path);
}

int procfs_open_target(int proc_fd, const char *path, int flags, struct err *e)
{
	autoclose int link = procfs_openat(proc_fd, path, O_PATH | O_NOFOLLOW, e);
	struct stat st;
	int fd;

	if (link < 0)
		return -1;
	if (fstat(link, &st) < 0)
		return fail_sys(e, "look at /proc/%s", path);
	if (!S_ISLNK(st.st_mode))
		return fail(e, ERR_SYSTEM, "/proc/%s is not a link", path);
	/* the descriptor of the link itself cannot be followed; a process that could mount over it between
	 * these two lines could as well have replaced this process */
	fd = openat(proc_fd, path, flags | O_CLOEXEC);
	if (fd < 0)
		return fail_sys(e, "open what /proc/%s points to", path);
	return fd;
}

int procfs_write(int proc_fd, const char *path, const char *text, struct err *e)
{
	autoclose int fd = procfs_openat(proc_fd, path, O_WRONLY | O_NOFOLLOW, e);
	size_t length = strlen(text);
	ssize_t written;

	if (fd < 0)
		return -1;
	do {
		written = write(fd, text, length);
	} while (written < 0 && errno == EINTR);
	if (written < 0)
		return fail_sys(e, "write '%s' to /proc/%s", text, path);
	if ((size_t)written != length)
		return fail(e, ERR_SYSTEM, "write '%s' to /proc/%s: cut short", text, path);
	return 0;
}

struct fd_path fd_path(int fd)
{
	struct fd_path path;

	snprintf(path.text, sizeof(path.text), "/proc/self/fd/%d", fd);
	return path;
}

int reopen_fd(int fd, int flags, struct err *e)
{
	autoclose int directory = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int again = -1;
	struct stat before, after;
	char name[16];

	if (directory < 0 || !is_procfs(directory))
		return fail_sys(e, "open /proc/self/fd");
	snprintf(name, sizeof(name), "%d", fd);
	again = openat(directory, name, flags | O_CLOEXEC);
	if (again < 0 || fstat(fd, &before) < 0 || fstat(again, &after) < 0)
		return fail_sys(e, "reopen descriptor %d", fd);
	if (before.st_dev != after.st_dev || before.st_ino != after.st_ino)
		return fail(e, ERR_SYSTEM, "reopen descriptor %d: /proc leads elsewhere", fd);
	return take_fd(&again);
}

/* Field `number` (at least STAT_STATE) of a stat line. The name in field 2 may hold blanks and
 * parentheses, so that only its last parenthesis is its end. */
static const char *stat_field(const char *text, int number)
{
	const char *at = strrchr(text, ')');

	for (int field = STAT_STATE - 1; at && field < number; field++) {
		at = strchr(at, ' ');
		if (at)
			at++;
	}
	return at;
}

static int fail_stat(pid_t pid, struct err *e)
{
	return fail(e, ERR_SYSTEM, "/proc/%ld/stat cannot be understood", (long)pid);
}

static int parse_stat(pid_t pid, const char *text, uint64_t *ret_start_time, char *ret_state,
		      struct err *e)
{
	const char *state = stat_field(text, STAT_STATE);
	const char *start = stat_field(text, STAT_START_TIME);
	char number[24];
	uint64_t value;
	size_t length = start ? strcspn(start, " \n") : 0;

	if (state && *state && length && length < sizeof(number)) {
		memcpy(number, start, length);
		number[length] = '\0';
		if (parse_u64(number, &value)) {
			*ret_start_time = value;
			if (ret_state)
				*ret_state = *state;
			return 0;
		}
	}
	return fail_stat(pid, e);
}

static int no_such_process(pid_t pid, struct err *e)
{
	fail(e, ERR_NOT_FOUND, "process %ld: no such process", (long)pid);
	e->sys = ESRCH;
	return -1;
}

static int read_stat(pid_t pid, char **ret_text, struct err *e)
{
	char path[32];
	autoclose int fd = -1;

	if (pid <= 0)
		return no_such_process(pid, e);
	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT) {
		if (kill(pid, 0) < 0 && errno == ESRCH)
			return no_such_process(pid, e);
		return fail(e, ERR_SYSTEM, "process %ld is running, but /proc does not show it",
			    (long)pid);
	}
	if (fd < 0 || !is_procfs(fd))
		return fail_sys(e, "open %s", path);
	/* The kernel prints it whole for one read, if there is room for it (single_open(), fs/proc). */
	autofree char *text = xmalloc(STAT_MAX);
	ssize_t n;
	do
		n = read(fd, text, STAT_MAX - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == ESRCH)
		return no_such_process(pid, e);
	if (n < 0)
		return fail_sys(e, "read '%s'", path);
	text[n] = '\0';
	*ret_text = take_ptr(&text);
	return 0;
}

static int parse_flags(pid_t pid, const char *text, uint64_t *ret_flags, char *ret_state,
		       struct err *e)
{
	const char *state = stat_field(text, STAT_STATE), *field = stat_field(text, STAT_FLAGS);
	char number[24];
	size_t length = field ? strspn(field, "0123456789") : 0;

	if (!state || length == 0 || length >= sizeof(number))
		return fail_stat(pid, e);
	memcpy(number, field, length);
	number[length] = '\0';
	if (!parse_u64(number, ret_flags))
		return fail_stat(pid, e);
	*ret_state = *state;
	return 0;
}

static int read_flags(pid_t pid, uint64_t *ret_flags, char *ret_state, struct err *e)
{
	autofree char *text = NULL;

	if (read_stat(pid, &text, e) < 0)
		return -1;
	return parse_flags(pid, text, ret_flags, ret_state, e);
}

int procfs_look_at(pid_t pid, struct procfs_look *ret, struct err *e)
{
	autofree char *text = NULL;
	uint64_t flags = 0;

	if (read_stat(pid, &text, e) < 0 ||
	    parse_stat(pid, text, &ret->start_time, &ret->state, e) < 0 ||
	    parse_flags(pid, text, &flags, &ret->state, e) < 0)
		return -1;
	ret->executed = !(flags & STAT_FLAG_FORKNOEXEC);
	return 0;
}

int procfs_has_executed(pid_t pid, bool *ret, struct err *e)
{
	uint64_t flags;
	char state;

	if (read_flags(pid, &flags, &state, e) < 0)
		return -1;
	*ret = !(flags & STAT_FLAG_FORKNOEXEC);
	return 0;
}

bool procfs_is_ending(pid_t pid)
{
	uint64_t flags;
	struct err ignored;
	char state;

	/* A zombie may have other threads that run. */
	return read_flags(pid, &flags, &state, &ignored) == 0 && state != 'Z' &&
	       (flags & STAT_FLAG_EXITING);
}

int procfs_start_time(pid_t pid, uint64_t *ret_start_time, char *ret_state, struct err *e)
{
	autofree char *text = NULL;

	if (read_stat(pid, &text, e) < 0)
		return -1;
	return parse_stat(pid, text, ret_start_time, ret_state, e);
}

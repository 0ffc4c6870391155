/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespace descriptors (ioctl_ns(2), setns(2)). Runs in the runtime and, for late joins, in the
 * container's process.
 */
#include "sys/nsfd.h"

#include "base/auto.h"
#include "base/namespaces.h"
#include "base/str.h"
#include "sys/helper.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static const char *kind_name(int type)
{
	const char *name = ns_row_of_flag((uint64_t)type)->name;

	return name ? name : "some";
}

static int unusable(struct err *e, int error_number, const char *reason)
{
	char text[128];

	fail(e, ERR_CONFIG, "%s", reason ? reason : errno_text(error_number, text, sizeof(text)));
	e->sys = error_number;
	return -1;
}

static const char *other_file(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFIFO:
		return "is a FIFO, not a namespace file";
	case S_IFDIR:
		return "is a directory, not a namespace file";
	case S_IFSOCK:
		return "is a socket, not a namespace file";
	case S_IFCHR:
		return "is a character device, not a namespace file";
	case S_IFBLK:
		return "is a block device, not a namespace file";
	case S_IFLNK:
		return "is a symbolic link, not a namespace file";
	default:
		return "is a regular file, not a namespace file (was the namespace deleted?)";
	}
}

int nsfd_try(const char *path, struct err *e)
{
	autoclose int found = open(path, O_PATH | O_CLOEXEC);
	struct stat st;
	struct statfs fs;
	int fd;

	if (found < 0 || fstat(found, &st) < 0)
		return unusable(e, errno, NULL);
	/* asked last: statfs() of a strange file system may take its time */
	if (!S_ISREG(st.st_mode))
		return unusable(e, EINVAL, other_file(st.st_mode));
	if (fstatfs(found, &fs) < 0)
		return unusable(e, errno, NULL);
	if (fs.f_type != NSFS_MAGIC)
		return unusable(e, EINVAL, other_file(st.st_mode));

	/* setns() and ioctl() refuse an O_PATH descriptor */
	fd = reopen_fd(found, O_RDONLY, e);
	if (fd < 0)
		e->kind = ERR_CONFIG;
	return fd;
}

int nsfd_open(const char *path, struct err *e)
{
	int fd = nsfd_try(path, e);

	if (fd < 0)
		return err_prefix(e, "namespace path '%s'", path);
	return fd;
}

int nsfd_network(const char *name, struct err *e)
{
	return str_eq(name, "self") ? nsfd_own("net", e) : nsfd_try(name, e);
}

int nsfd_type(int fd)
{
	return ioctl(fd, NS_GET_NSTYPE);
}

int nsfd_own(const char *name, struct err *e)
{
	const struct ns_path path = ns_own_path(name);
	autoclose int fd = open(path.text, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fail_sys(e, "open %s", path.text);

	/* the type tells that /proc gave what it should, and ENOTTY that it is not a namespace */
	int type = nsfd_type(fd);

	if (type > 0 && str_eq(name, ns_row_of_flag((uint64_t)type)->file))
		return take_fd(&fd);
	return fail(e, ERR_SYSTEM, "%s is not a %s namespace", path.text, name);
}

struct ns_path ns_path(int64_t pid, const char *name)
{
	struct ns_path path;

	snprintf(path.text, sizeof(path.text), "/proc/%" PRId64 "/ns/%s", pid, name);
	return path;
}

struct ns_path ns_own_path(const char *name)
{
	struct ns_path path;

	snprintf(path.text, sizeof(path.text), "/proc/self/ns/%s", name);
	return path;
}

int nsfd_of_process(int64_t pid, const char *name)
{
	return open(ns_path(pid, name).text, O_RDONLY | O_CLOEXEC);
}

int nsfd_at(int proc, const char *name)
{
	char path[32];

	snprintf(path, sizeof(path), "ns/%s", name);
	return openat(proc, path, O_RDONLY | O_CLOEXEC);
}

bool ns_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool nsfd_same(int a, int b)
{
	struct stat st_a, st_b;

	return fstat(a, &st_a) == 0 && fstat(b, &st_b) == 0 && ns_is_same(&st_a, &st_b);
}

int nsfd_owner(int fd)
{
	return ioctl(fd, NS_GET_USERNS);
}

int nsfd_parent(int userns_fd)
{
	return ioctl(userns_fd, NS_GET_PARENT);
}

int nsfd_owner_uid(int userns_fd, uid_t *ret)
{
	uid_t uid;

	if (ioctl(userns_fd, NS_GET_OWNER_UID, &uid) < 0)
		return -1;
	*ret = uid;
	return 0;
}

int netns_cookie(uint64_t *ret, struct err *e)
{
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) < 0)
		return fail_sys(e, "ask for the cookie of the network namespace");
	*ret = cookie;
	return 0;
}

int netns_cookie_of(int fd, uint64_t *ret, struct err *e)
{
	autoclose int own = nsfd_own("net", e);
	uint64_t cookie = 0;
	int result;

	if (own < 0 || nsfd_enter(fd, CLONE_NEWNET, NULL, e) < 0)
		return -1;
	result = netns_cookie(&cookie, e);
	if (setns(own, CLONE_NEWNET) < 0)
		return fail_sys(e, "return to the own network namespace");
	if (result < 0)
		return -1;
	*ret = cookie;
	return 0;
}

static int answer_cookie(void *context, struct strbuf *answer, struct err *e)
{
	const int *fd = context;
	uint64_t cookie;

	if (nsfd_enter(*fd, CLONE_NEWNET, NULL, e) < 0 || netns_cookie(&cookie, e) < 0)
		return -1;
	strbuf_add(answer, (const char *)&cookie, sizeof(cookie));
	return 0;
}

int netns_cookie_apart(int fd, uint64_t *ret, struct err *e)
{
	const struct helper_job job = {
		.name = "a look at the cookie of a network namespace",
		.work = answer_cookie,
		.context = &fd,
	};
	autofree char *bytes = NULL;
	size_t length;

	if (helper_run(&job, sizeof(*ret), &bytes, &length, e) < 0)
		return -1;
	if (length != sizeof(*ret))
		return fail(e, ERR_INTERNAL, "a cookie of %zu bytes", length);
	memcpy(ret, bytes, sizeof(*ret));
	return 0;
}

int nsfd_enter(int fd, int type, const char *path, struct err *e)
{
	if (setns(fd, type) == 0)
		return 0;
	if (!path)
		return fail_sys(e, "join a %s namespace", kind_name(type));
	return fail_sys(e, "join the %s namespace '%s'", kind_name(type), path);
}

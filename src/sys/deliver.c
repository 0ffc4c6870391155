/* SPDX-License-Identifier: Apache-2.0 */
/* See deliver.h. Runs in the runtime. */
#include "sys/deliver.h"

#include "base/auto.h"
#include "base/str.h"
#include "sys/deadline.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

struct delivery {
	const char *path, *what;
	struct deadline deadline;
};

/* connect() waits while the queue of a listener that does not accept is full, sendmsg() while that of a reader
 * that does not read is; both for as long as this (socket(7)). */
static int limit(const struct delivery *d, int socket_fd)
{
	int left = deadline_left(&d->deadline);
	/* 0 would be no limit at all. */
	struct timeval time = { .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 + 1 };

	return setsockopt(socket_fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
}

static int fail_delivery(const struct delivery *d, const char *verb, const char *failing,
			 struct err *e)
{
	if (errno == EAGAIN)
		return fail(e, ERR_SYSTEM, "%s%s '%s': its owner has not %s for %d seconds", verb,
			    d->what, d->path, failing, (deadline_ms() + 999) / 1000);
	return fail_sys(e, "%s%s '%s'", verb, d->what, d->path);
}

static int connect_to(const struct delivery *d, struct err *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	autoclose int target = open(d->path, O_PATH | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return fail_sys(e, "socket");
	if (target < 0)
		return fail_sys(e, "open%s '%s'", d->what, d->path);
	/* By descriptor: the path may be longer than sun_path. */
	if (str_format(address.sun_path, sizeof(address.sun_path), e, "%s", fd_path(target).text) <
	    0)
		return -1;
	do
		rc = limit(d, fd) < 0 ? -1
				      : connect(fd, (struct sockaddr *)&address, sizeof(address));
	while (rc < 0 && errno == EINTR && !deadline_is_over(&d->deadline));
	return rc < 0 ? fail_delivery(d, "connect to", "accepted", e) : take_fd(&fd);
}

static int send_all(const struct delivery *d, int socket_fd, const char *text, size_t length,
		    int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec part;
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space),
	};
	struct cmsghdr *rights = CMSG_FIRSTHDR(&message);

	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
	while (length > 0) {
		ssize_t sent;

		part = (struct iovec){ .iov_base = (void *)(uintptr_t)text, .iov_len = length };
		if (limit(d, socket_fd) < 0)
			return -1;
		sent = sendmsg(socket_fd, &message, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR && !deadline_is_over(&d->deadline))
			continue;
		if (sent < 0)
			return -1;
		text += sent;
		length -= (size_t)sent;
		message.msg_control = NULL;
		message.msg_controllen = 0;
	}
	return 0;
}

int deliver(const char *path, const char *text, size_t length, int fd, const char *what,
	    struct err *e)
{
	const struct delivery d = {
		.path = path,
		.what = what,
		.deadline = deadline_in(deadline_ms()),
	};
	autoclose int socket_fd = connect_to(&d, e);

	if (socket_fd < 0)
		return -1;
	if (send_all(&d, socket_fd, text, length, fd) < 0)
		return fail_delivery(&d, "send to", "read", e);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between the runtime and the process it makes. Runs in both: neither trusts the other's
 * datagrams further than their shape.
 */
#include "sys/channel.h"

#include "base/auto.h"
#include "base/str.h"
#include "sys/deadline.h"
#include "sys/procfs.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* More often than any signal interrupts a call; a seccomp profile can answer EINTR for ever. */
#define INTERRUPTED_MAX 65536

/* CMSG_SPACE() of one descriptor rounds up and has room for two: all that arrive are looked at. */
union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

int channel_pair(int ret_fds[2], struct err *e)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return fail_sys(e, "make a socket pair");
	ret_fds[0] = fds[0];
	ret_fds[1] = fds[1];
	return 0;
}

/* Field by field into zeroes: what lies behind the text's end is not for the other side. */
static void fill_wire(const struct message *message, struct message *wire)
{
	memset(wire, 0, sizeof(*wire));
	wire->type = message->type;
	wire->value = message->value;
	wire->error.kind = message->error.kind;
	wire->error.sys = message->error.sys;
	memcpy(wire->error.text, message->error.text,
	       strnlen(message->error.text, sizeof(wire->error.text) - 1));
}

static int check_sent(ssize_t sent, uint32_t type, struct err *e)
{
	if (sent < 0)
		return fail_sys(e, "send a message of type %u", type);
	if ((size_t)sent != sizeof(struct message))
		return fail(e, ERR_SYSTEM, "send a message of type %u: cut short", type);
	return 0;
}

int channel_send(int socket, const struct message *message, int fd, struct err *e)
{
	struct message wire;
	union control control;
	struct iovec part = { .iov_base = &wire, .iov_len = sizeof(wire) };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
	unsigned interrupted = 0;
	ssize_t sent;

	fill_wire(message, &wire);

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		header.msg_control = &control;
		header.msg_controllen = sizeof(control);

		struct cmsghdr *rights = CMSG_FIRSTHDR(&header);

		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
	}
	do {
		sent = sendmsg(socket, &header, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR && interrupted++ < INTERRUPTED_MAX);
	return check_sent(sent, message->type, e);
}

int channel_write(int socket, const struct message *message, struct err *e)
{
	struct message wire;
	unsigned interrupted = 0;
	ssize_t sent;

	fill_wire(message, &wire);
	do {
		sent = write(socket, &wire, sizeof(wire));
	} while (sent < 0 && errno == EINTR && interrupted++ < INTERRUPTED_MAX);
	return check_sent(sent, message->type, e);
}

/* Descriptors that came along: the first one, others are closed and counted. */
static unsigned take_descriptors(struct msghdr *header, int *ret_fd)
{
	unsigned count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(int) <= c->cmsg_len - CMSG_LEN(0);
		     at += sizeof(int)) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + at, sizeof(fd));
			if (count++ == 0)
				*ret_fd = fd;
			else
				close_keep_errno(fd);
		}
	}
	return count;
}

static bool message_is_sound(const struct message *m)
{
	int kind = (int)m->error.kind;

	return kind >= ERR_NONE && kind <= ERR_INTERNAL &&
	       memchr(m->error.text, '\0', sizeof(m->error.text));
}

int channel_receive(int socket, struct message *ret, int *ret_fd, struct err *e)
{
	struct message wire;
	union control control;
	struct iovec part = { .iov_base = &wire, .iov_len = sizeof(wire) };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
	autoclose int fd = -1;
	unsigned interrupted = 0;
	ssize_t length;
	int reset = 0;

	/* An agent that answers in place of the kernel (seccomp_unotify(2)) may say that something came where nothing
	 * did: then these bytes are not a message. */
	memset(&wire, 0, sizeof(wire));
	memset(&control, 0, sizeof(control));

	/* ECONNRESET: the peer went with a message of ours unread. It is told once, before what the peer had
	 * said still; then that comes, or the end. */
	do {
		header.msg_control = &control;
		header.msg_controllen = sizeof(control);
		length = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
	} while (length < 0 && ((errno == EINTR && interrupted++ < INTERRUPTED_MAX) ||
				(errno == ECONNRESET && !reset++)));
	if (length == 0 || (length < 0 && errno == ECONNRESET))
		return 0;
	if (length < 0)
		return fail_sys(e, "receive a message");

	unsigned descriptors = take_descriptors(&header, &fd);

	if ((size_t)length != sizeof(wire) || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ||
	    descriptors > 1 || !message_is_sound(&wire))
		return fail(e, ERR_INTERNAL,
			    "malformed message (%zd bytes, %u descriptors, flags 0x%x)", length,
			    descriptors, (unsigned)header.msg_flags);
	if (descriptors && !ret_fd)
		return fail(e, ERR_INTERNAL, "message of type %u with a descriptor not asked for",
			    wire.type);
	err_escape(&wire.error);
	*ret = wire;
	if (ret_fd)
		*ret_fd = take_fd(&fd);
	return 1;
}

int channel_read(int socket, struct message *ret, struct err *e)
{
	struct message wire;
	unsigned interrupted = 0;
	ssize_t length;

	memset(&wire, 0, sizeof(wire));
	do {
		length = read(socket, &wire, sizeof(wire));
	} while (length < 0 && errno == EINTR && interrupted++ < INTERRUPTED_MAX);
	if (length == 0 || (length < 0 && errno == ECONNRESET))
		return 0;
	if (length < 0)
		return fail_sys(e, "receive a message");
	if ((size_t)length != sizeof(wire) || !message_is_sound(&wire))
		return fail(e, ERR_INTERNAL, "malformed message (%zd bytes)", length);
	*ret = wire;
	return 1;
}

static int socket_address(int directory_fd, const char *name, struct sockaddr_un *ret,
			  struct err *e)
{
	struct fd_path directory = fd_path(directory_fd);

	if (str_empty(name) || strchr(name, '/'))
		return fail(e, ERR_INTERNAL, "'%s' is not the name of a socket", name);
	memset(ret, 0, sizeof(*ret));
	ret->sun_family = AF_UNIX;
	return str_format(ret->sun_path, sizeof(ret->sun_path), e, "%s/%s", directory.text, name);
}

int channel_listen(int directory_fd, const char *name, struct err *e)
{
	struct sockaddr_un address;
	autoclose int fd = -1;

	if (socket_address(directory_fd, name, &address, e) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail_sys(e, "make socket '%s'", name);
	/* bind() gives the file the mode of the socket, less the umask: never wider than this, not
	 * for a moment; the second call puts back what an odd umask took */
	if (fchmod(fd, 0600) < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return fail_sys(e, "bind socket '%s'", name);
	if (fchmodat(directory_fd, name, 0600, 0) < 0 || listen(fd, 1) < 0) {
		int error_number = errno;

		unlinkat(directory_fd, name, 0);
		return fail_errno(e, error_number, "listen on socket '%s'", name);
	}
	return take_fd(&fd);
}

int channel_connect(int directory_fd, const char *name, struct err *e)
{
	struct timeval deadline = { .tv_sec = deadline_ms() / 1000,
				    .tv_usec = deadline_ms() % 1000 * 1000 };
	struct timeval none = { 0 };
	struct sockaddr_un address;
	autoclose int fd = -1;

	if (socket_address(directory_fd, name, &address, e) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	/* connect() waits while the queue of a listener that does not accept is full */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline)) < 0)
		return fail_sys(e, "make a socket for '%s'", name);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return fail_sys(e, "connect to socket '%s'", name);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof(none)) < 0)
		return fail_sys(e, "set up the connection to socket '%s'", name);
	return take_fd(&fd);
}

/* A datagram socket cannot be connected to it, and the kernel says which of both it is by the error (unix(7)): nothing is
 * queued for the listener and its process sleeps on. */
int channel_has_listener(int directory_fd, const char *name, struct err *e)
{
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;

	if (fd < 0)
		return fail_sys(e, "make a socket for '%s'", name);
	if (socket_address(directory_fd, name, &address, e) < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return 0; /* a socket of another kind */
	if (errno == EPROTOTYPE)
		return 1;
	if (errno == ENOENT || errno == ECONNREFUSED)
		return 0;
	return fail_sys(e, "connect to socket '%s'", name);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing the listener of a filter to the agent that answers for it (config-linux.md "The Container Process
 * State"). Runs in the runtime.
 */
#include "seccomp/program.h"

#include "base/auto.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define LISTENER_DEADLINE_S 10

static void put_process(const struct seccomp_container *container, const char *metadata,
			struct json_out *out)
{
	json_out_object(out);
	json_out_member_string(out, "ociVersion", container->state.oci_version);
	json_out_key(out, "fds");
	json_out_array(out);
	json_out_string(out, "seccompFd");
	json_out_array_end(out);
	json_out_member_i64(out, "pid", container->pid);
	if (metadata)
		json_out_member_string(out, "metadata", metadata);
	json_out_key(out, "state");
	oci_state_encode(&container->state, out);
	json_out_object_end(out);
}

static int connect_to(const char *path, struct err *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval deadline = { .tv_sec = LISTENER_DEADLINE_S };
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	autoclose int target = open(path, O_PATH | O_CLOEXEC);

	/* Without a deadline connect() waits for ever for a listener that does not accept. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline)) < 0)
		return fail_sys(e, "socket");
	if (target < 0)
		return fail_sys(e, "linux.seccomp.listenerPath: open '%s'", path);
	/* By descriptor: the path may be longer than sun_path. */
	if (str_format(address.sun_path, sizeof(address.sun_path), e, "%s", fd_path(target).text) <
	    0)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno == EAGAIN)
			return fail(e, ERR_SYSTEM,
				    "linux.seccomp.listenerPath: connect to '%s': nobody accepts "
				    "for %d seconds",
				    path, LISTENER_DEADLINE_S);
		return fail_sys(e, "linux.seccomp.listenerPath: connect to '%s'", path);
	}
	return take_fd(&fd);
}

/* The descriptor comes with the first byte; a long text may go in several parts. */
static int send_all(int socket_fd, const char *text, size_t length, int fd)
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
		sent = sendmsg(socket_fd, &message, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
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

int seccomp_listener_send(const char *path, const char *metadata,
			  const struct seccomp_container *container, int fd, struct err *e)
{
	autoclose int socket_fd = -1;
	auto_json_out out = json_out_new(false);
	const char *text;
	size_t length;

	put_process(container, metadata, out);
	if (json_out_finish(out, &text, &length, e) < 0)
		return -1;
	socket_fd = connect_to(path, e);
	if (socket_fd < 0)
		return -1;
	if (send_all(socket_fd, text, length, fd) < 0)
		return fail_sys(e, "linux.seccomp.listenerPath: send to '%s'", path);
	return 0;
}

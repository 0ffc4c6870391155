/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Relaying sd_notify(3) messages out of a container. Runs in the runtime.
 */
#include "container/notify.h"

#include "base/auto.h"
#include "container/environment.h"
#include "os/io.h"
#include "os/log.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* What a service manager accepts of one message (sd_notify(3): a page). */
#define MESSAGE_MAX 4096
/* Of one turn: a program that floods its socket must not keep the runtime from its signals. */
#define MESSAGES_MAX 64

/* What concerns the service alone. MAINPID, FDSTORE, BUSERROR, NOTIFYACCESS and the like are requests that
 * the manager would carry out in the runtime's name. */
static const char *const passed[] = {
	"READY=",          "RELOADING=", "STOPPING=",      "STATUS=",
	"ERRNO=",          "WATCHDOG=",  "WATCHDOG_USEC=", "EXTEND_TIMEOUT_USEC=",
	"MONOTONIC_USEC=",
};

void notify_release(struct notify *notify)
{
	replace_fd(&notify->socket, -1);
}

static int set_address(const char *path, struct sockaddr_un *ret, socklen_t *ret_length,
		       struct err *e)
{
	size_t length = strlen(path);

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if ((path[0] != '/' && path[0] != '@') || length >= sizeof(ret->sun_path))
		return fail(e, ERR_USAGE, "NOTIFY_SOCKET '%s' is not the address of a unix socket",
			    path);
	memcpy(ret->sun_path, path, length);
	/* unix(7): an abstract one begins with NUL and ends with its length */
	if (path[0] == '@')
		ret->sun_path[0] = '\0';
	*ret_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	return 0;
}

int notify_make_directory(const struct state_dir *dir, struct err *e)
{
	/* For any user that the program runs as; only the owner passes the directory above it. */
	if (mkdirat(dir->fd, STATE_NOTIFY, 0755) < 0 ||
	    fchmodat(dir->fd, STATE_NOTIFY, 0755, 0) < 0)
		return fail_sys(e, "make the directory of the notification socket");
	return 0;
}

int notify_listen(const struct state_dir *dir, const char *manager, struct notify *ret,
		  struct err *e)
{
	autoclose int directory = -1, fd = -1;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t length;

	if (!manager)
		return 0;
	directory = openat(dir->fd, STATE_NOTIFY, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory < 0 && errno == ENOENT)
		return 0;
	if (directory < 0)
		return fail_sys(e, "open the directory of the notification socket");
	if (set_address(manager, &address, &length, e) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail_sys(e, "socket");
	address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (str_format(address.sun_path, sizeof(address.sun_path), e, "%s/" STATE_NOTIFY_SOCKET,
		       fd_path(directory).text) < 0)
		return -1;
	if (unlinkat(directory, STATE_NOTIFY_SOCKET, 0) < 0 && errno != ENOENT)
		return fail_sys(e, "remove the old notification socket");
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    fchmodat(directory, STATE_NOTIFY_SOCKET, 0777, 0) < 0)
		return fail_sys(e, "make the notification socket");
	ret->socket = take_fd(&fd);
	ret->manager = manager;
	return 0;
}

void notify_filter(const char *message, struct strbuf *ret, bool *ret_ready)
{
	*ret_ready = false;
	while (*message) {
		size_t length = strcspn(message, "\n");

		for (size_t i = 0; i < ARRAY_SIZE(passed); i++) {
			if (strncmp(message, passed[i], strlen(passed[i])) != 0)
				continue;
			strbuf_printf(ret, "%.*s\n", (int)length, message);
			if (length == strlen("READY=1") && str_has_prefix(message, "READY=1"))
				*ret_ready = true;
		}
		message += length;
		message += *message == '\n';
	}
}

/* A manager that does not listen any more is not a reason to end the container. */
static void pass_on(struct notify *notify, const char *message)
{
	autostrbuf lines = { 0 };
	struct sockaddr_un address;
	socklen_t length;
	struct err e;
	bool ready;

	notify_filter(message, &lines, &ready);
	if (ready && !notify->ready && notify->main_pid > 0)
		strbuf_printf(&lines, "MAINPID=%" PRId64 "\n", notify->main_pid);
	if (lines.length == 0)
		return;

	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || set_address(notify->manager, &address, &length, &e) < 0)
		return;
	if (sendto(fd, strbuf_text(&lines), lines.length, MSG_NOSIGNAL | MSG_DONTWAIT,
		   (struct sockaddr *)&address, length) < 0)
		log_warning("notify '%s': %s", notify->manager, strerror(errno));
	notify->ready |= ready;
}

void notify_relay(struct notify *notify)
{
	char message[MESSAGE_MAX + 1];

	for (unsigned i = 0; i < MESSAGES_MAX && notify->socket >= 0; i++) {
		/* recv() and not recvmsg(): descriptors that come along are dropped */
		ssize_t n = recv(notify->socket, message, MESSAGE_MAX, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		message[n] = '\0';
		pass_on(notify, message);
	}
}

int notify_wait_ready(struct notify *notify, int pidfd, struct err *e)
{
	struct pollfd fds[2] = { { .fd = notify->socket, .events = POLLIN },
				 { .fd = pidfd, .events = POLLIN } };

	if (notify->socket < 0)
		return 0;
	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return fail_sys(e, "wait for the notification");
		/* what was said last counts, too */
		notify_relay(notify);
		if (notify->ready)
			return 0;
		/* whether that is a failure is for the manager to say */
		if (fds[1].revents)
			return 0;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The foreground of `run`: the caller's terminal becomes the container's, signals pass through, until
 * the program ends. Runs in the runtime.
 */
#include "container/terminal.h"

#include "base/auto.h"
#include "base/io.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* The program's output is drained this long after its end where others still hold the terminal. */
#define DRAIN_MS 200

static void copy_size(const struct foreground *f)
{
	struct winsize size;

	if (f->master >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		ioctl(f->master, TIOCSWINSZ, &size);
}

static int set_terminals(struct foreground *f, struct err *e)
{
	struct termios mode;

	if (f->master < 0)
		return 0;
	/* The caller's terminal adds the carriage returns (OPOST stays on there); where the output goes to
	 * a pipe nobody wants them. */
	if (tcgetattr(f->master, &mode) < 0)
		return fail_sys(e, "read the mode of the container's terminal");
	mode.c_oflag &= ~(tcflag_t)ONLCR;
	if (tcsetattr(f->master, TCSANOW, &mode) < 0)
		return fail_sys(e, "set the mode of the container's terminal");
	if (tcgetattr(STDIN_FILENO, &f->saved) < 0)
		return 0; /* no terminal of the caller: its streams are copied as they are */
	mode = f->saved;
	cfmakeraw(&mode);
	mode.c_oflag |= OPOST;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &mode) < 0)
		return fail_sys(e, "set the mode of the terminal");
	f->raw = true;
	copy_size(f);
	return 0;
}

int foreground_prepare(struct foreground *f, int *ret_signal_fd, struct err *e)
{
	sigset_t set;
	int fd;

	(void)f;
	sigfillset(&set);
	/* Its own business: the container's children are not ours, and job control is the shell's. */
	sigdelset(&set, SIGCHLD);
	sigdelset(&set, SIGTTIN);
	sigdelset(&set, SIGTTOU);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return fail_sys(e, "block signals");
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return fail_sys(e, "signalfd");
	*ret_signal_fd = fd;
	return 0;
}

static void pass_signals(const struct foreground *f, int signal_fd)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH)
			copy_size(f);
		else if (info.ssi_signo != SIGPIPE && info.ssi_signo != SIGURG)
			sys_pidfd_send_signal(f->init->pidfd, (int)info.ssi_signo);
	}
}

/* False at the end of `from`, or where nobody takes it. */
static bool copy_some(int from, int to)
{
	char buffer[16384];
	struct err e;
	ssize_t n = read(from, buffer, sizeof(buffer));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	return n > 0 && write_fd_all(to, "the terminal", buffer, (size_t)n, &e) == 0;
}

static void drain(const struct foreground *f)
{
	struct pollfd fd = { .fd = f->master, .events = POLLIN };

	while (poll(&fd, 1, DRAIN_MS) > 0 && (fd.revents & POLLIN) &&
	       copy_some(f->master, STDOUT_FILENO))
		;
}

static int follow(struct foreground *f, int signal_fd, struct err *e)
{
	struct pollfd fds[] = {
		{ .fd = f->init->pidfd, .events = POLLIN },
		{ .fd = signal_fd, .events = POLLIN },
		{ .fd = f->master, .events = POLLIN },
		{ .fd = f->master >= 0 ? STDIN_FILENO : -1, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return fail_sys(e, "wait for the container");
		if (fds[1].revents)
			pass_signals(f, signal_fd);
		if (fds[2].revents && !copy_some(f->master, STDOUT_FILENO))
			fds[2].fd = -1;
		if (fds[3].revents && !copy_some(STDIN_FILENO, f->master))
			fds[3].fd = -1;
		if (fds[0].revents)
			break;
	}
	if (fds[2].fd >= 0)
		drain(f);
	return 0;
}

int foreground_follow(struct foreground *f, int signal_fd, struct err *e)
{
	int rc = set_terminals(f, e);

	if (rc == 0)
		rc = follow(f, signal_fd, e);
	if (f->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &f->saved);
	return rc;
}

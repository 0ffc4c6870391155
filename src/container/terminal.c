/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The foreground of `run`: the caller's terminal becomes the container's, signals pass through, until
 * the program ends. Runs in the runtime.
 */
#include "container/terminal.h"

#include "base/auto.h"
#include "sys/deadline.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* How soon a reader is told that the input has ended after another one was, and how soon where none has read it. */
#define AGAIN_MS 50
#define AGAIN_MAX_MS 1000
#define TYPED_EOF 4 /* ^D */

/* The program's output is drained this long after its end where others still hold the terminal. */
#define DRAIN_MS 200

/* A terminal that does not know its size says 0: then what the configuration says stays. */
static void copy_size(const struct foreground *f)
{
	struct winsize size;

	if (f->master >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 &&
	    (size.ws_row || size.ws_col))
		ioctl(f->master, TIOCSWINSZ, &size);
}

static int set_terminals(struct foreground *f, struct err *e)
{
	struct termios mode;

	if (f->master < 0)
		return 0;
	/* A program that does not read must not stop us from passing signals on. */
	if (fcntl(f->master, F_SETFL, O_NONBLOCK) < 0)
		return fail_sys(e, "set up the container's terminal");
	/* The caller's terminal adds the carriage returns (OPOST stays on there); in a pipe they are not
	 * wanted. */
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
	return set_terminals(f, e);
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

/* One direction. What was read and not yet taken waits here; until it is gone nothing more is read. */
struct flow {
	int from, to;
	bool readable; /* `from` has more to come */
	bool dead; /* it is not taken any more: read on, because the container would stop, and drop it */
	size_t start, end;
	char buffer[16384];
};

static bool is_pending(const struct flow *flow)
{
	return flow->start < flow->end;
}

static void flow_read(struct flow *flow)
{
	ssize_t n = read(flow->from, flow->buffer, sizeof(flow->buffer));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	/* EIO: the last process has closed the terminal */
	if (n <= 0) {
		flow->readable = false;
		return;
	}
	flow->start = 0;
	flow->end = flow->dead ? 0 : (size_t)n;
}

static void flow_write(struct flow *flow)
{
	ssize_t n = write(flow->to, flow->buffer + flow->start, flow->end - flow->start);

	if (n >= 0) {
		flow->start += (size_t)n;
	} else if (errno != EINTR && errno != EAGAIN) {
		flow->dead = true;
		flow->end = 0;
	}
}

/* Poll for what can go on: writing where something waits, else reading. */
static void flow_prepare(const struct flow *flow, struct pollfd *read_fd, struct pollfd *write_fd)
{
	bool pending = is_pending(flow);

	*read_fd = (struct pollfd){ .fd = flow->readable && !pending ? flow->from : -1,
				    .events = POLLIN };
	*write_fd = (struct pollfd){ .fd = pending ? flow->to : -1, .events = POLLOUT };
}

static void flow_step(struct flow *flow, const struct pollfd *read_fd,
		      const struct pollfd *write_fd)
{
	if (read_fd->revents)
		flow_read(flow);
	if (write_fd->revents)
		flow_write(flow);
}

/* What the program has written before its end is in the terminal still. */
static void drain(struct flow *out)
{
	struct pollfd read_fd, write_fd;

	for (;;) {
		flow_prepare(out, &read_fd, &write_fd);
		struct pollfd *fd = read_fd.fd >= 0 ? &read_fd : &write_fd;
		if (fd->fd < 0 || poll(fd, 1, DRAIN_MS) <= 0)
			return;
		flow_step(out, &read_fd, &write_fd);
	}
}

/* A terminal has no end that stays: each reader is told anew, as by a person who types it (termios(3)). */
struct ending {
	bool begun;
	int wait_ms;
	struct deadline next;
};

/* Whether there is something to read for a program still; `otherwise` if the kernel does not tell. */
static bool has_input(int master, bool otherwise)
{
	autoclose int slave = ioctl(master, TIOCGPTPEER, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	struct pollfd input = { .fd = slave, .events = POLLIN };
	int n = slave < 0 ? -1 : poll(&input, 1, 0);

	return n < 0 ? otherwise : n > 0;
}

/* Line editors, which take each key by itself, know what is typed. VDISABLE: there is no such character. */
static void type_eof(int master)
{
	struct termios mode;
	char eof = TYPED_EOF;

	if (tcgetattr(master, &mode) < 0)
		return;
	if (mode.c_lflag & ICANON)
		eof = (char)mode.c_cc[VEOF];
	if (eof != _POSIX_VDISABLE)
		(void)!write(master, &eof, 1);
}

/* How long to wait for anything else; -1: the input goes on. Half a line is given to its reader by the first
 * character, and a change of modes may swallow one: so the next one follows as soon as nothing is left to read. */
static int tell_end(const struct foreground *f, const struct flow *in, struct ending *ending)
{
	if (f->master < 0 || in->readable || in->dead || is_pending(in))
		return -1;
	if (!deadline_is_over(&ending->next))
		return deadline_left(&ending->next);
	if (!has_input(f->master, ending->begun)) {
		type_eof(f->master);
		ending->wait_ms = AGAIN_MS;
	} else if (ending->wait_ms < AGAIN_MAX_MS) {
		ending->wait_ms = ending->begun ? 2 * ending->wait_ms : AGAIN_MS;
	}
	ending->begun = true;
	ending->next = deadline_in(ending->wait_ms);
	return ending->wait_ms;
}

static int follow(struct foreground *f, int signal_fd, struct flow *in, struct flow *out,
		  struct err *e)
{
	struct pollfd fds[7] = {
		{ .fd = f->init->pidfd, .events = POLLIN },
		{ .fd = signal_fd, .events = POLLIN },
		[6] = { .fd = f->notify ? f->notify->socket : -1, .events = POLLIN },
	};
	struct ending ending = { .begun = false };

	for (;;) {
		flow_prepare(in, &fds[2], &fds[3]);
		flow_prepare(out, &fds[4], &fds[5]);
		if (poll(fds, ARRAY_SIZE(fds), tell_end(f, in, &ending)) < 0) {
			if (errno == EINTR)
				continue;
			return fail_sys(e, "wait for the container");
		}
		if (fds[1].revents)
			pass_signals(f, signal_fd);
		flow_step(in, &fds[2], &fds[3]);
		flow_step(out, &fds[4], &fds[5]);
		if (fds[6].revents)
			notify_relay(f->notify);
		if (fds[0].revents)
			break;
	}
	drain(out);
	return 0;
}

int foreground_follow(struct foreground *f, struct child *init, int signal_fd, int *ret_code,
		      struct err *e)
{
	bool terminal = f->master >= 0;
	struct flow in = { .from = STDIN_FILENO, .to = f->master, .readable = terminal };
	struct flow out = { .from = f->master, .to = STDOUT_FILENO, .readable = terminal };

	f->init = init;
	return follow(f, signal_fd, &in, &out, e) < 0 ? -1 : child_wait(init, ret_code, e);
}

void foreground_end(struct foreground *f)
{
	if (f->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &f->saved);
	f->raw = false;
}

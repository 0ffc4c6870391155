/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's side of the conversation with the process that it makes (protocol.h), how it waits for it, and how it
 * ends what is given up. A process that is waited for here sees the runtime's end as the end of the file.
 */
#include "boot/common/peer.h"

#include "base/auto.h"
#include "base/str.h"
#include "boot/protocol.h"
#include "os/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* A process that is let run is gone by then. */
#define DYING_MS 200
/* How long a child that does not listen any more may take to end. */
#define LAST_WORDS_MS 1000

static const char *name_of(const struct boot_peer *p)
{
	return p->joiner ? "the new process" : "the container's first process";
}

int peer_pair(struct boot_peer *p, struct err *e)
{
	int pair[2];

	if (channel_pair(pair, e) < 0)
		return -1;
	p->channel = pair[0];
	p->theirs = pair[1];
	return 0;
}

/* A process that is let run is gone by then. */
#define DYING_MS 200

static struct peer peer_of(const struct boot_peer *p, const struct child *child)
{
	return (struct peer){
		.name = name_of(p),
		.pid = child->pid,
		.pidfd = -1,
		.notifies = p->notifies,
		.hindrance = cgroup_hindrance,
	};
}

int peer_wait_word(const struct boot_peer *p, struct err *e)
{
	const struct peer peer = peer_of(p, &p->child);

	return peer_wait(&peer, p->channel, e) < 0 ? -1 : 0;
}

int peer_wait_end(const struct boot_peer *p, struct child *child, int *ret_status, struct err *e)
{
	struct peer peer = peer_of(p, child);

	peer.pidfd = child->pidfd;
	return peer_wait(&peer, -1, e) < 0 ? -1 : child_wait(child, ret_status, e);
}

struct peer peer_helper(const struct boot_peer *p, const struct child *helper)
{
	return (struct peer){
		.name = "the runtime's helper",
		.pid = helper->pid,
		.other = p->child.pid,
		.pidfd = -1,
		.hindrance = cgroup_hindrance,
	};
}

int peer_wait_helper(const struct boot_peer *p, struct child *helper, int *ret_status,
		     struct err *e)
{
	struct peer peer = peer_helper(p, helper);

	peer.pidfd = helper->pidfd;
	return peer_wait(&peer, -1, e) < 0 ? -1 : child_wait(helper, ret_status, e);
}

void peer_end(struct child *child)
{
	pid_t heir = child->pid > 0 ? peer_heir(child->pid) : 0;

	if (child->pid <= 0)
		return;
	/* It cannot be another's: it is ours, and it was not waited for. */
	if (heir && kill(heir, SIGKILL) == 0)
		cgroup_let_die(heir);
	if (child->pidfd >= 0 && sys_pidfd_send_signal(child->pidfd, SIGKILL) == 0 &&
	    !pidfd_ended(child->pidfd, DYING_MS))
		cgroup_let_die(child->pid);
	child_drop(child);
}

int peer_go(const struct boot_peer *p, struct err *e)
{
	struct message go = { .type = BOOT_GO };

	return channel_send(p->channel, &go, -1, e);
}

int peer_fail_oom_killed(const struct boot_peer *p, struct err *e)
{
	struct cgroup_memory now;

	if (!p->group)
		return 0;
	cgroup_memory_of(&p->group->cgroup, &now);
	if (now.kills <= p->group->before.kills)
		return 0;
	return fail_oom_killed(name_of(p), &now, e);
}

static int fail_ended(struct boot_peer *p, int status, struct err *e)
{
	const char *hint = "";

	if (status == 128 + SIGKILL && peer_fail_oom_killed(p, e) < 0)
		return -1;
	p->lost = status == 0 || status == 128 + SIGKILL;
	/* The joiner has done its part; what it has made is gone. */
	if (p->joiner && status == 0)
		return fail(e, ERR_SYSTEM, "the new process ended before its program ran");
	if (status == 128 + SIGKILL)
		hint = ", killed";
	else if (status == 128 + SIGSYS)
		hint = ", SIGSYS: the seccomp profile kills for what a container needs to be born";
	return fail(e, ERR_SYSTEM, "%s ended unexpectedly (status %d%s)", name_of(p), status, hint);
}

void peer_last_words(struct boot_peer *p, struct err *e)
{
	struct pollfd words = { .fd = p->channel, .events = POLLIN };
	struct message message;
	struct err ignored;
	int status, fd = -1;

	/* It was given up, and that is the cause. */
	if (e->sys == ETIMEDOUT)
		return;

	/* Its end of the channel is closed a moment before it has ended. */
	if (p->child.pid <= 0 || p->channel < 0 || p->failed ||
	    !pidfd_ended(p->child.pidfd, e->sys == EPIPE || e->sys == ESRCH ? LAST_WORDS_MS : 0))
		return;
	/* One that it has cloned may hold its end open. */
	while (poll(&words, 1, 0) > 0 && channel_receive(p->channel, &message, &fd, &ignored) > 0) {
		/* The joiner has ended, as it should, and what it has made waits for our word. */
		if (message.type == BOOT_PROCESS && fd >= 0)
			sys_pidfd_send_signal(fd, SIGKILL);
		replace_fd(&fd, -1);
		if (message.type == BOOT_ERROR) {
			*e = message.error;
			return;
		}
	}
	/* The joiner of exec ends well once it has cloned the process. */
	if (child_wait(&p->child, &status, &ignored) == 0 && !(p->joiner && status == 0))
		(void)!fail_ended(p, status, e);
}

static int receive_any(struct boot_peer *p, struct message *ret, int *ret_fd, struct err *e)
{
	int status, rc = peer_wait_word(p, e);

	if (rc == 0)
		rc = channel_receive(p->channel, ret, ret_fd, e);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		if (peer_wait_end(p, &p->child, &status, e) < 0)
			return -1;
		return fail_ended(p, status, e);
	}
	if (ret->type == BOOT_ERROR) {
		*e = ret->error;
		p->failed = true;
		return -1;
	}
	return 0;
}

int peer_receive(struct boot_peer *p, uint32_t type, struct message *ret, int *ret_fd,
		 struct err *e)
{
	if (receive_any(p, ret, ret_fd, e) < 0)
		return -1;
	return ret->type == type
		       ? 0
		       : fail(e, ERR_INTERNAL, "message %u where %u was due", ret->type, type);
}

int peer_expect(struct boot_peer *p, uint32_t type, int *ret_fd, struct err *e)
{
	struct message message;

	return peer_receive(p, type, &message, ret_fd, e);
}

int peer_expect_either(struct boot_peer *p, uint32_t type, uint32_t other, struct message *ret,
		       int *ret_fd, struct err *e)
{
	if (receive_any(p, ret, ret_fd, e) < 0)
		return -1;
	if (ret->type != type && ret->type != other)
		return fail(e, ERR_INTERNAL, "message %u where %u or %u was due", ret->type, type,
			    other);
	return 0;
}

int peer_say(const struct boot_peer *p, uint32_t type, struct err *e)
{
	struct message message = { .type = type };

	return channel_send(p->channel, &message, -1, e);
}

/* The number of the process in our own PID namespace: a number from another one would name a stranger
 * (proc(5), "Pid" of fdinfo; 0 or -1 if it has none or has ended). */
int pid_of(int pidfd, pid_t *ret, struct err *e)
{
	char path[48];
	autofree char *text = NULL;
	char *line;
	uint32_t pid;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	if (read_file_at(AT_FDCWD, path, 4096, &text, NULL, e) < 0)
		return -1;
	line = strstr(text, "\nPid:");
	if (line) {
		line += strlen("\nPid:");
		line += strspn(line, " \t");
		line[strcspn(line, "\n")] = '\0';
	}
	if (!line || !parse_u32(line, &pid) || pid == 0 || pid > INT32_MAX)
		return fail(e, ERR_SYSTEM, "the process has ended before it was known");
	*ret = (pid_t)pid;
	return 0;
}

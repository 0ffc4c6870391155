/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting criu and talking to it (criu.h). Runs in the runtime; criu_execute() in the process that becomes
 * criu.
 */
#include "criu/criu.h"

#include "base/auto.h"
#include "sys/signals.h"
#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
/* Answers are short; a notification brings one descriptor. */
#define ANSWER_MAX 4096
/* Behind its socket. */
#define CONFIG_FD 4

static bool is_executable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111);
}

static int find_path(const char *path, struct arena *arena, const char **ret, struct err *e)
{
	autofree char *absolute = realpath(path, NULL);

	if (!absolute)
		return fail_sys(e, "criu: '%s'", path);
	if (!is_executable(absolute))
		return fail(e, ERR_SYSTEM, "criu: '%s' is not an executable file", path);
	*ret = arena_strdup(arena, absolute);
	return 0;
}

int criu_find(const char *name, struct arena *arena, const char **ret, struct err *e)
{
	const char *at = getenv("PATH");

	if (!name)
		name = "criu";
	if (strchr(name, '/'))
		return find_path(name, arena, ret, e);
	/* Podman leaves it out for most commands. */
	if (str_empty(at))
		at = DEFAULT_PATH;
	for (;;) {
		size_t length = strcspn(at, ":");

		/* What the working directory holds is not a program of the system. */
		if (length > 0 && *at == '/') {
			const char *path = arena_printf(arena, "%.*s/%s", (int)length, at, name);
			if (is_executable(path)) {
				*ret = path;
				return 0;
			}
		}
		if (!at[length])
			return fail(e, ERR_SYSTEM, "%s: executable file not found in $PATH", name);
		at += length + 1;
	}
}

int criu_execute(const char *program, const int *fds, size_t n, struct err *e)
{
	static const char *const words[] = { "criu", "swrk", "3", NULL };
	int high[CRIU_FDS_MAX];

	if (signals_reset(e) < 0)
		return -1;
	/* criu runs helpers (tar, nft) by name. */
	if (str_empty(getenv("PATH")) && setenv("PATH", DEFAULT_PATH, 1) < 0)
		return fail_sys(e, "set PATH");
	for (size_t i = 0; i < n; i++) {
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3 + CRIU_FDS_MAX);
		if (high[i] < 0)
			return fail_sys(e, "duplicate a descriptor");
	}
	for (size_t i = 0; i < n; i++)
		if (dup2(high[i], 3 + (int)i) < 0)
			return fail_sys(e, "place a descriptor");
	/* The caller may have left the runtime more than it needs. */
	if (sys_close_range(3 + (unsigned)n, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		return fail_sys(e, "close_range");
	execv(program, (char *const *)(uintptr_t)words);
	return fail_sys(e, "execute '%s'", program);
}

static int send_bytes(int socket, const struct strbuf *bytes, struct err *e)
{
	ssize_t n;

	do
		n = send(socket, strbuf_text(bytes), bytes->length, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	/* It is gone; the wait for its answer tells how. */
	if (n < 0 && errno != EPIPE && errno != ECONNRESET)
		return fail_sys(e, "send a request to criu");
	return 0;
}

int criu_send(int socket, const struct criu_request *request, struct err *e)
{
	autostrbuf bytes = { 0 };

	criu_request_encode(request, &bytes);
	return send_bytes(socket, &bytes, e);
}

int criu_notified(int socket, bool success, struct err *e)
{
	autostrbuf bytes = { 0 };

	criu_notified_encode(success, &bytes);
	return send_bytes(socket, &bytes, e);
}

/* The descriptor that came along, -1 if there is none. */
static int take_descriptor(struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int fd;

	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
	    header->cmsg_len < CMSG_LEN(sizeof(fd)))
		return -1;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

int criu_receive(int socket, const struct peer *criu, struct criu_answer *ret, int *ret_fd,
		 struct err *e)
{
	char bytes[ANSWER_MAX];
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t n = peer_wait(criu, socket, e);

	if (n <= 0)
		return (int)n;
	do {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	if (n < 0)
		return fail_sys(e, "receive an answer from criu");
	autoclose int fd = take_descriptor(&message);
	if (message.msg_flags & MSG_TRUNC)
		return fail(e, ERR_SYSTEM, "criu's answer is longer than %d bytes", ANSWER_MAX);
	if (criu_answer_decode(bytes, (size_t)n, ret, e) < 0)
		return -1;
	if (ret_fd)
		*ret_fd = take_fd(&fd);
	return 1;
}

/*
 * The process that becomes criu for one request. Its output would go where ours goes. In the middle of a
 * dump its code is in the container's processes, which stand still: it finishes that also if the runtime is
 * killed, or interrupted at a terminal.
 */
static __attribute__((noreturn)) void become_criu(const char *program, int socket, int config,
						  bool dumps)
{
	const int fds[] = { socket, config };
	struct err ignored;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (dumps ? setpgid(0, 0) < 0 : prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		_exit(126);
	if (spawn_streams(null, null, null) < 0)
		_exit(126);
	_exit(criu_execute(program, fds, config < 0 ? 1 : 2, &ignored) < 0 ? 127 : 0);
}

static int wait_answer(int socket, const struct peer *criu, const struct criu_request *request,
		       struct criu_answer *ret, struct err *e)
{
	int rc;

	if (criu_send(socket, request, e) < 0)
		return -1;
	do {
		rc = criu_receive(socket, criu, ret, NULL, e);
		/* Notifications were not asked for, but a configuration file of criu's may. */
		if (rc > 0 && ret->type == CRIU_NOTIFY && criu_notified(socket, true, e) < 0)
			return -1;
	} while (rc > 0 && ret->type == CRIU_NOTIFY);
	return rc;
}

const char *criu_config_path(int fd, struct arena *arena)
{
	return arena_printf(arena, "/proc/self/fd/%d", fd);
}

int criu_ask(const char *program, const struct criu_request *request, struct criu_answer *ret,
	     struct err *e)
{
	autoclose int ours = -1, theirs = -1;
	autochild criu = CHILD_INIT;
	struct criu_request own = *request;
	struct arena arena = { 0 };
	bool dumps = request->type == CRIU_DUMP || request->type == CRIU_PRE_DUMP;
	int pair[2], rc, status;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail_sys(e, "make a socket pair");
	ours = pair[0];
	theirs = pair[1];
	rc = child_clone(0, -1, &criu, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		become_criu(program, theirs, request->config_fd, dumps);
	replace_fd(&theirs, -1);
	if (own.config_fd >= 0)
		own.config_file = criu_config_path(CONFIG_FD, &arena);
	rc = wait_answer(ours,
			 &(struct peer){ .name = "criu", .pid = criu.pid, .pidfd = criu.pidfd },
			 &own, ret, e);
	arena_release(&arena);
	/* After a pre-dump it waits for more, until the connection is closed. */
	replace_fd(&ours, -1);
	if (rc < 0)
		return -1;
	if (child_wait(&criu, &status, e) < 0)
		return -1;
	if (rc == 0)
		return fail(e, ERR_SYSTEM, "'%s' ended with status %d and no answer", program,
			    status);
	return 0;
}

static int ask_version(const char *program, struct err *e)
{
	struct criu_request request = { .type = CRIU_VERSION, .config_fd = -1 };
	struct criu_answer answer;

	if (criu_ask(program, &request, &answer, e) < 0)
		return -1;
	if (!answer.success || answer.version == 0)
		return fail(e, ERR_SYSTEM, "'%s' does not tell its version", program);
	if (answer.version < CRIU_VERSION_MIN)
		return fail(e, ERR_SYSTEM,
			    "'%s' has version %u.%u, " CRIU_VERSION_MIN_TEXT " is needed", program,
			    answer.version / 10000, answer.version / 100 % 100);
	return 0;
}

int criu_check_version(const char *name, struct arena *arena, const char **ret_program,
		       struct err *e)
{
	if (geteuid() != 0)
		return fail(e, ERR_SYSTEM, "criu needs root: operation not permitted");
	if (criu_find(name, arena, ret_program, e) < 0)
		return -1;
	return ask_version(*ret_program, e);
}

int criu_check(const char *name, struct arena *arena, const char **ret_program, struct err *e)
{
	static const char log_file[] = "check.log";
	struct criu_request request = {
		.type = CRIU_CHECK,
		.work = -1,
		.config_fd = -1,
		.log_file = log_file,
	};
	char directory[] = "/tmp/distro-shim.XXXXXX";
	struct criu_answer answer = { 0 };
	autoclose int fd = -1;
	int rc = -1;

	if (criu_check_version(name, arena, ret_program, e) < 0)
		return -1;
	/* It says why in a log only. */
	if (!mkdtemp(directory))
		return fail_sys(e, "make '%s'", directory);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	request.images = fd;
	if (fd < 0)
		fail_sys(e, "open '%s'", directory);
	else
		rc = criu_ask(*ret_program, &request, &answer, e);
	if (rc == 0 && !answer.success)
		rc = criu_fail(fd, NULL, log_file, &answer, "'criu check'", e);
	unlinkat(fd, log_file, 0);
	rmdir(directory);
	return rc < 0 ? -1 : 0;
}

int criu_yard_make(int directory_fd, const char *name, const char *mount_point, struct err *e)
{
	autoclose int yard = -1;

	/* One that a killed checkpoint has left is as good. */
	if (mkdirat(directory_fd, name, 0700) < 0 && errno != EEXIST)
		return fail_sys(e, "make the directory '%s'", name);
	yard = openat(directory_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (yard < 0 || (symlinkat(mount_point, yard, CRIU_YARD_UNIFIED) < 0 && errno != EEXIST))
		return fail_sys(e, "make '%s/" CRIU_YARD_UNIFIED "'", name);
	return 0;
}

void criu_yard_remove(int directory_fd, const char *name)
{
	autoclose int yard =
		openat(directory_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (yard >= 0 && unlinkat(yard, CRIU_YARD_UNIFIED, 0) == 0)
		unlinkat(directory_fd, name, AT_REMOVEDIR);
}

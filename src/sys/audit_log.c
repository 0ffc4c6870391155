/* SPDX-License-Identifier: Apache-2.0 */
/* See audit_log.h. Runs in the runtime, and of a file in a helper: no call about a file has a deadline of its own. */
#include "sys/audit_log.h"

#include "base/auto.h"
#include "os/system_log.h"
#include "sys/deadline.h"
#include "sys/helper.h"
#include "sys/trusted.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <syslog.h>

#define IDENTIFIER "distro-shim-audit"
#define PRIORITY LOG_NOTICE
#define FACILITY LOG_AUTHPRIV

#define WAIT_MS 1000

/* --- the machine's logs --- */

/* Their queue may be full, for as long as the daemon does not read. */
static int send_record(int socket_fd, const struct strbuf *record, const struct deadline *deadline,
		       struct err *e)
{
	for (;;) {
		struct pollfd writable = { .fd = socket_fd, .events = POLLOUT };

		if (write(socket_fd, record->text, record->length) >= 0)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return fail_sys(e, "write to it");
		if (deadline_is_over(deadline))
			return fail(e, ERR_SYSTEM, "it has read nothing for %d ms", WAIT_MS);
		(void)poll(&writable, 1, deadline_left(deadline));
	}
}

static void put_record(bool journal, const char *line, struct strbuf *out)
{
	if (!journal) {
		strbuf_printf(out, "<%d>" IDENTIFIER "[%d]: %s", FACILITY | PRIORITY, (int)getpid(),
			      line);
		return;
	}
	journal_put(out, "MESSAGE", line);
	journal_put(out, "SYSLOG_IDENTIFIER", IDENTIFIER);
	strbuf_printf(out, "PRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_PID=%d\n", PRIORITY,
		      LOG_FAC(FACILITY), (int)getpid());
}

static int send_lines(bool journal, const struct strbuf *lines, struct err *e)
{
	const struct deadline deadline = deadline_in(WAIT_MS);
	autoclose int socket_fd = journal ? journal_connect(e) : syslog_connect(e);
	const char *next;

	if (socket_fd < 0)
		return -1;
	for (const char *line = strbuf_text(lines); (next = strchr(line, '\n')); line = next + 1) {
		autostrbuf record = { 0 };
		autofree char *text = strndup(line, (size_t)(next - line));

		put_record(journal, text ? text : "", &record);
		if (send_record(socket_fd, &record, &deadline, e) < 0)
			return -1;
	}
	return 0;
}

/* --- a file --- */

struct file_job {
	const char *path;
	const struct strbuf *lines;
};

static bool is_owner(const struct trust *trust, uid_t uid)
{
	for (size_t i = 0; i < trust->file.n; i++)
		if (trust->file.v[i] == uid)
			return true;
	return false;
}

static int check_file(const char *path, const struct stat *st, const struct trust *trust,
		      struct err *e)
{
	if (!S_ISREG(st->st_mode))
		return fail(e, ERR_POLICY, "'%s' is %s", path,
			    S_ISLNK(st->st_mode) ? "a symbolic link" : "not a regular file");
	if (!is_owner(trust, st->st_uid))
		return fail(e, ERR_POLICY, "'%s' belongs to user %u", path, (unsigned)st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return fail(e, ERR_POLICY, "'%s' can be written by others than its owner", path);
	if (st->st_nlink != 1)
		return fail(e, ERR_POLICY, "'%s' has another name elsewhere (hard link)", path);
	return 0;
}

/* In its directory, where none but who is trusted can change what the name stands for. What is there is looked at before
 * it is opened: the opening of a device can be an act already. */
static int open_in(int directory, const char *path, const char *base, const struct trust *trust,
		   struct err *e)
{
	autoclose int fd = -1;
	struct stat st;

	if (fstatat(directory, base, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (check_file(path, &st, trust, e) < 0)
			return -1;
	} else if (errno != ENOENT) {
		return fail_sys(e, "look at '%s'", path);
	}
	/* Also for reading: what an earlier command has left of a line is looked for. */
	fd = openat(directory, base,
		    O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		    0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_sys(e, "open '%s'", path);
	return check_file(path, &st, trust, e) < 0 ? -1 : take_fd(&fd);
}

static int open_file(const char *path, struct err *e)
{
	const char *base = strrchr(path, '/') + 1;
	autofree char *above = strndup(path, (size_t)(base - path));
	const struct trusted_name name = { .what = "directory", .base = "", .path = above };
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), directory = -1;
	struct trust trust;

	if (root < 0 || !above)
		return fail_sys(e, "open /");
	if (trust_of_caller(&trust, e) < 0)
		return -1;
	directory = trusted_open_directory_at(root, &name, &trust, e);
	return directory < 0 ? -1 : open_in(directory, path, base, &trust, e);
}

/* On a full disk part of a line may be all that was written: it stays alone on its line. */
static bool is_cut(int fd)
{
	struct stat st;
	char last;

	return fstat(fd, &st) == 0 && st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) == 1 &&
	       last != '\n';
}

static int append(void *context, struct strbuf *answer, struct err *e)
{
	const struct file_job *job = context;
	autostrbuf text = { 0 };
	autoclose int fd = open_file(job->path, e);
	ssize_t n;

	(void)answer;
	if (fd < 0)
		return -1;
	if (is_cut(fd))
		strbuf_putc(&text, '\n');
	strbuf_add(&text, job->lines->text, job->lines->length);
	do
		n = write(fd, text.text, text.length);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail_sys(e, "write to '%s'", job->path);
	if ((size_t)n < text.length)
		return fail_errno(e, ENOSPC, "write to '%s': %zd of %zu bytes", job->path, n,
				  text.length);
	return 0;
}

static int append_lines(const char *path, const struct strbuf *lines, struct err *e)
{
	struct file_job context = { .path = path, .lines = lines };
	autostrbuf what = { 0 };

	strbuf_printf(&what, "writing to '%s'", path);
	const struct helper_job job = {
		.name = strbuf_text(&what),
		.milliseconds = WAIT_MS,
		.work = append,
		.context = &context,
	};
	autofree char *answer = NULL;
	size_t length;

	return helper_run(&job, 0, &answer, &length, e);
}

int audit_log_write(const char *to, const struct strbuf *lines, struct err *e)
{
	if (lines->length == 0)
		return 0;
	if (to[0] == '/')
		return append_lines(to, lines, e);
	return send_lines(str_eq(to, "journal"), lines, e) < 0 ? err_prefix(e, "%s", to) : 0;
}

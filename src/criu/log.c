/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What criu's log says about a failure. Names in it were chosen by the container's programs. Runs in the
 * runtime.
 */
#include "criu/criu.h"

#include "base/auto.h"
#include "os/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_TAIL (256u << 10)
#define LINES_MAX 3

/* The last part, terminated. */
static char *read_tail(int directory_fd, const char *name)
{
	autoclose int fd =
		openat(directory_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	autofree char *text = NULL;
	struct stat st;
	struct err ignored;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	if (st.st_size > LOG_TAIL && lseek(fd, st.st_size - LOG_TAIL, SEEK_SET) < 0)
		return NULL;
	/* It is not written to any more, but twice the size costs nothing. */
	if (read_fd_all(fd, name, 2 * LOG_TAIL, &text, NULL, &ignored) < 0)
		return NULL;
	return take_ptr(&text);
}

/* "(00.123456)      1: Error (criu/mount.c:1): text": without time and process. */
static void add_line(struct strbuf *out, const char *line)
{
	if (out->length)
		strbuf_puts(out, "; ");
	for (; *line; line++)
		strbuf_putc(out, (unsigned char)*line < ' ' || *line == 0x7f ? '?' : *line);
}

static void last_errors(char *text, struct strbuf *out)
{
	const char *found[LINES_MAX] = { NULL };
	size_t n = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		const char *error = strstr(line, "Error (");
		if (!error)
			continue;
		if (n == LINES_MAX)
			memmove(found, found + 1, (LINES_MAX - 1) * sizeof(*found));
		else
			n++;
		found[n - 1] = error;
	}
	for (size_t i = 0; i < n; i++)
		add_line(out, found[i]);
}

void criu_forget_log(int directory_fd, const char *log_file)
{
	(void)!unlinkat(directory_fd, log_file, 0);
}

int criu_fail(int directory_fd, const char *directory, const char *log_file,
	      const struct criu_answer *answer, const char *what, struct err *e)
{
	autofree char *text = directory_fd < 0 ? NULL : read_tail(directory_fd, log_file);
	autostrbuf lines = { 0 };

	if (text)
		last_errors(text, &lines);
	if (!lines.length && answer && *answer->message)
		add_line(&lines, answer->message);
	if (!lines.length && answer && answer->error) {
		char reason[128];
		add_line(&lines, errno_text(answer->error, reason, sizeof(reason)));
	}
	if (!directory || !text)
		return fail(e, ERR_SYSTEM, "%s failed%s%s", what, lines.length ? ": " : "",
			    strbuf_text(&lines));
	/* The place first: the lines may be cut. */
	return fail(e, ERR_SYSTEM, "%s failed, see '%s/%s'%s%s", what, directory, log_file,
		    lines.length ? ": " : "", strbuf_text(&lines));
}

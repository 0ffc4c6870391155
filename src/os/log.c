/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log. Runs in every process; its state is the one piece of global state of the program.
 *
 * A record is one write(2) or one datagram, so that records of several processes do not mix. What cannot
 * be written is lost: it has no other place to go, and a full log must not stop a container.
 *
 * syslog(3) is not used: it would open /dev/log anew, by then maybe that of a container, and read the
 * time zone's file there. The datagram has no time of its own; the daemon puts in the time of receipt.
 */
#include "os/log.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/json_out.h"
#include "base/str.h"
#include "os/clock.h"
#include "os/system_log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>

#define PROGRAM "distro-shim"

/* A message beyond this is cut. */
#define MESSAGE_MAX 8192

enum target { TARGET_STDERR, TARGET_FILE, TARGET_SYSLOG, TARGET_JOURNALD };

struct log {
	enum target target;
	int fd;
	bool json;
	enum log_level level;
	bool silent;
	char *identifier; /* syslog, journald */
	const char *prefix;
};

static struct log state = { .fd = -1, .level = LOG_LEVEL_ERROR };

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_NOTE] = "warning",
	[LOG_LEVEL_INFO] = "info",   [LOG_LEVEL_DEBUG] = "debug",
};

static const int priorities[] = {
	[LOG_LEVEL_ERROR] = LOG_ERR,    [LOG_LEVEL_WARNING] = LOG_WARNING,
	[LOG_LEVEL_NOTE] = LOG_WARNING, [LOG_LEVEL_INFO] = LOG_INFO,
	[LOG_LEVEL_DEBUG] = LOG_DEBUG,
};

/* The names that the system itself gives to open descriptors are links; -1: it is none of them. */
static int stream_of(const char *path)
{
	static const char *const directories[] = { "/dev/fd/", "/proc/self/fd/" };
	uint32_t fd;

	if (str_eq(path, "/dev/stdout"))
		return STDOUT_FILENO;
	if (str_eq(path, "/dev/stderr"))
		return STDERR_FILENO;
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		if (str_has_prefix(path, directories[i]) &&
		    parse_u32(path + strlen(directories[i]), &fd) && fd < 1u << 20)
			return (int)fd;
	return -1;
}

static int open_stream(int stream, const char *path, struct err *e)
{
	int fd = fcntl(stream, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	return fd < 0 ? fail_sys(e, "open log file '%s'", path) : fd;
}

static int open_file(const char *path, struct err *e)
{
	struct stat status;
	int stream = stream_of(path);

	if (stream >= 0)
		return open_stream(stream, path, e);
	/* O_NONBLOCK, because a FIFO without a reader would stop us here. */
	autoclose int fd =
		open(path,
		     O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
		     0600);

	if (fd < 0)
		return fail_sys(e, "open log file '%s'%s", path,
				errno == ELOOP ? ": a symbolic link" : "");
	if (fstat(fd, &status) < 0)
		return fail_sys(e, "stat log file '%s'", path);
	if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode))
		return fail(e, ERR_USAGE,
			    "log file '%s' is not a regular file, FIFO or character device", path);
	return take_fd(&fd);
}

static int open_target(const char *path, enum target *ret_target, const char **ret_identifier,
		       struct err *e)
{
	static const char file[] = "file:", syslog_[] = "syslog:", journald[] = "journald:";

	if (str_has_prefix(path, syslog_)) {
		*ret_identifier = path + strlen(syslog_);
		*ret_target = TARGET_SYSLOG;
	} else if (str_has_prefix(path, journald)) {
		*ret_identifier = path + strlen(journald);
		*ret_target = TARGET_JOURNALD;
	} else {
		*ret_target = TARGET_FILE;
		return open_file(str_has_prefix(path, file) ? path + strlen(file) : path, e);
	}
	/* A line break would begin a field of its own in the journal's protocol. */
	if (!**ret_identifier || strpbrk(*ret_identifier, "\n\r"))
		return fail(e, ERR_USAGE, "log target '%s' has no usable identifier", path);
	return *ret_target == TARGET_SYSLOG ? syslog_connect(e) : journal_connect(e);
}

int log_open(const struct log_options *options, struct err *e)
{
	enum target target = TARGET_STDERR;
	const char *identifier = NULL;
	int fd = -1;

	if (options->path) {
		fd = open_target(options->path, &target, &identifier, e);
		if (fd < 0)
			return -1;
	}
	log_close();
	state = (struct log){
		.target = target,
		.fd = fd,
		.json = options->json,
		.level = options->level,
		.identifier = identifier ? xstrdup(identifier) : NULL,
		.prefix = state.prefix,
	};
	return 0;
}

void log_close(void)
{
	close_keep_errno(state.fd);
	free(state.identifier);
	state = (struct log){ .fd = -1, .level = LOG_LEVEL_ERROR, .prefix = state.prefix };
}

void log_set_prefix(const char *prefix)
{
	state.prefix = prefix;
}

bool log_enabled(enum log_level level)
{
	return !state.silent && level <= state.level;
}

bool log_has_target(void)
{
	return state.target != TARGET_STDERR;
}

/* The error may have lines of its own (err.h). Escaped again, so that nothing depends on how it was made. */
static void add_lines(struct strbuf *b, const char *text)
{
	for (;;) {
		size_t length = strcspn(text, "\n");

		strbuf_show(b, "%.*s", (int)length, text);
		if (!text[length])
			return;
		strbuf_putc(b, '\n');
		text += length + 1;
	}
}

/* The record as a line of the log file. `kind` is NULL but for errors. */
static void add_record(struct strbuf *b, enum log_level level, const char *kind, const char *text)
{
	autostrbuf when = { 0 };

	strbuf_timestamp(&when);
	if (!state.json) {
		strbuf_printf(b, "time=\"%s\" level=%s msg=", when.text, level_names[level]);
		strbuf_quote(b, text, SIZE_MAX);
		strbuf_putc(b, '\n');
		return;
	}
	auto_json_out out = json_out_new(false);
	const char *line;
	struct err e;
	json_out_object(out);
	json_out_member_string(out, "level", level_names[level]);
	json_out_member_string(out, "msg", text);
	json_out_member_string(out, "time", when.text);
	if (kind)
		json_out_member_string(out, "kind", kind);
	json_out_object_end(out);
	/* Cannot fail, as the text is clean; if it does, its reason is a better record than none. */
	strbuf_puts(b, json_out_finish(out, &line, NULL, &e) < 0 ? e.text : line);
	strbuf_putc(b, '\n');
}

static void add_stderr_line(struct strbuf *b, enum log_level level, const char *text)
{
	strbuf_puts(b, PROGRAM ": ");
	if (level != LOG_LEVEL_ERROR)
		strbuf_printf(b, "%s: ", level_names[level]);
	strbuf_puts(b, text);
	strbuf_putc(b, '\n');
}

static void add_journal_record(struct strbuf *b, enum log_level level, const char *kind,
			       const char *text)
{
	journal_put(b, "MESSAGE", text);
	strbuf_printf(b, "PRIORITY=%d\n", priorities[level]);
	journal_put(b, "SYSLOG_IDENTIFIER", state.identifier);
	strbuf_printf(b, "SYSLOG_PID=%d\n", (int)getpid());
	if (kind)
		journal_put(b, "DISTRO_SHIM_KIND", kind);
}

static void write_once(int fd, const struct strbuf *b)
{
	ssize_t n;

	do
		n = write(fd, b->text, b->length);
	while (n < 0 && errno == EINTR);
}

/* A record for the target, or for stderr if there is none. */
static void emit(enum log_level level, const char *kind, const char *text)
{
	autostrbuf b = { 0 };

	switch (state.target) {
	case TARGET_STDERR:
		if (state.json)
			add_record(&b, level, kind, text);
		else
			add_stderr_line(&b, level, text);
		write_once(STDERR_FILENO, &b);
		return;
	case TARGET_FILE:
		add_record(&b, level, kind, text);
		break;
	case TARGET_SYSLOG:
		strbuf_printf(&b, "<%d>%s[%d]: %s", LOG_DAEMON | priorities[level],
			      state.identifier, (int)getpid(), text);
		break;
	case TARGET_JOURNALD:
		add_journal_record(&b, level, kind, text);
		break;
	}
	write_once(state.fd, &b);
}

__attribute__((format(printf, 2, 0))) static void put_message(struct strbuf *text,
							      const char *format, va_list arguments)
{
	char message[MESSAGE_MAX];
	struct err shown;

	vsnprintf(message, sizeof(message), format, arguments);
	if (state.prefix)
		strbuf_show(text, "%s: ", state.prefix);
	/* as long as an error at most, with its end, and escaped */
	fail(&shown, ERR_INTERNAL, "%s", message);
	strbuf_puts(text, shown.text);
}

__attribute__((format(printf, 2, 0))) static void log_message(enum log_level level,
							      const char *format, va_list arguments)
{
	int saved = errno;
	autostrbuf text = { 0 };

	if (!log_enabled(level))
		return;
	put_message(&text, format, arguments);
	emit(level, NULL, strbuf_text(&text));
	errno = saved;
}

void log_debug(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_message(LOG_LEVEL_DEBUG, format, arguments);
	va_end(arguments);
}

void log_info(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_message(LOG_LEVEL_INFO, format, arguments);
	va_end(arguments);
}

void log_note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_message(LOG_LEVEL_NOTE, format, arguments);
	va_end(arguments);
}

void log_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_message(LOG_LEVEL_WARNING, format, arguments);
	va_end(arguments);
}

/* On stderr as well. */
static void emit_twice(enum log_level level, const char *kind, const char *text)
{
	autostrbuf line = { 0 };

	emit(level, kind, text);
	if (state.target == TARGET_STDERR)
		return;
	add_stderr_line(&line, level, text);
	write_once(STDERR_FILENO, &line);
}

void log_to_all(const char *format, ...)
{
	int saved = errno;
	autostrbuf text = { 0 };
	va_list arguments;

	if (state.silent)
		return;
	va_start(arguments, format);
	put_message(&text, format, arguments);
	va_end(arguments);
	emit_twice(LOG_LEVEL_WARNING, NULL, strbuf_text(&text));
	errno = saved;
}

void log_error(const struct err *e)
{
	int saved = errno;
	autostrbuf text = { 0 };

	add_lines(&text, e->text);
	emit_twice(LOG_LEVEL_ERROR, err_kind_name(e->kind), strbuf_text(&text));
	errno = saved;
}

void log_silence(void)
{
	state.silent = true;
}

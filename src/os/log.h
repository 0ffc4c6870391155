/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages for people and for engines. Contract with the engines: where they name a --log, nothing on stderr
 * while all goes well, and in the file warnings at most; on failure exactly one record of level "error", in
 * the file and its text on stderr (Podman takes the whole file as one JSON object, or, if there is more
 * in it, what is on stderr; containerd reads the last record with level "error").
 *
 * Record: {"level":"error","msg":"...","time":"RFC 3339 with nanoseconds"} and, beyond what the
 * engines need, "kind" (see err.h).
 */
#ifndef OS_LOG_H
#define OS_LOG_H

#include "base/err.h"

#include <stdbool.h>

/* A note is a warning of what ordinary engines bring about at each start: it is called a warning where it is
 * written, and is written only if warnings were asked for. */
enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

struct log_options {
	const char *
		path; /* --log: a file, "file:PATH", "syslog:IDENT", "journald:IDENT"; NULL: stderr only */
	bool json; /* --log-format json */
	enum log_level level;
};

/* Opens the target for appending; a file that is not there is made, mode 0600. A symbolic link, or what
 * is neither a regular file nor a FIFO nor a character device, is refused, and a FIFO needs a reader. The
 * descriptor is close-on-exec and never blocks. Before this, and after a failure, messages go to stderr
 * as they would by default. */
int log_open(const struct log_options *options, struct err *e) MUST_CHECK;

/* Closes the target; from here on all is as before log_open(). For a process that closes all descriptors, so
 * that no record goes to a descriptor that has become something else. */
void log_close(void);

/* Put before every message of this process but the error, which carries its own; for instance the step
 * of the boot page; NULL for none. The string is kept, not copied. */
void log_set_prefix(const char *prefix);

bool log_enabled(enum log_level level);
/* Messages go elsewhere than to stderr. */
bool log_has_target(void);

/* A message goes to the log target, or to stderr without one, where its level is enabled. */
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A warning whatever the level is, and on stderr, too: what a command that goes on has not done. */
void log_to_all(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on nothing is written: the descriptor of the log is about to be closed. */
void log_silence(void);

/* The one error record, in the log, and its text on stderr. Called by main() alone. */
void log_error(const struct err *e);

#endif

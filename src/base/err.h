/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One flat error value for the whole program. It owns no memory, so that it can be copied whole from
 * the container's process to the runtime over a socket.
 *
 * A function that can fail takes a `struct err *e` as its last parameter, returns a value >= 0 on
 * success and -1 on failure with *e set exactly once, and leaves its other outputs untouched on
 * failure. Only main() prints an error.
 *
 * `text` can be shown as it is: what is formatted into it is escaped on the way (text_escape() in str.h), line
 * breaks too. Those of fail_lines() are the only ones in an error.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERR_TEXT_MAX 1024

#define MUST_CHECK __attribute__((warn_unused_result))

enum err_kind {
	ERR_NONE,
	ERR_USAGE,     /* the command line is wrong */
	ERR_CONFIG,    /* config.json, process.json or --resources cannot be carried out */
	ERR_POLICY,    /* the policy refuses, or the policy file cannot be used */
	ERR_NOT_FOUND, /* no such container */
	ERR_STATE,     /* the container exists but not in a state for this command */
	ERR_SYSTEM,    /* the kernel said no; `sys` holds errno */
	ERR_INTERNAL,  /* a defect of this program */
};

struct err {
	enum err_kind kind;
	int sys; /* errno of the failed call, 0 if there is none */
	char text[ERR_TEXT_MAX];
};

/* Set *e and return -1, so that `return fail(...)` reports and leaves in one line. */
int fail(struct err *e, enum err_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with errno: appends ": " and the system's text in lower case (engines match on it). */
int fail_sys(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As fail_sys() for an error number that is not in errno. */
int fail_errno(struct err *e, int error_number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* As fail() with a text of several lines, whose breaks are kept: each line was made by strbuf_show(), so that
 * no name from outside has begun one. */
int fail_lines(struct err *e, enum err_kind kind, const char *lines);

/* Escape an error that another process has sent, whatever it says; its line breaks too. */
void err_escape(struct err *e);

/* Put "PREFIX: " before the text of an error that is set already; returns -1. */
int err_prefix(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The system's text of an error number in lower case, as the engines expect it. Static storage per
 * call site is not needed: the text is copied to `buffer`. Returns buffer. */
const char *errno_text(int error_number, char *buffer, unsigned long size);

/* "usage", "config", ...: the machine-readable kind in the JSON log. */
const char *err_kind_name(enum err_kind kind);

#endif

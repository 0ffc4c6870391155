/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines for the audit, to where an administrator wants them. Who reads them need not: a command waits a second for it,
 * and no longer.
 */
#ifndef SYS_AUDIT_LOG_H
#define SYS_AUDIT_LOG_H

#include "base/str.h"

/*
 * "journal", "syslog", a record each line; or the path of a file, which gets them all at once, so that those of two
 * commands do not mix. The file is made, 0600, if it is missing. It must be a regular one with one name; it and its
 * directories belong to root (of a user's own: or to the user), can be written by no other, and lie behind no symlink.
 * Each line ends with a line break.
 */
int audit_log_write(const char *to, const struct strbuf *lines, struct err *e) MUST_CHECK;

#endif

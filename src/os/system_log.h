/* SPDX-License-Identifier: Apache-2.0 */
/* The two logs of a machine, as sockets of datagrams that never block: a record each. */
#ifndef OS_SYSTEM_LOG_H
#define OS_SYSTEM_LOG_H

#include "base/err.h"
#include "base/str.h"

/* Of "<PRIORITY>IDENTIFIER[PID]: TEXT". */
int syslog_connect(struct err *e) MUST_CHECK;
/* Of fields, one after the other. */
int journal_connect(struct err *e) MUST_CHECK;
void journal_put(struct strbuf *b, const char *name, const char *value);

#endif

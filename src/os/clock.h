/* SPDX-License-Identifier: Apache-2.0 */
/* The time: as text for people and records, and as a number for waits. */
#ifndef OS_CLOCK_H
#define OS_CLOCK_H

#include "base/str.h"

#include <stdint.h>

/* Now, as RFC 3339 in UTC with all nine digits. */
void strbuf_timestamp(struct strbuf *b);

/* CLOCK_MONOTONIC: neither setting the time nor a suspended machine counts. */
int64_t clock_ms(void);

#endif

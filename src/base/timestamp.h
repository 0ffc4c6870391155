/* SPDX-License-Identifier: Apache-2.0 */
/* The time of day as text. */
#ifndef BASE_TIMESTAMP_H
#define BASE_TIMESTAMP_H

#include "base/str.h"

/* Now, as RFC 3339 in UTC with all nine digits. */
void strbuf_timestamp(struct strbuf *b);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 (RFC 4648, section 4), read strictly: padded, without blanks or line ends, and with no bit set that
 * belongs to no byte. So there is one text for each row of bytes.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False if the text is not base64. *ret, in `arena`, is never NULL. */
bool base64_decode(const char *text, struct arena *arena, uint8_t **ret, size_t *ret_n);

#endif

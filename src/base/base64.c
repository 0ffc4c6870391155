/* SPDX-License-Identifier: Apache-2.0 */
/* See base64.h. Pure. */
#include "base/base64.h"

#include <string.h>

/* Bits of one character; -1: it is not of the alphabet. */
static int bits_of(char c)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

/* Four characters are three bytes, less one for each that is padding. */
static bool take_group(const char *text, size_t padding, uint8_t *to)
{
	uint32_t value = 0;

	for (size_t i = 0; i < 4 - padding; i++) {
		int bits = bits_of(text[i]);

		if (bits < 0)
			return false;
		value |= (uint32_t)bits << (18 - 6 * i);
	}
	for (size_t i = 0; i < 3 - padding; i++)
		to[i] = (uint8_t)(value >> (16 - 8 * i));
	return (value & ((1u << (8 * padding)) - 1)) == 0;
}

bool base64_decode(const char *text, struct arena *arena, uint8_t **ret, size_t *ret_n)
{
	size_t length = strlen(text), padding = 0, n = 0;
	uint8_t *bytes = arena_alloc(arena, length / 4 * 3 + 1);

	if (length % 4)
		return false;
	while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < length; i += 4) {
		size_t missing = i + 4 == length ? padding : 0;

		if (!take_group(text + i, missing, bytes + n))
			return false;
		n += 3 - missing;
	}
	*ret = bytes;
	*ret_n = n;
	return true;
}

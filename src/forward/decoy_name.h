/* SPDX-License-Identifier: Apache-2.0 */
/* What the directory of a decoy is called: its cookie, as sixteen digits. */
#ifndef FORWARD_DECOY_NAME_H
#define FORWARD_DECOY_NAME_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct decoy_name {
	char text[17];
};

static inline struct decoy_name decoy_name(uint64_t cookie)
{
	struct decoy_name ret;

	snprintf(ret.text, sizeof(ret.text), "%016llx", (unsigned long long)cookie);
	return ret;
}

static inline bool decoy_name_read(const char *name, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef";

	*ret = 0;
	if (strlen(name) != 16 || strspn(name, digits) != 16)
		return false;
	for (; *name; name++)
		*ret = *ret << 4 | (uint64_t)(strchr(digits, *name) - digits);
	return true;
}

#endif

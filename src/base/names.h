/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables that pair a name with a number, for everything that JSON spells in words. A table ends with a
 * row whose name is NULL. The first row of a value is its canonical name.
 */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include <stdbool.h>
#include <stdint.h>

struct name_row {
	const char *name;
	int64_t value;
};

/* False if the name is not in the table. */
bool name_to_value(const struct name_row *table, const char *name, int64_t *ret);

/* The canonical name, NULL if the table has no such value. */
const char *value_to_name(const struct name_row *table, int64_t value);

#endif

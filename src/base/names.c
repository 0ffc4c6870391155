/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look-ups in tables of names. Pure.
 */
#include "base/names.h"

#include "base/str.h"

bool name_to_value(const struct name_row *table, const char *name, int64_t *ret)
{
	for (; table->name; table++) {
		if (str_eq(table->name, name)) {
			*ret = table->value;
			return true;
		}
	}
	return false;
}

const char *value_to_name(const struct name_row *table, int64_t value)
{
	for (; table->name; table++)
		if (table->value == value)
			return table->name;
	return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities by name and number (capabilities(7), linux/capability.h). */
#ifndef BASE_CAPABILITIES_H
#define BASE_CAPABILITIES_H

#include "base/names.h"

#include <stdint.h>

/* "CAP_CHOWN" and its bit in a set. */
extern const struct name_row cap_mask_names[];

#define CAP_BIT(name) (UINT64_C(1) << CAP_##name)

/* config.md "Linux Process", capabilities */
enum capability_set {
	CAPABILITIES_BOUNDING,
	CAPABILITIES_EFFECTIVE,
	CAPABILITIES_INHERITABLE,
	CAPABILITIES_PERMITTED,
	CAPABILITIES_AMBIENT,
	CAPABILITY_SET_COUNT
};
extern const char *const capability_set_names[CAPABILITY_SET_COUNT];

/* Number of "CAP_..." in any case, with or without the prefix: nothing that some reader takes for the capability
 * has no number; -1 if unknown. Pure. */
int cap_number(const char *name);
const char *cap_name_of(int number); /* "CAP_CHOWN"; NULL above the last known */

#endif

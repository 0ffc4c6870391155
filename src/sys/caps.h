/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities by name and mask (capabilities(7)), and the calls that set them. */
#ifndef SYS_CAPS_H
#define SYS_CAPS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct cap_sets {
	uint64_t effective, permitted, inheritable;
};

/* Number of "CAP_..." (any case, with or without the prefix as the specification's users write it:
 * only the full upper-case name is exact); -1 where unknown. Pure. */
int cap_number(const char *name);
const char *cap_name_of(int number); /* "CAP_CHOWN"; NULL above the last known */

int caps_get(struct cap_sets *ret, struct err *e) MUST_CHECK;
int caps_set(const struct cap_sets *sets, struct err *e) MUST_CHECK;
int caps_last(void); /* cap_last_cap of the running kernel */
int caps_bounding(uint64_t *ret, struct err *e) MUST_CHECK;
/* Drop from the bounding set all that is not in `keep`. */
int caps_bounding_limit(uint64_t keep, struct err *e) MUST_CHECK;
/* Clear the ambient set, then raise what is in `raise`; EPERM/EINVAL of one is ignored. */
int caps_ambient(uint64_t raise, struct err *e) MUST_CHECK;

#endif

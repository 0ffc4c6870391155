/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that get and set capabilities (capabilities(7)), as masks. */
#ifndef SYS_CAPS_H
#define SYS_CAPS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct cap_sets {
	uint64_t effective, permitted, inheritable;
};

int caps_get(struct cap_sets *ret, struct err *e) MUST_CHECK;
int caps_set(const struct cap_sets *sets, struct err *e) MUST_CHECK;
int caps_last(void); /* cap_last_cap of the running kernel */
int caps_bounding(uint64_t *ret, struct err *e) MUST_CHECK;
/* Drop from the bounding set all that is not in `keep`. */
int caps_bounding_limit(uint64_t keep, struct err *e) MUST_CHECK;
/* Clear the ambient set, then raise what is in `raise`; EPERM/EINVAL of one is ignored. */
int caps_ambient(uint64_t raise, struct err *e) MUST_CHECK;

#endif

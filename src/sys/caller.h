/* SPDX-License-Identifier: Apache-2.0 */
/* Who has started the runtime, in the kernel's words. */
#ifndef SYS_CALLER_H
#define SYS_CALLER_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* True if not every id is its own, whatever the caller's uid. */
bool caller_in_user_namespace(void);
/* True if the caller is not root of the initial user namespace. */
bool caller_is_rootless(void);

/* The caller's uid outside of the user namespace that it is in: an engine of a user runs us as root of one. */
uid_t caller_outer_uid(void);

/*
 * Ids of the user namespace around the caller's as those of its own: what `outside` is inside, and for how many ids from
 * there on that holds. False: it is not mapped, or the map cannot be read.
 */
bool caller_inner_ids(bool gids, uint32_t outside, uint32_t *ret_inside, uint32_t *ret_count);

/* The uid that stands for every user who has none here (user_namespaces(7)). */
int caller_overflow_uid(uid_t *ret, struct err *e) MUST_CHECK;

#endif

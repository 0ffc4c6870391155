/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decoy that its engine has not mounted anywhere (ctr, nerdctl) is gone, with all that leads in, once the container has left
 * it: it is held by a mount in the directory of its record.
 */
#ifndef FORWARD_HOLD_H
#define FORWARD_HOLD_H

#include "base/err.h"

#define HOLD_NAME "netns"

/* Nothing is done where a mount holds it already. */
int hold_decoy(int directory, int decoy, struct err *e) MUST_CHECK;
/* Of one that is not held nothing. */
int hold_release(int directory, struct err *e) MUST_CHECK;

#endif

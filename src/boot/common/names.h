/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the machine that a container is. */
#ifndef BOOT_COMMON_NAMES_H
#define BOOT_COMMON_NAMES_H

#include "plan/plan.h"

int set_names(const struct plan *plan, struct err *e) MUST_CHECK;

#endif

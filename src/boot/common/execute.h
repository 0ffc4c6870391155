/* SPDX-License-Identifier: Apache-2.0 */
/* The execution of the program. */
#ifndef BOOT_COMMON_EXECUTE_H
#define BOOT_COMMON_EXECUTE_H

#include "boot/common/filter.h"
#include "boot/common/program.h"

/* Returns on failure alone. */
int program_execute(const struct program *p, struct filter *filter, struct err *e) MUST_CHECK;

#endif

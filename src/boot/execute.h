/* SPDX-License-Identifier: Apache-2.0 */
/* The execution of the program. */
#ifndef BOOT_EXECUTE_H
#define BOOT_EXECUTE_H

#include "boot/filter.h"
#include "boot/program.h"

/* Returns on failure alone. */
int program_execute(const struct program *p, struct filter *filter, struct err *e) MUST_CHECK;

#endif

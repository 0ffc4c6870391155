/* SPDX-License-Identifier: Apache-2.0 */
/* What is executed at last. */
#ifndef BOOT_COMMON_PROGRAM_H
#define BOOT_COMMON_PROGRAM_H

#include "plan/plan.h"

struct program {
	char **env; /* with HOME */
	char *executable;
	bool in_directory; /* the working directory could be entered as root */
};

int program_environment(struct program *p, const struct plan *plan, struct arena *arena,
			struct err *e) MUST_CHECK;
/* As root of the container; `make`: if it is not there. */
int program_find_directory(struct program *p, const struct plan *plan, bool make, struct err *e)
	MUST_CHECK;
/* As the user of the container. */
int program_enter_directory(const struct program *p, const struct plan *plan, struct err *e)
	MUST_CHECK;
int program_find_executable(struct program *p, const struct plan *plan, struct arena *arena,
			    struct err *e) MUST_CHECK;

#endif

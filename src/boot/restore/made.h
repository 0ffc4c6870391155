/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what criu has made is where it belongs, and what it is. */
#ifndef BOOT_RESTORE_MADE_H
#define BOOT_RESTORE_MADE_H

#include "boot/common/group.h"
#include "model/facts.h"
#include "sys/child.h"

struct made {
	const struct plan *plan;
	struct arena *arena;
	const struct child *criu, *init; /* criu is there still */
	const struct boot_group *group;
	int network; /* that it is to be in; -1: the runtime's, or one of its own */
};
typedef int judge_made(void *context, const struct made_facts *made, struct err *e);

int made_check_namespaces(struct made *m, struct err *e) MUST_CHECK;
/* Each process has the filter that the images are to have. */
int made_check_filters(struct made *m, struct err *e) MUST_CHECK;
int made_judge(struct made *m, judge_made *judge, void *context, struct err *e) MUST_CHECK;

#endif

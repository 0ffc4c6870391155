/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy has decided about a request: each change of it and each refusal, in order. In the records of a
 * container, and what explain prints.
 */
#ifndef MODEL_DECISION_H
#define MODEL_DECISION_H

#include "base/fields.h"

enum decision_action {
	DECISION_KEEP = 1,
	DECISION_ADD,
	DECISION_REWRITE,
	DECISION_DROP,
	DECISION_WARN,
	DECISION_REFUSE
};

struct decision {
	char *rule; /* "network.requested.host" */
	int action; /* enum decision_action */
	char *path; /* JSON pointer into the config as it is at this moment: decisions replay in order */
	char *before; /* JSON text of what was there; NULL: nothing */
	char *after;  /* JSON text of what is there now; NULL: nothing */
	char *why;    /* one sentence; for a refusal also the flag or key that mends it */
	/* of a refusal: where the config that was read has the place, or what is nearest around it */
	struct opt_u32 line, column;
};
struct decisions {
	size_t n;
	struct decision *v;
};
extern const struct fields decision_fields;
extern const struct name_row decision_action_names[];

#endif

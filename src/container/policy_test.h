/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy file would decide, beside the policy in force: of bundles, and of the containers that live, from what
 * was asked for when they were made. Nothing is made or changed.
 */
#ifndef CONTAINER_POLICY_TEST_H
#define CONTAINER_POLICY_TEST_H

#include "container/container.h"
#include "policy/difference.h"

/* What is judged. */
enum tested_request {
	TESTED_CONFIG = 1, /* of a bundle */
	TESTED_REQUEST,    /* what the engine gave, as the records have it */
	TESTED_UNDONE, /* the effective configuration with the recorded decisions taken back: members that this
			* program does not know are not in it, and limits are those of the last update */
	TESTED_EFFECTIVE, /* that configuration as it is, because of `doubt` */
};
extern const struct name_row tested_names[];

struct policy_tested {
	const char *id, *root; /* of a container; NULL: a bundle */
	const char *bundle;
	int request; /* enum tested_request */
	struct err doubt;
	struct err error; /* why it could not be judged; ERR_NONE: it was */
	const struct verdict *before, *after;
	struct difference difference;
};

/* Called with each; not 0 and *e ends it. What it is given is gone afterwards. */
typedef int policy_tested_emit(void *context, const struct policy_tested *tested, struct err *e);

struct policy_test {
	const char *file;              /* of the new policy */
	const struct strlist *bundles; /* paths */
	bool living;                   /* the containers of all engines and roots that run, too */
	policy_tested_emit *emit;
	void *context;
};

int container_policy_test(const struct global_options *global, const struct policy_test *test,
			  struct err *e) MUST_CHECK;

#endif

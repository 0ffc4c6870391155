/* SPDX-License-Identifier: Apache-2.0 */
/* Where the policy file may lie, and whose it must be there (sys/trusted.h says how that is found out). */
#ifndef FACTS_POLICY_FILE_H
#define FACTS_POLICY_FILE_H

#include "facts/facts.h"
#include "sys/trusted.h"

#ifndef POLICY_FILE_PATH
#define POLICY_FILE_PATH "/etc/distro-shim/policy.json"
#endif

/* Who asks, and what the environment says: policy_load() fills it, tests make their own. */
struct policy_caller {
	uid_t root;             /* whose files count as the administrator's: 0 */
	uid_t self;             /* effective uid */
	gid_t group;            /* effective gid */
	bool rootless;          /* only then the paths below are looked at */
	bool in_user_namespace; /* the real root shows as `overflow` */
	uid_t overflow;
	const char *config_home, *home, *runtime_directory; /* of the environment, may be NULL */
	const char *system_path;                            /* the compiled-in policy file */
};

int policy_load_as(int root_fd, const char *path, const struct policy_caller *caller,
		   struct arena *arena, struct policy_source *ret, struct err *e) MUST_CHECK;

#endif

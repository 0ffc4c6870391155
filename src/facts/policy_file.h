/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files of the host are believed. A path is walked from the root directory by descriptors; each
 * directory and the file must belong to somebody who is trusted and be writable by nobody else. A
 * sticky directory is writable by others and does not do.
 */
#ifndef FACTS_POLICY_FILE_H
#define FACTS_POLICY_FILE_H

#include "facts/facts.h"

#ifndef POLICY_FILE_PATH
#define POLICY_FILE_PATH "/etc/distro-shim/policy.json"
#endif

struct owners {
	size_t n;
	uid_t v[3];
};
struct trust {
	struct owners directories, file;
	uid_t user; /* what he owns may be written by this group of his, too; (uid_t)-1: by no group */
	gid_t group;
};

/*
 * O_PATH descriptor of a regular file with one link below root_fd. ERR_POLICY with the reason and the
 * component that is at fault; e->sys is ENOENT where the file or a directory is not there.
 */
int trusted_open_at(int root_fd, const char *path, const struct trust *trust, struct err *e)
	MUST_CHECK;

/* Read such a file once, from one descriptor, `limit` bytes at most; free(). */
int trusted_read(int file, const char *path, size_t limit, char **ret_text, size_t *ret_length,
		 struct err *e) MUST_CHECK;

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

/* SPDX-License-Identifier: Apache-2.0 */
/* The directories that the policy shows to every container. Runs in the runtime. */
#include "facts/gather.h"

#include "base/path.h"
#include "sys/trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The directories above it are root's alone, so that it is what root has put there; in it others may write. */
static int look_at_share(int root_fd, const char *source, const struct trust *trust,
			 struct arena *arena, struct err *e)
{
	const char *name = strrchr(source, '/') + 1;
	const char *above = name - 1 == source
				    ? "/"
				    : arena_strndup(arena, source, (size_t)(name - 1 - source));
	const struct trusted_name shown = { .what = "directory above", .base = "", .path = above };
	autoclose int parent = trusted_open_directory_at(root_fd, &shown, trust, e);
	struct stat status;

	if (parent < 0)
		return -1;
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_sys(e, "open '%s'", source);
	if (S_ISLNK(status.st_mode))
		return fail(e, ERR_POLICY, "'%s' is a symbolic link", source);
	if (!S_ISDIR(status.st_mode))
		return fail(e, ERR_POLICY, "'%s' is not a directory", source);
	return 0;
}

int gather_shares(int root_fd, const struct policy *policy, struct arena *arena,
		  struct facts *facts, struct err *e)
{
	struct trust trust;

	if (policy->share.n == 0)
		return 0;
	if (trust_of_caller(&trust, e) < 0)
		return -1;
	facts->shares.v = arena_new_array(arena, struct share_facts, policy->share.n);
	for (size_t i = 0; i < policy->share.n; i++) {
		struct share_facts *share = &facts->shares.v[facts->shares.n++];
		struct err problem;

		share->source = arena_strdup(arena, policy->share.v[i].source);
		if (look_at_share(root_fd, share->source, &trust, arena, &problem) < 0)
			share->problem = arena_strdup(arena, problem.text);
	}
	return 0;
}

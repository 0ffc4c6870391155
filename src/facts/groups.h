/* SPDX-License-Identifier: Apache-2.0 */
/* Whose the groups are that a container's would share, by marks and by records. */
#ifndef FACTS_GROUPS_H
#define FACTS_GROUPS_H

#include "cgroup/cgroup.h"
#include "facts/facts.h"
#include "state/registry.h"

struct groups_options {
	const char *id, *root;         /* of the container itself, which is not another one */
	const char *members_directory; /* of the registry */
};

/* facts->groups, for facts->cgroup_path. */
int facts_groups(const struct groups_options *options, struct arena *arena, struct facts *facts,
		 struct err *e) MUST_CHECK;

/* For struct cgroup_record: groups in its own, or the same, that other records without a mark name. None where
 * the container has a mark. */
int facts_groups_of_others(const struct groups_options *options, const struct cgroup_record *own,
			   struct arena *arena, struct cgroup_others *ret, struct err *e)
	MUST_CHECK;

/* Whether a record that can be found, or cannot be read, has this mark. */
bool facts_mark_has_record(const struct cgroup_mark *mark);

/* For struct cgroup_claim. */
bool facts_mark_counts(const struct cgroup_mark *mark, const char *directory);

/* A state root as marks name it: without symlinks. */
const char *facts_real_root(const char *root, struct arena *arena);

#endif

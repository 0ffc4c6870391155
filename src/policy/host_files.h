/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of the host that an annotation names: which of them the policy allows, by name. That the opened file
 * is the one that the name says is checked where it is opened (sys/trusted.h). Pure.
 */
#ifndef POLICY_HOST_FILES_H
#define POLICY_HOST_FILES_H

#include "model/annotations.h"
#include "model/host_file.h"
#include "policy/policy.h"

/*
 * Under a policy, whatever its mode. A path that is not absolute counts from the bundle. `bundle` is a real
 * path; NULL: it is not known, and nothing lies below it. Without "." and "..", so that no directory is left
 * by a name.
 */
struct host_file host_file_for_output(const struct policy *policy, const char *bundle,
				      const char *path, struct arena *arena);
struct host_file host_file_for_criu(const struct policy *policy, const char *bundle,
				    const char *path, struct arena *arena);

/*
 * The policy in force for a container, as its records have it, has no say about such files: it only
 * observes, or is of a program that knew no such keys. If it is not known (NULL) it has.
 */
bool host_files_are_free(const struct policy *policy);

/* What the annotations (NULL: there are none) say of the output of hooks. Strings are shared. */
void host_files_of_hooks(const struct policy *policy, const char *bundle,
			 const struct strmap *annotations, struct arena *arena,
			 struct hook_files *ret);

#endif

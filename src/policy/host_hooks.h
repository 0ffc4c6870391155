/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks that are programs of the host, and which of them the policy lets run. Pure. */
#ifndef POLICY_HOST_HOOKS_H
#define POLICY_HOST_HOOKS_H

#include "policy/policy.h"

/* The kinds, and the lists of a configuration: all but startContainer, whose program is looked up in the container and
 * runs in there, with what the container has. */
#define HOST_HOOK_KINDS 5
struct host_hooks {
	const char *kind; /* "prestart" */
	const struct spec_hook_list *list;
};
/* Empty lists without hooks. */
void host_hooks_of(const struct spec *spec, struct host_hooks ret[HOST_HOOK_KINDS]);

/* Nothing is to be asked about hooks; also of a record of a program that did not know the key. */
bool policy_allows_any_hook(const struct policy *policy);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Between rules_kernel_mounts.c, about what comes from the host, and rules_kernel_types.c, about what is made. Pure. */
#ifndef POLICY_KERNEL_MOUNTS_H
#define POLICY_KERNEL_MOUNTS_H

#include "policy/rules.h"

/* Of a change, and of a refusal; "%s": where the key has to be said, by key_place(). */
#define KERNEL_REMEDY "%s \"requested\" would leave it as it is asked for"
#define KERNEL_REFUSED_REMEDY "leave the mount out, or set %s to \"requested\""

/* What the options come to for the mount itself. */
bool kernel_asks_readonly(const struct spec_mount *mount);
/* And for all below it. */
bool kernel_asks_readonly_below(const struct spec_mount *mount);
void kernel_add_option(struct judgement *j, struct spec_mount *mount, const char *option);
/* What a bind takes; NULL: it could not be opened. */
const struct source_facts *kernel_source_of(struct judgement *j, const struct spec_mount *mount);
/* Whether a sysfs beside the usual place is read-only; `asked`: the config wants it so. */
bool kernel_sysfs_readonly(struct judgement *j, bool asked);

void kernel_judge_new(struct judgement *j, const char *id, size_t index, const char *pointer);
void kernel_judge_remount(struct judgement *j, const char *id, size_t index);

#endif

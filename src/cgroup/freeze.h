/* SPDX-License-Identifier: Apache-2.0 */
/* Standing still and going on of a cgroup with all below it. Private to cgroup/. */
#ifndef CGROUP_FREEZE_H
#define CGROUP_FREEZE_H

#include "cgroup/record.h"

#include <signal.h>

/* Of the v1 freezer or of the v2 tree; told apart by what is in the directory. */
bool cgroup_stands_still(int directory_fd);

/* Freeze and wait until all stand still, for so long at most: a process that sleeps uninterruptibly
 * cannot be frozen, and no caller depends on it. */
void cgroup_freeze(int directory_fd, int64_t milliseconds);

/* What would end us waits until *before is in force again: between freezing and thawing, which take seconds at
 * most. */
void cgroup_hold_signals(sigset_t *before);

/* This cgroup alone: what the container has frozen in it stays so. */
void cgroup_thaw(int directory_fd);

/* With every sub-group of its own: under the v1 freezer a process that is to die must run for it. */
int cgroup_thaw_all(int directory_fd, const struct cgroup_record *record, struct err *e) MUST_CHECK;

/* Whether this program is in what would be frozen by this directory: it could not thaw it again. */
int cgroup_holds_caller(int directory_fd, bool *ret, struct err *e) MUST_CHECK;

#endif

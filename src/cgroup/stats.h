/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of what `events --stats` shows. Private to cgroup/. */
#ifndef CGROUP_STATS_H
#define CGROUP_STATS_H

#include "cgroup/tree.h"

/* "psi": what of the time something, or everything, waited for the resource (accounting/psi.rst). Nothing
 * if the kernel does not count it. */
void stats_put_pressure(int directory, const char *file, struct json_out *out);

/* "intel_rdt": what the processor offers, what the group may have of it, and what it uses. What cannot be
 * read is left out. */
void stats_put_rdt(const struct rdt_record *record, struct json_out *out);

#endif

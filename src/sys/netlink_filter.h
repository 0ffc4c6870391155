/* SPDX-License-Identifier: Apache-2.0 */
/* Programs at links, by netlink(7): tc-bpf(8). */
#ifndef SYS_NETLINK_FILTER_H
#define SYS_NETLINK_FILTER_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Whether the link has one of that name and priority. */
int netlink_has_filter(int fd, unsigned index, const char *name, uint16_t priority, bool *ret,
		       struct err *e) MUST_CHECK;
/* A program of BPF_PROG_TYPE_SCHED_CLS sees what comes by the link from now on, in place of the one that was put there with the
 * same priority. The link keeps it. */
int netlink_filter_incoming(int fd, unsigned index, int program_fd, const char *name,
			    uint16_t priority, struct err *e) MUST_CHECK;

#endif

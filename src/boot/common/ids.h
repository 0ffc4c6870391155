/* SPDX-License-Identifier: Apache-2.0 */
/* The ids of a new user namespace. */
#ifndef BOOT_COMMON_IDS_H
#define BOOT_COMMON_IDS_H

#include "base/auto.h"
#include "model/facts.h"

#include <sys/types.h>

/* Of the process `pid`, which is in it. */
int write_id_maps(const struct facts *facts, struct arena *arena, pid_t pid, const char *uid_map,
		  const char *gid_map, struct err *e) MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime may do. */
#ifndef BOOT_COMMON_POWER_H
#define BOOT_COMMON_POWER_H

#include "model/facts.h"

#include <linux/capability.h>

/* CAP_SYS_ADMIN over the runtime's own namespaces, and not just over those that it makes. */
static inline bool has_host_admin(const struct facts *facts)
{
	return facts->effective & (UINT64_C(1) << CAP_SYS_ADMIN);
}

#endif

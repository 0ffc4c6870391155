/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which sysctls belong to the network. Pure.
 */
#include "policy/sysctl.h"

#include "base/path.h"
#include "base/str.h"
#include "spec/spec.h"

enum sysctl_kind sysctl_kind(const char *name, struct arena *arena)
{
	const char *path = spec_sysctl_path(name, arena);

	if (path_has_detour(path))
		return SYSCTL_UNCLEAR;
	return str_has_prefix(path, "net/") ? SYSCTL_NETWORK : SYSCTL_OTHER;
}

bool sysctl_same(const char *a, const char *b, struct arena *arena)
{
	return str_eq(spec_sysctl_path(a, arena), spec_sysctl_path(b, arena));
}

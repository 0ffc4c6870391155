/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which sysctls belong to the network. Pure.
 */
#include "policy/sysctl.h"

#include "base/str.h"
#include "spec/spec.h"

/* A component that is empty, "." or "..". */
static bool has_detour(const char *path)
{
	for (;;) {
		size_t length = strcspn(path, "/");

		if (length == 0 || (length == 1 && path[0] == '.') ||
		    (length == 2 && path[0] == '.' && path[1] == '.'))
			return true;
		if (!path[length])
			return false;
		path += length + 1;
	}
}

enum sysctl_kind sysctl_kind(const char *name, struct arena *arena)
{
	const char *path = spec_sysctl_path(name, arena);

	if (has_detour(path))
		return SYSCTL_UNCLEAR;
	return str_has_prefix(path, "net/") ? SYSCTL_NETWORK : SYSCTL_OTHER;
}

bool sysctl_same(const char *a, const char *b, struct arena *arena)
{
	return str_eq(spec_sysctl_path(a, arena), spec_sysctl_path(b, arena));
}

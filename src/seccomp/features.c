/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of seccomp this program, libseccomp and the kernel can do. Runs in the runtime.
 */
#include "seccomp/parts.h"

#include <seccomp.h>

static size_t rows(const struct name_row *table)
{
	size_t n = 0;

	while (table[n].name)
		n++;
	return n;
}

static bool any(const struct name_row *row)
{
	(void)row;
	return true;
}

static bool library_knows(const struct name_row *row)
{
	return seccomp_architecture(row->name) != 0;
}

static bool kernel_has(const struct name_row *row)
{
	return seccomp_kernel_has_flag((uint64_t)row->value);
}

static struct strlist names(const struct name_row *table, bool (*wanted)(const struct name_row *),
			    struct arena *arena)
{
	struct strlist list = { .v = arena_new_array(arena, char *, rows(table)) };

	for (const struct name_row *row = table; row->name; row++) {
		if (wanted(row))
			list.v[list.n++] = arena_strdup(arena, row->name);
	}
	return list;
}

void seccomp_features(struct arena *arena, struct seccomp_features *ret)
{
	ret->actions = names(spec_seccomp_action_names, any, arena);
	ret->operators = names(spec_seccomp_operator_names, any, arena);
	ret->archs = names(spec_seccomp_arch_names, library_knows, arena);
	ret->known_flags = names(spec_seccomp_flag_names, any, arena);
	ret->supported_flags = names(spec_seccomp_flag_names, kernel_has, arena);
}

const char *seccomp_library_version(struct arena *arena)
{
	const struct scmp_version *version = seccomp_version();

	return arena_printf(arena, "%u.%u.%u", version->major, version->minor, version->micro);
}

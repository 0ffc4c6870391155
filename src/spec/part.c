/* SPDX-License-Identifier: Apache-2.0 */
/* See part.h. Pure. */
#include "spec/part.h"

static struct spec_linux *linux_parts(const struct spec_linux *from, unsigned parts,
				      struct arena *arena)
{
	struct spec_linux *to = arena_new(arena, struct spec_linux);

	if (parts & PART_REST) {
		*to = *from;
		to->seccomp = NULL;
		to->memory_policy = NULL;
		to->personality = NULL;
		to->resources = NULL;
		to->intel_rdt = NULL;
	}
	if (parts & PART_SECCOMP)
		to->seccomp = from->seccomp;
	if (parts & PART_MEMORY_POLICY)
		to->memory_policy = from->memory_policy;
	if (parts & PART_PERSONALITY)
		to->personality = from->personality;
	if (parts & PART_RESOURCES) {
		to->resources = from->resources;
		to->intel_rdt = from->intel_rdt;
	}
	return to;
}

struct spec *spec_parts(const struct spec *from, unsigned parts, struct arena *arena)
{
	struct spec *to = arena_new(arena, struct spec);

	if (parts & PART_REST) {
		*to = *from;
		to->text = NULL;
		to->text_length = 0;
		to->process = NULL;
		to->annotations = (struct strmap){ 0 };
		to->mounts.n = 0;
	}
	to->oci_version = from->oci_version;
	if (parts & PART_PROCESS)
		to->process = from->process;
	if (parts & PART_ANNOTATIONS)
		to->annotations = from->annotations;
	if (parts & PART_MOUNTS)
		to->mounts = from->mounts;
	to->linux_ = from->linux_ ? linux_parts(from->linux_, parts, arena) : NULL;
	return to;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Some parts of a configuration, for what is asked of an existing container. Pure.
 */
#ifndef SPEC_PART_H
#define SPEC_PART_H

#include "spec/spec.h"

enum spec_part {
	PART_PROCESS = 1 << 0,
	PART_ANNOTATIONS = 1 << 1,
	PART_MOUNTS = 1 << 2,
	PART_SECCOMP = 1 << 3,
	PART_MEMORY_POLICY = 1 << 4,
	PART_PERSONALITY = 1 << 5,
	PART_RESOURCES = 1 << 6, /* linux.resources and linux.intelRdt */
	PART_REST = 1 << 7,      /* all that no other bit names */
	PART_ALL = (1 << 8) - 1,
};

/* A spec of these parts and the version; it shares everything below them, and has no text. */
struct spec *spec_parts(const struct spec *from, unsigned parts, struct arena *arena)
	__attribute__((returns_nonnull));

#endif

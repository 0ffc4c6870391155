/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of units of systemd by their text alone, and where a slice's group is.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include "base/arena.h"

#include <stdbool.h>

#define UNIT_NAME_MAX 255 /* systemd.unit(5) */
#define SLICE_SUFFIX ".slice"

/* What the name of a unit may have; the rest is escaped. */
bool unit_character(char c);

/* Why it is not the name of a slice; NULL: it is one. "-.slice" is the root. */
const char *slice_name_problem(const char *name);

/* systemd.slice(5): "a-b.slice" lies in "a.slice": "/a.slice/a-b.slice"; of the root "". */
char *slice_path(const char *name, struct arena *arena) __attribute__((returns_nonnull));

/* Both are names of slices. Also true if they are the same. */
bool slice_is_below(const char *name, const char *above);

#endif

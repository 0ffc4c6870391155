/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds if a member is absent: that of another struct of the same table, in the end the presets that the rows
 * have. Booleans and numbers that are no option cannot be absent. Pure.
 */
#ifndef BASE_FIELDS_INHERIT_H
#define BASE_FIELDS_INHERIT_H

#include "base/fields.h"

bool field_is_absent(const struct field *field, const void *object);

/* Absent members of `to` become those of `from`, and so in each object, which is made where it is absent; what is a
 * list or a map is taken whole. Lists and texts are shared with `from`, objects are not. */
void fields_inherit(const struct fields *fields, void *to, const void *from, struct arena *arena);

/* A struct of the rows' presets. Fails where one is not what its row reads. */
int fields_presets(const struct fields *fields, struct arena *arena, void *ret, struct err *e)
	MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * struct spec -> config.json.
 */
#include "spec/spec.h"

int spec_encode_text(const struct spec *spec, bool pretty, struct arena *arena, char **ret_text,
		     size_t *ret_length, struct err *e)
{
	return fields_encode_text(&spec_fields, spec, pretty, arena, ret_text, ret_length, e);
}

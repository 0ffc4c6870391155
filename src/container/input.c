/* SPDX-License-Identifier: Apache-2.0 */
/* See input.h. Runs in the runtime. */
#include "container/input.h"

#include "base/auto.h"
#include "os/io.h"

int input_decode(const char *path, size_t limit, const struct fields *fields, struct arena *arena,
		 void *ret, struct err *e)
{
	autofree char *text = NULL;
	size_t length;

	if (read_input(path, limit, &text, &length, e) < 0)
		return -1;
	return fields_decode_text(fields, input_name(path), text, length, arena, ret, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON text that the caller of a command names: a file, a pipe, or "-" for standard input. */
#ifndef CONTAINER_INPUT_H
#define CONTAINER_INPUT_H

#include "base/fields.h"

/* Read by read_input(), `limit` bytes at most, and decoded by the table into *ret; errors call it input_name(). */
int input_decode(const char *path, size_t limit, const struct fields *fields, struct arena *arena,
		 void *ret, struct err *e) MUST_CHECK;

#endif

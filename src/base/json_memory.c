/* SPDX-License-Identifier: Apache-2.0 */
/* See json_memory.h. */
#include "base/json_memory.h"

#include "base/arena.h"

#include <stdlib.h>

static void *allocate(void *context, size_t size)
{
	(void)context;
	return xmalloc(size);
}

static void *reallocate(void *context, void *old, size_t size)
{
	(void)context;
	return xrealloc(old, size);
}

static void release(void *context, void *memory)
{
	(void)context;
	free(memory);
}

const yajl_alloc_funcs json_memory = { .malloc = allocate, .realloc = reallocate, .free = release };

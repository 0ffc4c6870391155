/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of one phase, and the malloc family that never returns NULL. Used by every process.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* With malloc's own header a chunk stays within four pages. What takes more gets more at once, so much that malloc maps it
 * by itself (ARENA_MAP_FROM): it goes as a whole, and nothing small keeps a part of it. */
#define CHUNK_SIZE (16384 - 64)
#define NEXT_CHUNK_SIZE (ARENA_MAP_FROM + (32u << 10))

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size; /* of data */
	alignas(max_align_t) char data[];
};

/* _exit(), since the process may be a child that must not run its parent's exit handlers. */
__attribute__((noreturn)) static void out_of_memory(void)
{
	static const char text[] = "distro-shim: out of memory\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
	_exit(1);
}

static struct arena_chunk *new_chunk(size_t size)
{
	struct arena_chunk *chunk = xmalloc(sizeof(*chunk) + size);

	chunk->next = NULL;
	chunk->used = 0;
	chunk->size = size;
	return chunk;
}

void arena_reserve(struct arena *a)
{
	struct arena_chunk *chunk = new_chunk(NEXT_CHUNK_SIZE - sizeof(*chunk));

	chunk->next = a->chunk;
	a->chunk = chunk;
}

void arena_release(struct arena *a)
{
	while (a->chunk) {
		struct arena_chunk *next = a->chunk->next;
		free(a->chunk);
		a->chunk = next;
	}
	a->total = 0;
}

/* The chunk to take `size` bytes from. What is larger than a chunk gets its own, placed behind the
 * current one so that the room left there is still used. */
static struct arena_chunk *chunk_with_room(struct arena *a, size_t size)
{
	const size_t chunk_room =
		(a->chunk ? NEXT_CHUNK_SIZE : CHUNK_SIZE) - sizeof(struct arena_chunk);

	if (a->chunk && a->chunk->size - a->chunk->used >= size)
		return a->chunk;

	struct arena_chunk *chunk = new_chunk(size > chunk_room ? size : chunk_room);
	if (size > chunk_room && a->chunk) {
		chunk->next = a->chunk->next;
		a->chunk->next = chunk;
	} else {
		chunk->next = a->chunk;
		a->chunk = chunk;
	}
	return chunk;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t alignment = alignof(max_align_t);

	if (size > SIZE_MAX / 2)
		out_of_memory();
	/* Nothing is one unit too, so that two results never share an address. */
	size = (size + alignment - (size > 0)) / alignment * alignment;

	struct arena_chunk *chunk = chunk_with_room(a, size);
	void *memory = chunk->data + chunk->used;
	chunk->used += size;
	a->total += size;
	return memset(memory, 0, size);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		out_of_memory();
	return arena_alloc(a, bytes);
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_strndup(struct arena *a, const char *s, size_t length)
{
	size_t bytes = strnlen(s, length);

	return memcpy(arena_alloc(a, bytes + 1), s, bytes);
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list arguments, again;

	va_start(arguments, format);
	va_copy(again, arguments);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		out_of_memory();

	char *text = arena_alloc(a, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}

void *xmalloc(size_t size)
{
	void *memory = malloc(size ? size : 1);

	if (!memory)
		out_of_memory();
	return memory;
}

void *xrealloc(void *old, size_t size)
{
	void *memory = realloc(old, size ? size : 1);

	if (!memory)
		out_of_memory();
	return memory;
}

char *xstrdup(const char *s)
{
	size_t size = strlen(s) + 1;

	return memcpy(xmalloc(size), s, size);
}

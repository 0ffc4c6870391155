/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of one phase (a parsed config, a plan), freed at once. Allocation never returns NULL: when
 * memory runs out the program says so and exits with status 1. That is safe at any moment, because
 * being killed at any moment is (see state/state.h).
 *
 * The first chunk is small (16 KiB), since most phases are; the next ones are mapped by themselves.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunk;
	size_t total; /* bytes handed out so far */
};

/* From this size on malloc is to map memory by itself: what the program sets, first thing (M_MMAP_THRESHOLD, mallopt(3)).
 * Set, the size does not grow with what is freed. */
#define ARENA_MAP_FROM (128u << 10)

/* A zeroed struct arena is an empty arena. */
void arena_release(struct arena *a);
/* Have the next chunk ready: memory that nothing has written to. */
void arena_reserve(struct arena *a);

#define autoarena __attribute__((cleanup(arena_release))) struct arena

/* Zeroed memory, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size) __attribute__((returns_nonnull));

/* An array of `count` zeroed elements; exits when the size overflows. */
void *arena_array(struct arena *a, size_t count, size_t size) __attribute__((returns_nonnull));

char *arena_strdup(struct arena *a, const char *s) __attribute__((returns_nonnull));
char *arena_strndup(struct arena *a, const char *s, size_t length) __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *format, ...)
	__attribute__((format(printf, 2, 3), nonnull(2), returns_nonnull));

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_new_array(a, type, count) ((type *)arena_array((a), (count), sizeof(type)))

/* malloc family for what outlives a phase, with the same promise. */
void *xmalloc(size_t size) __attribute__((returns_nonnull));
void *xrealloc(void *old, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((returns_nonnull));

#endif

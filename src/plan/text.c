/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts for the plan: argument vectors, and a set that finds duplicates in linear time (a config may carry
 * tens of thousands of variables or mounts). Pure.
 */
#include "plan/context.h"

struct text_slot {
	const char *text;
	size_t length;
	size_t number;
};

char **argv_of(struct arena *arena, const struct strlist *list)
{
	char **argv = arena_new_array(arena, char *, list->n + 1);

	for (size_t i = 0; i < list->n; i++)
		argv[i] = list->v[i];
	return argv;
}

void text_set_init(struct text_set *set, struct arena *arena, size_t count)
{
	set->slots = 8;
	while (set->slots / 2 < count)
		set->slots *= 2;
	set->v = arena_new_array(arena, struct text_slot, set->slots);
}

/* FNV-1a; the set is at most half full, so there always is an empty slot to stop at. */
static struct text_slot *text_set_slot(const struct text_set *set, const char *text, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
	for (size_t i = (size_t)hash & (set->slots - 1);; i = (i + 1) & (set->slots - 1)) {
		struct text_slot *slot = &set->v[i];

		if (!slot->text ||
		    (slot->length == length && memcmp(slot->text, text, length) == 0))
			return slot;
	}
}

const size_t *text_set_add(struct text_set *set, const char *text, size_t length, size_t number)
{
	struct text_slot *slot = text_set_slot(set, text, length);

	if (slot->text)
		return &slot->number;
	*slot = (struct text_slot){ .text = text, .length = length, .number = number };
	return NULL;
}

const size_t *text_set_find(const struct text_set *set, const char *text, size_t length)
{
	const struct text_slot *slot = text_set_slot(set, text, length);

	return slot->text ? &slot->number : NULL;
}

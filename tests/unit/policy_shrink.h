/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A property that fails is caught, and what it fails on made as small as it can be: members and elements of its files
 * are taken away one by one, for as long as the same property fails.
 */
#ifndef TESTS_POLICY_SHRINK_H
#define TESTS_POLICY_SHRINK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

static jmp_buf property_failed;
static char property_message[64u << 10];

static void __attribute__((noreturn, format(printf, 1, 2))) property_fails(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(property_message, sizeof(property_message), format, args);
	va_end(args);
	longjmp(property_failed, 1);
}
#define PROPERTY_FAILS(...) property_fails(__VA_ARGS__)

#include "policy_selection.h"

/* Of a round; true where the request was accepted. */
typedef bool property(struct round *r);

/* False: it does not hold, and the message says what. */
static bool property_holds(property *check, struct round *r, bool *ret_accepted)
{
	if (setjmp(property_failed))
		return false;
	*ret_accepted = check(r);
	return true;
}

/* --- made small --- */

enum { PART_CONFIG, PART_POLICY, PART_FACTS, PART_CALLER, PART_CONFINEMENT, PART_MADE, PART_COUNT };

struct shrinking {
	const struct round *from;
	property *check;
	char *what; /* the first line of the message */
	struct json_value *trees[PART_COUNT];
	const char *receiver;
};

static void *read_part(struct arena *arena, const struct fields *fields,
		       const struct json_value *tree, bool *ok)
{
	void *object = arena_alloc(arena, fields->size);
	char *text;
	struct err e;

	if (!tree)
		return NULL;
	text = tree_text(arena, tree, false);
	*ok = *ok && fields_decode_text(fields, "part", text, strlen(text), arena, object, &e) == 0;
	return object;
}

/* False: it is none. */
static bool read_example(const struct shrinking *s, struct round *r)
{
	struct made_file *made;
	struct err e;
	bool ok = true;

	r->name = s->from->name;
	r->rules = s->from->rules;
	r->path = s->from->path;
	r->receiver = s->receiver;
	r->policy_text = tree_text(r->arena, s->trees[PART_POLICY], false);
	r->full = read_policy(r, r->policy_text, &e);
	r->request = read_part(r->arena, &spec_fields, s->trees[PART_CONFIG], &ok);
	r->caller = read_part(r->arena, &caller_facts_fields, s->trees[PART_CALLER], &ok);
	r->facts = read_part(r->arena, &facts_fields, s->trees[PART_FACTS], &ok);
	r->recorded = read_part(r->arena, &confinement_fields, s->trees[PART_CONFINEMENT], &ok);
	made = read_part(r->arena, &made_fields, s->trees[PART_MADE], &ok);
	r->made = made ? &made->processes : NULL;
	if (!ok || !r->full)
		return false;
	choose_policy(r, &e);
	return !r->chosen || r->facts;
}

static bool fails_still(const struct shrinking *s)
{
	struct arena arena = { 0 };
	struct round r = { .arena = &arena };
	bool fails, accepted;

	fails = read_example(s, &r) && !property_holds(s->check, &r, &accepted) &&
		strncmp(property_message, s->what, strlen(s->what)) == 0;
	arena_release(&arena);
	return fails;
}

/* Of whatever a fact is about. */
static bool is_always_known(const struct json_value *fact)
{
	static const char *const names[] = { "path", "mountPoint", "type",      "source",
					     "id",   "root",       "cgroupPath" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(fact->key, names[i]))
			return true;
	return false;
}

/* True if something was taken away. */
static bool shrink_tree(const struct shrinking *s, struct json_value *tree, bool facts)
{
	struct json_value **link = tree ? &tree->first : NULL;
	bool any = false;

	while (link && *link) {
		struct json_value *child = *link;

		*link = child->next;
		if (!(facts && is_always_known(child)) && fails_still(s)) {
			any = true;
			continue;
		}
		*link = child;
		any |= shrink_tree(s, child, facts);
		link = &child->next;
	}
	return any;
}

static struct json_value *write_part(const struct round *r, const struct fields *fields,
				     const void *object)
{
	size_t length = 0;
	char *text = NULL;
	struct err e;

	if (!object || fields_encode_text(fields, object, false, r->arena, &text, &length, &e) < 0)
		return NULL;
	return tree_of_text(r->arena, text);
}

/* Leaves the message of the smallest one; or that of `r`, where its files do not say all. */
static inline void shrink(struct round *r, property *check)
{
	char *first = text_of(r, property_message);
	struct made_file made = { 0 };
	struct shrinking s = {
		.from = r,
		.check = check,
		.what = arena_strndup(r->arena, first, strcspn(first, "\n")),
		.receiver = r->receiver,
		.trees = { write_part(r, &spec_fields, r->request),
			   tree_of_text(r->arena, r->policy_text),
			   write_part(r, &facts_fields, r->facts),
			   write_part(r, &caller_facts_fields, r->caller),
			   write_part(r, &confinement_fields, r->recorded) },
	};
	bool any = true;

	if (r->made)
		made.processes = *r->made;
	s.trees[PART_MADE] = r->made ? write_part(r, &made_fields, &made) : NULL;
	for (int turn = 0; any && fails_still(&s); turn++) {
		any = false;
		for (size_t i = 0; i < PART_COUNT; i++)
			any |= shrink_tree(&s, s.trees[i], i == PART_FACTS);
		/* each is smaller than the one before */
		any = any && turn < 8;
	}
	if (!fails_still(&s))
		snprintf(property_message, sizeof(property_message), "%s", first);
}

#endif

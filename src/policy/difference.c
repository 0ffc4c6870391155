/* SPDX-License-Identifier: Apache-2.0 */
/* See difference.h. Pure. */
#include "policy/difference.h"

#include "base/auto.h"
#include "base/capabilities.h"
#include "policy/edit.h"

/* Of a set. */
#define CAP_BITS 64

const struct name_row difference_names[] = {
	{ "same", DIFFERENCE_NONE },
	{ "different", DIFFERENCE_OTHER },
	{ "allowed", DIFFERENCE_ALLOWED },
	{ "refused", DIFFERENCE_REFUSED },
	{ NULL, 0 },
};

/* But for the number of an element, which what comes before it in the list decides; what is there
 * says which it is. */
static bool place_equal(const char *a, const char *b)
{
	const char *end_a = a ? strrchr(a, '/') : NULL, *end_b = b ? strrchr(b, '/') : NULL;
	uint64_t number;

	if (str_eq(a, b))
		return true;
	return end_a && end_b && end_a - a == end_b - b &&
	       strncmp(a, b, (size_t)(end_a - a)) == 0 && parse_u64(end_a + 1, &number) &&
	       parse_u64(end_b + 1, &number);
}

/* Of a decision that changes nothing what is there is a look at it, with what others have made of it. */
static bool decision_equal(const struct decision *a, const struct decision *b)
{
	bool changes = a->action == DECISION_ADD || a->action == DECISION_REWRITE ||
		       a->action == DECISION_DROP;

	if (a->action != b->action || !str_eq(a->rule, b->rule) || !str_eq(a->why, b->why))
		return false;
	if (!changes && str_eq(a->path, b->path))
		return true;
	return place_equal(a->path, b->path) && str_eq(a->before, b->before) &&
	       str_eq(a->after, b->after);
}

/* Those of `of` that `other` has not, each of which answers for one. Both are nearly in the same order, so that the
 * search begins where the last one ended. */
static struct decisions decisions_without(const struct decisions *of, const struct decisions *other,
					  struct arena *arena)
{
	struct decisions left = { .v = arena_new_array(arena, struct decision, of->n + 1) };
	bool *taken = arena_new_array(arena, bool, other->n + 1);
	size_t next = 0;

	for (size_t i = 0; i < of->n; i++) {
		size_t k = 0, at = 0;

		for (; k < other->n; k++) {
			at = (next + k) % other->n;
			if (!taken[at] && decision_equal(&of->v[i], &other->v[at]))
				break;
		}
		if (k == other->n) {
			left.v[left.n++] = of->v[i];
			continue;
		}
		taken[at] = true;
		next = at + 1;
	}
	return left;
}

static bool has_capability(struct spec *spec, int number)
{
	for (int set = 0; set < CAPABILITY_SET_COUNT; set++) {
		const struct strlist *list = edit_capability_set(spec, (enum capability_set)set);

		for (size_t i = 0; list && i < list->n; i++)
			if (cap_number(list->v[i]) == number)
				return true;
	}
	return false;
}

/* By the number: one is written in several ways. */
static struct strlist capabilities_without(struct spec *of, struct spec *other, struct arena *arena)
{
	struct strlist left = { .v = arena_new_array(arena, char *, CAP_BITS) };

	for (int number = 0; number < CAP_BITS && cap_name_of(number); number++)
		if (has_capability(of, number) && !has_capability(other, number))
			left.v[left.n++] = arena_strdup(arena, cap_name_of(number));
	return left;
}

static bool network_equal(const struct network *a, const struct network *b)
{
	return a->join == b->join && a->cookie == b->cookie && str_eq(a->path, b->path);
}

static bool confinement_equal(const struct confinement *a, const struct confinement *b)
{
	if (a->peer_descriptors != b->peer_descriptors || a->denied.n != b->denied.n)
		return false;
	for (size_t i = 0; i < a->denied.n; i++)
		if (a->denied.v[i] != b->denied.v[i])
			return false;
	return true;
}

/* Where it is the decisions say. */
static bool limits_equal(const struct group_parent *a, const struct group_parent *b)
{
	return a->memory == b->memory && a->quota == b->quota && a->pids == b->pids;
}

/* Where nothing runs it has neither network nor capabilities. */
static void compare_what_runs(const struct verdict *before, const struct verdict *after,
			      struct arena *arena, struct difference *ret)
{
	ret->network = !network_equal(&before->network, &after->network);
	ret->confinement = !confinement_equal(&before->confinement, &after->confinement);
	ret->kernel_mounts = before->kernel_own != after->kernel_own;
	ret->groups = before->group_exclusive != after->group_exclusive;
	ret->limits = !limits_equal(&before->parent, &after->parent);
	ret->mode = before->observed != after->observed;
	ret->lost = capabilities_without(before->spec, after->spec, arena);
	ret->gained = capabilities_without(after->spec, before->spec, arena);
}

void verdict_difference(const struct verdict *before, const struct verdict *after,
			struct arena *arena, struct difference *ret)
{
	struct difference difference = {
		.kind = DIFFERENCE_NONE,
		.removed = decisions_without(&before->decisions, &after->decisions, arena),
		.added = decisions_without(&after->decisions, &before->decisions, arena),
	};

	if (!before->refused && !after->refused)
		compare_what_runs(before, after, arena, &difference);
	if (before->refused != after->refused)
		difference.kind = after->refused ? DIFFERENCE_REFUSED : DIFFERENCE_ALLOWED;
	else if (difference.removed.n || difference.added.n || difference.network ||
		 difference.confinement || difference.kernel_mounts || difference.groups ||
		 difference.limits || difference.mode || difference.lost.n || difference.gained.n)
		difference.kind = DIFFERENCE_OTHER;
	*ret = difference;
}

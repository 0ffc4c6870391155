/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to the gathered facts. Pure.
 */
#include "policy/facts.h"

#include "base/str.h"

const struct ns_facts *facts_self(const struct facts *facts, int type)
{
	for (size_t i = 0; i < facts->self.n; i++)
		if (facts->self.v[i].type == type)
			return &facts->self.v[i];
	return NULL;
}

const struct ns_facts *facts_requested(const struct facts *facts, const char *path)
{
	for (size_t i = 0; path && i < facts->requested.n; i++)
		if (str_eq(facts->requested.v[i].path, path))
			return &facts->requested.v[i];
	return NULL;
}

const struct source_facts *facts_source(const struct facts *facts, const char *source,
					bool nofollow, bool recursive)
{
	for (size_t i = 0; source && i < facts->sources.n; i++) {
		const struct source_facts *known = &facts->sources.v[i];

		if (str_eq(known->source, source) && known->nofollow == nofollow &&
		    known->recursive == recursive)
			return known;
	}
	return NULL;
}

/* The inode number alone would not do: it is reused as soon as a namespace is gone. Here it may be
 * compared, for facts/ holds both descriptors while the verdict is made. */
bool ns_facts_same(const struct ns_facts *a, const struct ns_facts *b)
{
	return a && b && !a->problem && !b->problem && a->type && a->type == b->type &&
	       a->device == b->device && a->inode == b->inode;
}

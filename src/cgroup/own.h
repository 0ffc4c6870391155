/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which groups, and so which processes, are a container's own: the one place that decides it, for every
 * command and for what is taken back of a failed create. Private to cgroup/.
 *
 * A group that the container's record names is its own where it carries the record's mark. A record without
 * a mark (of version 0.1.0, or of a caller who cannot set one) is believed by its path, where no mark and no
 * other record says otherwise. What lies below is its own up to the groups that carry another container's
 * mark and hold processes, but those of a runtime that itself runs in the container belong to it: then the
 * group that was around both when it was made (struct cgroup_mark) is the container's or lies below it.
 */
#ifndef CGROUP_OWN_H
#define CGROUP_OWN_H

#include "cgroup/tree.h"

enum own_answer {
	OWN_ITS,      /* the container's */
	OWN_ANOTHERS, /* *ret says whose */
	OWN_NOBODYS,  /* the record has a mark and this group none: made anew, or not marked yet */
};

/* Of a directory that the record names. -1: it cannot be told. */
int own_ask(const char *directory, const struct cgroup_record *record, struct cgroup_mark *ret,
	    struct err *e) MUST_CHECK;

/* A walk that keeps to what is a container's own. */
struct own_walk {
	int top;          /* where it begins; borrowed */
	const char *name; /* of the container's mark; NULL: it has none */
	const struct cgroup_others *others;
	struct tree_limit limit; /* for tree_walk() and tree_add_pids() */
	bool found;              /* another's was left out */
	struct cgroup_mark other;
};
void own_walk_start(struct own_walk *walk, int top, const struct cgroup_record *record);
/* The same before there is a record. */
void own_walk_start_named(struct own_walk *walk, int top, const char *name);

/* Whether processes of another container are below one of its groups. 1, 0; -1 with *e. */
int own_find_other(const int *directories, size_t n, const struct cgroup_record *record,
		   struct cgroup_mark *ret, struct err *e) MUST_CHECK;

/* ERR_STATE if what a path leads to below one of its groups, or something on the way there, is another
 * container's. */
int own_check_below(int top, const char *path, const struct cgroup_record *record, struct err *e)
	MUST_CHECK;

/* ERR_STATE, in words that name the other one: `verb` says what cannot be done. */
int own_fail_inside(const char *verb, const struct cgroup_record *record,
		    const struct cgroup_mark *other, struct err *e) MUST_CHECK;
/* Likewise of what own_ask() answered. `other` without a name: OWN_NOBODYS. */
int own_fail_anothers(const struct cgroup_record *record, const struct cgroup_mark *other,
		      struct err *e) MUST_CHECK;

#endif

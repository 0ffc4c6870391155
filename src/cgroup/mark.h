/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marks on cgroups: attributes (xattr(7)) of their directories that say what this program has to do with
 * them. Only root of the host can set or read them (`trusted.*`); without that power there is one mark alone.
 */
#ifndef CGROUP_MARK_H
#define CGROUP_MARK_H

#include "cgroup/cgroup.h"

/* One byte: the program has made the directory, as a container's ('1'; version 0.1.0 for its parents, too) or
 * on the way to one ('p'). */
#define CGROUP_MADE_BY_US "trusted.distro-shim.made"
#define CGROUP_MADE_FOR_CONTAINER '1'
#define CGROUP_MADE_AS_PARENT 'p'
/* The same on the way to one, of a user, in groups of v2 that are delegated to him: it lets an empty one be removed, and
 * nothing else follows from it. */
#define CGROUP_MADE_BY_USER "user.distro-shim.made"
/* Followed by the name of a directory in it: one on the way to a container's that is being made and has no mark yet. */
#define CGROUP_MAKING "trusted.distro-shim.making."
/* It was there before the container, and stays. */
#define CGROUP_MADE_BEFORE "trusted.distro-shim.before"
/* "1 NAME AROUND ID ROOT": struct cgroup_mark */
#define CGROUP_OWNER "trusted.distro-shim.owner"

/* 1: there is one; 0: none, or it cannot be seen; -1 and errno. */
int mark_read(int directory_fd, struct cgroup_mark *ret);
int mark_read_path(const char *directory, struct cgroup_mark *ret);

/* `flags` of setxattr(2). -1 and errno. */
int mark_write(int directory_fd, const struct cgroup_mark *mark, int flags);

/* Text to mark and back; false if it is not one. Pure. */
bool mark_parse(const char *text, struct cgroup_mark *ret);
void mark_print(const struct cgroup_mark *mark, struct strbuf *out);

/* A creator that is killed between mkdir(2) and its mark leaves a directory that is known by this. */
void mark_making(int parent_fd, const char *name);
void mark_making_over(int parent_fd, const char *name);
void mark_making_over_path(const char *parent, const char *name);
bool mark_is_making(int parent_fd, const char *name);
bool mark_is_making_path(const char *parent, const char *name);

/* One byte of an attribute; 0: it is not there. */
char mark_byte(const char *directory, const char *attribute);
char mark_byte_at(int directory_fd, const char *attribute);

/* Whether this process would see an existing mark. */
bool marks_are_visible(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The recorded directories of a container, opened again. Private to cgroup/. */
#ifndef CGROUP_RECORD_H
#define CGROUP_RECORD_H

#include "cgroup/own.h"

/*
 * A cgroup path that may be made and removed: normalised, absolute, and not the hierarchy's root.
 * ERR_CONFIG.
 */
int cgroup_check_path(const char *path, struct err *e) MUST_CHECK;

/* A record that names nothing but directories with that path below some mount. ERR_STATE. */
int cgroup_check_record(const struct cgroup_record *record, struct err *e) MUST_CHECK;

/* Those of the recorded directories that exist and are the container's own. */
struct cgroup_opened {
	const struct cgroup_record *record;
	pid_t opener; /* the command, also if a helper of it goes on */
	size_t n;
	int fds[CGROUP_MAX_HIERARCHIES]; /* O_PATH */
	bool left_out;                   /* another's, or of no container; `other` says whose */
	struct cgroup_mark other;
};
void cgroup_opened_release(struct cgroup_opened *opened);
#define autoopened __attribute__((cleanup(cgroup_opened_release))) struct cgroup_opened

/* Checks the record. One that is not managed has none. What is not its own is left out. */
int cgroup_open_record(const struct cgroup_record *record, struct cgroup_opened *ret, struct err *e)
	MUST_CHECK;
/* Of them those that can stand still: of v1 the freezer's, and the one of the v2 tree. */
int cgroup_open_freezers(const struct cgroup_record *record, struct cgroup_opened *ret,
			 struct err *e) MUST_CHECK;
/* `directories`: what those of the cgroup are called, in the same order. -1: none counts memory. */
int cgroup_memory_index(const struct cgroup *cgroup, const struct strlist *directories);
/* The one that counts memory. */
int cgroup_open_memory(const struct cgroup_record *record, struct cgroup_opened *ret, struct err *e)
	MUST_CHECK;
/* As cgroup_open_record(), for what acts on the group as a whole: that of another one is an error, and, if `verb` is not
 * NULL, that another container is below it. */
int cgroup_open_whole(const struct cgroup_record *record, const char *verb,
		      struct cgroup_opened *ret, struct err *e) MUST_CHECK;

/* Everything of its own that is in one of them, or below. Empties *ret first. */
int cgroup_opened_pids(const struct cgroup_opened *opened, struct pid_set *ret, struct err *e)
	MUST_CHECK;

/* The one that has this file, -1 if none has. Borrowed. */
int cgroup_opened_with(const struct cgroup_opened *opened, const char *file);

/* The one that is of the v2 tree, -1 if there is none. Borrowed. */
int cgroup_opened_unified(const struct cgroup_opened *opened);

/* The one that has the v1 freezer, -1 if there is none. Borrowed. */
int cgroup_opened_freezer(const struct cgroup_opened *opened);

#endif

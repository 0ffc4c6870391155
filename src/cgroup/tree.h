/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading, writing and walking of cgroup directories by descriptor. Private to cgroup/.
 *
 * A container may have filled its cgroup with sub-groups, as deep and as many as it likes, and may go on
 * while we look: so a walk holds one descriptor whatever the depth, and no path is put together.
 */
#ifndef CGROUP_TREE_H
#define CGROUP_TREE_H

#include "cgroup/cgroup.h"

#include <time.h>

/* openat2() below a cgroup directory: no symlink, no "..", no other file system. O_PATH | O_DIRECTORY;
 * -1 and errno. */
int tree_open_below(int directory_fd, const char *path);

/* The start of a small file, terminated, without the final newline. -1 and errno. */
int tree_read(int directory_fd, const char *file, char *buffer, size_t size);

/* One write(2). -1 and errno. */
int tree_write(int directory_fd, const char *file, const char *text);
/* The same in parts, for a file that is written to more than once: each write(2) is a command of its own. */
int tree_open_for_writing(int directory_fd, const char *file);
int tree_write_open(int fd, const char *text);

/* Whether a file of keys ("frozen 1") has this key with this value; false if it cannot be read. */
bool tree_has_event(int directory_fd, const char *file, const char *line);
/* The same as 1 and 0; -1 and errno where the file cannot be read. */
int tree_look_for_event(int directory_fd, const char *file, const char *line);

/* Whether a list of words ("cpu memory") has this one. */
bool tree_has_word(const char *list, const char *word);

/* The next line of a text, cut off; NULL at the end. */
char *tree_next_line(char **text);

/* What a walk leaves out with all below it; asked of sub-groups, never of the top. */
struct tree_limit {
	bool (*passes)(int directory_fd, void *context);
	void *context;
};

/* Called with each directory before those in it, the top included; and with each but the top after
 * those in it. Either may be NULL. -1 with *e set ends the walk. */
struct tree_visitor {
	int (*enter)(int directory_fd, void *context, struct err *e);
	int (*leave)(int parent_fd, const char *name, void *context, struct err *e);
	void *context;
	const struct tree_limit *limit; /* NULL: none */
};

/* What vanishes under the walk is left out. */
int tree_walk(int top_fd, const struct tree_visitor *visitor, struct err *e) MUST_CHECK;

/* Process ids, sorted and each once. */
struct pid_set {
	size_t n, capacity;
	uint32_t *v;
	bool outside; /* a process is in it that has no number in our pid namespace */
};
void pid_set_release(struct pid_set *pids);
#define autopids __attribute__((cleanup(pid_set_release))) struct pid_set

/* Add what is in a cgroup and its sub-groups, within the limit (NULL: all); then sort. */
int tree_add_pids(int directory_fd, const struct tree_limit *limit, struct pid_set *pids,
		  struct err *e) MUST_CHECK;
void pid_set_sort(struct pid_set *pids);
void pid_set_add_all(struct pid_set *pids, const struct pid_set *more);
void pid_set_remove(struct pid_set *pids, uint32_t pid);
bool pid_set_has(const struct pid_set *pids, uint32_t pid);
static inline bool pid_set_is_empty(const struct pid_set *pids)
{
	return pids->n == 0 && !pids->outside;
}

/* Pauses that grow, until a deadline. */
struct patience {
	int64_t deadline_ms; /* on clock_ms() */
	struct timespec pause;
};
void patience_start(struct patience *patience, int64_t milliseconds);
/* Pause; false if the deadline has passed. */
bool patience_pause(struct patience *patience);

#endif

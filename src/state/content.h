/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a directory in a state root is, by the names in it. Others put theirs there, too: a file system its
 * lost+found, a careless administrator the containers of another runtime. Private to state/.
 */
#ifndef STATE_CONTENT_H
#define STATE_CONTENT_H

#include "base/err.h"

#include <limits.h>
#include <stdbool.h>

enum content_kind {
	CONTENT_CONTAINER = 1,
	CONTENT_NOTHING, /* claimed, and its creator was killed or is at it */
	CONTENT_FOREIGN,
};

struct content {
	int kind; /* enum content_kind */
	/* FOREIGN: why, to follow the path: "holds the state of another runtime (state.json)" */
	char why[NAME_MAX + 64];
};

/* Names of what this program puts into ROOT/ID, in the order in which they are removed; NULL at the end. */
extern const char *const content_names[];
/* ".NAME.*" of replace_file_at(), left where it was killed. */
bool content_is_temporary(const char *name);

/* Whether ROOT/ID has a record that only this program writes. 1, 0; -1: cannot be told. Needs no descriptor. */
int content_has_record(int root_fd, const char *id, struct err *e) MUST_CHECK;

/* Look at the directory ROOT/ID, open as `fd`. What cannot be told is an error. */
int content_look(int root_fd, const char *id, int fd, struct content *ret, struct err *e)
	MUST_CHECK;

#endif

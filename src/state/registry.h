/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry of members: one file per container of any engine and any --root, so that "who is in this
 * network?" has one answer. Entries live in /run/distro-shim/members (rootless: below
 * $XDG_RUNTIME_DIR/distro-shim), in a directory for each network.
 */
#ifndef STATE_REGISTRY_H
#define STATE_REGISTRY_H

#include "state/state.h"

struct member_record {
	int64_t version;
	char *id, *root, *bundle;
	struct process_identity init;
	struct id_range ids; /* of the host, its own; size 0: none */
	uint64_t network_cookie;
	char *network_path; /* NULL: a network of its own */
	char *network_name; /* as in struct status_record */
	struct strlist
		addresses; /* of its own in that network; none: not known yet, or it has none */
};
extern const struct fields member_fields;
struct members {
	size_t n;
	struct member_record *v;
};

const char *registry_default_directory(bool rootless, struct arena *arena);
int registry_add(const char *directory, const struct member_record *member, struct err *e)
	MUST_CHECK;
/* As its records have it; in place of what was said of it before. */
int registry_add_container(const char *directory, const struct state_dir *dir,
			   const struct status_record *status, struct err *e) MUST_CHECK;
/* No entry: success. Must work on a read-only or full file system as far as removing does. */
int registry_remove(const char *directory, const char *root, const char *id, struct err *e)
	MUST_CHECK;
/*
 * The entry of one container, whatever the spelling of its root, for when its own records do not tell.
 * *ret NULL: there is none. *ret_pidfd: of its first process, -1 if that has ended. An entry that could
 * be it and cannot be read is an error.
 */
int registry_find(const char *directory, const char *root, const char *id, struct arena *arena,
		  struct member_record **ret, int *ret_pidfd, struct err *e) MUST_CHECK;
/* All entries whose process runs; `network_path` NULL: any. Entries of dead processes are left out,
 * not removed (delete removes them). A missing directory has none; a damaged entry is left out. */
int registry_living(const char *directory, const char *network_path, struct arena *arena,
		    struct members *ret, struct err *e) MUST_CHECK;
/* Running members of a network's path that are in another namespace than the one with this cookie: its own members
 * are passed over by the names of their entries. */
int registry_elsewhere(const char *directory, const char *network_path, uint64_t cookie,
		       struct arena *arena, struct members *ret, struct err *e) MUST_CHECK;
/* The running member of a network whose first process has that number; *ret NULL: there is none. */
int registry_of_process(const char *directory, const char *network_path, int64_t pid,
			struct arena *arena, struct member_record **ret, struct err *e) MUST_CHECK;
/* Those of dead processes too. */
int registry_all(const char *directory, struct arena *arena, struct members *ret, struct err *e)
	MUST_CHECK;

#endif

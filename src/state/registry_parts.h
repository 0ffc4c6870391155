/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the registry of members: names, directories and single entries. Runs in the runtime.
 *
 *	PATHHASH-COOKIE/           a network: its path and the namespace that was there
 *		IDHASH-ROOTHASH.json   a container
 *
 * so that what one container costs does not grow with the others. Version 0.1.0 put its entries beside the networks,
 * as COOKIE-HASH.json; they are read and removed.
 */
#ifndef STATE_REGISTRY_PARTS_H
#define STATE_REGISTRY_PARTS_H

#include "state/registry.h"

/* Bytes of an entry. */
#define MEMBER_MAX (1u << 20)

struct entry_name {
	char text[64];
};

/* `path` NULL: of members with a network of their own. */
struct entry_name network_name(const char *path, uint64_t cookie);
struct entry_name member_name(const char *root, const char *id);
/* What an entry of 0.1.0 ends in. */
struct entry_name old_suffix(const char *root, const char *id);
/* What `writer` leaves of an entry if it is killed. */
struct entry_name temporary_name(const char *root, const char *id);
bool network_is_of_path(const char *network, const char *path);

struct registry {
	const char *path;
	int fd;
	struct strlist networks, old; /* names; of temporary files of 0.1.0, too */
};
#define REGISTRY_INIT    \
	{                \
		.fd = -1 \
	}
void registry_close(struct registry *r);
#define autoregistry __attribute__((cleanup(registry_close))) struct registry

/* ERR_NOT_FOUND: it is not there. */
int registry_open(const char *directory, bool create, struct arena *arena, struct registry *ret,
		  struct err *e) MUST_CHECK;
/* 0: it is gone, or is not a directory. */
int registry_open_network(const struct registry *r, const char *name, int *ret_fd, struct err *e)
	MUST_CHECK;
int registry_list_entries(const struct registry *r, int fd, struct arena *arena,
			  struct strlist *ret, struct err *e) MUST_CHECK;

/*
 * *ret = NULL if the entry is gone, damaged or of a newer version: it tells nothing then. That it
 * cannot be read because descriptors ran out is different: a running member must not be overlooked.
 */
int registry_read_entry(int fd, const char *name, struct arena *arena, struct member_record **ret,
			struct err *e) MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the directory of ids (ids.h): names, locks and single claims. Runs in the runtime. */
#ifndef STATE_IDS_PARTS_H
#define STATE_IDS_PARTS_H

#include "state/ids.h"

#define IDS_LOCK "lock"
/* Bytes of a claim. */
#define IDS_CLAIM_MAX (64u << 10)

struct ids_name {
	char text[32];
};
struct ids_name ids_directory_name(uint32_t first, uint32_t size);
struct ids_name ids_claim_name(uint32_t first);

struct ids {
	const char *path;
	int fd, lock; /* lock -1: not there, so that no runtime makes anything */
};
#define IDS_INIT                      \
	{                             \
		.fd = -1, .lock = -1, \
	}
void ids_close(struct ids *ids);
#define autoids __attribute__((cleanup(ids_close))) struct ids

/* ERR_NOT_FOUND: it is not there. */
int ids_open(const char *directory, bool create, struct ids *ret, struct err *e) MUST_CHECK;
/* F_WRLCK or F_UNLCK. 0: another runtime has some of them. */
int ids_lock(const struct ids *ids, const struct id_range *range, short kind, struct err *e)
	MUST_CHECK;
/* 0: there is none; *ret NULL: what there is names no container. */
int ids_read(const struct ids *ids, const char *directory, const char *name, struct arena *arena,
	     struct ids_claim **ret, struct err *e) MUST_CHECK;
bool ids_claim_is_of(const struct ids_claim *claim, const char *root, const char *id);

#endif

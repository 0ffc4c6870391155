/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of a network's pool, its lock and its record. Private to address/. */
#ifndef ADDRESS_POOL_RECORD_H
#define ADDRESS_POOL_RECORD_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct pool_holder {
	char *root, *id;
};
struct pool_holders {
	size_t n;
	struct pool_holder *v;
};
struct pool_entry {
	struct strlist addresses;
	uint32_t index;
	char *root, *id; /* the container that has taken it, and gets it again */
	bool left;       /* by that one */
	char *text;      /* that these have in the record; NULL: they are new */
	struct pool_holders others;
};
struct pool_record {
	uint64_t network;
	char *v4, *v6; /* the pool, when one was taken last */
	uint32_t next; /* number at which the search for the next one begins */
	struct {
		size_t n;
		struct pool_entry *v;
	} entries; /* those that are left in the order in which they were */
};

struct pool_place {
	int all, fd; /* both directories; the second one locked */
	char name[17];
};
#define POOL_PLACE_INIT             \
	{                           \
		.all = -1, .fd = -1 \
	}
void pool_place_close(struct pool_place *place);
#define autopoolplace __attribute__((cleanup(pool_place_close))) struct pool_place

/* 0: it is not there, and is not to be made. */
int pool_place_open(const char *directory, uint64_t network, bool create, struct pool_place *place,
		    struct err *e) MUST_CHECK;
/* The same without the lock, to read. */
int pool_place_look(const char *directory, uint64_t network, struct pool_place *place,
		    struct err *e) MUST_CHECK;

/* A new one where there is none. One that cannot be used is an error: what it says would be given out once more. */
int pool_record_read(const struct pool_place *place, uint64_t network, struct arena *arena,
		     struct pool_record **ret, struct err *e) MUST_CHECK;
int pool_record_write(const struct pool_place *place, const struct pool_record *record,
		      struct arena *arena, struct err *e) MUST_CHECK;
/* Other networks whose pool was this one, and in which nothing is held: they are gone, and this one was made in their place. */
void pool_records_clean(const struct pool_place *place, const struct pool_record *record);

/* Another one that holds it; the texts are kept. */
void pool_entry_add(struct pool_entry *entry, char *root, char *id, struct arena *arena);
bool pool_entry_is_held(const struct pool_entry *entry);

#endif

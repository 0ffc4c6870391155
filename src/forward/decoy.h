/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of a decoy, its lock and its record. Private to this room. */
#ifndef FORWARD_DECOY_H
#define FORWARD_DECOY_H

#include "forward/decoy_name.h"
#include "forward/members.h"

#define DECOY_RECORD_VERSION 1

struct decoy_record {
	int64_t version;
	uint64_t decoy;
	char *network_path;
	uint64_t network;
	struct opt_u32 pair; /* of its link; absent: it is not made, or was being made */
	char *nameserver;    /* as in struct forward, of the member that named one last */
	struct strlist ports;
	bool own_ports;           /* as in struct forward_decoy */
	struct strlist addresses; /* as in struct forward_made */
	struct forward_members members;
};

struct decoy_place {
	int all, fd;           /* both directories; the second one locked */
	const char *directory; /* path of the first one, the caller's */
	struct decoy_name name;
};
#define DECOY_PLACE_INIT            \
	{                           \
		.all = -1, .fd = -1 \
	}
void decoy_place_close(struct decoy_place *place);
#define autodecoyplace __attribute__((cleanup(decoy_place_close))) struct decoy_place

/* 0: it is not there, and is not to be made. */
int decoy_place_open(const char *directory, uint64_t decoy, bool create, struct decoy_place *place,
		     struct err *e) MUST_CHECK;

/* NULL: it has none. One that cannot be used says nothing of anyone, and is written anew. */
struct decoy_record *decoy_record_read(const struct decoy_place *place, struct arena *arena);
int decoy_record_write(const struct decoy_place *place, const struct decoy_record *record,
		       struct arena *arena, struct err *e) MUST_CHECK;
/* With the directory. */
int decoy_record_remove(const struct decoy_place *place, struct err *e) MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which containers of a network have which addresses of its pool. Each network has a record, which is locked while it
 * changes and replaced in one step.
 *
 *	taken -> held by a container, and by those that share it -> left by the last one: kept in mind for the one that had
 *	taken it, until no other address is free
 */
#ifndef ADDRESS_POOL_H
#define ADDRESS_POOL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* One of ours in the run directory, or of the user's. In memory of `arena`. */
const char *address_directory(bool rootless, struct arena *arena);

/* "10.78.0.0/24", "fd78::/64"; NULL: none of that family, and of neither it is the index alone that is taken. Each is as
 * cidr_pool_problem() has it. Of a network the first two addresses and the last one are not given out. */
struct address_pool {
	const char *v4, *v6;
};

/* As many addresses of a network can be held at once. */
#define ADDRESS_POOL_MAX 8192u
#define ADDRESS_POOL_FIRST_INDEX 8192u

struct address_holder {
	const char *root, *id; /* of its state */
};

/* Whether a container runs or is being made; true where that cannot be told. */
typedef bool (*address_lives)(const char *root, const char *id);

struct address_taken {
	struct strlist addresses; /* IPv4 first; both have the same number in their networks */
	unsigned
		index; /* no others that are held in this network have it; see address_loopback() */
};

/* The same as before where the holder has some, or has left them and no other container has taken them since. Containers that
 * do not live lose theirs when there are no others: then, and of one that was left for this holder, `lives` is asked. */
int address_pool_take(const char *directory, uint64_t network_cookie,
		      const struct address_pool *pool, const struct address_holder *holder,
		      address_lives lives, struct arena *arena, struct address_taken *ret,
		      struct err *e) MUST_CHECK;

/* Those of another container. ERR_STATE: it has none any more. */
int address_pool_share(const char *directory, uint64_t network_cookie,
		       const struct address_holder *of, const struct address_holder *holder,
		       struct arena *arena, struct address_taken *ret, struct err *e) MUST_CHECK;

/* What the last holder leaves, with what stands for its loopback, is first taken off `network`, so that another container that
 * takes it finds it where it has put it; -1: the network is not there any more. Of one that holds nothing nothing. */
int address_pool_leave(const char *directory, uint64_t network_cookie,
		       const struct address_holder *holder, int network, struct err *e) MUST_CHECK;

struct address_pool_entry {
	struct address_taken taken;
	size_t n_holders; /* 1 at least, the one that has taken it first if it is still there */
	struct address_holder *holders;
};
struct address_pool_entries {
	size_t n;
	struct address_pool_entry *v;
};
/* What is held; nothing of a network that has no record. */
int address_pool_list(const char *directory, uint64_t network_cookie, struct arena *arena,
		      struct address_pool_entries *ret, struct err *e) MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The shared network before hooks and after them: they run as root of the host, and no policy holds them. */
#ifndef BOOT_RECORD_NETWORK_LOOK_H
#define BOOT_RECORD_NETWORK_LOOK_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

struct network_look {
	bool known;
	struct strlist links;     /* as netlink_links() has them */
	struct strlist addresses; /* "ADDRESS/PREFIX" */
	struct stat namespace_;   /* that the first process is in */
};

/* `network`: the descriptor of the shared one. `init` 0: where the first process is does not count. What cannot be read is not known, and is not compared. */
void network_look_take(struct network_look *look, int network, pid_t init, struct arena *arena);
/* What is different, as a sentence's part; nothing is added where nothing is. */
void network_look_compare(const struct network_look *before, const struct network_look *after,
			  struct strbuf *out);

#endif

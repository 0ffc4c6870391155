/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine has prepared begins to lead to a container, or no longer does. Runs in the runtime. */
#ifndef BOOT_RECORD_FORWARD_H
#define BOOT_RECORD_FORWARD_H

#include "base/arena.h"
#include "state/state.h"

/* Both descriptors are of network namespaces: the engine's and the shared one. That it fails is told, and stops no
 * container but one that was to have its address so. */
int record_forward(struct state_dir *dir, struct status_record *status, int decoy, int network,
		   struct arena *arena, struct err *e) MUST_CHECK;
/* What the engine has set up, or written into its file of resolvers, since then; with `anew` also what leads in already.
 * Where nothing has changed it costs a look at the file. Of a container whose first process runs. */
int record_forward_again(struct state_dir *dir, struct status_record *status, bool anew,
			 struct arena *arena, struct err *e) MUST_CHECK;
/* What of it stands at this moment, for people; NULL: nothing was to be led to it. */
char *record_forward_text(const struct state_dir *dir, const struct status_record *status,
			  struct arena *arena);
/* The same where it does not come so far: what `why` says keeps it from that. An error where its addresses were to come so. */
int record_not_forwarded(const struct state_dir *dir, struct status_record *status,
			 const struct err *why, struct arena *arena, struct err *e) MUST_CHECK;
/* Of what is deleted. That it fails is told. */
void record_forward_end(const struct state_dir *dir, const struct status_record *status);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime makes of the filters, and how it looks at the process that is to load them. */
#ifndef BOOT_COMMON_LOOK_H
#define BOOT_COMMON_LOOK_H

#include "boot/common/identity_check.h"
#include "boot/common/peer.h"
#include "seccomp/program.h"

struct look {
	struct seccomp_programs programs;
	struct identity_record *expected; /* of the process that is made */
	int status;                       /* its /proc/thread-self/status, as it was sent */
	struct identity_shown shown;      /* what came with that */
};

/* What is refused is refused before anything is made. `directory`: of compiled filters, NULL: none are kept. */
int look_make_filters(struct look *l, const struct plan *plan, const char *directory,
		      struct arena *arena, struct err *e) MUST_CHECK;
/* The descriptor comes; and it is looked at. */
int look_receive(struct look *l, struct boot_peer *peer, struct err *e) MUST_CHECK;
int look_check(struct look *l, struct boot_peer *peer, bool execve_takes, struct err *e) MUST_CHECK;
/* The filter has one, which comes before the program runs. */
bool look_has_listener(const struct look *l, const struct plan *plan);
int look_pass_listener(struct boot_peer *peer, const struct plan_seccomp *seccomp,
		       const struct oci_state *state, struct err *e) MUST_CHECK;

#endif

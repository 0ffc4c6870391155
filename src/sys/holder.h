/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that keeps the namespaces of a user's own network (distro-net up, as that user): the user namespace that
 * owns the network, and the mount namespace in which it has its path. A user outside of them has no power to join the
 * network, but may go in, because the user namespace is the user's own (user_namespaces(7)).
 */
#ifndef SYS_HOLDER_H
#define SYS_HOLDER_H

#include "base/err.h"

#define HOLDER_FILE \
	"distro-shim/net/holder" /* below XDG_RUNTIME_DIR: "PID START", as in /proc/PID/stat */

struct holder {
	int user, mount; /* its namespaces; owned */
};
#define HOLDER_INIT                     \
	{                               \
		.user = -1, .mount = -1 \
	}
void holder_release(struct holder *holder);
#define autoholder __attribute__((cleanup(holder_release))) struct holder

/* 1: it lives; 0: there is none, or it has ended. */
int holder_open(const char *path, struct holder *ret, struct err *e) MUST_CHECK;

/*
 * The caller goes into both, and stays in its directory. It must be executed again: until then the kernel gives its
 * /proc/self, and that of its children, to the root of the namespace in which it was executed.
 */
int holder_enter(const struct holder *holder, struct err *e) MUST_CHECK;

#endif

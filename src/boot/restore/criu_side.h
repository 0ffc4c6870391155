/* SPDX-License-Identifier: Apache-2.0 */
/* The process that becomes criu: its side of the RESTORE page. */
#ifndef BOOT_RESTORE_CRIU_SIDE_H
#define BOOT_RESTORE_CRIU_SIDE_H

#include "boot/common/group.h"
#include "boot/common/root.h"
#include "boot/common/session.h"
#include "criu/criu.h"

/* Descriptors of criu, behind its socket. */
enum { RESTORE_FD_IMAGES = 4, RESTORE_FD_WORK, RESTORE_FD_JOINED };

/* All that comes across the clone. */
struct restore_criu {
	const struct plan *plan;
	const struct facts *facts;
	struct arena *arena;
	struct session session;
	struct boot_group group;
	struct root root;
	const struct criu_request *request;
	const char *program, *images_path, *work_path;
	int network;  /* that it is restored into; -1: one of its own, or the runtime's */
	bool confine; /* what it makes inherits the policy's filter */
	/* Namespaces that it enters instead of making them, under these names. */
	size_t n_joined;
	struct criu_descriptor joined[2];
	int criu_fds[CRIU_FDS_MAX]; /* what it takes along, from 3 on */
	struct strlist places; /* one per plan->mounts: where criu finds it; NULL if it need not */
	const char *place,
		*root_place; /* a directory of criu's own, and in it the root filesystem */
};

int criu_begin(struct restore_criu *c, struct err *e) MUST_CHECK;
int criu_enter_network(struct restore_criu *c, struct err *e) MUST_CHECK;
int criu_make_place(struct restore_criu *c, struct err *e) MUST_CHECK;
int criu_attach_mounts(struct restore_criu *c, struct err *e) MUST_CHECK;
int criu_make_mount_points(struct restore_criu *c, struct err *e) MUST_CHECK;
int criu_ready(struct restore_criu *c, struct err *e) MUST_CHECK;
int criu_confine(struct restore_criu *c, struct err *e) MUST_CHECK;
int criu_become(struct restore_criu *c, struct err *e) MUST_CHECK;

#endif

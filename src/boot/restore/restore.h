/* SPDX-License-Identifier: Apache-2.0 */
/* The RESTORE page, the side of the runtime. */
#ifndef BOOT_RESTORE_RESTORE_H
#define BOOT_RESTORE_RESTORE_H

#include "boot/boot.h"
#include "boot/common/sources.h"
#include "boot/record/record.h"
#include "boot/restore/criu_side.h"
#include "hooks/hooks.h"

struct restore_runtime {
	const struct restore_request *in;
	const struct plan *plan;
	struct boot_peer init; /* until the container's first process is there, its child is criu */
	struct child criu;     /* then it is here, until it has ended */
	struct boot_group group;
	struct root root;
	struct sources sources;
	struct record record;
	struct hook_place hooks;
	int criu_socket; /* our end, while criu may say something */
	int console_master;
	bool power_checked;
	bool confine_criu;    /* what it makes inherits the policy's filter */
	bool images_confined; /* the images have it; that each process does is looked at */
	bool restore_checked; /* that it is where it belongs */
	bool led_in; /* what its engine has prepared leads to it, and its addresses are its own */
	/* Namespaces that it enters instead of making them, under these names. */
	size_t n_joined;
	struct criu_descriptor joined[2]; /* not owned */
	struct strlist places; /* one per plan->mounts: where criu finds it; NULL if it need not */
	const char *place,
		*root_place; /* a directory of criu's own, and in it the root filesystem */
};

/* Parts name each other, so that it stays where it is. */
void restore_runtime_begin(struct restore_runtime *c, const struct restore_request *request);
/* Close what is open still. The processes are left to the caller. */
void restore_runtime_release(struct restore_runtime *c);
#define auto_restore_runtime \
	__attribute__((cleanup(restore_runtime_release))) struct restore_runtime

/* In the process that becomes criu: the one way across the clone. It takes the descriptors that it names and closes
 * all others that the runtime had, but those of the images and of criu's work. */
void restore_criu_take(struct restore_runtime *c, struct restore_criu *criu);

int restore_clone_sources(struct restore_runtime *c, struct err *e) MUST_CHECK;
int restore_open_sockets(struct restore_runtime *c, struct err *e) MUST_CHECK;
int restore_ask_confinement(struct restore_runtime *c, struct err *e) MUST_CHECK;
/* Returns in both; in the process that becomes criu init.child.pid is 0. */
int restore_clone(struct restore_runtime *c, struct err *e) MUST_CHECK;
int restore_wait_ready(struct restore_runtime *c, struct err *e) MUST_CHECK;
int restore_fill_request(struct restore_runtime *c, struct err *e) MUST_CHECK;
int restore_send_request(struct restore_runtime *c, struct err *e) MUST_CHECK;
int restore_wait_processes(struct restore_runtime *c, struct err *e) MUST_CHECK;
int restore_record(struct restore_runtime *c, struct err *e) MUST_CHECK;
/* As runtime_undo(). */
bool restore_undo(struct restore_runtime *c);

#endif

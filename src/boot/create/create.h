/* SPDX-License-Identifier: Apache-2.0 */
/* The CREATE page, the side of the runtime. */
#ifndef BOOT_CREATE_CREATE_H
#define BOOT_CREATE_CREATE_H

#include "boot/boot.h"
#include "boot/common/birth.h"
#include "boot/common/look.h"
#include "boot/common/sources.h"
#include "boot/create/device_nodes.h"
#include "boot/create/init.h"
#include "boot/create/links.h"
#include "boot/record/record.h"

struct create_runtime {
	const struct boot_request *in;
	const struct plan *plan;
	struct boot_peer init;
	struct boot_group group;
	struct root root;
	struct birth birth;
	struct sources sources;
	struct look look;
	struct record record;
	struct links links;
	struct device_nodes devices;
	struct hook_place hooks; /* of the runtime's hooks; those of init have its files */
	int start_listener;      /* ROOT/ID/start */
	int console_master;      /* received, owned */
	int labels; /* procfs, for the label of a security module; -1 if none is asked for */
};

/* Parts name each other, so that it stays where it is. */
void create_runtime_begin(struct create_runtime *c, const struct boot_request *request);
/* Close what is open still. The process is left to the caller. */
void create_runtime_release(struct create_runtime *c);
#define auto_create_runtime __attribute__((cleanup(create_runtime_release))) struct create_runtime

/*
 * In the process that was born: the one way across the clone. It takes the descriptors that it names and closes all
 * others that the runtime had: the lock of the container must go with the runtime, and hooks run in the container
 * beside this process.
 */
void create_init_take(struct create_runtime *c, struct create_init *init);

/* From the network that was asked for, where the engine has prepared it. */
int runtime_forward(struct create_runtime *c, struct err *e) MUST_CHECK;
/* Which is not its engine's to give. */
int runtime_take_address(struct create_runtime *c, struct err *e) MUST_CHECK;
int runtime_hold_address(struct create_runtime *c, struct err *e) MUST_CHECK;
int runtime_make_filters(struct create_runtime *c, struct err *e) MUST_CHECK;
int runtime_open_sockets(struct create_runtime *c, struct err *e) MUST_CHECK;
int runtime_delegate_cgroup(struct create_runtime *c, struct err *e) MUST_CHECK;
int runtime_run_hooks(struct create_runtime *c, struct err *e) MUST_CHECK;
int runtime_wait_for_hooks(struct create_runtime *c, struct err *e) MUST_CHECK;
int runtime_receive_terminal(struct create_runtime *c, struct err *e) MUST_CHECK;
int runtime_pass_listener(struct create_runtime *c, struct err *e) MUST_CHECK;
int runtime_send_pidfd(struct create_runtime *c, struct err *e) MUST_CHECK;
/* Take back what the page has made so far, as well as it goes. False if something is left: then the records must
 * stay, so that `delete --force` finds it. */
bool runtime_undo(struct create_runtime *c);

#endif

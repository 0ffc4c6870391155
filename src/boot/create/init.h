/* SPDX-License-Identifier: Apache-2.0 */
/* The container's first process: its side of the CREATE page, and what `start` lets it do. */
#ifndef BOOT_CREATE_INIT_H
#define BOOT_CREATE_INIT_H

#include "boot/common/filter.h"
#include "boot/common/group.h"
#include "boot/common/root.h"
#include "boot/create/device_nodes.h"
#include "hooks/hooks.h"

/* All that comes across the clone. */
struct create_init {
	const struct plan *plan;
	struct arena *arena;
	struct session session;
	struct boot_group group;
	struct root root;
	struct device_nodes devices;
	struct program program;
	struct identity identity;
	struct filter filter;
	struct hook_place hooks; /* where what they print goes */
	int rootfs;              /* as it was looked at */
	int mount_namespace;     /* that is joined; -1: none */
	int network;             /* of a late join, else -1 */
	int start_listener;      /* ROOT/ID/start; -1 if the creator starts it */
	int labels; /* the host's procfs, for a security module; -1 if none is asked for */
	unsigned preserve_fds;
	bool start_follows;
};

int init_become_root(struct create_init *c, struct err *e) MUST_CHECK;
int init_make_cgroup_namespace(const struct plan *plan, struct err *e) MUST_CHECK;
int init_ask_for_delegation(struct create_init *c, struct err *e) MUST_CHECK;
int init_check_network(const struct plan *plan, struct err *e) MUST_CHECK;
int init_loopback_up(struct err *e) MUST_CHECK;
int init_receive_sources(struct create_init *c, struct err *e) MUST_CHECK;
int init_ask_for_hooks(struct create_init *c, struct err *e) MUST_CHECK;
int init_run_container_hooks(struct create_init *c, struct err *e) MUST_CHECK;
int init_terminal(struct create_init *c, struct err *e) MUST_CHECK;
int init_close_descriptors(struct create_init *c, struct err *e) MUST_CHECK;
int init_ready(struct create_init *c, struct err *e) MUST_CHECK;

/* --- init_root.c --- */
int init_join_mount_namespace(struct create_init *c, struct err *e) MUST_CHECK;
int init_attach_root(struct create_init *c, struct err *e) MUST_CHECK;
int init_pivot_root(struct create_init *c, struct err *e) MUST_CHECK;
int init_make_root_readonly(const struct plan *plan, struct err *e) MUST_CHECK;

/* --- init_paths.c --- */
int root_mask(struct root *r, struct err *e) MUST_CHECK;
int root_make_readonly_paths(struct root *r, struct err *e) MUST_CHECK;
/* But for those of the network where the caller is not in the one that they are for. */
int set_sysctls(const struct plan *plan, struct err *e) MUST_CHECK;
int set_network_sysctls(const struct plan *plan, struct err *e) MUST_CHECK;

/* --- init_threads.c --- */
/* Where there are two networks to be in (late_by_thread) it returns only if that fails: `go_on` is called in the thread that
 * is to execute the program, whose error is then *e, else without one. */
int init_part(struct create_init *c, void (*go_on)(void *context, int rc), void *context,
	      struct err *e) MUST_CHECK;

/* --- init_devices.c --- */
int init_make_devices(struct create_init *c, struct err *e) MUST_CHECK;

/* --- init_keep.c: `arena` is to outlive the wait --- */
int init_keep(struct create_init *c, struct arena *arena, struct err *e) MUST_CHECK;

/* --- init_start.c: after `start` --- */
int init_wait_start(struct create_init *c, struct err *e) MUST_CHECK;
int init_join_late(struct create_init *c, struct err *e) MUST_CHECK;
int init_run_start_hooks(struct create_init *c, struct err *e) MUST_CHECK;
int init_close_last_descriptors(struct create_init *c, struct err *e) MUST_CHECK;
int init_execute(struct create_init *c, struct err *e) MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that the runtime makes for a process that may make none. */
#ifndef BOOT_CREATE_DEVICE_NODES_H
#define BOOT_CREATE_DEVICE_NODES_H

#include "base/auto.h"
#include "model/facts.h"
#include "plan/plan.h"

#include <sys/stat.h>

struct device_nodes {
	int fd;     /* a tmpfs with devices, by their numbers in the plan; -1: none is needed */
	bool *made; /* one per plan->devices: it is on that */
};

/* Its name on that tmpfs: the place in plan->devices. */
struct device_name {
	char text[24];
};
struct device_name device_name(size_t index);

/* By type and number. */
bool is_device(const struct stat *st, const struct plan_device *device);

int device_nodes_make(struct device_nodes *nodes, const struct plan *plan,
		      const struct facts *facts, struct arena *arena, struct err *e) MUST_CHECK;

#endif

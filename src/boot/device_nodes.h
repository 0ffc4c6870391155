/* SPDX-License-Identifier: Apache-2.0 */
/* What both sides of a birth know of the devices that the runtime makes on a tmpfs of its own (parent_devices.c). */
#ifndef BOOT_DEVICE_NODES_H
#define BOOT_DEVICE_NODES_H

#include "plan/plan.h"

#include <sys/stat.h>

/* Its name on that tmpfs: the place in plan->devices. */
struct device_name {
	char text[24];
};
struct device_name device_name(size_t index);

/* By type and number. */
bool is_device(const struct stat *st, const struct plan_device *device);

#endif

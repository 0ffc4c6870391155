/* SPDX-License-Identifier: Apache-2.0 */
/* File systems of type overlay. */
#ifndef BOOT_COMMON_OVERLAY_H
#define BOOT_COMMON_OVERLAY_H

#include "boot/common/root.h"

/* As make_filesystem(), with directories of any length and number. */
int make_overlay(const struct root *r, const struct plan_mount *mount, struct err *e) MUST_CHECK;

#endif

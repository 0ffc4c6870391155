/* SPDX-License-Identifier: Apache-2.0 */
/* File systems of type overlay. */
#ifndef BOOT_OVERLAY_H
#define BOOT_OVERLAY_H

#include "boot/root.h"

/* As make_filesystem(), with directories of any length and number. */
int make_overlay(const struct root *r, const struct plan_mount *mount, struct err *e) MUST_CHECK;

#endif

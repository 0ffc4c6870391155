/* SPDX-License-Identifier: Apache-2.0 */
/* Sources that are cloned in the container's own mount namespace. */
#ifndef BOOT_COMMON_SOURCES_SEND_H
#define BOOT_COMMON_SOURCES_SEND_H

#include "boot/common/sources.h"

int sources_send(struct sources *s, struct err *e) MUST_CHECK;
/* In the container's process. */
int sources_receive(struct root *r, int channel, struct err *e) MUST_CHECK;

#endif

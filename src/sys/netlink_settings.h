/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of a link by rtnetlink(7), which reaches where no /proc/sys is writable; a socket of netlink_open(). */
#ifndef SYS_NETLINK_SETTINGS_H
#define SYS_NETLINK_SETTINGS_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* number: IPV4_DEVCONF_... of linux/ip.h (ip-sysctl of the kernel says what each does) */
struct link_setting {
	uint16_t number;
	uint32_t value;
};
int netlink_set_ipv4(int fd, unsigned index, const struct link_setting *settings, size_t n,
		     struct err *e) MUST_CHECK;

/* What it answers for another link, about addresses of that family, it answers at once, and not after up to 0.8 seconds. */
int netlink_answer_at_once(int fd, unsigned index, uint8_t family, struct err *e) MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* See capabilities.h. Pure. */
#include "base/capabilities.h"

#include "base/auto.h"
#include "base/str.h"

#define CAP_PREFIX_LENGTH 4 /* "CAP_" */

/* By number, linux/capability.h. */
static const char *const cap_names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

const char *const capability_set_names[CAPABILITY_SET_COUNT] = {
	[CAPABILITIES_BOUNDING] = "bounding",       [CAPABILITIES_EFFECTIVE] = "effective",
	[CAPABILITIES_INHERITABLE] = "inheritable", [CAPABILITIES_PERMITTED] = "permitted",
	[CAPABILITIES_AMBIENT] = "ambient",
};

int cap_number(const char *name)
{
	if (!name)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(cap_names); i++) {
		if (str_eq_nocase(name, cap_names[i]) ||
		    str_eq_nocase(name, cap_names[i] + CAP_PREFIX_LENGTH))
			return (int)i;
	}
	return -1;
}

const char *cap_name_of(int number)
{
	if (number < 0 || (size_t)number >= ARRAY_SIZE(cap_names))
		return NULL;
	return cap_names[number];
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See capabilities.h. Pure. */
#include "base/capabilities.h"

#include "base/auto.h"
#include "base/str.h"

#define CAP_PREFIX_LENGTH 4 /* "CAP_" */

/* In the order of their numbers, linux/capability.h. */
const struct name_row cap_mask_names[] = {
	{ "CAP_CHOWN", INT64_C(1) << 0 },
	{ "CAP_DAC_OVERRIDE", INT64_C(1) << 1 },
	{ "CAP_DAC_READ_SEARCH", INT64_C(1) << 2 },
	{ "CAP_FOWNER", INT64_C(1) << 3 },
	{ "CAP_FSETID", INT64_C(1) << 4 },
	{ "CAP_KILL", INT64_C(1) << 5 },
	{ "CAP_SETGID", INT64_C(1) << 6 },
	{ "CAP_SETUID", INT64_C(1) << 7 },
	{ "CAP_SETPCAP", INT64_C(1) << 8 },
	{ "CAP_LINUX_IMMUTABLE", INT64_C(1) << 9 },
	{ "CAP_NET_BIND_SERVICE", INT64_C(1) << 10 },
	{ "CAP_NET_BROADCAST", INT64_C(1) << 11 },
	{ "CAP_NET_ADMIN", INT64_C(1) << 12 },
	{ "CAP_NET_RAW", INT64_C(1) << 13 },
	{ "CAP_IPC_LOCK", INT64_C(1) << 14 },
	{ "CAP_IPC_OWNER", INT64_C(1) << 15 },
	{ "CAP_SYS_MODULE", INT64_C(1) << 16 },
	{ "CAP_SYS_RAWIO", INT64_C(1) << 17 },
	{ "CAP_SYS_CHROOT", INT64_C(1) << 18 },
	{ "CAP_SYS_PTRACE", INT64_C(1) << 19 },
	{ "CAP_SYS_PACCT", INT64_C(1) << 20 },
	{ "CAP_SYS_ADMIN", INT64_C(1) << 21 },
	{ "CAP_SYS_BOOT", INT64_C(1) << 22 },
	{ "CAP_SYS_NICE", INT64_C(1) << 23 },
	{ "CAP_SYS_RESOURCE", INT64_C(1) << 24 },
	{ "CAP_SYS_TIME", INT64_C(1) << 25 },
	{ "CAP_SYS_TTY_CONFIG", INT64_C(1) << 26 },
	{ "CAP_MKNOD", INT64_C(1) << 27 },
	{ "CAP_LEASE", INT64_C(1) << 28 },
	{ "CAP_AUDIT_WRITE", INT64_C(1) << 29 },
	{ "CAP_AUDIT_CONTROL", INT64_C(1) << 30 },
	{ "CAP_SETFCAP", INT64_C(1) << 31 },
	{ "CAP_MAC_OVERRIDE", INT64_C(1) << 32 },
	{ "CAP_MAC_ADMIN", INT64_C(1) << 33 },
	{ "CAP_SYSLOG", INT64_C(1) << 34 },
	{ "CAP_WAKE_ALARM", INT64_C(1) << 35 },
	{ "CAP_BLOCK_SUSPEND", INT64_C(1) << 36 },
	{ "CAP_AUDIT_READ", INT64_C(1) << 37 },
	{ "CAP_PERFMON", INT64_C(1) << 38 },
	{ "CAP_BPF", INT64_C(1) << 39 },
	{ "CAP_CHECKPOINT_RESTORE", INT64_C(1) << 40 },
	{ NULL, 0 },
};
#define CAP_COUNT (ARRAY_SIZE(cap_mask_names) - 1)

const char *const capability_set_names[CAPABILITY_SET_COUNT] = {
	[CAPABILITIES_BOUNDING] = "bounding",       [CAPABILITIES_EFFECTIVE] = "effective",
	[CAPABILITIES_INHERITABLE] = "inheritable", [CAPABILITIES_PERMITTED] = "permitted",
	[CAPABILITIES_AMBIENT] = "ambient",
};

int cap_number(const char *name)
{
	if (!name)
		return -1;
	for (size_t i = 0; i < CAP_COUNT; i++) {
		if (str_eq_nocase(name, cap_mask_names[i].name) ||
		    str_eq_nocase(name, cap_mask_names[i].name + CAP_PREFIX_LENGTH))
			return (int)i;
	}
	return -1;
}

const char *cap_name_of(int number)
{
	if (number < 0 || (size_t)number >= CAP_COUNT)
		return NULL;
	return cap_mask_names[number].name;
}

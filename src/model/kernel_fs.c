/* SPDX-License-Identifier: Apache-2.0 */
/* See kernel_fs.h. Pure. */
#include "model/kernel_fs.h"

#include "base/auto.h"
#include "base/str.h"

#include <stddef.h>

/* linux/magic.h, and for the last of them the file systems' own sources. */
static const struct {
	const char *name;
	unsigned long magic;
	enum kernel_fs_kind kind;
} rows[] = {
	{ "proc", 0x9fa0, KERNEL_FS_PROC },
	{ "sysfs", 0x62656572, KERNEL_FS_SYSFS },
	{ "cgroup", 0x27e0eb, KERNEL_FS_CGROUP },
	{ "cgroup2", 0x63677270, KERNEL_FS_CGROUP },
	{ "binfmt_misc", 0x42494e4d, KERNEL_FS_OTHER },
	{ "bpf", 0xcafe4a11, KERNEL_FS_BPF },
	{ "configfs", 0x62656570, KERNEL_FS_OTHER },
	{ "debugfs", 0x64626720, KERNEL_FS_OTHER },
	{ "efivarfs", 0xde5e81e4, KERNEL_FS_OTHER },
	{ "fusectl", 0x65735543, KERNEL_FS_OTHER },
	{ "nfsd", 0x6e667364, KERNEL_FS_OTHER },
	{ "pstore", 0x6165676c, KERNEL_FS_OTHER },
	{ "resctrl", 0x7655821, KERNEL_FS_OTHER },
	{ "securityfs", 0x73636673, KERNEL_FS_OTHER },
	{ "selinuxfs", 0xf97cff8c, KERNEL_FS_OTHER },
	{ "smackfs", 0x43415d53, KERNEL_FS_OTHER },
	{ "tracefs", 0x74726163, KERNEL_FS_OTHER },
	{ "xenfs", 0xabba1974, KERNEL_FS_OTHER },
};

enum kernel_fs_kind kernel_fs_kind(const char *fstype)
{
	for (size_t i = 0; fstype && i < ARRAY_SIZE(rows); i++)
		if (str_eq(rows[i].name, fstype))
			return rows[i].kind;
	return KERNEL_FS_NONE;
}

const char *kernel_fs_name(unsigned long magic)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].magic == magic)
			return rows[i].name;
	return NULL;
}

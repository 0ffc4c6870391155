/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File systems that show the kernel and not files: what is written there changes the machine, and root needs no
 * capability for most of it. Known by what they are (statfs(2), "f_type"; mountinfo's type), wherever they lie.
 * Pure tables.
 */
#ifndef MODEL_KERNEL_FS_H
#define MODEL_KERNEL_FS_H

enum kernel_fs_kind {
	KERNEL_FS_NONE = 0,
	KERNEL_FS_PROC,   /* shows a PID namespace; its sys the reader's namespaces */
	KERNEL_FS_SYSFS,  /* shows the network namespace of its maker */
	KERNEL_FS_CGROUP, /* of either version */
	KERNEL_FS_BPF,    /* a new one is empty; the host's leads to its programs and maps */
	KERNEL_FS_OTHER,  /* the machine's, one instance for all */
};

enum kernel_fs_kind kernel_fs_kind(const char *fstype);

/* The name of the type with this number; NULL if it is none of these file systems. */
const char *kernel_fs_name(unsigned long magic);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of the kernel that the headers of an older system lack. */
#ifndef BASE_KERNEL_H
#define BASE_KERNEL_H

#include <linux/mount.h>
#include <linux/sched.h>

/* mount_setattr(2), Linux 5.14 */
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif
#ifndef MOUNT_ATTR__ATIME
#define MOUNT_ATTR__ATIME 0x00000070
#endif

/* time_namespaces(7), Linux 5.6 */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#endif

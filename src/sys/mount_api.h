/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mount calls that have no wrapper in older C libraries, under the kernel's own names: open_tree(2),
 * move_mount(2), fsopen(2), fspick(2), fsconfig(2), fsmount(2), mount_setattr(2), pivot_root(2). All return -1 and
 * set errno on failure.
 */
#ifndef SYS_MOUNT_API_H
#define SYS_MOUNT_API_H

#include "base/kernel.h"

#include <stddef.h>
#include <stdint.h>

int sys_open_tree(int dirfd, const char *path, unsigned flags);
int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int sys_fsopen(const char *fstype, unsigned flags);
int sys_fsconfig(int fs_fd, unsigned command, const char *key, const void *value, int aux);
int sys_fspick(int dirfd, const char *path, unsigned flags);
int sys_fsmount(int fs_fd, unsigned flags, unsigned attributes);
int sys_mount_setattr(int dirfd, const char *path, unsigned flags, const struct mount_attr *attr);
int sys_pivot_root(const char *new_root, const char *put_old);
int sys_umount2(const char *target, int flags);

/* <sys/mount.h> cannot be included beside <linux/mount.h> with every C library. */
#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif
#ifndef UMOUNT_NOFOLLOW
#define UMOUNT_NOFOLLOW 8
#endif

/* What an fs context says about the last failure ("e overlay: ..."): without the "e ", lower-cased
 * but for what stands in quotes, cut to the buffer; "" if it says nothing. Keeps errno. */
void fs_context_message(int fs_fd, char *buffer, size_t size);

#endif

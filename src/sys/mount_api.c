/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mount system calls by number: newer C libraries wrap some of them in a header that cannot be
 * included together with <linux/mount.h>. Runs in the runtime and in the container's process.
 */
#include "sys/mount_api.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel keeps at most this many messages in a context (fs/fs_context.c). */
#define FS_CONTEXT_MESSAGES 8

int sys_open_tree(int dirfd, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, dirfd, path, flags);
}

int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return (int)syscall(SYS_move_mount, from_fd, from, to_fd, to, flags);
}

int sys_fsopen(const char *fstype, unsigned flags)
{
	return (int)syscall(SYS_fsopen, fstype, flags);
}

int sys_fspick(int dirfd, const char *path, unsigned flags)
{
	return (int)syscall(SYS_fspick, dirfd, path, flags);
}

int sys_fsconfig(int fs_fd, unsigned command, const char *key, const void *value, int aux)
{
	return (int)syscall(SYS_fsconfig, fs_fd, command, key, value, aux);
}

int sys_fsmount(int fs_fd, unsigned flags, unsigned attributes)
{
	return (int)syscall(SYS_fsmount, fs_fd, flags, attributes);
}

int sys_mount_setattr(int dirfd, const char *path, unsigned flags, const struct mount_attr *attr)
{
	return (int)syscall(SYS_mount_setattr, dirfd, path, flags, attr, sizeof(*attr));
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}

/* What stands in quotes is a chosen name, and its case counts. */
static void lower_outside_quotes(char *s)
{
	bool quoted = false;

	for (; *s; s++) {
		if (*s == '\'' || *s == '"')
			quoted = !quoted;
		else if (!quoted && *s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
	}
}

void fs_context_message(int fs_fd, char *buffer, size_t size)
{
	int saved = errno;
	bool have_error = false;
	char line[1024];

	if (!size)
		return;
	buffer[0] = '\0';
	for (int i = 0; i <= FS_CONTEXT_MESSAGES; i++) {
		ssize_t length = read(fs_fd, line, sizeof(line) - 1);

		/* EMSGSIZE: that message is gone, a later one may fit */
		if (length < 0 && (errno == EMSGSIZE || errno == EINTR))
			continue;
		if (length <= 0)
			break;
		line[length] = '\0';
		line[strcspn(line, "\n")] = '\0';
		if (length < 3 || line[1] != ' ' || (have_error && line[0] != 'e'))
			continue;
		have_error = line[0] == 'e';

		size_t text_length = strnlen(line + 2, size - 1);

		memcpy(buffer, line + 2, text_length);
		buffer[text_length] = '\0';
	}
	lower_outside_quotes(buffer);
	errno = saved;
}

int sys_umount2(const char *target, int flags)
{
	return (int)syscall(SYS_umount2, target, flags);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hostile container does, for hostile.bats, which compiles it twice: as a static program, and with
 * -DPRELOAD as a library that an image has loaded into every program that runs in it.
 *
 *	hostile exchange A B	exchange two names until it is killed
 *	hostile write-fd N	try everything to write to the file that descriptor N was opened from
 *	hostile write-exe PID	open the program that PID runs or has mapped, then the same once PID runs another
 *
 * The last two say "written" or "refused: ERRNO..." in the file /result.
 */
#define _GNU_SOURCE

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef PRELOAD

/* Runs in the runtime itself, where the image makes it execute its own program ("#!/proc/self/exe"). The
 * descriptor that it opens there outlives that program. */
static __attribute__((constructor)) void on_load(void)
{
	char number[16];
	int fd = open("/proc/self/exe", O_RDONLY);

	if (fd < 0 || access("/hostile", X_OK) < 0)
		return;
	snprintf(number, sizeof(number), "%d", fd);
	unsetenv("LD_PRELOAD");
	execl("/hostile", "hostile", "write-fd", number, (char *)NULL);
}

#else

#define TRIES 200

/* Of the last try: what is refused only while a process runs the file is not refused for good. */
static bool refusals[256];

static bool refused(void)
{
	refusals[errno & 255] = true;
	return false;
}

static bool try_to_open(const char *path, int mode)
{
	int fd = open(path, mode);
	bool written;

	if (fd < 0)
		return refused();
	written = write(fd, "#!hostile\n", 10) == 10 || refused();
	close(fd);
	return written;
}

static bool try_to_write(const char *path)
{
	memset(refusals, 0, sizeof(refusals));
	return try_to_open(path, O_WRONLY) || try_to_open(path, O_RDWR) ||
	       try_to_open(path, O_WRONLY | O_APPEND) || try_to_open(path, O_WRONLY | O_TRUNC) ||
	       truncate(path, 0) == 0 || refused();
}

/* With CAP_SYS_ADMIN: take the read-only flag off the mount, or mount the file once more without. */
static void try_mounts(int fd, const char *path)
{
	struct mount_attr writable = { .attr_clr = MOUNT_ATTR_RDONLY };
	int tree;

	syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &writable, sizeof(writable));
	/* MS_REMOUNT | MS_BIND; MS_BIND */
	syscall(SYS_mount, "none", path, NULL, 32 | 4096, NULL);
	close(open("/tmp/again", O_CREAT | O_WRONLY, 0600));
	syscall(SYS_mount, path, "/tmp/again", NULL, 4096, NULL);
	syscall(SYS_mount, "none", "/tmp/again", NULL, 32 | 4096, NULL);
	tree = (int)syscall(SYS_open_tree, fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
	if (tree < 0)
		return;
	syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &writable, sizeof(writable));
	syscall(SYS_move_mount, tree, "", AT_FDCWD, "/tmp/again", MOVE_MOUNT_F_EMPTY_PATH);
}

static bool is_same(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static int attack(int fd)
{
	char path[64];
	bool written = false;
	FILE *result;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (int i = 0; i < TRIES && !written; i++) {
		written = try_to_write(path);
		usleep(1000);
	}
	if (!written) {
		try_mounts(fd, path);
		written = try_to_write(path) ||
			  (is_same(fd, "/tmp/again") && try_to_write("/tmp/again"));
	}
	result = fopen("/result.new", "w");
	if (!result)
		return 1;
	fprintf(result, "%s", written ? "written" : "refused:");
	for (int i = 0; i < 256 && !written; i++)
		if (refusals[i])
			fprintf(result, " %s", strerrorname_np(i));
	fprintf(result, "\n");
	fclose(result);
	return rename("/result.new", "/result") < 0;
}

/* Where the program is mapped, if it still is; another way to the same file. */
static int open_mapped(const char *pid)
{
	char path[300], target[300];
	DIR *directory;
	int fd = -1;

	snprintf(path, sizeof(path), "/proc/%s/map_files", pid);
	directory = opendir(path);
	for (struct dirent *entry; directory && fd < 0 && (entry = readdir(directory));) {
		ssize_t n = readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1);

		target[n > 0 ? n : 0] = 0;
		if (strstr(target, "/distro-shim"))
			fd = openat(dirfd(directory), entry->d_name, O_RDONLY);
	}
	if (directory)
		closedir(directory);
	return fd;
}

static int write_exe(const char *pid)
{
	char path[64];
	int fd = open_mapped(pid);

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	if (fd < 0)
		fd = open(path, O_RDONLY);
	if (fd < 0) {
		perror(path);
		return 1;
	}
	/* the hook ends, so that the container goes on; what was opened stays */
	if (fork())
		return 0;
	setsid();
	while (is_same(fd, path))
		usleep(1000);
	return attack(fd);
}

static int exchange(const char *a, const char *b)
{
	while (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2 /* RENAME_EXCHANGE */) == 0)
		usleep(200);
	perror("renameat2");
	return 1;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "exchange"))
		return exchange(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "write-fd"))
		return attack((int)strtol(argv[2], NULL, 10));
	if (argc == 3 && !strcmp(argv[1], "write-exe"))
		return write_exe(argv[2]);
	return 2;
}

#endif

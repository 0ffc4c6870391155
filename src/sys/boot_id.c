/* SPDX-License-Identifier: Apache-2.0 */
/* See boot_id.h. Runs in the runtime. */
#include "sys/boot_id.h"

#include "base/auto.h"
#include "base/str.h"
#include "os/io.h"
#include "sys/procfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define BOOT_ID_FILE "sys/kernel/random/boot_id"

static int take_id(int fd, char buffer[BOOT_ID_SIZE], struct err *e)
{
	static const char path[] = "/proc/" BOOT_ID_FILE;
	autofree char *text = NULL;
	size_t length;

	if (read_fd_all(fd, path, 64, &text, &length, e) < 0)
		return -1;
	if (length != BOOT_ID_SIZE || text[BOOT_ID_SIZE - 1] != '\n' ||
	    strspn(text, "0123456789abcdef-") != BOOT_ID_SIZE - 1)
		return fail(e, ERR_SYSTEM, "%s cannot be understood", path);
	memcpy(buffer, text, BOOT_ID_SIZE - 1);
	buffer[BOOT_ID_SIZE - 1] = '\0';
	return 0;
}

/* Below a procfs, not crossed by a mount. */
static int read_below(int proc, char buffer[BOOT_ID_SIZE], struct err *e)
{
	autoclose int fd = procfs_openat(proc, BOOT_ID_FILE, O_RDONLY | O_NOFOLLOW, e);

	return fd < 0 ? -1 : take_id(fd, buffer, e);
}

/*
 * What a container manager has laid over it (systemd-nspawn and LXC make an id for each start of what they run):
 * for a caller who cannot look below, the boot of this machine. It is trusted no more than /proc itself, because
 * mounting there takes the same power.
 */
static int read_what_is_seen(char buffer[BOOT_ID_SIZE], struct err *e)
{
	autoclose int fd = open("/proc/" BOOT_ID_FILE,
				O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0)
		return fail_sys(e, "open /proc/" BOOT_ID_FILE);
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return fail(e, ERR_SYSTEM, "/proc/" BOOT_ID_FILE " is not a regular file");
	return take_id(fd, buffer, e);
}

/* When a directory in memory came to be: to the nanosecond, and not before this boot. */
static bool time_of(const char *path, char buffer[BOOT_ID_SIZE])
{
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;
	struct statx times;

	/* tmpfs tells it since Linux 6.0 (statx(2)) */
	if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type != TMPFS_MAGIC ||
	    statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &times) < 0 ||
	    !(times.stx_mask & STATX_BTIME))
		return false;
	snprintf(buffer, BOOT_ID_SIZE, "run %llu.%09u", (unsigned long long)times.stx_btime.tv_sec,
		 times.stx_btime.tv_nsec);
	return true;
}

static int find_id(char buffer[BOOT_ID_SIZE], struct err *e)
{
	struct err ignored;
	autoclose int seen = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (seen >= 0 && read_below(seen, buffer, &ignored) == 0)
		return 0;
	/* A procfs of our own shows all of it, whatever lies over the visible one or is left out there. */
	autoclose int own = procfs_open(&ignored);
	if (own >= 0 && read_below(own, buffer, &ignored) == 0)
		return 0;
	if (read_what_is_seen(buffer, e) == 0 || time_of("/run", buffer) || time_of("/dev", buffer))
		return 0;
	return err_prefix(
		e,
		"this boot cannot be told from another one; mount /proc whole, or a tmpfs on /run (Linux 6.0)");
}

int boot_id(char buffer[BOOT_ID_SIZE], struct err *e)
{
	/* Every record asks for it, and no process sees two. */
	static char known[BOOT_ID_SIZE];

	if (!known[0]) {
		char found[BOOT_ID_SIZE] = "";

		if (find_id(found, e) < 0)
			return -1;
		memcpy(known, found, sizeof(known));
	}
	memcpy(buffer, known, sizeof(known));
	return 0;
}

static bool is_kernels(const char *id)
{
	return !strchr(id, ' ');
}

bool boot_is_another(const char *recorded, const char *now)
{
	if (!recorded)
		return true;
	return is_kernels(recorded) == is_kernels(now) && !str_eq(recorded, now);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running from a copy of the program that cannot be written to (CVE-2019-5736). Runs first thing in
 * every command that enters a container.
 *
 * First choice: the running process leaves its file (exe_move.c) for the same one seen through a mount
 * of its own: a clone of the binary's mount, which mount_setattr(2) made read-only and which, once its
 * descriptor is closed (self_exe_let_go()), belongs to no mount namespace, so that it cannot be made writable again, cloned
 * or mounted anywhere. The pages stay those of the page cache.
 *
 * Without the power to clone a mount it leaves its file for a memfd sealed against every change. If the
 * kernel does not let a running program leave its file (no CONFIG_CHECKPOINT_RESTORE, no CAP_SYS_ADMIN
 * over its user namespace), the program is executed again, from the clone or from the memfd.
 */
#include "sys/self_exe.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "os/io.h"
#include "sys/exe_move.h"
#include "sys/mount_api.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif

#define PROGRAM_NAME "distro-shim"
/* Says "executed again already": it can only turn a second attempt into an error, so that setting it
 * gains nothing. */
#define MARKER "DISTRO_SHIM_EXECUTED_AGAIN"
/* The same, in other namespaces. */
#define MOVED_MARKER "DISTRO_SHIM_FROM_OUTSIDE"
#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

extern char **environ;

const char *self_exe_name(void)
{
	return (const char *)(uintptr_t)getauxval(AT_EXECFN);
}

static int open_exe(int flags, struct err *e)
{
	autoclose int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (proc < 0)
		return fail_sys(e, "open /proc");
	return procfs_open_target(proc, "self/exe", flags, e);
}

/* `exe`: the file of the process, O_PATH. */
static int is_protected(int exe, bool *ret, struct err *e)
{
	struct statfs fs;

	if (fstatfs(exe, &fs) < 0)
		return fail_sys(e, "look at the file system of /proc/self/exe");
	if (fs.f_flags & ST_RDONLY) {
		*ret = true;
		return 0;
	}
	*ret = false;
	if (fs.f_type != TMPFS_MAGIC)
		return 0;

	/* a memfd may be opened for reading by its owner; what may not is not a copy of ours */
	struct err ignored;
	autoclose int copy = open_exe(O_RDONLY, &ignored);
	int seals = copy < 0 ? -1 : fcntl(copy, F_GET_SEALS);

	*ret = seals >= 0 && (seals & ALL_SEALS) == ALL_SEALS;
	return 0;
}

int self_exe_is_protected(bool *ret, struct err *e)
{
	autoclose int exe = open_exe(O_PATH, e);

	return exe < 0 ? -1 : is_protected(exe, ret, e);
}

static int read_only_clone(int exe, struct err *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	autoclose int tree =
		sys_open_tree(exe, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (tree < 0)
		return fail_sys(e, "clone the mount of the program");
	if (sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr) < 0)
		return fail_sys(e, "make the clone read-only");
	return take_fd(&tree);
}

static int sealed_copy(struct err *e)
{
	autoclose int exe = open_exe(O_RDONLY, e);
	autoclose int copy = -1;
	struct stat st;
	off_t end;
	void *text;
	int rc;

	if (exe < 0)
		return -1;
	copy = memfd_create(PROGRAM_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	/* a kernel that does not know the flag makes every memfd executable */
	if (copy < 0 && errno == EINVAL)
		copy = memfd_create(PROGRAM_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (copy < 0 || fstat(exe, &st) < 0)
		return fail_sys(e, "make a memfd");
	/* What is behind the loaded parts (symbols, debug information) is not needed. */
	end = exe_loaded_size();
	if (end == 0 || end > st.st_size)
		end = st.st_size;
	/* One write() from the page cache: sendfile(2) goes through a pipe, a few pages at a time. */
	text = mmap(NULL, (size_t)end, PROT_READ, MAP_PRIVATE | MAP_POPULATE, exe, 0);
	if (text == MAP_FAILED)
		return fail_sys(e, "map the program");
	rc = write_fd_all(copy, "the copy of the program", text, (size_t)end, e);
	munmap(text, (size_t)end);
	if (rc < 0)
		return -1;
	if (fcntl(copy, F_ADD_SEALS, ALL_SEALS) < 0)
		return fail_sys(e, "seal the memfd");
	return take_fd(&copy);
}

/* The environment with the marker added, for the new program alone. */
static char **marked_environment(char *marker)
{
	size_t n = 0;
	char **copy;

	while (environ && environ[n])
		n++;
	copy = xmalloc((n + 2) * sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = environ[i];
	copy[n] = marker;
	copy[n + 1] = NULL;
	return copy;
}

static int execute(int fd, char **argv, struct err *e)
{
	static char marker[] = MARKER "=1";
	autofree char **environment = marked_environment(marker);

	syscall(SYS_execveat, fd, "", argv, environment, AT_EMPTY_PATH);
	return fail_sys(e, "execute the protected copy of the program");
}

int self_exe_again(char **argv, struct err *e)
{
	static char marker[] = MOVED_MARKER "=1";
	autofree char **environment = marked_environment(marker);
	autoclose int exe = open_exe(O_PATH, e);

	if (exe < 0)
		return -1;
	syscall(SYS_execveat, exe, "", argv, environment, AT_EMPTY_PATH);
	return fail_sys(e, "execute the program again");
}

bool self_exe_is_again(void)
{
	bool again = getenv(MOVED_MARKER);

	unsetenv(MOVED_MARKER);
	/* executing by descriptor names the process after the descriptor's number */
	if (again)
		(void)prctl(PR_SET_NAME, PROGRAM_NAME, 0, 0, 0);
	return again;
}

static int leave_file(int copy, struct err *e)
{
	bool protected;

	if (exe_move(copy, e) < 0 || self_exe_is_protected(&protected, e) < 0)
		return -1;
	return protected ? 0 : fail(e, ERR_INTERNAL, "the file was left but is not protected");
}

static int leave_mount(int clone, struct err *e)
{
	/* The root of the clone is the file itself, which openat(2) can name only through its descriptor. */
	autoclose int file = open(fd_path(clone).text, O_RDONLY | O_CLOEXEC);

	if (file < 0)
		return fail_sys(e, "open the read-only clone of the program");
	return leave_file(file, e);
}

/* Until self_exe_let_go(). */
static int kept_clone = -1;

void self_exe_let_go(void)
{
	replace_fd(&kept_clone, -1);
}

int self_exe_protect(char **argv, struct err *e)
{
	bool again = getenv(MARKER), protected;
	struct err move_error = { 0 }, clone_error = { 0 };
	autoclose int copy = -1, clone = -1;
	autoclose int exe = open_exe(O_PATH, e);

	unsetenv(MARKER);
	if (exe < 0 || is_protected(exe, &protected, e) < 0)
		return -1;
	if (protected) {
		/* executing by descriptor names the process after the descriptor's number */
		if (again && prctl(PR_SET_NAME, PROGRAM_NAME, 0, 0, 0) < 0)
			return fail_sys(e, "set the name of the process");
		return 0;
	}
	if (again)
		return fail(
			e, ERR_SYSTEM,
			"the program still runs from a writable file after it was executed again from a protected copy");
	clone = read_only_clone(exe, &clone_error);
	if (clone >= 0 && leave_mount(clone, &clone_error) == 0) {
		kept_clone = take_fd(&clone);
		return 0;
	}
	copy = sealed_copy(&move_error);
	if (copy >= 0 && leave_file(copy, &move_error) == 0)
		return 0;
	if (clone >= 0)
		execute(clone, argv, &clone_error);
	if (copy >= 0)
		execute(copy, argv, e);
	return fail(e, ERR_SYSTEM, "protect the program's own file: %s; %s", move_error.text,
		    clone_error.text);
}

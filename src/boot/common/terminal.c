/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's terminal: a pty of the container's own devpts, checked to be one (CVE-2025-52565), its
 * slave on the standard streams and on /dev/console, its master handed to the runtime. Runs in the
 * container's first process.
 */
#include "boot/common/terminal.h"

#include "boot/common/descriptors.h"
#include "boot/protocol.h"
#include "sys/beneath.h"
#include "sys/channel.h"
#include "sys/mount_api.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* devpts numbers its own ptmx so (fs/devpts/inode.c, PTMX minor 2 of major 5). */
#define DEVPTS_PTMX_INODE 2

/* The directory first: no file can be made in a devpts, and what is mounted on one is not entered. So
 * nothing but a ptmx is ever opened, and no /proc is needed, which may be another PID namespace's. */
static int open_master(const struct root *r, struct err *e)
{
	autoclose int pts = sys_openat2(r->fd, "dev/pts", O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
					RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	autoclose int fd = -1;
	struct statfs fs;
	struct stat st;

	if (pts < 0)
		return fail_sys(e,
				"a terminal needs a devpts mounted on '/dev/pts': open its ptmx");
	if (fstatfs(pts, &fs) < 0)
		return fail_sys(e, "stat '/dev/pts'");
	if (fs.f_type != DEVPTS_SUPER_MAGIC)
		return fail(e, ERR_CONFIG, "'/dev/pts/ptmx' is not the multiplexer of a devpts");
	fd = sys_openat2(pts, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC, 0,
			 RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
	if (fd < 0 && errno == EXDEV)
		return fail(e, ERR_CONFIG, "'/dev/pts/ptmx' is not the multiplexer of a devpts");
	if (fd < 0)
		return fail_sys(e,
				"a terminal needs a devpts mounted on '/dev/pts': open its ptmx");
	if (fstat(fd, &st) < 0)
		return fail_sys(e, "stat '/dev/pts/ptmx'");
	if (st.st_ino != DEVPTS_PTMX_INODE || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
		return fail(e, ERR_CONFIG, "'/dev/pts/ptmx' is not the multiplexer of a devpts");
	return take_fd(&fd);
}

static int open_dev(const struct root *r)
{
	return sys_openat2(r->fd, "dev", O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
			   RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
}

static int make_console_file(int dev, struct err *e)
{
	if (mknodat(dev, "console", S_IFREG | 0600, 0) < 0 && errno != EEXIST && errno != EROFS)
		return fail_sys(e, "make '/dev/console'");
	return 0;
}

/* What is wrong with /dev, the console says. */
int terminal_make_file(const struct root *r, struct err *e)
{
	autoclose int dev = r->plan->process.terminal ? open_dev(r) : -1;

	return dev < 0 ? 0 : make_console_file(dev, e);
}

/* /dev/console: a file of our own making with the slave mounted on it; a symlink of the image there must
 * lead nowhere (CVE-2026-88264). The file is there already, unless a hook has taken it away. */
static int bind_console(const struct root *r, int slave, struct err *e)
{
	autoclose int dev = open_dev(r), target = -1, fd = -1;

	if (dev < 0)
		return fail_sys(e, "open '/dev' for the console");
	if (make_console_file(dev, e) < 0)
		return -1;
	target = openat(dev, "console", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return fail_sys(e, "open '/dev/console'");
	fd = sys_open_tree(slave, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (fd < 0)
		return fail_sys(e, "clone the terminal for '/dev/console'");
	if (sys_move_mount(fd, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) <
	    0)
		return fail_sys(e, "mount the terminal on '/dev/console'");
	return 0;
}

int terminal_streams(int slave, struct err *e)
{
	for (int fd = 0; fd < 3; fd++)
		if (dup2(slave, fd) < 0)
			return fail_sys(e, "put the terminal on descriptor %d", fd);
	return 0;
}

int terminal_hand_over(int channel, int master, struct err *e)
{
	struct message message = { .type = BOOT_CONSOLE };
	int rc;

	if (channel_send(channel, &message, master, e) < 0)
		return -1;
	rc = channel_receive(channel, &message, NULL, e);
	if (rc < 0)
		return -1;
	if (rc == 0 || message.type != BOOT_CONSOLE_DONE)
		return fail(e, ERR_SYSTEM, "the runtime ended while it had the terminal");
	return 0;
}

int terminal_open(const struct root *r, int *ret_master, int *ret_slave, struct err *e)
{
	const struct plan_process *process = &r->plan->process;
	autoclose int master = open_master(r, e);
	autoclose int slave = -1;
	int unlocked = 0;

	if (master < 0)
		return -1;
	if (ioctl(master, TIOCSPTLCK, &unlocked) < 0)
		return fail_sys(e, "unlock the terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return fail_sys(e, "open the terminal's slave");
	if (process->rows || process->columns) {
		struct winsize size = { .ws_row = process->rows, .ws_col = process->columns };
		if (ioctl(slave, TIOCSWINSZ, &size) < 0)
			return fail_sys(e, "set the size of the terminal");
	}
	if (fchown(slave, process->uid, (gid_t)-1) < 0)
		return fail_sys(e, "give the terminal to user %u", process->uid);
	*ret_master = take_fd(&master);
	*ret_slave = take_fd(&slave);
	return 0;
}

int terminal_of_init(const struct root *r, int channel, struct err *e)
{
	autoclose int master = -1, slave = -1;

	if (!r->plan->process.terminal)
		return 0;
	if (terminal_open(r, &master, &slave, e) < 0 || bind_console(r, slave, e) < 0)
		return -1;
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return fail_sys(e, "make the terminal the controlling one");
	if (terminal_streams(slave, e) < 0)
		return -1;
	return terminal_hand_over(channel, master, e);
}

int terminal_receive(struct boot_peer *peer, const struct plan *plan, const char *socket,
		     int *ret_master, struct err *e)
{
	if (!plan->process.terminal)
		return 0;
	if (peer_expect(peer, BOOT_CONSOLE, ret_master, e) < 0)
		return -1;
	if (*ret_master < 0)
		return fail(e, ERR_INTERNAL, "the terminal did not come with its message");
	if (socket) {
		/* The contract of conmon and containerd: one message, the name as its text. */
		if (send_descriptor(socket, *ret_master, "/dev/ptmx", "console", e) < 0)
			return -1;
		replace_fd(ret_master, -1);
	}
	return peer_say(peer, BOOT_CONSOLE_DONE, e);
}

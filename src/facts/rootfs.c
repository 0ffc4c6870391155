/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root directory of the container and the network's own files in /etc/netns. Runs in the runtime.
 */
#include "facts/gather.h"

#include "base/path.h"
#include "sys/procfs.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

static int fail_rootfs(struct err *e, const char *path, int error_number)
{
	char text[128];
	struct stat st;

	if (error_number == ENOTDIR && lstat(path, &st) == 0)
		fail(e, ERR_CONFIG, "root.path: '%s' is %s", path,
		     S_ISLNK(st.st_mode) ? "a symbolic link, not a directory" : "not a directory");
	else
		fail(e, ERR_CONFIG, "root.path: open '%s': %s", path,
		     errno_text(error_number, text, sizeof(text)));
	e->sys = error_number;
	return -1;
}

/* The kernel's own name for what the descriptor holds. */
static int real_path(int fd, const char *path, struct arena *arena, char **ret, struct err *e)
{
	autoclose int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int link = -1;
	char real[PATH_MAX];
	struct stat st;
	ssize_t length;

	if (proc < 0 || fstat(fd, &st) < 0)
		return fail_sys(e, "root.path: look at '%s'", path);
	link = procfs_openat(proc, fd_path(fd).text + strlen("/proc/"), O_PATH | O_NOFOLLOW, e);
	if (link < 0)
		return -1;
	length = readlinkat(link, "", real, sizeof(real) - 1);
	if (length < 0)
		return fail_sys(e, "root.path: find the real path of '%s'", path);
	real[length] = '\0';
	/* a removed directory has no links left and " (deleted)" behind its name */
	if (real[0] != '/' || (size_t)length == sizeof(real) - 1 || st.st_nlink == 0)
		return fail(e, ERR_CONFIG, "root.path: '%s' cannot be reached any more", path);
	*ret = arena_strdup(arena, real);
	return 0;
}

int gather_rootfs(const struct spec *spec, const char *bundle, struct arena *arena, char **ret_path,
		  int *ret_fd, struct err *e)
{
	autofree char *clean = NULL;
	autoclose int fd = -1;
	char *real;

	if (!spec->root || str_empty(spec->root->path))
		return fail(e, ERR_CONFIG, "root.path: is missing");
	if (spec->root->path[0] == '/')
		clean = path_clean(spec->root->path);
	else
		clean = path_clean(arena_printf(arena, "%s/%s", bundle, spec->root->path));
	fd = open(clean, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail_rootfs(e, clean, errno);
	if (real_path(fd, clean, arena, &real, e) < 0)
		return -1;
	if (str_eq(real, "/"))
		return fail(e, ERR_CONFIG, "root.path: '%s' is the host's own root directory",
			    spec->root->path);
	*ret_path = real;
	*ret_fd = take_fd(&fd);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lookups and creation below a root whose content is not trusted. Runs in the runtime and in the container's
 * process before pivot_root(2).
 *
 * What exists is found by one openat2(2). Only if something is missing does the walk below take over:
 * it keeps the path that it has resolved so far as text without symlinks, a descriptor of that
 * directory, and the rest; each component is looked up alone and never followed by the kernel. ".."
 * shortens the text and looks it up again from the root, because a directory that is moved away while
 * we hold it may have a parent that is outside.
 */
#include "sys/beneath.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RETRIES 128
#define LINKS_MAX 40 /* as the kernel's MAXSYMLINKS */
#define WHERE "in the root filesystem"

int sys_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve };
	int fd = -1;

	for (int i = 0; i < RETRIES; i++) {
		fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd;
}

static int fail_lookup(struct err *e, const char *verb, const char *path)
{
	if (errno != EXDEV)
		return fail_sys(e, "%s '%s' " WHERE, verb, path);
	fail(e, ERR_SYSTEM, "%s '%s' " WHERE ": escapes the root", verb, path);
	e->sys = EXDEV;
	return -1;
}

static int open_in_root(int root_fd, const char *path, int extra_flags, uint64_t resolve)
{
	return sys_openat2(root_fd, *path ? path : ".", (uint64_t)(O_PATH | extra_flags), 0,
			   RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve);
}

int beneath_open(int root_fd, const char *path, int extra_flags, struct err *e)
{
	int fd = open_in_root(root_fd, path, extra_flags, 0);

	if (fd < 0)
		return fail_lookup(e, "open", path);
	return fd;
}

struct walk {
	int root_fd;
	int at;              /* the directory that `done` names; owned */
	unsigned links;      /* followed so far */
	char done[PATH_MAX]; /* relative to the root, "" = the root */
	char rest[PATH_MAX]; /* not looked at yet */
};

static void walk_release(struct walk *walk)
{
	close_keep_errno(walk->at);
}
#define autowalk __attribute__((cleanup(walk_release))) struct walk

/* Stand in the directory `walk->done` by a lookup from the root. */
static int walk_stand(struct walk *walk)
{
	int fd = open_in_root(walk->root_fd, walk->done, O_DIRECTORY, RESOLVE_NO_SYMLINKS);

	if (fd < 0)
		return -1;
	replace_fd(&walk->at, fd);
	return 0;
}

static int copy_path(char *to, const char *first, const char *second)
{
	size_t first_length = strlen(first), second_length = strlen(second);

	if (first_length + 1 + second_length >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	/* `second` may be a part of `to`: moved before anything is written over it */
	memmove(to + first_length + 1, second, second_length + 1);
	memcpy(to, first, first_length);
	to[first_length] = '/';
	return 0;
}

static int walk_up(struct walk *walk)
{
	char *slash = strrchr(walk->done, '/');

	if (slash)
		*slash = '\0';
	else
		walk->done[0] = '\0';
	return walk_stand(walk);
}

static int walk_down(struct walk *walk, const char *name, int *directory)
{
	size_t length = strlen(walk->done);
	size_t name_length = strlen(name);

	if (length + 1 + name_length >= sizeof(walk->done)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (length)
		walk->done[length++] = '/';
	memcpy(walk->done + length, name, name_length + 1);
	replace_fd(&walk->at, take_fd(directory));
	return 0;
}

/* Put a symlink's target in front of the rest; an absolute one restarts at the root. */
static int walk_follow(struct walk *walk, int link)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(link, "", target, sizeof(target) - 1);

	if (length < 0)
		return -1;
	target[length] = '\0';
	if (++walk->links > LINKS_MAX) {
		errno = ELOOP;
		return -1;
	}
	if (copy_path(walk->rest, target, walk->rest) < 0)
		return -1;
	if (target[0] != '/')
		return 0;
	walk->done[0] = '\0';
	return walk_stand(walk);
}

/* Cut the next component off the rest; false at the end. */
static bool next_component(struct walk *walk, char name[NAME_MAX + 1], bool *too_long)
{
	size_t start = strspn(walk->rest, "/");
	size_t length = strcspn(walk->rest + start, "/");
	size_t end = start + length;

	*too_long = length > NAME_MAX;
	if (!length || *too_long)
		return false;
	memcpy(name, walk->rest + start, length);
	name[length] = '\0';
	memmove(walk->rest, walk->rest + end, strlen(walk->rest + end) + 1);
	return true;
}

static bool rest_is_empty(const struct walk *walk)
{
	return walk->rest[strspn(walk->rest, "/")] == '\0';
}

/* Look `name` up in a directory, making it where it is missing: a file where `as_file`, else a directory.
 * The link itself where it is one. */
static int look_up_or_make(int at, const char *name, mode_t mode, bool as_file)
{
	for (int i = 0; i < RETRIES; i++) {
		int fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		int made;

		if (fd >= 0 || errno != ENOENT)
			return fd;
		made = as_file ? mknodat(at, name, S_IFREG | mode, 0) : mkdirat(at, name, mode);
		/* EEXIST: another process was faster, see what it is */
		if (made < 0 && errno != EEXIST)
			return -1;
	}
	errno = EAGAIN;
	return -1;
}

/*
 * The walk. Gives the last component: a directory, or with `file_mode` != 0 what is not one, made where
 * missing. errno on failure.
 */
static int walk_to_end(struct walk *walk, mode_t directory_mode, mode_t file_mode)
{
	char name[NAME_MAX + 1];
	bool too_long;

	while (next_component(walk, name, &too_long)) {
		bool last = rest_is_empty(walk);
		autoclose int fd = -1;
		struct stat st;

		if (str_eq(name, "."))
			continue;
		if (str_eq(name, "..")) {
			if (walk_up(walk) < 0)
				return -1;
			continue;
		}
		fd = look_up_or_make(walk->at, name, last && file_mode ? file_mode : directory_mode,
				     last && file_mode);
		if (fd < 0 || fstat(fd, &st) < 0)
			return -1;
		if (S_ISLNK(st.st_mode)) {
			if (walk_follow(walk, fd) < 0)
				return -1;
		} else if (S_ISDIR(st.st_mode)) {
			if (walk_down(walk, name, &fd) < 0)
				return -1;
		} else if (last && file_mode) {
			return take_fd(&fd);
		} else {
			errno = ENOTDIR;
			return -1;
		}
	}
	if (too_long || file_mode) {
		errno = too_long ? ENAMETOOLONG : EISDIR;
		return -1;
	}
	return take_fd(&walk->at);
}

static int walk_make(int root_fd, const char *path, mode_t directory_mode, mode_t file_mode)
{
	autowalk walk = { .root_fd = root_fd, .at = -1 };
	size_t length = strlen(path);

	if (length >= sizeof(walk.rest)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(walk.rest, path, length + 1);
	if (walk_stand(&walk) < 0)
		return -1;
	return walk_to_end(&walk, directory_mode, file_mode);
}

int beneath_find_directory(int root_fd, const char *path, mode_t mode, bool *ret_made,
			   struct err *e)
{
	int fd = open_in_root(root_fd, path, O_DIRECTORY, 0);

	*ret_made = fd < 0 && errno == ENOENT;
	if (*ret_made)
		fd = walk_make(root_fd, path, mode, 0);
	if (fd < 0)
		return fail_lookup(e, "make directory", path);
	return fd;
}

int beneath_make_directory(int root_fd, const char *path, mode_t mode, struct err *e)
{
	bool made;

	return beneath_find_directory(root_fd, path, mode, &made, e);
}

int beneath_make_file(int root_fd, const char *path, struct err *e)
{
	autoclose int fd = open_in_root(root_fd, path, 0, 0);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		fd = walk_make(root_fd, path, 0755, 0644);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_lookup(e, "make file", path);
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return fail_lookup(e, "make file", path);
	}
	return take_fd(&fd);
}

int beneath_make_parent(int root_fd, const char *path, const char **ret_name, struct err *e)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char parent[PATH_MAX];
	size_t length = (size_t)(name - path);
	int fd;

	if (!*name || str_eq(name, ".") || str_eq(name, ".."))
		return fail(e, ERR_CONFIG, "'%s' does not end in the name of a file", path);
	if (length >= sizeof(parent))
		return fail_errno(e, ENAMETOOLONG, "make file '%s' " WHERE, path);
	memcpy(parent, path, length);
	parent[length] = '\0';
	fd = beneath_make_directory(root_fd, parent, 0755, e);
	if (fd < 0)
		return -1;
	*ret_name = name;
	return fd;
}

int beneath_make_nofollow(int root_fd, const char *path, bool directory, struct err *e)
{
	const char *name;
	autoclose int parent = beneath_make_parent(root_fd, path, &name, e), fd = -1;
	struct stat st;

	if (parent < 0)
		return -1;
	fd = look_up_or_make(parent, name, directory ? 0755 : 0644, !directory);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_lookup(e, "make", path);
	if (S_ISDIR(st.st_mode) != directory) {
		errno = directory ? ENOTDIR : EISDIR;
		return fail_lookup(e, "make", path);
	}
	return take_fd(&fd);
}

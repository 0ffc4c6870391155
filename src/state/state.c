/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ROOT/ID: claimed, opened, locked and listed (state.h). Runs in the runtime.
 */
#include "state/state.h"

#include "state/record.h"
#include "sys/directory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define LOCK_DEADLINE_MS 10000
#define LOCK_WAIT_MIN_NS 200000L
#define LOCK_WAIT_MAX_NS 20000000L

static bool is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_id_character(char c, size_t position)
{
	if (is_alphanumeric(c) || c == '_' || c == '+')
		return true;
	/* Neither hidden, nor "." or "..", nor taken for an option. */
	return position > 0 && (c == '.' || c == '-');
}

/* 0 where the id is good, else the position of its first bad byte, from 1. */
static size_t bad_byte(const char *id)
{
	for (size_t i = 0; id[i]; i++)
		if (i == STATE_ID_MAX || !is_id_character(id[i], i))
			return i + 1;
	return 0;
}

int state_check_id(const char *id, struct err *e)
{
	if (str_empty(id))
		return fail(e, ERR_USAGE, "the container id is empty");

	size_t bad = bad_byte(id);
	if (bad > STATE_ID_MAX)
		return fail(e, ERR_USAGE, "the container id is longer than %d bytes", STATE_ID_MAX);
	/* The id itself is not shown: it may hold what a terminal or a log would act on. */
	if (bad)
		return fail(
			e, ERR_USAGE,
			"the container id must match [A-Za-z0-9_+][A-Za-z0-9_+.-]*: byte %zu is "
			"0x%02x",
			bad, (unsigned)(unsigned char)id[bad - 1]);
	return 0;
}

const char *state_default_root(bool rootless, struct arena *arena)
{
	const char *runtime_directory = rootless ? getenv("XDG_RUNTIME_DIR") : NULL;

	/* A relative one is to be ignored (XDG Base Directory Specification). */
	if (runtime_directory && runtime_directory[0] == '/')
		return arena_printf(arena, "%s/distro-shim/containers", runtime_directory);
	return arena_strdup(arena, "/run/distro-shim/containers");
}

int state_root_open(const char *path, bool create, int *ret_fd, struct err *e)
{
	return trusted_directory_open("state root", path, create, 0700, ret_fd, e);
}

void state_dir_release(struct state_dir *dir)
{
	/* The lock goes with the descriptor. */
	replace_fd(&dir->fd, -1);
	replace_fd(&dir->root_fd, -1);
	free(take_ptr(&dir->root));
	free(take_ptr(&dir->id));
	dir->locked = false;
}

static void hand_over(struct state_dir *from, struct state_dir *to)
{
	*to = *from;
	*from = (struct state_dir)STATE_DIR_INIT;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int lock_with_deadline(struct state_dir *dir, struct err *e)
{
	int64_t deadline = now_ms() + LOCK_DEADLINE_MS;
	struct timespec wait = { .tv_nsec = LOCK_WAIT_MIN_NS };

	/* Polled and not waited for, because a blocking flock() has no deadline but by signals. */
	while (flock(dir->fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail_sys(e, "lock container %s", dir->id);
		if (now_ms() >= deadline)
			return fail(
				e, ERR_STATE,
				"container %s is busy: another command has held its lock for %d "
				"seconds",
				dir->id, LOCK_DEADLINE_MS / 1000);
		nanosleep(&wait, NULL);
		if (wait.tv_nsec < LOCK_WAIT_MAX_NS)
			wait.tv_nsec *= 2;
	}
	dir->locked = true;
	return 0;
}

/* Whether ROOT/ID is still the directory that we hold; a delete may have been faster. */
static bool is_in_place(const struct state_dir *dir)
{
	struct stat held, named;

	return fstat(dir->fd, &held) == 0 && held.st_nlink > 0 &&
	       fstatat(dir->root_fd, dir->id, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

static int open_directory(struct state_dir *dir, struct err *e)
{
	dir->fd = openat(dir->root_fd, dir->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir->fd < 0 && errno == ENOENT)
		return fail(e, ERR_NOT_FOUND, "container does not exist: %s", dir->id);
	if (dir->fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return fail(e, ERR_STATE, "'%s/%s' is no state directory: a symlink or a file",
			    dir->root, dir->id);
	if (dir->fd < 0)
		return fail_sys(e, "open state directory '%s/%s'", dir->root, dir->id);
	return trusted_directory_check(dir->fd, "state directory", dir->id, e);
}

/* Looked for by name and not by reading the directory, which would need a descriptor. */
static bool has_records(const struct state_dir *dir)
{
	static const char *const names[] = { STATE_INTENT, STATE_STATUS, STATE_CONFIG,
					     STATE_START_SOCKET };
	struct stat status;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (fstatat(dir->fd, names[i], &status, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	return false;
}

static int fail_exists(const char *id, struct err *e)
{
	return fail(e, ERR_STATE, "container with given ID already exists: %s", id);
}

/*
 * Between the mkdirat() and the lock a delete may take the directory away, and another create may put
 * its own there, which we would then hold. Only he is the winner who holds the lock of a directory that
 * is in place and that nobody has written to.
 */
static int take_claimed(struct state_dir *dir, struct err *e)
{
	if (open_directory(dir, e) < 0) {
		/* Not where it is gone: what stands there by now is somebody else's. */
		if (e->kind == ERR_SYSTEM)
			unlinkat(dir->root_fd, dir->id, AT_REMOVEDIR);
		return -1;
	}
	if (lock_with_deadline(dir, e) < 0)
		return e->kind == ERR_STATE ? fail_exists(dir->id, e) : -1;
	if (!is_in_place(dir))
		return fail(e, ERR_STATE, "container %s was deleted while it was being created",
			    dir->id);
	return has_records(dir) ? fail_exists(dir->id, e) : 0;
}

int state_claim(const char *root, const char *id, struct state_dir *ret, struct err *e)
{
	autostatedir dir = STATE_DIR_INIT;

	if (state_check_id(id, e) < 0)
		return -1;
	if (state_root_open(root, true, &dir.root_fd, e) < 0)
		return -1;
	dir.root = xstrdup(root);
	dir.id = xstrdup(id);
	/* Its number is free again when the new directory is opened: with no descriptor left, the claim
	 * fails here, before there is anything to take back. */
	autoclose int reserved = fcntl(dir.root_fd, F_DUPFD_CLOEXEC, 0);
	if (reserved < 0)
		return fail_sys(e, "claim container %s", id);
	if (mkdirat(dir.root_fd, id, 0700) < 0) {
		if (errno == EEXIST)
			return fail_exists(id, e);
		return fail_sys(e, "make state directory '%s/%s'", root, id);
	}
	replace_fd(&reserved, -1);
	if (take_claimed(&dir, e) < 0)
		return -1;
	hand_over(&dir, ret);
	return 0;
}

int state_open(const char *root, const char *id, bool lock, struct state_dir *ret, struct err *e)
{
	autostatedir dir = STATE_DIR_INIT;

	if (state_check_id(id, e) < 0)
		return -1;
	if (state_root_open(root, false, &dir.root_fd, e) < 0)
		return e->kind == ERR_NOT_FOUND
			       ? fail(e, ERR_NOT_FOUND, "container does not exist: %s", id)
			       : -1;
	dir.root = xstrdup(root);
	dir.id = xstrdup(id);
	if (open_directory(&dir, e) < 0)
		return -1;
	if (lock) {
		if (lock_with_deadline(&dir, e) < 0)
			return -1;
		if (!is_in_place(&dir))
			return fail(e, ERR_NOT_FOUND, "container does not exist: %s", id);
	}
	hand_over(&dir, ret);
	return 0;
}

void state_unlock(struct state_dir *dir)
{
	if (dir->locked)
		flock(dir->fd, LOCK_UN);
	dir->locked = false;
}

int state_relock(struct state_dir *dir, struct err *e)
{
	if (lock_with_deadline(dir, e) < 0)
		return -1;
	if (is_in_place(dir))
		return 0;
	state_unlock(dir);
	return fail(e, ERR_NOT_FOUND, "container does not exist: %s", dir->id);
}

static bool is_listed(int root_fd, const struct dirent *entry)
{
	struct stat status;

	if (str_empty(entry->d_name) || bad_byte(entry->d_name))
		return false;
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(root_fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(status.st_mode);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int state_list(const char *root, struct arena *arena, struct strlist *ret, struct err *e)
{
	autoclose int root_fd = -1;
	struct strlist list = { .v = arena_new_array(arena, char *, 8) };
	size_t capacity = 8;

	if (state_root_open(root, false, &root_fd, e) < 0) {
		if (e->kind != ERR_NOT_FOUND)
			return -1;
		*ret = list;
		return 0;
	}
	autoclosedir DIR *scan = fdopendir(root_fd);
	if (!scan)
		return fail_sys(e, "read state root '%s'", root);
	take_fd(&root_fd);

	for (struct dirent *entry; (entry = readdir(scan));) {
		if (!is_listed(dirfd(scan), entry))
			continue;
		if (list.n == capacity) {
			char **larger = arena_new_array(arena, char *, capacity * 2);
			memcpy(larger, list.v, list.n * sizeof(*larger));
			list.v = larger;
			capacity *= 2;
		}
		list.v[list.n++] = arena_strdup(arena, entry->d_name);
	}
	qsort(list.v, list.n, sizeof(*list.v), compare_names);
	*ret = list;
	return 0;
}

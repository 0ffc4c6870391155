/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ROOT/ID: claimed, opened, locked and listed (state.h). Runs in the runtime.
 */
#include "state/state.h"

#include "os/io.h"
#include "state/content.h"
#include "sys/deadline.h"
#include "sys/directory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define LOCK_WAIT_MIN_NS 200000L
#define LOCK_WAIT_MAX_NS 20000000L

/* More than one only in a race with other creators and deleters of the same id. */
#define CLAIM_ATTEMPTS 100

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

/* 0 if the id is good, else the position of its first bad byte, from 1. */
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
			"the container id must match [A-Za-z0-9_+][A-Za-z0-9_+.-]*: byte %zu is 0x%02x",
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

static int lock_with_deadline(struct state_dir *dir, struct err *e)
{
	struct deadline deadline = deadline_in(deadline_ms());
	struct timespec wait = { .tv_nsec = LOCK_WAIT_MIN_NS };

	/* Polled and not waited for, because a blocking flock() has no deadline but by signals. */
	while (flock(dir->fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail_sys(e, "lock container %s", dir->id);
		if (deadline_is_over(&deadline))
			return fail(
				e, ERR_STATE,
				"container %s is busy: another command has held its lock for %d seconds",
				dir->id, (deadline_ms() + 999) / 1000);
		nanosleep(&wait, NULL);
		if (wait.tv_nsec < LOCK_WAIT_MAX_NS)
			wait.tv_nsec *= 2;
	}
	dir->locked = true;
	return 0;
}

static int fail_missing(const char *id, struct err *e)
{
	fail(e, ERR_NOT_FOUND, "container does not exist: %s", id);
	e->sys = ENOENT;
	return -1;
}

/* What has the name is not a container's: `sys` stays 0. */
static int fail_foreign(const struct state_dir *dir, const char *why, struct err *e)
{
	return fail(e, ERR_NOT_FOUND, "container does not exist: '%s/%s' %s", dir->root, dir->id,
		    why);
}

/* Whether ROOT/ID is still the directory that we hold; a delete may have been faster. -1: cannot be told. */
static int is_in_place(const struct state_dir *dir, struct err *e)
{
	struct stat held, named;

	if (fstat(dir->fd, &held) < 0)
		return fail_sys(e, "look at state directory '%s/%s'", dir->root, dir->id);
	if (fstatat(dir->root_fd, dir->id, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT
			       ? 0
			       : fail_sys(e, "look at state directory '%s/%s'", dir->root, dir->id);
	return held.st_nlink > 0 && held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

/* Of another user, or writable by others: nothing in it is believed. Without a record of ours it is not a
 * container at all. */
static int check_trust(const struct state_dir *dir, struct err *e)
{
	struct err reason, unknown;

	if (trusted_directory_check(dir->fd, "state directory", dir->id, &reason) == 0)
		return 0;
	if (!reason.sys && content_has_record(dir->root_fd, dir->id, &unknown) == 0)
		return fail(e, ERR_NOT_FOUND, "container does not exist: %s", reason.text);
	*e = reason;
	return -1;
}

static int fail_open(const struct state_dir *dir, struct err *e)
{
	int error_number = errno;
	struct stat named;

	if (error_number == ENOENT)
		return fail_missing(dir->id, e);
	if (error_number == ENOTDIR || error_number == ELOOP)
		return fail_foreign(dir, "is not a directory", e);
	if (error_number == EACCES &&
	    fstatat(dir->root_fd, dir->id, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    named.st_uid != geteuid())
		return fail_foreign(dir, "belongs to another user", e);
	return fail_errno(e, error_number, "open state directory '%s/%s'", dir->root, dir->id);
}

static int open_directory(struct state_dir *dir, struct err *e)
{
	replace_fd(&dir->fd,
		   openat(dir->root_fd, dir->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	return dir->fd < 0 ? fail_open(dir, e) : check_trust(dir, e);
}

static int fail_exists(const char *id, struct err *e)
{
	return fail(e, ERR_STATE, "container with given ID already exists: %s", id);
}

/*
 * Take away a directory that holds nothing: its creator was killed before it wrote anything. 1: removed;
 * 0: it is gone; ERR_STATE: it is in use, or not ours.
 */
static int remove_empty(struct state_dir *dir, struct err *e)
{
	struct content content;
	int rc = open_directory(dir, e);

	if (rc < 0 && e->kind == ERR_NOT_FOUND)
		return e->sys == ENOENT ? 0 : fail_exists(dir->id, e);
	if (rc < 0)
		return -1;
	/* The claimer of an id holds the lock from then on. */
	if (flock(dir->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? fail_exists(dir->id, e)
					    : fail_sys(e, "lock container %s", dir->id);
	rc = is_in_place(dir, e);
	if (rc <= 0)
		return rc;
	if (content_look(dir->root_fd, dir->id, dir->fd, &content, e) < 0)
		return -1;
	if (content.kind == CONTENT_FOREIGN)
		return fail(e, ERR_STATE, "container with given ID already exists: '%s/%s' %s",
			    dir->root, dir->id, content.why);
	if (content.kind == CONTENT_CONTAINER)
		return fail_exists(dir->id, e);
	return state_remove(dir, e) < 0 ? -1 : 1;
}

/* It holds "." and ".." alone. Read by the descriptor that is there: a new one might not be had. */
static bool is_untouched(const struct state_dir *dir)
{
	_Alignas(struct dirent64) char buffer[512];
	ssize_t length = getdents64(dir->fd, buffer, sizeof(buffer));
	size_t n = 0;

	for (ssize_t at = 0; at < length; n++)
		at += ((const struct dirent64 *)(const void *)(buffer + at))->d_reclen;
	return length >= 0 && n <= 2;
}

/*
 * Between the mkdirat() and the lock a delete may take the directory away, and another create may put
 * its own there, which we would then hold. The winner is the one that holds the lock of a directory that
 * is in place and still empty. 0: another one was faster.
 */
static int take_claimed(struct state_dir *dir, struct err *e)
{
	int rc;

	if (open_directory(dir, e) < 0) {
		if (e->kind == ERR_NOT_FOUND && e->sys == ENOENT)
			return 0;
		/* Not where it is another's: what stands there by now is not ours to remove. */
		if (e->kind == ERR_SYSTEM)
			unlinkat(dir->root_fd, dir->id, AT_REMOVEDIR);
		return -1;
	}
	if (lock_with_deadline(dir, e) < 0)
		return e->kind == ERR_STATE ? fail_exists(dir->id, e) : -1;
	rc = is_in_place(dir, e);
	if (rc <= 0) {
		state_unlock(dir);
		return rc;
	}
	return is_untouched(dir) ? 1 : fail_exists(dir->id, e);
}

/* 1: claimed; 0: what was in the way is gone. */
static int claim_once(struct state_dir *dir, struct err *e)
{
	/* Its number is free again when the new directory is opened: with no descriptor left, the claim
	 * fails here, before there is anything to take back. */
	autoclose int reserved = fcntl(dir->root_fd, F_DUPFD_CLOEXEC, 0);

	if (reserved < 0)
		return fail_sys(e, "claim container %s", dir->id);
	if (mkdirat(dir->root_fd, dir->id, 0700) < 0) {
		if (errno != EEXIST)
			return fail_sys(e, "make state directory '%s/%s'", dir->root, dir->id);
		replace_fd(&reserved, -1);
		return remove_empty(dir, e) < 0 ? -1 : 0;
	}
	replace_fd(&reserved, -1);
	return take_claimed(dir, e);
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
	for (unsigned attempt = 0; attempt < CLAIM_ATTEMPTS; attempt++) {
		int rc = claim_once(&dir, e);
		if (rc < 0)
			return -1;
		if (rc > 0) {
			hand_over(&dir, ret);
			return 0;
		}
		replace_fd(&dir.fd, -1);
	}
	return fail(e, ERR_STATE, "container %s was deleted while it was being created", id);
}

static int open_root_of(const char *root, const char *id, struct state_dir *dir, struct err *e)
{
	if (state_check_id(id, e) < 0)
		return -1;
	if (state_root_open(root, false, &dir->root_fd, e) < 0)
		return e->kind == ERR_NOT_FOUND ? fail_missing(id, e) : -1;
	dir->root = xstrdup(root);
	dir->id = xstrdup(id);
	return 0;
}

/* CONTENT_CONTAINER or, where it is just being claimed, CONTENT_NOTHING. */
static int look_inside(const struct state_dir *dir, struct content *content, struct err *e)
{
	if (content_look(dir->root_fd, dir->id, dir->fd, content, e) < 0)
		return -1;
	return content->kind == CONTENT_FOREIGN ? fail_foreign(dir, content->why, e) : 0;
}

int state_open_below(int root_fd, const char *root, const char *id, struct state_dir *ret,
		     struct err *e)
{
	autostatedir dir = STATE_DIR_INIT;

	if (state_check_id(id, e) < 0)
		return -1;
	dir.root_fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 3);
	if (dir.root_fd < 0)
		return fail_sys(e, "open state root '%s'", root);
	dir.root = xstrdup(root);
	dir.id = xstrdup(id);
	if (open_directory(&dir, e) < 0)
		return -1;
	hand_over(&dir, ret);
	return 0;
}

int state_open(const char *root, const char *id, bool lock, struct state_dir *ret, struct err *e)
{
	autostatedir dir = STATE_DIR_INIT;
	struct content content;

	if (open_root_of(root, id, &dir, e) < 0 || open_directory(&dir, e) < 0 ||
	    look_inside(&dir, &content, e) < 0)
		return -1;
	if (lock) {
		if (lock_with_deadline(&dir, e) < 0)
			return -1;
		int rc = is_in_place(&dir, e);
		if (rc <= 0)
			return rc < 0 ? -1 : fail_missing(id, e);
		if (content.kind == CONTENT_NOTHING && look_inside(&dir, &content, e) < 0)
			return -1;
	}
	if (content.kind == CONTENT_NOTHING)
		return fail_foreign(&dir, "is an empty directory", e);
	hand_over(&dir, ret);
	return 0;
}

int state_discard_empty(const char *root, const char *id, struct err *e)
{
	autostatedir dir = STATE_DIR_INIT;

	if (open_root_of(root, id, &dir, e) < 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	return remove_empty(&dir, e) < 0 ? -1 : 0;
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
	int rc = is_in_place(dir, e);
	if (rc > 0)
		return 0;
	state_unlock(dir);
	return rc < 0 ? -1 : fail_missing(dir->id, e);
}

/* Whether it is a container's; 1 also if that cannot be told, with the reason in *doubt unless there is one. */
static bool is_listed(int root_fd, const struct dirent *entry, struct err *doubt)
{
	struct content content;
	struct err reason;
	struct stat status;

	if (bad_byte(entry->d_name) || (entry->d_type != DT_UNKNOWN && entry->d_type != DT_DIR))
		return false;
	int rc = content_has_record(root_fd, entry->d_name, &reason);
	if (rc > 0)
		return true;
	autoclose int fd = rc < 0 ? -1
				  : openat(root_fd, entry->d_name,
					   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (rc == 0 && fd < 0) {
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
			return false;
		rc = fail_sys(&reason, "container %s: open its directory", entry->d_name);
	}
	/* Another user's, in which no record of ours was seen. */
	if (fstatat(root_fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    status.st_uid != geteuid())
		return false;
	if (rc == 0)
		rc = content_look(root_fd, entry->d_name, fd, &content, &reason);
	if (rc == 0)
		return content.kind == CONTENT_CONTAINER;
	if (doubt->kind == ERR_NONE)
		*doubt = reason;
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int state_list(const char *root, struct arena *arena, struct strlist *ret, struct err *doubt,
	       struct err *e)
{
	autoclose int root_fd = -1;
	struct strlist list = { .v = arena_new_array(arena, char *, 8) };
	size_t capacity = 8;
	struct dirent *entry;
	int rc;

	doubt->kind = ERR_NONE;
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

	while ((rc = next_entry(scan, "the state root", &entry, e)) > 0) {
		if (!is_listed(dirfd(scan), entry, doubt))
			continue;
		if (list.n == capacity) {
			char **larger = arena_new_array(arena, char *, capacity * 2);
			memcpy(larger, list.v, list.n * sizeof(*larger));
			list.v = larger;
			capacity *= 2;
		}
		list.v[list.n++] = arena_strdup(arena, entry->d_name);
	}
	if (rc < 0)
		return -1;
	qsort(list.v, list.n, sizeof(*list.v), compare_names);
	*ret = list;
	return 0;
}

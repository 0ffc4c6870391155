/* SPDX-License-Identifier: Apache-2.0 */
/* Who has which ids of the host (ids.h): claims made and removed. Runs in the runtime. */
#include "state/ids.h"

#include "os/io.h"
#include "os/log.h"
#include "state/ids_parts.h"
#include "state/record.h"
#include "sys/deadline.h"
#include "sys/directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

/* A directory of claims may go with its last one while the next one comes. */
#define ADD_TRIES 100
#define LOCK_PAUSE_NS 1000000L

static const struct field claim_rows[] = {
	FIELD(struct ids_claim, I64, version, "version", FIELD_REQUIRED),
	FIELD(struct ids_claim, STRING, id, "id", FIELD_REQUIRED | FIELD_NOT_EMPTY),
	FIELD(struct ids_claim, STRING, root, "root", FIELD_REQUIRED | FIELD_NOT_EMPTY),
};
const struct fields ids_claim_fields = FIELDS("struct ids_claim", struct ids_claim, claim_rows, 0);

const char *ids_default_directory(struct arena *arena)
{
	return arena_strdup(arena, "/run/distro-shim/ids");
}

void ids_close(struct ids *ids)
{
	replace_fd(&ids->fd, -1);
	replace_fd(&ids->lock, -1);
}

int ids_open(const char *directory, bool create, struct ids *ret, struct err *e)
{
	ret->path = directory;
	if (trusted_directory_open("directory of ids", directory, create, 0700, &ret->fd, e) < 0)
		return -1;
	ret->lock = openat(ret->fd, IDS_LOCK,
			   O_RDWR | O_NOFOLLOW | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
	if (ret->lock < 0 && (create || errno != ENOENT))
		return fail_sys(e, "open '%s/" IDS_LOCK "'", directory);
	return 0;
}

struct ids_name ids_directory_name(uint32_t first, uint32_t size)
{
	struct ids_name name;

	snprintf(name.text, sizeof(name.text), "%u-%u", size, first % size);
	return name;
}

struct ids_name ids_claim_name(uint32_t first)
{
	struct ids_name name;

	snprintf(name.text, sizeof(name.text), "%u", first);
	return name;
}

static struct ids_name temporary_name(uint32_t first)
{
	struct ids_name name;

	snprintf(name.text, sizeof(name.text), ".%u", first);
	return name;
}

int ids_lock(const struct ids *ids, const struct id_range *range, short kind, struct err *e)
{
	struct flock lock = {
		.l_type = kind,
		.l_whence = SEEK_SET,
		.l_start = range->first,
		.l_len = range->size,
	};

	if (fcntl(ids->lock, F_OFD_SETLK, &lock) == 0)
		return 1;
	if (errno == EAGAIN || errno == EACCES)
		return 0;
	return fail_sys(e, "lock ids in '%s/" IDS_LOCK "'", ids->path);
}

int ids_read(const struct ids *ids, const char *directory, const char *name, struct arena *arena,
	     struct ids_claim **ret, struct err *e)
{
	autofree char *text = NULL;
	const char *path = arena_printf(arena, "%s/%s", directory, name);
	size_t length;
	void *claim = NULL;
	struct err reason;

	*ret = NULL;
	if (read_file_at(ids->fd, path, IDS_CLAIM_MAX, &text, &length, &reason) < 0) {
		if (reason.sys == ENOENT)
			return 0;
		*e = reason;
		return err_prefix(e, "'%s'", ids->path);
	}
	/* what cannot be read names no container */
	if (record_decode(&ids_claim_fields, path, text, length, arena, &claim, &reason) < 0)
		log_debug("ids: left out: %s", reason.text);
	*ret = claim;
	return 1;
}

static bool is_of(const struct ids_claim *claim, const char *root, const char *id)
{
	return claim && str_eq(claim->root, root) && str_eq(claim->id, id);
}

bool ids_claim_is_of(const struct ids_claim *claim, const char *root, const char *id)
{
	return is_of(claim, root, id);
}

/* --- record --- */

static int write_claim(const struct ids *ids, uint32_t first, const char *directory,
		       const char *text, size_t length, struct err *e)
{
	struct ids_name name = ids_claim_name(first), temporary = temporary_name(first);

	if (mkdirat(ids->fd, directory, 0700) < 0 && errno != EEXIST)
		return fail_sys(e, "make '%s/%s'", ids->path, directory);
	autoclose int fd =
		openat(ids->fd, directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail_sys(e, "open '%s/%s'", ids->path, directory);
	return replace_file_by(fd, name.text, temporary.text, 0600, text, length, e);
}

int ids_record(const char *directory, const struct id_range *range, const char *root,
	       const char *id, struct err *e)
{
	/* Only encoded. */
	const struct ids_claim claim = { .version = STATE_VERSION,
					 .id = (char *)(uintptr_t)id,
					 .root = (char *)(uintptr_t)root };
	struct ids_name name = ids_directory_name(range->first, range->size);
	autoids ids = IDS_INIT;
	autoarena arena = { 0 };
	size_t length;
	char *text;

	if (ids_open(directory, true, &ids, e) < 0 ||
	    fields_encode_text(&ids_claim_fields, &claim, false, &arena, &text, &length, e) < 0)
		return -1;
	for (int tries = 0; tries < ADD_TRIES; tries++) {
		if (write_claim(&ids, range->first, name.text, text, length, e) == 0)
			return 0;
		if (e->sys != ENOENT)
			return -1;
	}
	return err_prefix(e, "'%s/%s' is made and removed again and again", directory, name.text);
}

/* --- remove --- */

/* Locked by another runtime they are free already, and soon its container's: its claim takes the place of ours. */
static int lock_for_removal(const struct ids *ids, const struct id_range *range, struct err *e)
{
	struct deadline deadline = deadline_in(deadline_ms());
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };
	int rc;

	while ((rc = ids_lock(ids, range, F_WRLCK, e)) == 0 && !deadline_is_over(&deadline))
		nanosleep(&pause, NULL);
	return rc;
}

/* 1: it is the container's; 0: it is not. */
static int has_claim(const struct ids *ids, const struct id_range *range, const char *root,
		     const char *id, struct err *e)
{
	struct ids_name directory = ids_directory_name(range->first, range->size);
	struct ids_name name = ids_claim_name(range->first);
	autoarena arena = { 0 };
	struct ids_claim *claim;

	if (ids_read(ids, directory.text, name.text, &arena, &claim, e) < 0)
		return -1;
	return is_of(claim, root, id);
}

static int unlink_claim(const struct ids *ids, const struct id_range *range, struct err *e)
{
	struct ids_name directory = ids_directory_name(range->first, range->size);
	struct ids_name name = ids_claim_name(range->first);
	struct ids_name temporary = temporary_name(range->first);
	autoclose int fd =
		openat(ids->fd, directory.text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : fail_sys(e, "open '%s/%s'", ids->path, directory.text);
	if ((unlinkat(fd, name.text, 0) < 0 && errno != ENOENT) ||
	    (unlinkat(fd, temporary.text, 0) < 0 && errno != ENOENT))
		return fail_sys(e, "remove '%s/%s/%s'", ids->path, directory.text, name.text);
	/* The next claim makes it again. */
	(void)!unlinkat(ids->fd, directory.text, AT_REMOVEDIR);
	return 0;
}

int ids_remove(const char *directory, const struct id_range *range, const char *root,
	       const char *id, struct err *e)
{
	autoids ids = IDS_INIT;
	int rc;

	if (range->size == 0)
		return 0;
	if (ids_open(directory, false, &ids, e) < 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	rc = has_claim(&ids, range, root, id, e);
	if (rc <= 0 || ids.lock < 0)
		return rc < 0 ? -1 : 0;
	rc = lock_for_removal(&ids, range, e);
	if (rc > 0)
		rc = has_claim(&ids, range, root, id, e);
	return rc > 0 ? unlink_claim(&ids, range, e) : rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids that are free (ids.h). The search begins at a place that the container's name gives, so that what one container
 * costs does not grow with the others until the range is nearly full. Runs in the runtime.
 */
#include "state/ids_parts.h"

#include "os/io.h"
#include "os/log.h"

#include <dirent.h>
#include <fcntl.h>

#define HASH_START UINT64_C(0xcbf29ce484222325)
/* Claims of another size that are asked for by name; more are compared by a look at all names. */
#define ASKED_MAX 64

struct search {
	struct ids ids;
	const char *root, *id;
	bool hold;
};

/* FNV-1a, the NUL with it. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
	do
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	while (*text++);
	return hash;
}

/* --- claims in the way --- */

/* What its records say: it is there and has these ids. One that its killed creator has left half made does not count,
 * unless it has a process. What cannot be told counts. */
static bool is_living(const struct ids_claim *claim, uint32_t first)
{
	autoarena arena = { 0 };
	autostatedir dir = STATE_DIR_INIT;
	struct intent_record *intent;
	struct status_record *status;
	struct err e;

	if (state_open(claim->root, claim->id, false, &dir, &e) < 0)
		return e.kind != ERR_NOT_FOUND && e.kind != ERR_USAGE;
	if (state_read_intent(&dir, &arena, &intent, &e) < 0)
		return true;
	if (!intent || intent->ids.first != first)
		return false;
	if (state_read_status(&dir, &arena, &status, &e) < 0)
		return true;
	if (status && status->phase != PHASE_CREATING)
		return true;
	return process_may_run(&intent->owner) || (status && process_may_run(&status->init));
}

/* 1: another container has them. */
static int is_claimed(const struct search *s, const char *directory, uint32_t first, struct err *e)
{
	struct ids_name name = ids_claim_name(first);
	autoarena arena = { 0 };
	struct ids_claim *claim;

	if (ids_read(&s->ids, directory, name.text, &arena, &claim, e) < 0)
		return -1;
	return claim && !ids_claim_is_of(claim, s->root, s->id) && is_living(claim, first);
}

/* --- claims of another size --- */

/* "4096-17" */
static bool parse_directory(const char *name, uint32_t *ret_size, uint32_t *ret_offset)
{
	const char *dash = strchr(name, '-');
	char size[16];

	if (!dash || (size_t)(dash - name) >= sizeof(size))
		return false;
	memcpy(size, name, (size_t)(dash - name));
	size[dash - name] = '\0';
	return parse_u32(size, ret_size) && parse_u32(dash + 1, ret_offset) && *ret_size > 0;
}

static int scan_directory(const struct search *s, const char *directory,
			  const struct id_range *range, uint32_t size, struct err *e)
{
	int fd = openat(s->ids.fd, directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *scan = fd < 0 ? NULL : fdopendir(fd);
	uint64_t end = (uint64_t)range->first + range->size;
	struct dirent *entry;
	uint32_t first;
	int rc = 0, more;

	if (!scan)
		return fd < 0 && errno == ENOENT
			       ? 0
			       : fail_sys(e, "read '%s/%s'", s->ids.path, directory);
	while (rc == 0 && (more = next_entry(scan, directory, &entry, e)) != 0) {
		if (more < 0)
			rc = -1;
		else if (parse_u32(entry->d_name, &first) && first < end &&
			 (uint64_t)first + size > range->first)
			rc = is_claimed(s, directory, first, e);
	}
	closedir(scan);
	return rc;
}

/* 1: a container of that size has some of them. */
static int meets_directory(const struct search *s, const char *directory,
			   const struct id_range *range, struct err *e)
{
	int64_t end = (int64_t)range->first + range->size, first;
	uint32_t size, offset;
	int rc = 0;

	if (!parse_directory(directory, &size, &offset))
		return 0;
	if (range->size / size > ASKED_MAX)
		return scan_directory(s, directory, range, size, e);
	first = range->first - (range->first % size + (int64_t)size - offset) % size;
	for (; rc == 0 && first < end; first += size)
		if (first >= 0)
			rc = is_claimed(s, directory, (uint32_t)first, e);
	return rc;
}

/* 1: another container has some of them. Each size that a policy has named has a directory. */
static int is_taken(const struct search *s, const struct id_range *range, struct err *e)
{
	int fd = openat(s->ids.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *scan = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int rc = 0, more;

	if (!scan)
		return fail_sys(e, "read '%s'", s->ids.path);
	while (rc == 0 && (more = next_entry(scan, s->ids.path, &entry, e)) != 0)
		rc = more < 0 ? -1 : meets_directory(s, entry->d_name, range, e);
	closedir(scan);
	return rc;
}

/* --- */

static int is_unlocked(const struct ids *ids, const struct id_range *range, struct err *e)
{
	struct flock lock = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = range->first,
		.l_len = range->size,
	};

	if (ids->lock < 0)
		return 1;
	if (fcntl(ids->lock, F_OFD_GETLK, &lock) < 0)
		return fail_sys(e, "look for locks in '%s/" IDS_LOCK "'", ids->path);
	return lock.l_type == F_UNLCK;
}

/* 1: free, and locked if they are to be. */
static int try_range(const struct search *s, const struct id_range *range, struct err *e)
{
	int rc = s->hold ? ids_lock(&s->ids, range, F_WRLCK, e) : is_unlocked(&s->ids, range, e);

	if (rc <= 0)
		return rc;
	/* After the lock: what is recorded from now on is of others that cannot have it. */
	rc = is_taken(s, range, e);
	if (rc == 0)
		return 1;
	if (s->hold && (rc < 0 || ids_lock(&s->ids, range, F_UNLCK, e) < 0))
		return -1;
	return rc < 0 ? -1 : 0;
}

int ids_find(const char *directory, const struct policy_ids *ids, const char *root, const char *id,
	     uint32_t *ret_first, int *ret_lock, struct err *e)
{
	uint32_t count = ids->count / ids->size;
	uint64_t start = hash_text(hash_text(HASH_START, root), id);
	struct search s = { .ids = IDS_INIT, .root = root, .id = id, .hold = ret_lock != NULL };
	struct id_range range = { .size = ids->size };
	int rc = ids_open(directory, s.hold, &s.ids, e);

	/* The first container that there is. */
	if (rc < 0 && !s.hold && e->kind == ERR_NOT_FOUND) {
		*ret_first = ids->first + (uint32_t)(start % count) * ids->size;
		return 1;
	}
	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		range.first = ids->first + (uint32_t)((start + i) % count) * ids->size;
		rc = try_range(&s, &range, e);
	}
	if (rc > 0) {
		*ret_first = range.first;
		if (ret_lock)
			*ret_lock = take_fd(&s.ids.lock);
	}
	ids_close(&s.ids);
	return rc;
}

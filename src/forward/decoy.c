/* SPDX-License-Identifier: Apache-2.0 */
/* See decoy.h. Runs in the runtime. */
#include "forward/decoy.h"

#include "base/auto.h"
#include "base/fields.h"
#include "forward/hold.h"
#include "os/io.h"
#include "os/json_file.h"
#include "sys/deadline.h"
#include "sys/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD "decoy.json"
#define RECORD_MAX (1024u * 1024)
/* As often another container may take the directory away in between. */
#define TRIES 100
#define LOCK_PAUSE_US 2000

static const struct field member_rows[] = {
	FIELD(struct forward_member, STRING, root, "root", FIELD_REQUIRED),
	FIELD(struct forward_member, STRING, id, "id", FIELD_REQUIRED),
};
static const struct fields member_fields =
	FIELDS("struct forward_member", struct forward_member, member_rows, 0);

static const struct field decoy_rows[] = {
	FIELD(struct decoy_record, I64, version, "version", FIELD_REQUIRED),
	FIELD(struct decoy_record, U64, decoy, "decoy", FIELD_REQUIRED),
	FIELD(struct decoy_record, STRING, network_path, "networkPath", FIELD_REQUIRED),
	FIELD(struct decoy_record, U64, network, "network", FIELD_REQUIRED),
	FIELD(struct decoy_record, OPT_U32, pair, "pair", 0),
	FIELD(struct decoy_record, STRING, nameserver, "nameserver", 0),
	FIELD(struct decoy_record, STRLIST, ports, "ports", FIELD_SPARSE),
	FIELD_LIST_ROW(struct decoy_record, members, struct forward_member, "members", 0,
		       &member_fields),
};
static const struct fields decoy_fields =
	FIELDS("struct decoy_record", struct decoy_record, decoy_rows, 0);

/* --- the directory --- */

void decoy_place_close(struct decoy_place *place)
{
	close_keep_errno(place->fd);
	close_keep_errno(place->all);
}
/* It may have been taken away between the open and the lock. */
static int lock(const struct decoy_place *place, int *ret_fd, struct err *e)
{
	autoclose int fd = openat(place->all, place->name.text,
				  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct deadline deadline = deadline_in(deadline_ms());
	struct stat st;

	if (fd < 0)
		return errno == ENOENT
			       ? 0
			       : fail_sys(e, "open '%s' among the decoys", place->name.text);
	/* Another container of the same decoy is started, or deleted. */
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail_sys(e, "lock '%s' among the decoys", place->name.text);
		if (deadline_is_over(&deadline))
			return fail(e, ERR_SYSTEM,
				    "'%s' among the decoys is locked by another command",
				    place->name.text);
		usleep(LOCK_PAUSE_US);
	}
	if (fstat(fd, &st) < 0)
		return fail_sys(e, "look at '%s' among the decoys", place->name.text);
	if (st.st_nlink == 0)
		return 0;
	*ret_fd = take_fd(&fd);
	return 1;
}

int decoy_place_open(const char *directory, uint64_t decoy, bool create, struct decoy_place *place,
		     struct err *e)
{
	place->name = decoy_name(decoy);
	if (trusted_directory_open("directory of decoys", directory, create, 0755, &place->all, e) <
	    0)
		return !create && e->kind == ERR_NOT_FOUND ? 0 : -1;
	for (int tries = 0; tries < TRIES; tries++) {
		if (create && mkdirat(place->all, place->name.text, 0755) < 0 && errno != EEXIST)
			return fail_sys(e, "make '%s/%s'", directory, place->name.text);
		int rc = lock(place, &place->fd, e);
		if (rc != 0 || !create)
			return rc;
	}
	return fail(e, ERR_SYSTEM, "'%s/%s' is made and removed again and again", directory,
		    place->name.text);
}

/* --- the record --- */

struct decoy_record *decoy_record_read(const struct decoy_place *place, struct arena *arena)
{
	autojsonfile file = { 0 };
	struct json_value *root = NULL;
	struct decoy_record *record = arena_new(arena, struct decoy_record);
	struct err unusable;

	if (json_file_read(place->fd, RECORD, RECORD, RECORD_MAX, &file, &unusable) < 0 ||
	    json_parse(&file.source, arena, &root, &unusable) < 0 ||
	    fields_decode(&decoy_fields, &file.source, root, arena, record, &unusable) < 0)
		return NULL;
	return record;
}

int decoy_record_write(const struct decoy_place *place, const struct decoy_record *record,
		       struct arena *arena, struct err *e)
{
	size_t length;
	char *text;

	if (fields_encode_text(&decoy_fields, record, false, arena, &text, &length, e) < 0)
		return -1;
	return replace_file_by(place->fd, RECORD, "." RECORD, 0644, text, length, e);
}

int decoy_record_remove(const struct decoy_place *place, struct err *e)
{
	if (hold_release(place->fd, e) < 0)
		return -1;
	(void)!unlinkat(place->fd, "." RECORD, 0);
	if (unlinkat(place->fd, RECORD, 0) < 0 && errno != ENOENT)
		return fail_sys(e, "remove '%s/" RECORD "'", place->name.text);
	if (unlinkat(place->all, place->name.text, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return fail_sys(e, "remove '%s' among the decoys", place->name.text);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See decoy.h. Runs in the runtime. */
#include "forward/decoy.h"

#include "base/auto.h"
#include "base/fields.h"
#include "forward/hold.h"
#include "os/io.h"
#include "os/json_file.h"
#include "sys/directory.h"
#include "sys/locked_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RECORD "decoy.json"
#define RECORD_MAX (1024u * 1024)

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
	FIELD(struct decoy_record, BOOL, own_ports, "ownPorts", FIELD_SPARSE),
	FIELD(struct decoy_record, STRLIST, addresses, "addresses", FIELD_SPARSE),
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

int decoy_place_open(const char *directory, uint64_t decoy, bool create, struct decoy_place *place,
		     struct err *e)
{
	place->name = decoy_name(decoy);
	place->directory = directory;
	if (trusted_directory_open("directory of decoys", directory, create, 0755, &place->all, e) <
	    0)
		return !create && e->kind == ERR_NOT_FOUND ? 0 : -1;
	return locked_directory_open(place->all, place->name.text, "decoys", create, &place->fd, e);
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

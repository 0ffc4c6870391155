/* SPDX-License-Identifier: Apache-2.0 */
/* See pool_record.h. Runs in the runtime. */
#include "address/pool_record.h"

#include "base/auto.h"
#include "base/fields.h"
#include "os/io.h"
#include "os/json_file.h"
#include "sys/directory.h"
#include "sys/locked_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define RECORD "pool.json"
#define RECORD_VERSION 1
#define ADDRESSES_MAX 2
#define NO_ADDRESS "-"
#define RECORD_MAX (64u * 1024 * 1024)

/* As it is written: an entry is one text, because a network may have thousands, and each start of a container reads them. */
struct record_file {
	int64_t version;
	uint64_t network;
	char *v4, *v6;
	uint32_t next;
	struct strlist held,
		left;          /* "INDEX ADDRESS[,ADDRESS] ID ROOT": only the last one has blanks */
	struct strlist shared; /* "INDEX ID ROOT", of an entry of those */
};
static const struct field file_rows[] = {
	FIELD(struct record_file, I64, version, "version", FIELD_REQUIRED),
	FIELD(struct record_file, U64, network, "network", FIELD_REQUIRED),
	FIELD(struct record_file, STRING, v4, "v4", 0),
	FIELD(struct record_file, STRING, v6, "v6", 0),
	FIELD(struct record_file, U32, next, "next", FIELD_REQUIRED),
	FIELD(struct record_file, STRLIST, held, "held", FIELD_SPARSE),
	FIELD(struct record_file, STRLIST, left, "left", FIELD_SPARSE),
	FIELD(struct record_file, STRLIST, shared, "shared", FIELD_SPARSE),
};
static const struct fields file_fields =
	FIELDS("struct record_file", struct record_file, file_rows, 0);

/* --- the directory --- */

void pool_place_close(struct pool_place *place)
{
	close_keep_errno(place->fd);
	close_keep_errno(place->all);
}

static int open_all(const char *directory, uint64_t network, bool create, struct pool_place *place,
		    struct err *e)
{
	snprintf(place->name, sizeof(place->name), "%016llx", (unsigned long long)network);
	if (trusted_directory_open("directory of addresses", directory, create, 0755, &place->all,
				   e) < 0)
		return !create && e->kind == ERR_NOT_FOUND ? 0 : -1;
	return 1;
}

int pool_place_open(const char *directory, uint64_t network, bool create, struct pool_place *place,
		    struct err *e)
{
	int rc = open_all(directory, network, create, place, e);

	return rc <= 0 ? rc
		       : locked_directory_open(place->all, place->name, "addresses of networks",
					       create, &place->fd, e);
}

int pool_place_look(const char *directory, uint64_t network, struct pool_place *place,
		    struct err *e)
{
	int rc = open_all(directory, network, false, place, e);

	if (rc <= 0)
		return rc;
	place->fd =
		openat(place->all, place->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (place->fd < 0)
		return errno == ENOENT ? 0 : fail_sys(e, "open '%s/%s'", directory, place->name);
	return 1;
}

/* --- entries as texts --- */

static bool read_addresses(char *texts, struct arena *arena, struct strlist *ret)
{
	ret->v = arena_new_array(arena, char *, ADDRESSES_MAX);
	ret->n = 0;
	if (str_eq(texts, NO_ADDRESS))
		return true;
	while (texts && ret->n < ADDRESSES_MAX)
		ret->v[ret->n++] = strsep(&texts, ",");
	return !texts;
}

static bool read_entries(const struct strlist *texts, bool left, struct arena *arena,
			 struct pool_record *record)
{
	for (size_t i = 0; i < texts->n; i++) {
		struct pool_entry *entry = &record->entries.v[record->entries.n++];
		char *rest = arena_strdup(arena, texts->v[i]), *index = strsep(&rest, " "),
		     *addresses = rest ? strsep(&rest, " ") : NULL;

		entry->text = texts->v[i];
		entry->left = left;
		entry->id = rest ? strsep(&rest, " ") : NULL;
		entry->root = rest;
		if (!rest || !parse_u32(index, &entry->index) ||
		    !read_addresses(addresses, arena, &entry->addresses))
			return false;
	}
	return true;
}

static bool read_shared(const struct strlist *texts, struct arena *arena,
			struct pool_record *record)
{
	for (size_t i = 0; i < texts->n; i++) {
		char *rest = texts->v[i], *number = strsep(&rest, " "),
		     *id = rest ? strsep(&rest, " ") : NULL;
		size_t k = 0;
		uint32_t index;

		if (!rest || !parse_u32(number, &index))
			return false;
		while (k < record->entries.n && record->entries.v[k].index != index)
			k++;
		if (k == record->entries.n)
			return false;
		pool_entry_add(&record->entries.v[k], rest, id, arena);
	}
	return true;
}

static int read_record(int directory, struct arena *arena, struct pool_record *ret, struct err *e)
{
	autojsonfile file = { 0 };
	struct json_value *root = NULL;
	struct record_file said;

	if (json_file_read(directory, RECORD, RECORD, RECORD_MAX, &file, e) < 0)
		return e->sys == ENOENT ? 0 : -1;
	if (json_parse(&file.source, arena, &root, e) < 0 ||
	    fields_decode(&file_fields, &file.source, root, arena, &said, e) < 0)
		return -1;
	*ret = (struct pool_record){ .v4 = said.v4, .v6 = said.v6, .next = said.next };
	ret->entries.v = arena_new_array(arena, struct pool_entry, said.held.n + said.left.n + 1);
	if (!read_entries(&said.held, false, arena, ret) ||
	    !read_entries(&said.left, true, arena, ret) || !read_shared(&said.shared, arena, ret))
		return fail(e, ERR_STATE, RECORD " has what is not an entry");
	return 1;
}

static char *entry_text(const struct pool_entry *entry, struct arena *arena)
{
	const char *more = entry->addresses.n > 1 ? entry->addresses.v[1] : NULL;

	if (entry->text)
		return entry->text;
	return arena_printf(arena, "%u %s%s%s %s %s", entry->index,
			    entry->addresses.n ? entry->addresses.v[0] : NO_ADDRESS,
			    more ? "," : "", more ? more : "", entry->id, entry->root);
}

static void put_record(const struct pool_record *record, struct arena *arena,
		       struct record_file *ret)
{
	size_t shared = 0;

	*ret = (struct record_file){ .version = RECORD_VERSION,
				     .network = record->network,
				     .v4 = record->v4,
				     .v6 = record->v6,
				     .next = record->next };
	ret->held.v = arena_new_array(arena, char *, record->entries.n);
	ret->left.v = arena_new_array(arena, char *, record->entries.n);
	for (size_t i = 0; i < record->entries.n; i++) {
		const struct pool_entry *entry = &record->entries.v[i];
		struct strlist *list = entry->left ? &ret->left : &ret->held;

		list->v[list->n++] = entry_text(entry, arena);
		shared += entry->others.n;
	}
	ret->shared.v = arena_new_array(arena, char *, shared);
	for (size_t i = 0; i < record->entries.n; i++) {
		const struct pool_entry *entry = &record->entries.v[i];

		for (size_t k = 0; k < entry->others.n; k++)
			ret->shared.v[ret->shared.n++] =
				arena_printf(arena, "%u %s %s", entry->index, entry->others.v[k].id,
					     entry->others.v[k].root);
	}
}

/* --- the record --- */

int pool_record_read(const struct pool_place *place, uint64_t network, struct arena *arena,
		     struct pool_record **ret, struct err *e)
{
	struct pool_record *record = arena_new(arena, struct pool_record);

	if (read_record(place->fd, arena, record, e) < 0)
		return err_prefix(
			e,
			"the record of the addresses of a network, '%s' among those in the run directory, cannot be used; remove it when none of its containers is left",
			place->name);
	record->network = network;
	*ret = record;
	return 0;
}

int pool_record_write(const struct pool_place *place, const struct pool_record *record,
		      struct arena *arena, struct err *e)
{
	struct record_file file;
	size_t length;
	char *text;

	put_record(record, arena, &file);
	if (fields_encode_text(&file_fields, &file, false, arena, &text, &length, e) < 0)
		return -1;
	return replace_file_by(place->fd, RECORD, "." RECORD, 0644, text, length, e);
}

void pool_entry_add(struct pool_entry *entry, char *root, char *id, struct arena *arena)
{
	const size_t n = entry->others.n;
	struct pool_holder *v = arena_new_array(arena, struct pool_holder, n + 1);

	if (n)
		memcpy(v, entry->others.v, n * sizeof(*v));
	v[n] = (struct pool_holder){ root, id };
	entry->others.v = v;
	entry->others.n++;
}

bool pool_entry_is_held(const struct pool_entry *entry)
{
	return !entry->left || entry->others.n > 0;
}

static bool is_over(int directory, const struct pool_record *now)
{
	autoarena arena = { 0 };
	struct pool_record record = { 0 };
	struct err unreadable;
	int rc = read_record(directory, &arena, &record, &unreadable);

	if (rc < 0 || (rc > 0 && (!str_eq(record.v4, now->v4) || !str_eq(record.v6, now->v6))))
		return false;
	for (size_t i = 0; i < record.entries.n; i++)
		if (pool_entry_is_held(&record.entries.v[i]))
			return false;
	return true;
}

void pool_records_clean(const struct pool_place *place, const struct pool_record *record)
{
	autoclose int again = openat(place->all, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *all = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;

	if (all)
		(void)take_fd(&again);
	while (all && (entry = readdir(all))) {
		autoclose int fd = -1;

		if (entry->d_name[0] == '.' || str_eq(entry->d_name, place->name))
			continue;
		fd = openat(place->all, entry->d_name,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		/* one that another command has to do with is not over */
		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || !is_over(fd, record))
			continue;
		(void)!unlinkat(fd, "." RECORD, 0);
		(void)!unlinkat(fd, RECORD, 0);
		(void)!unlinkat(place->all, entry->d_name, AT_REMOVEDIR);
	}
}

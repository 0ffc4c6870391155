/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry of members (registry.h): "COOKIE-HASH.json", one file a container. Runs in the runtime.
 */
#include "state/registry.h"

#include "state/record.h"
#include "sys/directory.h"

#include "os/io.h"
#include "os/log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#define MEMBER_MAX (1u << 20)
#define MEMBER_NAME_SIZE 64

/* "-" + 16 hexadecimal digits + ".json" */
struct member_suffix {
	char text[32];
};

const char *registry_default_directory(bool rootless, struct arena *arena)
{
	const char *runtime_directory = rootless ? getenv("XDG_RUNTIME_DIR") : NULL;

	if (runtime_directory && runtime_directory[0] == '/')
		return arena_printf(arena, "%s/distro-shim/members", runtime_directory);
	return arena_strdup(arena, "/run/distro-shim/members");
}

/* FNV-1a, 64 bits. Two containers with one hash are told apart by what is in the file. */
static uint64_t hash_bytes(uint64_t hash, const char *data, size_t length)
{
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)data[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static struct member_suffix suffix_of(const char *root, const char *id)
{
	struct member_suffix suffix;
	/* With the NUL between them, so that "/a" + "bc" is not "/ab" + "c". */
	uint64_t hash = hash_bytes(UINT64_C(0xcbf29ce484222325), root, strlen(root) + 1);

	hash = hash_bytes(hash, id, strlen(id));
	snprintf(suffix.text, sizeof(suffix.text), "-%016" PRIx64 ".json", hash);
	return suffix;
}

static int open_directory(const char *directory, bool create, int *ret_fd, struct err *e)
{
	return trusted_directory_open("registry of members", directory, create, 0755, ret_fd, e);
}

/*
 * *ret = NULL if the entry is gone, damaged or of a newer version: it tells nothing then. That it
 * cannot be read because descriptors ran out is different: a running member must not be overlooked.
 */
static int read_member(int fd, const char *name, struct arena *arena, struct member_record **ret,
		       struct err *e)
{
	autofree char *text = NULL;
	size_t length;
	void *record = NULL;
	struct stat status;
	struct err reason;

	autoclose int file =
		openat(fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file < 0 && errno != ENOENT && errno != ELOOP)
		return fail_sys(e, "open '%s'", name);
	if (file >= 0 && fstat(file, &status) < 0)
		return fail_sys(e, "look at '%s'", name);
	if (file < 0 || !S_ISREG(status.st_mode)) {
		*ret = NULL;
		return 0;
	}
	if (read_fd_all(file, name, MEMBER_MAX, &text, &length, &reason) < 0) {
		if (reason.sys != EFBIG) {
			*e = reason;
			return -1;
		}
		log_debug("registry of members: left out: %s", reason.text);
	} else if (record_decode(&member_fields, name, text, length, arena, &record, &reason) < 0) {
		log_debug("registry of members: left out: %s", reason.text);
	}
	*ret = record;
	return 0;
}

/* Whether an entry with the right suffix is another container's, whose hash is the same. */
static int is_of_another(int fd, const char *name, const char *root, const char *id, bool *ret,
			 struct err *e)
{
	struct arena arena = { 0 };
	struct member_record *member = NULL;

	int rc = read_member(fd, name, &arena, &member, e);
	if (rc == 0)
		*ret = member && (!str_eq(member->root, root) || !str_eq(member->id, id));
	arena_release(&arena);
	return rc;
}

/* Remove the container's entries but `keep` (may be NULL), and what replace_file_at() has left of them
 * where it was killed (".COOKIE-HASH.json.*"). */
static int remove_entries(int fd, const char *directory, const char *root, const char *id,
			  const char *keep, struct err *e)
{
	struct member_suffix suffix = suffix_of(root, id);
	int scan_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *scan = scan_fd < 0 ? NULL : fdopendir(scan_fd);
	struct dirent *entry;
	int rc;

	if (!scan) {
		fail_sys(e, "read registry of members '%s'", directory);
		close_keep_errno(scan_fd);
		return -1;
	}
	while ((rc = next_entry(scan, "the registry of members", &entry, e)) > 0) {
		const char *name = entry->d_name;
		bool entire = name[0] != '.' && str_has_suffix(name, suffix.text);
		bool temporary = name[0] == '.' && strstr(name, suffix.text);
		bool another = false;
		if ((!entire && !temporary) || str_eq(name, keep))
			continue;
		if (entire && is_of_another(fd, name, root, id, &another, e) < 0)
			return -1;
		if (entire && another)
			continue;
		if (unlinkat(fd, name, 0) < 0 && errno != ENOENT)
			return fail_sys(e, "remove '%s/%s'", directory, name);
	}
	return rc;
}

int registry_add(const char *directory, const struct member_record *member, struct err *e)
{
	struct member_suffix suffix = suffix_of(member->root, member->id);
	struct arena arena = { 0 };
	autoclose int fd = -1;
	char name[MEMBER_NAME_SIZE];
	char *text;
	size_t length;
	bool another;

	if (open_directory(directory, true, &fd, e) < 0)
		return -1;
	if (str_format(name, sizeof(name), e, "%" PRIu64 "%s", member->network_cookie,
		       suffix.text) < 0)
		return -1;
	if (is_of_another(fd, name, member->root, member->id, &another, e) < 0)
		return -1;
	if (another)
		return fail(
			e, ERR_STATE,
			"container %s: its entry '%s/%s' is another container's; use another id",
			member->id, directory, name);
	int rc = fields_encode_text(&member_fields, member, true, &arena, &text, &length, e);
	if (rc >= 0 && length > MEMBER_MAX)
		rc = fail(e, ERR_CONFIG, "container %s: its entry in '%s' would have %zu bytes",
			  member->id, directory, length);
	if (rc >= 0 && replace_file_at(fd, name, 0644, text, length, e) < 0)
		rc = err_prefix(e, "registry of members '%s'", directory);
	arena_release(&arena);
	if (rc < 0)
		return -1;
	/* One container, one entry: an earlier one with another cookie goes, after the new one stands. */
	return remove_entries(fd, directory, member->root, member->id, name, e);
}

int registry_remove(const char *directory, const char *root, const char *id, struct err *e)
{
	autoclose int fd = -1;

	if (open_directory(directory, false, &fd, e) < 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	return remove_entries(fd, directory, root, id, NULL, e);
}

/* 1: it runs; 0: it is dead; -1: cannot be told. */
static int is_living(const struct member_record *member, struct err *e)
{
	autoclose int pidfd = process_open(&member->init, e);

	if (pidfd >= 0)
		return 1;
	return e->kind == ERR_NOT_FOUND ? 0 : -1;
}

static bool is_entry(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && str_has_suffix(entry->d_name, ".json");
}

static void add_member(struct members *members, size_t *capacity, struct arena *arena,
		       const struct member_record *member)
{
	if (members->n == *capacity) {
		size_t larger = *capacity ? *capacity * 2 : 8;
		struct member_record *v = arena_new_array(arena, struct member_record, larger);
		if (members->n)
			memcpy(v, members->v, members->n * sizeof(*v));
		members->v = v;
		*capacity = larger;
	}
	members->v[members->n++] = *member;
}

/* Which entries are asked for. */
struct wanted {
	const char *network_path; /* NULL: any */
	uint64_t not_in;          /* cookie of a network whose members are not read; 0: none */
	bool dead;                /* those of dead processes, too */
};

/* By the name alone, so that what it costs does not grow with the members of that network. */
static bool is_in(const struct dirent *entry, uint64_t cookie)
{
	char prefix[MEMBER_NAME_SIZE];

	snprintf(prefix, sizeof(prefix), "%" PRIu64 "-", cookie);
	return str_has_prefix(entry->d_name, prefix);
}

static int read_members(const char *directory, const struct wanted *wanted, struct arena *arena,
			struct members *ret, struct err *e)
{
	struct members members = { 0 };
	size_t capacity = 0;
	autoclose int fd = -1;

	if (open_directory(directory, false, &fd, e) < 0) {
		if (e->kind != ERR_NOT_FOUND)
			return -1;
		*ret = members;
		return 0;
	}
	autoclosedir DIR *scan = fdopendir(fd);
	if (!scan)
		return fail_sys(e, "read registry of members '%s'", directory);
	take_fd(&fd);

	struct dirent *entry;
	int rc;
	while ((rc = next_entry(scan, "the registry of members", &entry, e)) > 0) {
		if (!is_entry(entry) || (wanted->not_in && is_in(entry, wanted->not_in)))
			continue;
		struct member_record *member;
		if (read_member(dirfd(scan), entry->d_name, arena, &member, e) < 0)
			return err_prefix(e, "registry of members '%s'", directory);
		if (!member ||
		    (wanted->network_path && !str_eq(member->network_path, wanted->network_path)))
			continue;
		int living = wanted->dead ? 1 : is_living(member, e);
		if (living < 0)
			return err_prefix(e, "registry of members '%s': %s", directory,
					  entry->d_name);
		if (living)
			add_member(&members, &capacity, arena, member);
	}
	if (rc < 0)
		return -1;
	*ret = members;
	return 0;
}

int registry_living(const char *directory, const char *network_path, struct arena *arena,
		    struct members *ret, struct err *e)
{
	const struct wanted wanted = { .network_path = network_path };

	return read_members(directory, &wanted, arena, ret, e);
}

int registry_elsewhere(const char *directory, const char *network_path, uint64_t cookie,
		       struct arena *arena, struct members *ret, struct err *e)
{
	const struct wanted wanted = { .network_path = network_path, .not_in = cookie };

	return read_members(directory, &wanted, arena, ret, e);
}

int registry_all(const char *directory, struct arena *arena, struct members *ret, struct err *e)
{
	const struct wanted wanted = { .dead = true };

	return read_members(directory, &wanted, arena, ret, e);
}

/* What a root is to a search. */
struct searched {
	const char *root, *id;
	struct stat status; /* of the root; st_ino 0: it is not there */
};

/* By the directory too: one root has several spellings where a link leads to it (/var/run). */
static bool is_searched(const struct member_record *member, const struct searched *searched)
{
	struct stat status;

	if (!str_eq(member->id, searched->id))
		return false;
	return str_eq(member->root, searched->root) ||
	       (searched->status.st_ino && stat(member->root, &status) == 0 &&
		status.st_dev == searched->status.st_dev &&
		status.st_ino == searched->status.st_ino);
}

/* 1: it is the one that is looked for; -1: it could be, and cannot be read. */
static int match_entry(int fd, const char *name, const struct searched *searched,
		       struct arena *arena, struct member_record **ret, struct err *e)
{
	struct member_suffix suffix = suffix_of(searched->root, searched->id);
	struct stat status;

	if (read_member(fd, name, arena, ret, e) < 0)
		return -1;
	if (*ret)
		return is_searched(*ret, searched);
	if (str_has_suffix(name, suffix.text) &&
	    fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return fail(e, ERR_STATE, "'%s' is damaged", name);
	return 0;
}

static int find_in(DIR *scan, const struct searched *searched, struct arena *arena,
		   struct member_record **ret, int *ret_pidfd, struct err *e)
{
	struct dirent *entry;
	int rc;

	while ((rc = next_entry(scan, "the directory", &entry, e)) > 0) {
		struct member_record *member = NULL;
		if (!is_entry(entry))
			continue;
		rc = match_entry(dirfd(scan), entry->d_name, searched, arena, &member, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			continue;
		int pidfd = process_open(&member->init, e);
		if (pidfd < 0 && e->kind != ERR_NOT_FOUND)
			return -1;
		*ret = member;
		/* An entry of one that has ended may be left of an earlier container with the name. */
		if (pidfd >= 0) {
			*ret_pidfd = pidfd;
			return 0;
		}
	}
	return rc;
}

int registry_find(const char *directory, const char *root, const char *id, struct arena *arena,
		  struct member_record **ret, int *ret_pidfd, struct err *e)
{
	struct searched searched = { .root = root, .id = id };
	struct member_record *found = NULL;
	int pidfd = -1;
	autoclose int fd = -1;

	if (open_directory(directory, false, &fd, e) < 0) {
		/* Not there, or not the caller's, who then has never written to it (registry_add()). */
		if (e->kind != ERR_NOT_FOUND && e->sys)
			return -1;
		*ret = NULL;
		*ret_pidfd = -1;
		return 0;
	}
	if (stat(root, &searched.status) < 0)
		searched.status.st_ino = 0;
	autoclosedir DIR *scan = fdopendir(fd);
	if (!scan)
		return fail_sys(e, "read registry of members '%s'", directory);
	take_fd(&fd);
	if (find_in(scan, &searched, arena, &found, &pidfd, e) < 0)
		return err_prefix(e, "registry of members '%s'", directory);
	*ret = found;
	*ret_pidfd = pidfd;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See registry_parts.h. Runs in the runtime. */
#include "state/registry_parts.h"

#include "os/io.h"
#include "os/log.h"
#include "state/record.h"
#include "sys/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#define LIST_SIZE 4096

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* FNV-1a, 64 bits. Two containers with one hash are told apart by what is in the file. */
static uint64_t hash_bytes(uint64_t hash, const char *data, size_t length)
{
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)data[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t hash_of(const char *text)
{
	return hash_bytes(HASH_START, text, strlen(text));
}

/* A member with a network of its own: all of them lie together, whatever the cookie. */
struct entry_name network_name(const char *path, uint64_t cookie)
{
	struct entry_name name;

	snprintf(name.text, sizeof(name.text), "%016" PRIx64 "-%" PRIu64, hash_of(path ? path : ""),
		 path ? cookie : 0);
	return name;
}

struct entry_name member_name(const char *root, const char *id)
{
	struct entry_name name;

	snprintf(name.text, sizeof(name.text), "%016" PRIx64 "-%016" PRIx64 ".json", hash_of(id),
		 hash_of(root));
	return name;
}

/* With the NUL between them, so that "/a" + "bc" is not "/ab" + "c". */
struct entry_name old_suffix(const char *root, const char *id)
{
	struct entry_name name;
	uint64_t hash = hash_bytes(HASH_START, root, strlen(root) + 1);

	snprintf(name.text, sizeof(name.text), "-%016" PRIx64 ".json",
		 hash_bytes(hash, id, strlen(id)));
	return name;
}

struct entry_name temporary_name(const char *root, const char *id)
{
	struct entry_name name;

	snprintf(name.text, sizeof(name.text), ".%016" PRIx64 "-%016" PRIx64 ".json", hash_of(id),
		 hash_of(root));
	return name;
}

bool network_is_of_path(const char *network, const char *path)
{
	struct entry_name name = network_name(path, 0);

	return strncmp(network, name.text, strcspn(name.text, "-") + 1) == 0;
}

void registry_close(struct registry *r)
{
	if (r->fd >= 0)
		close_keep_errno(r->fd);
}

static void add_name(struct arena *arena, struct strlist *list, const char *name)
{
	/* grows where it holds a power of two */
	if ((list->n & (list->n - 1)) == 0) {
		char **v = arena_new_array(arena, char *, list->n ? 2 * list->n : 1);

		if (list->n)
			memcpy(v, list->v, list->n * sizeof(*v));
		list->v = v;
	}
	list->v[list->n++] = arena_strdup(arena, name);
}

/* Not by readdir(3), which takes memory and calls of its own for what is a handful of names. */
static int list_names(int fd, const char *path, struct arena *arena, struct strlist *files,
		      struct strlist *directories, struct err *e)
{
	_Alignas(struct dirent64) char buffer[LIST_SIZE];
	ssize_t length;

	while ((length = getdents64(fd, buffer, sizeof(buffer))) > 0) {
		for (ssize_t at = 0; at < length;) {
			const struct dirent64 *entry = (const void *)(buffer + at);

			at += entry->d_reclen;
			if (strstr(entry->d_name, ".json"))
				add_name(arena, files, entry->d_name);
			else if (directories && entry->d_name[0] != '.')
				add_name(arena, directories, entry->d_name);
		}
	}
	/* ENOENT: it was removed meanwhile, with nothing in it */
	return length < 0 && errno != ENOENT ? fail_sys(e, "read registry of members '%s'", path)
					     : 0;
}

int registry_open(const char *directory, bool create, struct arena *arena, struct registry *ret,
		  struct err *e)
{
	ret->path = directory;
	if (trusted_directory_open("registry of members", directory, create, 0755, &ret->fd, e) < 0)
		return -1;
	return list_names(ret->fd, directory, arena, &ret->old, &ret->networks, e);
}

int registry_open_network(const struct registry *r, const char *name, int *ret_fd, struct err *e)
{
	autoclose int fd = openat(r->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0)
		return fail_sys(e, "open '%s/%s'", r->path, name);
	if (trusted_directory_check(fd, "registry of members", r->path, e) < 0)
		return -1;
	*ret_fd = take_fd(&fd);
	return 1;
}

int registry_list_entries(const struct registry *r, int fd, struct arena *arena,
			  struct strlist *ret, struct err *e)
{
	return list_names(fd, r->path, arena, ret, NULL, e);
}

int registry_read_entry(int fd, const char *name, struct arena *arena, struct member_record **ret,
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
	if (read_fd_sized(file, name, MEMBER_MAX, (size_t)status.st_size, &text, &length, &reason) <
	    0) {
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

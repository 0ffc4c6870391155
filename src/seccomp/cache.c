/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled filters are kept, since compiling an engine's profile is the largest part of a start. One file
 * a filter, named by a hash of everything that it depends on. A file decides what a container may do, so
 * it is believed only if it can have been written by the caller alone, and it says itself what it is and
 * that it is whole. Any other file there is not an error: the filter is compiled again and the file
 * replaced. Runs in the runtime.
 */
#include "seccomp/parts.h"

#include "base/auto.h"
#include "os/io.h"
#include "os/log.h"
#include "sys/directory.h"

#include <fcntl.h>
#include <limits.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#ifndef PACKAGE_VERSION
#error "PACKAGE_VERSION is not defined: configure puts it into config.h, which the Makefile includes"
#endif

#define CACHE_WHAT "cache of seccomp filters"
#define CACHE_SUFFIX ".bpf"
/* The oldest go. With the longest program that the kernel takes this is 2 MiB. */
#define CACHE_FILES_MAX 64

/* What a file begins with; then come the instructions. In the byte order of the machine: it does not
 * outlive it. A new layout, and another way to make programs of rules, gets a new magic. */
struct cache_header {
	char magic[8];
	uint8_t key[SHA256_BYTES];
	uint8_t digest[SHA256_BYTES]; /* of magic, key, count and instructions */
	uint64_t count;
};
static const char cache_magic[8] = "DSHIMBP2";

struct cache_name {
	char text[2 * SHA256_BYTES + sizeof(CACHE_SUFFIX)];
};

const char *seccomp_cache_directory(bool rootless, struct arena *arena)
{
	const char *runtime_directory = getenv("XDG_RUNTIME_DIR");

	if (!rootless)
		return arena_strdup(arena, "/run/distro-shim/seccomp");
	if (!runtime_directory || runtime_directory[0] != '/')
		return NULL;
	return arena_printf(arena, "%s/distro-shim/seccomp", runtime_directory);
}

/* --- the key --- */

static void add_number(struct sha256 *hash, uint64_t number)
{
	sha256_add(hash, &number, sizeof(number));
}

/* With its length, so that no two lists of texts look alike. */
static void add_text(struct sha256 *hash, const char *text)
{
	add_number(hash, strlen(text));
	sha256_add(hash, text, strlen(text));
}

static void add_list(struct sha256 *hash, const struct strlist *list)
{
	add_number(hash, list->n);
	for (size_t i = 0; i < list->n; i++)
		add_text(hash, list->v[i]);
}

static void add_rule(struct sha256 *hash, const struct plan_seccomp_rule *rule)
{
	add_number(hash, (uint64_t)rule->action);
	add_number(hash, rule->value);
	add_list(hash, &rule->names);
	add_number(hash, rule->conditions.n);
	for (size_t i = 0; i < rule->conditions.n; i++) {
		const struct plan_seccomp_condition *condition = &rule->conditions.v[i];

		add_number(hash, condition->index);
		add_number(hash, (uint64_t)condition->op);
		add_number(hash, condition->mask);
		add_number(hash, condition->value);
	}
}

struct cache_key seccomp_cache_key(const struct plan_seccomp *plan)
{
	const struct scmp_version *version = seccomp_version();
	struct utsname kernel = { 0 };
	struct cache_key key;
	struct sha256 hash;

	sha256_init(&hash);
	add_text(&hash, PACKAGE_VERSION);
#ifdef DISTRO_SHIM_COMMIT
	add_text(&hash, DISTRO_SHIM_COMMIT);
#endif
	sha256_add(&hash, cache_magic, sizeof(cache_magic));
	add_number(&hash, version->major);
	add_number(&hash, version->minor);
	add_number(&hash, version->micro);
	/* libseccomp asks the kernel what it can do. */
	uname(&kernel);
	add_text(&hash, kernel.release);
	add_text(&hash, kernel.version);
	add_number(&hash, seccomp_arch_native());
	add_number(&hash, (uint64_t)plan->default_action);
	add_number(&hash, plan->default_value);
	add_list(&hash, &plan->architectures);
	add_number(&hash, plan->rules.n);
	for (size_t i = 0; i < plan->rules.n; i++)
		add_rule(&hash, &plan->rules.v[i]);
	sha256_finish(&hash, key.bytes);
	return key;
}

static struct cache_name name_of(const struct cache_key *key)
{
	struct cache_name name = { 0 };

	for (size_t i = 0; i < SHA256_BYTES; i++)
		snprintf(name.text + 2 * i, 3, "%02x", key->bytes[i]);
	memcpy(name.text + 2 * SHA256_BYTES, CACHE_SUFFIX, sizeof(CACHE_SUFFIX));
	return name;
}

static void digest_of(const struct cache_header *header, const struct sock_filter *v,
		      uint8_t ret[SHA256_BYTES])
{
	struct sha256 hash;

	sha256_init(&hash);
	sha256_add(&hash, header->magic, sizeof(header->magic));
	sha256_add(&hash, header->key, sizeof(header->key));
	sha256_add(&hash, &header->count, sizeof(header->count));
	sha256_add(&hash, v, header->count * sizeof(*v));
	sha256_finish(&hash, ret);
}

/* --- finding --- */

/* NULL: it can be believed as far as its owner goes. */
static const char *stranger(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "is not a regular file";
	if (st->st_uid != geteuid())
		return "belongs to another user";
	if (st->st_nlink != 1)
		return "has another name";
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return "can be written by others";
	if (st->st_size <= (off_t)sizeof(struct cache_header) ||
	    st->st_size > (off_t)(sizeof(struct cache_header) +
				  BPF_MAXINSNS * sizeof(struct sock_filter)))
		return "has a wrong size";
	return NULL;
}

static const char *damage(const char *bytes, size_t length, const struct cache_key *key,
			  struct arena *arena, struct seccomp_program *ret)
{
	struct cache_header header;
	struct sock_filter *v;
	uint8_t digest[SHA256_BYTES];

	if (length <= sizeof(header))
		return "is cut short";
	memcpy(&header, bytes, sizeof(header));
	if (memcmp(header.magic, cache_magic, sizeof(cache_magic)) != 0)
		return "is not a filter";
	if (memcmp(header.key, key->bytes, sizeof(header.key)) != 0)
		return "belongs to another profile";
	if (header.count == 0 || header.count > BPF_MAXINSNS ||
	    length != sizeof(header) + header.count * sizeof(*v))
		return "has a wrong length";
	v = arena_new_array(arena, struct sock_filter, header.count);
	memcpy(v, bytes + sizeof(header), header.count * sizeof(*v));
	digest_of(&header, v, digest);
	if (memcmp(header.digest, digest, sizeof(digest)) != 0)
		return "is damaged";
	ret->n = header.count;
	ret->v = v;
	return NULL;
}

bool seccomp_cache_find(const char *directory, const struct cache_key *key, struct arena *arena,
			struct seccomp_program *ret)
{
	struct cache_name name = name_of(key);
	autoclose int dirfd = -1, fd = -1;
	autofree char *bytes = NULL;
	const char *problem;
	size_t length;
	struct stat st;
	struct err e;

	if (trusted_directory_open(CACHE_WHAT, directory, false, 0700, &dirfd, &e) < 0) {
		if (e.kind != ERR_NOT_FOUND)
			log_warning("seccomp: %s", e.text);
		return false;
	}
	/* O_NONBLOCK: a FIFO is opened without waiting for a writer. */
	fd = openat(dirfd, name.text, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		if (errno != ENOENT)
			log_warning("seccomp: '%s/%s' is not used: %s", directory, name.text,
				    strerrordesc_np(errno));
		return false;
	}
	if (fstat(fd, &st) < 0)
		return false;
	problem = stranger(&st);
	if (!problem && read_fd_all(fd, name.text, (size_t)st.st_size, &bytes, &length, &e) < 0)
		problem = "cannot be read";
	if (!problem)
		problem = damage(bytes, length, key, arena, ret);
	if (problem) {
		log_warning("seccomp: '%s/%s' %s: it is not used", directory, name.text, problem);
		return false;
	}
	log_debug("seccomp: the filter is in '%s/%s'", directory, name.text);
	return true;
}

/* --- keeping --- */

struct cache_file {
	char name[NAME_MAX + 1];
	struct timespec time;
};

static int older_first(const void *a, const void *b)
{
	const struct cache_file *one = a, *other = b;

	if (one->time.tv_sec != other->time.tv_sec)
		return one->time.tv_sec < other->time.tv_sec ? -1 : 1;
	if (one->time.tv_nsec != other->time.tv_nsec)
		return one->time.tv_nsec < other->time.tv_nsec ? -1 : 1;
	return strcmp(one->name, other->name);
}

/* What a killed writer has left counts too. */
static struct cache_file *list_files(int dirfd, size_t *ret_n)
{
	int scan_fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *scan = scan_fd < 0 ? NULL : fdopendir(scan_fd);
	struct cache_file *v = NULL;
	size_t n = 0, room = 0;

	if (!scan)
		close_keep_errno(scan_fd);
	for (struct dirent *entry; scan && (entry = readdir(scan));) {
		struct stat st;

		if (!strstr(entry->d_name, CACHE_SUFFIX) ||
		    fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    S_ISDIR(st.st_mode))
			continue;
		if (n == room) {
			room = room ? room * 2 : CACHE_FILES_MAX;
			v = xrealloc(v, room * sizeof(*v));
		}
		v[n].time = st.st_mtim;
		memcpy(v[n].name, entry->d_name, strlen(entry->d_name) + 1);
		n++;
	}
	*ret_n = n;
	return v;
}

static void remove_oldest(int dirfd)
{
	size_t n;
	autofree struct cache_file *v = list_files(dirfd, &n);

	if (n <= CACHE_FILES_MAX)
		return;
	qsort(v, n, sizeof(*v), older_first);
	for (size_t i = 0; i < n - CACHE_FILES_MAX; i++)
		unlinkat(dirfd, v[i].name, 0);
}

void seccomp_cache_keep(const char *directory, const struct cache_key *key,
			const struct seccomp_program *program)
{
	struct cache_header header = { .count = program->n };
	struct cache_name name = name_of(key);
	autoclose int dirfd = -1;
	autostrbuf bytes = { 0 };
	struct err e;

	memcpy(header.magic, cache_magic, sizeof(cache_magic));
	memcpy(header.key, key->bytes, sizeof(header.key));
	digest_of(&header, program->v, header.digest);
	strbuf_add(&bytes, (const char *)&header, sizeof(header));
	strbuf_add(&bytes, (const char *)program->v, program->n * sizeof(*program->v));
	if (trusted_directory_open(CACHE_WHAT, directory, true, 0700, &dirfd, &e) < 0 ||
	    replace_file_at(dirfd, name.text, 0600, bytes.text, bytes.length, &e) < 0) {
		log_note("seccomp: the filter is not kept: %s", e.text);
		return;
	}
	remove_oldest(dirfd);
}

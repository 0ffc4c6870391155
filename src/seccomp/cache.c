/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled filters are kept, since compiling an engine's profile is the largest part of a start. One file
 * a filter, which begins with everything that the filter depends on, byte by byte, and is named by a hash of that.
 * A file decides what a container may do, so it is believed only if it can have been written by the caller alone
 * (who could make any digest fit) and was made of the very same rules; a checksum says that it is whole. Any other
 * file there is not an error: the filter is compiled again and the file replaced. Runs in the runtime.
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
/* The oldest go. With the longest program that the kernel takes and the longest key this is 10 MiB. */
#define CACHE_FILES_MAX 64
/* An engine's takes 6 kB. */
#define CACHE_KEY_MAX (128u << 10)

/* What a file begins with; then come the key and the instructions. In the byte order of the machine: it does not
 * outlive it. A new layout, and another way to make programs of rules, gets a new magic. */
struct cache_header {
	char magic[8];
	uint64_t checksum; /* of the two lengths, key and instructions */
	uint64_t key_length;
	uint64_t count;
};
static const char cache_magic[8] = "DSHIMBP3";

struct cache_name {
	char text[2 * sizeof(uint64_t) + sizeof(CACHE_SUFFIX)];
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

static void add_number(struct strbuf *key, uint64_t number)
{
	strbuf_add(key, (const char *)&number, sizeof(number));
}

/* With its end, so that no two lists of texts look alike. */
static void add_text(struct strbuf *key, const char *text)
{
	strbuf_add(key, text, strlen(text) + 1);
}

static void add_list(struct strbuf *key, const struct strlist *list)
{
	add_number(key, list->n);
	for (size_t i = 0; i < list->n; i++)
		add_text(key, list->v[i]);
}

static void add_rule(struct strbuf *key, const struct plan_seccomp_rule *rule)
{
	add_number(key, (uint64_t)rule->action);
	add_number(key, rule->value);
	add_list(key, &rule->names);
	add_number(key, rule->conditions.n);
	for (size_t i = 0; i < rule->conditions.n; i++) {
		const struct plan_seccomp_condition *condition = &rule->conditions.v[i];

		add_number(key, condition->index);
		add_number(key, (uint64_t)condition->op);
		add_number(key, condition->mask);
		add_number(key, condition->value);
	}
}

void seccomp_cache_key(const struct plan_seccomp *plan, struct strbuf *key)
{
	const struct scmp_version *version = seccomp_version();
	struct utsname kernel = { 0 };

	add_text(key, PACKAGE_VERSION);
#ifdef DISTRO_SHIM_COMMIT
	add_text(key, DISTRO_SHIM_COMMIT);
#endif
	add_number(key, version->major);
	add_number(key, version->minor);
	add_number(key, version->micro);
	/* libseccomp asks the kernel what it can do. */
	uname(&kernel);
	add_text(key, kernel.release);
	add_text(key, kernel.version);
	add_number(key, seccomp_arch_native());
	add_number(key, (uint64_t)plan->default_action);
	add_number(key, plan->default_value);
	add_list(key, &plan->architectures);
	add_number(key, plan->rules.n);
	for (size_t i = 0; i < plan->rules.n; i++)
		add_rule(key, &plan->rules.v[i]);
}

/* --- checksums --- */

/* Each step can be undone, so that two texts of one length that differ in eight bytes or fewer in a row, from a
 * multiple of eight on, never have the same. Against what is written on purpose no checksum helps here. */
static uint64_t add_sum(uint64_t sum, const void *data, size_t length)
{
	for (size_t i = 0; i < length; i += sizeof(uint64_t)) {
		uint64_t word = 0;

		memcpy(&word, (const char *)data + i,
		       length - i < sizeof(word) ? length - i : sizeof(word));
		sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
		sum ^= sum >> 32;
	}
	return sum;
}

static struct cache_name name_of(const struct strbuf *key)
{
	uint64_t hash = add_sum(key->length, key->text, key->length);
	struct cache_name name;

	snprintf(name.text, sizeof(name.text), "%016llx" CACHE_SUFFIX, (unsigned long long)hash);
	return name;
}

static uint64_t sum_of(const struct cache_header *header, const struct strbuf *key,
		       const struct sock_filter *v)
{
	uint64_t sum = add_sum(header->key_length, &header->count, sizeof(header->count));

	sum = add_sum(sum, key->text, key->length);
	return add_sum(sum, v, header->count * sizeof(*v));
}

/* --- finding --- */

/* NULL: it can be believed as far as its owner goes. */
static const char *stranger(const struct stat *st, const struct strbuf *key)
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
	    st->st_size > (off_t)(sizeof(struct cache_header) + key->length +
				  BPF_MAXINSNS * sizeof(struct sock_filter)))
		return "has a wrong size";
	return NULL;
}

static const char *damage(const char *bytes, size_t length, const struct strbuf *key,
			  struct arena *arena, struct seccomp_program *ret)
{
	struct cache_header header;
	struct sock_filter *v;

	if (length <= sizeof(header))
		return "is cut short";
	memcpy(&header, bytes, sizeof(header));
	bytes += sizeof(header);
	length -= sizeof(header);
	if (memcmp(header.magic, cache_magic, sizeof(cache_magic)) != 0)
		return "is not a filter";
	if (header.key_length != key->length || length < key->length ||
	    memcmp(bytes, key->text, key->length) != 0)
		return "belongs to another profile";
	if (header.count == 0 || header.count > BPF_MAXINSNS ||
	    length != key->length + header.count * sizeof(*v))
		return "has a wrong length";
	v = arena_new_array(arena, struct sock_filter, header.count);
	memcpy(v, bytes + key->length, header.count * sizeof(*v));
	if (header.checksum != sum_of(&header, key, v))
		return "is damaged";
	ret->n = header.count;
	ret->v = v;
	return NULL;
}

bool seccomp_cache_find(const char *directory, const struct strbuf *key, struct arena *arena,
			struct seccomp_program *ret)
{
	struct cache_name name = name_of(key);
	autoclose int dirfd = -1, fd = -1;
	autofree char *bytes = NULL;
	const char *problem;
	size_t length;
	struct stat st;
	struct err e;

	if (key->length > CACHE_KEY_MAX)
		return false;
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
	problem = stranger(&st, key);
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

void seccomp_cache_keep(const char *directory, const struct strbuf *key,
			const struct seccomp_program *program)
{
	struct cache_header header = { .key_length = key->length, .count = program->n };
	struct cache_name name = name_of(key);
	autoclose int dirfd = -1;
	autostrbuf bytes = { 0 };
	struct err e;

	if (key->length > CACHE_KEY_MAX) {
		log_note(
			"seccomp: the filter is not kept: its rules take %zu bytes, at most %u are kept",
			key->length, CACHE_KEY_MAX);
		return;
	}
	memcpy(header.magic, cache_magic, sizeof(cache_magic));
	header.checksum = sum_of(&header, key, program->v);
	strbuf_add(&bytes, (const char *)&header, sizeof(header));
	strbuf_add(&bytes, key->text, key->length);
	strbuf_add(&bytes, (const char *)program->v, program->n * sizeof(*program->v));
	if (trusted_directory_open(CACHE_WHAT, directory, true, 0700, &dirfd, &e) < 0 ||
	    replace_file_at(dirfd, name.text, 0600, bytes.text, bytes.length, &e) < 0) {
		log_note("seccomp: the filter is not kept: %s", e.text);
		return;
	}
	remove_oldest(dirfd);
}

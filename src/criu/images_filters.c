/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system call filters in the images (images/seccomp.proto and images/core.proto of criu 3.15 to 4.1): one list of
 * all, where each may name the one that was loaded after it, and of each thread the one that was loaded first. Runs in
 * `restore`, before criu does.
 */
#include "criu/images.h"

#include "base/auto.h"
#include "criu/wire.h"
#include "os/io.h"

#include <dirent.h>
#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FILTERS_IMAGE "seccomp.img"
#define CORE_PREFIX "core-"
#define IMAGE_SUFFIX ".img"
#define IMAGE_MAX (64u << 20)

#define MAGIC_COMMON 0x54564319u
#define MAGIC_FILTERS 0x64413049u
#define MAGIC_CORE 0x55053847u
#define HEADER_SIZE 8

/* struct seccomp_entry */
#define ENTRY_FILTER 1
/* struct seccomp_filter */
#define FILTER_PROGRAM 1
#define FILTER_NEXT 2
/* struct core_entry; of its two members the second one is older, and counts where the first says nothing */
#define CORE_THREAD 5
#define CORE_TASK 3
/* struct thread_core_entry, struct task_core_entry */
#define THREAD_FILTER 12

struct wanted {
	const void *begin;
	size_t length;
};

static uint32_t number_at(const unsigned char *at)
{
	uint32_t number;

	memcpy(&number, at, sizeof(number));
	return le32toh(number);
}

/* The one message of an image. criu would read no more than one, and neither would this. */
static int open_image(const void *image, size_t length, uint32_t magic, const char *name,
		      struct wire *ret, struct err *e)
{
	const char *what = magic == MAGIC_CORE ? "a thread" : "filters";
	const unsigned char *all = image;
	const size_t begin = HEADER_SIZE + sizeof(uint32_t);

	if (length < begin || number_at(all) != MAGIC_COMMON ||
	    number_at(all + sizeof(uint32_t)) != magic)
		return fail(e, ERR_SYSTEM, "%s: is not an image of %s", name, what);
	if (number_at(all + HEADER_SIZE) != length - begin)
		return fail(e, ERR_SYSTEM, "%s: is cut off", name);
	*ret = (struct wire){ .at = all + begin, .left = length - begin };
	return 0;
}

/* --- the filters --- */

/* Whether it begins so, or comes with one that stands before it in the list, as criu writes them. As with criu, of a
 * field that comes twice the last one counts. */
static int filter_has(struct wire filter, const struct wanted *wanted,
		      const struct criu_filters *before, bool *ret)
{
	bool follows = false, begins = false;
	struct wire_field field;
	int rc;

	while ((rc = wire_next(&filter, &field)) == 1) {
		if (field.number == FILTER_NEXT)
			follows = field.is_number && field.value < before->n &&
				  before->has[field.value];
		if (field.number == FILTER_PROGRAM)
			begins = !field.is_number && field.content.left >= wanted->length &&
				 memcmp(field.content.at, wanted->begin, wanted->length) == 0;
	}
	*ret = follows || begins;
	return rc;
}

static bool *add_filter(struct criu_filters *to, struct arena *arena)
{
	/* Grows where it holds a power of two. */
	if ((to->n & (to->n - 1)) == 0) {
		bool *has = arena_new_array(arena, bool, to->n ? 2 * to->n : 1);

		if (to->n)
			memcpy(has, to->has, to->n * sizeof(*has));
		to->has = has;
	}
	return &to->has[to->n++];
}

static int read_list(struct wire list, const struct wanted *wanted, struct arena *arena,
		     struct criu_filters *ret)
{
	struct wire_field field;
	int rc;

	while ((rc = wire_next(&list, &field)) == 1) {
		bool has = false;

		if (field.number != ENTRY_FILTER)
			continue;
		if (field.is_number || filter_has(field.content, wanted, ret, &has) < 0)
			return -1;
		*add_filter(ret, arena) = has;
	}
	return rc;
}

int criu_filters_read(const void *image, size_t image_length, const void *begin, size_t length,
		      struct arena *arena, struct criu_filters *ret, struct err *e)
{
	const struct wanted wanted = { .begin = begin, .length = length };
	struct wire list;

	*ret = (struct criu_filters){ 0 };
	if (open_image(image, image_length, MAGIC_FILTERS, FILTERS_IMAGE, &list, e) < 0)
		return -1;
	if (read_list(list, &wanted, arena, ret) < 0)
		return fail(e, ERR_SYSTEM, FILTERS_IMAGE ": is not a list of filters");
	return 0;
}

/* --- the threads --- */

static int read_thread(struct wire thread, int64_t *ret)
{
	struct wire_field field;
	int rc;

	while ((rc = wire_next(&thread, &field)) == 1)
		if (field.number == THREAD_FILTER && field.is_number)
			*ret = (int64_t)(uint32_t)field.value;
	return rc;
}

int criu_core_filter(const void *image, size_t length, const char *name, int64_t *ret,
		     struct err *e)
{
	int64_t of_thread = -1, of_task = -1;
	struct wire core = { 0 };
	struct wire_field field;
	int rc;

	*ret = -1;
	if (open_image(image, length, MAGIC_CORE, name, &core, e) < 0)
		return -1;
	while ((rc = wire_next(&core, &field)) == 1) {
		int64_t *of = field.number == CORE_THREAD ? &of_thread
			      : field.number == CORE_TASK ? &of_task
							  : NULL;

		if (of && (field.is_number || read_thread(field.content, of) < 0))
			break;
	}
	if (rc != 0)
		return fail(e, ERR_SYSTEM, "%s: is not an image of a thread", name);
	*ret = of_thread >= 0 ? of_thread : of_task;
	return 0;
}

/* 1: its filters have it, or it has none; 0: they have not. */
static int thread_has(int images, const char *name, const struct criu_filters *filters,
		      struct err *e)
{
	autofree char *image = NULL;
	size_t length;
	int64_t filter;

	if (read_file_at(images, name, IMAGE_MAX, &image, &length, e) < 0 ||
	    criu_core_filter(image, length, name, &filter, e) < 0)
		return -1;
	if (filter < 0)
		return 1;
	return (size_t)filter < filters->n && filters->has[filter];
}

static int threads_have(int images, const struct criu_filters *filters, bool *ret, struct err *e)
{
	int fd = openat(images, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	size_t threads = 0;
	int rc = 1;

	if (!entries) {
		if (fd >= 0)
			close(fd);
		return fail_sys(e, "open the directory of the images");
	}
	for (struct dirent *entry; rc == 1 && (entry = readdir(entries));)
		if (str_has_prefix(entry->d_name, CORE_PREFIX) &&
		    str_has_suffix(entry->d_name, IMAGE_SUFFIX)) {
			rc = thread_has(images, entry->d_name, filters, e);
			threads++;
		}
	*ret = rc == 1 && threads > 0;
	return rc < 0 ? -1 : 0;
}

int criu_images_filtered(int images, const void *begin, size_t length, bool *ret, struct err *e)
{
	struct criu_filters filters = { 0 };
	autofree char *image = NULL;
	autoarena arena = { 0 };
	size_t image_length, with = 0;

	*ret = false;
	if (read_file_at(images, FILTERS_IMAGE, IMAGE_MAX, &image, &image_length, e) < 0)
		return e->sys == ENOENT ? 0 : -1;
	if (criu_filters_read(image, image_length, begin, length, &arena, &filters, e) < 0)
		return -1;
	for (size_t i = 0; i < filters.n; i++)
		with += filters.has[i];
	*ret = with > 0 && with == filters.n;
	/* Those without it may be such that come with it in every thread: what a program has loaded itself. */
	return with == 0 || *ret ? 0 : threads_have(images, &filters, ret, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system call filters in an image (images/seccomp.proto of criu 3.15 to 4.1): a list, where each may name
 * the one that was in force before it. Runs in `restore`, before criu does.
 */
#include "criu/images.h"

#include "base/auto.h"
#include "criu/wire.h"
#include "os/io.h"

#include <endian.h>
#include <string.h>

#define FILTERS_IMAGE "seccomp.img"
#define IMAGE_MAX (64u << 20)

#define MAGIC_COMMON 0x54564319u
#define MAGIC_FILTERS 0x64413049u
#define HEADER_SIZE 8

/* struct seccomp_entry */
#define ENTRY_FILTER 1
/* struct seccomp_filter */
#define FILTER_PROGRAM 1
#define FILTER_PREVIOUS 3

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

/* 1: it has it itself, or comes after one that is looked at too; 0: neither; -1: it cannot be read. As with
 * criu, of a field that comes twice the last one counts. */
static int filter_has(struct wire filter, const struct wanted *wanted)
{
	bool follows = false, begins = false;
	struct wire_field field;
	int rc;

	while ((rc = wire_next(&filter, &field)) == 1) {
		if (field.number == FILTER_PREVIOUS)
			follows = true;
		if (field.number == FILTER_PROGRAM)
			begins = !field.is_number && field.content.left >= wanted->length &&
				 memcmp(field.content.at, wanted->begin, wanted->length) == 0;
	}
	return rc < 0 ? -1 : follows || begins;
}

/* Of a whole list; how many there are is added to *ret_n. */
static int list_has(struct wire list, const struct wanted *wanted, size_t *ret_n)
{
	struct wire_field field;
	int rc, has = 1;

	while ((rc = wire_next(&list, &field)) == 1) {
		int one;

		if (field.number != ENTRY_FILTER)
			continue;
		one = field.is_number ? -1 : filter_has(field.content, wanted);
		if (one < 0)
			return -1;
		has &= one;
		++*ret_n;
	}
	return rc < 0 ? -1 : has;
}

int criu_image_filtered(const void *image, size_t image_length, const void *begin, size_t length,
			bool *ret, struct err *e)
{
	const struct wanted wanted = { .begin = begin, .length = length };
	const unsigned char *all = image;
	size_t size, filters = 0;
	int has;

	*ret = false;
	if (image_length < HEADER_SIZE + sizeof(uint32_t) || number_at(all) != MAGIC_COMMON ||
	    number_at(all + sizeof(uint32_t)) != MAGIC_FILTERS)
		return fail(e, ERR_SYSTEM, FILTERS_IMAGE ": is not an image of filters");
	size = number_at(all + HEADER_SIZE);
	/* One message and nothing behind it: criu would read no more, and neither would this. */
	if (size != image_length - HEADER_SIZE - sizeof(uint32_t))
		return fail(e, ERR_SYSTEM, FILTERS_IMAGE ": is cut off");
	has = list_has((struct wire){ .at = all + HEADER_SIZE + sizeof(uint32_t), .left = size },
		       &wanted, &filters);
	if (has < 0)
		return fail(e, ERR_SYSTEM, FILTERS_IMAGE ": is not a list of filters");
	*ret = has && filters > 0;
	return 0;
}

int criu_images_filtered(int images, const void *begin, size_t length, bool *ret, struct err *e)
{
	autofree char *image = NULL;
	size_t image_length;

	*ret = false;
	if (read_file_at(images, FILTERS_IMAGE, IMAGE_MAX, &image, &image_length, e) < 0)
		return e->sys == ENOENT ? 0 : -1;
	return criu_image_filtered(image, image_length, begin, length, ret, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image is two numbers that say of what kind it is, and messages, each after its length in four bytes
 * (criu.org "Images"; images/fdinfo.proto and images/regfile.proto of criu 3.15 to 4.1 say what is in them).
 * Runs in `checkpoint`, when criu is done.
 */
#include "criu/images.h"

#include "base/auto.h"
#include "criu/wire.h"
#include "os/io.h"

#include <endian.h>
#include <string.h>

#define FILES_IMAGE "files.img"
#define IMAGE_MAX (256u << 20)

#define MAGIC_COMMON 0x54564319u
#define MAGIC_FILES 0x56303138u
#define HEADER_SIZE 8

/* struct file_entry */
#define FILE_REGULAR 3
/* struct reg_file_entry */
#define REGULAR_POSITION 3
#define REGULAR_NAME 6
#define REGULAR_SIZE 8
#define REGULAR_EXTERNAL 9
#define REGULAR_MODE 10
/* criu seeks to any position but this one. */
#define NO_POSITION UINT64_MAX

static uint32_t number_at(const unsigned char *at)
{
	uint32_t number;

	memcpy(&number, at, sizeof(number));
	return le32toh(number);
}

static void put_length(struct strbuf *out, size_t length)
{
	uint32_t number = htole32((uint32_t)length);

	strbuf_add(out, (const char *)&number, sizeof(number));
}

/* 1: it is a stream's file; 0: another one; -1: this is not a message. */
static int is_stream(struct wire regular)
{
	static const size_t length = sizeof(CRIU_FILE_KEY) - 1;
	bool external = false, named = false;
	struct wire_field field;
	int rc;

	while ((rc = wire_next(&regular, &field)) == 1) {
		if (field.number == REGULAR_EXTERNAL && field.is_number)
			external = field.value != 0;
		if (field.number == REGULAR_NAME && !field.is_number)
			named = field.content.left > length &&
				memcmp(field.content.at, CRIU_FILE_KEY, length) == 0;
	}
	return rc < 0 ? -1 : external && named;
}

static void put_stream(struct strbuf *out, struct wire regular)
{
	struct wire_field field;

	for (const unsigned char *from = regular.at; wire_next(&regular, &field) == 1;
	     from = regular.at)
		if (field.number == REGULAR_POSITION)
			wire_put_number(out, REGULAR_POSITION, NO_POSITION);
		else if (field.number != REGULAR_SIZE && field.number != REGULAR_MODE)
			strbuf_add(out, (const char *)from, (size_t)(regular.at - from));
}

/* 1: with something else in it than before; 0: nothing to change; -1: this is not a message. */
static int put_file(struct strbuf *out, struct wire file)
{
	bool has_changed = false;
	struct wire_field field;
	int rc;

	for (const unsigned char *from = file.at; (rc = wire_next(&file, &field)) == 1;
	     from = file.at) {
		bool regular = field.number == FILE_REGULAR && !field.is_number;
		int stream = regular ? is_stream(field.content) : 0;
		autostrbuf changed = { 0 };
		if (stream < 0)
			return -1;
		if (!stream) {
			strbuf_add(out, (const char *)from, (size_t)(file.at - from));
			continue;
		}
		put_stream(&changed, field.content);
		wire_put_message(out, FILE_REGULAR, &changed);
		has_changed = true;
	}
	return rc < 0 ? -1 : has_changed;
}

int criu_images_rewrite(const void *image, size_t length, struct strbuf *out, struct err *e)
{
	struct wire all = { .at = image, .left = length };

	if (length < HEADER_SIZE || number_at(all.at) != MAGIC_COMMON ||
	    number_at(all.at + sizeof(uint32_t)) != MAGIC_FILES)
		return fail(e, ERR_SYSTEM, FILES_IMAGE ": is not an image of files");
	strbuf_add(out, image, HEADER_SIZE);
	for (size_t at = HEADER_SIZE, size; at < length; at += size) {
		autostrbuf file = { 0 };
		int rc;
		if (length - at < sizeof(uint32_t))
			return fail(e, ERR_SYSTEM, FILES_IMAGE ": is cut off");
		size = number_at(all.at + at);
		at += sizeof(uint32_t);
		if (size > length - at)
			return fail(e, ERR_SYSTEM, FILES_IMAGE ": is cut off");
		rc = put_file(&file, (struct wire){ .at = all.at + at, .left = size });
		if (rc < 0)
			return fail(e, ERR_SYSTEM, FILES_IMAGE ": no message begins at byte %zu",
				    at);
		put_length(out, rc ? file.length : size);
		strbuf_add(out, rc ? file.text : (const char *)all.at + at,
			   rc ? file.length : size);
	}
	return 0;
}

int criu_images_free_streams(int images, struct err *e)
{
	autofree char *image = NULL;
	autostrbuf out = { 0 };
	size_t length;

	if (read_file_at(images, FILES_IMAGE, IMAGE_MAX, &image, &length, e) < 0 ||
	    criu_images_rewrite(image, length, &out, e) < 0)
		return -1;
	return replace_file_at(images, FILES_IMAGE, 0600, out.text, out.length, e);
}

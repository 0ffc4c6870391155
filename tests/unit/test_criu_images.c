/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is taken out of criu's images: of a stream's file what would tie it to this one, and nothing else.
 * Runs anywhere.
 */
#include "base/auto.h"
#include "criu/images.h"
#include "criu/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The numbers in front of images/files.img of criu 3.17. */
static const char header[] = "\x19\x43\x56\x54\x38\x31\x30\x56";

static void put_entry(struct strbuf *image, const struct strbuf *entry)
{
	/* as x86 has it */
	unsigned char length[4] = { (unsigned char)entry->length,
				    (unsigned char)(entry->length >> 8), 0, 0 };

	strbuf_add(image, (const char *)length, sizeof(length));
	strbuf_add(image, entry->text, entry->length);
}

/* A regular file, with everything that criu says of it. */
static void put_regular(struct strbuf *image, unsigned id, const char *name, bool external,
			bool freed)
{
	autostrbuf regular = { 0 }, owner = { 0 }, entry = { 0 };

	wire_put_number(&owner, 1, 0);
	wire_put_number(&regular, 1, id);
	wire_put_number(&regular, 2, 0100001);
	wire_put_number(&regular, 3, freed ? UINT64_MAX : 4711);
	wire_put_message(&regular, 5, &owner);
	wire_put_text(&regular, 6, name);
	wire_put_number(&regular, 7, 58);
	if (!freed)
		wire_put_number(&regular, 8, 123456789);
	if (external)
		wire_put_number(&regular, 9, 1);
	if (!freed)
		wire_put_number(&regular, 10, 0100644);
	wire_put_number(&entry, 1, 1);
	wire_put_number(&entry, 2, id);
	wire_put_message(&entry, 3, &regular);
	put_entry(image, &entry);
}

static void put_other(struct strbuf *image)
{
	autostrbuf pipe = { 0 }, entry = { 0 };

	wire_put_number(&pipe, 1, 7);
	wire_put_text(&pipe, 6, "file[1:2]");
	wire_put_number(&entry, 1, 2);
	wire_put_number(&entry, 2, 7);
	/* a number of eight bytes, of which nothing is known here */
	strbuf_add(&entry, "\xa1\x06", 2);
	strbuf_add(&entry, "12345678", 8);
	wire_put_message(&entry, 18, &pipe);
	put_entry(image, &entry);
}

static void make(struct strbuf *image, bool freed)
{
	strbuf_add(image, header, 8);
	put_regular(image, 1, "/numbers", false, false);
	put_regular(image, 2, "file[2f:1a2b]", true, freed);
	put_other(image);
	/* its name is the image's own, and it is none that another may take the place of */
	put_regular(image, 3, "file[2f:1a2b]", false, false);
	put_regular(image, 4, "mnt[x]", true, false);
	put_regular(image, 5, "file[3:4]", true, freed);
}

static void streams_lose_length_mode_and_position(void **state)
{
	autostrbuf image = { 0 }, expected = { 0 }, out = { 0 };
	struct err e;

	(void)state;
	make(&image, false);
	make(&expected, true);
	assert_int_equal(criu_images_rewrite(image.text, image.length, &out, &e), 0);
	assert_int_equal(out.length, expected.length);
	assert_memory_equal(out.text, expected.text, out.length);
}

static void what_is_not_an_image_is_an_error(void **state)
{
	autostrbuf image = { 0 };
	struct err e;

	(void)state;
	make(&image, false);
	for (size_t length = 0; length < image.length; length++) {
		autostrbuf out = { 0 };
		/* where an entry ends it is a shorter image */
		if (criu_images_rewrite(image.text, length, &out, &e) < 0)
			assert_non_null(strstr(e.text, "files.img: "));
		else
			assert_true(out.length <= length + 16);
	}
	image.text[0] ^= 1;
	autostrbuf out = { 0 };
	assert_int_equal(criu_images_rewrite(image.text, image.length, &out, &e), -1);
	assert_string_equal(e.text, "files.img: is not an image of files");
	image.text[0] ^= 1;
	image.text[12] = '\x07'; /* the first entry's key: of a kind that is none */
	assert_int_equal(criu_images_rewrite(image.text, image.length, &out, &e), -1);
	assert_string_equal(e.text, "files.img: no message begins at byte 12");
}

/* A filter of these bytes; after: the one that it comes after, -1 for none. */
static void put_filter(struct strbuf *list, const char *bytes, int after)
{
	autostrbuf filter = { 0 };

	wire_put_text(&filter, 1, bytes);
	if (after >= 0)
		wire_put_number(&filter, 2, (uint64_t)after);
	/* its flags */
	wire_put_number(&filter, 3, 1);
	wire_put_message(list, 1, &filter);
}

#define FILTERS "\x19\x43\x56\x54\x49\x30\x41\x64"
#define CORE "\x19\x43\x56\x54\x47\x38\x05\x55"

/* "+-+": the first and the third have ours */
static void must_have(const struct strbuf *list, const char *wanted)
{
	autostrbuf image = { 0 }, have = { 0 };
	struct criu_filters filters;
	autoarena arena = { 0 };
	struct err e;

	strbuf_add(&image, FILTERS, 8);
	put_entry(&image, list);
	if (criu_filters_read(image.text, image.length, "OURS", 4, &arena, &filters, &e) < 0)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < filters.n; i++)
		strbuf_putc(&have, filters.has[i] ? '+' : '-');
	assert_string_equal(strbuf_text(&have), wanted);
	for (size_t length = 0; length < image.length; length++)
		assert_int_equal(
			criu_filters_read(image.text, length, "OURS", 4, &arena, &filters, &e), -1);
}

static void which_filters_come_with_ours(void **state)
{
	autostrbuf one = { 0 }, chain = { 0 }, other = { 0 }, none = { 0 }, filter = { 0 };

	(void)state;
	put_filter(&one, "OURS and more", -1);
	must_have(&one, "+");
	put_filter(&chain, "OURS", -1);
	put_filter(&chain, "another", 0);
	put_filter(&chain, "another", -1);
	put_filter(&chain, "OURS", 2);
	put_filter(&chain, "another", 2);
	put_filter(&chain, "another", 1);
	/* of one that is not there, or comes later, or is the same */
	put_filter(&chain, "another", 77);
	put_filter(&chain, "another", 7);
	put_filter(&chain, "another", 9);
	put_filter(&chain, "OURS", -1);
	must_have(&chain, "++-+-+---+");
	put_filter(&other, "not OURS", -1);
	put_filter(&other, "OUR", -1);
	must_have(&other, "--");
	wire_put_number(&none, 2, 1);
	must_have(&none, "");
	/* of two programs in one entry criu takes the last */
	wire_put_text(&filter, 1, "OURS");
	wire_put_text(&filter, 1, "another");
	one.length = 0;
	wire_put_message(&one, 1, &filter);
	must_have(&one, "-");
}

static void put_core(struct strbuf *image, int of_task, int of_thread)
{
	autostrbuf core = { 0 }, task = { 0 }, thread = { 0 };

	wire_put_number(&core, 1, 1);
	wire_put_number(&task, 1, 1);
	wire_put_text(&task, 6, "sleep");
	if (of_task >= 0)
		wire_put_number(&task, 12, (uint64_t)of_task);
	wire_put_number(&thread, 11, 2);
	if (of_thread >= 0)
		wire_put_number(&thread, 12, (uint64_t)of_thread);
	wire_put_message(&core, 3, &task);
	wire_put_message(&core, 5, &thread);
	strbuf_add(image, CORE, 8);
	put_entry(image, &core);
}

static void which_filter_a_thread_has(void **state)
{
	static const struct {
		int of_task, of_thread, wanted;
	} cases[] = { { -1, -1, -1 }, { -1, 0, 0 }, { -1, 7, 7 }, { 3, -1, 3 }, { 3, 4, 4 } };
	struct err e;
	int64_t filter;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autostrbuf image = { 0 };

		put_core(&image, cases[i].of_task, cases[i].of_thread);
		if (criu_core_filter(image.text, image.length, "core-1.img", &filter, &e) < 0)
			fail_msg("%s", e.text);
		assert_int_equal(filter, cases[i].wanted);
		for (size_t length = 0; length < image.length; length++)
			assert_int_equal(
				criu_core_filter(image.text, length, "core-1.img", &filter, &e),
				-1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_lose_length_mode_and_position),
		cmocka_unit_test(what_is_not_an_image_is_an_error),
		cmocka_unit_test(which_filters_come_with_ours),
		cmocka_unit_test(which_filter_a_thread_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

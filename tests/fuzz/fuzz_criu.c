/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what criu answers and as an image of its. An image that is accepted becomes one that is accepted,
 * and stays as it is when it goes through again.
 */
#include "base/auto.h"
#include "criu/images.h"
#include "criu/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void stop(const char *what, const struct err *e)
{
	fprintf(stderr, "%s: %s\n", what, e->text);
	abort();
}

static void check_image(const char *image, size_t length)
{
	autostrbuf once = { 0 }, twice = { 0 };
	struct err e = { 0 };

	if (criu_images_rewrite(image, length, &once, &e) < 0) {
		if (!e.text[0])
			stop("an error without a word", &e);
		return;
	}
	if (criu_images_rewrite(once.text, once.length, &twice, &e) < 0)
		stop("what was written is not an image", &e);
	if (once.length != twice.length || memcmp(once.text, twice.text, once.length) != 0)
		stop("the second time changes something", &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char header[] = "\x19\x43\x56\x54\x38\x31\x30\x56";
	autostrbuf image = { 0 };
	struct criu_answer answer;
	struct err e = { 0 };

	if (criu_answer_decode((const char *)data, size, &answer, &e) < 0 && !e.text[0])
		stop("an error without a word", &e);
	check_image((const char *)data, size);
	/* one entry of these bytes, so that the length need not be found */
	if (size > 0 && size < 128) {
		const char length[4] = { (char)size, 0, 0, 0 };
		strbuf_add(&image, header, 8);
		strbuf_add(&image, length, sizeof(length));
		strbuf_add(&image, (const char *)data, size);
		check_image(image.text, image.length);
	}
	return 0;
}

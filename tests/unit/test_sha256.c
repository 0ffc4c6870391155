/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 against the examples of FIPS 180-4 and its lengths around a block. Runs anywhere.
 */
#include "base/arena.h"
#include "base/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

struct hex {
	char text[2 * SHA256_BYTES + 1];
};

static struct hex finish(struct sha256 *hash)
{
	uint8_t bytes[SHA256_BYTES];
	struct hex hex;

	sha256_finish(hash, bytes);
	for (size_t i = 0; i < SHA256_BYTES; i++)
		snprintf(hex.text + 2 * i, 3, "%02x", bytes[i]);
	return hex;
}

static struct hex hash_in_parts(const char *data, size_t length, size_t part)
{
	struct sha256 hash;

	sha256_init(&hash);
	for (size_t at = 0; at < length; at += part)
		sha256_add(&hash, data + at, length - at < part ? length - at : part);
	return finish(&hash);
}

static void known_texts_have_their_hashes(void **state)
{
	static const struct {
		const char *text, *hash;
	} rows[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
		  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
		  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct hex hex = hash_in_parts(rows[i].text, strlen(rows[i].text), 1000);
		assert_string_equal(hex.text, rows[i].hash);
		hex = hash_in_parts(rows[i].text, strlen(rows[i].text), 7);
		assert_string_equal(hex.text, rows[i].hash);
	}
}

static void a_million_letters_have_their_hash(void **state)
{
	char *text = xmalloc(1000000);

	(void)state;
	memset(text, 'a', 1000000);
	assert_string_equal(hash_in_parts(text, 1000000, 4096).text,
			    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(text);
}

/* Each length that the padding treats in its own way, against a hash of all of them. */
static void lengths_around_a_block_have_their_hashes(void **state)
{
	char text[130];
	struct sha256 all;

	(void)state;
	memset(text, 'x', sizeof(text));
	sha256_init(&all);
	for (size_t length = 0; length < sizeof(text); length++) {
		struct hex whole = hash_in_parts(text, length, 200);
		assert_string_equal(whole.text, hash_in_parts(text, length, 1).text);
		sha256_add(&all, whole.text, 2 * SHA256_BYTES);
	}
	assert_string_equal(finish(&all).text,
			    "199af942eba7fa5d1e16d475169eb24018b14e69339c93d26a9ea6d873b4ace6");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_texts_have_their_hashes),
		cmocka_unit_test(a_million_letters_have_their_hash),
		cmocka_unit_test(lengths_around_a_block_have_their_hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: bytes -> spec_decode_text() -> validate -> encode -> decode, and the second decoding gives what
 * the first one gave. A copy is the same, too, and neither of them says anything else about the
 * configuration.
 */
#include "base/arena.h"
#include "base/auto.h"
#include "spec/spec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

struct text {
	char *text;
	size_t length;
};

static struct text encode(struct arena *arena, const struct spec *spec)
{
	struct err e = { 0 };
	struct text text = { 0 };
	must(spec_encode_text(spec, false, arena, &text.text, &text.length, &e) == 0);
	return text;
}

/* The verdicts of the checks, in one text. */
static const char *judge(struct arena *arena, const struct spec *spec)
{
	struct err valid = { 0 };
	int a = spec_validate(spec, "config.json", &valid);
	must((a < 0) == (valid.kind == ERR_CONFIG) && (a < 0) == (valid.text[0] != '\0'));
	return arena_strdup(arena, valid.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoarena arena = { 0 };
	struct err e = { 0 };
	struct spec *spec = NULL, *again = NULL;
	char *input = arena_alloc(&arena, size + 1);
	if (size > 0)
		memcpy(input, data, size);
	if (spec_decode_text(input, size, "config.json", &arena, &spec, &e) < 0) {
		must(!spec && e.kind == ERR_CONFIG && e.text[0]);
		return 0;
	}
	struct text once = encode(&arena, spec);
	must(spec_decode_text(once.text, once.length, "encoded", &arena, &again, &e) == 0);
	const struct spec *copy = spec_copy(spec, &arena);
	const char *verdict = judge(&arena, spec);
	must(str_eq(once.text, encode(&arena, again).text));
	must(str_eq(once.text, encode(&arena, copy).text));
	must(str_eq(verdict, judge(&arena, copy)));
	/* in the encoded text all is in another place */
	spec->text = again->text = NULL;
	must(str_eq(judge(&arena, spec), judge(&arena, again)));
	return 0;
}

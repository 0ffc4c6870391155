/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes into the JSON parser. What it accepts is written back, in both layouts, and must be the same
 * data when read again; what it refuses must come with a position.
 */
#include "base/auto.h"
#include "base/json.h"
#include "base/json_out.h"
#include "base/str.h"

#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void stop(const char *what, const char *text)
{
	fprintf(stderr, "%s: %s\n", what, text);
	abort();
}

static void check_tree(const struct json_source *source, const struct json_value *v, unsigned depth)
{
	uint32_t count = 0;

	if (depth > JSON_MAX_DEPTH || v->offset >= source->length)
		stop("a value out of bounds", json_kind_name(v->kind));
	/* the first byte says the kind */
	static const char *const first[] = { "n", "tf", "-0123456789", "\"", "[", "{" };
	if (!strchr(first[v->kind], source->text[v->offset]))
		stop("a value that does not begin at its offset", json_kind_name(v->kind));
	for (const struct json_value *child = v->first; child; child = child->next) {
		if ((child->key != NULL) != (v->kind == JSON_OBJECT))
			stop("a key where none belongs, or none", json_kind_name(v->kind));
		if (child->key && source->text[child->key_offset] != '"')
			stop("a key that does not begin at its offset", child->key);
		check_tree(source, child, depth + 1);
		count++;
	}
	if (count != v->count)
		stop("a wrong count", json_kind_name(v->kind));
}

static void check_round_trip(const struct json_value *v, bool pretty)
{
	auto_json_out out = json_out_new(pretty);
	struct json_source source = { .name = "again" };
	autoarena arena = { 0 };
	struct json_value *again;
	struct err e;

	json_out_value(out, v);
	if (json_out_finish(out, &source.text, &source.length, &e) < 0)
		stop("not written", e.text);
	/* escapes and indentation may take more room than the limit; that is not a defect */
	if (source.length > JSON_MAX_BYTES)
		return;
	if (json_parse(&source, &arena, &again, &e) < 0)
		stop("not read again", e.text);
	if (!json_equal(v, again))
		stop("not equal", source.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct json_source source = { .name = "fuzz",
					    .text = (const char *)data,
					    .length = size };
	autoarena arena = { 0 };
	autoarena copies = { 0 };
	struct json_value *v = NULL;
	struct err e = { 0 };

	if (json_parse(&source, &arena, &v, &e) < 0) {
		if (e.kind != ERR_CONFIG || !str_has_prefix(e.text, "fuzz:") || v)
			stop("a refusal without form", e.text);
		return 0;
	}
	check_tree(&source, v, 0);
	if (!json_equal(v, json_copy(&copies, v)))
		stop("a copy that differs", json_kind_name(v->kind));
	check_round_trip(v, false);
	check_round_trip(v, true);
	return 0;
}

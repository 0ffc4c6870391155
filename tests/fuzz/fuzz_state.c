/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: the bytes of a state record, as a crash, a full disk or an older program may have left
 * them. The first byte chooses the record, the rest is its text. Beyond not crashing: what is decoded
 * and written again says the same, and a record of which the end is missing is never taken for one.
 */
#include "state/ids.h"
#include "state/record.h"
#include "state/registry.h"
#include "state/state.h"

#include "base/auto.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Written out again. What was decoded can be encoded. */
static char *encode(const struct fields *fields, const void *record, struct arena *arena,
		    size_t *ret_length)
{
	struct err e;
	char *text;

	if (fields_encode_text(fields, record, true, arena, &text, ret_length, &e) < 0)
		abort();
	return text;
}

static void check_written_again(const struct fields *fields, const void *record,
				struct arena *arena)
{
	struct err e;
	size_t first_length, second_length;
	void *again = NULL;
	char *first = encode(fields, record, arena, &first_length);

	if (record_decode(fields, "record", first, first_length, arena, &again, &e) < 0 || !again)
		abort();
	char *second = encode(fields, again, arena, &second_length);
	if (first_length != second_length || memcmp(first, second, first_length) != 0)
		abort();
	for (size_t cut = 0; cut < first_length; cut += 1 + first_length / 16)
		if (!record_is_cut(first, cut))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fields *const tables[] = { &status_fields, &intent_fields, &member_fields,
						&ids_claim_fields };
	struct arena arena = { 0 };
	struct err e = { 0 };
	void *record = NULL;

	if (size == 0)
		return 0;
	const struct fields *fields = tables[data[0] % ARRAY_SIZE(tables)];
	/* A copy of exactly this size, so that reading beyond it is noticed. */
	char *text = malloc(size);
	if (!text)
		abort();
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (record_decode(fields, "record", text, size - 1, &arena, &record, &e) < 0) {
		if (e.kind != ERR_STATE || e.text[0] == '\0')
			abort();
	} else if (record) {
		check_written_again(fields, record, &arena);
	}
	arena_release(&arena);
	free(text);
	return 0;
}

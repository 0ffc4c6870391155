/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fields_decode.c builds on: where we are in the tree, and reading one value of a given kind. Every
 * complaint names the value's position and its path. Of use in base/ only.
 */
#ifndef BASE_FIELDS_DECODER_H
#define BASE_FIELDS_DECODER_H

#include "base/fields.h"

/* Where we are in the tree, for messages: a chain on the stack from the inside outwards. */
enum place_kind { PLACE_PROPERTY, PLACE_ELEMENT, PLACE_KEY };

struct place {
	const struct place *outer;
	enum place_kind kind;
	const char *name; /* of a property or key */
	size_t index;     /* of an element */
};

struct decoder {
	const struct json_source *source;
	struct arena *arena;
	struct err *e;
};

/* linux.namespaces[1].type, rdma."mlx5_1".hcaHandles */
void place_print(struct strbuf *b, const struct place *place);
/* The last step of it alone, behind the others. */
void place_print_step(struct strbuf *b, const struct place *place);

/* Fail with "NAME:LINE:COLUMN: PATH: reason" for a byte offset. */
int decoder_refuse(const struct decoder *d, uint32_t offset, const struct place *place,
		   const char *reason);

/* Fail because of the value's kind: "must be EXPECTED, is a number". */
int decoder_refuse_kind(const struct decoder *d, const struct json_value *v,
			const struct place *place, const char *expected);

int decoder_expect(const struct decoder *d, const struct json_value *v, const struct place *place,
		   enum json_kind kind) MUST_CHECK;

/* Integers within their range, both ends included. */
int decoder_signed(const struct decoder *d, const struct json_value *v, const struct place *place,
		   int64_t least, int64_t most, int64_t *ret) MUST_CHECK;
int decoder_unsigned(const struct decoder *d, const struct json_value *v, const struct place *place,
		     uint64_t most, uint64_t *ret) MUST_CHECK;

/* A copy in the decoder's arena. */
int decoder_string(const struct decoder *d, const struct json_value *v, const struct place *place,
		   char **ret) MUST_CHECK;

/* A name of the table. */
int decoder_name(const struct decoder *d, const struct json_value *v, const struct place *place,
		 const struct name_row *table, int64_t *ret) MUST_CHECK;

#endif

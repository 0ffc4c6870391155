/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wire format of protocol buffers (protobuf.dev, "Encoding"), as much of it as criu's protocol needs:
 * numbers, texts and messages in messages. Pure.
 */
#ifndef CRIU_WIRE_H
#define CRIU_WIRE_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writing: each adds one field to the end of a message. */
void wire_put_number(struct strbuf *out, unsigned field, uint64_t value);
/* A signed one takes ten bytes where it is negative. */
void wire_put_signed(struct strbuf *out, unsigned field, int64_t value);
void wire_put_text(struct strbuf *out, unsigned field, const char *text);
void wire_put_message(struct strbuf *out, unsigned field, const struct strbuf *message);

/* Reading: a message is walked from its first field to its last. */
struct wire {
	const unsigned char *at;
	size_t left;
};
struct wire_field {
	unsigned number;
	bool is_number;      /* else it is bytes: a text or a message */
	uint64_t value;      /* of a number */
	struct wire content; /* of bytes */
};

/* 1: *ret is the next field; 0: none is left; -1: this is not a message. */
int wire_next(struct wire *wire, struct wire_field *ret);

/* A text that fits, terminated; of a longer one the beginning. */
void wire_copy_text(const struct wire *content, char *buffer, size_t size);

#endif

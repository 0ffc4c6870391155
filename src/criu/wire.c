/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wire format of protocol buffers (wire.h). Pure: what comes in is untrusted bytes. Runs in the runtime.
 */
#include "criu/wire.h"

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* 64 bits, seven at a time. */
#define VARINT_MAX 10

static void put_varint(struct strbuf *out, uint64_t value)
{
	while (value >= 0x80) {
		strbuf_putc(out, (char)(0x80 | (value & 0x7f)));
		value >>= 7;
	}
	strbuf_putc(out, (char)value);
}

static void put_key(struct strbuf *out, unsigned field, enum wire_type type)
{
	put_varint(out, (uint64_t)field << 3 | type);
}

void wire_put_number(struct strbuf *out, unsigned field, uint64_t value)
{
	put_key(out, field, WIRE_VARINT);
	put_varint(out, value);
}

void wire_put_signed(struct strbuf *out, unsigned field, int64_t value)
{
	wire_put_number(out, field, (uint64_t)value);
}

static void put_bytes(struct strbuf *out, unsigned field, const char *bytes, size_t length)
{
	put_key(out, field, WIRE_BYTES);
	put_varint(out, length);
	strbuf_add(out, bytes, length);
}

void wire_put_text(struct strbuf *out, unsigned field, const char *text)
{
	put_bytes(out, field, text, strlen(text));
}

void wire_put_message(struct strbuf *out, unsigned field, const struct strbuf *message)
{
	put_bytes(out, field, strbuf_text(message), message->length);
}

static bool take_varint(struct wire *wire, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < VARINT_MAX && i < wire->left; i++) {
		value |= (uint64_t)(wire->at[i] & 0x7f) << (7 * i);
		if (wire->at[i] & 0x80)
			continue;
		wire->at += i + 1;
		wire->left -= i + 1;
		*ret = value;
		return true;
	}
	return false;
}

static bool skip(struct wire *wire, size_t length)
{
	if (length > wire->left)
		return false;
	wire->at += length;
	wire->left -= length;
	return true;
}

int wire_next(struct wire *wire, struct wire_field *ret)
{
	struct wire_field field = { 0 };
	uint64_t key, length = 0;

	for (;;) {
		if (wire->left == 0)
			return 0;
		if (!take_varint(wire, &key) || key >> 3 == 0 || key >> 3 > UINT32_MAX)
			return -1;
		field.number = (unsigned)(key >> 3);
		switch (key & 7) {
		case WIRE_VARINT:
			field.is_number = true;
			if (!take_varint(wire, &field.value))
				return -1;
			*ret = field;
			return 1;
		case WIRE_BYTES:
			if (!take_varint(wire, &length) || length > wire->left)
				return -1;
			field.content = (struct wire){ .at = wire->at, .left = (size_t)length };
			(void)skip(wire, (size_t)length);
			*ret = field;
			return 1;
		/* The protocol has none, but a later one may: they belong to no process. */
		case WIRE_FIXED64:
		case WIRE_FIXED32:
			if (!skip(wire, (key & 7) == WIRE_FIXED64 ? 8 : 4))
				return -1;
			continue;
		default:
			return -1;
		}
	}
}

void wire_copy_text(const struct wire *content, char *buffer, size_t size)
{
	size_t length = content->left < size ? content->left : size - 1;

	memcpy(buffer, content->at, length);
	buffer[length] = '\0';
}

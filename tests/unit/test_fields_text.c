/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structs as JSON and as text for people, by a table that has each kind which is written alone, and each place.
 */
#include "base/auto.h"
#include "base/fields_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

struct wheel {
	const char *name;
	size_t spokes;
};
struct wheels {
	size_t n;
	struct wheel *v;
};
struct engine {
	int bits;
	bool loud;
};
struct car {
	const char *name;
	bool open, sold;
	unsigned short doors;
	uint64_t flags, price;
	char **seats;
	struct engine engine;
	struct wheel *spare;
	struct wheels wheels;
	struct strlist owners;
	struct u32list keys;
	struct strmap papers;
};

static const struct name_row flag_names[] = { { "fast", 1 }, { "red", 2 }, { NULL, 0 } };
static const struct name_row price_names[] = { { "priceless", -1 }, { NULL, 0 } };

#define SHOWN(...)                           \
	.shown = &(const struct field_shown) \
	{                                    \
		__VA_ARGS__                  \
	}
#define OF(type, kind_, member, ...)                                                          \
	{                                                                                     \
		.kind = FIELD_##kind_,                                                        \
		.offset = FIELD_CHECKED_OFFSET(type, member, FIELD_TYPE_##kind_), __VA_ARGS__ \
	}
#define AT(type, kind_, member, ...)                                                 \
	{                                                                            \
		.kind = FIELD_##kind_, .offset = offsetof(type, member), __VA_ARGS__ \
	}

static const struct field wheel_rows[] = {
	OF(struct wheel, TEXT, name, .name = "name", .place = FIELD_HEAD),
	OF(struct wheel, COUNT, spokes, .name = "spokes", .place = FIELD_LINE,
	   .flags = FIELD_SPARSE, SHOWN(.lead = "% spokes")),
};
static const struct fields wheel_fields = FIELDS("wheel", struct wheel, wheel_rows, 0);

static const struct field engine_rows[] = {
	OF(struct engine, BITS, bits, .name = "bits", .names = flag_names, .place = FIELD_DETAIL),
	OF(struct engine, BOOL, loud, .name = "loud", .flags = FIELD_WHOLE, .place = FIELD_DETAIL,
	   SHOWN(.lead = "loud")),
};
static const struct fields engine_fields = FIELDS("engine", struct engine, engine_rows, 0);

static bool is_sold(const void *object)
{
	return ((const struct car *)object)->sold;
}

static void encode_sold(const void *object, struct json_out *out)
{
	json_out_string(out, is_sold(object) ? "yes" : "no");
}

static void put_doors(const void *object, struct strbuf *out)
{
	const struct car *car = object;

	for (unsigned i = 0; i < car->doors; i++)
		strbuf_show(out, "door %u\n", i);
}

static void car_head(const void *object, struct strbuf *out)
{
	strbuf_puts(out, "car ");
	put_word(out, ((const struct car *)object)->name);
}

static const struct field car_rows[] = {
	OF(struct car, TEXT, name, .name = "name", .place = FIELD_HEAD),
	OF(struct car, BOOL, open, .name = "open", .flags = FIELD_WHOLE, .place = FIELD_HEAD,
	   SHOWN(.lead = "open")),
	AT(struct car, ODD, sold, .name = "sold", .place = FIELD_LINE,
	   SHOWN(.lead = "sold", .when = is_sold, .encode = encode_sold)),
	AT(struct car, ODD, sold, .name = "nothing", SHOWN(.when = is_sold)),
	OF(struct car, U16, doors, .name = "doors", .place = FIELD_LINE, SHOWN(.put = put_doors)),
	OF(struct car, FLAGS, flags, .name = "flags", .names = flag_names, .place = FIELD_DETAIL,
	   SHOWN(.lead = "flags")),
	OF(struct car, U64, price, .place = FIELD_DETAIL, .names = price_names,
	   SHOWN(.lead = "price % $")),
	OF(struct car, ARGV, seats, .name = "seats", .place = FIELD_LINE, SHOWN(.lead = "seats")),
	AT(struct car, STRUCT, engine, .name = "engine", .sub = &engine_fields,
	   .place = FIELD_DETAIL),
	AT(struct car, OBJECT, spare, .name = "spare", .sub = &wheel_fields, .place = FIELD_SECTION,
	   SHOWN(.lead = "spare")),
	AT(struct car, LIST, wheels, .name = "wheels", .flags = FIELD_WHOLE, .sub = &wheel_fields,
	   .place = FIELD_SECTION, SHOWN(.lead = "wheels")),
	AT(struct car, LIST, wheels, .sub = &wheel_fields, .place = FIELD_EACH,
	   SHOWN(.lead = "wheel")),
	OF(struct car, STRLIST, owners, .name = "owners", .flags = FIELD_SPARSE,
	   .place = FIELD_LINE, SHOWN(.lead = "owner")),
	OF(struct car, U32LIST, keys, .name = "keys", .flags = FIELD_WHOLE, .place = FIELD_DETAIL,
	   SHOWN(.lead = "keys")),
	OF(struct car, STRMAP, papers, .name = "papers", .place = FIELD_LINE,
	   SHOWN(.lead = "paper")),
};
static const struct fields car_fields = { .name = "car",
					  .size = sizeof(struct car),
					  .count = ARRAY_SIZE(car_rows),
					  .rows = car_rows,
					  .head = car_head };

static void assert_written(const struct car *car, const char *json, const char *text)
{
	autoarena arena = { 0 };
	autostrbuf shown = { 0 };
	char *written = NULL;
	struct err e;

	assert_int_equal(fields_encode_text(&car_fields, car, false, &arena, &written, NULL, &e),
			 0);
	assert_string_equal(written, json);
	fields_text(&car_fields, car, &shown);
	assert_string_equal(strbuf_text(&shown), text);
}

static void all_that_is_there_is_shown(void **state)
{
	char left[] = "left", right[] = "right\nforged", title[] = "title", clean[] = "clean";
	char *seats[] = { left, right, NULL };
	struct wheel wheels[] = { { "front", 12 }, { "rear\x1b", 0 } };
	struct strpair paper = { title, clean };
	uint32_t keys[] = { 7, 8 };
	struct wheel spare = { "small", 3 };
	const struct car car = {
		.name = "a b",
		.open = true,
		.sold = true,
		.doors = 2,
		.flags = 3,
		.price = UINT64_MAX,
		.seats = seats,
		.engine = { .bits = 1, .loud = true },
		.spare = &spare,
		.wheels = { 2, wheels },
		.owners = { 2, seats },
		.keys = { 2, keys },
		.papers = { 1, &paper },
	};

	(void)state;
	assert_written(
		&car,
		"{\"name\":\"a b\",\"open\":true,\"sold\":\"yes\",\"nothing\":null,\"doors\":2,"
		"\"flags\":[\"fast\",\"red\"],\"seats\":[\"left\",\"right\\nforged\"],"
		"\"engine\":{\"bits\":[\"fast\"],\"loud\":true},"
		"\"spare\":{\"name\":\"small\",\"spokes\":3},"
		"\"wheels\":[{\"name\":\"front\",\"spokes\":12},{\"name\":\"rear\\u001B\"}],"
		"\"owners\":[\"left\",\"right\\nforged\"],\"keys\":[7,8],"
		"\"papers\":{\"title\":\"clean\"}}",
		"car \"a b\" open: flags fast red; price priceless $; fast; loud; keys 7 8\n"
		"  sold\n"
		"  door 0\n"
		"  door 1\n"
		"  seats left \"right\\nforged\"\n"
		"  owner left\n"
		"  owner \"right\\nforged\"\n"
		"  paper title = clean\n"
		"spare small\n"
		"  3 spokes\n"
		"wheels\n"
		"  front\n"
		"    12 spokes\n"
		"  \"rear\\u001b\"\n"
		"wheel front\n"
		"  12 spokes\n"
		"wheel \"rear\\u001b\"\n");
}

static void what_is_not_there_leaves_nothing(void **state)
{
	const struct car car = { .name = "c" };

	(void)state;
	assert_written(&car,
		       "{\"name\":\"c\",\"open\":false,\"doors\":0,\"flags\":[],"
		       "\"engine\":{\"bits\":[],\"loud\":false},\"wheels\":[],\"keys\":[]}",
		       "car c: price 0 $\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_is_there_is_shown),
		cmocka_unit_test(what_is_not_there_leaves_nothing),
	};

	return cmocka_run_group_tests_name("fields_text", tests, NULL, NULL);
}

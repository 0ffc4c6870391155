/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json -> struct spec and back, and what is refused. The files below tests/data/config are the
 * project's own: each in good/ is accepted, each in bad/ is refused with exactly the text beside it.
 * Needs no root.
 */
#include "base/arena.h"
#include "base/auto.h"
#include "os/io.h"
#include "spec/spec.h"

#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <time.h>

#include <cmocka.h>

#include "load.h"
#undef fail /* cmocka's; ours makes errors */

#define STOP(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

/* ---- files */

static const char *source_directory(void)
{
	const char *directory = getenv("DISTRO_SHIM_SOURCE");
	return directory ? directory : ".";
}

/* Data that does not come with the source; the tests that read it are skipped where it is not there. */
static const char *shared_directory(struct arena *arena)
{
	const char *directory = getenv("DISTRO_SHIM_SHARED");
	return directory ? directory : arena_printf(arena, "%s/../shared", source_directory());
}

struct text {
	char *text;
	size_t length;
};

static struct text read_text(struct arena *arena, const char *path)
{
	struct err e = { 0 };
	autofree char *text = NULL;
	struct text result = { 0 };
	if (read_file_at(AT_FDCWD, path, JSON_MAX_BYTES, &text, &result.length, &e) < 0)
		STOP("%s\n", e.text);
	result.text = arena_strndup(arena, text, result.length);
	return result;
}

/* Calls `test` for each file that matches; the number of them. */
static size_t for_each_file(const char *pattern,
			    void (*test)(struct arena *arena, const char *path))
{
	glob_t found;
	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		autoarena arena = { 0 };
		test(&arena, found.gl_pathv[i]);
	}
	size_t count = found.gl_pathc;
	globfree(&found);
	return count;
}

static size_t for_each_own(const char *pattern, void (*test)(struct arena *arena, const char *path))
{
	autoarena arena = { 0 };
	return for_each_file(
		arena_printf(&arena, "%s/tests/data/config/%s", source_directory(), pattern), test);
}

static size_t for_each_shared(const char *pattern,
			      void (*test)(struct arena *arena, const char *path))
{
	autoarena arena = { 0 };
	return for_each_file(arena_printf(&arena, "%s/%s", shared_directory(&arena), pattern),
			     test);
}

/* ---- decoding and encoding */

static struct json_value *parse(struct arena *arena, struct text text)
{
	const struct json_source source = { .name = "test",
					    .text = text.text,
					    .length = text.length };
	struct json_value *root = NULL;
	struct err e = { 0 };
	if (json_parse(&source, arena, &root, &e) < 0)
		STOP("%s\n", e.text);
	return root;
}

static struct text encode(struct arena *arena, const struct spec *spec, bool pretty)
{
	struct err e = { 0 };
	struct text result = { 0 };
	if (spec_encode_text(spec, pretty, arena, &result.text, &result.length, &e) < 0)
		STOP("%s\n", e.text);
	return result;
}

static struct spec *decode(struct arena *arena, struct text text, const char *name)
{
	struct err e = { 0 };
	struct spec *spec = NULL;
	if (spec_decode_text(text.text, text.length, name, arena, &spec, &e) < 0)
		STOP("%s\n", e.text);
	return spec;
}

/* Decode and validate a text that must be refused; the error's text. */
static const char *refusal(struct arena *arena, struct text text)
{
	struct err e = { 0 };
	struct spec *spec = NULL;
	if (spec_decode_text(text.text, text.length, "config.json", arena, &spec, &e) == 0) {
		assert_non_null(spec);
		if (spec_validate(spec, "config.json", &e) == 0)
			return NULL;
	} else {
		assert_null(spec);
	}
	assert_int_equal(e.kind, ERR_CONFIG);
	return arena_strdup(arena, e.text);
}

static struct text text_of(const char *text)
{
	union {
		const char *constant;
		char *text;
	} same = { text }; /* only read */
	return (struct text){ same.text, strlen(text) };
}

static const char *refusal_of(struct arena *arena, const char *text)
{
	return refusal(arena, text_of(text));
}

/* decode -> encode -> decode -> encode: both texts are the same data, and so is a copy's. */
static void check_round_trip(struct arena *arena, const struct spec *spec)
{
	struct text once = encode(arena, spec, false);
	struct spec *again = decode(arena, once, "encoded");
	struct text twice = encode(arena, again, true);
	assert_true(json_equal(parse(arena, once), parse(arena, twice)));
	struct text copied = encode(arena, spec_copy(spec, arena), false);
	assert_string_equal(copied.text, once.text);
}

static struct spec *load_good(struct arena *arena, const char *path)
{
	struct err e = { 0 };
	struct spec *spec = NULL;
	if (load_spec(AT_FDCWD, path, arena, &spec, &e) < 0 || spec_validate(spec, path, &e) < 0)
		STOP("%s\n", e.text);
	return spec;
}

static void check_good(struct arena *arena, const char *path)
{
	check_round_trip(arena, load_good(arena, path));
}

/* Nothing that the file says is lost: what is written back is what was there. */
static void check_nothing_lost(struct arena *arena, const char *path)
{
	struct text text = read_text(arena, path);
	struct text encoded = encode(arena, load_good(arena, path), false);
	if (!json_equal(parse(arena, text), parse(arena, encoded)))
		STOP("%s: decoded and encoded it is another configuration\n", path);
}

static void good_configs_are_accepted_and_keep_their_content(void **state)
{
	(void)state;
	assert_true(for_each_own("good/*.json", check_good) >= 8);
	assert_int_equal(for_each_own("good/full.json", check_nothing_lost), 1);
	assert_int_equal(for_each_own("good/containerd.json", check_nothing_lost), 1);
}

static void check_bad(struct arena *arena, const char *path)
{
	size_t stem = strlen(path) - strlen(".json");
	const char *expected =
		read_text(arena, arena_printf(arena, "%.*s.err", (int)stem, path)).text;
	const char *text = refusal(arena, read_text(arena, path));
	if (!text)
		STOP("%s: is accepted\n", path);
	if (!str_eq(expected, arena_printf(arena, "%s\n", text)))
		STOP("%s: is refused with:\n%s\ninstead of:\n%s\n", path, text, expected);
}

static void bad_configs_are_refused_with_their_message(void **state)
{
	(void)state;
	assert_true(for_each_own("bad/*.json", check_bad) >= 170);
}

static void configs_of_real_engines_are_accepted(void **state)
{
	(void)state;
	size_t count = for_each_shared("samples/*/*/config.json", check_good) +
		       for_each_shared("samples/*/*/*/config.json", check_good);
	if (count == 0) {
		print_message("no samples of engines here\n");
		skip();
	}
	assert_true(count > 100);
}

static void check_process_sample(struct arena *arena, const char *path)
{
	struct err e = { 0 };
	struct spec_process process;
	if (load_fields(&spec_process_fields, path, "process.json", JSON_MAX_BYTES, arena, &process,
			&e) < 0 ||
	    spec_validate_process(&process, "process.json", &e) < 0)
		STOP("%s: %s\n", path, e.text);
}

static void check_resources_sample(struct arena *arena, const char *path)
{
	struct err e = { 0 };
	struct spec_resources resources;
	if (load_fields(&spec_resources_fields, path, "resources", JSON_MAX_BYTES, arena,
			&resources, &e) < 0 ||
	    spec_validate_resources(&resources, "resources", &e) < 0)
		STOP("%s: %s\n", path, e.text);
}

static void files_of_exec_and_update_are_accepted(void **state)
{
	(void)state;
	size_t count = for_each_shared("samples/*/*/process.json", check_process_sample) +
		       for_each_shared("samples/*/*/*/process.json", check_process_sample) +
		       for_each_shared("samples/*/*/stdin.json", check_resources_sample) +
		       for_each_shared("samples/*/*/*/stdin.json", check_resources_sample);
	if (count == 0) {
		print_message("no samples of engines here\n");
		skip();
	}
	assert_true(count > 10);
}

/* One of the specification's examples carries a version from before 1.0, and nothing else that is old. */
static void check_specification_example(struct arena *arena, const char *path)
{
	static const char old[] = "\"0.5.0-dev\"", new[] = "\"1.3.0-dev\"";
	struct text text = read_text(arena, path);
	char *version = strstr(text.text, old);
	if (version) {
		const char *reason = refusal(arena, text);
		assert_non_null(reason);
		assert_non_null(strstr(reason, "\"0.5.0-dev\" is not supported"));
		memcpy(version, new, strlen(new));
	}
	struct err e = { 0 };
	struct spec *spec = decode(arena, text, path);
	if (spec_validate(spec, path, &e) < 0)
		STOP("%s\n", e.text);
	check_round_trip(arena, spec);
}

static void check_specification_bad(struct arena *arena, const char *path)
{
	if (!refusal(arena, read_text(arena, path)))
		STOP("%s: is accepted\n", path);
}

static void examples_of_the_specification_are_judged_as_it_says(void **state)
{
	(void)state;
	size_t good = for_each_shared("oci/test/config/good/*.json", check_specification_example);
	size_t bad = for_each_shared("oci/test/config/bad/*.json", check_specification_bad);
	if (good + bad == 0) {
		print_message("no examples of the specification here\n");
		skip();
	}
	assert_true(good > 0 && bad > 0);
}

/* ---- the version */

static void every_version_1_is_read_and_no_other(void **state)
{
	static const char *const good[] = {
		"1.0.0", "1.0.2-dev", "1.3.0+dev", "1.99.0", "1.1.0-rc.1", "1.2.1-rc.1+build.5-x",
	};
	static const char *const bad[] = {
		"",
		"1",
		"1.0",
		"1.0.0.0",
		"0.5.0-dev",
		"2.0.0",
		"10.0.0",
		"v1.0.0",
		"1.0.0-",
		"1.0.0+",
		"1.0.0-a..b",
		"1.0.0 ",
		" 1.0.0",
		"01.0.0",
		"1.00.0",
		"1.-1.0",
		"1.0.0_1",
		"1.0.x",
		"1.0.0+a+b",
		"-1.0.0",
		"1.0.18446744073709551616",
		"111111111111111111111111.0.0",
		"4294967297.0.0",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		autoarena arena = { 0 };
		const char *text = arena_printf(
			&arena, "{\"ociVersion\":\"%s\",\"root\":{\"path\":\"r\"}}", good[i]);
		assert_null(refusal_of(&arena, text));
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		autoarena arena = { 0 };
		const char *text = arena_printf(
			&arena, "{\"ociVersion\":\"%s\",\"root\":{\"path\":\"r\"}}", bad[i]);
		const char *reason = refusal_of(&arena, text);
		if (!reason || !str_has_prefix(reason, "config.json:1:15: ociVersion: "))
			STOP("ociVersion '%s': %s\n", bad[i], reason ? reason : "is accepted");
	}
}

/* A file of another version is refused for its version, whatever else is in it. */
static void version_is_judged_before_anything_else(void **state)
{
	(void)state;
	autoarena arena = { 0 };
	const char *reason = refusal_of(&arena, "{\"root\":[],\"ociVersion\":\"2.0.0\"}");
	assert_non_null(strstr(reason, "\"2.0.0\" is not supported"));
}

/* ---- types */

/* Every value of the configuration that has all properties, replaced by values of all other kinds. */
struct confusion {
	struct arena *arena;
	struct json_value *root;
	size_t tried;
};

static const struct json_value wrong_values[] = {
	{ .kind = JSON_STRING, .text = "wrong" },
	{ .kind = JSON_NUMBER, .text = "7" },
	{ .kind = JSON_NUMBER, .text = "1.5" },
	{ .kind = JSON_BOOL, .boolean = true },
	{ .kind = JSON_NULL },
	{ .kind = JSON_ARRAY },
	{ .kind = JSON_OBJECT },
};

static bool is_float(const struct json_value *v)
{
	return v->kind == JSON_NUMBER && strchr(v->text, '.') != NULL;
}

static struct text write_tree(struct arena *arena, const struct json_value *root)
{
	auto_json_out out = json_out_new(false);
	const char *text = NULL;
	size_t length = 0;
	struct err e = { 0 };
	json_out_value(out, root);
	if (json_out_finish(out, &text, &length, &e) < 0)
		STOP("%s\n", e.text);
	return (struct text){ arena_strndup(arena, text, length), length };
}

/* null is absent where a property may be absent, and nowhere else. */
static void confuse_value(struct confusion *c, struct json_value *v, const char *path,
			  bool optional)
{
	const struct json_value saved = *v;
	for (size_t i = 0; i < ARRAY_SIZE(wrong_values); i++) {
		const struct json_value *wrong = &wrong_values[i];
		if (wrong->kind == saved.kind && !is_float(wrong))
			continue;
		autoarena arena = { 0 };
		struct err e = { 0 };
		struct spec *spec = NULL;
		v->kind = wrong->kind;
		v->text = wrong->text;
		v->boolean = wrong->boolean;
		v->first = NULL;
		v->count = 0;
		struct text text = write_tree(&arena, c->root);
		*v = saved;
		bool accepted = spec_decode_text(text.text, text.length, "config.json", &arena,
						 &spec, &e) == 0;
		bool acceptable = wrong->kind == JSON_NULL && optional;
		const char *named = arena_printf(&arena, ": %s: ", path);
		if (accepted != acceptable)
			STOP("%s: value %zu is %s\n", path, i, accepted ? "accepted" : e.text);
		if (!accepted && !strstr(e.text, named))
			STOP("%s: the error does not name it: %s\n", path, e.text);
		c->tried++;
	}
}

static void confuse_object(struct confusion *c, const struct fields *fields, struct json_value *v,
			   const char *path);

static void confuse_elements(struct confusion *c, const struct field *field, struct json_value *v,
			     const char *path)
{
	size_t i = 0;
	for (struct json_value *child = v->first; child; child = child->next, i++) {
		const char *name = child->key
					   ? arena_printf(c->arena, "%s.\"%s\"", path, child->key)
					   : arena_printf(c->arena, "%s[%zu]", path, i);
		confuse_value(c, child, name, false);
		if (field->sub)
			confuse_object(c, field->sub, child, name);
	}
}

static void confuse_object(struct confusion *c, const struct fields *fields, struct json_value *v,
			   const char *path)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->rows[i];
		const char *name =
			*path ? arena_printf(c->arena, "%s.%s", path, field->name) : field->name;
		struct json_value *member = json_get(v, field->name);
		if (!member)
			continue;
		confuse_value(c, member, name, !(field->flags & FIELD_REQUIRED));
		if (field->kind == FIELD_OBJECT)
			confuse_object(c, field->sub, member, name);
		else
			confuse_elements(c, field, member, name);
	}
}

static void check_confusion(struct arena *arena, const char *path)
{
	struct confusion c = { .arena = arena, .root = parse(arena, read_text(arena, path)) };
	confuse_object(&c, &spec_fields, c.root, "");
	print_message("%zu wrong types\n", c.tried);
	assert_true(c.tried > 1500);
}

static void every_wrong_type_is_refused_by_its_path(void **state)
{
	(void)state;
	assert_int_equal(for_each_own("good/full.json", check_confusion), 1);
}

/* ---- the table and the example that has everything */

/* Every row has to be in at least one of the objects that the table describes. */
static void check_covered(const struct fields *fields, const struct json_value *const *objects,
			  size_t n, const char *path, struct arena *arena)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->rows[i];
		const char *name = arena_printf(arena, "%s.%s", path, field->name);
		const struct json_value *inner[64];
		size_t inner_n = 0;
		bool found = false;
		for (size_t j = 0; j < n; j++) {
			const struct json_value *member = json_get(objects[j], field->name);
			found = found || member;
			if (!member || !field->sub)
				continue;
			if (field->kind == FIELD_OBJECT)
				inner[inner_n++] = member;
			else
				for (const struct json_value *v = member->first;
				     v && inner_n < ARRAY_SIZE(inner); v = v->next)
					inner[inner_n++] = v;
		}
		if (!found)
			STOP("%s is not in good/full.json\n", name);
		if (field->sub)
			check_covered(field->sub, inner, inner_n, name, arena);
	}
}

static void check_full(struct arena *arena, const char *path)
{
	const struct json_value *root = parse(arena, read_text(arena, path));
	check_covered(&spec_fields, &root, 1, "", arena);
}

static void full_example_has_every_property(void **state)
{
	(void)state;
	assert_int_equal(for_each_own("good/full.json", check_full), 1);
}

/* ---- copies */

static void check_copy(struct arena *arena, const char *path)
{
	struct arena first = { 0 };
	const struct spec *spec = load_good(&first, path);
	const char *before = encode(arena, spec, false).text;
	const struct spec *copy = spec_copy(spec, arena);
	/* Under AddressSanitizer a reference to the original is a use after free from here on. */
	arena_release(&first);
	assert_string_equal(encode(arena, copy, false).text, before);
}

static void copy_shares_nothing_with_the_original(void **state)
{
	(void)state;
	assert_true(for_each_own("good/*.json", check_copy) >= 8);
}

static void copy_keeps_what_text_could_not(void **state)
{
	(void)state;
	autoarena arena = { 0 };
	struct spec *spec = spec_example(&arena, "/run/netns/\xff", false, 0, 0);
	const struct spec *copy = spec_copy(spec, &arena);
	const struct spec_namespace *network = spec_namespace_find(copy, SPEC_NS_NETWORK);
	assert_string_equal(network->path, "/run/netns/\xff");
	/* absent and present but empty are still different */
	assert_null(copy->annotations.v);
	assert_null(copy->hooks);
	spec->annotations.v = arena_new_array(&arena, struct strpair, 0);
	assert_non_null(spec_copy(spec, &arena)->annotations.v);
}

/* ---- single rules */

static void sysctl_keys_name_a_file_in_both_spellings(void **state)
{
	static const struct {
		const char *key, *path;
	} rows[] = {
		{ "kernel.shmmax", "kernel/shmmax" },
		{ "kernel/shmmax", "kernel/shmmax" },
		{ "net.ipv4.conf.eth0/100.forwarding", "net/ipv4/conf/eth0.100/forwarding" },
		{ "net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding" },
		{ "net", "net" },
		{ "", "" },
	};
	(void)state;
	autoarena arena = { 0 };
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(spec_sysctl_path(rows[i].key, &arena), rows[i].path);
}

static const char *process_refusal(struct arena *arena, const char *members)
{
	return refusal_of(arena, arena_printf(arena,
					      "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},"
					      "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],%s}}",
					      members));
}

static void size_of_the_console_counts_with_a_terminal_only(void **state)
{
	static const char size[] = "\"consoleSize\":{\"height\":65536,\"width\":1}";
	(void)state;
	autoarena arena = { 0 };
	assert_null(process_refusal(&arena, size));
	assert_null(process_refusal(&arena, arena_printf(&arena, "\"terminal\":false,%s", size)));
	assert_non_null(
		process_refusal(&arena, arena_printf(&arena, "\"terminal\":true,%s", size)));
}

static void unknown_capability_is_no_error(void **state)
{
	(void)state;
	autoarena arena = { 0 };
	assert_null(process_refusal(
		&arena, "\"capabilities\":{\"bounding\":[\"CAP_OF_TOMORROW\",\"nonsense\",\"\"]}"));
}

static void limits_are_inclusive(void **state)
{
	static const char *const accepted[] = {
		"\"oomScoreAdj\":-1000",
		"\"oomScoreAdj\":1000",
		"\"user\":{\"uid\":4294967294,\"gid\":0,\"umask\":511}",
		"\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"priority\":99}",
		"\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":-20}",
		"\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"runtime\":0}",
		"\"ioPriority\":{\"class\":\"IOPRIO_CLASS_IDLE\"}",
		"\"execCPUAffinity\":{\"initial\":\"\",\"final\":\" 0-1 , 8191 \"}",
		"\"env\":[\"A=\",\"A==\"]",
		"\"terminal\":true,\"consoleSize\":{\"height\":65535,\"width\":0}",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
		autoarena arena = { 0 };
		const char *reason = process_refusal(&arena, accepted[i]);
		if (reason)
			STOP("%s: %s\n", accepted[i], reason);
	}
}

static const char *linux_refusal(struct arena *arena, const char *members)
{
	return refusal_of(arena, arena_printf(arena,
					      "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},"
					      "\"linux\":{%s}}",
					      members));
}

static void what_asks_for_nothing_is_accepted(void **state)
{
	static const char *const accepted[] = {
		"\"rootfsPropagation\":\"\",\"cgroupsPath\":\"\",\"timeOffsets\":{}",
		"\"maskedPaths\":[],\"readonlyPaths\":[],\"uidMappings\":[],\"gidMappings\":[]",
		"\"resources\":{\"memory\":{\"limit\":0,\"swap\":0,\"swappiness\":"
		"18446744073709551615}}",
		"\"resources\":{\"memory\":{\"limit\":-1,\"swap\":-1}}",
		"\"resources\":{\"memory\":{\"limit\":-1,\"swap\":0}}",
		"\"resources\":{\"cpu\":{\"period\":0,\"quota\":-1,\"burst\":5}}",
		"\"resources\":{\"pids\":{\"limit\":-1},\"blockIO\":{\"weight\":0,\"leafWeight\":0}"
		"}",
		"\"resources\":{\"devices\":[{\"allow\":true,\"type\":\"\"},{\"allow\":false}]}",
		/* a user namespace joined by path has its mappings already, and may repeat them */
		"\"namespaces\":[{\"type\":\"user\",\"path\":\"/proc/1/ns/user\"}]",
		"\"intelRdt\":{\"closID\":\"/\"}",
		"\"memoryPolicy\":{\"mode\":\"MPOL_PREFERRED\"}",
		"\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":4094}",
		"\"sysctl\":{\"kernel.domainname\":\"any\"},\"namespaces\":[{\"type\":\"uts\"}]",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
		autoarena arena = { 0 };
		const char *reason = linux_refusal(&arena, accepted[i]);
		if (reason)
			STOP("%s: %s\n", accepted[i], reason);
	}
}

/* The last id is no id: an extent may end right before it. */
static void mapping_may_reach_the_last_id(void **state)
{
	static const char format[] =
		"\"namespaces\":[{\"type\":\"user\"}],"
		"\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":%u}],"
		"\"gidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1},"
		"{\"containerID\":1,\"hostID\":1,\"size\":1}]";
	(void)state;
	autoarena arena = { 0 };
	assert_null(linux_refusal(&arena, arena_printf(&arena, format, 4294967295u)));
}

static void messages_are_one_a_line_and_safe_to_print(void **state)
{
	(void)state;
	autoarena arena = { 0 };
	const char *reason =
		process_refusal(&arena, "\"env\":[\"A\\u001b[31m\\nB\",\"\\u00e9\\u00e9\\u00e9\"]");
	assert_string_equal(reason,
			    "config.json:1:85: process.env[0]: must have the form NAME=VALUE, "
			    "is \"A\\u001b[31m\\nB\"\n"
			    "config.json:1:102: process.env[1]: must have the form NAME=VALUE, "
			    "is \"\xc3\xa9\xc3\xa9\xc3\xa9\"");
}

/* The policy has put a mount before the others, so their numbers are not those of the text. */
static void a_place_is_that_of_the_text_or_of_what_is_around_it(void **state)
{
	static const char text[] = "{\"ociVersion\":\"1.0.0\",\n\"root\":{\"path\":\"r\"},\n"
				   "\"mounts\":[{\"destination\":\"/a\"},\n"
				   "{\"destination\":\"\"}]}";
	(void)state;
	autoarena arena = { 0 };
	struct err e = { 0 };
	struct spec_mount mounts[3] = { 0 };
	struct spec *spec = decode(&arena, text_of(text), "config.json");

	assert_int_equal(spec_validate(spec, "c", &e), -1);
	assert_string_equal(e.text, "c:4:16: mounts[1].destination: must not be empty");
	for (size_t i = 0; i < 3; i++)
		mounts[i] = spec->mounts.v[i > 1];
	spec->mounts.v = mounts;
	spec->mounts.n = 3;
	assert_int_equal(spec_validate(spec_copy(spec, &arena), "c", &e), -1);
	assert_string_equal(e.text, "c:3:10: mounts[2].destination: must not be empty");

	fail(&e, ERR_CONFIG, "root.path: is wrong");
	assert_int_equal(spec_fail_located(spec, "c", &e), -1);
	assert_string_equal(e.text, "c:2:16: root.path: is wrong");
	fail(&e, ERR_CONFIG, "something else: is wrong");
	assert_int_equal(spec_fail_located(spec, "c", &e), -1);
	assert_string_equal(e.text, "something else: is wrong");
	fail(&e, ERR_CONFIG, "root: root.path: is wrong");
	assert_int_equal(spec_fail_located_in_step(spec, "c", &e), -1);
	assert_string_equal(e.text, "c:2:16: root: root.path: is wrong");
	fail(&e, ERR_CONFIG, "root: something else: is wrong");
	assert_int_equal(spec_fail_located_in_step(spec, "c", &e), -1);
	assert_string_equal(e.text, "root: something else: is wrong");
	fail(&e, ERR_CONFIG, "root");
	assert_int_equal(spec_fail_located_in_step(spec, "c", &e), -1);
	assert_string_equal(e.text, "root");
	spec->text = NULL;
	assert_int_equal(spec_validate(spec, "c", &e), -1);
	assert_string_equal(e.text, "c: mounts[2].destination: must not be empty");
}

static void load_names_the_file(void **state)
{
	(void)state;
	autoarena arena = { 0 };
	struct err e = { 0 };
	struct spec *spec = NULL;
	const char *bad = arena_printf(&arena, "%s/tests/data/config/bad", source_directory());
	const char *path = arena_printf(&arena, "%s/pids-missing.json", bad);
	autoclose int directory = open(bad, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(load_spec(AT_FDCWD, path, &arena, &spec, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_true(str_has_prefix(e.text, path));
	assert_int_equal(load_spec(directory, "pids-missing.json", &arena, &spec, &e), -1);
	assert_true(str_has_prefix(e.text, "pids-missing.json:"));
	assert_int_equal(load_spec(directory, "no-such-file.json", &arena, &spec, &e), -1);
	assert_int_equal(e.kind, ERR_SYSTEM);
	assert_null(spec);
}

/* The policy mends what validation refuses, so it has to be given it. */
static void load_leaves_validation_to_others(void **state)
{
	(void)state;
	autoarena arena = { 0 };
	struct err e = { 0 };
	struct spec *spec = NULL;
	const char *path = arena_printf(&arena, "%s/tests/data/config/bad/hostname-no-uts.json",
					source_directory());
	assert_int_equal(load_spec(AT_FDCWD, path, &arena, &spec, &e), 0);
	assert_int_equal(spec_validate(spec, "config.json", &e), -1);
}

static void validation_of_parts_names_their_own_properties(void **state)
{
	(void)state;
	autoarena arena = { 0 };
	struct err e = { 0 };
	struct spec_process process = { .cwd = arena_strdup(&arena, "here") };
	struct spec_pids pids = { .limit = -2 };
	const struct spec_resources resources = { .pids = &pids };
	assert_int_equal(spec_validate_process(&process, "process.json", &e), -1);
	assert_string_equal(e.text, "process.json: args: at least one argument is needed\n"
				    "process.json: cwd: must be an absolute path, is \"here\"");
	assert_int_equal(spec_validate_resources(&resources, "resources", &e), -1);
	assert_string_equal(e.text, "resources: pids.limit: must not be less than -1");
}

/* What the tables of fields refuse in a file may still come from the command line. */
static void ids_are_checked_where_no_file_gave_them(void **state)
{
	(void)state;
	autoarena arena = { 0 };
	struct err e = { 0 };
	struct spec *spec = spec_example(&arena, "/run/netns/distros", false, 0, 0);
	struct spec_user *user = spec->process->user;
	uint32_t *groups = arena_new_array(&arena, uint32_t, 65537);
	groups[1] = UINT32_MAX;
	user->uid = UINT32_MAX;
	user->gid = UINT32_MAX;
	user->additional_gids = (struct u32list){ .n = 2, .v = groups };
	assert_int_equal(spec_validate_process(spec->process, "process", &e), -1);
	assert_string_equal(e.text, "process: user.additionalGids[1]: 4294967295 is no id\n"
				    "process: user.uid: 4294967295 is no id\n"
				    "process: user.gid: 4294967295 is no id");
	*user = (struct spec_user){ .additional_gids = { .n = 65537, .v = groups } };
	groups[1] = 0;
	assert_int_equal(spec_validate_process(spec->process, "process", &e), -1);
	assert_string_equal(e.text, "process: user.additionalGids: must not be more than 65536");
	user->additional_gids.n = 65536;
	assert_int_equal(spec_validate_process(spec->process, "process", &e), 0);
}

/* What is not shown any more is not looked for in the text either: that would take as long as the text is. */
static void any_number_of_mistakes_is_told_quickly(void **state)
{
	(void)state;
	autoarena arena = { 0 };
	autostrbuf text = { 0 };
	struct spec *spec;
	struct err e = { 0 };

	strbuf_puts(
		&text,
		"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\","
		"\"args\":[\"x\"],\"rlimits\":[");
	for (unsigned i = 0; i < 24000; i++)
		strbuf_printf(&text, "%s{\"type\":\"BAD\",\"soft\":1,\"hard\":1}", i ? "," : "");
	strbuf_puts(&text, "]}}");
	assert_int_equal(spec_decode_text(text.text, text.length, "config.json", &arena, &spec, &e),
			 0);
	const clock_t begin = clock();
	assert_int_equal(spec_validate(spec, "config.json", &e), -1);
	assert_true((clock() - begin) / CLOCKS_PER_SEC < 3);
	assert_non_null(strstr(e.text, "process.rlimits[1].type: \"BAD\" is not known\n"));
	assert_non_null(strstr(e.text, "more"));
}

/* An update may raise the swap alone; the limit of memory is there already. */
static void update_may_rely_on_limits_that_are_set(void **state)
{
	(void)state;
	struct err e = { 0 };
	struct spec_memory memory = { .swap = { true, 100 } };
	const struct spec_resources resources = { .memory = &memory };
	assert_int_equal(spec_validate_resources(&resources, "resources", &e), 0);
}

static void namespaces_are_found_by_type(void **state)
{
	(void)state;
	autoarena arena = { 0 };
	const struct spec *spec = spec_example(&arena, "/run/netns/distros", false, 0, 0);
	const struct spec none = { 0 };
	assert_string_equal(spec_namespace_find(spec, SPEC_NS_NETWORK)->path, "/run/netns/distros");
	assert_null(spec_namespace_find(spec, SPEC_NS_PID)->path);
	assert_null(spec_namespace_find(spec, SPEC_NS_USER));
	assert_null(spec_namespace_find(&none, SPEC_NS_PID));
}

/* ---- the example */

static void check_example(bool rootless)
{
	autoarena arena = { 0 };
	struct err e = { 0 };
	struct spec *spec = spec_example(&arena, "/run/netns/distros", rootless, 1000, 100);
	if (spec_validate(spec, "example", &e) < 0)
		STOP("%s\n", e.text);
	check_round_trip(&arena, spec);
	assert_string_equal(spec->oci_version, "1.3.0");
	assert_string_equal(spec_namespace_find(spec, SPEC_NS_NETWORK)->path, "/run/netns/distros");
	assert_non_null(spec_namespace_find(spec, SPEC_NS_PID));
	assert_non_null(spec_namespace_find(spec, SPEC_NS_MOUNT));
	assert_int_equal(spec->process->capabilities->bounding.n, 13);
	assert_false(strlist_has(&spec->process->capabilities->bounding, "CAP_NET_RAW"));
	assert_int_equal(spec->process->capabilities->inheritable.n, 0);
	assert_true(strlist_has(&spec->linux_->readonly_paths, "/proc/sys"));
	assert_int_equal(spec_namespace_find(spec, SPEC_NS_USER) != NULL, rootless);
	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct spec_mount *mount = &spec->mounts.v[i];
		if (rootless)
			assert_string_not_equal(mount->type, "cgroup");
		if (str_eq(mount->type, "devpts"))
			assert_int_equal(strlist_has(&mount->options, "gid=5"), !rootless);
	}
	if (!rootless)
		return;
	assert_int_equal(spec->linux_->uid_mappings.v[0].host_id, 1000);
	assert_int_equal(spec->linux_->gid_mappings.v[0].host_id, 100);
}

static void example_can_be_carried_out(void **state)
{
	(void)state;
	check_example(false);
	check_example(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_configs_are_accepted_and_keep_their_content),
		cmocka_unit_test(bad_configs_are_refused_with_their_message),
		cmocka_unit_test(configs_of_real_engines_are_accepted),
		cmocka_unit_test(files_of_exec_and_update_are_accepted),
		cmocka_unit_test(examples_of_the_specification_are_judged_as_it_says),
		cmocka_unit_test(every_version_1_is_read_and_no_other),
		cmocka_unit_test(version_is_judged_before_anything_else),
		cmocka_unit_test(every_wrong_type_is_refused_by_its_path),
		cmocka_unit_test(full_example_has_every_property),
		cmocka_unit_test(copy_shares_nothing_with_the_original),
		cmocka_unit_test(copy_keeps_what_text_could_not),
		cmocka_unit_test(sysctl_keys_name_a_file_in_both_spellings),
		cmocka_unit_test(size_of_the_console_counts_with_a_terminal_only),
		cmocka_unit_test(unknown_capability_is_no_error),
		cmocka_unit_test(limits_are_inclusive),
		cmocka_unit_test(what_asks_for_nothing_is_accepted),
		cmocka_unit_test(mapping_may_reach_the_last_id),
		cmocka_unit_test(messages_are_one_a_line_and_safe_to_print),
		cmocka_unit_test(a_place_is_that_of_the_text_or_of_what_is_around_it),
		cmocka_unit_test(load_names_the_file),
		cmocka_unit_test(load_leaves_validation_to_others),
		cmocka_unit_test(validation_of_parts_names_their_own_properties),
		cmocka_unit_test(ids_are_checked_where_no_file_gave_them),
		cmocka_unit_test(any_number_of_mistakes_is_told_quickly),
		cmocka_unit_test(update_may_rely_on_limits_that_are_set),
		cmocka_unit_test(namespaces_are_found_by_type),
		cmocka_unit_test(example_can_be_carried_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

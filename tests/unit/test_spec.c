/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json -> struct spec and back, and what is refused. The files below tests/data/config are the
 * project's own: each in good/ is accepted, each in bad/ is refused with exactly the text beside it.
 * Needs no root.
 */
#include "spec_files.h"

#include "base/arena.h"
#include "base/auto.h"
#include "spec/spec.h"

#include <fcntl.h>

#include "load.h"

/* ---- files */

/* Data that does not come with the source; the tests that read it are skipped where it is not there. */
static const char *shared_directory(struct arena *arena)
{
	const char *directory = getenv("DISTRO_SHIM_SHARED");
	return directory ? directory : arena_printf(arena, "%s/../shared", source_directory());
}

static size_t for_each_shared(const char *pattern,
			      void (*test)(struct arena *arena, const char *path))
{
	autoarena arena = { 0 };
	return for_each_file(arena_printf(&arena, "%s/%s", shared_directory(&arena), pattern),
			     test);
}

/* ---- decoding and encoding */

static struct text encode(struct arena *arena, const struct spec *spec, bool pretty)
{
	struct err e = { 0 };
	struct text result = { 0 };
	if (spec_encode_text(spec, pretty, arena, &result.text, &result.length, &e) < 0)
		STOP("%s\n", e.text);
	return result;
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
		cmocka_unit_test(copy_shares_nothing_with_the_original),
		cmocka_unit_test(copy_keeps_what_text_could_not),
		cmocka_unit_test(example_can_be_carried_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

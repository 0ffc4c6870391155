/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single rules about config.json, those that no file below tests/data/config shows. Needs no root.
 */
#include "spec_files.h"

#include "base/arena.h"
#include "base/auto.h"
#include "spec/spec.h"

#include <fcntl.h>
#include <stdint.h>

#include <time.h>

#include "load.h"

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

static void unknown_capability_is_not_an_error(void **state)
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

/* The last id is not a valid one: an extent may end right before it. */
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
	assert_string_equal(e.text,
			    "process: user.additionalGids[1]: 4294967295 is not a valid id\n"
			    "process: user.uid: 4294967295 is not a valid id\n"
			    "process: user.gid: 4294967295 is not a valid id");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sysctl_keys_name_a_file_in_both_spellings),
		cmocka_unit_test(size_of_the_console_counts_with_a_terminal_only),
		cmocka_unit_test(unknown_capability_is_not_an_error),
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

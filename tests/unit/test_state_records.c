/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records on a real file system: they are read as they were written, and what is left after a crash is readable or an
 * error. Needs no root.
 */
#include "state_fixture.h"

#include "state/record.h"
#include "state/state.h"

#include <sys/stat.h>

static void hooks_and_agents_get_the_state_of_the_record(void **state)
{
	struct fixture *f = *state;
	const struct status_record record = example_status(f);
	const struct oci_state given = oci_state_of_status(&record, "running");
	auto_json_out out = json_out_new(false);
	const char *text;
	size_t length;
	struct err e;

	oci_state_encode(&given, out);
	assert_int_equal(json_out_finish(out, &text, &length, &e), 0);
	assert_string_equal(text,
			    "{\"ociVersion\":\"1.2.1\",\"id\":\"one\",\"status\":\"running\","
			    "\"pid\":18,\"bundle\":\"/bundle\","
			    "\"annotations\":{\"a \\\"b\\\" }]\":\"\\\\{[\",\"empty\":\"\"}}");
	/* what `state` alone has, although the record knows it */
	assert_null(given.rootfs);
	assert_null(given.created);
	assert_null(given.owner);
}

static void what_is_written_is_read_back(void **state)
{
	struct fixture *f = *state;
	autostatedir dir = STATE_DIR_INIT;
	struct intent_record intent = example_intent(f), *intent_back;
	struct status_record status = example_status(f), *status_back;
	struct err e;

	claim(f, &dir);
	assert_int_equal(state_read_intent(&dir, &f->arena, &intent_back, &e), 0);
	assert_null(intent_back);
	assert_int_equal(state_read_status(&dir, &f->arena, &status_back, &e), 0);
	assert_null(status_back);

	assert_int_equal(state_write_intent(&dir, &intent, &e), 0);
	assert_int_equal(state_write_status(&dir, &status, &e), 0);
	assert_int_equal(mode_of(in_base(f, "root/one/status.json")), 0600);
	assert_int_equal(state_read_intent(&dir, &f->arena, &intent_back, &e), 0);
	assert_int_equal(intent_back->owner.pid, 17);
	assert_int_equal(intent_back->owner.start_time, 4711);
	assert_string_equal(intent_back->owner.boot_id, "boot");
	assert_string_equal(intent_back->cgroup->directories.v[0],
			    "/sys/fs/cgroup/pids/distro-shim/one");
	assert_true(intent_back->cgroup->manage);

	assert_int_equal(state_read_status(&dir, &f->arena, &status_back, &e), 0);
	assert_string_equal(status_back->id, "one");
	assert_int_equal(status_back->phase, PHASE_CREATED);
	assert_string_equal(value_to_name(container_phase_names, status_back->phase), "created");
	assert_int_equal(status_back->init.pid, 18);
	assert_true(status_back->init.start_time == UINT64_MAX);
	assert_true(status_back->network_cookie == UINT64_C(9223372036854775809));
	assert_int_equal(status_back->network, NETWORK_LATE);
	assert_string_equal(status_back->annotations.v[0].value, "\\{[");
	assert_non_null(status_back->policy);
	assert_string_equal(status_back->policy->network->namespace_, "/run/netns/distros");
	assert_int_equal(status_back->decisions.n, 1);
	assert_int_equal(status_back->decisions.v[0].action, DECISION_REWRITE);
	assert_null(status_back->policy_path);
	assert_true(status_back->terminal);
	assert_true(status_back->poststop);
}

static void the_effective_configuration_is_kept(void **state)
{
	struct fixture *f = *state;
	static const char text[] =
		"{\"ociVersion\":\"1.2.1\",\"root\":{\"path\":\"rootfs\"},\"process\":{\"cwd\":\"/"
		"\","
		"\"args\":[\"sh\"],\"user\":{\"uid\":0,\"gid\":0}},\"hostname\":\"one\"}";
	autostatedir dir = STATE_DIR_INIT;
	struct spec *spec, *back;
	struct err e;

	claim(f, &dir);
	assert_int_equal(state_read_config(&dir, &f->arena, &back, &e), 0);
	assert_null(back);
	if (spec_decode_text(text, sizeof(text) - 1, "config.json", &f->arena, &spec, &e) < 0)
		STOP("%s\n", e.text);
	assert_int_equal(state_write_config(&dir, spec, &e), 0);
	assert_int_equal(state_read_config(&dir, &f->arena, &back, &e), 0);
	assert_non_null(back);
	assert_string_equal(back->hostname, "one");
	write_at(dir.fd, STATE_CONFIG, text, sizeof(text) - 2);
	assert_int_equal(state_read_config(&dir, &f->arena, &back, &e), -1);
	assert_string_equal(back->hostname, "one");
	write_at(dir.fd, STATE_CONFIG, "{\"ociVersion\":7}", 16);
	assert_int_equal(state_read_config(&dir, &f->arena, &back, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
}

static char *status_text(struct fixture *f, size_t *ret_length)
{
	struct status_record status = example_status(f);
	char *text;
	struct err e;

	assert_int_equal(
		fields_encode_text(&status_fields, &status, true, &f->arena, &text, ret_length, &e),
		0);
	return text;
}

static void a_record_cut_at_any_byte_is_an_error_and_no_answer(void **state)
{
	struct fixture *f = *state;
	autostatedir dir = STATE_DIR_INIT;
	struct status_record *back;
	struct err e;
	size_t length;
	char *text = status_text(f, &length);

	claim(f, &dir);
	for (size_t cut = 0; cut < length; cut++) {
		struct arena arena = { 0 };
		write_at(dir.fd, STATE_STATUS, text, cut);
		/* Only white space may be missing from a record that counts. */
		if (state_read_status(&dir, &arena, &back, &e) == 0) {
			assert_non_null(back);
			assert_int_equal(strspn(text + cut, " \n"), length - cut);
		} else {
			assert_int_equal(e.kind, ERR_STATE);
			assert_non_null(strstr(e.text, "container one: status.json is cut short"));
		}
		arena_release(&arena);
	}
	write_at(dir.fd, STATE_STATUS, text, length);
	assert_int_equal(state_read_status(&dir, &f->arena, &back, &e), 0);
	assert_non_null(back);

	/* Blocks that were never written read as zeros after a power loss. */
	char *zeros = arena_alloc(&f->arena, 4096);
	write_at(dir.fd, STATE_STATUS, zeros, 4096);
	assert_int_equal(state_read_status(&dir, &f->arena, &back, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
}

static void a_newer_record_is_refused_with_both_versions(void **state)
{
	struct fixture *f = *state;
	/* Its members are of other types too. */
	static const char text[] = "{\"version\": 2, \"id\": [], \"ownerPid\": \"x\"}";
	static const char old[] = "{\"version\": 0}";
	autostatedir dir = STATE_DIR_INIT;
	struct status_record *status;
	struct intent_record *intent;
	struct err e;

	claim(f, &dir);
	write_at(dir.fd, STATE_STATUS, text, sizeof(text) - 1);
	write_at(dir.fd, STATE_INTENT, text, sizeof(text) - 1);
	assert_int_equal(state_read_status(&dir, &f->arena, &status, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
	assert_non_null(strstr(e.text, "status.json"));
	assert_non_null(strstr(e.text, "version 2"));
	assert_non_null(strstr(e.text, "version 1"));
	assert_int_equal(state_read_intent(&dir, &f->arena, &intent, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
	write_at(dir.fd, STATE_INTENT, old, sizeof(old) - 1);
	assert_int_equal(state_read_intent(&dir, &f->arena, &intent, &e), -1);
}

static void unknown_members_of_the_same_version_are_left_out(void **state)
{
	struct fixture *f = *state;
	static const char text[] =
		"{\"version\":1,\"later\":{\"a\":[1]},\"id\":\"one\",\"ownerPid\":1,"
		"\"ownerStartTime\":2,\"ownerBootId\":\"b\",\"bundle\":\"/\"}";
	autostatedir dir = STATE_DIR_INIT;
	struct intent_record *intent;
	struct err e;

	claim(f, &dir);
	write_at(dir.fd, STATE_INTENT, text, sizeof(text) - 1);
	assert_int_equal(state_read_intent(&dir, &f->arena, &intent, &e), 0);
	assert_non_null(intent);
	assert_string_equal(intent->id, "one");
	assert_null(intent->cgroup);
}

static void a_complete_record_that_is_wrong_is_an_error(void **state)
{
	struct fixture *f = *state;
	static const char *const texts[] = {
		"{}",
		"[]",
		"{\"version\":\"1\"}",
		"{\"version\":1,\"id\":\"\",\"ownerPid\":1,\"ownerStartTime\":2,"
		"\"ownerBootId\":\"b\",\"bundle\":\"/\"}",
		"{\"version\":1,\"version\":1}",
		"{\"version\":99999999999999999999}",
	};
	autostatedir dir = STATE_DIR_INIT;
	struct intent_record *intent = NULL;
	struct err e;

	claim(f, &dir);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		write_at(dir.fd, STATE_INTENT, texts[i], strlen(texts[i]));
		assert_int_equal(state_read_intent(&dir, &f->arena, &intent, &e), -1);
		assert_int_equal(e.kind, ERR_STATE);
		assert_non_null(strstr(e.text, "container one"));
	}
	assert_null(intent);
}

static void a_record_that_is_not_a_file_is_refused_and_does_not_hang(void **state)
{
	struct fixture *f = *state;
	autostatedir dir = STATE_DIR_INIT;
	struct status_record *status;
	struct err e;

	claim(f, &dir);
	assert_int_equal(mkfifoat(dir.fd, STATE_STATUS, 0600), 0);
	assert_int_equal(state_read_status(&dir, &f->arena, &status, &e), -1);
	assert_int_equal(unlinkat(dir.fd, STATE_STATUS, 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", dir.fd, STATE_STATUS), 0);
	assert_int_equal(state_read_status(&dir, &f->arena, &status, &e), -1);
}

static void a_record_too_large_to_be_read_is_not_written(void **state)
{
	struct fixture *f = *state;
	autostatedir dir = STATE_DIR_INIT;
	struct status_record status = example_status(f), *back;
	struct err e;

	claim(f, &dir);
	assert_int_equal(state_write_status(&dir, &status, &e), 0);
	char *large = arena_alloc(&f->arena, JSON_MAX_BYTES + 1);
	memset(large, 'x', JSON_MAX_BYTES);
	status.annotations.v[1].value = large;
	assert_int_equal(state_write_status(&dir, &status, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_int_equal(state_read_status(&dir, &f->arena, &back, &e), 0);
	assert_string_equal(back->annotations.v[1].value, "");
	/* As large as a configuration may be, it must be readable. */
	large[JSON_MAX_BYTES - 8192] = '\0';
	assert_int_equal(state_write_status(&dir, &status, &e), 0);
	assert_int_equal(state_read_status(&dir, &f->arena, &back, &e), 0);
	assert_int_equal(strlen(back->annotations.v[1].value), JSON_MAX_BYTES - 8192);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hooks_and_agents_get_the_state_of_the_record),
		TEST(what_is_written_is_read_back),
		TEST(the_effective_configuration_is_kept),
		TEST(a_record_cut_at_any_byte_is_an_error_and_no_answer),
		TEST(a_newer_record_is_refused_with_both_versions),
		TEST(unknown_members_of_the_same_version_are_left_out),
		TEST(a_complete_record_that_is_wrong_is_an_error),
		TEST(a_record_that_is_not_a_file_is_refused_and_does_not_hang),
		TEST(a_record_too_large_to_be_read_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of the audit. Where they go is in tests/bats/audit.bats. Runs anywhere, without root. */
#include "base/auto.h"
#include "policy/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

static struct arena arena;

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static char *text(const char *s)
{
	return arena_strdup(&arena, s);
}

static const struct policy observing = { .version = 1, .mode = POLICY_OBSERVE };

static const struct audit_request whole = {
	.time = "2026-11-30T00:00:00.000000001Z",
	.name = "create",
	.id = "c1",
	.root = "/run/podman",
	.bundle = "/b",
	.caller = 7,
	.uid = 1000,
	.network = NETWORK_LATE,
	.network_path = "/run/netns/distros",
	.network_cookie = 18446744073709551615u,
};

static char *lines_of(const struct audit_request *request, struct decision *v, size_t n,
		      size_t first)
{
	const struct decisions decisions = { .n = n, .v = v };
	autostrbuf out = { 0 };
	struct err e;

	if (audit_lines(request, &decisions, first, &out, &e) < 0)
		fail_msg("%s", e.text);
	return text(strbuf_text(&out));
}

static void each_decision_is_a_line_with_all_that_is_known(void **state)
{
	struct decision v[] = {
		{ .rule = text("network.admin"),
		  .action = DECISION_DROP,
		  .path = text("/process/capabilities/bounding/3"),
		  .before = text("\"CAP_NET_RAW\""),
		  .why = text("no") },
		{ .rule = text("namespaces"),
		  .action = DECISION_REFUSE,
		  .path = text(""),
		  .why = text("two\nlines") },
	};

	(void)state;
	assert_string_equal(
		lines_of(&whole, v, 2, 0),
		"{\"time\":\"2026-11-30T00:00:00.000000001Z\",\"request\":\"create\",\"id\":\"c1\","
		"\"root\":\"/run/podman\",\"bundle\":\"/b\",\"caller\":{\"pid\":7,\"uid\":1000},"
		"\"mode\":\"enforce\",\"network\":{\"join\":\"late\",\"path\":\"/run/netns/"
		"distros\",\"cookie\":18446744073709551615},\"rule\":\"network.admin\",\"action\":"
		"\"drop\",\"path\":\"/process/capabilities/bounding/3\",\"before\":"
		"\"\\\"CAP_NET_RAW\\\"\",\"why\":\"no\"}\n"
		"{\"time\":\"2026-11-30T00:00:00.000000001Z\",\"request\":\"create\",\"id\":\"c1\","
		"\"root\":\"/run/podman\",\"bundle\":\"/b\",\"caller\":{\"pid\":7,\"uid\":1000},"
		"\"mode\":\"enforce\",\"network\":{\"join\":\"late\",\"path\":\"/run/netns/"
		"distros\",\"cookie\":18446744073709551615},\"rule\":\"namespaces\",\"action\":"
		"\"refuse\",\"path\":\"\",\"why\":\"two\\nlines\"}\n");
	/* those that are new, of all that a record has */
	assert_string_equal(lines_of(&whole, v, 2, 1), strchr(lines_of(&whole, v, 2, 0), '\n') + 1);
	assert_string_equal(lines_of(&whole, v, 2, 2), "");
}

static void a_refusal_says_where_the_config_asks_for_it(void **state)
{
	struct decision refuse = { .rule = text("r"),
				   .action = DECISION_REFUSE,
				   .path = text("/hooks"),
				   .why = text("no"),
				   .line = { true, 12 },
				   .column = { true, 3 } };

	(void)state;
	assert_true(
		str_has_suffix(lines_of(&whole, &refuse, 1, 0),
			       "\"path\":\"/hooks\",\"why\":\"no\",\"line\":12,\"column\":3}\n"));
}

static void what_is_not_known_is_left_out_and_observing_is_said(void **state)
{
	const struct audit_request request = { .policy = &observing, .network = NETWORK_NONE };
	struct decision keep = { .rule = text("r"), .action = DECISION_KEEP };

	(void)state;
	assert_string_equal(lines_of(&request, &keep, 1, 0),
			    "{\"caller\":{\"pid\":0,\"uid\":0},\"mode\":\"observe\",\"network\":{"
			    "\"join\":\"none\"},\"rule\":\"r\",\"action\":\"keep\"}\n");
}

static void every_request_that_is_judged_has_a_name(void **state)
{
	(void)state;
	for (unsigned path = PATH_CREATE; path <= PATH_RESTORED; path <<= 1)
		assert_non_null(audit_request_name((enum policy_path)path));
}

/* A datagram of a log has room for so much and no more. */
static void a_long_text_is_cut_between_two_characters(void **state)
{
	enum { KEPT = 16384, LONG = 100000 };
	struct decision decision = { .rule = text("r"), .action = DECISION_WARN };
	char *longest = arena_array(&arena, LONG + 4, 1);
	const char *line;

	(void)state;
	memset(longest, 'x', LONG);
	/* the cut is in the middle of it */
	memcpy(longest + KEPT - 1, "\xc3\xa4", 2);
	decision.path = decision.before = decision.after = decision.why = longest;
	line = lines_of(&whole, &decision, 1, 0);
	assert_true(strlen(line) < (size_t)4 * KEPT + 500);
	assert_int_equal(strspn(strstr(line, "\"why\":\"") + 7, "x"), KEPT - 1);
	assert_true(str_has_suffix(line, "xx...\"}\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(each_decision_is_a_line_with_all_that_is_known, teardown),
		cmocka_unit_test_teardown(a_refusal_says_where_the_config_asks_for_it, teardown),
		cmocka_unit_test_teardown(what_is_not_known_is_left_out_and_observing_is_said,
					  teardown),
		cmocka_unit_test_teardown(every_request_that_is_judged_has_a_name, teardown),
		cmocka_unit_test_teardown(a_long_text_is_cut_between_two_characters, teardown),
	};

	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}

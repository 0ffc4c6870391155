/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel says of a process, read and compared with what it is to be. Runs anywhere, without root.
 */
#include "base/auto.h"
#include "boot/common/identity_check.h"
#include "boot/protocol.h"
#include "sys/child.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <sys/prctl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ADMIN (UINT64_C(1) << CAP_SYS_ADMIN)

/* As Linux 6.12 writes it. */
static const char good[] = "Name:\tsh\nUmask:\t0022\nState:\tR (running)\nTgid:\t7\n"
			   "Uid:\t1000\t1000\t1000\t1000\nGid:\t1001\t1001\t1001\t1001\n"
			   "FDSize:\t64\nGroups:\t5 20 20 \nNStgid:\t7\t1\n"
			   "CapInh:\t0000000000000021\nCapPrm:\t0000000000000023\n"
			   "CapEff:\t0000000000000022\nCapBnd:\t000001ffffffffff\n"
			   "CapAmb:\t0000000000000020\nNoNewPrivs:\t0\nSeccomp:\t2\n"
			   "Seccomp_filters:\t3\nSpeculation_Store_Bypass:\tvulnerable\n";

static const uint32_t groups[] = { 20, 5 };
static const struct identity_record wanted = {
	.uid = 1000,
	.gid = 1001,
	.groups = { .n = 2, .v = (uint32_t *)(uintptr_t)groups },
	.inheritable = 0x21,
	.permitted = 0x23,
	.effective = 0x22,
	.bounding = 0x1ffffffffff,
	.ambient = 0x20,
	.filters = 2,
};
static const struct identity_shown shown = { .fd = -1, .inherited = 1, .loaded = 2 };

static void parse(const char *text, struct arena *arena, struct proc_status *ret)
{
	struct err e;

	if (proc_status_parse(text, arena, ret, &e) < 0)
		fail_msg("%s", e.text);
}

static void every_line_is_read(void **state)
{
	autoarena arena = { 0 };
	struct proc_status status;

	(void)state;
	parse(good, &arena, &status);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(status.uid[i], 1000);
		assert_int_equal(status.gid[i], 1001);
	}
	assert_int_equal(status.groups.n, 3);
	assert_int_equal(status.groups.v[0], 5);
	assert_int_equal(status.groups.v[2], 20);
	assert_true(status.inheritable == 0x21 && status.permitted == 0x23 &&
		    status.effective == 0x22 && status.bounding == 0x1ffffffffff &&
		    status.ambient == 0x20);
	assert_int_equal(status.no_new_privs, 0);
	assert_int_equal(status.seccomp, 2);
	assert_true(status.counted);
	assert_int_equal(status.filters, 3);
}

/* The text with one line changed; NULL: without it. */
static char *with_line(struct arena *arena, const char *name, const char *value)
{
	const char *at = strstr(good, arena_printf(arena, "\n%s:", name)) + 1;
	const char *end = strchr(at, '\n') + 1;

	return arena_printf(arena, "%.*s%s%s", (int)(at - good), good,
			    value ? arena_printf(arena, "%s:%s\n", name, value) : "", end);
}

static void a_line_that_is_not_understood_is_an_error(void **state)
{
	static const struct {
		const char *name, *value;
	} bad[] = {
		{ "Uid", NULL },
		{ "Uid", "\t1\t1\t1" },
		{ "Uid", "\t1\t1\t1\t4294967296" },
		{ "Uid", "\t1\t1\t1\t-1" },
		{ "Gid", "\t1\tx\t1\t1" },
		{ "Groups", NULL },
		{ "Groups", "\t5 a " },
		{ "Groups", "\t5 99999999999 " },
		{ "CapInh", NULL },
		{ "CapPrm", "\t" },
		{ "CapPrm", "\tg" },
		{ "CapEff", "\t10000000000000000" },
		{ "CapBnd", "\t+1" },
		{ "CapAmb", NULL },
		{ "NoNewPrivs", NULL },
		{ "NoNewPrivs", "\t1x" },
		{ "Seccomp", "\ttwo" },
		{ "Seccomp_filters", "\t" },
	};
	autoarena arena = { 0 };
	struct proc_status status;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char *text = with_line(&arena, bad[i].name, bad[i].value);

		if (proc_status_parse(text, &arena, &status, &e) == 0)
			fail_msg("%s: %s is taken", bad[i].name, bad[i].value);
		assert_non_null(strstr(e.text, bad[i].name));
	}
	/* cut off anywhere it is an error or lacks what comes last */
	for (size_t length = 0; length < strlen(good); length++) {
		char *text = arena_strndup(&arena, good, length);

		if (proc_status_parse(text, &arena, &status, &e) == 0)
			assert_true(length > (size_t)(strstr(good, "NoNewPrivs") - good));
	}
	/* older kernels, and those without filters */
	parse(with_line(&arena, "Seccomp_filters", NULL), &arena, &status);
	assert_false(status.counted);
	parse(with_line(&arena, "Groups", "\t "), &arena, &status);
	assert_int_equal(status.groups.n, 0);
}

static void must_fit(const char *name, const char *value, bool takes, bool fits)
{
	autoarena arena = { 0 };
	struct proc_status status;
	struct err e = { 0 };
	int rc;

	parse(name ? with_line(&arena, name, value) : good, &arena, &status);
	rc = identity_compare(&wanted, &shown, &status, takes, &e);
	if ((rc == 0) != fits)
		fail_msg("%s %s: %s", name ? name : "as it is", value, e.text);
}

static void each_difference_is_an_error(void **state)
{
	static const struct {
		const char *name, *value;
	} others[] = {
		{ "Uid", "\t0\t1000\t1000\t1000" },
		{ "Uid", "\t1000\t1000\t1000\t0" },
		{ "Gid", "\t1001\t1001\t0\t1001" },
		{ "Groups", "\t5 20 4242 " },
		{ "Groups", "\t5 " },
		{ "CapInh", "\t0000000000000023" },
		{ "CapPrm", "\t0000000000000033" },
		{ "CapPrm", "\t0000000000000003" },
		{ "CapEff", "\t0000000000000023" },
		{ "CapBnd", "\t000000ffffffffff" },
		{ "CapAmb", "\t0000000000000021" },
		{ "Seccomp", "\t0" },
		{ "Seccomp_filters", "\t2" },
		{ "Seccomp_filters", "\t4" },
	};

	(void)state;
	must_fit(NULL, NULL, true, true);
	must_fit(NULL, NULL, false, true);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		must_fit(others[i].name, others[i].value, true, false);
	/* inherited, and what securebits keep from being raised */
	must_fit("NoNewPrivs", "\t1", true, true);
	must_fit("CapAmb", "\t0000000000000000", true, true);
	must_fit("Seccomp_filters", NULL, true, true);
}

static void execve_takes_one_capability_and_no_other(void **state)
{
	(void)state;
	must_fit("CapPrm", "\t0000000000200023", true, true);
	must_fit("CapEff", "\t0000000000200022", true, true);
	/* of what is seen in the container before */
	must_fit("CapPrm", "\t0000000000200023", false, false);
	must_fit("CapEff", "\t0000000000200022", false, false);
	/* where it stays */
	must_fit("CapInh", "\t0000000000200021", true, false);
	must_fit("CapAmb", "\t0000000000200020", true, false);
	must_fit("CapPrm", "\t0000000000600023", true, false);
}

static void filters_and_no_new_privs(void **state)
{
	struct identity_record strict = wanted;
	struct identity_shown none = { .fd = -1, .inherited = 3 };
	autoarena arena = { 0 };
	struct proc_status status;
	struct err e;

	(void)state;
	parse(good, &arena, &status);
	/* not loaded yet, which without no_new_privs is too late */
	assert_int_equal(identity_compare(&wanted, &none, &status, true, &e), -1);
	strict.no_new_privileges = true;
	assert_int_equal(identity_compare(&strict, &none, &status, true, &e), -1);
	assert_non_null(strstr(e.text, "no_new_privs"));
	status.no_new_privs = 1;
	assert_int_equal(identity_compare(&strict, &none, &status, true, &e), 0);
	/* no filter takes CAP_SYS_ADMIN then */
	status.permitted |= ADMIN;
	assert_int_equal(identity_compare(&strict, &none, &status, true, &e), -1);
	status.permitted &= ~ADMIN;
	/* one of two */
	none.loaded = 1;
	none.inherited = 2;
	assert_int_equal(identity_compare(&strict, &none, &status, true, &e), -1);
}

static void groups_that_are_kept_are_not_a_difference(void **state)
{
	const struct message message = { .type = BOOT_IDENTITY, .value = BOOT_GROUPS_KEPT | 1 };
	struct identity_shown kept;
	autoarena arena = { 0 };
	struct proc_status status;
	struct err e;

	(void)state;
	assert_int_equal(identity_take(&message, -1, &kept, &e), -1);
	assert_int_equal(identity_take(&message, 7, &kept, &e), 0);
	assert_true(kept.groups_kept);
	assert_int_equal(kept.inherited, 1);
	kept.loaded = 2;
	parse(with_line(&arena, "Groups", "\t4242 "), &arena, &status);
	assert_int_equal(identity_compare(&wanted, &kept, &status, true, &e), 0);
}

/* Each as often as anyone has asked for it; in any order, and as many as there can be. */
static void groups_are_compared_as_sets(void **state)
{
	static uint32_t many[65536], shuffled[65536 + 1];
	struct identity_record expected = wanted;
	autoarena arena = { 0 };
	struct proc_status status;
	struct err e;

	(void)state;
	parse(good, &arena, &status);
	for (uint32_t i = 0; i < ARRAY_SIZE(many); i++) {
		many[i] = i * 3;
		shuffled[(i * 7919u) % ARRAY_SIZE(many)] = many[i];
	}
	shuffled[ARRAY_SIZE(many)] = 9;
	status.groups = (struct u32list){ .n = ARRAY_SIZE(many), .v = many };
	expected.groups = (struct u32list){ .n = ARRAY_SIZE(shuffled), .v = shuffled };
	assert_int_equal(identity_compare(&expected, &shown, &status, true, &e), 0);
	shuffled[17] = 1;
	assert_int_equal(identity_compare(&expected, &shown, &status, true, &e), -1);
	assert_non_null(strstr(e.text, "supplementary group"));
	shuffled[17] = many[0];
	assert_int_equal(identity_compare(&expected, &shown, &status, true, &e), -1);
}

/* A descriptor that was opened before says what is so now, and of whom it was. */
static void a_descriptor_of_another_process_is_read_again(void **state)
{
	autoclose int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	autoarena arena = { 0 };
	autochild child = CHILD_INIT;
	struct proc_status before, after;
	struct err e;
	int rc, status;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(proc_status_read(fd, &arena, &before, &e), 0);
	rc = child_clone(0, -1, &child, &e);
	if (rc == 0) {
		int own = open("/proc/self/status", O_RDONLY);

		/* the parent's, through its descriptor, and its own */
		if (proc_status_read(fd, &arena, &after, &e) < 0 || after.no_new_privs)
			_exit(1);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (proc_status_read(fd, &arena, &after, &e) < 0 || after.no_new_privs)
			_exit(2);
		_exit(proc_status_read(own, &arena, &after, &e) == 0 && after.no_new_privs ? 0 : 3);
	}
	assert_int_equal(child_wait(&child, &status, &e), 0);
	assert_int_equal(status, before.no_new_privs ? 1 : 0);
	/* a file of another kind */
	autoclose int other = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(proc_status_read(other, &arena, &after, &e), -1);
	assert_non_null(strstr(e.text, "not a file of a procfs"));
}

static void the_record_keeps_it(void **state)
{
	autoarena arena = { 0 };
	struct json_source source = { .name = "record" };
	struct identity_record *again = arena_new(&arena, struct identity_record);
	struct json_value *tree;
	char *text;
	struct err e;

	(void)state;
	assert_int_equal(fields_encode_text(&identity_record_fields, &wanted, false, &arena, &text,
					    &source.length, &e),
			 0);
	source.text = text;
	assert_int_equal(json_parse(&source, &arena, &tree, &e), 0);
	assert_int_equal(fields_decode(&identity_record_fields, &source, tree, &arena, again, &e),
			 0);
	assert_int_equal(again->uid, 1000);
	assert_int_equal(again->groups.n, 2);
	assert_true(again->bounding == wanted.bounding && again->permitted == wanted.permitted &&
		    again->filters == 2 && !again->no_new_privileges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_is_read),
		cmocka_unit_test(a_line_that_is_not_understood_is_an_error),
		cmocka_unit_test(each_difference_is_an_error),
		cmocka_unit_test(execve_takes_one_capability_and_no_other),
		cmocka_unit_test(filters_and_no_new_privs),
		cmocka_unit_test(groups_that_are_kept_are_not_a_difference),
		cmocka_unit_test(groups_are_compared_as_sets),
		cmocka_unit_test(a_descriptor_of_another_process_is_read_again),
		cmocka_unit_test(the_record_keeps_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of resctrl, on directories and files that look like the kernel's. Needs no root.
 */
#include "cgroup/resctrl.h"
#include "plan/resources.h"

#include "files.h"

static int begin(void **state)
{
	struct files *s = calloc(1, sizeof(*s));

	*state = s;
	return s ? files_begin(s) : -1;
}

static int end(void **state)
{
	files_end(*state);
	free(*state);
	return 0;
}

static void make_group(struct files *s, const char *schemata)
{
	assert_int_equal(mkdir(files_path(s, "clos"), 0755), 0);
	assert_int_equal(mkdir(files_path(s, "clos/mon_groups"), 0755), 0);
	files_put(s, "clos/schemata", schemata);
	files_put(s, "clos/tasks", "");
}

static void an_existing_group_is_compared_and_stays(void **state)
{
	struct files *s = *state;
	char *lines[] = { (char[]){ "L3:0=f;1=3" }, (char[]){ "MB:0=20" } };
	struct plan_rdt plan = { .group = "clos", .named = true, .schemata = { 2, lines } };
	struct rdt_record record = { 0 };
	struct err e = { 0 };

	make_group(s, "    MB:0= 20;1= 70\n    L3:0=0f;1=03\n");
	assert_int_equal(rdt_describe(&plan, s->base, &s->arena, &record, &e), 0);
	assert_false(record.made);
	assert_int_equal(rdt_make(&record, &e), 0);
	assert_int_equal(rdt_configure(&plan, &record, &e), 0);
	assert_int_equal(rdt_join(&record, 4711, &e), 0);
	assert_string_equal(files_content(s, "clos/tasks"), "4711");
	lines[1] = (char[]){ "MB:0=70" };
	assert_int_equal(rdt_configure(&plan, &record, &e), -1);
	assert_non_null(strstr(e.text, "with another schema than 'MB:0=70'"));
	assert_int_equal(rdt_remove(&record, &e), 0);
	assert_true(files_has(s, "clos"));
}

static void a_group_that_is_made_gets_all_lines_at_once(void **state)
{
	struct files *s = *state;
	char *lines[] = { (char[]){ "L3:0=f" }, (char[]){ "MB:0=20" } };
	struct plan_rdt plan = {
		.group = "clos", .named = true, .schemata = { 2, lines }, .monitor = "c1"
	};
	struct rdt_record record = { 0 };
	struct err e = { 0 };

	assert_int_equal(rdt_describe(&plan, s->base, &s->arena, &record, &e), 0);
	assert_true(record.made);
	assert_string_equal(record.monitor, files_path(s, "clos/mon_groups/c1"));
	assert_int_equal(rdt_make(&record, &e), 0);
	/* what the kernel fills it with */
	rmdir(files_path(s, "clos"));
	make_group(s, "L3:0=fff\n");
	assert_int_equal(rdt_configure(&plan, &record, &e), 0);
	assert_string_equal(files_content(s, "clos/schemata"), "L3:0=f\nMB:0=20\n");
	files_put(s, "clos/mon_groups/c1/tasks", "");
	assert_int_equal(rdt_join(&record, 12, &e), 0);
	assert_string_equal(files_content(s, "clos/tasks"), "12");
	assert_string_equal(files_content(s, "clos/mon_groups/c1/tasks"), "12");
	unlink(files_path(s, "clos/mon_groups/c1/tasks"));
	/* its files go with a directory of the kernel's; here they keep it */
	assert_int_equal(rdt_remove(&record, &e), -1);
	assert_false(files_has(s, "clos/mon_groups/c1"));
	/* made between the look and the making: not ours */
	assert_int_equal(rdt_make(&record, &e), -1);
}

static void what_is_ours_goes_and_missing_is_not_an_error(void **state)
{
	struct files *s = *state;
	struct plan_rdt plan = { .group = "c1" };
	struct rdt_record record = { 0 };
	struct err e = { 0 };

	assert_int_equal(rdt_describe(&plan, s->base, &s->arena, &record, &e), 0);
	assert_int_equal(rdt_make(&record, &e), 0);
	/* by the id, and existing: of another program */
	assert_int_equal(rdt_describe(&plan, s->base, &s->arena, &record, &e), -1);
	assert_non_null(strstr(e.text, "exists already"));
	assert_int_equal(rdt_remove(&record, &e), 0);
	assert_false(files_has(s, "c1"));
	assert_int_equal(rdt_remove(&record, &e), 0);
}

static void by_name_without_a_schema_it_has_to_be_there(void **state)
{
	struct files *s = *state;
	struct plan_rdt plan = { .group = "clos", .named = true };
	struct plan_rdt root = { .group = "", .named = true };
	struct rdt_record record = { 0 };
	struct err e = { 0 };

	assert_int_equal(rdt_describe(&plan, s->base, &s->arena, &record, &e), -1);
	assert_non_null(strstr(e.text, "linux.intelRdt.closID: group '"));
	files_put(s, "clos", "");
	assert_int_equal(rdt_describe(&plan, s->base, &s->arena, &record, &e), -1);
	assert_non_null(strstr(e.text, "is not a group"));
	unlink(files_path(s, "clos"));
	assert_int_equal(rdt_describe(&root, s->base, &s->arena, &record, &e), 0);
	assert_string_equal(record.group, s->base);
	assert_false(record.made);
}

static void schemata_are_compared_by_domain(void **state)
{
	static const struct {
		const char *schemata, *line;
		bool holds;
	} rows[] = {
		{ "L3:0=f;1=3\n", "L3:1=3;0=f", true },
		{ "L3:0=f;1=3\n", "L3:1=3", true },
		{ "L3:0=f;1=3\n", "L3:1=30", false },
		{ "L3:0=f;1=3\n", "L3:2=3", false },
		{ "  L3:0=0f\n", "L3:0=f;", true },
		{ "L3:0=f\n", "L3:0=00f", true },
		{ "L3:0=0\n", "L3:0=0", true },
		{ "L3:0=10\n", "L3:0=1", false },
		{ "L3CODE:0=f\n", "L3:0=f", false },
		{ "MB:0= 20\nL3:0=f", "MB:0=20", true },
		{ "", "L3:0=f", false },
		{ "L3:0=f\n", "L3", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rdt_schema_holds(rows[i].schemata, rows[i].line) != rows[i].holds)
			STOP("%s in %s\n", rows[i].line, rows[i].schemata);
}

static void an_update_writes_its_lines_and_remembers_the_old_ones(void **state)
{
	struct files *s = *state;
	char *lines[] = { (char[]){ "MB:0=40" }, (char[]){ "L3:0=3" } };
	struct strlist schemata = { 1, lines };
	struct rdt_record record = { .group = files_path(s, "clos") };
	autostrbuf before = { 0 };
	struct err e = { 0 };

	make_group(s, "  L3:0=f\n  MB:0=20\nMBX:0=1\n");
	assert_int_equal(rdt_update(&schemata, &record, &before, &e), 0);
	assert_string_equal(strbuf_text(&before), "MB:0=20\n");
	/* a file of the kernel's is not a text that is written over */
	assert_memory_equal(files_content(s, "clos/schemata"), "MB:0=40\n", 8);
	strbuf_release(&before);
	files_put(s, "clos/schemata", "  L3:0=f\n  MB:0=20\n");
	schemata.n = 2;
	assert_int_equal(rdt_update(&schemata, &record, &before, &e), 0);
	assert_string_equal(strbuf_text(&before), "L3:0=f\nMB:0=20\n");
	files_put(s, "clos/schemata", "");
	rdt_put_back(&record, strbuf_text(&before));
	assert_string_equal(files_content(s, "clos/schemata"), "L3:0=f\nMB:0=20\n");
}

static void a_refused_line_comes_with_the_kernels_reason(void **state)
{
	struct files *s = *state;
	char *lines[] = { (char[]){ "L9:0=f" } };
	struct strlist schemata = { 1, lines };
	struct rdt_record record = { .group = files_path(s, "clos") };
	autostrbuf before = { 0 };
	struct err e = { 0 };

	assert_int_equal(rdt_update(&schemata, &record, &before, &e), -1);
	assert_non_null(strstr(e.text, "linux.intelRdt: open '"));
	make_group(s, "");
	/* takes no byte, as the kernel takes no such line */
	unlink(files_path(s, "clos/schemata"));
	assert_int_equal(symlink("/dev/full", files_path(s, "clos/schemata")), 0);
	assert_int_equal(rdt_update(&schemata, &record, &before, &e), -1);
	assert_int_equal(mkdir(files_path(s, "info"), 0755), 0);
	files_put(s, "info/last_cmd_status", "Unknown resource name 'L9'\n");
	struct plan_rdt plan = { .schemata = schemata };
	record.made = true;
	assert_int_equal(rdt_configure(&plan, &record, &e), -1);
	assert_non_null(strstr(e.text, "write 'L9:0=f': Unknown resource name 'L9': "));
	assert_string_equal(strbuf_text(&before), "");
}

static void an_updated_configuration_says_each_resource_once(void **state)
{
	struct files *s = *state;
	char *lines[] = { (char[]){ "L3:0=f" }, (char[]){ "L3CODE:0=f" }, (char[]){ "MB:0=9" } };
	struct spec_intel_rdt now = { .clos_id = (char[]){ "clos" }, .schemata = { 3, lines } };
	struct spec_intel_rdt asked = { .l3_cache_schema = (char[]){ "L3:0=3" } };
	struct spec_intel_rdt merged;

	plan_rdt_merge(&now, &asked, &s->arena, &merged);
	assert_string_equal(merged.clos_id, "clos");
	assert_string_equal(merged.l3_cache_schema, "L3:0=3");
	assert_null(merged.mem_bw_schema);
	assert_int_equal(merged.schemata.n, 2);
	assert_string_equal(merged.schemata.v[0], "L3CODE:0=f");
	asked = (struct spec_intel_rdt){ .mem_bw_schema = (char[]){ "MB:0=5" } };
	plan_rdt_merge(&merged, &asked, &s->arena, &merged);
	assert_string_equal(merged.l3_cache_schema, "L3:0=3");
	assert_string_equal(merged.mem_bw_schema, "MB:0=5");
	assert_int_equal(merged.schemata.n, 1);
	plan_rdt_merge(NULL, &asked, &s->arena, &merged);
	assert_null(merged.clos_id);
	assert_string_equal(merged.mem_bw_schema, "MB:0=5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_existing_group_is_compared_and_stays, begin,
						end),
		cmocka_unit_test_setup_teardown(a_group_that_is_made_gets_all_lines_at_once, begin,
						end),
		cmocka_unit_test_setup_teardown(what_is_ours_goes_and_missing_is_not_an_error,
						begin, end),
		cmocka_unit_test_setup_teardown(by_name_without_a_schema_it_has_to_be_there, begin,
						end),
		cmocka_unit_test(schemata_are_compared_by_domain),
		cmocka_unit_test_setup_teardown(
			an_update_writes_its_lines_and_remembers_the_old_ones, begin, end),
		cmocka_unit_test_setup_teardown(a_refused_line_comes_with_the_kernels_reason, begin,
						end),
		cmocka_unit_test_setup_teardown(an_updated_configuration_says_each_resource_once,
						begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

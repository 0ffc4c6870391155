/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all commands have on their line: log, warnings, the manager of cgroups, the root. Needs no root.
 */
#include "parsed.h"

#include "base/auto.h"
#include "cli/cli.h"

static void the_log_is_known_where_the_command_is_wrong(void **state)
{
	autoparsed p;

	(void)state;
	PARSE(&p, W("--log"), W("/l"), W("--log-format"), W("json"), W("create"), W("--frob"));
	assert_int_equal(p.rc, -1);

	struct log_options options = cli_log_options(&p.call.values, NULL);
	assert_string_equal(options.path, "/l");
	assert_true(options.json);
}

static void warnings_are_told_where_a_person_sees_them(void **state)
{
	static const struct {
		const struct cli_command *command;
		bool warns;
	} cases[] = {
		{ &cmd_create, true },     { &cmd_run, true },        { &cmd_restore, true },
		{ &cmd_update, true },     { &cmd_checkpoint, true }, { &cmd_start, false },
		{ &cmd_forwarding, true }, { &cmd_exec, false },      { &cmd_state, false },
		{ &cmd_kill, false },      { &cmd_delete, false },    { &cmd_events, false },
		{ &cmd_list, false },      { &cmd_ps, false },        { &cmd_explain, false },
		{ NULL, false },
	};
	struct cli_values values = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(cli_log_options(&values, cases[i].command).level,
				 cases[i].warns ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR);
	assert_false(cli_log_options(&values, &cmd_run).json);
	values.log = "log";
	assert_int_equal(cli_log_options(&values, &cmd_exec).level, LOG_LEVEL_WARNING);
	values.log_level = "error";
	assert_int_equal(cli_log_options(&values, &cmd_run).level, LOG_LEVEL_ERROR);
	values.log_level = "warning";
	assert_int_equal(cli_log_options(&values, &cmd_run).level, LOG_LEVEL_NOTE);
	values.debug = true;
	assert_int_equal(cli_log_options(&values, &cmd_run).level, LOG_LEVEL_DEBUG);
}

static void the_cgroup_manager_goes_before_systemd_cgroup(void **state)
{
	struct cli_values values = { .systemd_cgroup = true, .rootless = "false" };
	struct global_options global;
	struct arena arena = { 0 };
	struct err e;

	(void)state;
	assert_int_equal(cli_global_options(&values, &arena, &global, &e), 0);
	assert_true(global.systemd_cgroup);
	assert_false(global.cgroup_disabled);
	values.cgroup_manager = "disabled";
	assert_int_equal(cli_global_options(&values, &arena, &global, &e), 0);
	assert_false(global.systemd_cgroup);
	assert_true(global.cgroup_disabled);
	values = (struct cli_values){ .cgroup_manager = "systemd", .rootless = "false" };
	assert_int_equal(cli_global_options(&values, &arena, &global, &e), 0);
	assert_true(global.systemd_cgroup);
	arena_release(&arena);
}

static void a_root_has_one_spelling(void **state)
{
	static const struct {
		const char *given, *taken;
	} rows[] = {
		{ "//", "/" },
		{ "/..", "/" },
		{ "/.", "/" },
		{ "/nowhere/./x/.", "/nowhere/x" },
		{ "/nowhere//x/../y/", "/nowhere/y" },
		{ "/nowhere/x/..", "/nowhere" },
		{ "/nowhere/..", "/" },
		{ "/proc/self/.", "/proc/self" },
	};
	struct cli_values values = { .rootless = "false", .root = "/run/x//" };
	struct global_options global;
	struct arena arena = { 0 };
	struct err e;
	autofree char *here = getcwd(NULL, 0);

	(void)state;
	assert_int_equal(cli_global_options(&values, &arena, &global, &e), 0);
	assert_string_equal(global.root, "/run/x");
	values.root = "/";
	assert_int_equal(cli_global_options(&values, &arena, &global, &e), 0);
	assert_string_equal(global.root, "/");
	values.root = "x/y/";
	assert_int_equal(cli_global_options(&values, &arena, &global, &e), 0);
	assert_string_equal(global.root, arena_printf(&arena, "%s/x/y", here));
	/* what is not there is taken as it is written; a link on the way is not part of the name, at the end
	 * it stays one */
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		values.root = rows[i].given;
		assert_int_equal(cli_global_options(&values, &arena, &global, &e), 0);
		assert_string_equal(global.root, rows[i].taken);
	}
	values.root = "/proc/self/fd/../x";
	assert_int_equal(cli_global_options(&values, &arena, &global, &e), 0);
	assert_string_equal(global.root, arena_printf(&arena, "/proc/%d/x", (int)getpid()));
	arena_release(&arena);
}

/* Podman calls some commands with XDG_RUNTIME_DIR empty; they must find what create made. */
static void the_default_root_ignores_an_empty_runtime_directory(void **state)
{
	struct cli_values values = { .rootless = "true" };
	struct global_options global;
	struct arena arena = { 0 };
	struct err e;

	(void)state;
	assert_int_equal(setenv("XDG_RUNTIME_DIR", "", 1), 0);
	assert_int_equal(cli_global_options(&values, &arena, &global, &e), 0);
	assert_string_equal(global.root, "/run/distro-shim/containers");
	assert_int_equal(setenv("XDG_RUNTIME_DIR", "/run/user/7", 1), 0);
	assert_int_equal(cli_global_options(&values, &arena, &global, &e), 0);
	assert_string_equal(global.root, "/run/user/7/distro-shim/containers");
	values.rootless = "false";
	assert_int_equal(cli_global_options(&values, &arena, &global, &e), 0);
	assert_string_equal(global.root, "/run/distro-shim/containers");
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_log_is_known_where_the_command_is_wrong),
		cmocka_unit_test(warnings_are_told_where_a_person_sees_them),
		cmocka_unit_test(the_cgroup_manager_goes_before_systemd_cgroup),
		cmocka_unit_test(a_root_has_one_spelling),
		cmocka_unit_test(the_default_root_ignores_an_empty_runtime_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

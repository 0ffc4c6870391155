/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is read and not carried out yet is refused by its name; what asks for nothing is not. Needs no
 * root.
 */
#include "base/arena.h"
#include "base/auto.h"
#include "spec/spec.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* cmocka's; ours makes errors */

#define STOP(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

static const struct unsupported_case {
	const char *config; /* members beside ociVersion and root */
	const char *text;   /* NULL: supported */
} unsupported_cases[] = {
	{ "\"process\":{\"cwd\":\"/\",\"apparmorProfile\":\"x\"}",
	  "process.apparmorProfile is not supported yet" },
	{ "\"process\":{\"cwd\":\"/\",\"apparmorProfile\":\"\",\"selinuxLabel\":\"\"}", NULL },
	{ "\"process\":{\"cwd\":\"/\",\"selinuxLabel\":\"x\"}",
	  "process.selinuxLabel is not supported yet" },
	{ "\"process\":{\"cwd\":\"/\",\"scheduler\":{\"policy\":\"SCHED_IDLE\"}}",
	  "process.scheduler is not supported yet" },
	{ "\"process\":{\"cwd\":\"/\",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_IDLE\"}}",
	  "process.ioPriority is not supported yet" },
	{ "\"process\":{\"cwd\":\"/\",\"execCPUAffinity\":{\"final\":\"1\"}}",
	  "process.execCPUAffinity is not supported yet" },
	{ "\"process\":{\"cwd\":\"/\",\"execCPUAffinity\":{\"final\":\"\"}}", NULL },
	{ "\"linux\":{\"netDevices\":{\"eth0\":{}}}", "linux.netDevices is not supported yet" },
	{ "\"linux\":{\"intelRdt\":{}}", "linux.intelRdt is not supported yet" },
	{ "\"linux\":{\"memoryPolicy\":{}}", "linux.memoryPolicy is not supported yet" },
	{ "\"linux\":{\"mountLabel\":\"x\"}", "linux.mountLabel is not supported yet" },
	{ "\"linux\":{\"personality\":{}}", "linux.personality is not supported yet" },
	{ "\"linux\":{\"mountLabel\":\"\",\"netDevices\":{},\"resources\":{}}", NULL },
#define RESOURCES(members) "\"linux\":{\"resources\":{" members "}}"
	{ RESOURCES("\"devices\":[{\"allow\":false}],\"memory\":{\"limit\":1,\"kernel\":1,"
		    "\"swappiness\":0},\"cpu\":{\"shares\":2},\"unified\":{\"x.y\":\"z\"}"),
	  NULL },
};

static void what_is_not_carried_out_is_refused_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unsupported_cases); i++) {
		const struct unsupported_case *row = &unsupported_cases[i];
		autoarena arena = { 0 };
		struct err e = { 0 };
		struct spec *spec = NULL;
		const char *text = arena_printf(
			&arena, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},%s}",
			row->config);
		if (spec_decode_text(text, strlen(text), "config.json", &arena, &spec, &e) < 0)
			STOP("%s\n", e.text);
		int result = spec_check_supported(spec, &e);
		if (row->text ? result == 0 || !str_eq(e.text, row->text) : result < 0)
			STOP("%s: %s\n", row->config, result == 0 ? "is supported" : e.text);
		if (row->text)
			assert_int_equal(e.kind, ERR_CONFIG);
	}
}

static void parts_are_refused_by_their_own_names(void **state)
{
	(void)state;
	autoarena arena = { 0 };
	struct err e = { 0 };
	struct spec_scheduler scheduler = { .policy = SPEC_SCHED_OTHER };
	struct spec_process process = {
		.selinux_label = arena_strdup(&arena, "x"),
		.apparmor_profile = arena_strdup(&arena, "x"),
	};
	/* exec carries labels out */
	assert_int_equal(spec_check_supported_process(&process, &e), 0);
	process.scheduler = &scheduler;
	assert_int_equal(spec_check_supported_process(&process, &e), -1);
	assert_string_equal(e.text, "scheduler is not supported yet");
}

/* The full example has everything, so it has everything that is refused: names first, then a number. */
static void everything_at_once_is_refused_by_name(void **state)
{
	(void)state;
	autoarena arena = { 0 };
	struct err e = { 0 };
	struct spec *spec = NULL;
	const char *source = getenv("DISTRO_SHIM_SOURCE");
	const char *path =
		arena_printf(&arena, "%s/tests/data/config/good/full.json", source ? source : ".");
	if (spec_load(AT_FDCWD, path, &arena, &spec, &e) < 0)
		STOP("%s\n", e.text);
	assert_int_equal(spec_check_supported(spec, &e), -1);
	assert_non_null(strstr(e.text, "linux.personality is not supported yet"));
	assert_non_null(strstr(e.text, "process.apparmorProfile is not supported yet"));
	assert_true(strlen(e.text) < ERR_TEXT_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_carried_out_is_refused_by_name),
		cmocka_unit_test(parts_are_refused_by_their_own_names),
		cmocka_unit_test(everything_at_once_is_refused_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

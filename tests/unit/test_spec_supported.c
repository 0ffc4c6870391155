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
	{ "\"mounts\":[{\"destination\":\"/a\",\"options\":[\"rro\",\"idmap\"]}]",
	  "mounts[0].options[1]: \"idmap\" is not supported yet" },
	{ "\"mounts\":[{\"destination\":\"/a\",\"options\":[\"ridmap=uids=0-1-10\"]}]",
	  "mounts[0].options[0]: \"ridmap\" is not supported yet" },
	{ "\"mounts\":[{\"destination\":\"/a\",\"options\":[\"copy-symlink\"]}]",
	  "mounts[0].options[0]: \"copy-symlink\" is not supported yet" },
	{ "\"mounts\":[{\"destination\":\"/a\",\"options\":[\"src-nofollow\",\"dest-nofollow\"]}]",
	  "mounts[0].options[0]: \"src-nofollow\" is not supported yet\n"
	  "mounts[0].options[1]: \"dest-nofollow\" is not supported yet" },
	{ "\"mounts\":[{\"destination\":\"/"
	  "a\",\"options\":[\"rbind\",\"rro\",\"idmapped\",\"lazytime\"]}]",
	  NULL },
	{ "\"mounts\":[{\"destination\":\"/"
	  "a\",\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]}]",
	  "mounts[0].uidMappings is not supported yet" },
	{ "\"linux\":{\"mountLabel\":\"\",\"netDevices\":{},\"resources\":{}}", NULL },
#define RESOURCES(members) "\"linux\":{\"resources\":{" members "}}"
#define REFUSED(name) "linux.resources." name " is not supported yet"
	{ RESOURCES("\"devices\":[{\"allow\":false}]"), REFUSED("devices") },
	{ RESOURCES("\"devices\":[],\"memory\":{},\"cpu\":{},\"blockIO\":{},\"network\":{}"),
	  NULL },
	{ RESOURCES("\"memory\":{\"limit\":1,\"reservation\":1,\"swap\":1,"
		    "\"checkBeforeUpdate\":false,\"disableOOMKiller\":false,"
		    "\"swappiness\":18446744073709551615},\"pids\":{\"limit\":1}"),
	  NULL },
	{ RESOURCES("\"memory\":{\"kernel\":1}"), REFUSED("memory.kernel") },
	{ RESOURCES("\"memory\":{\"kernelTCP\":1}"), REFUSED("memory.kernelTCP") },
	{ RESOURCES("\"memory\":{\"swappiness\":0}"), REFUSED("memory.swappiness") },
	{ RESOURCES("\"memory\":{\"disableOOMKiller\":true}"), REFUSED("memory.disableOOMKiller") },
	{ RESOURCES("\"memory\":{\"useHierarchy\":false}"), REFUSED("memory.useHierarchy") },
	{ RESOURCES("\"memory\":{\"checkBeforeUpdate\":true}"),
	  REFUSED("memory.checkBeforeUpdate") },
	{ RESOURCES("\"cpu\":{\"shares\":0,\"quota\":0,\"cpus\":\"\"},\"blockIO\":{\"weight\":0}"),
	  NULL },
	{ RESOURCES("\"cpu\":{\"shares\":2}"), REFUSED("cpu") },
	{ RESOURCES("\"cpu\":{\"quota\":-1}"), REFUSED("cpu") },
	{ RESOURCES("\"cpu\":{\"burst\":1}"), REFUSED("cpu") },
	{ RESOURCES("\"cpu\":{\"period\":1}"), REFUSED("cpu") },
	{ RESOURCES("\"cpu\":{\"realtimeRuntime\":1}"), REFUSED("cpu") },
	{ RESOURCES("\"cpu\":{\"realtimePeriod\":1}"), REFUSED("cpu") },
	{ RESOURCES("\"cpu\":{\"cpus\":\"1\"}"), REFUSED("cpu") },
	{ RESOURCES("\"cpu\":{\"mems\":\"1\"}"), REFUSED("cpu") },
	{ RESOURCES("\"cpu\":{\"idle\":1}"), REFUSED("cpu") },
#define DEVICE "[{\"major\":8,\"minor\":0}]"
	{ RESOURCES("\"blockIO\":{\"weight\":10}"), REFUSED("blockIO") },
	{ RESOURCES("\"blockIO\":{\"leafWeight\":10}"), REFUSED("blockIO") },
	{ RESOURCES("\"blockIO\":{\"weightDevice\":" DEVICE "}"), REFUSED("blockIO") },
	{ RESOURCES("\"blockIO\":{\"throttleReadBpsDevice\":" DEVICE "}"), REFUSED("blockIO") },
	{ RESOURCES("\"blockIO\":{\"throttleWriteBpsDevice\":" DEVICE "}"), REFUSED("blockIO") },
	{ RESOURCES("\"blockIO\":{\"throttleReadIOPSDevice\":" DEVICE "}"), REFUSED("blockIO") },
	{ RESOURCES("\"blockIO\":{\"throttleWriteIOPSDevice\":" DEVICE "}"), REFUSED("blockIO") },
	{ RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":1}]"),
	  REFUSED("hugepageLimits") },
	{ RESOURCES("\"network\":{\"classID\":1}"), REFUSED("network") },
	{ RESOURCES("\"network\":{\"priorities\":[{\"name\":\"a\",\"priority\":1}]}"),
	  REFUSED("network") },
	{ RESOURCES("\"rdma\":{\"x\":{}}"), REFUSED("rdma") },
	{ RESOURCES("\"unified\":{\"x\":\"y\"}"), REFUSED("unified") },
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
	struct err e = { 0 };
	const struct spec_resources resources = { .unified = { .n = 1 } };
	assert_int_equal(spec_check_supported_resources(&resources, &e), -1);
	assert_string_equal(e.text, "unified is not supported yet");
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
	assert_non_null(strstr(e.text, " is not supported yet\n"));
	assert_true(strlen(e.text) < ERR_TEXT_MAX - 1);
}

static void many_refusals_fit_into_one_error(void **state)
{
	(void)state;
	autoarena arena = { 0 };
	struct err e = { 0 };
	struct spec *spec = spec_example(&arena, "/run/netns/distros", false, 0, 0);
	struct strlist *options = &spec->mounts.v[0].options;
	options->n = 1000;
	options->v = arena_new_array(&arena, char *, options->n);
	for (size_t i = 0; i < options->n; i++)
		options->v[i] = arena_strdup(&arena, "idmap");
	assert_int_equal(spec_check_supported(spec, &e), -1);
	const char *last = strrchr(e.text, '\n');
	assert_true(str_has_prefix(last, "\nand 9") && str_has_suffix(last, " more"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_carried_out_is_refused_by_name),
		cmocka_unit_test(parts_are_refused_by_their_own_names),
		cmocka_unit_test(everything_at_once_is_refused_by_name),
		cmocka_unit_test(many_refusals_fit_into_one_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

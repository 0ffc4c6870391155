/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every directory below tests/golden/plan is a case: the plan that a config.json becomes on a host, under
 * the policy of the case (policy.json, the built-in one where there is none), or the error; cases named systemd-*
 * are of its cgroup manager. UPDATE_GOLDEN=1 writes plan.txt and plan.json anew. The configs that real
 * engines have sent, where they are at hand, must give a plan too. Runs anywhere, without root.
 */
#include "base/auto.h"
#include "os/io.h"
#include "plan/make.h"
#include "plan/plan.h"
#include "plan/print.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

#include "judge.h"
#include "load.h"

#define LIMIT (4u << 20)
#define CASES_MIN 20

struct golden {
	int dir;
	const char *name;
	struct arena arena;
	struct spec *spec;
	struct policy *policy;
	struct facts *facts;
	struct verdict verdict;
	struct plan *plan;
};

/* NULL where the file is not there. */
static char *read_text(struct golden *g, const char *file, size_t *ret_length)
{
	struct err e = { 0 };
	autofree char *text = NULL;

	if (faccessat(g->dir, file, F_OK, 0) < 0)
		return NULL;
	if (read_file_at(g->dir, file, LIMIT, &text, ret_length, &e) < 0)
		fail_msg("%s: %s", g->name, e.text);
	return arena_strndup(&g->arena, text, *ret_length);
}

static void load(struct golden *g)
{
	struct err e = { 0 };
	size_t length = 0;
	char *text = read_text(g, "config.json", &length);

	assert_non_null(text);
	if (spec_decode_text(text, length, "config.json", &g->arena, &g->spec, &e) < 0 ||
	    spec_validate(g->spec, "config.json", &e) < 0)
		fail_msg("%s: %s", g->name, e.text);
	g->policy = policy_default(&g->arena, NULL);
	text = read_text(g, "policy.json", &length);
	if (text &&
	    policy_decode(text, length, "policy.json", g->policy, &g->arena, &g->policy, &e) < 0)
		fail_msg("%s: %s", g->name, e.text);
	text = read_text(g, "facts.json", &length);
	assert_non_null(text);
	g->facts = arena_new(&g->arena, struct facts);
	if (fields_decode_text(&facts_fields, "facts.json", text, length, &g->arena, g->facts, &e) <
	    0)
		fail_msg("%s: %s", g->name, e.text);
}

/* The JSON form, which is made of the same plan, is whole, and parses. */
static const char *check_json(struct golden *g)
{
	auto_json_out out = json_out_new(true);
	struct json_source source = { .name = "plan" };
	struct json_value *root = NULL;
	struct err e = { 0 };

	plan_print_json(g->plan, out);
	if (json_out_finish(out, &source.text, &source.length, &e) < 0 ||
	    json_parse(&source, &g->arena, &root, &e) < 0)
		fail_msg("%s: %s", g->name, e.text);
	assert_int_equal(json_get(root, "mounts")->count, g->plan->mounts.n);
	assert_int_equal(json_get(root, "devices")->count, g->plan->devices.n);
	assert_int_equal(json_get(root, "warnings")->count, g->plan->warnings.n);
	return arena_printf(&g->arena, "%s\n", source.text);
}

static void compare(struct golden *g, const char *file, const char *text)
{
	struct err e = { 0 };
	size_t length = 0;

	if (getenv("UPDATE_GOLDEN")) {
		if (replace_file_at(g->dir, file, 0644, text, strlen(text), &e) < 0)
			fail_msg("%s: %s", g->name, e.text);
		return;
	}
	if (!str_eq(read_text(g, file, &length), text))
		fail_msg("%s/%s differs; it would be:\n%s", g->name, file, text);
}

static int make(struct golden *g, struct err *e)
{
	const struct plan_options options = {
		.id = "golden",
		.bundle = "/bundle",
		.systemd_cgroup = str_has_prefix(g->name, "systemd-"),
	};

	judge_new(g->spec, g->policy, g->facts, &g->arena, &g->verdict);
	return plan_make(&g->verdict, g->facts, &options, &g->arena, &g->plan, e);
}

static void run_case(int dir, const char *name)
{
	struct golden g = { .dir = dir, .name = name };
	struct err e = { 0 };
	autostrbuf text = { 0 };

	load(&g);
	if (make(&g, &e) < 0) {
		strbuf_printf(&text, "refused (%s): %s\n", err_kind_name(e.kind), e.text);
	} else {
		plan_print(g.plan, &text);
		compare(&g, "plan.json", check_json(&g));
	}
	compare(&g, "plan.txt", strbuf_text(&text));
	arena_release(&g.arena);
}

static const char *source_directory(void)
{
	const char *source = getenv("DISTRO_SHIM_SOURCE");

	return str_empty(source) ? "." : source;
}

static void test_every_golden_case_has_its_plan(void **state)
{
	autoclosedir DIR *cases = NULL;
	const struct dirent *entry;
	struct err e = { 0 };
	char path[PATH_MAX];
	size_t count = 0;

	(void)state;
	if (str_format(path, sizeof(path), &e, "%s/tests/golden/plan", source_directory()) < 0)
		fail_msg("%s", e.text);
	cases = opendir(path);
	if (!cases)
		fail_msg("cannot open '%s'", path);
	while ((entry = readdir(cases))) {
		autoclose int dir = -1;

		if (entry->d_name[0] == '.')
			continue;
		dir = openat(dirfd(cases), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			fail_msg("cannot open '%s'", entry->d_name);
		run_case(dir, entry->d_name);
		count++;
	}
	assert_true(count >= CASES_MIN);
}

/* --- what real engines have sent --- */

/* A host on which everything that the config names by path is there and has the right type. */
static struct facts *willing_host(struct golden *g)
{
	static const char text[] =
		"{\"lastCap\":40,\"bounding\":2199023255551,\"rootfs\":\"/bundle/rootfs\","
		"\"cgroup\":{\"layout\":\"v2\",\"hierarchies\":[{\"v2\":true,"
		"\"mountPoint\":\"/sys/fs/cgroup\",\"controllers\":[\"memory\",\"pids\","
		"\"cpu\",\"cpuset\",\"io\",\"hugetlb\"]}]}}";
	struct facts *facts = arena_new(&g->arena, struct facts);
	const struct spec_linux *linux_ = g->spec->linux_;
	struct err e = { 0 };

	if (fields_decode_text(&facts_fields, "facts", text, strlen(text), &g->arena, facts, &e) <
	    0)
		fail_msg("%s", e.text);
	facts->requested.v = arena_new_array(&g->arena, struct ns_facts, linux_->namespaces.n);
	for (size_t i = 0; i < linux_->namespaces.n; i++) {
		if (linux_->namespaces.v[i].path)
			facts->requested.v[facts->requested.n++] = (struct ns_facts){
				.path = linux_->namespaces.v[i].path,
				.type = linux_->namespaces.v[i].type,
				.inode = i + 1,
				.owned = true,
			};
	}
	return facts;
}

static void sample_case(int dir, const char *name)
{
	struct golden g = { .dir = dir, .name = name };
	struct err e = { 0 };
	autostrbuf text = { 0 };

	if (load_spec(dir, "config.json", &g.arena, &g.spec, &e) < 0 ||
	    spec_validate(g.spec, "config.json", &e) < 0)
		fail_msg("%s: %s", name, e.text);
	g.policy = policy_default(&g.arena, NULL);
	g.policy->mode = POLICY_OBSERVE;
	g.facts = willing_host(&g);
	if (make(&g, &e) < 0)
		fail_msg("%s: %s", name, e.text);
	plan_print(g.plan, &text);
	check_json(&g);
	/* an engine's config asks for nothing that has to be ignored */
	for (size_t i = 0; i < g.plan->warnings.n; i++)
		print_message("%s: %s\n", name, g.plan->warnings.v[i]);
	arena_release(&g.arena);
}

/* Every directory below `parent`, `depth` levels down, that has a config.json. */
static size_t samples_walk(int parent, unsigned depth)
{
	autoclosedir DIR *directory = fdopendir(fcntl(parent, F_DUPFD_CLOEXEC, 3));
	const struct dirent *entry;
	size_t count = 0;

	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		autoclose int dir = -1;

		if (entry->d_name[0] == '.')
			continue;
		dir = openat(parent, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			continue;
		if (depth > 0)
			count += samples_walk(dir, depth - 1);
		if (faccessat(dir, "config.json", F_OK, 0) == 0) {
			sample_case(dir, entry->d_name);
			count++;
		}
	}
	return count;
}

static void test_configs_of_real_engines_give_a_plan(void **state)
{
	const char *shared = getenv("DISTRO_SHIM_SHARED");
	autoclose int dir = -1;
	struct err e = { 0 };
	char path[PATH_MAX];

	(void)state;
	if (str_empty(shared) ? str_format(path, sizeof(path), &e, "%s/../shared/samples",
					   source_directory()) < 0
			      : str_format(path, sizeof(path), &e, "%s/samples", shared) < 0)
		fail_msg("%s", e.text);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		print_message("no samples in '%s'\n", path);
		skip();
	}
	assert_true(samples_walk(dir, 2) > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_golden_case_has_its_plan),
		cmocka_unit_test(test_configs_of_real_engines_give_a_plan),
	};

	return cmocka_run_group_tests_name("plan_golden", tests, NULL, NULL);
}

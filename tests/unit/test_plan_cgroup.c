/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroup of the plan: its path, its limits in each layout, its record: one test a rule. Runs anywhere, without root.
 */
#include "plan_fixture.h"

#define RESOURCES(members) MOUNT_NS ",'resources':{" members "}"
#define V1_FACTS                                                                               \
	"{'lastCap':40,'cgroup':{'layout':'v1','hierarchies':["                                \
	"{'controllers':['memory'],'mountPoint':'/m'},{'controllers':['pids'],'mountPoint':'/" \
	"p'}]}}"
#define HYBRID_FACTS                                                \
	"{'lastCap':40,'cgroup':{'layout':'hybrid','hierarchies':[" \
	"{'v2':true,'controllers':['pids'],'mountPoint':'/u'},"     \
	"{'controllers':['memory'],'mountPoint':'/m'},{'name':'systemd','mountPoint':'/s'}]}}"
#define NOTHING_FACTS "{'lastCap':40,'cgroup':{'layout':'none'}}"

static void assert_writes(const struct plan *plan, size_t n, const char *const (*rows)[3])
{
	assert_true(plan->cgroup.manage);
	assert_int_equal(plan->cgroup.writes.n, n);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(plan->cgroup.writes.v[i].controller, rows[i][0]);
		assert_string_equal(plan->cgroup.writes.v[i].file, rows[i][1]);
		assert_string_equal(plan->cgroup.writes.v[i].value, rows[i][2]);
	}
}

static void test_cgroup_path_is_the_configs_or_made_of_the_id(void **state)
{
	static const char *const rows[][2] = {
		{ "", "/distro-shim/web" },
		{ ",'cgroupsPath':'/a/b'", "/a/b" },
		{ ",'cgroupsPath':'a//b/./'", "/a/b" },
		{ ",'cgroupsPath':'system.slice:podman:id'", "/system.slice:podman:id" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct plan *plan =
			fixture_plan(f, "", arena_printf(&f->arena, "%s%s", MOUNT_NS, rows[i][0]));

		assert_true(plan->cgroup.manage);
		assert_int_equal(plan->cgroup.layout, CGROUP_V2);
		assert_string_equal(plan->cgroup.path, rows[i][1]);
	}
}

static void test_cgroup_path_that_leads_out_is_refused(void **state)
{
	struct fixture *f = *state;
	char name[257];

	fixture_refused(f, "", MOUNT_NS ",'cgroupsPath':'/a/../../b'",
			"linux.cgroupsPath: \"..\" is not allowed");
	fixture_refused(f, "", MOUNT_NS ",'cgroupsPath':'..'",
			"linux.cgroupsPath: \"..\" is not allowed");
	fixture_refused(f, "", MOUNT_NS ",'cgroupsPath':'//'",
			"linux.cgroupsPath: the root cgroup is not the container's");
	fixture_refused(f, "", MOUNT_NS ",'cgroupsPath':'/a\\nb'",
			"linux.cgroupsPath: has a control character");
	memset(name, 'a', 256);
	name[256] = '\0';
	fixture_refused(f, "", arena_printf(&f->arena, MOUNT_NS ",'cgroupsPath':'/x/%s'", name),
			"linux.cgroupsPath: a component is longer than 255 bytes");
}

static void test_no_cgroup_where_none_can_be_made(void **state)
{
	static const char limit[] = RESOURCES("'pids':{'limit':5}");
	static const char unlimited[] =
		RESOURCES("'pids':{'limit':-1},'memory':{'limit':-1,'swap':0}");
	struct fixture *f = *state;

	f->options.cgroup_disabled = true;
	assert_false(fixture_plan(f, "", unlimited)->cgroup.manage);
	fixture_refused(f, "", limit,
			"linux.resources.pids.limit: cannot be applied: the cgroup manager is "
			"disabled");
	f->options.cgroup_disabled = false;
	f->facts->rootless = true;
	assert_false(fixture_plan(f, "", unlimited)->cgroup.manage);
	fixture_refused(f, "", RESOURCES("'memory':{'reservation':4096}"),
			"linux.resources.memory.reservation: cannot be applied: no cgroup is "
			"delegated to the caller, who is not root (use --systemd-cgroup, or start "
			"it with systemd-run --user --scope -p Delegate=yes)");
	assert_false(fixture_plan(f, "", MOUNT_NS ",'cgroupsPath':'/user.slice/x'")->cgroup.manage);
	fixture_facts(f, NOTHING_FACTS);
	assert_false(fixture_plan(f, "", MOUNT_NS ",'cgroupsPath':'/x'")->cgroup.manage);
	fixture_refused(f, "", limit,
			"linux.resources.pids.limit: cannot be applied: no cgroup hierarchy is "
			"mounted");
}

/* Beside the caller's own, by a path below what is delegated, and nowhere else. */
static void test_a_user_has_a_cgroup_where_one_is_delegated(void **state)
{
	static const struct {
		const char *own, *delegated, *asked, *path;
	} cases[] = {
		{ "/u/a/leaf", "/u", "", "/u/a/distro-shim-web" },
		{ "/u/a", "/u", "", "/u/distro-shim-web" },
		{ "/u/a", "/u/a", "", "/u/a/distro-shim-web" },
		{ "/", "/", "", "/distro-shim-web" },
		{ "/a", "/", "", "/distro-shim-web" },
		{ "/a", "/", "/b/c", "/b/c" },
		{ "/u/a", "/u", "b/c", "/u/b/c" },
		{ "/u/a", "/u", "/u/b", "/u/b" },
		{ "/u/a", "/u", "/u", NULL },
		{ "/u/a", "/u", "/ux", NULL },
		{ "/u/a", "/u", "/x", NULL },
		{ "/u/a", NULL, "/u/b", NULL },
		{ "/u/a", NULL, "", NULL },
	};
	struct fixture *f = *state;

	f->facts->rootless = true;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[64];
		const struct plan *plan;
		f->facts->cgroup->hierarchies.v[0].own_path = arena_strdup(&f->arena, cases[i].own);
		f->facts->cgroup->delegated =
			cases[i].delegated ? arena_strdup(&f->arena, cases[i].delegated) : NULL;
		snprintf(text, sizeof(text), MOUNT_NS ",'cgroupsPath':'%s'", cases[i].asked);
		plan = fixture_plan(f, "", text);
		assert_int_equal(plan->cgroup.manage, cases[i].path != NULL);
		if (cases[i].path)
			assert_string_equal(plan->cgroup.path, cases[i].path);
		/* An engine that has named one is told. */
		assert_int_equal(plan->warnings.n, !cases[i].path && *cases[i].asked ? 1 : 0);
	}
}

static void test_limits_on_v2_become_writes(void **state)
{
	static const char *const rows[][3] = { { "memory", "memory.max", "1000" },
					       { "memory", "memory.swap.max", "500" },
					       { "memory", "memory.low", "900" },
					       { "pids", "pids.max", "7" } };
	static const char *const unlimited[][3] = { { "memory", "memory.max", "max" },
						    { "memory", "memory.swap.max", "max" },
						    { "memory", "memory.low", "max" },
						    { "pids", "pids.max", "max" } };
	static const char *const no_swap[][3] = { { "memory", "memory.max", "1000" },
						  { "memory", "memory.swap.max", "0" } };

	assert_writes(fixture_plan(*state, "",
				   RESOURCES("'pids':{'limit':7},'memory':{'limit':1000,"
					     "'swap':1500,'reservation':900}")),
		      ARRAY_SIZE(rows), rows);
	assert_writes(fixture_plan(*state, "",
				   RESOURCES("'pids':{'limit':-1},'memory':{'limit':-1,"
					     "'swap':-1,'reservation':-1}")),
		      ARRAY_SIZE(unlimited), unlimited);
	assert_writes(fixture_plan(*state, "", RESOURCES("'memory':{'limit':1000,'swap':1000}")),
		      ARRAY_SIZE(no_swap), no_swap);
}

static void test_limits_on_v1_become_writes(void **state)
{
	static const char *const rows[][3] = { { "memory", "memory.limit_in_bytes", "1000" },
					       { "memory", "memory.memsw.limit_in_bytes", "1500" },
					       { "memory", "memory.soft_limit_in_bytes", "900" },
					       { "pids", "pids.max", "50" } };
	static const char *const unlimited[][3] = {
		{ "memory", "memory.limit_in_bytes", "-1" },
		{ "memory", "memory.memsw.limit_in_bytes", "-1" },
		{ "pids", "pids.max", "max" },
	};
	struct fixture *f = *state;

	fixture_facts(f, V1_FACTS);
	assert_writes(fixture_plan(f, "",
				   RESOURCES("'pids':{'limit':50},'memory':{'limit':1000,"
					     "'swap':1500,'reservation':900}")),
		      ARRAY_SIZE(rows), rows);
	assert_writes(
		fixture_plan(f, "",
			     RESOURCES("'pids':{'limit':-1},'memory':{'limit':-1,'swap':-1}")),
		ARRAY_SIZE(unlimited), unlimited);
}

static void test_hybrid_writes_v1_first_and_v2_in_its_form(void **state)
{
	static const char *const rows[][3] = { { "memory", "memory.limit_in_bytes", "1000" },
					       { "pids", "pids.max", "50" } };
	struct fixture *f = *state;

	fixture_facts(f, HYBRID_FACTS);
	assert_writes(fixture_plan(f, "", RESOURCES("'pids':{'limit':50},'memory':{'limit':1000}")),
		      ARRAY_SIZE(rows), rows);
}

static void test_memory_that_engines_leave_at_zero_is_unset(void **state)
{
	assert_writes(fixture_plan(*state, "",
				   RESOURCES("'memory':{'limit':0,'swap':0,'reservation':0}")),
		      0, NULL);
}

static void test_swap_without_or_below_limit_is_refused(void **state)
{
	static const char needs[] =
		"linux.resources.memory.swap: needs linux.resources.memory.limit";

	fixture_refused(*state, "", RESOURCES("'memory':{'swap':1000}"), needs);
	fixture_refused(*state, "", RESOURCES("'memory':{'limit':-1,'swap':1000}"), needs);
	fixture_refused(*state, "", RESOURCES("'memory':{'limit':1000,'swap':999}"),
			"linux.resources.memory.swap: must not be less than "
			"linux.resources.memory.limit, it includes that");
	fixture_refused(*state, "", RESOURCES("'memory':{'limit':-2}"),
			"linux.resources.memory.limit: must be -1 or more");
}

static void test_missing_controller_is_refused_where_it_is_needed(void **state)
{
	struct fixture *f = *state;

	f->facts->cgroup->hierarchies.v[0].controllers.n = 0;
	fixture_refused(f, "", RESOURCES("'pids':{'limit':5}"),
			"linux.resources.pids.limit: the cgroup controller 'pids' is not available "
			"to write pids.max");
	fixture_refused(f, "", RESOURCES("'memory':{'limit':5}"),
			"linux.resources.memory.limit: the cgroup controller 'memory' is not "
			"available to write memory.limit_in_bytes");
	assert_writes(fixture_plan(f, "", RESOURCES("'pids':{'limit':-1},'memory':{'limit':-1}")),
		      0, NULL);
}

static void test_cgroup_record_survives_the_disk(void **state)
{
	struct fixture *f = *state;
	char *directories[] = { (char[]){ "/sys/fs/cgroup/web" } };
	struct cgroup_record record = { .manage = true,
					.layout = CGROUP_V2,
					.path = (char[]){ "/web" },
					.directories = { 1, directories } };
	struct cgroup_record again = { 0 };
	size_t length = 0;
	char *text = NULL;

	assert_int_equal(fields_encode_text(&cgroup_record_fields, &record, false, &f->arena, &text,
					    &length, &f->e),
			 0);
	assert_string_equal(text, "{\"manage\":true,\"layout\":\"v2\",\"path\":\"/web\","
				  "\"directories\":[\"/sys/fs/cgroup/web\"]}");
	assert_int_equal(fields_decode_text(&cgroup_record_fields, "record", text, length,
					    &f->arena, &again, &f->e),
			 0);
	assert_true(again.manage);
	assert_int_equal(again.layout, CGROUP_V2);
	assert_string_equal(again.directories.v[0], "/sys/fs/cgroup/web");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_cgroup_path_is_the_configs_or_made_of_the_id),
		TEST(test_cgroup_path_that_leads_out_is_refused),
		TEST(test_no_cgroup_where_none_can_be_made),
		TEST(test_a_user_has_a_cgroup_where_one_is_delegated),
		TEST(test_limits_on_v2_become_writes),
		TEST(test_limits_on_v1_become_writes),
		TEST(test_hybrid_writes_v1_first_and_v2_in_its_form),
		TEST(test_memory_that_engines_leave_at_zero_is_unset),
		TEST(test_swap_without_or_below_limit_is_refused),
		TEST(test_missing_controller_is_refused_where_it_is_needed),
		TEST(test_cgroup_record_survives_the_disk),
	};

	return cmocka_run_group_tests_name("plan_cgroup", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts of the plan: their kinds, remounts, and what may be at /dev, /sys, /proc and /: one test a rule. Runs anywhere,
 * without root.
 */
#include "plan_mounts.h"

#include "plan_fixture.h"
#include "sys/mount_api.h"

/* --- kinds --- */

static void test_bind_by_type_or_option_is_recursive_with_rbind_only(void **state)
{
	struct plan *plan = fixture_mounts(
		*state, "{'destination':'/a','type':'bind','source':'/s'},"
			"{'destination':'/b','type':'none','source':'/s','options':['bind']},"
			"{'destination':'/c','source':'/s','options':['rbind','ro']},"
			"{'destination':'/d','type':'tmpfs','source':'rel/s','options':['rbind']}");

	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(plan->mounts.v[i].kind, PLAN_MOUNT_BIND);
		assert_int_equal(plan->mounts.v[i].index, i);
		assert_int_equal(plan->mounts.v[i].recursive, i >= 2);
		assert_null(plan->mounts.v[i].fstype);
	}
	assert_string_equal(plan->mounts.v[0].source, "/s");
	assert_string_equal(plan->mounts.v[3].source, "/bundle/rel/s");
}

static void test_bind_without_source_is_refused(void **state)
{
	fixture_mounts_refused(*state, "{'destination':'/a','type':'bind'}",
			       "mounts[0].source: a bind mount needs a source");
}

static void test_no_type_and_no_bind_is_refused(void **state)
{
	const char *text = "mounts[0].type: needs the type of a file system, or the option bind or "
			   "rbind";

	fixture_mounts_refused(*state, "{'destination':'/a','type':'none','source':'/s'}", text);
	fixture_mounts_refused(*state, "{'destination':'/a','source':'/s'}", text);
}

static void test_cgroup_types_are_views(void **state)
{
	struct plan *plan = fixture_mounts(
		*state, "{'destination':'/a','type':'cgroup','options':['ro','nsdelegate']},"
			"{'destination':'/b','type':'cgroup2'}");

	assert_int_equal(plan->mounts.v[0].kind, PLAN_MOUNT_CGROUP);
	assert_int_equal(plan->mounts.v[0].attr_set, MOUNT_ATTR_RDONLY);
	assert_int_equal(plan->mounts.v[0].options.n, 0);
	assert_int_equal(plan->mounts.v[1].kind, PLAN_MOUNT_CGROUP);
	assert_int_equal(plan->warnings.n, 1);
	assert_string_equal(plan->warnings.v[0], "mounts[0].options: \"nsdelegate\" means nothing "
						 "for the view of the cgroups");
}

static void test_fs_without_source_has_its_types_name(void **state)
{
	const struct plan_mount *mount = one_mount(*state, TMPFS(""));

	assert_int_equal(mount->kind, PLAN_MOUNT_FS);
	assert_string_equal(mount->fstype, "tmpfs");
	assert_string_equal(mount->source, "tmpfs");
}

static void test_remount_changes_only_what_it_names(void **state)
{
	struct plan *plan = fixture_mounts(
		*state, "{'destination':'/','type':'none','options':['remount','ro','nosuid']},"
			"{'destination':'/a','type':'none','options':['remount','bind','size=1']}");

	assert_int_equal(plan->mounts.v[0].kind, PLAN_MOUNT_REMOUNT);
	assert_int_equal(plan->mounts.v[0].attr_set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID);
	assert_int_equal(plan->mounts.v[0].attr_clear, 0);
	assert_null(plan->mounts.v[0].source);
	assert_int_equal(plan->mounts.v[1].kind, PLAN_MOUNT_REMOUNT);
	assert_int_equal(plan->warnings.n, 1);
}

static void test_remount_changes_a_file_system_of_its_own_alone(void **state)
{
	static const struct {
		const char *before;
		unsigned index;
	} others[] = {
		{ "", 0 },
		{ "{'destination':'/a','source':'/x','options':['bind']},", 1 },
		{ "{'destination':'/a','type':'ext4','source':'/dev/sda'},", 1 },
		{ "{'destination':'/b','type':'tmpfs'},", 1 },
		{ "{'destination':'/a','type':'tmpfs'},"
		  "{'destination':'/a/','source':'/x','options':['bind']},",
		  2 },
	};
	struct fixture *f = *state;
	struct plan *plan = fixture_mounts(
		f, "{'destination':'/b','type':'proc'},{'destination':'/a/.','type':'tmpfs'},"
		   "{'destination':'/a','type':'none','options':['remount','size=1','sync']}");

	assert_true(plan->mounts.v[1].remounted);
	assert_false(plan->mounts.v[0].remounted);
	assert_int_equal(plan->mounts.v[2].remounts, 1);
	assert_int_equal(plan->mounts.v[2].options.n, 2);
	assert_string_equal(plan->mounts.v[2].options.v[0].key, "sync");
	assert_string_equal(plan->mounts.v[2].options.v[1].key, "size");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		const char *text = arena_printf(
			&f->arena,
			"%s{'destination':'/a','type':'tmpfs','options':['remount','size=1']}",
			others[i].before);

		fixture_mounts_refused(
			f, text,
			arena_printf(
				&f->arena,
				"mounts[%u].options: a remount cannot change \"size\" of a file "
				"system that is not the container's alone, only the attributes "
				"of the mount",
				others[i].index));
	}
}

/* --- block devices, tmpfs, /dev --- */

static void test_readonly_block_device_gets_a_readonly_superblock(void **state)
{
	static const char *const pairs[][2] = { { "ro", NULL }, { "noload", NULL } };
	const struct plan_mount *mount =
		one_mount(*state, "{'destination':'/x','type':'ext4','source':'/dev/sda','options':"
				  "['ro','noload']}");

	assert_int_equal(mount->attr_set, MOUNT_ATTR_RDONLY);
	assert_options(mount, ARRAY_SIZE(pairs), pairs);
	assert_int_equal(one_mount(*state, TMPFS("'ro'"))->options.n, 0);
}

static void test_copy_up_is_for_tmpfs(void **state)
{
	assert_true(one_mount(*state, TMPFS("'tmpcopyup','ro'"))->copy_up);
	fixture_mounts_refused(*state, BIND("'tmpcopyup'"),
			       "mounts[0].options: tmpcopyup needs type tmpfs");
}

static void test_readonly_dev_is_readonly_after_its_nodes(void **state)
{
	const struct plan_mount *mount = one_mount(
		*state, "{'destination':'//dev/.','type':'tmpfs','options':['ro','nosuid']}");

	assert_true(mount->readonly_late);
	assert_int_equal(mount->attr_set, MOUNT_ATTR_NOSUID);
	mount = one_mount(*state, TMPFS("'ro'"));
	assert_false(mount->readonly_late);
	assert_int_equal(mount->attr_set, MOUNT_ATTR_RDONLY);
}

static void test_a_remount_of_dev_is_readonly_after_its_nodes(void **state)
{
	struct plan *plan = fixture_mounts(
		*state, "{'destination':'/dev','type':'tmpfs'},"
			"{'destination':'/dev/','options':['remount','bind','rro','noexec']}");

	assert_true(plan->mounts.v[0].readonly_late);
	assert_int_equal(plan->mounts.v[1].attr_set, MOUNT_ATTR_NOEXEC);
	assert_int_equal(plan->mounts.v[1].rec_attr_set, 0);
	plan = fixture_mounts(*state, "{'destination':'/dev','type':'tmpfs','options':['ro']},"
				      "{'destination':'/dev','options':['remount','rw']}");
	assert_false(plan->mounts.v[0].readonly_late);
}

/* --- sysfs, proc --- */

static void test_sysfs_of_a_foreign_network_is_made_by_the_parent(void **state)
{
	static const char sysfs[] = "'mounts':[{'destination':'/sys','type':'sysfs'},"
				    "{'destination':'/x','type':'tmpfs'}]";
	static const char user[] = "'uidMappings':[{'containerID':0,'hostID':1,'size':9}],"
				   "'gidMappings':[{'containerID':0,'hostID':1,'size':9}],";
	static const struct {
		int network;
		const char *namespaces;
		bool new_user, made_outside;
	} rows[] = {
		{ NETWORK_EARLY, MOUNT_NS, false, true },
		{ NETWORK_LATE, MOUNT_NS, false, true },
		{ NETWORK_NONE, MOUNT_NS, false, false },
		{ NETWORK_NEW, NAMESPACES("{'type':'network'}"), false, false },
		{ NETWORK_PATH, NAMESPACES("{'type':'network','path':'/ns/net'}"), false, false },
		{ NETWORK_NONE, NAMESPACES("{'type':'user'}"), true, true },
		{ NETWORK_NEW, NAMESPACES("{'type':'user'},{'type':'network'}"), true, false },
		{ NETWORK_PATH, NAMESPACES("{'type':'user'},{'type':'network','path':'/ns/net'}"),
		  true, true },
		{ NETWORK_NONE, NAMESPACES("{'type':'user','path':'/ns/user'}"), false, true },
	};
	struct fixture *f = *state;

	f->verdict.network.path = arena_strdup(&f->arena, "/run/netns/distros");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct plan *plan;

		f->verdict.network.join = rows[i].network;
		plan = fixture_plan(f, sysfs,
				    arena_printf(&f->arena, "%s%s", rows[i].new_user ? user : "",
						 rows[i].namespaces));
		assert_true(plan->mounts.v[0].is_sysfs);
		if (plan->mounts.v[0].made_outside != rows[i].made_outside)
			fail_msg("row %zu", i);
		assert_false(plan->mounts.v[1].made_outside);
	}
}

static void test_proc_takes_procfs_or_a_bind_of_proc(void **state)
{
	static const char text[] =
		"mounts[0].destination: only type proc, or a bind of /proc, may be "
		"mounted at /proc";
	struct fixture *f = *state;

	assert_true(one_mount(f, "{'destination':'/proc','type':'proc'}")->is_proc);
	assert_true(one_mount(f, "{'destination':'/vol/../proc/','type':'proc'}")->is_proc);
	one_mount(f, "{'destination':'proc','type':'bind','source':'/proc','options':['rbind']}");
	fixture_mounts_refused(f, "{'destination':'/proc','type':'tmpfs'}", text);
	fixture_mounts_refused(f, "{'destination':'//proc/.','type':'bind','source':'/evil'}",
			       text);
	fixture_mounts_refused(
		f, "{'destination':'/a/../../proc','type':'bind','source':'/proc/1'}", text);
}

static void test_below_proc_only_files_for_show_may_be_mounted(void **state)
{
	static const char *const allowed[] = { "cpuinfo",
					       "diskstats",
					       "meminfo",
					       "stat",
					       "swaps",
					       "uptime",
					       "loadavg",
					       "slabinfo",
					       "sys/kernel/ns_last_pid",
					       "sys/crypto/fips_enabled" };
	static const char *const refused[] = { "self",       "self/attr", "sys",          "1",
					       "sys/kernel", "cpuinfo/x", "sysrq-trigger" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		one_mount(f, arena_printf(&f->arena,
					  "{'destination':'/proc/%s','type':'bind','source':'/s'}",
					  allowed[i]));
		assert_int_equal(
			fixture_try(f,
				    arena_printf(&f->arena,
						 "'mounts':[{'destination':'/proc/%s','type':"
						 "'tmpfs'}]",
						 allowed[i]),
				    MOUNT_NS),
			-1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		assert_int_equal(
			fixture_try(f,
				    arena_printf(&f->arena,
						 "'mounts':[{'destination':'/proc/%s','type':"
						 "'bind','source':'/s'}]",
						 refused[i]),
				    MOUNT_NS),
			-1);
		assert_non_null(strstr(f->e.text, "mounts[0].destination: /proc/"));
		assert_non_null(strstr(f->e.text, "cpuinfo, diskstats, meminfo"));
	}
	one_mount(f, "{'destination':'/proc/sys/fs/binfmt_misc','type':'binfmt_misc'}");
	assert_int_equal(fixture_try(f, "'mounts':[{'destination':'/proc/x','type':'binfmt_misc'}]",
				     MOUNT_NS),
			 -1);
	one_mount(f, "{'destination':'/process','type':'tmpfs'}");
}

static void test_what_the_policy_has_added_may_be_left_out(void **state)
{
	static char hosts[] = "/etc/hosts";
	static char *added[] = { hosts };
	struct fixture *f = *state;
	struct plan *plan;

	f->verdict.added_files = (struct strlist){ .n = 1, .v = added };
	plan = fixture_mounts(
		f, "{'destination':'/etc/hosts','type':'bind','source':'/own','options':['ro']},"
		   "{'destination':'/etc/other','type':'bind','source':'/own'}");
	assert_true(plan->mounts.v[0].dispensable);
	assert_false(plan->mounts.v[1].dispensable);
}

static void test_kernel_file_systems_cannot_be_the_root(void **state)
{
	static const char *const types[] = { "proc", "sysfs", "cgroup", "cgroup2" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		fixture_mounts_refused(
			f, arena_printf(&f->arena, "{'destination':'/a/..','type':'%s'}", types[i]),
			arena_printf(&f->arena,
				     "mounts[0].destination: a %s has no place for what every "
				     "container has, so it cannot be the root filesystem; mount it "
				     "elsewhere",
				     types[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_bind_by_type_or_option_is_recursive_with_rbind_only),
		TEST(test_bind_without_source_is_refused),
		TEST(test_no_type_and_no_bind_is_refused),
		TEST(test_cgroup_types_are_views),
		TEST(test_fs_without_source_has_its_types_name),
		TEST(test_remount_changes_only_what_it_names),
		TEST(test_remount_changes_a_file_system_of_its_own_alone),
		TEST(test_readonly_block_device_gets_a_readonly_superblock),
		TEST(test_copy_up_is_for_tmpfs),
		TEST(test_readonly_dev_is_readonly_after_its_nodes),
		TEST(test_a_remount_of_dev_is_readonly_after_its_nodes),
		TEST(test_sysfs_of_a_foreign_network_is_made_by_the_parent),
		TEST(test_proc_takes_procfs_or_a_bind_of_proc),
		TEST(test_below_proc_only_files_for_show_may_be_mounted),
		TEST(test_what_the_policy_has_added_may_be_left_out),
		TEST(test_kernel_file_systems_cannot_be_the_root),
	};

	return cmocka_run_group_tests_name("plan_mounts", tests, NULL, NULL);
}

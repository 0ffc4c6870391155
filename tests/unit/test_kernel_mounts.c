/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File systems of the kernel's: the tables by which they are known, which mounts no path leads to, and what the
 * plan makes of a verdict. Needs no root.
 */
#include "base/path.h"
#include "model/kernel_fs.h"
#include "plan_fixture.h"
#include "sys/mount_api.h"
#include "sys/mountinfo.h"

#include <linux/magic.h>

static void test_known_by_name_and_by_number(void **state)
{
	static const struct {
		unsigned long magic;
		const char *name;
		enum kernel_fs_kind kind;
	} rows[] = {
		{ PROC_SUPER_MAGIC, "proc", KERNEL_FS_PROC },
		{ SYSFS_MAGIC, "sysfs", KERNEL_FS_SYSFS },
		{ CGROUP_SUPER_MAGIC, "cgroup", KERNEL_FS_CGROUP },
		{ CGROUP2_SUPER_MAGIC, "cgroup2", KERNEL_FS_CGROUP },
		{ DEBUGFS_MAGIC, "debugfs", KERNEL_FS_OTHER },
		{ TRACEFS_MAGIC, "tracefs", KERNEL_FS_OTHER },
		{ BPF_FS_MAGIC, "bpf", KERNEL_FS_BPF },
		{ BINFMTFS_MAGIC, "binfmt_misc", KERNEL_FS_OTHER },
		{ EFIVARFS_MAGIC, "efivarfs", KERNEL_FS_OTHER },
		{ SECURITYFS_MAGIC, "securityfs", KERNEL_FS_OTHER },
		{ PSTOREFS_MAGIC, "pstore", KERNEL_FS_OTHER },
		{ SELINUX_MAGIC, "selinuxfs", KERNEL_FS_OTHER },
		{ SMACK_MAGIC, "smackfs", KERNEL_FS_OTHER },
		{ XENFS_SUPER_MAGIC, "xenfs", KERNEL_FS_OTHER },
		{ RDTGROUP_SUPER_MAGIC, "resctrl", KERNEL_FS_OTHER },
	};
	static const char *const files[] = { "ext4",   "tmpfs",     "overlay", "fuse.lxcfs",
					     "devpts", "devtmpfs",  "mqueue",  "nsfs",
					     "procfs", "hugetlbfs", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_string_equal(kernel_fs_name(rows[i].magic), rows[i].name);
		assert_int_equal(kernel_fs_kind(rows[i].name), rows[i].kind);
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		assert_int_equal(kernel_fs_kind(files[i]), KERNEL_FS_NONE);
	assert_int_equal(kernel_fs_kind(NULL), KERNEL_FS_NONE);
	assert_null(kernel_fs_name(TMPFS_MAGIC));
}

/* One procfs on another, a tmpfs on the way, what lies under both; and the way through one's own parent. */
static void test_what_no_path_leads_to(void **state)
{
	static const char text[] = "1 0 8:1 / / rw - ext4 sda rw\n"
				   "2 1 0:2 / /proc rw - proc proc rw\n"
				   "3 2 0:3 / /proc rw - proc proc rw\n"
				   "4 2 0:4 / /proc/fs rw - nfsd nfsd rw\n"
				   "5 3 0:3 /sys /proc/sys ro - proc proc rw\n"
				   "6 1 0:6 / /sys rw - sysfs sysfs rw\n"
				   "7 6 0:7 / /sys/kernel/debug rw - debugfs debugfs rw\n"
				   "8 7 0:8 / /sys/kernel/debug/tracing rw - tracefs tracefs rw\n"
				   "9 6 0:9 / /sys/kernel rw - tmpfs tmpfs rw\n"
				   "10 1 0:10 / /sysother rw - tmpfs tmpfs rw\n";
	static const bool hidden[] = { false, true, false, true,  false,
				       false, true, true,  false, false };
	struct arena arena = { 0 };
	struct mountinfo info;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(mountinfo_parse(text, &arena, &info, &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		if (mountinfo_is_hidden(&info, &info.v[i]) != hidden[i])
			fail_msg("%s", info.v[i].mount_point);
	assert_ptr_equal(mountinfo_find(&info, 8), &info.v[7]);
	assert_null(mountinfo_find(&info, 11));
	assert_true(mountinfo_is_on(&info, &info.v[7], &info.v[5]));
	assert_true(mountinfo_is_on(&info, &info.v[5], &info.v[5]));
	assert_false(mountinfo_is_on(&info, &info.v[5], &info.v[7]));
	assert_true(clean_path_is_below("/a/b", "/a"));
	assert_true(clean_path_is_below("/a", "/"));
	assert_false(clean_path_is_below("/ab", "/a"));
	arena_release(&arena);
}

#define PATHS                                                                                     \
	"'maskedPaths':['/proc/kcore','/sys/firmware'],'readonlyPaths':['/proc/sys','/proc/irq'," \
	"'/opt']," MOUNT_NS

static struct plan *own_plan(struct fixture *f, const char *mounts)
{
	f->verdict.kernel_own = true;
	f->verdict.network.join = NETWORK_EARLY;
	f->verdict.network.path = arena_strdup(&f->arena, "/run/netns/distros");
	return fixture_plan(f, arena_printf(&f->arena, "'mounts':[%s]", mounts), PATHS);
}

static void test_guards_beside_the_usual_place(void **state)
{
	struct fixture *f = *state;
	const struct plan_mount *v =
		own_plan(f, "{'destination':'/proc','type':'proc'},"
			    "{'destination':'/vol','type':'proc'},"
			    "{'destination':'/net','type':'proc','options':['subtree=/sys/net']},"
			    "{'destination':'/core','type':'proc','options':['subtree=/kcore']},"
			    "{'destination':'/bus','type':'proc','options':['subtree=/bus']},"
			    "{'destination':'/s','type':'sysfs','options':['subtree=/']},"
			    "{'destination':'/sys','type':'sysfs','options':['rw']}")
			->mounts.v;

	assert_int_equal(v[0].guards.n, 0);
	assert_true(v[0].lends);
	assert_int_equal(v[1].guards.n, 3);
	assert_string_equal(v[1].guards.v[0].path, "/kcore");
	assert_true(v[1].guards.v[0].masked);
	assert_string_equal(v[1].guards.v[1].path, "/sys");
	assert_false(v[1].guards.v[1].masked);
	/* what lies within is read-only as a whole */
	assert_int_equal(v[2].guards.n, 0);
	assert_true(v[2].attr_set & MOUNT_ATTR_RDONLY);
	assert_true(v[3].attr_set & MOUNT_ATTR_RDONLY);
	/* and what is not does not keep the flag of what it is cloned from */
	assert_false(v[4].attr_set & MOUNT_ATTR_RDONLY);
	assert_true(v[4].attr_clear & MOUNT_ATTR_RDONLY);
	assert_int_equal(v[5].guards.n, 1);
	assert_string_equal(v[5].guards.v[0].path, "/firmware");
	assert_int_equal(v[6].guards.n, 0);
	/* a later one lends nothing */
	assert_false(v[6].lends);
	for (size_t i = 0; i < 7; i++)
		assert_true(v[i].kernel);
	/* not where the policy leaves it */
	f->verdict.kernel_own = false;
	v = fixture_plan(f, "'mounts':[{'destination':'/vol','type':'proc'}]", PATHS)->mounts.v;
	assert_int_equal(v[0].guards.n, 0);
	assert_false(f->plan->kernel_own);
}

static void test_what_comes_with_a_source(void **state)
{
	struct fixture *f = *state;
	const struct plan *plan;
	const struct plan_mount *v;

	fixture_facts(
		f, "{'rootfs':'/c','network':{'path':'/run/netns/distros','type':'network'},"
		   "'root':{'path':'/c','recursive':true,'below':[{'path':'/p',"
		   "'type':'proc'}]},'sources':[{'source':'/','recursive':true,'path':'/','below':["
		   "{'path':'/sys','type':'sysfs'},{'path':'/sys/kernel/debug','type':'debugfs'},"
		   "{'path':'/srv/t','type':'tracefs'}]},"
		   "{'source':'/','path':'/'},"
		   "{'source':'/d','noFollow':true,'path':'/d','type':'debugfs','part':'/'}]}");
	plan = own_plan(f, "{'destination':'/a','type':'bind','source':'/','options':['rbind']},"
			   "{'destination':'/b','type':'bind','source':'/'},"
			   "{'destination':'/c','type':'bind','source':'/d'},"
			   "{'destination':'/d','type':'bind','source':'/d','options':["
			   "'src-nofollow']},{'destination':'/e','type':'bind','source':'/e'}");
	v = plan->mounts.v;
	assert_int_equal(plan->root_below.n, 1);
	assert_true(plan->root_below.v[0].detach);
	/* the second goes with the first */
	assert_int_equal(v[0].below.n, 2);
	assert_string_equal(v[0].below.v[0].path, "/sys");
	assert_true(v[0].below.v[0].detach);
	assert_string_equal(v[0].below.v[1].path, "/srv/t");
	assert_false(v[0].below.v[1].detach);
	assert_int_equal(v[0].opened, 0);
	assert_int_equal(v[1].opened, 1);
	assert_int_equal(v[1].below.n, 0);
	assert_true(v[2].opened == PLAN_NO_SOURCE);
	assert_int_equal(v[3].opened, 2);
	assert_true(v[3].kernel);
	assert_false(v[0].kernel);
	assert_true(v[4].opened == PLAN_NO_SOURCE);
}

static void test_subtree_is_an_option_of_cgroups(void **state)
{
	static const char *const bad[] = {
		"{'destination':'/a','type':'proc','source':'/s','options':['bind','subtree=/']}",
		"{'destination':'/a','type':'proc','options':['subtree=sys']}",
		"{'destination':'/a','type':'proc','options':['subtree=/a/../..']}",
		"{'destination':'/a','type':'proc','options':['subtree=']}",
	};
	struct fixture *f = *state;
	const struct plan_mount *v;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(
			fixture_try(f, arena_printf(&f->arena, "'mounts':[%s]", bad[i]), MOUNT_NS),
			-1);
		assert_non_null(strstr(f->e.text, "mounts[0].options: subtree"));
	}
	v = own_plan(f, "{'destination':'/a','type':'cgroup','options':['ro','subtree=/']},"
			"{'destination':'/b','type':'cgroup','options':['ro','rro','subtree=/']},"
			"{'destination':'/c','type':'cgroup','options':['subtree=/cpu,cpuacct']}")
		    ->mounts.v;
	assert_true(v[0].readonly_top);
	assert_false(v[1].readonly_top);
	assert_string_equal(v[2].subtree, "/cpu,cpuacct");
	/* of another file system it would be data */
	v = fixture_mounts(f, "{'destination':'/a','type':'tmpfs','options':['subtree=/']}")
		    ->mounts.v;
	assert_null(v[0].subtree);
	assert_string_equal(v[0].options.v[0].key, "subtree");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_by_name_and_by_number),
		cmocka_unit_test(test_what_no_path_leads_to),
		TEST(test_guards_beside_the_usual_place),
		TEST(test_what_comes_with_a_source),
		TEST(test_subtree_is_an_option_of_cgroups),
	};

	return cmocka_run_group_tests_name("kernel_mounts", tests, NULL, NULL);
}

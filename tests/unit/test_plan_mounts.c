/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts, devices and links of the plan: one test a rule. Runs anywhere, without root.
 */
#include "plan/make.h"
#include "plan_fixture.h"
#include "sys/mount_api.h"

#include <stdio.h>
#include <sys/stat.h>

#define BIND(options) "{'destination':'/x','type':'bind','source':'/s','options':[" options "]}"
#define TMPFS(options) "{'destination':'/x','type':'tmpfs','options':[" options "]}"
#define DEV_TMPFS "{'destination':'/dev','type':'tmpfs','source':'tmpfs'}"
#define DEV_PTS "{'destination':'/dev/pts','type':'devpts'}"
#define DEV_HOST "{'destination':'/dev','type':'bind','source':'/dev','options':['rbind']}"

static const struct plan_mount *one_mount(struct fixture *f, const char *mount)
{
	struct plan *plan = fixture_mounts(f, mount);

	assert_int_equal(plan->mounts.n, 1);
	return &plan->mounts.v[0];
}

static void assert_options(const struct plan_mount *mount, size_t n, const char *const (*pairs)[2])
{
	assert_int_equal(mount->options.n, n);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(mount->options.v[i].key, pairs[i][0]);
		if (pairs[i][1])
			assert_string_equal(mount->options.v[i].value, pairs[i][1]);
		else
			assert_null(mount->options.v[i].value);
	}
}

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

/* --- options --- */

/* config.md "Linux mount options": the list of what MUST be supported, and what SHOULD. */
static const char *const demanded[] = {
	"async",        "atime",       "bind",        "defaults",       "dev",
	"diratime",     "dirsync",     "exec",        "iversion",       "lazytime",
	"loud",         "noatime",     "nodev",       "nodiratime",     "noexec",
	"noiversion",   "nolazytime",  "norelatime",  "nostrictatime",  "nosuid",
	"private",      "ratime",      "rbind",       "rdev",           "rdiratime",
	"relatime",     "remount",     "rexec",       "rnoatime",       "rnodev",
	"rnodiratime",  "rnoexec",     "rnorelatime", "rnostrictatime", "rnosuid",
	"rnosymfollow", "ro",          "rprivate",    "rrelatime",      "rro",
	"rrw",          "rshared",     "rslave",      "rstrictatime",   "rsuid",
	"rsymfollow",   "runbindable", "rw",          "shared",         "silent",
	"slave",        "strictatime", "suid",        "sync",           "unbindable",
	"symfollow",    "nosymfollow", "tmpcopyup",
};

static void test_every_demanded_option_is_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(demanded); i++) {
		const char *name;
		size_t n = 0;

		while ((name = plan_mount_option_name(n)) && !str_eq(name, demanded[i]))
			n++;
		if (!name)
			fail_msg("%s", demanded[i]);
	}
}

static void test_no_demanded_option_reaches_the_file_system_as_data(void **state)
{
	static const char *const flags[] = { "async", "dirsync", "lazytime", "nolazytime", "sync" };

	for (size_t i = 0; i < ARRAY_SIZE(demanded); i++) {
		struct fixture *f = *state;
		const struct plan_mount *mount;

		if (str_eq(demanded[i], "remount") || str_has_suffix(demanded[i], "bind"))
			continue;
		mount = one_mount(f, arena_printf(&f->arena, TMPFS("'%s'"), demanded[i]));
		for (size_t k = 0; k < mount->options.n; k++) {
			bool flag = false;

			for (size_t j = 0; j < ARRAY_SIZE(flags); j++)
				flag |= str_eq(mount->options.v[k].key, flags[j]);
			if (!flag)
				fail_msg("%s", demanded[i]);
		}
	}
}

static void test_attributes_set_and_clear(void **state)
{
	const struct plan_mount *mount = one_mount(
		*state, BIND("'ro','nosuid','nodev','noexec','nosymfollow','nodiratime'"));

	assert_int_equal(mount->attr_set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
						  MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW |
						  MOUNT_ATTR_NODIRATIME);
	assert_int_equal(mount->attr_clear, 0);
	mount = one_mount(*state, BIND("'rw','suid','dev','exec','symfollow','diratime'"));
	assert_int_equal(mount->attr_set, 0);
	assert_int_equal(mount->attr_clear, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
						    MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
						    MOUNT_ATTR_NOSYMFOLLOW | MOUNT_ATTR_NODIRATIME);
}

static void test_last_of_a_pair_wins(void **state)
{
	const struct plan_mount *mount = one_mount(*state, BIND("'ro','rw','suid','nosuid'"));

	assert_int_equal(mount->attr_set, MOUNT_ATTR_NOSUID);
	assert_int_equal(mount->attr_clear, MOUNT_ATTR_RDONLY);
}

static void test_access_time_mode_clears_the_whole_field(void **state)
{
	static const struct {
		const char *options;
		uint64_t set, clear;
	} rows[] = {
		{ BIND("'noatime'"), MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
		{ BIND("'strictatime'"), MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
		{ BIND("'relatime'"), 0, MOUNT_ATTR__ATIME },
		{ BIND("'noatime','strictatime'"), MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
		{ BIND("'noatime','relatime'"), 0, MOUNT_ATTR__ATIME },
		{ BIND("'atime'"), 0, MOUNT_ATTR__ATIME },
		{ BIND("'noatime','atime'"), 0, MOUNT_ATTR__ATIME },
		{ BIND("'strictatime','atime'"), MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
		{ BIND("'nostrictatime'"), 0, MOUNT_ATTR__ATIME },
		{ BIND("'noatime','nostrictatime'"), MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
		{ BIND("'norelatime'"), 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct plan_mount *mount = one_mount(*state, rows[i].options);

		/* a mode without its whole field cleared would be EINVAL: mount_setattr(2) */
		if (mount->attr_set != rows[i].set || mount->attr_clear != rows[i].clear)
			fail_msg("%s", rows[i].options);
	}
}

static void test_recursive_attributes_are_kept_apart(void **state)
{
	const struct plan_mount *mount =
		one_mount(*state, BIND("'rbind','rro','rw','rnosuid','rexec','rnoatime'"));

	assert_int_equal(mount->rec_attr_set,
			 MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME);
	assert_int_equal(mount->rec_attr_clear, MOUNT_ATTR_NOEXEC | MOUNT_ATTR__ATIME);
	assert_int_equal(mount->attr_set, 0);
	assert_int_equal(mount->attr_clear, MOUNT_ATTR_RDONLY);
}

static void test_propagation_in_order(void **state)
{
	const struct plan_mount *mount =
		one_mount(*state, BIND("'rslave','shared','unbindable','rprivate'"));

	assert_int_equal(mount->propagation.n, 4);
	assert_int_equal(mount->propagation.v[0], MS_REC | MS_SLAVE);
	assert_int_equal(mount->propagation.v[1], MS_SHARED);
	assert_int_equal(mount->propagation.v[2], MS_UNBINDABLE);
	assert_int_equal(mount->propagation.v[3], MS_REC | MS_PRIVATE);
}

static void test_superblock_flags_come_before_data(void **state)
{
	static const char *const pairs[][2] = { { "sync", NULL },       { "dirsync", NULL },
						{ "nolazytime", NULL }, { "mand", NULL },
						{ "mode", "755" },      { "newinstance", NULL } };

	assert_options(one_mount(*state, TMPFS("'mode=755','async','sync','mand','dirsync',"
					       "'lazytime','nolazytime','newinstance'")),
		       ARRAY_SIZE(pairs), pairs);
}

static void test_data_is_split_as_the_kernel_splits_it(void **state)
{
	static const char *const pairs[][2] = {
		{ "mode", "755" },      { "size", "64k" }, { "lowerdir", "/a\\,b:/c" },
		{ "context", "u:r,s" }, { "huge", "" },
	};

	assert_options(one_mount(*state, TMPFS("'mode=755,,size=64k','','lowerdir=/a\\\\,b:/c',"
					       "'context=\\u0022u:r,s\\u0022','huge='")),
		       ARRAY_SIZE(pairs), pairs);
}

static void test_data_of_a_bind_is_a_warning(void **state)
{
	struct plan *plan = fixture_mounts(*state, BIND("'mode=755','nofail','sync'"));

	assert_int_equal(plan->mounts.v[0].options.n, 0);
	assert_int_equal(plan->warnings.n, 3);
	assert_string_equal(plan->warnings.v[0],
			    "mounts[0].options: \"mode=755\" means nothing for a bind mount");
	assert_string_equal(plan->warnings.v[2],
			    "mounts[0].options: \"sync\" means nothing for a bind mount");
}

static void test_iversion_of_a_file_system_is_a_warning(void **state)
{
	struct plan *plan = fixture_mounts(*state, TMPFS("'iversion'"));

	assert_int_equal(plan->warnings.n, 1);
	assert_int_equal(plan->mounts.v[0].options.n, 0);
	assert_int_equal(fixture_mounts(*state, TMPFS("'noiversion','silent','loud'"))->warnings.n,
			 0);
}

#define MAPS                                                                                       \
	"'uidMappings':[{'containerID':0,'hostID':5,'size':2},{'containerID':9,'hostID':1,'size':" \
	"1}],"                                                                                     \
	"'gidMappings':[{'containerID':0,'hostID':7,'size':2}]"
#define MAPPED_BIND(options) \
	"{'destination':'/x','type':'bind','source':'/s','options':[" options "]," MAPS "}"

static void test_mappings_of_a_mount_are_maps(void **state)
{
	static const struct {
		const char *mount;
		bool recursive;
	} rows[] = {
		{ MAPPED_BIND(""), false },
		{ MAPPED_BIND("'idmap'"), false },
		{ MAPPED_BIND("'rbind','ridmap'"), true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct plan_idmap *idmap = &one_mount(*state, rows[i].mount)->idmap;

		assert_true(idmap->given);
		assert_int_equal(idmap->recursive, rows[i].recursive);
		assert_string_equal(idmap->uid_map, "0 5 2\n9 1 1\n");
		assert_string_equal(idmap->gid_map, "0 7 2\n");
	}
	assert_false(one_mount(*state, BIND("'bind'"))->idmap.given);
}

static void test_value_of_idmap_is_read_as_crun_does(void **state)
{
	const struct plan_idmap *idmap =
		&one_mount(*state, BIND("'ridmap=uids=0-1-10#10-11-10;gids=@0-100-10'"))->idmap;

	assert_true(idmap->given && idmap->recursive);
	assert_string_equal(idmap->uid_map, "0 1 10\n10 11 10\n");
	assert_string_equal(idmap->gid_map, "0 100 10\n");
}

static void test_wrong_idmap_is_refused(void **state)
{
	static const char *const rows[][2] = {
		{ BIND("'idmap'"),
		  "mounts[0].options: idmap needs uidMappings and gidMappings, or a "
		  "container with a user namespace" },
		{ TMPFS("'ridmap'"), "mounts[0].options: idmap: needs a bind mount" },
		{ BIND("'idmap='"), "mounts[0].options: idmap=: needs both uids= and gids=" },
		{ BIND("'idmap=uids=1-2;gids=0-0-1'"),
		  "mounts[0].options: idmap=uids=1-2;gids=0-0-1: \"1-2\" is no FROM-TO-SIZE" },
		{ BIND("'idmap=uids=1-2-3-4;gids=0-0-1'"),
		  "mounts[0].options: idmap=uids=1-2-3-4;gids=0-0-1: \"1-2-3-4\" is no "
		  "FROM-TO-SIZE" },
		{ BIND("'idmap=uids=0-4294967290-9;gids=0-0-1'"),
		  "mounts[0].options: idmap=uids=0-4294967290-9;gids=0-0-1: \"0-4294967290-9\" is "
		  "no FROM-TO-SIZE" },
		{ BIND("'idmap=u'"),
		  "mounts[0].options: idmap=u: \"u\" is neither uids= nor gids=" },
		{ MAPPED_BIND("'idmap=uids=0-0-1;gids=0-0-1'"),
		  "mounts[0].options: idmap=uids=0-0-1;gids=0-0-1: the mount has uidMappings as "
		  "well" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		fixture_mounts_refused(*state, rows[i][0], rows[i][1]);
}

static void test_words_about_symlinks_need_a_bind(void **state)
{
	const struct plan_mount *mount =
		one_mount(*state, BIND("'copy-symlink','src-nofollow','dest-nofollow'"));

	assert_true(mount->copy_symlink && mount->source_nofollow && mount->destination_nofollow);
	fixture_mounts_refused(*state, TMPFS("'copy-symlink'"),
			       "mounts[0].options: copy-symlink needs a bind mount");
	fixture_mounts_refused(*state, "{'destination':'/x','options':['remount','src-nofollow']}",
			       "mounts[0].options: src-nofollow needs a bind mount");
}

static void test_recursive_words_of_the_file_system_are_its_own(void **state)
{
	static const char *const pairs[][2] = { { "sync", NULL }, { "dirsync", NULL } };

	assert_options(one_mount(*state, TMPFS("'rsync','rdirsync'")), 2, pairs);
}

static void test_option_beyond_the_kernels_buffer_is_refused(void **state)
{
	struct fixture *f = *state;
	char value[300];

	memset(value, 'a', sizeof(value));
	value[256] = '\0';
	fixture_mounts_refused(f, arena_printf(&f->arena, TMPFS("'mpol=%s'"), value),
			       "mounts[0].options: mpol is longer than the 255 bytes that the "
			       "kernel takes");
	value[255] = '\0';
	one_mount(f, arena_printf(&f->arena, TMPFS("'mpol=%s'"), value));
	/* layers are named by descriptors */
	value[255] = 'a';
	one_mount(f, arena_printf(&f->arena,
				  "{'destination':'/x','type':'overlay','options':['lowerdir=%s']}",
				  value));
}

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
		bool new_user, by_parent;
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

	f->verdict.network_path = arena_strdup(&f->arena, "/run/netns/distros");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct plan *plan;

		f->verdict.network = rows[i].network;
		plan = fixture_plan(f, sysfs,
				    arena_printf(&f->arena, "%s%s", rows[i].new_user ? user : "",
						 rows[i].namespaces));
		assert_true(plan->mounts.v[0].is_sysfs);
		if (plan->mounts.v[0].by_parent != rows[i].by_parent)
			fail_msg("row %zu", i);
		assert_false(plan->mounts.v[1].by_parent);
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

/* --- devices --- */

static const struct plan_device *find_device(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->devices.n; i++) {
		if (str_eq(plan->devices.v[i].path, path))
			return &plan->devices.v[i];
	}
	return NULL;
}

static const struct plan_link *find_link(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->links.n; i++) {
		if (str_eq(plan->links.v[i].path, path))
			return &plan->links.v[i];
	}
	return NULL;
}

static void test_own_dev_gets_default_devices_and_links(void **state)
{
	static const struct plan_device devices[] = {
		{ .path = "/dev/null", .major = 1, .minor = 3 },
		{ .path = "/dev/zero", .major = 1, .minor = 5 },
		{ .path = "/dev/full", .major = 1, .minor = 7 },
		{ .path = "/dev/random", .major = 1, .minor = 8 },
		{ .path = "/dev/urandom", .major = 1, .minor = 9 },
		{ .path = "/dev/tty", .major = 5, .minor = 0 },
	};
	static const struct plan_link links[] = {
		{ "/dev/fd", "/proc/self/fd" },       { "/dev/stdin", "/proc/self/fd/0" },
		{ "/dev/stdout", "/proc/self/fd/1" }, { "/dev/stderr", "/proc/self/fd/2" },
		{ "/dev/core", "/proc/kcore" },       { "/dev/ptmx", "pts/ptmx" },
	};
	struct plan *plan = fixture_mounts(*state, DEV_TMPFS "," DEV_PTS);

	assert_int_equal(plan->devices.n, ARRAY_SIZE(devices));
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		const struct plan_device *device = find_device(plan, devices[i].path);

		assert_non_null(device);
		assert_int_equal(device->type, S_IFCHR);
		assert_int_equal(device->mode, 0666);
		assert_int_equal(device->major, devices[i].major);
		assert_int_equal(device->minor, devices[i].minor);
		assert_true(device->is_default);
		assert_false(device->bind);
	}
	assert_int_equal(plan->links.n, ARRAY_SIZE(links));
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		assert_string_equal(find_link(plan, links[i].path)->target, links[i].target);
}

static void test_ptmx_is_a_link_without_devpts_too(void **state)
{
	assert_string_equal(find_link(fixture_mounts(*state, DEV_TMPFS), "/dev/ptmx")->target,
			    "pts/ptmx");
	/* covered again by the later /dev */
	assert_non_null(find_link(fixture_mounts(*state, DEV_PTS "," DEV_TMPFS), "/dev/ptmx"));
	assert_null(find_link(fixture_mounts(*state, DEV_TMPFS ",{'destination':'/dev/ptmx','type':"
							       "'bind','source':'/dev/ptmx'}"),
			      "/dev/ptmx"));
}

static void test_a_mount_over_the_root_hides_what_was_in_dev(void **state)
{
	struct plan *plan = fixture_mounts(
		*state, "{'destination':'/dev','type':'bind','source':'/dev'},"
			"{'destination':'/dev/null','type':'bind','source':'/dev/null'},"
			"{'destination':'//','type':'bind','source':'/other'}");

	assert_true(plan_is_root(&plan->mounts.v[2]));
	assert_non_null(find_device(plan, "/dev/null"));
	assert_non_null(find_link(plan, "/dev/fd"));
	plan = fixture_mounts(*state, "{'destination':'/dev','type':'bind','source':'/dev'},"
				      "{'destination':'/','options':['remount','ro']}");
	assert_null(find_device(plan, "/dev/null"));
}

static void test_dev_that_is_not_the_containers_own_stays_as_it_is(void **state)
{
	static const char *const rows[] = {
		"{'destination':'/dev','type':'bind','source':'/dev','options':['rbind']}",
		"{'destination':'/dev','type':'devtmpfs'}",
		DEV_TMPFS ",{'destination':'/dev/','type':'bind','source':'/dev'}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct plan *plan = fixture_mounts(*state, rows[i]);

		assert_int_equal(plan->devices.n, 0);
		assert_int_equal(plan->links.n, 0);
	}
}

static void test_an_images_own_dev_gets_what_every_container_has(void **state)
{
	struct plan *plan = fixture_mounts(*state, "{'destination':'/proc','type':'proc'}");

	assert_non_null(find_device(plan, "/dev/null"));
	assert_non_null(find_device(plan, "/dev/tty"));
	assert_non_null(find_link(plan, "/dev/stdin"));
	assert_non_null(find_link(plan, "/dev/ptmx"));
}

static void test_devices_are_not_made_in_the_hosts_dev(void **state)
{
	static const struct {
		const char *mounts, *path;
		bool is_there;
	} rows[] = {
		{ DEV_HOST, "/dev/fuse", true },
		{ DEV_HOST, "/dev/net/tun", true },
		{ DEV_HOST, "/d/fuse", false },
		{ "{'destination':'/dev','type':'devtmpfs'}", "/dev/fuse", true },
		{ "{'destination':'/dev','type':'ramfs'}", "/dev/fuse", false },
		{ DEV_TMPFS, "/dev/fuse", false },
		{ DEV_TMPFS "," DEV_HOST, "/dev/fuse", true },
		{ DEV_HOST "," DEV_TMPFS, "/dev/fuse", false },
		/* a part of it that is the container's own, and one that is the host's */
		{ DEV_HOST ",{'destination':'/dev/net','type':'tmpfs'}", "/dev/net/tun", false },
		{ DEV_HOST ",{'destination':'/dev/net','type':'tmpfs'}", "/dev/network", true },
		{ "{'destination':'/dev/net','type':'tmpfs'}," DEV_HOST, "/dev/net/tun", true },
		{ DEV_TMPFS ",{'destination':'/dev/net','type':'bind','source':'/dev/net'}",
		  "/dev/net/tun", true },
		{ "{'destination':'/volume','type':'bind','source':'/v'}", "/volume/x", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char mounts[256], linux_[256];
		struct plan *plan;

		snprintf(mounts, sizeof(mounts), "'mounts':[%s]", rows[i].mounts);
		snprintf(linux_, sizeof(linux_),
			 MOUNT_NS ",'devices':[{'type':'c','path':'%s','major':10,'minor':229}]",
			 rows[i].path);
		plan = fixture_plan(*state, mounts, linux_);
		assert_non_null(find_device(plan, rows[i].path));
		assert_int_equal(find_device(plan, rows[i].path)->is_there, rows[i].is_there);
		assert_int_equal(plan->warnings.n, 0);
	}
}

static void test_mounted_device_is_not_made(void **state)
{
	struct plan *plan = fixture_mounts(
		*state, DEV_TMPFS ",{'destination':'/dev/null','type':'bind','source':'/dev/null'},"
				  "{'destination':'/dev/core','type':'bind','source':'/s'}");

	assert_int_equal(plan->devices.n, 5);
	assert_null(find_device(plan, "/dev/null"));
	assert_null(find_link(plan, "/dev/core"));
}

static void test_devices_of_the_config(void **state)
{
	struct plan *plan = fixture_plan(
		*state, "'mounts':[" DEV_TMPFS "]",
		MOUNT_NS ",'devices':["
			 "{'type':'c','path':'/dev/fuse','major':10,'minor':229,'fileMode':8630},"
			 "{'type':'u','path':'/dev//u','major':1,'minor':2,'uid':3,'gid':4},"
			 "{'type':'b','path':'/dev/b','major':7,'minor':0,'fileMode':384},"
			 "{'type':'p','path':'/dev/p'},"
			 "{'type':'c','path':'/dev/null','major':1,'minor':3,'gid':5}]");
	const struct plan_device *device;

	assert_int_equal(plan->devices.n, 6 + 4);
	device = find_device(plan, "/dev/fuse");
	assert_int_equal(device->mode, 0666);
	assert_int_equal(device->minor, 229);
	assert_false(device->is_default);
	device = find_device(plan, "/dev/u");
	assert_int_equal(device->type, S_IFCHR);
	assert_int_equal(device->mode, 0666);
	assert_int_equal(device->uid, 3);
	assert_int_equal(device->gid, 4);
	assert_int_equal(find_device(plan, "/dev/b")->type, S_IFBLK);
	assert_int_equal(find_device(plan, "/dev/b")->mode, 0600);
	assert_int_equal(find_device(plan, "/dev/p")->type, S_IFIFO);
	device = find_device(plan, "/dev/null");
	assert_int_equal(device->gid, 5);
	assert_false(device->is_default);
}

static void test_device_of_the_config_takes_the_place_of_a_link(void **state)
{
	struct plan *plan = fixture_plan(
		*state, "'mounts':[" DEV_TMPFS "]",
		MOUNT_NS ",'devices':[{'type':'c','path':'/dev/core','major':1,'minor':3}]");

	assert_non_null(find_device(plan, "/dev/core"));
	assert_null(find_link(plan, "/dev/core"));
	assert_non_null(find_link(plan, "/dev/fd"));
}

static void test_device_outside_of_the_kernels_numbers_is_refused(void **state)
{
	fixture_refused(*state, "",
			MOUNT_NS ",'devices':[{'type':'c','path':'/d','major':4096,'minor':0}]",
			"linux.devices[0].major: must be from 0 to 4095");
	fixture_refused(*state, "",
			MOUNT_NS ",'devices':[{'type':'c','path':'/d','major':1,'minor':1048576}]",
			"linux.devices[0].minor: must be from 0 to 1048575");
	fixture_refused(*state, "", MOUNT_NS ",'devices':[{'type':'b','path':'/d','major':1}]",
			"linux.devices[0].minor: needed for type b");
}

static void test_ptmx_of_the_config_gives_way_to_devpts(void **state)
{
	static const char ptmx[] =
		MOUNT_NS ",'devices':[{'type':'c','path':'/dev/ptmx','major':5,'minor':2}]";
	struct plan *plan = fixture_plan(*state, "'mounts':[" DEV_TMPFS "," DEV_PTS "]", ptmx);

	assert_null(find_device(plan, "/dev/ptmx"));
	assert_non_null(find_link(plan, "/dev/ptmx"));
	plan = fixture_plan(*state, "'mounts':[" DEV_TMPFS "]", ptmx);
	assert_non_null(find_device(plan, "/dev/ptmx"));
	assert_null(find_link(plan, "/dev/ptmx"));
}

static void test_devices_are_bound_where_mknod_is_not_permitted(void **state)
{
	static const char *const namespaces[] = {
		NAMESPACES(
			"{'type':'user'}") ",'uidMappings':[{'containerID':0,'hostID':1,'size':9}],"
					   "'gidMappings':[{'containerID':0,'hostID':1,'size':9}]",
		NAMESPACES("{'type':'user','path':'/ns/user'}"),
		MOUNT_NS,
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		struct plan *plan;

		f->facts->rootless = i == 2;
		plan = fixture_plan(f, "'mounts':[" DEV_TMPFS "]",
				    arena_printf(&f->arena,
						 "%s,'devices':[{'type':'p','path':'/dev/p'}]",
						 namespaces[i]));
		assert_true(find_device(plan, "/dev/null")->bind);
		assert_false(find_device(plan, "/dev/p")->bind);
	}
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
		TEST(test_every_demanded_option_is_known),
		TEST(test_no_demanded_option_reaches_the_file_system_as_data),
		TEST(test_attributes_set_and_clear),
		TEST(test_last_of_a_pair_wins),
		TEST(test_access_time_mode_clears_the_whole_field),
		TEST(test_recursive_attributes_are_kept_apart),
		TEST(test_propagation_in_order),
		TEST(test_superblock_flags_come_before_data),
		TEST(test_data_is_split_as_the_kernel_splits_it),
		TEST(test_data_of_a_bind_is_a_warning),
		TEST(test_iversion_of_a_file_system_is_a_warning),
		TEST(test_mappings_of_a_mount_are_maps),
		TEST(test_value_of_idmap_is_read_as_crun_does),
		TEST(test_wrong_idmap_is_refused),
		TEST(test_words_about_symlinks_need_a_bind),
		TEST(test_recursive_words_of_the_file_system_are_its_own),
		TEST(test_option_beyond_the_kernels_buffer_is_refused),
		TEST(test_readonly_block_device_gets_a_readonly_superblock),
		TEST(test_copy_up_is_for_tmpfs),
		TEST(test_readonly_dev_is_readonly_after_its_nodes),
		TEST(test_a_remount_of_dev_is_readonly_after_its_nodes),
		TEST(test_sysfs_of_a_foreign_network_is_made_by_the_parent),
		TEST(test_proc_takes_procfs_or_a_bind_of_proc),
		TEST(test_below_proc_only_files_for_show_may_be_mounted),
		TEST(test_what_the_policy_has_added_may_be_left_out),
		TEST(test_kernel_file_systems_cannot_be_the_root),
		TEST(test_own_dev_gets_default_devices_and_links),
		TEST(test_ptmx_is_a_link_without_devpts_too),
		TEST(test_a_mount_over_the_root_hides_what_was_in_dev),
		TEST(test_dev_that_is_not_the_containers_own_stays_as_it_is),
		TEST(test_an_images_own_dev_gets_what_every_container_has),
		TEST(test_devices_are_not_made_in_the_hosts_dev),
		TEST(test_mounted_device_is_not_made),
		TEST(test_devices_of_the_config),
		TEST(test_device_of_the_config_takes_the_place_of_a_link),
		TEST(test_device_outside_of_the_kernels_numbers_is_refused),
		TEST(test_ptmx_of_the_config_gives_way_to_devpts),
		TEST(test_devices_are_bound_where_mknod_is_not_permitted),
	};

	return cmocka_run_group_tests_name("plan_mounts", tests, NULL, NULL);
}

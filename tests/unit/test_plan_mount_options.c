/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of mounts of the plan: attributes, propagation, data, id maps: one test a rule. Runs anywhere, without root.
 */
#include "plan_mounts.h"

#include "plan/make.h"
#include "plan_fixture.h"
#include "sys/mount_api.h"

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
		  "mounts[0].options: idmap=uids=1-2;gids=0-0-1: \"1-2\" is not FROM-TO-SIZE" },
		{ BIND("'idmap=uids=1-2-3-4;gids=0-0-1'"),
		  "mounts[0].options: idmap=uids=1-2-3-4;gids=0-0-1: \"1-2-3-4\" is not "
		  "FROM-TO-SIZE" },
		{ BIND("'idmap=uids=0-4294967290-9;gids=0-0-1'"),
		  "mounts[0].options: idmap=uids=0-4294967290-9;gids=0-0-1: \"0-4294967290-9\" is not "
		  "FROM-TO-SIZE" },
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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests_name("plan_mount_options", tests, NULL, NULL);
}

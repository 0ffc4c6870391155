/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices and links of the plan: one test a rule. Runs anywhere, without root.
 */
#include "plan_fixture.h"

#include <stdio.h>
#include <sys/stat.h>

#define DEV_TMPFS "{'destination':'/dev','type':'tmpfs','source':'tmpfs'}"
#define DEV_PTS "{'destination':'/dev/pts','type':'devpts'}"
#define DEV_HOST "{'destination':'/dev','type':'bind','source':'/dev','options':['rbind']}"

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
		bool look_only;
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
		assert_int_equal(find_device(plan, rows[i].path)->look_only, rows[i].look_only);
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

	return cmocka_run_group_tests_name("plan_devices", tests, NULL, NULL);
}

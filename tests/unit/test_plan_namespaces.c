/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces, the join of the network, maps of ids and time offsets of the plan: one test a rule. Runs anywhere, without root.
 */
#include "plan_fixture.h"

#include <sched.h>

#define MAPS                                                              \
	"'uidMappings':[{'containerID':0,'hostID':100000,'size':65536}]," \
	"'gidMappings':[{'containerID':0,'hostID':200000,'size':1000}],"
#define PROCESS(members) "'process':{'cwd':'/','args':['sh']," members "}"

/* --- namespaces --- */

static void test_new_namespaces_become_clone_flags(void **state)
{
	struct plan *plan =
		fixture_plan(*state, "",
			     MAPS NAMESPACES("{'type':'pid'},{'type':'ipc'},{'type':'uts'},"
					     "{'type':'user'},{'type':'cgroup'},{'type':'time'}"));
	const struct plan_namespaces *ns = &plan->namespaces;

	assert_int_equal(ns->clone_flags,
			 CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWUSER);
	assert_true(ns->new_mount && ns->new_pid && ns->new_user && ns->new_cgroup && ns->new_time);
	assert_false(ns->new_network);
	assert_int_equal(ns->joins.n, 0);
}

static void test_absent_namespaces_are_not_new(void **state)
{
	const struct plan_namespaces *ns = &fixture_plan(*state, "", MOUNT_NS)->namespaces;

	assert_int_equal(ns->clone_flags, CLONE_NEWNS);
	assert_false(ns->new_pid || ns->new_user || ns->new_cgroup || ns->new_time);
	assert_null(ns->uid_map);
	assert_null(ns->time_offsets);
}

static void test_paths_are_joined_in_order(void **state)
{
	const struct plan_namespaces *ns =
		&fixture_plan(*state, "",
			      NAMESPACES("{'type':'ipc','path':'/ns/ipc'},"
					 "{'type':'user','path':'/ns/user'},"
					 "{'type':'cgroup','path':'/ns/cgroup'},"
					 "{'type':'time','path':'/ns/time'}"))
			 ->namespaces;

	assert_int_equal(ns->clone_flags, CLONE_NEWNS);
	assert_false(ns->new_cgroup || ns->new_time || ns->new_user);
	assert_int_equal(ns->joins.n, 4);
	assert_int_equal(ns->joins.v[0].type, SPEC_NS_IPC);
	assert_string_equal(ns->joins.v[0].path, "/ns/ipc");
	assert_int_equal(ns->joins.v[3].type, SPEC_NS_TIME);
}

static void test_unusable_path_is_refused_with_its_reason(void **state)
{
	fixture_refused(*state, "", NAMESPACES("{'type':'ipc','path':'/ns/fifo'}"),
			"linux.namespaces[1].path: /ns/fifo: is a FIFO, not a namespace file");
}

static void test_namespace_of_another_type_is_refused(void **state)
{
	fixture_refused(*state, "", NAMESPACES("{'type':'pid'},{'type':'ipc','path':'/ns/pid'}"),
			"linux.namespaces[2].path: /ns/pid is a pid namespace, not ipc");
}

#define ON_THE_HOST                                                                               \
	": without a mount namespace in linux.namespaces it would change the host's own mounts; " \
	"add "                                                                                    \
	"one"

static void test_without_a_mount_namespace_nothing_may_be_mounted(void **state)
{
	static const struct {
		const char *top, *linux_, *what;
	} rows[] = {
		{ "'mounts':[{'destination':'/x','type':'tmpfs'}]", "", "mounts[0]" },
		{ "'mounts':[{'destination':'/x','options':['remount','ro']}]", "", "mounts[0]" },
		{ "", ",'maskedPaths':['/x']", "linux.maskedPaths" },
		{ "", ",'readonlyPaths':['/x']", "linux.readonlyPaths" },
		{ "", ",'rootfsPropagation':'slave'", "linux.rootfsPropagation" },
		{ PROCESS("'terminal':true"), "", "process.terminal" },
	};
	struct fixture *f = *state;
	struct plan *plan = fixture_plan(f, "", "'namespaces':[{'type':'pid'}]");

	assert_true(plan->namespaces.host_mounts);
	assert_false(plan->kernel_own);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		fixture_refused(
			f, rows[i].top,
			arena_printf(&f->arena, "'namespaces':[{'type':'pid'}]%s", rows[i].linux_),
			arena_printf(&f->arena, "%s" ON_THE_HOST, rows[i].what));
	fixture_refused(
		f, "", MAPS "'namespaces':[{'type':'pid'},{'type':'user'}]",
		"linux.namespaces: the user namespace, whose devices are mounted" ON_THE_HOST);
}

static void test_mount_namespace_is_used_as_it_is(void **state)
{
	fixture_refused(
		*state, "", "'maskedPaths':['/x'],'namespaces':[{'type':'mount','path':'/ns/mnt'}]",
		"linux.namespaces[0].path: a mount namespace that is joined is used as it is: "
		"no devices, maskedPaths, readonlyPaths, rootfsPropagation or root.readonly can be "
		"asked for");
}

static void test_a_joined_mount_namespace_gets_mounts_that_are_not_judged(void **state)
{
	static const char linux_[] = "'namespaces':[{'type':'mount','path':'/ns/mnt'}]";
	static const char mounts[] = "'mounts':[{'destination':'/x','type':'tmpfs'}]";
	struct fixture *f = *state;

	assert_int_equal(fixture_plan(f, mounts, linux_)->mounts.n, 1);
	fixture_refused(f, "'mounts':[{'destination':'/','type':'tmpfs'}]", linux_,
			"mounts[0].destination: needs a mount namespace of the container's");
	f->verdict.kernel_own = true;
	fixture_refused(f, mounts, linux_,
			"mounts[0]: a mount namespace that is joined gets no mounts under a policy "
			"with kernelMounts \"own\"");
	f->verdict.kernel_own = false;
	fixture_refused(f, mounts,
			MAPS "'namespaces':[{'type':'mount','path':'/ns/mnt'},{'type':'user'}]",
			"mounts[0]: a mount namespace that is joined gets no mounts of a container "
			"with a user namespace");
}

static void test_early_join_is_not_a_join_by_path(void **state)
{
	struct fixture *f = *state;
	const struct plan_namespaces *ns;

	f->verdict.network.join = NETWORK_EARLY;
	f->verdict.network.path = (char[]){ "/run/netns/distros" };
	f->verdict.network.cookie = 4242;
	ns = &fixture_plan(f, "", NAMESPACES("{'type':'network','path':'/run/netns/distros'}"))
		      ->namespaces;
	assert_int_equal(ns->network, NETWORK_EARLY);
	assert_string_equal(ns->network_path, "/run/netns/distros");
	assert_int_equal(ns->network_cookie, 4242);
	assert_int_equal(ns->joins.n, 0);
	assert_false(ns->new_network);
}

static void test_late_join_is_born_in_a_new_network(void **state)
{
	struct fixture *f = *state;
	const struct plan_namespaces *ns;

	f->verdict.network.join = NETWORK_LATE;
	f->verdict.network.path = (char[]){ "/run/netns/distros" };
	ns = &fixture_plan(f, "", NAMESPACES("{'type':'network'}"))->namespaces;
	assert_true(ns->new_network);
	assert_int_equal(ns->clone_flags, CLONE_NEWNS | CLONE_NEWNET);
	assert_string_equal(ns->network_path, "/run/netns/distros");
	assert_false(ns->late_by_thread);
}

/* It has no power to enter the shared network later. */
static void test_late_join_with_a_user_namespace_is_born_in_the_shared_network(void **state)
{
	struct fixture *f = *state;
	const struct plan_namespaces *ns;

	f->verdict.network.join = NETWORK_LATE;
	f->verdict.network.path = (char[]){ "/run/netns/distros" };
	ns = &fixture_plan(f, "", MAPS NAMESPACES("{'type':'network'},{'type':'user'}"))
		      ->namespaces;
	assert_true(ns->late_by_thread);
	assert_false(ns->new_network);
	assert_int_equal(ns->clone_flags, CLONE_NEWNS | CLONE_NEWUSER);
	fixture_refused(
		f, "",
		MAPS
		"'namespaces':[{'type':'mount','path':'/ns/mnt'},{'type':'network'},{'type':'user'}]",
		"linux.namespaces: with a user namespace and a new network a container cannot join a "
		"mount namespace; let it have a new one");
	f->verdict.network.join = NETWORK_EARLY;
	ns = &fixture_plan(f, "", MAPS NAMESPACES("{'type':'network'},{'type':'user'}"))
		      ->namespaces;
	assert_false(ns->late_by_thread);
}

static void test_unusable_policy_network_is_refused(void **state)
{
	struct fixture *f = *state;

	f->verdict.network.join = NETWORK_EARLY;
	f->verdict.network.path = (char[]){ "/run/netns/distros" };
	f->facts->network->problem = (char[]){ "is a regular file, not a namespace" };
	fixture_refused(f, "", NAMESPACES("{'type':'network','path':'/run/netns/distros'}"),
			"network namespace /run/netns/distros: is a regular file, not a namespace");
}

static void test_kept_network_path_is_joined(void **state)
{
	struct fixture *f = *state;
	const struct plan_namespaces *ns;

	f->verdict.network.join = NETWORK_PATH;
	ns = &fixture_plan(f, "", NAMESPACES("{'type':'network','path':'/ns/net'}"))->namespaces;
	assert_int_equal(ns->joins.n, 1);
	assert_int_equal(ns->joins.v[0].type, SPEC_NS_NETWORK);
	assert_string_equal(ns->network_path, "/ns/net");
	assert_int_equal(ns->network_cookie, 77);
	assert_false(ns->new_network);
}

static void test_kept_new_network_is_new(void **state)
{
	struct fixture *f = *state;
	const struct plan_namespaces *ns;

	f->verdict.network.join = NETWORK_NEW;
	ns = &fixture_plan(f, "", NAMESPACES("{'type':'network'}"))->namespaces;
	assert_true(ns->new_network);
	assert_null(ns->network_path);
}

static void test_verdict_that_does_not_fit_is_a_defect(void **state)
{
	struct fixture *f = *state;

	f->verdict.network.join = NETWORK_NONE;
	assert_int_equal(fixture_try(f, "", NAMESPACES("{'type':'network'}")), -1);
	assert_int_equal(f->e.kind, ERR_INTERNAL);
	f->verdict.network.join = NETWORK_NEW;
	assert_int_equal(fixture_try(f, "", MOUNT_NS), -1);
	assert_int_equal(f->e.kind, ERR_INTERNAL);
}

static void test_refused_verdict_gives_no_plan(void **state)
{
	struct fixture *f = *state;

	f->verdict.refused = true;
	assert_int_equal(fixture_try(f, "", MOUNT_NS), -1);
	assert_int_equal(f->e.kind, ERR_POLICY);
}

static void test_hostname_needs_a_separate_uts_namespace(void **state)
{
	static const char text[] = "hostname: needs a uts namespace other than the host's";

	fixture_refused(*state, "'hostname':'h'", MOUNT_NS, text);
	fixture_refused(*state, "'hostname':'h'", NAMESPACES("{'type':'uts','path':'/host/uts'}"),
			text);
	fixture_plan(*state, "'hostname':'h'", NAMESPACES("{'type':'uts','path':'/ns/uts'}"));
	assert_string_equal(
		fixture_plan(*state, "'hostname':'h'", NAMESPACES("{'type':'uts'}"))->hostname,
		"h");
}

/* --- ids, time --- */

static void test_maps_are_the_kernels_text(void **state)
{
	const struct plan_namespaces *ns =
		&fixture_plan(*state, "",
			      "'uidMappings':[{'containerID':0,'hostID':1000,'size':1},"
			      "{'containerID':1,'hostID':100000,'size':65535}],"
			      "'gidMappings':[{'containerID':0,'hostID':7,'size':4294967295}]"
			      "," NAMESPACES("{'type':'user'}"))
			 ->namespaces;

	assert_string_equal(ns->uid_map, "0 1000 1\n1 100000 65535\n");
	assert_string_equal(ns->gid_map, "0 7 4294967295\n");
}

static void test_maps_only_with_a_new_user_namespace(void **state)
{
	const struct plan_namespaces *ns;

	fixture_refused(*state, "", MAPS MOUNT_NS, "linux.uidMappings: needs a user namespace");
	ns = &fixture_plan(*state, "", MAPS NAMESPACES("{'type':'user','path':'/ns/user'}"))
		      ->namespaces;
	assert_null(ns->uid_map);
	assert_null(ns->gid_map);
}

static void test_without_maps_root_is_the_caller(void **state)
{
	struct fixture *f = *state;
	const struct plan_namespaces *ns;

	f->facts->uid = 1000;
	f->facts->gid = 1001;
	ns = &fixture_plan(f, "", NAMESPACES("{'type':'user'}"))->namespaces;
	assert_string_equal(ns->uid_map, "0 1000 1\n");
	assert_string_equal(ns->gid_map, "0 1001 1\n");
	assert_int_equal(f->plan->warnings.n, 1);
	fixture_refused(f, PROCESS("'user':{'uid':1,'gid':0}"), NAMESPACES("{'type':'user'}"),
			"process.user.uid: 1 is not in linux.uidMappings");
}

static void test_unmapped_ids_are_refused_by_name(void **state)
{
	static const char linux_[] = MAPS NAMESPACES("{'type':'user'}");

	fixture_refused(*state, PROCESS("'user':{'uid':65536,'gid':0}"), linux_,
			"process.user.uid: 65536 is not in linux.uidMappings");
	fixture_refused(*state, PROCESS("'user':{'uid':0,'gid':1000}"), linux_,
			"process.user.gid: 1000 is not in linux.gidMappings");
	fixture_refused(*state, PROCESS("'user':{'uid':0,'gid':999,'additionalGids':[1,4000]}"),
			linux_, "process.user.additionalGids[1]: 4000 is not in linux.gidMappings");
	fixture_plan(*state,
		     "'annotations':{'run.oci.keep_original_groups':'1'}," PROCESS(
			     "'user':{'uid':65535,'gid':999,'additionalGids':[4000]}"),
		     linux_);
	fixture_refused(*state, "",
			"'uidMappings':[{'containerID':1,'hostID':1,'size':1}],"
			"'gidMappings':[{'containerID':0,'hostID':1,'size':1}]," NAMESPACES(
				"{'type':'user'}"),
			"linux.uidMappings: id 0 of the container is not mapped");
}

static void test_maps_beyond_the_kernels_limits_are_refused(void **state)
{
	static const struct {
		unsigned lines;
		const char *text;
	} rows[] = {
		{ 341, "linux.uidMappings: 341 mappings, the kernel takes at most 340" },
		{ 340,
		  "linux.uidMappings: 7200 bytes as the kernel's text, it takes at most 4095" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autostrbuf text = { 0 };

		/* "4000000 50000000 1\n" and so on, but for id 0 */
		for (unsigned line = 0; line < rows[i].lines; line++)
			strbuf_printf(&text, "%s{'containerID':%u,'hostID':%u,'size':1}",
				      line ? "," : "", line ? 4000000000u + line : 0,
				      1000000000u + line);
		assert_int_equal(fixture_try(f, "",
					     arena_printf(&f->arena, "'uidMappings':[%s],%s",
							  strbuf_text(&text),
							  NAMESPACES("{'type':'user'}"))),
				 -1);
		if (i == 0)
			assert_string_equal(f->e.text, rows[i].text);
		else
			assert_non_null(strstr(f->e.text, "bytes as the kernel's text"));
	}
}

static void test_time_offsets_are_the_kernels_text(void **state)
{
	static const char offsets[] = "'timeOffsets':{'boottime':{'secs':-7,'nanosecs':5},"
				      "'monotonic':{'secs':604800}},";
	struct fixture *f = *state;
	const struct plan_namespaces *ns =
		&fixture_plan(
			 f, "",
			 arena_printf(&f->arena, "%s%s", offsets, NAMESPACES("{'type':'time'}")))
			 ->namespaces;

	assert_string_equal(ns->time_offsets, "monotonic 604800 0\nboottime -7 5\n");
	fixture_refused(f, "", arena_printf(&f->arena, "%s%s", offsets, MOUNT_NS),
			"linux.timeOffsets: needs a new time namespace");
}

static void test_a_user_namespace_is_new_or_joined(void **state)
{
	struct plan_join joins[] = { { .type = SPEC_NS_MOUNT }, { .type = SPEC_NS_USER } };
	struct plan plan = { 0 };

	(void)state;
	assert_false(plan_has_user_namespace(&plan));
	plan.namespaces.new_user = true;
	assert_true(plan_has_user_namespace(&plan));
	plan.namespaces.new_user = false;
	plan.namespaces.joins.v = joins;
	plan.namespaces.joins.n = 1;
	assert_false(plan_has_user_namespace(&plan));
	plan.namespaces.joins.n = 2;
	assert_true(plan_has_user_namespace(&plan));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_new_namespaces_become_clone_flags),
		TEST(test_absent_namespaces_are_not_new),
		TEST(test_paths_are_joined_in_order),
		TEST(test_unusable_path_is_refused_with_its_reason),
		TEST(test_namespace_of_another_type_is_refused),
		TEST(test_without_a_mount_namespace_nothing_may_be_mounted),
		TEST(test_mount_namespace_is_used_as_it_is),
		TEST(test_a_joined_mount_namespace_gets_mounts_that_are_not_judged),
		TEST(test_early_join_is_not_a_join_by_path),
		TEST(test_late_join_is_born_in_a_new_network),
		TEST(test_late_join_with_a_user_namespace_is_born_in_the_shared_network),
		TEST(test_unusable_policy_network_is_refused),
		TEST(test_kept_network_path_is_joined),
		TEST(test_kept_new_network_is_new),
		TEST(test_verdict_that_does_not_fit_is_a_defect),
		TEST(test_refused_verdict_gives_no_plan),
		TEST(test_hostname_needs_a_separate_uts_namespace),
		TEST(test_maps_are_the_kernels_text),
		TEST(test_maps_only_with_a_new_user_namespace),
		TEST(test_without_maps_root_is_the_caller),
		TEST(test_unmapped_ids_are_refused_by_name),
		TEST(test_maps_beyond_the_kernels_limits_are_refused),
		TEST(test_time_offsets_are_the_kernels_text),
		TEST(test_a_user_namespace_is_new_or_joined),
	};

	return cmocka_run_group_tests_name("plan_namespaces", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan but for mounts and devices (test_plan_mounts.c): one test a rule. Runs anywhere, without root.
 */
#include "plan_fixture.h"

#include "plan/print.h"
#include "plan/state.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#define MAPS                                                              \
	"'uidMappings':[{'containerID':0,'hostID':100000,'size':65536}]," \
	"'gidMappings':[{'containerID':0,'hostID':200000,'size':1000}],"
#define PROCESS(members) "'process':{'cwd':'/','args':['sh']," members "}"
#define CAP(number) (1ULL << (number))

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

static void test_early_join_is_no_join_by_path(void **state)
{
	struct fixture *f = *state;
	const struct plan_namespaces *ns;

	f->verdict.network = NETWORK_EARLY;
	f->verdict.network_path = (char[]){ "/run/netns/distros" };
	f->verdict.network_cookie = 4242;
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

	f->verdict.network = NETWORK_LATE;
	f->verdict.network_path = (char[]){ "/run/netns/distros" };
	ns = &fixture_plan(f, "", NAMESPACES("{'type':'network'}"))->namespaces;
	assert_true(ns->new_network);
	assert_int_equal(ns->clone_flags, CLONE_NEWNS | CLONE_NEWNET);
	assert_string_equal(ns->network_path, "/run/netns/distros");
	fixture_refused(
		f, "", MAPS NAMESPACES("{'type':'network'},{'type':'user'}"),
		"linux.namespaces: a container with a user namespace cannot enter the shared "
		"network at start");
}

static void test_unusable_policy_network_is_refused(void **state)
{
	struct fixture *f = *state;

	f->verdict.network = NETWORK_EARLY;
	f->verdict.network_path = (char[]){ "/run/netns/distros" };
	f->facts->network->problem = (char[]){ "is a regular file, not a namespace" };
	fixture_refused(f, "", NAMESPACES("{'type':'network','path':'/run/netns/distros'}"),
			"network namespace /run/netns/distros: is a regular file, not a namespace");
}

static void test_kept_network_path_is_joined(void **state)
{
	struct fixture *f = *state;
	const struct plan_namespaces *ns;

	f->verdict.network = NETWORK_PATH;
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

	f->verdict.network = NETWORK_NEW;
	ns = &fixture_plan(f, "", NAMESPACES("{'type':'network'}"))->namespaces;
	assert_true(ns->new_network);
	assert_null(ns->network_path);
}

static void test_verdict_that_does_not_fit_is_a_defect(void **state)
{
	struct fixture *f = *state;

	f->verdict.network = NETWORK_NONE;
	assert_int_equal(fixture_try(f, "", NAMESPACES("{'type':'network'}")), -1);
	assert_int_equal(f->e.kind, ERR_INTERNAL);
	f->verdict.network = NETWORK_NEW;
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

/* --- cgroup --- */

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

static void test_cgroup_path(void **state)
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

static void test_limits_on_v2(void **state)
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

static void test_limits_on_v1(void **state)
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

/* --- process --- */

static void test_no_process_has_no_arguments(void **state)
{
	struct plan *plan = fixture_plan(*state, "", MOUNT_NS);

	assert_null(plan->process.args);
	assert_non_null(plan->process.env);
	assert_null(plan->process.env[0]);
}

static void test_later_variable_wins_at_the_first_ones_place(void **state)
{
	char **env =
		fixture_plan(*state, PROCESS("'env':['A=1','AB=2','A=3','C=','A=4']"), MOUNT_NS)
			->process.env;

	assert_string_equal(env[0], "A=4");
	assert_string_equal(env[1], "AB=2");
	assert_string_equal(env[2], "C=");
	assert_null(env[3]);
}

static void test_home_counts_only_when_it_is_not_empty(void **state)
{
	static const struct {
		const char *process;
		bool set;
	} rows[] = {
		{ PROCESS("'env':['HOME=/root']"), true },
		{ PROCESS("'env':['HOME=']"), false },
		{ PROCESS("'env':['HOMES=/x']"), false },
		{ PROCESS("'env':['HOME=/root','HOME=']"), false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(fixture_plan(*state, rows[i].process, MOUNT_NS)->process.home_set,
				 rows[i].set);
}

static void test_process_properties_are_carried_over(void **state)
{
	const struct plan_process *process =
		&fixture_plan(*state,
			      "'process':{'cwd':'/w','args':['a','b'],'terminal':true,"
			      "'consoleSize':{'height':24,'width':80},'noNewPrivileges':true,"
			      "'oomScoreAdj':-5,'user':{'uid':1,'gid':2,'umask':18,"
			      "'additionalGids':[3,4]}}",
			      MOUNT_NS)
			 ->process;

	assert_string_equal(process->cwd, "/w");
	assert_string_equal(process->args[0], "a");
	assert_string_equal(process->args[1], "b");
	assert_null(process->args[2]);
	assert_true(process->terminal && process->no_new_privileges);
	assert_int_equal(process->rows, 24);
	assert_int_equal(process->columns, 80);
	assert_true(process->oom_score_adj_set);
	assert_int_equal(process->oom_score_adj, -5);
	assert_int_equal(process->uid, 1);
	assert_int_equal(process->gid, 2);
	assert_true(process->umask_set);
	assert_int_equal(process->umask, 022);
	assert_int_equal(process->groups.n, 2);
	assert_int_equal(process->groups.v[1], 4);
	assert_false(process->keep_groups);
}

static void test_what_the_process_leaves_open_stays_unset(void **state)
{
	const struct plan_process *process =
		&fixture_plan(
			 *state,
			 PROCESS("'noNewPrivileges':false,'consoleSize':{'height':9,'width':9}"),
			 MOUNT_NS)
			 ->process;

	assert_false(process->no_new_privileges || process->umask_set || process->terminal ||
		     process->oom_score_adj_set || process->capabilities.given);
	assert_int_equal(process->rows, 0);
}

static void test_keep_groups_by_annotation(void **state)
{
	static const struct {
		const char *top;
		bool keep;
	} rows[] = {
		{ "'annotations':{'run.oci.keep_original_groups':'1'}", true },
		{ "'annotations':{'run.oci.keep_original_groups':''}", true },
		{ "'annotations':{'run.oci.keep_original_groups':'0'}", false },
		{ "'annotations':{'run.oci':'1'}", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(fixture_plan(*state, rows[i].top, MOUNT_NS)->process.keep_groups,
				 rows[i].keep);
}

static void test_rlimits_by_name(void **state)
{
	const struct plan_process *process =
		&fixture_plan(*state,
			      PROCESS("'rlimits':[{'type':'RLIMIT_NOFILE','soft':1,'hard':2},"
				      "{'type':'RLIMIT_RTTIME','soft':18446744073709551615,"
				      "'hard':18446744073709551615}]"),
			      MOUNT_NS)
			 ->process;

	assert_int_equal(process->rlimits.n, 2);
	assert_int_equal(process->rlimits.v[0].resource, RLIMIT_NOFILE);
	assert_string_equal(process->rlimits.v[0].name, "RLIMIT_NOFILE");
	assert_int_equal(process->rlimits.v[0].hard, 2);
	assert_int_equal(process->rlimits.v[1].resource, RLIMIT_RTTIME);
	assert_true(process->rlimits.v[1].soft == RLIM_INFINITY);
	fixture_refused(*state, PROCESS("'rlimits':[{'type':'RLIMIT_X','soft':1,'hard':2}]"),
			MOUNT_NS, "process.rlimits[0].type: \"RLIMIT_X\" is unknown");
}

/* --- capabilities --- */

static void test_capabilities_become_masks(void **state)
{
	struct plan *plan = fixture_plan(
		*state,
		PROCESS("'capabilities':{'bounding':['CAP_CHOWN','CAP_KILL'],"
			"'permitted':['CAP_CHOWN','CAP_KILL'],'effective':['CAP_CHOWN'],"
			"'inheritable':['CAP_KILL'],'ambient':['CAP_KILL']}"),
		MOUNT_NS);
	const struct plan_capabilities *capabilities = &plan->process.capabilities;

	assert_true(capabilities->given);
	assert_int_equal(capabilities->bounding, CAP(0) | CAP(5));
	assert_int_equal(capabilities->permitted, CAP(0) | CAP(5));
	assert_int_equal(capabilities->effective, CAP(0));
	assert_int_equal(capabilities->inheritable, CAP(5));
	assert_int_equal(capabilities->ambient, CAP(5));
	assert_int_equal(plan->warnings.n, 0);
}

static void test_capabilities_that_cannot_be_had_are_warnings(void **state)
{
	struct fixture *f = *state;
	struct plan *plan;

	f->facts->last_cap = 39;
	f->facts->bounding = ~CAP(5);
	plan = fixture_plan(f,
			    PROCESS("'capabilities':{'bounding':['CAP_X','CAP_KILL','CAP_CHOWN',"
				    "'CAP_CHECKPOINT_RESTORE'],'permitted':['CAP_X','CAP_KILL']}"),
			    MOUNT_NS);
	assert_int_equal(plan->process.capabilities.bounding, CAP(0));
	assert_int_equal(plan->process.capabilities.permitted, 0);
	assert_int_equal(plan->warnings.n, 3);
	assert_string_equal(plan->warnings.v[0], "capability CAP_X is unknown");
	assert_string_equal(plan->warnings.v[1], "capability CAP_KILL is not available: it is not "
						 "in the runtime's bounding set");
	assert_string_equal(plan->warnings.v[2],
			    "capability CAP_CHECKPOINT_RESTORE is not known to this kernel");
}

static void test_user_namespace_has_a_full_bounding_set(void **state)
{
	struct fixture *f = *state;

	f->facts->bounding = 0;
	assert_int_equal(fixture_plan(f, PROCESS("'capabilities':{'bounding':['CAP_KILL']}"),
				      MAPS NAMESPACES("{'type':'user'}"))
				 ->process.capabilities.bounding,
			 CAP(5));
}

static void test_sets_that_the_kernel_would_refuse_are_cut(void **state)
{
	struct plan *plan = fixture_plan(
		*state,
		PROCESS("'capabilities':{'bounding':['CAP_CHOWN'],'permitted':['CAP_CHOWN'],"
			"'effective':['CAP_KILL','CAP_CHOWN'],'inheritable':['CAP_KILL'],"
			"'ambient':['CAP_CHOWN']}"),
		MOUNT_NS);

	assert_int_equal(plan->process.capabilities.effective, CAP(0));
	assert_int_equal(plan->process.capabilities.inheritable, 0);
	assert_int_equal(plan->process.capabilities.ambient, 0);
	assert_int_equal(plan->warnings.n, 3);
	assert_string_equal(plan->warnings.v[2],
			    "left out of the ambient capabilities, because not "
			    "both permitted and inheritable: CAP_CHOWN");
}

/* --- the rest --- */

static void test_hooks_have_their_defaults(void **state)
{
	struct plan *plan = fixture_plan(
		*state,
		"'hooks':{'prestart':[{'path':'/h','args':['x','y'],'env':['A=1','A=2'],"
		"'timeout':3}],'poststop':[{'path':'/p'},{'path':'/q'}],"
		"'createRuntime':[{'path':'/1'}],'createContainer':[{'path':'/2'}],"
		"'startContainer':[{'path':'/3'}],'poststart':[{'path':'/4'}]}",
		MOUNT_NS);

	assert_int_equal(plan->prestart.n, 1);
	assert_string_equal(plan->prestart.v[0].args[0], "x");
	assert_string_equal(plan->prestart.v[0].args[1], "y");
	assert_null(plan->prestart.v[0].args[2]);
	assert_string_equal(plan->prestart.v[0].env[1], "A=2");
	assert_null(plan->prestart.v[0].env[2]);
	assert_int_equal(plan->prestart.v[0].timeout, 3);
	assert_int_equal(plan->poststop.n, 2);
	assert_string_equal(plan->poststop.v[1].args[0], "/q");
	assert_null(plan->poststop.v[1].args[1]);
	assert_null(plan->poststop.v[1].env);
	assert_int_equal(plan->poststop.v[1].timeout, 0);
	assert_string_equal(plan->create_runtime.v[0].path, "/1");
	assert_string_equal(plan->create_container.v[0].path, "/2");
	assert_string_equal(plan->start_container.v[0].path, "/3");
	assert_string_equal(plan->poststart.v[0].path, "/4");
}

static void test_hooks_and_agents_get_the_state_of_the_plan(void **state)
{
	const struct plan *plan = fixture_plan(*state, "'annotations':{'a':'1','b':'2'}", MOUNT_NS);
	struct oci_state given = oci_state_of_plan(plan, "created", 42);
	auto_json_out out = json_out_new(false);
	const char *text;
	size_t length;
	struct err e;

	oci_state_encode(&given, out);
	assert_int_equal(json_out_finish(out, &text, &length, &e), 0);
	assert_string_equal(text, "{\"ociVersion\":\"1.3.0\",\"id\":\"web\",\"status\":\"created\","
				  "\"pid\":42,\"bundle\":\"/bundle\","
				  "\"annotations\":{\"a\":\"1\",\"b\":\"2\"}}");
	/* what `state` alone has */
	assert_null(given.rootfs);
	assert_null(given.created);
	assert_null(given.owner);
	/* left out only where none are known */
	plan = fixture_plan(*state, "", MOUNT_NS);
	given = oci_state_of_plan(plan, "stopped", 0);
	assert_string_equal(given.status, "stopped");
	assert_int_equal(given.pid, 0);
	assert_non_null(given.annotations);
	assert_int_equal(given.annotations->n, 0);
}

static void test_paths_are_clean_and_once(void **state)
{
	struct plan *plan = fixture_plan(
		*state, "",
		MOUNT_NS ",'maskedPaths':['/proc/kcore','/a','/proc//kcore/','/proc/x/../kcore'],"
			 "'readonlyPaths':['/proc/sys','/proc/sys']");

	assert_int_equal(plan->masked_paths.n, 2);
	assert_string_equal(plan->masked_paths.v[0], "/proc/kcore");
	assert_string_equal(plan->masked_paths.v[1], "/a");
	assert_int_equal(plan->readonly_paths.n, 1);
	/* nobody would see it */
	fixture_refused(*state, "", MOUNT_NS ",'maskedPaths':['/a','/a/..']",
			"linux.maskedPaths[1]: cannot be /; a read-only root is root.readonly");
	fixture_refused(*state, "", MOUNT_NS ",'readonlyPaths':['//']",
			"linux.readonlyPaths[0]: cannot be /; a read-only root is root.readonly");
}

static void test_root_and_its_propagation(void **state)
{
	struct plan *plan = fixture_plan(*state, "", MOUNT_NS ",'rootfsPropagation':'rslave'");

	assert_int_equal(plan->rootfs_propagation, MS_REC | MS_SLAVE);
	assert_string_equal(plan->rootfs, "/bundle/rootfs");
	assert_string_equal(plan->bundle, "/bundle");
	assert_false(plan->readonly_root);
	assert_int_equal(fixture_plan(*state, "", MOUNT_NS)->rootfs_propagation, 0);
}

static void test_sysctls_of_namespaces_only(void **state)
{
	struct fixture *f = *state;
	struct plan *plan = fixture_plan(
		f, "",
		NAMESPACES(
			"{'type':'ipc'},{'type':'uts'}") ",'sysctl':{'kernel.shm_rmid_forced':'1',"
							 "'fs/mqueue/"
							 "msg_max':'2','kernel.domainname':'d'}");

	assert_int_equal(plan->sysctls.n, 3);
	assert_string_equal(plan->sysctls.v[0].key, "kernel/shm_rmid_forced");
	assert_string_equal(plan->sysctls.v[0].value, "1");
	assert_string_equal(plan->sysctls.v[1].key, "fs/mqueue/msg_max");
	fixture_refused(f, "", MOUNT_NS ",'sysctl':{'kernel.msgmax':'1'}",
			"linux.sysctl: kernel.msgmax needs a ipc namespace other than the host's");
	fixture_refused(f, "", MOUNT_NS ",'sysctl':{'kernel.panic':'1'}",
			"linux.sysctl: kernel.panic does not belong to a namespace");
}

static void test_sysctls_of_the_network(void **state)
{
	static const char text[] =
		"linux.sysctl: net.x.eth0/1.y needs a network namespace other than the host's";
	struct fixture *f = *state;
	struct plan *plan;

	fixture_refused(f, "", MOUNT_NS ",'sysctl':{'net.x.eth0/1.y':'1'}", text);
	f->verdict.network = NETWORK_PATH;
	fixture_refused(
		f, "",
		NAMESPACES(
			"{'type':'network','path':'/host/net'}") ",'sysctl':{'net.x.eth0/1.y':'1'}",
		text);
	plan = fixture_plan(
		f, "",
		NAMESPACES(
			"{'type':'network','path':'/ns/net'}") ",'sysctl':{'net.x.eth0/1.y':'1'}");
	assert_string_equal(plan->sysctls.v[0].key, "net/x/eth0.1/y");
	/* the policy has let it through */
	f->verdict.network = NETWORK_EARLY;
	f->verdict.network_path = (char[]){ "/host/net" };
	fixture_plan(f, "",
		     NAMESPACES("{'type':'network','path':'/host/net'}") ",'sysctl':{'net.x.eth0/"
									 "1.y':'1'}");
}

static void test_text_shows_nothing_that_a_terminal_would_obey(void **state)
{
	struct fixture *f = *state;
	struct plan *plan = fixture_plan(
		f,
		"'annotations':{'a\\u001b[2J':'x\\u009b1m \\u00e9'}," PROCESS("'env':['A=b\\nc']"),
		MOUNT_NS);
	autostrbuf text = { 0 };

	plan_print(plan, &text);
	for (const char *p = strbuf_text(&text); *p; p++)
		assert_true((unsigned char)*p >= ' ' || *p == '\n');
	assert_non_null(strstr(strbuf_text(&text), "\"a\\u001b[2J\" = \"x\\u009b1m \xc3\xa9\"\n"));
	assert_non_null(strstr(strbuf_text(&text), "\"A=b\\nc\"\n"));
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
		TEST(test_early_join_is_no_join_by_path),
		TEST(test_late_join_is_born_in_a_new_network),
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
		TEST(test_cgroup_path),
		TEST(test_cgroup_path_that_leads_out_is_refused),
		TEST(test_no_cgroup_where_none_can_be_made),
		TEST(test_a_user_has_a_cgroup_where_one_is_delegated),
		TEST(test_limits_on_v2),
		TEST(test_limits_on_v1),
		TEST(test_hybrid_writes_v1_first_and_v2_in_its_form),
		TEST(test_memory_that_engines_leave_at_zero_is_unset),
		TEST(test_swap_without_or_below_limit_is_refused),
		TEST(test_missing_controller_is_refused_where_it_is_needed),
		TEST(test_cgroup_record_survives_the_disk),
		TEST(test_no_process_has_no_arguments),
		TEST(test_later_variable_wins_at_the_first_ones_place),
		TEST(test_home_counts_only_when_it_is_not_empty),
		TEST(test_process_properties_are_carried_over),
		TEST(test_what_the_process_leaves_open_stays_unset),
		TEST(test_keep_groups_by_annotation),
		TEST(test_rlimits_by_name),
		TEST(test_capabilities_become_masks),
		TEST(test_capabilities_that_cannot_be_had_are_warnings),
		TEST(test_user_namespace_has_a_full_bounding_set),
		TEST(test_sets_that_the_kernel_would_refuse_are_cut),
		TEST(test_hooks_have_their_defaults),
		TEST(test_hooks_and_agents_get_the_state_of_the_plan),
		TEST(test_paths_are_clean_and_once),
		TEST(test_root_and_its_propagation),
		TEST(test_sysctls_of_namespaces_only),
		TEST(test_sysctls_of_the_network),
		TEST(test_a_user_namespace_is_new_or_joined),
		TEST(test_text_shows_nothing_that_a_terminal_would_obey),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}

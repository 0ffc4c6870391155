/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pause, update and statistics on trees of ordinary files: what is written where, what is put back when a
 * write fails, and what is read on v2 with controllers that a machine for tests need not have. What the kernel
 * makes of it is in tests/bats. Needs no root.
 */
#include "cgroup/cgroup.h"
#include "cgroup/systemd_bus.h"

#include "files.h"

#define GROUP "/web"

struct fixture {
	struct files files;
	struct cgroup_facts facts;
	struct cgroup_hierarchy_facts hierarchy;
	struct cgroup_record record;
	struct plan_cgroup plan;
};

static int setup(void **state)
{
	static char memory[] = "memory", cpu[] = "cpu", io[] = "io";
	static char *controllers[] = { memory, cpu, io };
	struct fixture *f = calloc(1, sizeof(*f));

	if (files_begin(&f->files) < 0)
		return -1;
	f->hierarchy.v2 = true;
	f->hierarchy.mount_point = f->files.base;
	f->hierarchy.controllers = (struct strlist){ ARRAY_SIZE(controllers), controllers };
	f->facts = (struct cgroup_facts){ .layout = CGROUP_V2 };
	f->facts.hierarchies.n = 1;
	f->facts.hierarchies.v = &f->hierarchy;
	f->plan = (struct plan_cgroup){ .manage = true, .layout = CGROUP_V2, .path = GROUP };
	cgroup_describe(&f->plan, &f->facts, &f->files.arena, &f->record);
	*state = f;
	return mkdir(f->record.directories.v[0], 0755);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	files_end(&f->files);
	free(f);
	return 0;
}

/* Of the group. */
static const char *name_of(struct fixture *f, const char *file)
{
	return arena_printf(&f->files.arena, GROUP "/%s", file);
}

static const char *path_of(struct fixture *f, const char *file)
{
	return files_path(&f->files, name_of(f, file));
}

static void put(struct fixture *f, const char *file, const char *text)
{
	files_put(&f->files, name_of(f, file), text);
}

static void assert_content(struct fixture *f, const char *file, const char *expected)
{
	assert_string_equal(files_content(&f->files, name_of(f, file)), expected);
}

static void add(struct fixture *f, const char *controller, const char *file, const char *value)
{
	struct plan_cgroup_write *v =
		arena_new_array(&f->files.arena, struct plan_cgroup_write, f->plan.writes.n + 1);

	if (f->plan.writes.n > 0)
		memcpy(v, f->plan.writes.v, f->plan.writes.n * sizeof(*v));
	v[f->plan.writes.n++] = (struct plan_cgroup_write){
		.controller = controller, .file = file, .value = value, .field = "the.field"
	};
	f->plan.writes.v = v;
}

/* --- pause --- */

static void a_pause_that_succeeds_stays(void **state)
{
	struct fixture *f = *state;
	struct err e;

	put(f, "cgroup.freeze", "0\n");
	put(f, "cgroup.events", "populated 1\nfrozen 1\n");
	assert_int_equal(cgroup_pause(&f->record, 100, &e), 0);
	assert_content(f, "cgroup.freeze", "1\n");
	assert_true(cgroup_is_frozen(&f->record));
}

static void a_pause_that_takes_too_long_is_taken_back(void **state)
{
	struct fixture *f = *state;
	struct err e;

	put(f, "cgroup.freeze", "0\n");
	put(f, "cgroup.events", "populated 1\nfrozen 0\n");
	assert_int_equal(cgroup_pause(&f->record, 30, &e), -1);
	assert_int_equal(e.sys, ETIMEDOUT);
	assert_content(f, "cgroup.freeze", "0\n");
}

static void a_freezer_of_v1_that_stays_half_way_is_thawed(void **state)
{
	struct fixture *f = *state;
	struct err e;

	/* as if the kernel went on saying so: what is written comes behind */
	put(f, "freezer.state", "FREEZING\n");
	assert_int_equal(chmod(path_of(f, "freezer.state"), 0444), 0);
	if (geteuid() == 0) {
		/* root writes all the same, and reads back what it wrote */
		assert_int_equal(cgroup_pause(&f->record, 30, &e), -1);
		assert_content(f, "freezer.state", "THAWEDNG\n");
		return;
	}
	assert_int_equal(cgroup_pause(&f->record, 30, &e), -1);
	assert_int_equal(e.sys, EACCES);
}

static void a_resume_below_a_frozen_group_says_so(void **state)
{
	struct fixture *f = *state;
	struct err e;

	put(f, "cgroup.freeze", "1\n");
	put(f, "cgroup.events", "populated 1\nfrozen 1\n");
	assert_int_equal(cgroup_resume(&f->record, 30, &e), -1);
	assert_non_null(strstr(e.text, "is frozen by a cgroup above it"));
	assert_content(f, "cgroup.freeze", "0\n");
	put(f, "cgroup.events", "populated 1\nfrozen 0\n");
	assert_int_equal(cgroup_resume(&f->record, 30, &e), 0);
}

static void without_a_freezer_a_pause_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct err e;

	assert_int_equal(cgroup_pause(&f->record, 30, &e), -1);
	assert_non_null(strstr(e.text, "has no freezer"));
	assert_int_equal(cgroup_resume(&f->record, 30, &e), -1);
}

/* --- update --- */

static void an_update_can_be_undone(void **state)
{
	struct fixture *f = *state;
	autochanges changes = { 0 };
	struct err e;

	put(f, "memory.max", "1000\n");
	put(f, "cpu.max", "5000 9000\n");
	add(f, "memory", "memory.max", "2000");
	add(f, "cpu", "cpu.max", "7000 9000");
	assert_int_equal(cgroup_update(&f->plan, &f->facts, &f->record, &changes, &e), 0);
	assert_content(f, "memory.max", "2000\n");
	assert_content(f, "cpu.max", "7000 9000\n");
	cgroup_changes_undo(&changes);
	assert_content(f, "memory.max", "1000\n");
	assert_content(f, "cpu.max", "5000 9000\n");
}

static void an_update_that_fails_leaves_what_was(void **state)
{
	struct fixture *f = *state;
	struct cgroup_changes changes = { 0 };
	struct err e;

	put(f, "memory.max", "1000\n");
	add(f, "memory", "memory.max", "2000");
	add(f, "io", "io.max", "8:0 rbps=1");
	assert_int_equal(cgroup_update(&f->plan, &f->facts, &f->record, &changes, &e), -1);
	assert_int_equal(e.sys, ENOENT);
	assert_true(str_has_prefix(e.text, "the.field: "));
	assert_non_null(strstr(e.text, "'io.max', which this kernel does not have"));
	assert_content(f, "memory.max", "1000\n");
	assert_int_equal(changes.n, 0);
}

static void the_other_name_of_a_file_is_used(void **state)
{
	struct fixture *f = *state;
	autochanges first = { 0 };
	struct err e;

	add(f, "io", "io.bfq.weight", "100");
	f->plan.writes.v[0].other_file = "io.weight";
	f->plan.writes.v[0].other_value = "910";
	put(f, "io.weight", "");
	assert_int_equal(cgroup_update(&f->plan, &f->facts, &f->record, &first, &e), 0);
	assert_content(f, "io.weight", "910");
	put(f, "io.bfq.weight", "");
	autochanges changes = { 0 };
	assert_int_equal(cgroup_update(&f->plan, &f->facts, &f->record, &changes, &e), 0);
	assert_content(f, "io.bfq.weight", "100");
}

static void a_failure_that_was_foreseen_is_tolerated(void **state)
{
	struct fixture *f = *state;
	autochanges changes = { 0 };
	struct err e;

	add(f, "io", "io.nothing", "1");
	f->plan.writes.v[0].tolerated = ENOENT;
	assert_int_equal(cgroup_update(&f->plan, &f->facts, &f->record, &changes, &e), 0);
}

/* A kernel without accounting of swap. */
static void no_limit_of_swap_needs_no_file(void **state)
{
	static const char *const none[] = { "max", "0", "-1" };
	struct fixture *f = *state;
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		autochanges changes = { 0 };
		f->plan.writes.n = 0;
		add(f, "memory", "memory.swap.max", none[i]);
		assert_int_equal(cgroup_update(&f->plan, &f->facts, &f->record, &changes, &e), 0);
	}
	autochanges changes = { 0 };
	f->plan.writes.n = 0;
	add(f, "memory", "memory.swap.max", "4096");
	assert_int_equal(cgroup_update(&f->plan, &f->facts, &f->record, &changes, &e), -1);
	assert_non_null(strstr(e.text, "'memory.swap.max', which this kernel does not have,"));
}

/* We are in no cgroup of the record. */
static void a_process_is_followed_only_inside(void **state)
{
	struct fixture *f = *state;
	autocgroup cgroup = CGROUP_INIT;
	struct err e;

	assert_int_equal(cgroup_follow(&f->record, getpid(), &cgroup, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
	assert_non_null(strstr(e.text, "which is not below '" GROUP "'"));
	assert_int_equal(cgroup.into, -1);
}

static void memory_in_use_is_looked_at_where_asked(void **state)
{
	struct fixture *f = *state;
	autochanges changes = { 0 };
	struct err e;

	put(f, "memory.current", "5000\n");
	put(f, "memory.max", "max\n");
	add(f, "memory", "memory.max", "4096");
	f->plan.memory_check = 4096;
	assert_int_equal(cgroup_update(&f->plan, &f->facts, &f->record, &changes, &e), -1);
	assert_string_equal(e.text, "memory.checkBeforeUpdate: the limit of 4096 bytes is below "
				    "the 5000 that are in use");
	assert_content(f, "memory.max", "max\n");
	put(f, "memory.current", "4096\n");
	assert_int_equal(cgroup_update(&f->plan, &f->facts, &f->record, &changes, &e), 0);
}

/* --- statistics --- */

static void statistics_of_v2_have_the_form_of_v1(void **state)
{
	struct fixture *f = *state;
	auto_json_out out = json_out_new(false);
	const char *text;
	struct err e;

	put(f, "cgroup.events", "populated 1\nfrozen 0\n");
	put(f, "cpu.stat",
	    "usage_usec 30\nuser_usec 10\nsystem_usec 20\nnr_periods 4\n"
	    "nr_throttled 3\nthrottled_usec 2\n");
	put(f, "memory.current", "100\n");
	put(f, "memory.max", "1000\n");
	put(f, "memory.peak", "200\n");
	put(f, "memory.events", "low 0\nhigh 0\nmax 7\noom 0\noom_kill 0\n");
	put(f, "memory.stat", "anon 60\nfile 40\n");
	put(f, "memory.swap.current", "5\n");
	put(f, "memory.swap.max", "max\n");
	put(f, "pids.current", "3\n");
	put(f, "pids.max", "max\n");
	put(f, "io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n7:0 \n");
	put(f, "hugetlb.2MB.current", "2097152\n");
	put(f, "hugetlb.2MB.rsvd.current", "0\n");
	put(f, "hugetlb.2MB.events", "max 1\n");
	assert_int_equal(cgroup_stats(&f->record, NULL, out, &e), 0);
	assert_int_equal(json_out_finish(out, &text, NULL, &e), 0);
	assert_string_equal(
		text,
		"{\"cpu\":{\"usage\":{\"total\":30000,\"kernel\":20000,\"user\":10000},"
		"\"throttling\":{\"periods\":4,\"throttledPeriods\":3,\"throttledTime\":2000}},"
		"\"memory\":{\"cache\":40,"
		"\"usage\":{\"limit\":1000,\"usage\":100,\"max\":200,\"failcnt\":7},"
		"\"swap\":{\"limit\":18446744073709551615,\"usage\":105,\"failcnt\":0},"
		"\"raw\":{\"anon\":60,\"file\":40}},"
		"\"pids\":{\"current\":3},"
		"\"blkio\":{\"ioServiceBytesRecursive\":["
		"{\"major\":8,\"minor\":0,\"op\":\"Read\",\"value\":1},"
		"{\"major\":8,\"minor\":0,\"op\":\"Write\",\"value\":2}],"
		"\"ioServicedRecursive\":["
		"{\"major\":8,\"minor\":0,\"op\":\"Read\",\"value\":3},"
		"{\"major\":8,\"minor\":0,\"op\":\"Write\",\"value\":4}]},"
		"\"hugetlb\":{\"2MB\":{\"usage\":2097152,\"failcnt\":1}}}");
}

static const char *stats_of(struct fixture *f, const struct rdt_record *rdt)
{
	auto_json_out out = json_out_new(false);
	const char *text;
	struct err e;

	assert_int_equal(cgroup_stats(&f->record, rdt, out, &e), 0);
	if (json_out_finish(out, &text, NULL, &e) < 0)
		STOP("%s\n", e.text);
	return arena_strdup(&f->files.arena, text);
}

#define NO_CPU                                                       \
	"{\"cpu\":{\"usage\":{\"total\":0,\"kernel\":0,\"user\":0}," \
	"\"throttling\":{}"

static void pressure_is_there_where_the_kernel_counts_it(void **state)
{
	struct fixture *f = *state;

	put(f, "cgroup.events", "populated 1\nfrozen 0\n");
	assert_string_equal(stats_of(f, NULL), NO_CPU "}}");
	put(f, "cpu.pressure",
	    "some avg10=0.25 avg60=12.50 avg300=100.00 total=18446744073709551615\n"
	    "full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n");
	/* of a kernel before 5.13 */
	put(f, "io.pressure", "some avg10=1.00 avg60=0.00 avg300=0.00 total=9\n");
	/* words of a later one, and what is not a number of JSON */
	put(f, "memory.pressure", "some avg10=00.1 avg60=nan avg300=.5 total=-1 new=1\nmost x=1\n");
	assert_string_equal(
		stats_of(f, NULL),
		NO_CPU ",\"psi\":{"
		       "\"some\":{\"avg10\":0.25,\"avg60\":12.50,\"avg300\":100.00,"
		       "\"total\":18446744073709551615},"
		       "\"full\":{\"avg10\":0.00,\"avg60\":0.00,\"avg300\":0.00,\"total\":7}}},"
		       "\"memory\":{\"psi\":{\"some\":{}}},"
		       "\"blkio\":{\"psi\":{\"some\":{\"avg10\":1.00,\"avg60\":0.00,"
		       "\"avg300\":0.00,\"total\":9}}}}");
}

/* A directory stands for the file system, whose root is `web` here. */
static void make_resctrl(struct fixture *f)
{
	static const char *const directories[] = {
		"info",
		"info/L3",
		"info/MB",
		"clos",
		"clos/mon_data",
		"clos/mon_data/mon_L3_01",
		"clos/mon_data/mon_L3_00",
		"clos/mon_data/mon_PERF_PKG_00",
	};

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		assert_int_equal(mkdir(path_of(f, directories[i]), 0755), 0);
	put(f, "schemata", "    MB:0=100;1=100\n    L3:0=fff;1=fff\n");
	put(f, "info/L3/cbm_mask", "fff\n");
	put(f, "info/L3/min_cbm_bits", "2\n");
	put(f, "info/L3/num_closids", "16\n");
	put(f, "info/MB/bandwidth_gran", "10\n");
	put(f, "info/MB/min_bandwidth", "11\n");
	put(f, "clos/schemata", "    MB:0= 20;1= 70\nL3:0=00f;1=003\n");
	put(f, "clos/mon_data/mon_L3_00/mbm_total_bytes", "10\n");
	put(f, "clos/mon_data/mon_L3_00/mbm_local_bytes", "11\n");
	put(f, "clos/mon_data/mon_L3_00/llc_occupancy", "12\n");
	put(f, "clos/mon_data/mon_L3_01/mbm_total_bytes", "Unavailable\n");
	put(f, "clos/mon_data/mon_L3_01/mbm_local_bytes", "20\n");
	put(f, "clos/mon_data/mon_PERF_PKG_00/core_energy", "1.5\n");
}

#define ROOT_OF_RESCTRL                                                                   \
	"\"l3_cache_info\":{\"cbm_mask\":\"fff\",\"min_cbm_bits\":2,\"num_closids\":16}," \
	"\"mem_bw_info\":{\"bandwidth_gran\":10,\"min_bandwidth\":11},"                   \
	"\"mem_bw_schema_root\":\"MB:0=100;1=100\","                                      \
	"\"l3_cache_schema_root\":\"L3:0=fff;1=fff\","

static void a_group_of_resctrl_has_its_part(void **state)
{
	struct fixture *f = *state;
	struct rdt_record rdt = { 0 };

	put(f, "cgroup.events", "populated 1\nfrozen 0\n");
	make_resctrl(f);
	rdt.group = arena_strdup(&f->files.arena, path_of(f, "clos"));
	assert_string_equal(stats_of(f, &rdt),
			    NO_CPU "},\"intel_rdt\":{" ROOT_OF_RESCTRL
				   "\"mem_bw_schema\":\"MB:0= 20;1= 70\","
				   "\"l3_cache_schema\":\"L3:0=00f;1=003\","
				   "\"schemata\":[\"MB:0= 20;1= 70\",\"L3:0=00f;1=003\"],"
				   "\"mbm_stats\":[{\"mbm_total_bytes\":10,\"mbm_local_bytes\":11},"
				   "{\"mbm_local_bytes\":20}],"
				   "\"cmt_stats\":[{\"llc_occupancy\":12}]}}");
	/* a monitoring group of its own is what counts, and the root is a group too */
	assert_int_equal(mkdir(path_of(f, "own"), 0755), 0);
	assert_int_equal(mkdir(path_of(f, "own/mon_data"), 0755), 0);
	assert_int_equal(mkdir(path_of(f, "own/mon_data/mon_L3_00"), 0755), 0);
	put(f, "own/mon_data/mon_L3_00/llc_occupancy", "99\n");
	rdt.group = arena_strdup(&f->files.arena, path_of(f, "."));
	rdt.monitor = arena_strdup(&f->files.arena, path_of(f, "own"));
	assert_string_equal(stats_of(f, &rdt),
			    NO_CPU "},\"intel_rdt\":{" ROOT_OF_RESCTRL
				   "\"mem_bw_schema\":\"MB:0=100;1=100\","
				   "\"l3_cache_schema\":\"L3:0=fff;1=fff\","
				   "\"schemata\":[\"MB:0=100;1=100\",\"L3:0=fff;1=fff\"],"
				   "\"cmt_stats\":[{\"llc_occupancy\":99}]}}");
	/* gone with its maker */
	rdt.group = arena_strdup(&f->files.arena, path_of(f, "none"));
	assert_string_equal(stats_of(f, &rdt), NO_CPU "}}");
}

/* inotify works on ordinary files, so this is the way of v2. */
static void a_kill_for_lack_of_memory_is_noticed_on_v2(void **state)
{
	struct fixture *f = *state;
	autooom oom = CGROUP_OOM_INIT;
	struct err e;

	put(f, "memory.events", "oom 1\noom_kill 1\n");
	assert_int_equal(cgroup_oom_open(&f->record, &oom, &e), 0);
	assert_true(oom.fd >= 0);
	put(f, "memory.events", "oom 2\noom_kill 1\n");
	assert_false(cgroup_oom_happened(&oom));
	put(f, "memory.events", "oom 3\noom_kill 2\n");
	assert_true(cgroup_oom_happened(&oom));
	assert_false(cgroup_oom_happened(&oom));
}

static void what_was_killed_for_lack_of_memory_is_counted(void **state)
{
	struct fixture *f = *state;
	struct cgroup_memory memory;
	struct err e;

	cgroup_memory_of_record(&f->record, &memory);
	assert_true(memory.kills == 0 && memory.limit == UINT64_MAX);
	put(f, "memory.events", "max 3\noom 5\noom_kill 4\noom_group_kill 0\n");
	put(f, "memory.max", "max\n");
	cgroup_memory_of_record(&f->record, &memory);
	assert_true(memory.kills == 4 && memory.limit == UINT64_MAX);
	assert_int_equal(fail_oom_killed("it", &memory, &e), -1);
	assert_non_null(strstr(e.text, "it was OOM-killed: a limit above its cgroup"));
	put(f, "memory.max", "65536\n");
	cgroup_memory_of_record(&f->record, &memory);
	assert_true(memory.limit == 65536);
	/* v1 */
	put(f, "memory.oom_control", "oom_kill_disable 1\nunder_oom 0\noom_kill 9\n");
	put(f, "memory.limit_in_bytes", "9223372036854771712\n");
	cgroup_memory_of_record(&f->record, &memory);
	assert_true(memory.kills == 9 && memory.limit == UINT64_MAX);
	put(f, "memory.limit_in_bytes", "4096\n");
	cgroup_memory_of_record(&f->record, &memory);
	assert_int_equal(fail_oom_killed("it", &memory, &e), -1);
	assert_string_equal(e.text, "it was OOM-killed: its memory limit of 4096 bytes is too low");
	/* what has no cgroup */
	cgroup_memory_of_record(NULL, &memory);
	assert_true(memory.kills == 0 && memory.limit == UINT64_MAX);
}

/* The name comes over the bus. */
static void an_error_of_systemd_is_known_by_its_whole_name(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool same;
	} rows[] = {
		{ "org.freedesktop.systemd1.NoSuchUnit", true },
		{ "org.freedesktop.systemd1.NoSuchUnits", false },
		{ "org.freedesktop.systemd1xNoSuchUnit", false },
		{ "org.freedesktop.systemd1\0NoSuchUnit", false },
		{ "NoSuchUnit", false },
		{ NULL, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct systemd_call call = { .error = { .name = rows[i].name } };
		assert_int_equal(systemd_call_failed_with(&call, "NoSuchUnit"), rows[i].same);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_pause_that_succeeds_stays),
		TEST(a_pause_that_takes_too_long_is_taken_back),
		TEST(a_freezer_of_v1_that_stays_half_way_is_thawed),
		TEST(a_resume_below_a_frozen_group_says_so),
		TEST(without_a_freezer_a_pause_is_an_error),
		TEST(an_update_can_be_undone),
		TEST(an_update_that_fails_leaves_what_was),
		TEST(the_other_name_of_a_file_is_used),
		TEST(a_failure_that_was_foreseen_is_tolerated),
		TEST(no_limit_of_swap_needs_no_file),
		TEST(a_process_is_followed_only_inside),
		TEST(memory_in_use_is_looked_at_where_asked),
		TEST(statistics_of_v2_have_the_form_of_v1),
		TEST(pressure_is_there_where_the_kernel_counts_it),
		TEST(a_group_of_resctrl_has_its_part),
		cmocka_unit_test(an_error_of_systemd_is_known_by_its_whole_name),
		TEST(a_kill_for_lack_of_memory_is_noticed_on_v2),
		TEST(what_was_killed_for_lack_of_memory_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process of the plan: arguments, environment, limits, capabilities: one test a rule. Runs anywhere, without root.
 */
#include "plan_fixture.h"

#include <sys/resource.h>

#define MAPS                                                              \
	"'uidMappings':[{'containerID':0,'hostID':100000,'size':65536}]," \
	"'gidMappings':[{'containerID':0,'hostID':200000,'size':1000}],"
#define PROCESS(members) "'process':{'cwd':'/','args':['sh']," members "}"
#define CAP(number) (1ULL << (number))

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests_name("plan_process", tests, NULL, NULL);
}

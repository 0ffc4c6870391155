/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters, without loading one: what the program that is made of a profile answers to a system call, by a small
 * interpreter; what is refused and how. Runs anywhere, without root.
 */
#include "seccomp_fixture.h"

#include "base/auto.h"
#include "bpf.h"
#include "seccomp/program.h"

#include <linux/audit.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/syscall.h>

static void expect(struct fixture *f, const char *profile, const char *name, uint32_t answer)
{
	must_compile(f, profile);
	if (ask(f, name, 0, 0) != answer)
		fail_msg("%s: %s gives 0x%x, not 0x%x", profile, name, ask(f, name, 0, 0), answer);
}

static void each_action_has_its_answer(void **state)
{
	static const struct {
		const char *action;
		uint32_t answer;
	} rows[] = {
		{ "SCMP_ACT_ALLOW", ALLOW },
		{ "SCMP_ACT_ERRNO", ERRNO(1) },
		{ "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD },
		{ "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD },
		{ "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS },
		{ "SCMP_ACT_TRAP", SECCOMP_RET_TRAP },
		{ "SCMP_ACT_TRACE", SECCOMP_RET_TRACE | 1 },
		{ "SCMP_ACT_LOG", SECCOMP_RET_LOG },
		{ "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *profile =
			arena_printf(&f->arena,
				     "{'defaultAction':'%s','listenerPath':'/"
				     "l','syscalls':[{'names':['mkdirat'],"
				     "'action':'%s'}]}",
				     i == 0 ? "SCMP_ACT_LOG" : "SCMP_ACT_ALLOW", rows[i].action);
		expect(f, profile, "mkdirat", rows[i].answer);
		assert_int_equal(f->program.notify, str_eq(rows[i].action, "SCMP_ACT_NOTIFY"));
		if (str_eq(rows[i].action, "SCMP_ACT_NOTIFY"))
			continue;
		/* as the default, of a call that an older one than the newest named */
		expect(f,
		       arena_printf(&f->arena,
				    "{'defaultAction':'%s','syscalls':[{'names':['openat2'],"
				    "'action':'%s'}]}",
				    rows[i].action, i == 1 ? "SCMP_ACT_ALLOW" : "SCMP_ACT_ERRNO"),
		       "mkdirat", rows[i].answer);
	}
}

static void error_numbers_are_those_of_the_profile(void **state)
{
	struct fixture *f = *state;

	must_compile(f, "{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':7,'syscalls':["
			"{'names':['getpid','openat2'],'action':'SCMP_ACT_ALLOW'},"
			"{'names':['mkdirat'],'action':'SCMP_ACT_ERRNO','errnoRet':4094},"
			"{'names':['getppid'],'action':'SCMP_ACT_ERRNO','errnoRet':0},"
			"{'names':['unlinkat'],'action':'SCMP_ACT_ERRNO'},"
			"{'names':['fchownat'],'action':'SCMP_ACT_ERRNO','errnoRet':7},"
			"{'names':['readlinkat'],'action':'SCMP_ACT_TRACE','errnoRet':65535}]}");
	assert_int_equal(ask(f, "getpid", 0, 0), ALLOW);
	assert_int_equal(ask(f, "read", 0, 0), ERRNO(7));
	assert_int_equal(ask(f, "mkdirat", 0, 0), ERRNO(4094));
	assert_int_equal(ask(f, "getppid", 0, 0), ERRNO(0));
	assert_int_equal(ask(f, "unlinkat", 0, 0), ERRNO(1));
	assert_int_equal(ask(f, "fchownat", 0, 0), ERRNO(7));
	assert_int_equal(ask(f, "readlinkat", 0, 0), SECCOMP_RET_TRACE | 65535);
}

/* What an operator says of two numbers, in C. */
static bool holds(int op, uint64_t argument, uint64_t value, uint64_t value_two)
{
	switch ((enum spec_seccomp_op)op) {
	case SPEC_CMP_NE:
		return argument != value;
	case SPEC_CMP_LT:
		return argument < value;
	case SPEC_CMP_LE:
		return argument <= value;
	case SPEC_CMP_EQ:
		return argument == value;
	case SPEC_CMP_GE:
		return argument >= value;
	case SPEC_CMP_GT:
		return argument > value;
	case SPEC_CMP_MASKED_EQ:
		return (argument & value) == value_two;
	}
	return false;
}

static void each_operator_on_all_bits(void **state)
{
	static const uint64_t numbers[] = {
		0,
		1,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0x100000000,
		0x100000001,
		0x1ffffffff,
		0x7fffffffffffffff,
		0x8000000000000000,
		0xffffffff00000000,
		0xffffffffffffffff,
	};
	struct fixture *f = *state;

	for (int op = SPEC_CMP_NE; op <= SPEC_CMP_MASKED_EQ; op++) {
		for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
			uint64_t two = numbers[i] & 0x100000001;

			must_compile(f,
				     arena_printf(&f->arena,
						  "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':"
						  "[{'names':['mkdirat'],'action':'SCMP_ACT_ERRNO',"
						  "'args':[{'index':1,'value':%llu,'valueTwo':%llu,"
						  "'op':'%s'}]}]}",
						  (unsigned long long)numbers[i],
						  (unsigned long long)two,
						  value_to_name(spec_seccomp_operator_names, op)));
			for (size_t j = 0; j < ARRAY_SIZE(numbers); j++)
				assert_int_equal(ask(f, "mkdirat", 0, numbers[j]),
						 holds(op, numbers[j], numbers[i], two) ? ERRNO(1)
											: ALLOW);
		}
	}
}

static void conditions_on_different_arguments_must_all_hold(void **state)
{
	struct fixture *f = *state;

	must_compile(f,
		     "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdirat'],"
		     "'action':'SCMP_ACT_ERRNO','args':[{'index':0,'value':1,'op':'SCMP_CMP_EQ'},"
		     "{'index':1,'value':5,'op':'SCMP_CMP_GT'}]}]}");
	assert_int_equal(ask(f, "mkdirat", 1, 6), ERRNO(1));
	assert_int_equal(ask(f, "mkdirat", 1, 5), ALLOW);
	assert_int_equal(ask(f, "mkdirat", 2, 6), ALLOW);
}

static void several_conditions_on_one_argument_are_several_rules(void **state)
{
	struct fixture *f = *state;

	must_compile(f,
		     "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdirat'],"
		     "'action':'SCMP_ACT_ERRNO','args':[{'index':0,'value':1,'op':'SCMP_CMP_EQ'},"
		     "{'index':0,'value':3,'op':'SCMP_CMP_EQ'},"
		     "{'index':1,'value':5,'op':'SCMP_CMP_EQ'}]}]}");
	assert_int_equal(f->plan->rules.n, 3);
	assert_int_equal(ask(f, "mkdirat", 1, 0), ERRNO(1));
	assert_int_equal(ask(f, "mkdirat", 3, 0), ERRNO(1));
	assert_int_equal(ask(f, "mkdirat", 2, 5), ERRNO(1));
	assert_int_equal(ask(f, "mkdirat", 2, 0), ALLOW);
}

static void newer_calls_do_not_exist(void **state)
{
	struct fixture *f = *state;
	uint32_t native = seccomp_arch_native();
	uint32_t newest = (uint32_t)seccomp_syscall_resolve_name_arch(native, "openat2");
	static const char *const strict[] = { "ERRNO", "KILL", "KILL_PROCESS", "TRAP" };
	static const char *const loose[] = { "ALLOW", "LOG", "TRACE" };

	for (size_t i = 0; i < ARRAY_SIZE(strict); i++) {
		must_compile(f, arena_printf(&f->arena,
					     "{'defaultAction':'SCMP_ACT_%s','syscalls':[{'names':["
					     "'read','openat2'],'action':'SCMP_ACT_ALLOW'}]}",
					     strict[i]));
		assert_int_equal(run(f, native, newest, NULL), ALLOW);
		assert_int_equal(run(f, native, newest + 1, NULL), ERRNO(ENOSYS));
		assert_int_equal(run(f, native, 100000, NULL), ERRNO(ENOSYS));
		assert_int_not_equal(run(f, native, newest - 1, NULL), ERRNO(ENOSYS));
		/* skipped by a tracer */
		assert_int_not_equal(run(f, native, 0xffffffff, NULL), ERRNO(ENOSYS));
		/* a call of another architecture is not a newer one */
		assert_int_equal(run(f, AUDIT_ARCH_S390, newest + 1, NULL),
				 SECCOMP_RET_KILL_THREAD);
	}
	for (size_t i = 0; i < ARRAY_SIZE(loose); i++) {
		must_compile(f, arena_printf(&f->arena,
					     "{'defaultAction':'SCMP_ACT_%s','syscalls':[{'names':["
					     "'read','openat2'],'action':'SCMP_ACT_KILL'}]}",
					     loose[i]));
		assert_int_not_equal(run(f, native, newest + 1, NULL), ERRNO(ENOSYS));
	}
	/* a name that is refused is known too, also by a rule that says what the default says */
	must_compile(
		f, "{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['read'],"
		   "'action':'SCMP_ACT_ALLOW'},{'names':['openat2'],'action':'SCMP_ACT_ERRNO'}]}");
	assert_int_equal(run(f, native, newest, NULL), ERRNO(1));
	assert_int_equal(run(f, native, newest + 1, NULL), ERRNO(ENOSYS));
}

static void flags_are_those_of_the_profile(void **state)
{
	struct fixture *f = *state;

	must_compile(f, "{'defaultAction':'SCMP_ACT_ALLOW'}");
	assert_int_equal(f->program.flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	must_compile(f, "{'defaultAction':'SCMP_ACT_ALLOW','flags':[]}");
	assert_int_equal(f->program.flags, 0);
	must_compile(f, "{'defaultAction':'SCMP_ACT_ALLOW','flags':['SECCOMP_FILTER_FLAG_LOG',"
			"'SECCOMP_FILTER_FLAG_TSYNC']}");
	assert_int_equal(f->program.flags, SECCOMP_FILTER_FLAG_LOG);
	assert_int_equal(compile(f, "{'defaultAction':'SCMP_ACT_ALLOW','flags':['X']}"), -1);
}

static void refusals_name_the_member(void **state)
{
	static const struct {
		const char *profile, *text;
	} rows[] = {
		{ "{'defaultAction':'SCMP_ACT_NOTIFY'}", "linux.seccomp.defaultAction" },
		{ "{'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/l','syscalls':[{'names':["
		  "'read','write'],'action':'SCMP_ACT_NOTIFY'}]}",
		  "linux.seccomp.syscalls[0].names[1]: SCMP_ACT_NOTIFY is not possible for write" },
		{ "{'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/l','syscalls':[{'names':["
		  "'sendmsg'],'action':'SCMP_ACT_NOTIFY'}]}",
		  "linux.seccomp.syscalls[0].names[0]: SCMP_ACT_NOTIFY is not possible for "
		  "sendmsg" },
		{ "{'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_X86_64',"
		  "'SCMP_ARCH_S390X']}",
		  "linux.seccomp.architectures[1]: SCMP_ARCH_S390X: its byte order" },
		{ "{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':4095}",
		  "linux.seccomp.defaultErrnoRet" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(compile(f, rows[i].profile), -1);
		assert_int_equal(f->e.kind, ERR_CONFIG);
		if (!strstr(f->e.text, rows[i].text))
			fail_msg("%s: %s", rows[i].profile, f->e.text);
	}
}

/* Every number of the native architecture, against the profile read as a table. */
static void an_engines_profile_answers_as_it_reads(void **state)
{
	struct fixture *f = *state;
	size_t allowed = 0;

	must_compile(f, engine_profile(f));
	for (size_t i = 0; i < f->plan->rules.n; i++) {
		const struct plan_seccomp_rule *rule = &f->plan->rules.v[i];

		for (size_t j = 0; j < rule->names.n && rule->conditions.n == 0; j++) {
			int number = seccomp_syscall_resolve_name_arch(seccomp_arch_native(),
								       rule->names.v[j]);
			/* named twice: libseccomp keeps what came first */
			if (number < 0 || str_eq(rule->names.v[j], "setns"))
				continue;
			assert_int_equal(run(f, seccomp_arch_native(), (uint32_t)number, NULL),
					 rule->action == SPEC_ACT_ALLOW ? ALLOW
									: ERRNO(rule->value));
			allowed += rule->action == SPEC_ACT_ALLOW;
		}
	}
	assert_true(allowed > 250);
	assert_int_equal(run(f, seccomp_arch_native(), 5000, NULL), ERRNO(ENOSYS));
	/* personality is allowed for a few values, each a rule of its own */
	assert_int_equal(ask(f, "personality", 0, 0), ALLOW);
	assert_int_equal(ask(f, "personality", 8, 0), ALLOW);
	assert_int_equal(ask(f, "personality", 0xffffffff, 0), ALLOW);
	assert_int_equal(ask(f, "personality", 0x40000, 0), ERRNO(ENOSYS));
}

/* Neither compiled nor kept; the flags are the plan's. */
static void a_ready_program_is_taken_as_it_is(void **state)
{
	struct sock_filter ready[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_LOG) };
	struct fixture *f = *state;

	assert_int_equal(plan(f, PROFILE), 0);
	f->plan->program.n = ARRAY_SIZE(ready);
	f->plan->program.v = ready;
	assert_int_equal(seccomp_program_make(f->plan, cache_of(f), &f->arena, &f->program, &f->e),
			 0);
	assert_int_equal(f->program.n, 1);
	assert_int_equal(ask(f, "mkdirat", 0, 0), SECCOMP_RET_LOG);
	assert_int_equal(f->program.flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	assert_null(only_file(f));
}

static void a_ready_program_must_not_ask_about_what_hands_it_over(void **state)
{
	/* in every way that a program can look at the number */
	struct sock_filter ready[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_STMT(BPF_ST, 3),
		BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0),
		BPF_STMT(BPF_MISC | BPF_TXA, 0),
		BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, sizeof(struct seccomp_data)),
		BPF_STMT(BPF_LDX | BPF_W | BPF_MEM, 3),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
		BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 1),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 1),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct fixture *f = *state;

	assert_int_equal(plan(f, PROFILE), 0);
	f->plan->program.n = ARRAY_SIZE(ready);
	f->plan->program.v = ready;
	/* without a listener the kernel answers ENOSYS */
	assert_int_equal(seccomp_program_make(f->plan, NULL, &f->arena, &f->program, &f->e), 0);
	f->plan->notify = true;
	assert_int_equal(seccomp_program_make(f->plan, NULL, &f->arena, &f->program, &f->e), -1);
	assert_string_equal(f->e.text, "annotation run.oci.seccomp_bpf_data: it asks the listener "
				       "about sendmsg, by which the listener is handed over");
	ready[9].k = SYS_getpid;
	assert_int_equal(seccomp_program_make(f->plan, NULL, &f->arena, &f->program, &f->e), 0);
	assert_true(f->program.notify);
	/* the kernel judges what is not a program */
	ready[9].code = 0xffff;
	assert_int_equal(seccomp_program_make(f->plan, NULL, &f->arena, &f->program, &f->e), 0);
	ready[9].code = BPF_JMP | BPF_JA;
	ready[9].k = 0xffffffff;
	assert_int_equal(seccomp_program_make(f->plan, NULL, &f->arena, &f->program, &f->e), 0);
}

static void unknown_names_are_refused_where_that_is_asked_for(void **state)
{
	static const char odd[] =
		"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['read'],'action':"
		"'SCMP_ACT_LOG'},{'names':['mkdir','no\\u001bcall'],'action':'SCMP_ACT_LOG'}]}";
	struct fixture *f = *state;

	assert_int_equal(seccomp_check_names(NULL, &f->e), 0);
	must_compile(f, odd);
	assert_int_equal(seccomp_check_names(f->plan, &f->e), 0);
	f->plan->unknown_refused = true;
	assert_int_equal(seccomp_check_names(f->plan, &f->e), -1);
	assert_int_equal(f->e.kind, ERR_CONFIG);
	assert_true(str_has_prefix(f->e.text, "linux.seccomp.syscalls[1].names[1]: libseccomp "));
	assert_non_null(strstr(f->e.text, "does not know \"no\\u001bcall\" (annotation "
					  "run.oci.seccomp_fail_unknown_syscall)"));
	assert_int_equal(seccomp_program_make(f->plan, NULL, &f->arena, &f->program, &f->e), -1);
	/* one that another architecture has, and this one not, is known */
	assert_int_equal(plan(f,
			      "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':"
			      "['mkdir','stat64','arm_fadvise64_64'],'action':'SCMP_ACT_LOG'}]}"),
			 0);
	f->plan->unknown_refused = true;
	assert_int_equal(seccomp_check_names(f->plan, &f->e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(each_action_has_its_answer),
		TEST(error_numbers_are_those_of_the_profile),
		TEST(each_operator_on_all_bits),
		TEST(conditions_on_different_arguments_must_all_hold),
		TEST(several_conditions_on_one_argument_are_several_rules),
		TEST(newer_calls_do_not_exist),
		TEST(flags_are_those_of_the_profile),
		TEST(refusals_name_the_member),
		TEST(an_engines_profile_answers_as_it_reads),
		TEST(a_ready_program_is_taken_as_it_is),
		TEST(a_ready_program_must_not_ask_about_what_hands_it_over),
		TEST(unknown_names_are_refused_where_that_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

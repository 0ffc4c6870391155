/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy's own filter of both fences: what it answers, alone and in front of a profile, by a small interpreter. Runs
 * anywhere, without root.
 */
#include "base/auto.h"
#include "bpf.h"
#include "plan/seccomp.h"
#include "seccomp/parts.h"

#include <linux/audit.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/syscall.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PIDFD_GETFD 438
#define X32 0x40000000
#define REFUSED (SECCOMP_RET_ERRNO | EPERM)
#define UNKNOWN (SECCOMP_RET_ERRNO | ENOPROTOOPT)
#define ALLOWED SECCOMP_RET_ALLOW

static const uint32_t machines[] = {
	AUDIT_ARCH_X86_64,  AUDIT_ARCH_I386,    AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM,
	AUDIT_ARCH_PPC64LE, AUDIT_ARCH_RISCV64, AUDIT_ARCH_S390X,
};
static const struct confinement refused = { .lock = LOCK_OPEN, .peer_descriptors = PEERS_REFUSED };
static const struct confinement locked = { .lock = LOCK_STRICT, .peer_descriptors = PEERS_OPEN };
static const struct confinement both = { .lock = LOCK_STRICT, .peer_descriptors = PEERS_REFUSED };
static const struct confinement open_ = { .lock = LOCK_OPEN, .peer_descriptors = PEERS_OPEN };

static uint32_t ask(const struct seccomp_program *program, uint32_t machine, int number)
{
	const struct seccomp_data data = { .nr = number, .arch = machine };

	assert_true(bpf_is_valid(program->v, program->n));
	return bpf_run(program->v, program->n, &data);
}

/* The numbers of what this architecture and those beside it take. */
static const struct {
	uint32_t machine;
	int handle, get_option, set_option, unshare, clone, setns;
} calls[] = {
#if defined(__x86_64__)
	{ AUDIT_ARCH_X86_64, 304, 55, 54, 272, 56, 308 },
	{ AUDIT_ARCH_X86_64, X32 | 304, X32 | 542, X32 | 541, X32 | 272, X32 | 56, X32 | 308 },
	{ AUDIT_ARCH_I386, 342, 365, 366, 310, 120, 346 },
#elif defined(__aarch64__)
	{ AUDIT_ARCH_AARCH64, 265, 209, 208, 97, 220, 268 },
	{ AUDIT_ARCH_ARM, 371, 295, 294, 337, 120, 375 },
#endif
};

static uint32_t ask_option(const struct seccomp_program *program, uint32_t machine, int number,
			   uint64_t level, uint64_t option)
{
	const struct seccomp_data data = {
		.nr = number,
		.arch = machine,
		.args = { 3, level, option },
	};

	return bpf_run(program->v, program->n, &data);
}

static void must_refuse(const struct seccomp_program *program)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		assert_int_equal(ask(program, machines[i], PIDFD_GETFD), REFUSED);
	assert_int_equal(ask(program, AUDIT_ARCH_X86_64, X32 | PIDFD_GETFD), REFUSED);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		const uint32_t machine = calls[i].machine;
		const int get = calls[i].get_option, set = calls[i].set_option;

		assert_int_equal(ask(program, machine, calls[i].handle), REFUSED);
		assert_int_equal(ask_option(program, machine, get, 1, 77), UNKNOWN);
		assert_int_equal(ask_option(program, machine, set, 1, 76), UNKNOWN);
		/* an int is 32 bits, whatever is above them */
		assert_int_equal(ask_option(program, machine, get, 7ULL << 32 | 1, 9ULL << 32 | 77),
				 UNKNOWN);
	}
}

static bool is_handle(uint32_t machine, int number)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].machine == machine && calls[i].handle == number)
			return true;
	return false;
}

static void make(const struct plan_seccomp *plan, const struct confinement *confinement,
		 struct arena *arena, struct seccomp_programs *ret)
{
	struct err e;

	if (seccomp_programs_make(plan, confinement, NULL, arena, ret, &e) < 0)
		fail_msg("%s", e.text);
}

/* SO_PEERCRED, SO_PASSCRED, SO_PASSPIDFD to be read, and the same numbers of another level. */
static void other_options_are_let_through(void **state)
{
	autoarena arena = { 0 };
	struct seccomp_programs programs;

	(void)state;
	make(NULL, &refused, &arena, &programs);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		for (uint64_t level = 0; level < 50; level++)
			for (uint64_t option = 0; option < 100; option++) {
				assert_int_equal(ask_option(&programs.v[0], calls[i].machine,
							    calls[i].get_option, level, option),
						 level == 1 && option == 77 ? UNKNOWN : ALLOWED);
				assert_int_equal(ask_option(&programs.v[0], calls[i].machine,
							    calls[i].set_option, level, option),
						 level == 1 && option == 76 ? UNKNOWN : ALLOWED);
			}
}

/* Classic BPF begins with nothing in the accumulator, and a program may count on that. */
static void what_comes_behind_begins_as_if_alone(void **state)
{
	static const struct sock_filter first[] = {
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	autoarena arena = { 0 };
	struct plan_seccomp plan = { 0 };
	struct seccomp_programs programs;

	(void)state;
	plan.program.v = arena_new_array(&arena, struct sock_filter, ARRAY_SIZE(first));
	memcpy(plan.program.v, first, sizeof(first));
	plan.program.n = ARRAY_SIZE(first);
	make(&plan, &refused, &arena, &programs);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		for (int number = 0; number < 600; number++)
			if (number != PIDFD_GETFD && !is_handle(calls[i].machine, number))
				assert_int_equal(ask(&programs.v[0], calls[i].machine, number),
						 ALLOWED);
}

static void alone_it_refuses_a_few_calls(void **state)
{
	autoarena arena = { 0 };
	struct seccomp_programs programs;

	(void)state;
	make(NULL, &refused, &arena, &programs);
	assert_int_equal(programs.n, 1);
	assert_string_equal(programs.v[0].policy_keys, "network.peerDescriptors");
	assert_true(!programs.notify && programs.lets_capset);
	must_refuse(&programs.v[0]);
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		for (int number = 0; number < 600; number++)
			if (number != PIDFD_GETFD && !is_handle(machines[i], number))
				assert_int_equal(ask(&programs.v[0], machines[i], number),
						 SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&programs.v[0], AUDIT_ARCH_X86_64, -1), SECCOMP_RET_ALLOW);
}

static void without_the_key_there_is_no_program(void **state)
{
	const struct confinement old = { 0 };
	autoarena arena = { 0 };
	struct seccomp_programs programs;

	(void)state;
	make(NULL, &open_, &arena, &programs);
	assert_int_equal(programs.n, 0);
	make(NULL, &old, &arena, &programs);
	assert_int_equal(programs.n, 0);
}

static struct plan_seccomp profile(int default_action, const char *name, int action,
				   struct arena *arena)
{
	struct plan_seccomp_rule *rule = arena_new(arena, struct plan_seccomp_rule);
	char **names = arena_new_array(arena, char *, 1);

	names[0] = arena_strdup(arena, name);
	*rule = (struct plan_seccomp_rule){ .names = { .n = 1, .v = names },
					    .action = action,
					    .value = 77 };
	return (struct plan_seccomp){ .default_action = default_action,
				      .default_value = 77,
				      .rules = { .n = 1, .v = rule } };
}

static void in_front_of_a_profile_it_is_one_program(void **state)
{
	autoarena arena = { 0 };
	struct plan_seccomp plan = profile(SPEC_ACT_ALLOW, "getpgid", SPEC_ACT_ERRNO, &arena);
	struct seccomp_programs programs, plain;

	(void)state;
	make(&plan, &refused, &arena, &programs);
	make(&plan, &open_, &arena, &plain);
	assert_int_equal(programs.n, 1);
	assert_int_equal(plain.n, 1);
	assert_null(programs.v[0].policy_keys);
	must_refuse(&programs.v[0]);
	/* all else is the profile's */
	for (int number = 0; number < 600; number++)
		if (number != PIDFD_GETFD && !is_handle(AUDIT_ARCH_X86_64, number))
			assert_int_equal(
				ask(&programs.v[0], seccomp_audit_of(AUDIT_ARCH_X86_64), number),
				ask(&plain.v[0], AUDIT_ARCH_X86_64, number));
}

static void what_answers_in_place_of_capset_is_seen(void **state)
{
	autoarena arena = { 0 };
	struct plan_seccomp killing = profile(SPEC_ACT_ALLOW, "capset", SPEC_ACT_KILL, &arena);
	struct plan_seccomp strict = profile(SPEC_ACT_ERRNO, "getpgid", SPEC_ACT_ALLOW, &arena);
	struct plan_seccomp logging = profile(SPEC_ACT_ALLOW, "capset", SPEC_ACT_LOG, &arena);
	struct seccomp_programs programs;

	(void)state;
	make(&killing, &refused, &arena, &programs);
	assert_false(programs.lets_capset);
	make(&strict, &refused, &arena, &programs);
	assert_false(programs.lets_capset);
	make(&logging, &refused, &arena, &programs);
	assert_true(programs.lets_capset);
}

/* The longest that the kernel takes comes behind it as a program of its own. */
static void a_program_without_room_is_loaded_by_itself(void **state)
{
	autoarena arena = { 0 };
	struct plan_seccomp plan = { 0 };
	struct seccomp_programs programs;

	(void)state;
	plan.program.v = arena_new_array(&arena, struct sock_filter, BPF_MAXINSNS);
	for (size_t n = 1; n <= BPF_MAXINSNS; n += n < 4000 ? 1000 : 1) {
		for (size_t i = 0; i < n; i++)
			plan.program.v[i] =
				(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
		plan.program.n = n;
		make(&plan, &refused, &arena, &programs);
		for (size_t i = 0; i < programs.n; i++)
			assert_true(programs.v[i].n <= BPF_MAXINSNS);
		must_refuse(&programs.v[0]);
		if (programs.n == 2)
			assert_int_equal(programs.v[1].n, n);
	}
	assert_int_equal(programs.n, 2);
	assert_true(programs.v[0].policy_keys && !programs.v[1].policy_keys);
}

/* --- all of it, by its description --- */

#define MISSING (SECCOMP_RET_ERRNO | ENOSYS)
#define AWAY (CLONE_NEWNET | CLONE_NEWUSER)

static bool is_number(int number, int newer)
{
	return number == newer || number == (X32 | newer);
}

static uint32_t lock_says(uint32_t machine, int number, const __u64 *args)
{
	bool known = false, away = false, leads = false;

	if (is_number(number, 435))
		return MISSING;
	if (is_number(number, 425))
		return REFUSED;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i].machine != machine)
			continue;
		known = true;
		away |= number == calls[i].setns;
		leads |= number == calls[i].unshare || number == calls[i].clone;
	}
	if (!known)
		return MISSING;
	return away || (leads && (uint32_t)args[0] & AWAY) ? REFUSED : ALLOWED;
}

static uint32_t peers_say(uint32_t machine, int number, const __u64 *args)
{
	bool on_socket = (uint32_t)args[1] == 1;

	if (is_number(number, PIDFD_GETFD))
		return REFUSED;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i].machine != machine)
			continue;
		if (number == calls[i].handle)
			return REFUSED;
		if (on_socket && ((number == calls[i].get_option && (uint32_t)args[2] == 77) ||
				  (number == calls[i].set_option && (uint32_t)args[2] == 76)))
			return UNKNOWN;
	}
	return ALLOWED;
}

static uint32_t says(const struct confinement *confinement, uint32_t machine, int number,
		     const __u64 *args)
{
	uint32_t answer = ALLOWED;

	if (confinement->peer_descriptors == PEERS_REFUSED)
		answer = peers_say(machine, number, args);
	if (answer == ALLOWED && confinement->lock == LOCK_STRICT)
		answer = lock_says(machine, number, args);
	return answer;
}

static void answers_as_said(const struct confinement *confinement,
			    const struct seccomp_program *program, uint32_t machine, int number)
{
	/* what flags there are by themselves, two together, of 64 bits, negative; options of sockets */
	static const uint64_t more[] = {
		CLONE_NEWNS | CLONE_NEWUSER,
		CLONE_NEWNET | 17,
		CLONE_NEWNS | CLONE_NEWPID | 17,
		7ULL << 32 | CLONE_NEWNET,
		7ULL << 32,
		UINT64_MAX,
		~(uint64_t)AWAY,
	};
	static const uint64_t options[] = { 16, 17, 76, 77, 7ULL << 32 | 76, 7ULL << 32 | 77 };
	struct seccomp_data data = { .nr = number, .arch = machine };

	for (size_t i = 0; i < 64 + ARRAY_SIZE(more); i++) {
		data.args[0] = i < 64 ? UINT64_C(1) << i : more[i - 64];
		data.args[1] = i % 3;
		data.args[2] = options[i % ARRAY_SIZE(options)];
		assert_int_equal(bpf_run(program->v, program->n, &data),
				 says(confinement, machine, number, data.args));
	}
}

static void each_call_is_answered_as_said(void **state)
{
	static const struct confinement *const of[] = { &refused, &locked, &both };

	(void)state;
	/* others have no table here */
	if (ARRAY_SIZE(calls) == 0)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(of); i++) {
		autoarena arena = { 0 };
		struct seccomp_programs programs;

		make(NULL, of[i], &arena, &programs);
		assert_int_equal(programs.n, 1);
		assert_true(bpf_is_valid(programs.v[0].v, programs.v[0].n));
		for (size_t m = 0; m < ARRAY_SIZE(machines); m++)
			for (int number = -1; number < 600; number++) {
				answers_as_said(of[i], &programs.v[0], machines[m], number);
				answers_as_said(of[i], &programs.v[0], machines[m], X32 | number);
			}
	}
}

/* As the kernel looks when it loads a program, for the numbers about which it never runs it (kernel/seccomp.c,
 * seccomp_is_const_allow()). */
static bool never_runs(const struct seccomp_program *program, uint32_t machine, int number)
{
	uint32_t accumulator = 0;

	for (size_t i = 0; i < program->n; i++) {
		const struct sock_filter *at = &program->v[i];

		switch (at->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (at->k == offsetof(struct seccomp_data, nr))
				accumulator = (uint32_t)number;
			else if (at->k == offsetof(struct seccomp_data, arch))
				accumulator = machine;
			else
				return false;
			break;
		case BPF_RET | BPF_K:
			return at->k == SECCOMP_RET_ALLOW;
		case BPF_ALU | BPF_AND | BPF_K:
			accumulator &= at->k;
			break;
		case BPF_JMP | BPF_JA:
			i += at->k;
			break;
		default:
			i += bpf_condition(at, accumulator) ? at->jt : at->jf;
		}
	}
	return false;
}

static void what_is_let_through_by_its_number_is_not_run(void **state)
{
	autoarena arena = { 0 };
	struct seccomp_programs programs;

	(void)state;
	make(NULL, &both, &arena, &programs);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		/* of x32 it does not look */
		if (calls[i].setns & X32)
			continue;
		for (int number = 0; number < 425; number++)
			assert_int_equal(
				never_runs(&programs.v[0], calls[i].machine, number),
				number != calls[i].get_option && number != calls[i].set_option &&
					number != calls[i].unshare && number != calls[i].clone &&
					number != calls[i].setns && number != calls[i].handle);
	}
}

/* Of the profile's program all is there behind both fences, and nothing of what they refuse. */
static void both_fences_in_front_of_a_profile(void **state)
{
	static const __u64 args[6] = { CLONE_NEWNET };
	autoarena arena = { 0 };
	struct plan_seccomp plan = profile(SPEC_ACT_ALLOW, "getpgid", SPEC_ACT_ERRNO, &arena);
	struct seccomp_programs programs, plain;
	uint32_t native = seccomp_audit_of(seccomp_arch_native());

	(void)state;
	make(&plan, &both, &arena, &programs);
	make(&plan, &open_, &arena, &plain);
	assert_int_equal(programs.n, 1);
	assert_true(bpf_is_valid(programs.v[0].v, programs.v[0].n));
	for (int number = 0; number < 600; number++) {
		const struct seccomp_data data = { .nr = number,
						   .arch = native,
						   .args = { CLONE_NEWNET } };
		uint32_t fence = says(&both, native, number, args);

		assert_int_equal(bpf_run(programs.v[0].v, programs.v[0].n, &data),
				 fence == ALLOWED ? bpf_run(plain.v[0].v, plain.v[0].n, &data)
						  : fence);
	}
}

static void the_keys_are_named(void **state)
{
	(void)state;
	assert_null(confinement_filter_keys(&open_));
	assert_null(confinement_filter_keys(&(const struct confinement){ 0 }));
	assert_string_equal(confinement_filter_keys(&refused), "network.peerDescriptors");
	assert_string_equal(confinement_filter_keys(&locked), "network.lock");
	assert_string_equal(confinement_filter_keys(&both),
			    "network.lock and network.peerDescriptors");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alone_it_refuses_a_few_calls),
		cmocka_unit_test(other_options_are_let_through),
		cmocka_unit_test(what_comes_behind_begins_as_if_alone),
		cmocka_unit_test(without_the_key_there_is_no_program),
		cmocka_unit_test(in_front_of_a_profile_it_is_one_program),
		cmocka_unit_test(what_answers_in_place_of_capset_is_seen),
		cmocka_unit_test(a_program_without_room_is_loaded_by_itself),
		cmocka_unit_test(each_call_is_answered_as_said),
		cmocka_unit_test(what_is_let_through_by_its_number_is_not_run),
		cmocka_unit_test(both_fences_in_front_of_a_profile),
		cmocka_unit_test(the_keys_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

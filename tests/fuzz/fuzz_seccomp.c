/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: bytes -> a profile (every action, operator, architecture, some names) -> plan -> program. The
 * kernel would take what comes out, and every system call gets an answer that the profile has, or the one
 * of a call that does not exist.
 */
#include "../unit/bpf.h"
#include "base/auto.h"
#include "plan/seccomp.h"
#include "seccomp/program.h"

#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libseccomp's own allocator: some contradicting rules leave nodes behind in it (2.5.4). The runtime makes
 * one program and ends. */
const char *__lsan_default_suppressions(void)
{
	return "leak:zmalloc\n";
}

static const char *const names[] = {
	"read",         "write",   "openat",     "clone",  "clone3",     "personality",
	"mkdir",        "socket",  "socketcall", "ipc",    "semtimedop", "cacheflush",
	"no_such_call", "openat2", "shmat",      "stat64",
};
static const char *const architectures[] = {
	"SCMP_ARCH_X86",     "SCMP_ARCH_X86_64", "SCMP_ARCH_X32",         "SCMP_ARCH_ARM",
	"SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_RISCV64",
};

struct input {
	const uint8_t *data;
	size_t size;
};

static uint8_t take(struct input *in)
{
	if (in->size == 0)
		return 0;
	in->size--;
	return *in->data++;
}

static uint64_t take_number(struct input *in)
{
	static const uint64_t edges[] = { 0,          1,           0x7fffffff, 0x80000000,
					  0xffffffff, 0x100000000, UINT64_MAX };
	uint8_t byte = take(in);

	return byte < ARRAY_SIZE(edges) ? edges[byte] : (uint64_t)byte << take(in) % 57;
}

static void must(bool condition)
{
	if (!condition)
		abort();
}

static int take_action(struct input *in, struct opt_u32 *ret_errno)
{
	int action = SPEC_ACT_KILL + take(in) % 9;

	if (action == SPEC_ACT_ERRNO || action == SPEC_ACT_TRACE) {
		ret_errno->set = take(in) & 1;
		ret_errno->value = ret_errno->set ? take(in) : 0;
	}
	return action;
}

static char **take_names(struct input *in, const char *const *from, size_t n, struct arena *arena,
			 size_t *ret_n)
{
	size_t count = take(in) % 5;
	char **v = arena_new_array(arena, char *, count + 1);

	for (size_t i = 0; i < count; i++)
		v[i] = arena_strdup(arena, from[take(in) % n]);
	*ret_n = count;
	return v;
}

static struct spec_seccomp *take_profile(struct input *in, struct arena *arena)
{
	struct spec_seccomp *profile = arena_new(arena, struct spec_seccomp);

	profile->default_action = take_action(in, &profile->default_errno_ret);
	if (profile->default_action == SPEC_ACT_NOTIFY)
		profile->default_action = SPEC_ACT_ALLOW;
	profile->architectures.v = take_names(in, architectures, ARRAY_SIZE(architectures), arena,
					      &profile->architectures.n);
	profile->syscalls.n = take(in) % 6;
	profile->syscalls.v = arena_new_array(arena, struct spec_seccomp_rule, 6);
	for (size_t i = 0; i < profile->syscalls.n; i++) {
		struct spec_seccomp_rule *rule = &profile->syscalls.v[i];

		rule->action = take_action(in, &rule->errno_ret);
		rule->names.v = take_names(in, names, ARRAY_SIZE(names), arena, &rule->names.n);
		rule->args.n = take(in) % 4;
		rule->args.v = arena_new_array(arena, struct spec_seccomp_arg, 4);
		for (size_t j = 0; j < rule->args.n; j++)
			rule->args.v[j] = (struct spec_seccomp_arg){
				.index = take(in) % 7, /* one too many: to be refused */
				.op = SPEC_CMP_NE + take(in) % 7,
				.value = take_number(in),
				.value_two = { .set = true, .value = take_number(in) },
			};
	}
	return profile;
}

static uint32_t answer_of(int action, uint32_t value)
{
	static const uint32_t answers[] = {
		[SPEC_ACT_KILL] = SECCOMP_RET_KILL_THREAD,
		[SPEC_ACT_KILL_PROCESS] = SECCOMP_RET_KILL_PROCESS,
		[SPEC_ACT_KILL_THREAD] = SECCOMP_RET_KILL_THREAD,
		[SPEC_ACT_TRAP] = SECCOMP_RET_TRAP,
		[SPEC_ACT_ERRNO] = SECCOMP_RET_ERRNO,
		[SPEC_ACT_TRACE] = SECCOMP_RET_TRACE,
		[SPEC_ACT_ALLOW] = SECCOMP_RET_ALLOW,
		[SPEC_ACT_LOG] = SECCOMP_RET_LOG,
		[SPEC_ACT_NOTIFY] = SECCOMP_RET_USER_NOTIF,
	};

	return answers[action] | value;
}

static void check_answer(const struct plan_seccomp *plan, const struct seccomp_program *program,
			 const struct seccomp_data *data)
{
	uint32_t answer = bpf_run(program->v, program->n, data);
	bool found = answer == answer_of(plan->default_action, plan->default_value) ||
		     answer == (SECCOMP_RET_ERRNO | ENOSYS) ||
		     answer == SECCOMP_RET_KILL_THREAD; /* of another architecture */

	for (size_t i = 0; i < plan->rules.n; i++)
		found |= answer == answer_of(plan->rules.v[i].action, plan->rules.v[i].value);
	must(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input in = { bytes, size };
	autoarena arena = { 0 };
	struct spec_seccomp *profile = take_profile(&in, &arena);
	struct plan_seccomp *plan = NULL;
	struct seccomp_program program = { 0 };
	struct err e = { 0 };

	if (plan_seccomp_from_spec(profile, &arena, &plan, &e) < 0 ||
	    seccomp_program_make(plan, NULL, &arena, &program, &e) < 0) {
		must(e.kind != ERR_NONE && e.text[0] && program.n == 0);
		return 0;
	}
	must(bpf_is_valid(program.v, program.n));
	for (uint32_t number = 0; number < 500; number += 7) {
		struct seccomp_data data = {
			.nr = (int)(number | (take(&in) & 1 ? 0x40000000u : 0)),
			.arch = take(&in) & 1 ? 0xc000003e : 0x40000003,
			.args = { take_number(&in), take_number(&in) },
		};
		check_answer(plan, &program, &data);
	}
	return 0;
}

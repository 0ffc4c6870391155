/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shorter program says what libseccomp's says: of the profiles of engines, of generated rules, and of programs
 * that nothing but chance has made. Runs anywhere, without root; with DISTRO_SHIM_SHARED also over recorded bundles.
 */
#include "seccomp_fixture.h"

#include "bpf_compare.h"
#include "seccomp/flow.h"
#include "seccomp/parts.h"

#include <endian.h>
#include <ftw.h>
#include <sys/wait.h>
#include <unistd.h>

#define NATIVE seccomp_audit_of(seccomp_arch_native())

static struct compare_program as_compared(const struct seccomp_program *program)
{
	return (struct compare_program){ program->v, program->n };
}

/* Brings it into ranges; the same program if there are none. */
static struct seccomp_program must_stay(const struct seccomp_program *program, bool strange,
					struct arena *arena, const char *what)
{
	struct seccomp_program ranges = *program;
	char *difference;

	seccomp_to_ranges(NATIVE, arena, &ranges);
	if (ranges.v == program->v) {
		assert_int_equal(ranges.n, program->n);
		return ranges;
	}
	assert_true(ranges.n < program->n);
	assert_true(bpf_is_valid(ranges.v, ranges.n));
	difference = compare_programs(as_compared(program), as_compared(&ranges), strange);
	if (difference)
		fail_msg("%s: %s", what, difference);
	return ranges;
}

/* In a child, because libseccomp may take for ever over what chance has made. False: not compiled. */
static bool compile_plan(struct fixture *f, struct seccomp_program *ret)
{
	autofree char *bytes = NULL;
	size_t length;
	int ends[2], status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(10);
		if (seccomp_compile(f->plan, &f->arena, ret, &f->e) < 0)
			_exit(1);
		_exit(write_fd_all(ends[1], "program", ret->v, ret->n * sizeof(*ret->v), &f->e) <
		      0);
	}
	close(ends[1]);
	assert_int_equal(read_fd_all(ends[0], "program", 16 << 20, &bytes, &length, &f->e), 0);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		return false;
	*ret = (struct seccomp_program){ .n = length / sizeof(*ret->v) };
	ret->v = arena_new_array(&f->arena, struct sock_filter, ret->n);
	memcpy(ret->v, bytes, length);
	return true;
}

/* --- profiles --- */

static void an_engines_profile_is_short(void **state)
{
	struct fixture *f = *state;
	struct seccomp_program whole;
	char *profile = engine_profile(f);

	assert_int_equal(plan(f, profile), 0);
	assert_true(compile_plan(f, &whole));
	must_stay(&whole, false, &f->arena, "podman.json");
	/* what is loaded is the short one */
	must_compile(f, profile);
	if (seccomp_arch_native() != SCMP_ARCH_X86_64) {
		print_message("the number of instructions is known of x86_64 alone\n");
		return;
	}
	if (f->program.n > 300)
		fail_msg("%zu instructions of %zu", f->program.n, whole.n);
}

/* As libseccomp has it, the kernel would not take it. */
static void a_profile_of_many_architectures_is_not_too_long(void **state)
{
	static const char few[] = "\"SCMP_ARCH_X32\"";
	struct fixture *f = *state;
	char *profile = engine_profile(f), *at = strstr(profile, few);
	struct seccomp_program whole;

	if (seccomp_arch_native() != SCMP_ARCH_X86_64) {
		print_message("needs a machine of x86_64\n");
		skip();
	}
	assert_non_null(at);
	profile =
		arena_printf(&f->arena,
			     "%.*s,'SCMP_ARCH_AARCH64','SCMP_ARCH_ARM','SCMP_ARCH_MIPSEL',"
			     "'SCMP_ARCH_MIPSEL64','SCMP_ARCH_MIPSEL64N32','SCMP_ARCH_PPC64LE',"
			     "'SCMP_ARCH_RISCV64'%s",
			     (int)(at + sizeof(few) - 1 - profile), profile, at + sizeof(few) - 1);
	assert_int_equal(plan(f, profile), 0);
	assert_true(compile_plan(f, &whole));
	assert_true(whole.n > BPF_MAXINSNS);
	must_stay(&whole, false, &f->arena, "many architectures");
	must_compile(f, profile);
	assert_true(f->program.n < 1000);
}

static struct fixture *seen_by; /* nftw(3) has no argument for it */
static struct seccomp_program seen[64];
static size_t seen_n, files_n;

static void see_profile(const struct spec_seccomp *profile, const char *path)
{
	struct fixture *f = seen_by;
	struct seccomp_program whole;

	if (!profile || plan_seccomp_from_spec(profile, &f->arena, &f->plan, &f->e) < 0 ||
	    !f->plan || !compile_plan(f, &whole))
		return;
	files_n++;
	for (size_t i = 0; i < seen_n; i++) {
		if (seen[i].n == whole.n &&
		    memcmp(seen[i].v, whole.v, whole.n * sizeof(*whole.v)) == 0)
			return;
	}
	assert_true(seen_n < ARRAY_SIZE(seen));
	seen[seen_n++] = whole;
	must_stay(&whole, false, &f->arena, path);
}

static int see_file(const char *path, const struct stat *st, int type, struct FTW *where)
{
	autofree char *text = NULL;
	struct spec *spec;
	size_t length;

	(void)st, (void)where;
	if (type == FTW_F && str_has_suffix(path, ".json") &&
	    read_file_at(AT_FDCWD, path, 4 << 20, &text, &length, &seen_by->e) == 0 &&
	    spec_decode_text(text, length, path, &seen_by->arena, &spec, &seen_by->e) == 0 &&
	    spec->linux_)
		see_profile(spec->linux_->seccomp, path);
	return 0;
}

static void see_tree(struct fixture *f, const char *directory)
{
	seen_by = f;
	seen_n = files_n = 0;
	assert_int_equal(nftw(directory, see_file, 16, FTW_PHYS), 0);
	print_message("%zu filters of %zu profiles\n", seen_n, files_n);
}

static void configurations_stay_what_they_are(void **state)
{
	struct fixture *f = *state;
	const char *source = getenv("DISTRO_SHIM_SOURCE");

	see_tree(f, arena_printf(&f->arena, "%s/tests/data/config/good",
				 str_empty(source) ? "." : source));
	assert_true(seen_n >= 4);
}

static void recorded_bundles_stay_what_they_are(void **state)
{
	struct fixture *f = *state;
	const char *shared = getenv("DISTRO_SHIM_SHARED");
	const char *samples = arena_printf(&f->arena, "%s/samples", shared ? shared : "");

	if (str_empty(shared) || access(samples, R_OK) < 0) {
		print_message("needs DISTRO_SHIM_SHARED with recorded bundles\n");
		skip();
	}
	see_tree(f, samples);
	assert_true(seen_n >= 3);
}

/* --- generated rules --- */

static const char *pick(uint64_t *random, const char *const *from, size_t n)
{
	return from[compare_random(random) % n];
}

static uint64_t random_value(uint64_t *random)
{
	static const uint64_t edges[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000 };
	uint64_t wide = (uint64_t)compare_random(random) << 32 | compare_random(random);

	switch (compare_random(random) % 3) {
	case 0:
		return edges[compare_random(random) % ARRAY_SIZE(edges)];
	case 1:
		return wide & 0xff;
	default:
		return wide & 0x7fffffffffffffff;
	}
}

static void add_names(struct strbuf *text, uint64_t *random)
{
	uint32_t n = 1 + compare_random(random) % 12;
	const char *separator = "";

	/* "brk" if there is none of that number, so that there is always one */
	strbuf_puts(text, "'names':[");
	for (uint32_t i = 0; i < n; i++) {
		autofree char *name = seccomp_syscall_resolve_num_arch(
			seccomp_arch_native(), (int)(compare_random(random) % 460));

		strbuf_printf(text, "%s'%s'", separator, name ? name : "brk");
		separator = ",";
	}
	strbuf_puts(text, "]");
}

static void add_action(struct strbuf *text, uint64_t *random, const char *action)
{
	static const char *const actions[] = { "ALLOW", "ALLOW",        "ERRNO", "ERRNO", "LOG",
					       "KILL",  "KILL_PROCESS", "TRAP",  "TRACE" };
	const char *name = pick(random, actions, ARRAY_SIZE(actions));

	strbuf_printf(text, "'%s':'SCMP_ACT_%s'", action, name);
	if (str_eq(name, "ERRNO") || str_eq(name, "TRACE"))
		strbuf_printf(text, ",'%s':%u",
			      str_eq(action, "action") ? "errnoRet" : "defaultErrnoRet",
			      compare_random(random) % 200);
}

static void add_conditions(struct strbuf *text, uint64_t *random)
{
	static const char *const operators[] = { "NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ" };
	uint32_t n = compare_random(random) % 4;

	strbuf_puts(text, ",'args':[");
	for (uint32_t i = 0; i < n; i++) {
		uint64_t value = random_value(random);

		strbuf_printf(text,
			      "%s{'index':%u,'value':%llu,'valueTwo':%llu,'op':'SCMP_CMP_%s'}",
			      i ? "," : "", compare_random(random) % 6, (unsigned long long)value,
			      (unsigned long long)(random_value(random) & value),
			      pick(random, operators, ARRAY_SIZE(operators)));
	}
	strbuf_puts(text, "]");
}

static char *random_profile(struct arena *arena, uint64_t *random)
{
	static const char *const architectures[] = { "X86_64", "X86",     "X32",        "AARCH64",
						     "ARM",    "RISCV64", "MIPSEL64N32" };
	autostrbuf text = { 0 };
	uint32_t rules = 1 + compare_random(random) % 20;
	const char *separator = "";

	strbuf_puts(&text, "{");
	add_action(&text, random, "defaultAction");
	strbuf_puts(&text, ",'architectures':[");
	for (size_t i = 0; i < ARRAY_SIZE(architectures); i++) {
		/* a profile has architectures of the byte order of the machine alone */
		if (compare_random(random) % 3 || __BYTE_ORDER != __LITTLE_ENDIAN)
			continue;
		strbuf_printf(&text, "%s'SCMP_ARCH_%s'", separator, architectures[i]);
		separator = ",";
	}
	strbuf_puts(&text, "],'syscalls':[");
	for (uint32_t i = 0; i < rules; i++) {
		strbuf_puts(&text, i ? ",{" : "{");
		add_names(&text, random);
		strbuf_puts(&text, ",");
		add_action(&text, random, "action");
		if (compare_random(random) % 2)
			add_conditions(&text, random);
		strbuf_puts(&text, "}");
	}
	strbuf_puts(&text, "]}");
	return arena_strdup(arena, strbuf_text(&text));
}

static void generated_rules_stay_what_they_are(void **state)
{
	enum { PROFILES = 120 };
	struct fixture *f = *state;
	size_t compiled = 0, shorter = 0;

	for (uint64_t seed = 1; seed <= PROFILES; seed++) {
		uint64_t random = seed * 7919;
		char *profile = random_profile(&f->arena, &random);
		struct seccomp_program whole, ranges;

		if (plan(f, profile) < 0)
			fail_msg("%s: %s", profile, f->e.text);
		if (!compile_plan(f, &whole))
			continue;
		compiled++;
		ranges = must_stay(&whole, false, &f->arena, profile);
		shorter += ranges.n < whole.n;
	}
	print_message("%zu of %zu are shorter\n", shorter, compiled);
	/* libseccomp refuses rules that contradict each other */
	assert_true(compiled >= PROFILES / 4);
	assert_true(shorter >= compiled * 3 / 4);
}

/* --- any program --- */

static struct sock_filter random_jump(uint64_t *random, uint32_t left, uint32_t k)
{
	static const uint16_t conditions[] = { BPF_JEQ, BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET };
	uint32_t near = left < 256 ? left : 256;
	uint16_t op = conditions[compare_random(random) % ARRAY_SIZE(conditions)];

	if (compare_random(random) % 8 == 0)
		return (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA,
						    compare_random(random) % left);
	return (struct sock_filter)BPF_JUMP(BPF_JMP | op | BPF_K, k,
					    (uint8_t)(compare_random(random) % near),
					    (uint8_t)(compare_random(random) % near));
}

/* Any that the kernel would take, of the instructions that libseccomp uses; few constants and few answers, so that
 * there is something to save. */
static void random_program(uint64_t *random, struct seccomp_program *ret)
{
	static const uint32_t constants[] = { 0,          1,          2,          3,
					      7,          8,          40,         0x40000000,
					      0x80000000, 0xc0000000, 0xc000003e, 0xfffffffe,
					      0xffffffff };
	static const uint32_t offsets[] = { 0, 0, 0, 4, 4, 8, 16, 20, 60 };

	for (size_t i = 0; i < ret->n; i++) {
		uint32_t k = constants[compare_random(random) % ARRAY_SIZE(constants)];
		uint32_t kind = compare_random(random) % 16;
		struct sock_filter one =
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (compare_random(random) % 4));

		if (i + 1 == ret->n)
			; /* as it is */
		else if (i == 0 || kind < 4)
			one = (struct sock_filter)BPF_STMT(
				BPF_LD | BPF_W | BPF_ABS,
				offsets[compare_random(random) % ARRAY_SIZE(offsets)]);
		else if (kind == 4)
			one = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, k);
		else if (kind < 14)
			one = random_jump(random, (uint32_t)(ret->n - i - 1), k);
		ret->v[i] = one;
	}
}

static void any_program_stays_what_it_is(void **state)
{
	enum { PROGRAMS = 2000 };
	struct sock_filter space[200];
	size_t shorter = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= PROGRAMS; seed++) {
		autoarena arena = { 0 };
		uint64_t random = seed * 104729;
		struct seccomp_program program = { .v = space };
		char what[32];

		program.n = 1 + compare_random(&random) % (seed % 20 ? 40 : ARRAY_SIZE(space));
		random_program(&random, &program);
		assert_true(bpf_is_valid(program.v, program.n));
		snprintf(what, sizeof(what), "seed %u", (unsigned)seed);
		shorter += must_stay(&program, true, &arena, what).n < program.n;
	}
	print_message("%zu of %d are shorter\n", shorter, PROGRAMS);
	assert_true(shorter > PROGRAMS / 4);
}

/* Each number in a chain, with an answer or a look at an argument, all far behind: nothing is within the reach of a
 * condition by itself. */
static void what_is_far_away_is_reached(void **state)
{
	enum { NUMBERS = 900, PLACES = 40, BLOCK = 12 };
	enum { CHAIN = 3 * NUMBERS + 1, LENGTH = CHAIN + PLACES * BLOCK };
	struct fixture *f = *state;
	struct sock_filter *v = arena_new_array(&f->arena, struct sock_filter, LENGTH);
	struct seccomp_program program = { .n = LENGTH, .v = v };
	uint64_t random = 5;
	size_t n = 0;

	for (uint32_t i = 0; i < NUMBERS; i++) {
		uint32_t to = CHAIN + compare_random(&random) % PLACES * BLOCK;

		v[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
		v[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, i + i / 2, 0, 1);
		v[n] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, to - (uint32_t)n - 1);
		n++;
	}
	v[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, ALLOW);
	for (uint32_t i = 0; i < PLACES; i++) {
		for (uint32_t j = 0; j + 2 < BLOCK; j += 2) {
			v[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							      i % 3 ? 16 + j * 4 : 0);
			v[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, i, 0,
							      (uint8_t)(BLOCK - 3 - j));
		}
		v[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, ERRNO(i));
		v[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, ERRNO(PLACES + i));
	}
	assert_int_equal(n, LENGTH);
	assert_true(bpf_is_valid(v, n));
	assert_true(must_stay(&program, false, &f->arena, "far away").n < n);
}

static void must_be_left_alone(const struct sock_filter *v, size_t n)
{
	autoarena arena = { 0 };
	struct seccomp_program program = {
		.n = n, .v = arena_new_array(&arena, struct sock_filter, n + 1)
	};
	struct sock_filter *before = program.v;

	memcpy(program.v, v, n * sizeof(*v));
	seccomp_to_ranges(NATIVE, &arena, &program);
	assert_ptr_equal(program.v, before);
	assert_int_equal(program.n, n);
	assert_memory_equal(program.v, v, n * sizeof(*v));
}

/* Two answers where one would do, but for an instruction of another kind. */
static void what_it_does_not_know_is_left_alone(void **state)
{
	static const struct sock_filter strange[] = {
		BPF_STMT(BPF_ST, 3),
		BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_IMM, 1),
		BPF_STMT(BPF_LD | BPF_W | BPF_MEM, 1),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_ALU | BPF_OR | BPF_K, 0),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_X, 0),
		BPF_STMT(BPF_RET | BPF_A, 0),
		BPF_STMT(BPF_JMP | BPF_JA, 4),
		BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 4),
		BPF_STMT(0xffff, 0),
	};
	struct sock_filter v[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0000000),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, ALLOW),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 8, 0, 0),
		BPF_STMT(BPF_RET | BPF_K, ALLOW),
	};
	autoarena arena = { 0 };
	struct seccomp_program known = { .n = ARRAY_SIZE(v), .v = v };

	(void)state;
	seccomp_to_ranges(NATIVE, &arena, &known);
	assert_int_equal(known.n, 1);
	for (size_t i = 0; i < ARRAY_SIZE(strange); i++) {
		v[1] = strange[i];
		must_be_left_alone(v, ARRAY_SIZE(v));
	}
	v[1] = v[0];
	must_be_left_alone(v, 0);
	must_be_left_alone(v, ARRAY_SIZE(v) - 1);
	/* each number would have to be looked at by itself */
	v[1] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 1);
	v[2] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 2, 1);
	must_be_left_alone(v, ARRAY_SIZE(v));
}

/* Far more of them than there are hashes, so that many hash alike. */
static void steps_are_one_only_where_all_of_them_is_the_same(void **state)
{
	enum { STEPS = 4 * FLOW_HEADS };
	const unsigned equal = BPF_JMP | BPF_JEQ | BPF_K, greater = BPF_JMP | BPF_JGT | BPF_K;
	autoflow flow = { 0 };

	(void)state;
	for (int again = 0; again < 2; again++) {
		for (uint32_t i = 0; i < STEPS; i++) {
			assert_int_equal(flow_add(&flow, equal, 7, 0, i + 1), 4 * i);
			assert_int_equal(flow_add(&flow, equal, 7, i + 2, 1), 4 * i + 1);
			assert_int_equal(flow_add(&flow, equal, i + 8, 0, 1), 4 * i + 2);
			assert_int_equal(flow_add(&flow, greater, i + 8, 0, 1), 4 * i + 3);
		}
	}
	assert_int_equal(flow_add(&flow, greater, 7, 5, 5), 5);
	assert_int_equal(flow.n, 4 * STEPS);
}

/* --- the comparison itself --- */

/* Whichever instruction of the short program is another one, it is found. */
static void a_planted_difference_is_found(void **state)
{
	struct fixture *f = *state;
	struct seccomp_program whole, ranges;

	assert_int_equal(
		plan(f, "{'defaultAction':'SCMP_ACT_ERRNO','architectures':['SCMP_ARCH_X86_64',"
			"'SCMP_ARCH_X86','SCMP_ARCH_X32'],'syscalls':[{'names':['read','write',"
			"'mkdirat','unlinkat','openat2','openat'],'action':'SCMP_ACT_ALLOW'},"
			"{'names':['socket','personality'],'action':'SCMP_ACT_LOG','args':["
			"{'index':0,'value':8,'op':'SCMP_CMP_EQ'},{'index':1,'value':70000,"
			"'op':'SCMP_CMP_LT'}]}]}"),
		0);
	assert_true(compile_plan(f, &whole));
	ranges = must_stay(&whole, false, &f->arena, "planted");
	assert_true(ranges.n < whole.n);
	for (size_t i = 0; i < ranges.n; i++) {
		struct sock_filter *one = &ranges.v[i];
		const struct sock_filter good = *one;
		autofree char *difference = NULL;

		if (BPF_CLASS(one->code) == BPF_LD)
			one->k = one->k ? 0 : 4;
		else if (one->code != (BPF_JMP | BPF_JA))
			one->k++;
		else
			continue;
		difference = compare_programs(as_compared(&whole), as_compared(&ranges), false);
		if (!difference)
			fail_msg("instruction %zu was changed, and nothing was found", i);
		*one = good;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(an_engines_profile_is_short),
		TEST(a_profile_of_many_architectures_is_not_too_long),
		TEST(configurations_stay_what_they_are),
		TEST(recorded_bundles_stay_what_they_are),
		TEST(generated_rules_stay_what_they_are),
		TEST(any_program_stays_what_it_is),
		TEST(what_is_far_away_is_reached),
		TEST(what_it_does_not_know_is_left_alone),
		TEST(steps_are_one_only_where_all_of_them_is_the_same),
		TEST(a_planted_difference_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

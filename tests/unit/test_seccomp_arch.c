/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters for several architectures: their numbers, and the join of their programs. Runs anywhere, without root.
 */
#include "seccomp_fixture.h"

#include "base/auto.h"
#include "bpf.h"
#include "os/io.h"
#include "seccomp/parts.h"
#include "seccomp/program.h"

#include <linux/audit.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static void each_architecture_has_its_numbers(void **state)
{
	struct fixture *f = *state;

	if (seccomp_arch_native() != SCMP_ARCH_X86_64) {
		print_message("needs a machine of x86_64\n");
		skip();
	}
	must_compile(f, "{'defaultAction':'SCMP_ACT_ERRNO','architectures':['SCMP_ARCH_X86_64',"
			"'SCMP_ARCH_X86','SCMP_ARCH_X32','SCMP_ARCH_AARCH64','SCMP_ARCH_ARM'],"
			"'syscalls':[{'names':['read','mkdir','stat64','socketcall','cacheflush'],"
			"'action':'SCMP_ACT_ALLOW'}]}");
	assert_int_equal(run(f, AUDIT_ARCH_X86_64, 0, NULL), ALLOW);
	assert_int_equal(run(f, AUDIT_ARCH_X86_64, 83, NULL), ALLOW);
	assert_int_equal(run(f, AUDIT_ARCH_X86_64, 82, NULL), ERRNO(1));
	assert_int_equal(run(f, AUDIT_ARCH_X86_64, 84, NULL), ERRNO(ENOSYS));
	assert_int_equal(run(f, AUDIT_ARCH_X86_64, 0x40000000 | 83, NULL), ALLOW);
	assert_int_equal(run(f, AUDIT_ARCH_X86_64, 0x40000000 | 82, NULL), ERRNO(1));
	assert_int_equal(run(f, AUDIT_ARCH_X86_64, 0x40000000 | 84, NULL), ERRNO(ENOSYS));
	assert_int_equal(run(f, AUDIT_ARCH_I386, 3, NULL), ALLOW);
	assert_int_equal(run(f, AUDIT_ARCH_I386, 195, NULL), ALLOW);
	assert_int_equal(run(f, AUDIT_ARCH_I386, 194, NULL), ERRNO(1));
	assert_int_equal(run(f, AUDIT_ARCH_I386, 196, NULL), ERRNO(ENOSYS));
	assert_int_equal(run(f, AUDIT_ARCH_AARCH64, 63, NULL), ALLOW);
	assert_int_equal(run(f, AUDIT_ARCH_AARCH64, 64, NULL), ERRNO(ENOSYS));
	/* the processor's own calls of ARM are not newer than others */
	assert_int_equal(run(f, AUDIT_ARCH_ARM, 0xf0002, NULL), ALLOW);
	assert_int_equal(run(f, AUDIT_ARCH_ARM, 0xf0005, NULL), ERRNO(1));
	assert_int_equal(run(f, AUDIT_ARCH_ARM, 400, NULL), ERRNO(ENOSYS));
	/* not listed */
	assert_int_equal(run(f, AUDIT_ARCH_MIPSEL, 3, NULL), SECCOMP_RET_KILL_THREAD);
}

/* The same rules as libseccomp compiles them for all architectures at once, as runc and crun have it. */
static struct seccomp_program reference(struct fixture *f)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(f->plan->default_value));
	struct seccomp_program program = { 0 };
	autoclose int fd = memfd_create("reference", MFD_CLOEXEC);
	autofree char *bytes = NULL;
	size_t length;

	assert_int_equal(seccomp_arch_add(filter, SCMP_ARCH_X86), 0);
	assert_int_equal(seccomp_arch_add(filter, SCMP_ARCH_X32), 0);
	for (size_t i = 0; i < f->plan->rules.n; i++) {
		const struct plan_seccomp_rule *rule = &f->plan->rules.v[i];
		bool allow = rule->action == SPEC_ACT_ALLOW;

		for (size_t j = 0; j < rule->names.n; j++) {
			int number = seccomp_syscall_resolve_name(rule->names.v[j]);
			struct scmp_arg_cmp one = { 0 };

			if (rule->conditions.n > 0)
				one = SCMP_CMP64(rule->conditions.v[0].index, SCMP_CMP_EQ,
						 rule->conditions.v[0].value);
			assert_true(rule->conditions.n == 0 ||
				    rule->conditions.v[0].op == SPEC_CMP_EQ);
			if (number != __NR_SCMP_ERROR)
				assert_int_equal(
					seccomp_rule_add_array(filter,
							       allow ? SCMP_ACT_ALLOW
								     : SCMP_ACT_ERRNO(rule->value),
							       number, (unsigned)rule->conditions.n,
							       &one),
					0);
		}
	}
	assert_int_equal(seccomp_export_bpf(filter, fd), 0);
	seccomp_release(filter);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(read_fd_all(fd, "reference", 1 << 20, &bytes, &length, &f->e), 0);
	program.n = length / sizeof(*program.v);
	program.v = arena_new_array(&f->arena, struct sock_filter, program.n);
	memcpy(program.v, bytes, length);
	return program;
}

static void the_joined_program_answers_as_one_made_at_once(void **state)
{
	static const uint32_t audits[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64,
					   0 };
	static const uint64_t arguments[][6] = {
		{ 0 }, { 8 }, { 0x20000 }, { 0x20008 }, { 0xffffffff }
	};
	struct fixture *f = *state;
	struct seccomp_program other;

	if (seccomp_arch_native() != SCMP_ARCH_X86_64) {
		print_message("needs a machine of x86_64\n");
		skip();
	}
	/* Its default is ENOSYS, so that nothing is put before it. */
	must_compile(f, engine_profile(f));
	other = reference(f);
	assert_true(bpf_is_valid(other.v, other.n));
	for (size_t i = 0; i < ARRAY_SIZE(audits); i++) {
		for (uint32_t number = 0; number < 1200; number++) {
			/* 0 to 599, each with and without the bit of x32 */
			uint32_t nr = number / 2 | (number & 1 ? 0x40000000 : 0);

			for (size_t j = 0; j < ARRAY_SIZE(arguments); j++) {
				struct seccomp_data data = { .nr = (int)nr, .arch = audits[i] };

				memcpy(data.args, arguments[j], sizeof(data.args));
				if (run(f, audits[i], nr, arguments[j]) !=
				    bpf_run(other.v, other.n, &data))
					fail_msg("architecture %x, number %x", audits[i], nr);
			}
		}
	}
}

#define ARCH(name)           \
	{                    \
#name, name, \
	}
/* libseccomp's own numbers, as far as the installed header has them. */
static const struct {
	const char *name;
	uint32_t number;
} library_arches[] = {
	ARCH(SCMP_ARCH_X86),         ARCH(SCMP_ARCH_X86_64),   ARCH(SCMP_ARCH_X32),
	ARCH(SCMP_ARCH_ARM),         ARCH(SCMP_ARCH_AARCH64),
#ifdef SCMP_ARCH_LOONGARCH64
	ARCH(SCMP_ARCH_LOONGARCH64),
#endif
#ifdef SCMP_ARCH_M68K
	ARCH(SCMP_ARCH_M68K),
#endif
	ARCH(SCMP_ARCH_MIPS),        ARCH(SCMP_ARCH_MIPS64),   ARCH(SCMP_ARCH_MIPS64N32),
	ARCH(SCMP_ARCH_MIPSEL),      ARCH(SCMP_ARCH_MIPSEL64), ARCH(SCMP_ARCH_MIPSEL64N32),
	ARCH(SCMP_ARCH_PPC),         ARCH(SCMP_ARCH_PPC64),    ARCH(SCMP_ARCH_PPC64LE),
	ARCH(SCMP_ARCH_S390),        ARCH(SCMP_ARCH_S390X),
#ifdef SCMP_ARCH_SH
	ARCH(SCMP_ARCH_SH),
#endif
#ifdef SCMP_ARCH_SHEB
	ARCH(SCMP_ARCH_SHEB),
#endif
	ARCH(SCMP_ARCH_PARISC),      ARCH(SCMP_ARCH_PARISC64), ARCH(SCMP_ARCH_RISCV64),
};

static void an_architecture_is_the_librarys_of_its_name(void **state)
{
	struct fixture *f = *state;
	struct seccomp_features features;

	seccomp_features(&f->arena, &features);
	assert_int_equal(features.archs.n, ARRAY_SIZE(library_arches));
	for (size_t i = 0; i < ARRAY_SIZE(library_arches); i++) {
		assert_true(strlist_has(&features.archs, library_arches[i].name));
		assert_int_equal(seccomp_architecture(library_arches[i].name),
				 library_arches[i].number);
	}
	assert_int_equal(seccomp_architecture("SCMP_ARCH_NATIVE2"), 0);
}

static void features_are_those_of_the_library(void **state)
{
	struct fixture *f = *state;
	struct seccomp_features features;

	seccomp_features(&f->arena, &features);
	assert_int_equal(features.actions.n, 9);
	assert_int_equal(features.operators.n, 7);
	assert_int_equal(features.known_flags.n, 4);
	assert_true(strlist_has(&features.archs, "SCMP_ARCH_X86_64"));
	assert_true(strlist_has(&features.archs, "SCMP_ARCH_MIPSEL64N32"));
	assert_true(strlist_has(&features.archs, "SCMP_ARCH_RISCV64"));
	assert_true(strlist_has(&features.supported_flags, "SECCOMP_FILTER_FLAG_LOG"));
	assert_true(features.supported_flags.n <= features.known_flags.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(each_architecture_has_its_numbers),
		TEST(the_joined_program_answers_as_one_made_at_once),
		TEST(an_architecture_is_the_librarys_of_its_name),
		TEST(features_are_those_of_the_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

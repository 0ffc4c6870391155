/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters, without loading one: what the program that is made of a profile answers to a system call, by a
 * small interpreter; what is refused and how; the cache and what it does not believe. Runs anywhere, without
 * root.
 */
#include "base/auto.h"
#include "bpf.h"
#include "os/io.h"
#include "plan/seccomp.h"
#include "seccomp/parts.h"
#include "seccomp/program.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

#define ALLOW SECCOMP_RET_ALLOW
#define ERRNO(number) (SECCOMP_RET_ERRNO | (number))

struct fixture {
	struct arena arena;
	struct plan_seccomp *plan;
	struct seccomp_program program;
	struct err e;
	char directory[64];
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	memcpy(f->directory, "/tmp/test_seccomp.XXXXXX", sizeof("/tmp/test_seccomp.XXXXXX"));
	if (!mkdtemp(f->directory))
		return -1;
	*state = f;
	return 0;
}

static void remove_tree(const char *path)
{
	autoclosedir DIR *dir = opendir(path);

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		char below[PATH_MAX];

		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		if (unlink(below) < 0)
			remove_tree(below);
	}
	rmdir(path);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	remove_tree(f->directory);
	arena_release(&f->arena);
	test_free(f);
	return 0;
}

/* Single quotes stand for double ones, so that JSON can be read in C. `profile` is linux.seccomp. */
static int plan(struct fixture *f, const char *profile)
{
	char *text = arena_printf(
		&f->arena, "{'ociVersion':'1.2.0','root':{'path':'r'},'linux':{'seccomp':%s}}",
		profile);
	struct spec *spec;

	for (char *p = text; *p; p++)
		*p = (char)(*p == '\'' ? '"' : *p);
	if (spec_decode_text(text, strlen(text), "config.json", &f->arena, &spec, &f->e) < 0 ||
	    spec_validate(spec, "config.json", &f->e) < 0)
		return -1;
	return plan_seccomp_from_spec(spec->linux_->seccomp, &f->arena, &f->plan, &f->e);
}

static int compile(struct fixture *f, const char *profile)
{
	if (plan(f, profile) < 0)
		return -1;
	return seccomp_program_make(f->plan, NULL, &f->arena, &f->program, &f->e);
}

static void must_compile(struct fixture *f, const char *profile)
{
	if (compile(f, profile) < 0)
		fail_msg("%s: %s", profile, f->e.text);
	assert_true(bpf_is_valid(f->program.v, f->program.n));
}

static uint32_t run(const struct fixture *f, uint32_t audit, uint32_t number,
		    const uint64_t *arguments)
{
	struct seccomp_data data = { .nr = (int)number, .arch = audit };

	for (size_t i = 0; arguments && i < 6; i++)
		data.args[i] = arguments[i];
	return bpf_run(f->program.v, f->program.n, &data);
}

/* By name, on the native architecture. */
static uint32_t ask(const struct fixture *f, const char *name, uint64_t a0, uint64_t a1)
{
	const uint64_t arguments[6] = { a0, a1 };
	int number = seccomp_syscall_resolve_name_arch(seccomp_arch_native(), name);

	assert_true(number >= 0);
	return run(f, seccomp_arch_native(), (uint32_t)number, arguments);
}

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
		/* another architecture is no newer call */
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

static void each_architecture_has_its_numbers(void **state)
{
	struct fixture *f = *state;

	if (seccomp_arch_native() != SCMP_ARCH_X86_64)
		skip();
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

static void flags(void **state)
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

static char *engine_profile(struct fixture *f)
{
	const char *source = getenv("DISTRO_SHIM_SOURCE");
	const char *path = arena_printf(&f->arena, "%s/tests/data/seccomp/podman.json",
					str_empty(source) ? "." : source);
	autofree char *text = NULL;

	if (read_file_at(AT_FDCWD, path, 1 << 20, &text, NULL, &f->e) < 0)
		fail_msg("%s", f->e.text);
	return arena_strdup(&f->arena, text);
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

	if (seccomp_arch_native() != SCMP_ARCH_X86_64)
		skip();
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

/* --- loading --- */

/* What the child finds: 0, or the number of the check that failed. */
static int in_child(const struct seccomp_program *program)
{
	struct err e;
	int listener = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return 1;
	if (seccomp_program_load(program, &listener, &e) < 0)
		return 2;
	if (listener != -1)
		return 3;
	if (syscall(SYS_getppid) != -1 || errno != 77)
		return 4;
	/* one more, and the stricter answer counts */
	return seccomp_program_load(program, &listener, &e) < 0 ? 5 : 0;
}

static void a_program_can_be_loaded(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t pid;

	must_compile(f, "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['getppid'],"
			"'action':'SCMP_ACT_ERRNO','errnoRet':77}]}");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(in_child(&f->program));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
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

static void features(void **state)
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

/* --- the listener --- */

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void the_listener_gets_the_descriptor_and_the_state(void **state)
{
	struct fixture *f = *state;
	char *path = arena_printf(&f->arena, "%s/agent", f->directory);
	char key[] = "a", value[] = "b";
	struct strmap annotations = { .n = 1, .v = arena_new(&f->arena, struct strpair) };
	const struct seccomp_container container = {
		.state = { "1.2.0", "web", "creating", "/bundle", 4711, &annotations },
		.pid = 4711,
	};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	char text[4096] = "";
	struct iovec part = { text, sizeof(text) - 1 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	autoclose int given = open("/dev/zero", O_RDONLY | O_CLOEXEC), got = -1, peer = -1;
	autoclose int listener = listen_at(path);
	struct stat one, other;

	annotations.v[0] = (struct strpair){ .key = key, .value = value };
	assert_int_equal(seccomp_listener_send(path, "m", &container, given, &f->e), 0);
	peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(recvmsg(peer, &message, MSG_CMSG_CLOEXEC) > 0);
	assert_string_equal(text, "{\"ociVersion\":\"1.2.0\",\"fds\":[\"seccompFd\"],\"pid\":4711,"
				  "\"metadata\":\"m\",\"state\":{\"ociVersion\":\"1.2.0\",\"id\":"
				  "\"web\",\"status\":\"creating\",\"pid\":4711,\"bundle\":"
				  "\"/bundle\",\"annotations\":{\"a\":\"b\"}}}");
	memcpy(&got, CMSG_DATA(&control.header), sizeof(got));
	assert_int_equal(fstat(given, &one) | fstat(got, &other), 0);
	assert_int_equal(one.st_rdev, other.st_rdev);
	assert_int_equal(read(peer, text, 1), 0); /* and no more */
	assert_int_equal(seccomp_listener_send("/nobody/there", NULL, &container, given, &f->e),
			 -1);
	assert_non_null(strstr(f->e.text, "linux.seccomp.listenerPath: open '/nobody/there'"));
}

/* --- the cache --- */

#define PROFILE                                                                        \
	"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['mkdirat'],'action':" \
	"'SCMP_ACT_ERRNO'}]}"

static char *cache_of(struct fixture *f)
{
	return arena_printf(&f->arena, "%s/cache", f->directory);
}

/* The only file that is there; NULL where there are none or several. */
static char *only_file(struct fixture *f)
{
	autoclosedir DIR *dir = opendir(cache_of(f));
	char *path = NULL;

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		if (path)
			return NULL;
		path = arena_printf(&f->arena, "%s/%s", cache_of(f), entry->d_name);
	}
	return path;
}

static void make_cached(struct fixture *f)
{
	if (plan(f, PROFILE) < 0 ||
	    seccomp_program_make(f->plan, cache_of(f), &f->arena, &f->program, &f->e) < 0)
		fail_msg("%s", f->e.text);
	assert_true(bpf_is_valid(f->program.v, f->program.n));
	assert_int_equal(ask(f, "mkdirat", 0, 0), ERRNO(1));
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
	/* nobody listens: the kernel answers ENOSYS */
	assert_int_equal(seccomp_program_make(f->plan, NULL, &f->arena, &f->program, &f->e), 0);
	f->plan->notify = true;
	assert_int_equal(seccomp_program_make(f->plan, NULL, &f->arena, &f->program, &f->e), -1);
	assert_string_equal(f->e.text, "annotation run.oci.seccomp_bpf_data: it asks the listener "
				       "about sendmsg, by which the listener is handed over");
	ready[9].k = SYS_getpid;
	assert_int_equal(seccomp_program_make(f->plan, NULL, &f->arena, &f->program, &f->e), 0);
	assert_true(f->program.notify);
	/* what is no program is the kernel's matter */
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

static void a_filter_is_found_again(void **state)
{
	struct fixture *f = *state;
	struct stat before, after;
	struct sock_filter *v;
	size_t n;

	make_cached(f);
	assert_non_null(only_file(f));
	assert_int_equal(stat(only_file(f), &before), 0);
	assert_int_equal(before.st_mode & 07777, 0600);
	n = f->program.n;
	v = f->program.v;
	make_cached(f);
	assert_int_equal(stat(only_file(f), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(f->program.n, n);
	assert_memory_equal(f->program.v, v, n * sizeof(*v));
}

/* Every single byte of the file counts: changed, the file is replaced. */
static void no_changed_byte_is_believed(void **state)
{
	struct fixture *f = *state;
	autofree char *good = NULL;
	size_t length;
	char *path;

	make_cached(f);
	path = only_file(f);
	assert_int_equal(read_file_at(AT_FDCWD, path, 1 << 20, &good, &length, &f->e), 0);
	for (size_t i = 0; i < length; i++) {
		autofree char *again = NULL;
		autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
		char changed = (char)(good[i] ^ 0x10);
		size_t n;

		assert_int_equal(pwrite(fd, &changed, 1, (off_t)i), 1);
		make_cached(f);
		assert_int_equal(read_file_at(AT_FDCWD, path, 1 << 20, &again, &n, &f->e), 0);
		assert_int_equal(n, length);
		assert_memory_equal(again, good, length);
	}
}

static void no_other_length_is_believed(void **state)
{
	static const off_t lengths[] = { 0, 1, 79, 80, 81, 87, 100000 };
	struct fixture *f = *state;

	make_cached(f);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct stat st;

		assert_int_equal(truncate(only_file(f), lengths[i]), 0);
		make_cached(f);
		assert_int_equal(stat(only_file(f), &st), 0);
		assert_int_equal(st.st_size, 80 + f->program.n * sizeof(*f->program.v));
	}
}

/* A whole and sound filter under the name of a stricter profile's. */
static void another_profiles_filter_is_not_believed(void **state)
{
	struct fixture *f = *state;
	autofree char *loose = NULL;
	size_t length;
	char *path;

	if (plan(f, "{'defaultAction':'SCMP_ACT_ALLOW'}") < 0 ||
	    seccomp_program_make(f->plan, cache_of(f), &f->arena, &f->program, &f->e) < 0)
		fail_msg("%s", f->e.text);
	path = only_file(f);
	assert_int_equal(read_file_at(AT_FDCWD, path, 1 << 20, &loose, &length, &f->e), 0);
	assert_int_equal(unlink(path), 0);
	make_cached(f);
	path = only_file(f);
	autoclose int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_int_equal(write(fd, loose, length), length);
	make_cached(f);
}

static void where_the_cache_is(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(setenv("XDG_RUNTIME_DIR", "/run/user/7", 1), 0);
	assert_string_equal(seccomp_cache_directory(false, &f->arena), "/run/distro-shim/seccomp");
	assert_string_equal(seccomp_cache_directory(true, &f->arena),
			    "/run/user/7/distro-shim/seccomp");
	assert_int_equal(setenv("XDG_RUNTIME_DIR", "run", 1), 0);
	assert_null(seccomp_cache_directory(true, &f->arena));
	assert_int_equal(unsetenv("XDG_RUNTIME_DIR"), 0);
	assert_null(seccomp_cache_directory(true, &f->arena));
}

static void strange_files_are_replaced(void **state)
{
	struct fixture *f = *state;
	char *away = arena_printf(&f->arena, "%s/away", f->directory);
	struct stat st;
	char *path;

	make_cached(f);
	path = only_file(f);
	assert_int_equal(chmod(path, 0620), 0);
	make_cached(f);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(link(path, away), 0);
	make_cached(f);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(away, path), 0);
	make_cached(f);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	make_cached(f);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	/* in its place a directory cannot be replaced, and is no reason not to start */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	make_cached(f);
}

static void a_strange_directory_is_not_used(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdir(cache_of(f), 0700), 0);
	assert_int_equal(chmod(cache_of(f), 0777), 0);
	make_cached(f);
	assert_null(only_file(f));
	assert_int_equal(rmdir(cache_of(f)), 0);
	assert_int_equal(symlink("/tmp", cache_of(f)), 0);
	make_cached(f);
	assert_int_equal(unlink(cache_of(f)), 0);
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
		TEST(each_architecture_has_its_numbers),
		TEST(flags),
		TEST(refusals_name_the_member),
		TEST(an_engines_profile_answers_as_it_reads),
		TEST(the_joined_program_answers_as_one_made_at_once),
		TEST(a_program_can_be_loaded),
		TEST(an_architecture_is_the_librarys_of_its_name),
		TEST(features),
		TEST(the_listener_gets_the_descriptor_and_the_state),
		TEST(a_ready_program_is_taken_as_it_is),
		TEST(a_ready_program_must_not_ask_about_what_hands_it_over),
		TEST(unknown_names_are_refused_where_that_is_asked_for),
		TEST(a_filter_is_found_again),
		TEST(no_changed_byte_is_believed),
		TEST(no_other_length_is_believed),
		TEST(another_profiles_filter_is_not_believed),
		TEST(where_the_cache_is),
		TEST(strange_files_are_replaced),
		TEST(a_strange_directory_is_not_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

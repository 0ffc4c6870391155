/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules become a program through libseccomp, as runc and crun have it made: names that the library does
 * not know are left out, rules that say what the default says anyway are too. Runs in the runtime.
 */
#include "base/auto.h"
#include "os/io.h"
#include "os/log.h"
#include "seccomp/parts.h"
#include "sys/deadline.h"
#include "sys/helper.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* seccomp(2) takes no longer ones. */
#define PROGRAM_MAX BPF_MAXINSNS
/* What libseccomp may write before it is called too long here. */
#define EXPORT_MAX (16u << 20)

static void filter_cleanup(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}
#define autofilter __attribute__((cleanup(filter_cleanup))) scmp_filter_ctx

/* libseccomp gives negative error numbers, some with a meaning of its own (seccomp_rule_add(3)). */
static int fail_library(int rc, const char *what, struct err *e)
{
	switch (-rc) {
	case ECANCELED:
		return fail(e, ERR_SYSTEM, "%s: libseccomp got an error from the system", what);
	case EDOM:
		return fail(e, ERR_CONFIG,
			    "%s: its byte order is not this machine's, so no process can be of it",
			    what);
	case EEXIST:
		return fail(e, ERR_CONFIG, "%s: an earlier rule has another action for it", what);
	case EOPNOTSUPP:
		return fail(e, ERR_CONFIG, "%s: this kernel does not have it", what);
	case ENOMEM:
		return fail(e, ERR_SYSTEM, "%s: too many rules for libseccomp", what);
	default:
		return fail_errno(e, -rc, "%s: libseccomp", what);
	}
}

static uint32_t library_action(int action, uint32_t value)
{
	switch ((enum spec_seccomp_action)action) {
	case SPEC_ACT_KILL_PROCESS:
		return SCMP_ACT_KILL_PROCESS;
	case SPEC_ACT_TRAP:
		return SCMP_ACT_TRAP;
	case SPEC_ACT_ERRNO:
		return SCMP_ACT_ERRNO(value);
	case SPEC_ACT_TRACE:
		return SCMP_ACT_TRACE(value);
	case SPEC_ACT_ALLOW:
		return SCMP_ACT_ALLOW;
	case SPEC_ACT_LOG:
		return SCMP_ACT_LOG;
	case SPEC_ACT_NOTIFY:
		return SCMP_ACT_NOTIFY;
	case SPEC_ACT_KILL:
	case SPEC_ACT_KILL_THREAD:
		return SCMP_ACT_KILL_THREAD;
	}
	return SCMP_ACT_KILL_PROCESS;
}

static struct scmp_arg_cmp library_condition(const struct plan_seccomp_condition *condition)
{
	static const enum scmp_compare operators[] = {
		[SPEC_CMP_NE] = SCMP_CMP_NE, [SPEC_CMP_LT] = SCMP_CMP_LT,
		[SPEC_CMP_LE] = SCMP_CMP_LE, [SPEC_CMP_EQ] = SCMP_CMP_EQ,
		[SPEC_CMP_GE] = SCMP_CMP_GE, [SPEC_CMP_GT] = SCMP_CMP_GT,
	};

	if (condition->op == SPEC_CMP_MASKED_EQ)
		return (struct scmp_arg_cmp){ condition->index, SCMP_CMP_MASKED_EQ, condition->mask,
					      condition->value };
	return (struct scmp_arg_cmp){ condition->index, operators[condition->op], condition->value,
				      0 };
}

/* --- what the kernel has --- */

static int kernel_call(unsigned operation, unsigned flags, const void *argument)
{
	return (int)syscall(SYS_seccomp, operation, flags, argument);
}

bool seccomp_kernel_has_flag(uint64_t flag)
{
	unsigned flags = (unsigned)flag;

	/* Linux 5.19: makes sense together with a listener only, and is refused alone. */
	if (flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	/* A flag that is known lets the kernel come as far as to look at the program. */
	return kernel_call(SECCOMP_SET_MODE_FILTER, flags, NULL) < 0 && errno == EFAULT;
}

static int check_kernel(const struct plan_seccomp *plan, struct err *e)
{
	if (!seccomp_kernel_has_flag(0))
		return fail(
			e, ERR_CONFIG,
			"linux.seccomp: this kernel has no seccomp filters (CONFIG_SECCOMP_FILTER)");
	for (const struct name_row *row = spec_seccomp_flag_names; row->name; row++) {
		if ((plan->flags & (uint64_t)row->value) &&
		    !seccomp_kernel_has_flag((uint64_t)row->value))
			return fail(e, ERR_CONFIG,
				    "linux.seccomp.flags: this kernel does not have %s", row->name);
	}
	return 0;
}

static int check_action(int action, const char *what, struct err *e)
{
	uint32_t number = library_action(action, 0) & SECCOMP_RET_ACTION_FULL;

	if (kernel_call(SECCOMP_GET_ACTION_AVAIL, 0, &number) < 0)
		return fail(e, ERR_CONFIG, "%s: this kernel does not have %s", what,
			    value_to_name(spec_seccomp_action_names, action));
	return 0;
}

/* --- architectures --- */

uint32_t seccomp_architecture(const char *name)
{
	static const char prefix[] = "SCMP_ARCH_";
	char lower[32];
	size_t i;

	if (!str_has_prefix(name, prefix))
		return 0;
	name += sizeof(prefix) - 1;
	for (i = 0; name[i] && i < sizeof(lower) - 1; i++)
		lower[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
	lower[i] = '\0';
	return seccomp_arch_resolve_name(lower);
}

/* As the plan lists them, the native one first, each once. */
static int list_architectures(const struct plan_seccomp *plan, struct arena *arena, uint32_t **ret,
			      size_t *ret_n, struct err *e)
{
	uint32_t *v = arena_new_array(arena, uint32_t, plan->architectures.n + 1);
	const struct scmp_version *version = seccomp_version();
	size_t n = 0;

	v[n++] = seccomp_arch_native();
	for (size_t i = 0; i < plan->architectures.n; i++) {
		const char *name = plan->architectures.v[i];
		uint32_t architecture = seccomp_architecture(name);
		size_t same = 0;

		if (!architecture)
			return fail(
				e, ERR_CONFIG,
				"linux.seccomp.architectures[%zu]: libseccomp %u.%u.%u does not know %s",
				i, version->major, version->minor, version->micro, name);
		while (same < n && v[same] != architecture)
			same++;
		if (same == n)
			v[n++] = architecture;
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

/* The name in the plan, for errors. */
static int fail_architecture(const struct plan_seccomp *plan, uint32_t architecture, int rc,
			     struct err *e)
{
	char what[96];
	size_t i = 0;

	while (i < plan->architectures.n &&
	       seccomp_architecture(plan->architectures.v[i]) != architecture)
		i++;
	if (i == plan->architectures.n)
		return fail_library(rc, "linux.seccomp.architectures: the native one", e);
	if (str_format(what, sizeof(what), e, "linux.seccomp.architectures[%zu]: %s", i,
		       plan->architectures.v[i]) < 0)
		return -1;
	return fail_library(rc, what, e);
}

/* A new filter has the native one. Added first, so that the library sees to the byte order. */
static int set_architecture(scmp_filter_ctx filter, const struct plan_seccomp *plan,
			    uint32_t architecture, struct err *e)
{
	int rc;

	if (architecture == seccomp_arch_native())
		return 0;
	rc = seccomp_arch_add(filter, architecture);
	if (rc == 0)
		rc = seccomp_arch_remove(filter, seccomp_arch_native());
	return rc < 0 ? fail_architecture(plan, architecture, rc, e) : 0;
}

/* --- rules --- */

static bool says_the_usual(const struct plan_seccomp *plan, const struct plan_seccomp_rule *rule)
{
	return library_action(rule->action, rule->value) ==
	       library_action(plan->default_action, plan->default_value);
}

static int check_actions(const struct plan_seccomp *plan, struct err *e)
{
	char what[64];

	if (check_action(plan->default_action, "linux.seccomp.defaultAction", e) < 0)
		return -1;
	for (size_t i = 0; i < plan->rules.n; i++) {
		if (str_format(what, sizeof(what), e, "linux.seccomp.syscalls[%zu].action",
			       plan->rules.v[i].number) < 0 ||
		    check_action(plan->rules.v[i].action, what, e) < 0)
			return -1;
	}
	return 0;
}

static void tell_unknown_names(const struct plan_seccomp *plan)
{
	for (size_t i = 0; i < plan->rules.n; i++) {
		const struct strlist *names = &plan->rules.v[i].names;

		for (size_t j = 0; j < names->n; j++) {
			if (seccomp_syscall_resolve_name(names->v[j]) == __NR_SCMP_ERROR)
				log_debug(
					"seccomp: system call %s is unknown here, its rule is left out",
					names->v[j]);
		}
	}
}

int seccomp_check_names(const struct plan_seccomp *plan, struct err *e)
{
	const struct scmp_version *version = seccomp_version();

	for (size_t i = 0; plan && plan->unknown_refused && i < plan->rules.n; i++) {
		const struct plan_seccomp_rule *rule = &plan->rules.v[i];

		for (size_t j = 0; j < rule->names.n; j++) {
			autostrbuf shown = { 0 };

			if (seccomp_syscall_resolve_name(rule->names.v[j]) != __NR_SCMP_ERROR)
				continue;
			strbuf_quote(&shown, rule->names.v[j], 48);
			return fail(
				e, ERR_CONFIG,
				"linux.seccomp.syscalls[%zu].names[%zu]: libseccomp %u.%u.%u does not know %s (annotation %s)",
				rule->number, j, version->major, version->minor, version->micro,
				strbuf_text(&shown), annotation_name(ANNOTATION_UNKNOWN_CALLS));
		}
	}
	return 0;
}

static int add_rule(scmp_filter_ctx filter, const struct plan_seccomp_rule *rule, struct err *e)
{
	struct scmp_arg_cmp conditions[6];
	size_t n = rule->conditions.n;
	uint32_t action = library_action(rule->action, rule->value);
	char what[64];

	if (n > ARRAY_SIZE(conditions))
		return fail(e, ERR_INTERNAL, "a rule of %zu conditions", n);
	for (size_t i = 0; i < n; i++)
		conditions[i] = library_condition(&rule->conditions.v[i]);
	for (size_t i = 0; i < rule->names.n; i++) {
		int number = seccomp_syscall_resolve_name(rule->names.v[i]);
		int rc;

		if (number == __NR_SCMP_ERROR)
			continue;
		rc = seccomp_rule_add_array(filter, action, number, (unsigned)n, conditions);
		if (rc == 0)
			continue;
		if (str_format(what, sizeof(what), e, "linux.seccomp.syscalls[%zu].names[%zu]",
			       rule->number, i) < 0)
			return -1;
		if (fail_library(rc, what, e) < 0)
			return err_prefix(e, "%s", rule->names.v[i]);
	}
	return 0;
}

static int add_rules(scmp_filter_ctx filter, const struct plan_seccomp *plan, struct err *e)
{
	for (size_t i = 0; i < plan->rules.n; i++) {
		const struct plan_seccomp_rule *rule = &plan->rules.v[i];

		if (!says_the_usual(plan, rule) && add_rule(filter, rule, e) < 0)
			return -1;
	}
	return 0;
}

static int export_program(scmp_filter_ctx filter, struct arena *arena, struct seccomp_program *ret,
			  struct err *e)
{
	autoclose int fd = memfd_create("seccomp", MFD_CLOEXEC);
	autofree char *bytes = NULL;
	size_t length;
	int rc;

	if (fd < 0)
		return fail_sys(e, "memfd_create");
	rc = seccomp_export_bpf(filter, fd);
	if (rc < 0)
		return fail_library(rc, "linux.seccomp", e);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return fail_sys(e, "read the seccomp program");
	if (read_fd_all(fd, "the seccomp program", EXPORT_MAX, &bytes, &length, e) < 0)
		return -1;
	ret->n = length / sizeof(*ret->v);
	ret->v = arena_new_array(arena, struct sock_filter, ret->n);
	memcpy(ret->v, bytes, ret->n * sizeof(*ret->v));
	return 0;
}

static int compile_one(const struct plan_seccomp *plan, uint32_t architecture, struct arena *arena,
		       struct seccomp_program *ret, struct err *e)
{
	autofilter filter = seccomp_init(library_action(plan->default_action, plan->default_value));

	if (!filter)
		return fail(e, ERR_SYSTEM, "linux.seccomp: libseccomp cannot make a filter");
	/* A binary tree in place of a chain of comparisons: half the time for the kernel, and for
	 * seccomp_to_ranges(), both of which run through the program for every number. */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (set_architecture(filter, plan, architecture, e) < 0 || add_rules(filter, plan, e) < 0)
		return -1;
	return export_program(filter, arena, ret, e);
}

/* One program an architecture: libseccomp's time grows with the square of what it makes at once. */
int seccomp_compile(const struct plan_seccomp *plan, struct arena *arena,
		    struct seccomp_program *ret, struct err *e)
{
	struct seccomp_program *parts;
	uint32_t *architectures = NULL;
	size_t n = 0;

	if (check_actions(plan, e) < 0 ||
	    list_architectures(plan, arena, &architectures, &n, e) < 0)
		return -1;
	tell_unknown_names(plan);
	parts = arena_new_array(arena, struct seccomp_program, n);
	for (size_t i = 0; i < n; i++) {
		if (compile_one(plan, architectures[i], arena, &parts[i], e) < 0)
			return -1;
	}
	seccomp_join(architectures, parts, n, arena, ret);
	seccomp_add_enosys(plan, architectures, n, arena, ret);
	return 0;
}

struct compilation {
	const struct plan_seccomp *plan;
	struct arena arena;
};

static int compile_apart(void *context, struct strbuf *answer, struct err *e)
{
	struct compilation *c = context;
	struct seccomp_program program;

	if (seccomp_compile(c->plan, &c->arena, &program, e) < 0)
		return -1;
	seccomp_to_ranges(seccomp_audit_of(seccomp_arch_native()), &c->arena, &program);
	if (program.n > PROGRAM_MAX)
		return fail(
			e, ERR_CONFIG,
			"linux.seccomp: its program would have %zu instructions, the kernel takes %d",
			program.n, PROGRAM_MAX);
	strbuf_add(answer, (const char *)program.v, program.n * sizeof(*program.v));
	return 0;
}

/* There are pairs of rules over which libseccomp 2.5.4 never comes to an end. */
static int compile_in_time(const struct plan_seccomp *plan, struct arena *arena,
			   struct seccomp_program *ret, struct err *e)
{
	struct compilation c = { .plan = plan };
	const struct helper_job job = {
		.name = "linux.seccomp: its compilation by libseccomp",
		.cpu_seconds = (uint32_t)(deadline_ms() + 999) / 1000,
		.work = compile_apart,
		.context = &c,
	};
	autofree char *bytes = NULL;
	size_t length;

	if (helper_run(&job, PROGRAM_MAX * sizeof(*ret->v), &bytes, &length, e) < 0)
		return -1;
	ret->n = length / sizeof(*ret->v);
	ret->v = arena_new_array(arena, struct sock_filter, ret->n);
	memcpy(ret->v, bytes, ret->n * sizeof(*ret->v));
	return 0;
}

static int find_or_compile(const struct plan_seccomp *plan, const char *cache_directory,
			   struct arena *arena, struct seccomp_program *ret, struct err *e)
{
	autostrbuf key = { 0 };

	if (cache_directory)
		seccomp_cache_key(plan, &key);
	if (cache_directory && seccomp_cache_find(cache_directory, &key, arena, ret))
		return 0;
	log_debug("seccomp: compiling the filter");
	if (compile_in_time(plan, arena, ret, e) < 0)
		return -1;
	if (cache_directory)
		seccomp_cache_keep(cache_directory, &key, ret);
	return 0;
}

/* Of rules the configuration's check has seen to it: a container's process sends the listener away under
 * the filter, and would wait for the answer of an agent that does not have it yet. */
static int check_ready(const struct plan_seccomp *plan, const struct seccomp_program *program,
		       struct err *e)
{
	uint32_t answer;

	if (!plan->program.n || !plan->notify || !seccomp_answer(program, SYS_sendmsg, &answer) ||
	    (answer & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_USER_NOTIF)
		return 0;
	return fail(
		e, ERR_CONFIG,
		"annotation %s: it asks the listener about sendmsg, by which the listener is handed over",
		annotation_name(ANNOTATION_FILTER));
}

int seccomp_program_make(const struct plan_seccomp *plan, const char *cache_directory,
			 struct arena *arena, struct seccomp_program *ret, struct err *e)
{
	struct seccomp_program program = { .n = plan->program.n, .v = plan->program.v };

	if (check_kernel(plan, e) < 0 || seccomp_check_names(plan, e) < 0)
		return -1;
	if (!program.n && find_or_compile(plan, cache_directory, arena, &program, e) < 0)
		return -1;
	if (check_ready(plan, &program, e) < 0)
		return -1;
	/* The process that loads it has one thread, there is nothing to synchronize; and a process that
	 * waits for a listener can be killable only if there is one. */
	program.flags = (unsigned)plan->flags & ~(unsigned)SECCOMP_FILTER_FLAG_TSYNC;
	if (!plan->notify)
		program.flags &= ~(unsigned)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	program.notify = plan->notify;
	*ret = program;
	return 0;
}

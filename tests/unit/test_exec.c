/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec before anything of the container is touched: users by number, the process that comes out of the
 * container's own and the options, its plan; and what tells whether a process has executed a program.
 * Needs no root.
 */
#include "container/exec_process.h"

#include "base/auto.h"
#include "plan/make.h"
#include "sys/child.h"
#include "sys/procfs.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "judge.h"
#undef fail /* of cmocka; ours makes errors */

static const char own_json[] =
	"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"terminal\":true,"
	"\"consoleSize\":{\"height\":24,\"width\":80},"
	"\"cwd\":\"/work\",\"env\":[\"A=1\",\"B=2\"],\"args\":[\"init\"],"
	"\"user\":{\"uid\":3,\"gid\":4,\"additionalGids\":[5]},"
	"\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"],\"effective\":[\"CAP_CHOWN\"],"
	"\"permitted\":[\"CAP_CHOWN\"],\"inheritable\":[\"CAP_KILL\"],\"ambient\":[\"CAP_FOWNER\"]}"
	","
	"\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":1,\"hard\":2}]}}";

static struct spec_process *own_process(struct arena *arena)
{
	struct spec *spec;
	struct err e;

	assert_int_equal(
		spec_decode_text(own_json, strlen(own_json), "config.json", arena, &spec, &e), 0);
	return spec->process;
}

static struct strlist words(char **v)
{
	struct strlist list = { .v = v };

	while (v[list.n])
		list.n++;
	return list;
}
#define WORDS(...) words((char *[]){ __VA_ARGS__, NULL })
#define W(text) ((char[]){ text })

static void a_user_is_a_number_or_an_error(void **state)
{
	static const struct {
		const char *text;
		bool good, gid_given;
		uint32_t uid, gid;
	} rows[] = {
		{ "1", true, false, 1, 77 },
		{ "1:2", true, true, 1, 2 },
		{ "0", true, false, 0, 77 },
		{ "0:0", true, true, 0, 0 },
		{ "4294967294", true, false, 4294967294u, 77 },
		{ "", false, false, 0, 0 },
		{ ":", false, false, 0, 0 },
		{ "1:", false, false, 0, 0 },
		{ ":1", false, false, 0, 0 },
		{ "-1", false, false, 0, 0 },
		{ "+1", false, false, 0, 0 },
		{ "01", false, false, 0, 0 },
		{ "0x1", false, false, 0, 0 },
		{ " 1", false, false, 0, 0 },
		{ "1 ", false, false, 0, 0 },
		{ "1x", false, false, 0, 0 },
		{ "root", false, false, 0, 0 },
		{ "1:root", false, false, 0, 0 },
		{ "1:2:3", false, false, 0, 0 },
		{ "4294967295", false, false, 0, 0 },
		{ "4294967296", false, false, 0, 0 },
		{ "1:4294967295", false, false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t uid = 55, gid = 77;
		bool gid_given = false;
		struct err e = { 0 };
		int rc = exec_parse_user(rows[i].text, &uid, &gid, &gid_given, &e);

		assert_int_equal(rc, rows[i].good ? 0 : -1);
		if (rc < 0) {
			assert_int_equal(e.kind, ERR_USAGE);
			assert_int_equal(uid, 55);
			assert_int_equal(gid, 77);
			continue;
		}
		assert_int_equal(uid, rows[i].uid);
		assert_int_equal(gid, rows[i].gid);
		assert_int_equal(gid_given, rows[i].gid_given);
	}
}

static void without_a_file_it_is_the_containers_own_with_another_command(void **state)
{
	autoarena arena = { 0 };
	struct spec_process *own = own_process(&arena), *process;
	struct container_exec_options options = { .command = WORDS(W("sh"), W("-c")) };
	struct err e;

	(void)state;
	assert_int_equal(exec_process_make(own, &options, &arena, &process, &e), 0);
	assert_int_equal(process->args.n, 2);
	assert_string_equal(process->args.v[1], "-c");
	assert_false(process->terminal);
	assert_string_equal(process->cwd, "/work");
	assert_int_equal(process->user->uid, 3);
	assert_int_equal(process->rlimits.n, 1);
	assert_string_equal(own->args.v[0], "init");
	assert_true(own->terminal);
	/* Its size is that of its own terminal. */
	assert_non_null(own->console_size);
	options.terminal = true;
	assert_int_equal(exec_process_make(own, &options, &arena, &process, &e), 0);
	assert_true(process->terminal);
	assert_null(process->console_size);
}

static void options_change_a_copy(void **state)
{
	autoarena arena = { 0 };
	struct spec_process *own = own_process(&arena), *process;
	struct container_exec_options options = {
		.command = WORDS(W("sh")),
		.env = WORDS(W("A=3"), W("C=")),
		.groups = WORDS(W("6"), W("7")),
		.cwd = "/",
		.user = "8",
		.terminal = true,
		.no_new_privileges = true,
		.apparmor = "",
		.label = "l",
	};
	struct err e;

	(void)state;
	assert_int_equal(exec_process_make(own, &options, &arena, &process, &e), 0);
	assert_true(process->terminal);
	assert_true(process->no_new_privileges.set && process->no_new_privileges.value);
	assert_string_equal(process->cwd, "/");
	assert_int_equal(process->env.n, 4);
	assert_string_equal(process->env.v[2], "A=3");
	assert_int_equal(process->user->uid, 8);
	assert_int_equal(process->user->gid, 4);
	assert_int_equal(process->user->additional_gids.n, 3);
	assert_int_equal(process->user->additional_gids.v[0], 5);
	assert_int_equal(process->user->additional_gids.v[2], 7);
	assert_null(process->apparmor_profile);
	assert_string_equal(process->selinux_label, "l");
	assert_int_equal(own->env.n, 2);
	assert_int_equal(own->user->uid, 3);
	assert_int_equal(own->user->additional_gids.n, 1);
	assert_string_equal(own->cwd, "/work");
}

static void capabilities_are_added_to_three_sets(void **state)
{
	autoarena arena = { 0 };
	struct spec_process *own = own_process(&arena), *process;
	struct container_exec_options options = {
		.command = WORDS(W("sh")),
		.caps = WORDS(W("sys_time"), W("CAP_SYS_TIME"), W("CHOWN")),
	};
	const struct spec_capabilities *caps;
	struct err e;

	(void)state;
	assert_int_equal(exec_process_make(own, &options, &arena, &process, &e), 0);
	caps = process->capabilities;
	const struct strlist *sets[] = { &caps->bounding, &caps->effective, &caps->permitted };
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		assert_int_equal(sets[i]->n, 2);
		assert_true(strlist_has(sets[i], "CAP_CHOWN"));
		assert_true(strlist_has(sets[i], "CAP_SYS_TIME"));
	}
	assert_int_equal(caps->inheritable.n, 1);
	assert_int_equal(caps->ambient.n, 1);
	assert_int_equal(own->capabilities->bounding.n, 1);
	/* where there was nothing */
	own->capabilities = NULL;
	assert_int_equal(exec_process_make(own, &options, &arena, &process, &e), 0);
	assert_int_equal(process->capabilities->bounding.n, 2);
	assert_int_equal(process->capabilities->inheritable.n, 0);
}

/* A file of --process, made into a process of the container with every member. */
static const struct spec_process *from_file(const char *text, const struct spec_process *own,
					    struct container_exec_options *options,
					    struct arena *arena)
{
	char path[] = "/tmp/test-exec-XXXXXX";
	autoclose int fd = mkostemp(path, O_CLOEXEC);
	struct spec_process *process = NULL;
	struct err e = { 0 };
	int rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	options->process = path;
	rc = exec_process_make(own, options, arena, &process, &e);
	unlink(path);
	if (rc < 0)
		print_error("%s\n", e.text);
	assert_int_equal(rc, 0);
	return process;
}

static const char confined_json[] =
	"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"terminal\":true,"
	"\"consoleSize\":{\"height\":24,\"width\":80},\"cwd\":\"/work\",\"env\":[\"A=1\"],"
	"\"args\":[\"init\"],\"user\":{\"uid\":3,\"gid\":4,\"umask\":63,\"additionalGids\":[5]},"
	"\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"]},\"noNewPrivileges\":true,"
	"\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":1,\"hard\":2}],"
	"\"apparmorProfile\":\"p\",\"selinuxLabel\":\"l\",\"oomScoreAdj\":7,"
	"\"scheduler\":{\"policy\":\"SCHED_BATCH\"},"
	"\"ioPriority\":{\"class\":\"IOPRIO_CLASS_IDLE\"},"
	"\"execCPUAffinity\":{\"initial\":\"0\"}}}";

static const struct spec_process *confined(struct arena *arena)
{
	struct spec *spec;
	struct err e;

	assert_int_equal(spec_decode_text(confined_json, strlen(confined_json), "config.json",
					  arena, &spec, &e),
			 0);
	return spec->process;
}

static void assert_confined(const struct spec_process *process)
{
	assert_int_equal(process->user->uid, 3);
	assert_int_equal(process->user->umask.value, 63);
	assert_int_equal(process->user->additional_gids.n, 1);
	assert_string_equal(process->env.v[0], "A=1");
	assert_true(strlist_has(&process->capabilities->bounding, "CAP_CHOWN"));
	assert_int_equal(process->rlimits.n, 1);
	assert_true(process->no_new_privileges.value);
	assert_string_equal(process->apparmor_profile, "p");
	assert_string_equal(process->selinux_label, "l");
	assert_int_equal(process->oom_score_adj.value, 7);
	assert_int_equal(process->scheduler->policy, SPEC_SCHED_BATCH);
	assert_non_null(process->io_priority);
	assert_string_equal(process->exec_cpu_affinity->initial, "0");
	assert_string_equal(process->cwd, "/");
	assert_string_equal(process->args.v[0], "sh");
	assert_false(process->terminal);
	assert_null(process->console_size);
}

static void what_a_file_leaves_out_is_the_containers_own(void **state)
{
	static const char *const files[] = {
		"{\"cwd\":\"/\",\"args\":[\"sh\"]}",
		"{\"cwd\":\"/\",\"args\":[\"sh\"],\"user\":null,\"env\":null,\"capabilities\":null,"
		"\"rlimits\":null,\"noNewPrivileges\":null,\"apparmorProfile\":null,"
		"\"selinuxLabel\":null,\"oomScoreAdj\":null,\"scheduler\":null,\"ioPriority\":null,"
		"\"execCPUAffinity\":null}",
		"{\"cwd\":\"/\",\"args\":[\"sh\"],\"rlimits\":[],\"apparmorProfile\":\"\","
		"\"selinuxLabel\":\"\"}",
	};
	autoarena arena = { 0 };
	const struct spec_process *own = confined(&arena);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct container_exec_options options = { .apparmor = "", .label = "" };

		assert_confined(from_file(files[i], own, &options, &arena));
	}
}

static void what_a_file_says_counts(void **state)
{
	static const char file[] =
		"{\"cwd\":\"/\",\"args\":[\"sh\"],\"user\":{\"uid\":0,\"gid\":0},\"env\":[],"
		"\"capabilities\":{},\"noNewPrivileges\":false,\"oomScoreAdj\":0,"
		"\"apparmorProfile\":\"unconfined\",\"selinuxLabel\":\"m\","
		"\"rlimits\":[{\"type\":\"RLIMIT_NPROC\",\"soft\":8,\"hard\":9}],"
		"\"scheduler\":{\"policy\":\"SCHED_OTHER\"}}";
	autoarena arena = { 0 };
	struct container_exec_options options = { 0 };
	const struct spec_process *process = from_file(file, confined(&arena), &options, &arena);

	(void)state;
	assert_int_equal(process->user->uid, 0);
	assert_int_equal(process->user->additional_gids.n, 0);
	/* But for this, which a user of the file does not speak of. */
	assert_int_equal(process->user->umask.value, 63);
	assert_int_equal(process->env.n, 0);
	assert_int_equal(process->capabilities->bounding.n, 0);
	assert_true(process->no_new_privileges.set && !process->no_new_privileges.value);
	assert_int_equal(process->oom_score_adj.value, 0);
	assert_string_equal(process->apparmor_profile, "unconfined");
	assert_string_equal(process->selinux_label, "m");
	assert_int_equal(process->rlimits.v[0].soft, 8);
	assert_int_equal(process->scheduler->policy, SPEC_SCHED_OTHER);
	/* options come on top of either */
	options.caps = WORDS(W("kill"));
	process = from_file(file, confined(&arena), &options, &arena);
	assert_int_equal(process->capabilities->bounding.n, 1);
	process =
		from_file("{\"cwd\":\"/\",\"args\":[\"sh\"]}", confined(&arena), &options, &arena);
	assert_int_equal(process->capabilities->bounding.n, 2);
	/* a container that was made without a process has nothing to give */
	process = from_file("{\"cwd\":\"/\",\"args\":[\"sh\"]}", NULL, &options, &arena);
	assert_int_equal(process->capabilities->bounding.n, 1);
	assert_null(process->user);
}

/* The ceiling is the policy's, also of what comes from the container. */
static void the_policy_comes_after_what_was_left_out(void **state)
{
	autoarena arena = { 0 };
	struct spec_process *own = own_process(&arena);
	struct container_exec_options options = { .caps = WORDS(W("net_admin")) };
	struct verdict verdict;
	const struct spec_process *process;

	(void)state;
	own->capabilities->permitted = WORDS(W("CAP_NET_RAW"), W("CAP_CHOWN"));
	process = from_file("{\"cwd\":\"/\",\"args\":[\"sh\"]}", own, &options, &arena);
	judge_process(process, policy_default(&arena, NULL), &arena, &verdict);
	process = verdict.spec->process;
	assert_int_equal(process->capabilities->permitted.n, 1);
	assert_string_equal(process->capabilities->permitted.v[0], "CAP_CHOWN");
	assert_false(strlist_has(&process->capabilities->bounding, "CAP_NET_ADMIN"));
}

static void what_makes_no_process_is_refused(void **state)
{
	autoarena arena = { 0 };
	struct spec_process *own = own_process(&arena);
	struct strlist sh = WORDS(W("sh"));
	const struct {
		struct container_exec_options options;
		const char *text;
	} rows[] = {
		{ { 0 }, "a command or --process is needed" },
		{ { .process = "p", .command = sh }, "a command and --process are both given" },
		{ { .process = "/no/such/file" }, "no such file" },
		{ { .command = sh, .env = WORDS(W("A")) }, "--env A: must be NAME=VALUE" },
		{ { .command = sh, .env = WORDS(W("=A")) }, "--env =A: must be NAME=VALUE" },
		{ { .command = sh, .groups = WORDS(W("-1")) }, "--additional-gids -1" },
		{ { .command = sh, .caps = WORDS(W("NONE")) }, "no such capability" },
		{ { .command = sh, .user = "x" }, "--user x" },
		{ { .command = sh, .cwd = "here" }, "cwd" },
		{ { .command = WORDS(W("")) }, "args[0]: must not be empty" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct spec_process *process = NULL;
		struct err e = { 0 };

		assert_int_equal(exec_process_make(own, &rows[i].options, &arena, &process, &e),
				 -1);
		assert_null(process);
		if (!strstr(e.text, rows[i].text))
			print_error("%s\n", e.text);
		assert_non_null(strstr(e.text, rows[i].text));
	}
}

static void a_container_without_a_process_needs_a_file(void **state)
{
	autoarena arena = { 0 };
	struct container_exec_options options = { .command = WORDS(W("sh")) };
	struct spec_process *process;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(exec_process_make(NULL, &options, &arena, &process, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
}

static void labels_need_the_module_that_reads_them(void **state)
{
	static const char *const profiles[] = { "p", "unconfined" };
	autoarena arena = { 0 };
	struct spec spec = { .process = own_process(&arena) };
	const struct facts without = { .last_cap = 40 };
	const struct facts with = { .last_cap = 40, .apparmor = true, .selinux = true };
	const struct plan_options options = { .id = "box" };
	struct plan *plan;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		spec.process->apparmor_profile = arena_strdup(&arena, profiles[i]);
		spec.process->selinux_label = NULL;
		assert_int_equal(
			make_exec_plan(&spec, &options, false, &without, &arena, &plan, &e),
			i == 0 ? -1 : 0);
	}
	assert_null(plan->process.apparmor_profile);
	assert_non_null(strstr(e.text, "AppArmor is not enabled on this host"));
	assert_int_equal(make_exec_plan(&spec, &options, false, &with, &arena, &plan, &e), 0);
	assert_string_equal(plan->process.apparmor_profile, "unconfined");
	spec.process->selinux_label = arena_strdup(&arena, "u:r:t:s0");
	assert_int_equal(make_exec_plan(&spec, &options, false, &with, &arena, &plan, &e), 0);
	assert_int_equal(make_exec_plan(&spec, &options, false, &without, &arena, &plan, &e), -1);
	assert_non_null(strstr(e.text, "SELinux is not enabled on this host"));
}

static void the_plan_has_the_process_alone(void **state)
{
	autoarena arena = { 0 };
	struct spec spec = { .process = own_process(&arena) };
	struct facts facts = { .bounding = 0, .last_cap = 40, .apparmor = true };
	struct plan_options options = { .id = "box" };
	struct plan *plan;
	struct err e;

	(void)state;
	spec.process->selinux_label = arena_strdup(&arena, "");
	spec.process->apparmor_profile = arena_strdup(&arena, "p");
	/* what the runtime itself does not have cannot be given, unless in a user namespace */
	assert_int_equal(make_exec_plan(&spec, &options, false, &facts, &arena, &plan, &e), 0);
	assert_string_equal(plan->id, "box");
	assert_int_equal(plan->process.capabilities.bounding, 0);
	assert_int_equal(plan->process.rlimits.n, 1);
	assert_null(plan->process.selinux_label);
	assert_string_equal(plan->process.apparmor_profile, "p");
	assert_int_equal(plan->mounts.n, 0);
	assert_int_equal(make_exec_plan(&spec, &options, true, &facts, &arena, &plan, &e), 0);
	assert_int_equal(plan->process.capabilities.bounding, 1);
	assert_true(plan->namespaces.new_user);
}

static bool has_executed(const struct child *child)
{
	bool executed;
	struct err e;

	assert_int_equal(procfs_has_executed(child->pid, &executed, &e), 0);
	return executed;
}

static void a_process_has_executed_or_not(void **state)
{
	autochild idle = CHILD_INIT, ended = CHILD_INIT, program = CHILD_INIT;
	bool executed;
	pid_t own;
	int status;
	struct err e = { 0 };
	int rc = child_clone_plain(0, &own, &idle, &e);

	(void)state;
	if (rc == 0) {
		pause();
		_exit(0);
	}
	assert_int_equal(rc, 1);
	assert_false(has_executed(&idle));
	rc = child_clone_plain(0, &own, &ended, &e);
	if (rc == 0)
		_exit(own == (pid_t)syscall(SYS_getpid) ? 0 : 1);
	assert_true(pidfd_ended(ended.pidfd, 10000));
	assert_false(has_executed(&ended));
	assert_int_equal(child_wait(&ended, &status, &e), 0);
	assert_int_equal(status, 0);
	rc = child_clone_plain(0, &own, &program, &e);
	if (rc == 0) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	assert_true(pidfd_ended(program.pidfd, 10000));
	assert_true(has_executed(&program));
	assert_int_equal(procfs_has_executed(-1, &executed, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_is_a_number_or_an_error),
		cmocka_unit_test(without_a_file_it_is_the_containers_own_with_another_command),
		cmocka_unit_test(options_change_a_copy),
		cmocka_unit_test(capabilities_are_added_to_three_sets),
		cmocka_unit_test(what_a_file_leaves_out_is_the_containers_own),
		cmocka_unit_test(what_a_file_says_counts),
		cmocka_unit_test(the_policy_comes_after_what_was_left_out),
		cmocka_unit_test(what_makes_no_process_is_refused),
		cmocka_unit_test(a_container_without_a_process_needs_a_file),
		cmocka_unit_test(labels_need_the_module_that_reads_them),
		cmocka_unit_test(the_plan_has_the_process_alone),
		cmocka_unit_test(a_process_has_executed_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

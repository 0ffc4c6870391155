/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/self_exe.c (CVE-2019-5736). The test runs itself again as the program that protects itself: it
 * says on its standard output what it is, then waits until its standard input ends.
 */
#include "base/auto.h"
#include "base/str.h"
#include "sys/caps.h"
#include "sys/child.h"
#include "sys/procfs.h"
#include "sys/self_exe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define PROTECT_ARGUMENT "protect-yourself"
#define PLAIN_ARGUMENT "do-not"
#define MARKER "DISTRO_SHIM_EXECUTED_AGAIN"

/* A copy of this file: what runs cannot be written to in any case (ETXTBSY), and this one runs. */
static char copy_path[] = "/tmp/test-self-exe-XXXXXX";

/* The program under test. */
static int program(int argc, char **argv)
{
	bool protected = false;
	struct err e = { 0 };
	char name[16], byte;

	if (str_eq(argv[1], PROTECT_ARGUMENT) && self_exe_protect(argv, &e) < 0) {
		printf("error %s\n", e.text);
		return 1;
	}
	if (self_exe_is_protected(&protected, &e) < 0 || prctl(PR_GET_NAME, name, 0, 0, 0) < 0)
		return 2;
	printf("%s protected=%d name=%s argc=%d last=%s marker=%d\n", argv[0], protected, name,
	       argc, argv[argc - 1], getenv(MARKER) != NULL);
	fflush(stdout);
	return read(0, &byte, 1) < 0 ? 3 : 0;
}

struct run {
	struct child child;
	int input; /* closing it ends the program */
	char line[512];
};

enum obstacle { NO_OBSTACLE, NO_CAPABILITIES, MAY_NOT_MOVE };

/* A kernel that does not let a process name another executable. */
static int forbid_moving(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_MM, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(filter), .filter = filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

static void run_start(struct run *run, const char *argument, enum obstacle obstacle, bool marked)
{
	struct err e = { 0 };
	int in[2], out[2];

	run->child = (struct child)CHILD_INIT;
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	if (child_clone(0, -1, &run->child, &e) == 0) {
		char *argv[] = { (char *)(uintptr_t) "arg-zero", (char *)(uintptr_t)argument,
				 (char *)(uintptr_t) "third word", NULL };

		if (obstacle == NO_CAPABILITIES && caps_bounding_limit(0, &e) < 0)
			_exit(120);
		if (obstacle == MAY_NOT_MOVE && forbid_moving() < 0)
			_exit(122);
		if (marked)
			setenv(MARKER, "1", 1);
		dup2(in[0], 0);
		dup2(out[1], 1);
		execv(copy_path, argv);
		_exit(121);
	}
	close(in[0]);
	close(out[1]);
	run->input = in[1];

	ssize_t length = read(out[0], run->line, sizeof(run->line) - 1);

	close(out[0]);
	assert_true(length > 0);
	run->line[length] = '\0';
	run->line[strcspn(run->line, "\n")] = '\0';
}

static int run_end(struct run *run)
{
	struct err e = { 0 };
	int status = -1;

	close(run->input);
	assert_int_equal(child_wait(&run->child, &status, &e), 0);
	return status;
}

/* What a process in the container could do: keep a handle to the program while it runs, and write to it
 * afterwards. Returns 0 or errno. */
static int write_afterwards(struct run *run)
{
	char path[64];
	autoclose int handle = -1;

	snprintf(path, sizeof(path), "/proc/%ld/exe", (long)run->child.pid);
	handle = open(path, O_PATH | O_CLOEXEC);
	assert_true(handle >= 0);
	assert_int_equal(run_end(run), 0);

	autoclose int fd = open(fd_path(handle).text, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || pwrite(fd, "#!", 2, 0) < 0)
		return errno;
	return ftruncate(fd, 0) < 0 ? errno : 0;
}

static int setup(void **state)
{
	autoclose int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	off_t at = 0;

	(void)state;
	strcpy(copy_path + sizeof(copy_path) - 7, "XXXXXX");

	autoclose int to = mkostemp(copy_path, O_CLOEXEC);

	if (from < 0 || to < 0 || fstat(from, &st) < 0 || fchmod(to, 0755) < 0)
		return -1;
	while (at < st.st_size) {
		if (sendfile(to, from, &at, (size_t)(st.st_size - at)) <= 0)
			return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(copy_path);
}

static void an_unprotected_program_can_be_overwritten(void **state)
{
	struct run run;

	(void)state;
	run_start(&run, PLAIN_ARGUMENT, NO_OBSTACLE, false);
	if (strstr(run.line, "protected=1")) {
		run_end(&run);
		print_message("skipped: /tmp is read-only\n");
		skip();
	}
	assert_non_null(strstr(run.line, "protected=0"));
	/* the other tests prove something only because this one can */
	assert_int_equal(write_afterwards(&run), 0);
}

static void a_protected_program_cannot_be_overwritten(void **state)
{
	struct run run;
	int error_number;

	(void)state;
	run_start(&run, PROTECT_ARGUMENT, NO_OBSTACLE, false);
	assert_non_null(strstr(run.line, "arg-zero protected=1 "));
	assert_non_null(strstr(run.line, " argc=3 last=third word marker=0"));
	error_number = write_afterwards(&run);
	assert_true(error_number == EROFS || error_number == EPERM);
}

/* It is executed again, and named as before. */
static void a_program_that_may_not_leave_its_file_cannot_be_overwritten(void **state)
{
	struct run run;
	int error_number;

	(void)state;
	run_start(&run, PROTECT_ARGUMENT, MAY_NOT_MOVE, false);
	assert_string_equal(run.line,
			    "arg-zero protected=1 name=distro-shim argc=3 last=third word "
			    "marker=0");
	error_number = write_afterwards(&run);
	assert_int_equal(error_number, geteuid() == 0 ? EROFS : EPERM);
}

static void where_mounting_is_not_permitted_it_cannot_be_overwritten(void **state)
{
	struct run run;

	(void)state;
	run_start(&run, PROTECT_ARGUMENT, NO_CAPABILITIES, false);
	assert_non_null(strstr(run.line, "protected=1 name=distro-shim argc=3 last=third word"));
	assert_int_equal(write_afterwards(&run), EPERM);
}

static void a_marker_from_outside_is_an_error_and_no_excuse(void **state)
{
	struct run run;

	(void)state;
	run_start(&run, PROTECT_ARGUMENT, NO_OBSTACLE, true);
	assert_true(str_has_prefix(run.line, "error "));
	assert_non_null(strstr(run.line, "writable file"));
	assert_int_equal(run_end(&run), 1);
}

#define COPY_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		COPY_TEST(an_unprotected_program_can_be_overwritten),
		COPY_TEST(a_protected_program_cannot_be_overwritten),
		COPY_TEST(a_program_that_may_not_leave_its_file_cannot_be_overwritten),
		COPY_TEST(where_mounting_is_not_permitted_it_cannot_be_overwritten),
		COPY_TEST(a_marker_from_outside_is_an_error_and_no_excuse),
	};

	if (argc > 1 && (str_eq(argv[1], PROTECT_ARGUMENT) || str_eq(argv[1], PLAIN_ARGUMENT)))
		return program(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

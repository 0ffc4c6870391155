/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/: procfs, capabilities, mounts. What needs root skips with the reason; what is mounted is mounted
 * in a mount namespace of a child's own.
 */
#include "base/auto.h"
#include "base/capabilities.h"
#include "base/str.h"
#include "sys/boot_id.h"
#include "sys/caps.h"
#include "sys/child.h"
#include "sys/mount_api.h"
#include "sys/mountinfo.h"
#include "sys/nsfd.h"
#include "sys/procfs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#define SKIP_WITHOUT_ROOT()                                     \
	do {                                                    \
		if (geteuid() != 0) {                           \
			print_message("skipped: needs root\n"); \
			skip();                                 \
		}                                               \
	} while (0)

#define assert_done(call, e)                                 \
	do {                                                 \
		if ((call) < 0)                              \
			fail_msg("%s: %s", #call, (e).text); \
	} while (0)

/* --- procfs --- */

static uint64_t start_time_by_hand(void)
{
	unsigned long long value = 0;
	char line[4096];
	FILE *file = fopen("/proc/self/stat", "re");
	const char *end;

	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	end = strrchr(line, ')');
	assert_non_null(end);
	assert_int_equal(sscanf(end + 1,
				" %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
				"%*d %*d %*d %llu",
				&value),
			 1);
	return value;
}

static void the_start_time_survives_an_odd_name(void **state)
{
	struct err e = { 0 };
	uint64_t start = 0;
	char letter = '?', name[16];

	(void)state;
	assert_int_equal(prctl(PR_GET_NAME, name, 0, 0, 0), 0);
	assert_int_equal(prctl(PR_SET_NAME, "a) R 1 (b", 0, 0, 0), 0);
	assert_done(procfs_start_time(getpid(), &start, &letter, &e), e);
	assert_int_equal(prctl(PR_SET_NAME, name, 0, 0, 0), 0);
	assert_true(start == start_time_by_hand());
	assert_int_equal(letter, 'R');
}

static void a_missing_process_is_not_found(void **state)
{
	struct child child = CHILD_INIT;
	struct err e = { 0 };
	uint64_t start = 99;
	char letter = '?';
	int status;

	(void)state;
	if (child_clone(0, -1, &child, &e) == 0)
		_exit(0);
	assert_true(pidfd_ended(child.pidfd, 5000));

	pid_t pid = child.pid;

	assert_done(procfs_start_time(pid, &start, &letter, &e), e);
	assert_int_equal(letter, 'Z');
	assert_done(child_wait(&child, &status, &e), e);
	start = 99;
	assert_int_equal(procfs_start_time(pid, &start, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_int_equal(start, 99);
	assert_int_equal(procfs_start_time(0, &start, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_int_equal(procfs_start_time(-1, &start, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
}

static void the_boot_id_is_a_uuid(void **state)
{
	char first[37], second[37];
	struct err e = { 0 };

	(void)state;
	assert_done(boot_id(first, &e), e);
	assert_done(boot_id(second, &e), e);
	assert_int_equal(strlen(first), 36);
	assert_int_equal(first[8], '-');
	assert_string_equal(first, second);
}

static void only_ids_of_one_kind_tell_boots_apart(void **state)
{
	static const char one[] = "01234567-89ab-cdef-0123-456789abcdef";
	static const char two[] = "01234567-89ab-cdef-0123-456789abcde0";

	(void)state;
	assert_false(boot_is_another(one, one));
	assert_true(boot_is_another(one, two));
	assert_true(boot_is_another("run 1.5", "run 1.6"));
	assert_false(boot_is_another("run 1.5", "run 1.5"));
	assert_false(boot_is_another(one, "run 1.5"));
	assert_false(boot_is_another("run 1.5", one));
	assert_true(boot_is_another(NULL, one));
}

static void procfs_is_read_and_written_through_a_handle(void **state)
{
	struct err e = { 0 };
	autoclose int proc = procfs_open(&e);
	char name[16], before[16];

	(void)state;
	if (proc < 0)
		fail_msg("%s", e.text);
	assert_int_equal(prctl(PR_GET_NAME, before, 0, 0, 0), 0);
	assert_done(procfs_write(proc, "self/comm", "written", &e), e);
	assert_int_equal(prctl(PR_GET_NAME, name, 0, 0, 0), 0);
	assert_string_equal(name, "written");
	assert_done(procfs_write(proc, "self/comm", before, &e), e);

	assert_int_equal(procfs_openat(proc, "self/root/etc", O_PATH, &e), -1);
	assert_int_equal(procfs_openat(proc, "self/exe", O_RDONLY, &e), -1);
	assert_int_equal(procfs_openat(proc, "../etc/passwd", O_RDONLY, &e), -1);
	assert_int_equal(procfs_write(proc, "self/missing", "x", &e), -1);
	assert_int_equal(e.sys, ENOENT);

	autoclose int exe = procfs_open_target(proc, "self/exe", O_PATH, &e);
	autoclose int again = reopen_fd(exe, O_RDONLY, &e);

	assert_true(exe >= 0 && again >= 0);
	assert_true(nsfd_same(exe, again));
	assert_int_equal(procfs_open_target(proc, "self/comm", O_PATH, &e), -1);
	assert_int_equal(reopen_fd(1000, O_RDONLY, &e), -1);
}

/* CVE-2019-16884, CVE-2025-52881: something else mounted over a part of /proc. Runs in a process of its
 * own with a mount namespace of its own. */
static int overmounted(void)
{
	struct mount_attr private = { .propagation = 1 << 18 /* MS_PRIVATE */ };
	struct err e = { 0 };

	if (unshare(CLONE_NEWNS) < 0 ||
	    sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &private) < 0)
		return 10;

	autoclose int tree =
		sys_open_tree(AT_FDCWD, "/proc/self/environ", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (tree < 0 ||
	    sys_move_mount(tree, "", AT_FDCWD, "/proc/self/comm", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return 11;

	autoclose int plain = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int proc = procfs_open(&e);

	if (procfs_openat(plain, "self/comm", O_RDONLY, &e) >= 0 || e.sys != EXDEV)
		return 12;
	if (proc < 0 || procfs_write(proc, "self/comm", "through", &e) < 0)
		return 13;
	return 0;
}

/* A procfs of another PID namespace numbers other processes: it must not be taken for ours. */
static int without_a_procfs(void)
{
	struct err e = { 0 };
	struct cap_sets none = { 0 };

	if (caps_set(&none, &e) < 0)
		return 20;
	return procfs_open(&e) < 0 && strstr(e.text, "PID namespace") ? 0 : 21;
}

static void other_mounts_over_proc_are_noticed(void **state)
{
	autochild child = CHILD_INIT;
	struct err e = { 0 };
	int status = -1;

	(void)state;
	SKIP_WITHOUT_ROOT();
	if (child_clone(0, -1, &child, &e) == 0)
		_exit(overmounted());
	assert_done(child_wait(&child, &status, &e), e);
	assert_int_equal(status, 0);
	if (child_clone(CLONE_NEWPID, -1, &child, &e) == 0)
		_exit(without_a_procfs());
	assert_done(child_wait(&child, &status, &e), e);
	assert_int_equal(status, 0);
}

/* --- capabilities --- */

static void names_are_those_of_libcap(void **state)
{
	(void)state;
	for (int i = 0; i < 64; i++) {
		const char *name = cap_name_of(i);
		cap_value_t value = -1;

		if (i > 40) {
			assert_null(name);
			continue;
		}
		assert_non_null(name);
		assert_int_equal(cap_from_name(name, &value), 0);
		assert_int_equal(value, i);
		assert_int_equal(cap_number(name), i);
	}
	assert_int_equal(cap_number("cap_sys_admin"), 21);
	assert_int_equal(cap_number("SYS_ADMIN"), 21);
	assert_int_equal(cap_number("CAP_CHOWNX"), -1);
	assert_int_equal(cap_number("CAP_"), -1);
	assert_int_equal(cap_number(""), -1);
	assert_int_equal(cap_number(NULL), -1);
	assert_null(cap_name_of(-1));
}

static uint64_t status_mask(const char *key)
{
	unsigned long long value = 0;
	char line[256];
	FILE *file = fopen("/proc/self/status", "re");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (str_has_prefix(line, key))
			assert_int_equal(sscanf(line + strlen(key), ":\t%llx", &value), 1);
	}
	fclose(file);
	return value;
}

static void sets_are_those_of_the_kernel(void **state)
{
	struct cap_sets sets;
	struct err e = { 0 };
	uint64_t bounding = 0;
	FILE *file = fopen("/proc/sys/kernel/cap_last_cap", "re");
	int last = -1;

	(void)state;
	assert_done(caps_get(&sets, &e), e);
	assert_true(sets.effective == status_mask("CapEff"));
	assert_true(sets.permitted == status_mask("CapPrm"));
	assert_true(sets.inheritable == status_mask("CapInh"));
	assert_done(caps_bounding(&bounding, &e), e);
	assert_true(bounding == status_mask("CapBnd"));
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &last), 1);
	fclose(file);
	assert_int_equal(caps_last(), last);
}

static int limit_and_set(void)
{
	const uint64_t keep = UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_BPF;
	struct cap_sets sets = { .effective = keep, .permitted = keep, .inheritable = keep };
	struct err e = { 0 };

	if (caps_bounding_limit(keep, &e) < 0 || status_mask("CapBnd") & ~keep)
		return 1;
	if (caps_set(&sets, &e) < 0 || status_mask("CapEff") != keep ||
	    status_mask("CapPrm") != keep || status_mask("CapInh") != keep)
		return 2;
	/* what is not permitted, and what no kernel knows, is passed over */
	if (caps_ambient(UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_KILL | UINT64_C(1) << 63,
			 &e) < 0 ||
	    status_mask("CapAmb") != UINT64_C(1) << CAP_CHOWN)
		return 3;
	if (caps_ambient(0, &e) < 0 || status_mask("CapAmb"))
		return 4;
	sets.effective = sets.permitted = UINT64_MAX >> 1;
	return caps_set(&sets, &e) < 0 && e.sys == EPERM ? 0 : 5;
}

static void sets_can_be_cut(void **state)
{
	autochild child = CHILD_INIT;
	struct err e = { 0 };
	int status = -1;

	(void)state;
	SKIP_WITHOUT_ROOT();
	if (child_clone(0, -1, &child, &e) == 0)
		_exit(limit_and_set());
	assert_done(child_wait(&child, &status, &e), e);
	assert_int_equal(status, 0);
}

/* --- mounts --- */

static void a_context_says_what_was_wrong(void **state)
{
	char text[256], small[6];
	autoclose int context = -1;

	(void)state;
	SKIP_WITHOUT_ROOT();
	context = sys_fsopen("tmpfs", FSOPEN_CLOEXEC);
	assert_true(context >= 0);
	assert_int_equal(sys_fsconfig(context, FSCONFIG_SET_STRING, "BoGus", "1", 0), -1);
	fs_context_message(context, text, sizeof(text));
	assert_true(str_has_prefix(text, "tmpfs: unknown parameter 'BoGus'"));
	fs_context_message(context, text, sizeof(text));
	assert_string_equal(text, "");
	assert_int_equal(sys_fsconfig(context, FSCONFIG_SET_STRING, "bogus", "1", 0), -1);
	fs_context_message(context, small, sizeof(small));
	assert_string_equal(small, "tmpfs");
}

static void mountinfo_is_taken_apart(void **state)
{
	static const char text[] =
		"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
		"32 31 0:29 /a\\040b /mnt/x\\134040\\012y ro,nosuid shared:7 master:3 - cgroup "
		"cgroup rw,cpu,cpuacct\n"
		"34 31 259:12 / /last rw unbindable - fuse.x  rw,size=1";
	static const char *const bad[] = {
		"x 23 0:28 / /a rw - tmpfs tmpfs rw\n",
		"31 23 028 / /a rw - tmpfs tmpfs rw\n",
		"31 23 0:28 / /a rw shared:1 tmpfs rw\n",
		"31 23 0:28 / /a\n",
		"31 23 0:28 / /a rw -\n",
		"\n",
	};
	struct arena arena = { 0 };
	struct mountinfo mounts = { 0 };
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(mountinfo_parse(bad[i], &arena, &mounts, &e), -1);
	assert_null(mounts.v);
	assert_done(mountinfo_parse(text, &arena, &mounts, &e), e);
	assert_int_equal(mounts.n, 3);
	assert_string_equal(mounts.v[0].tags, "");
	assert_string_equal(mounts.v[0].fstype, "tmpfs");
	assert_int_equal(mounts.v[1].id, 32);
	assert_int_equal(mounts.v[1].parent, 31);
	assert_int_equal(mounts.v[1].minor, 29);
	assert_string_equal(mounts.v[1].root, "/a b");
	assert_string_equal(mounts.v[1].mount_point, "/mnt/x\\040\ny");
	assert_string_equal(mounts.v[1].options, "ro,nosuid");
	assert_string_equal(mounts.v[1].tags, "shared:7 master:3");
	assert_string_equal(mounts.v[1].super_options, "rw,cpu,cpuacct");
	assert_int_equal(mounts.v[2].major, 259);
	assert_string_equal(mounts.v[2].tags, "unbindable");
	assert_string_equal(mounts.v[2].source, "");
	assert_string_equal(mounts.v[2].super_options, "rw,size=1");

	assert_true(mount_options_have("rw,cpu,cpuacct", "cpu"));
	assert_true(mount_options_have("rw,cpu,cpuacct", "cpuacct"));
	assert_false(mount_options_have("rw,cpuacct", "cpu"));
	assert_false(mount_options_have("", "cpu"));
	assert_done(mountinfo_read(&arena, &mounts, &e), e);
	assert_true(mounts.n > 0);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_start_time_survives_an_odd_name),
		cmocka_unit_test(a_missing_process_is_not_found),
		cmocka_unit_test(the_boot_id_is_a_uuid),
		cmocka_unit_test(only_ids_of_one_kind_tell_boots_apart),
		cmocka_unit_test(procfs_is_read_and_written_through_a_handle),
		cmocka_unit_test(other_mounts_over_proc_are_noticed),
		cmocka_unit_test(names_are_those_of_libcap),
		cmocka_unit_test(sets_are_those_of_the_kernel),
		cmocka_unit_test(sets_can_be_cut),
		cmocka_unit_test(a_context_says_what_was_wrong),
		cmocka_unit_test(mountinfo_is_taken_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

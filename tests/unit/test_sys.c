/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/: processes, messages, namespace descriptors. What needs root skips with the reason.
 */
#include "base/auto.h"
#include "base/str.h"
#include "sys/channel.h"
#include "sys/child.h"
#include "sys/nsfd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

static char directory[64];
static int directory_fd = -1;

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/test-sys-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return directory_fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	close(directory_fd);
	return nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

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

static int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* --- child --- */

static void a_child_runs_and_its_status_comes_back(void **state)
{
	struct child child = CHILD_INIT;
	struct err e = { 0 };
	int status = -1;

	(void)state;
	int before = open_descriptors();
	int rc = child_clone(0, -1, &child, &e);

	if (rc == 0)
		_exit(getppid() == 1 ? 1 : 7);
	assert_int_equal(rc, 1);
	assert_true(child.pid > 0);
	assert_int_equal(fcntl(child.pidfd, F_GETFD), FD_CLOEXEC);
	assert_done(child_wait(&child, &status, &e), e);
	assert_int_equal(status, 7);
	assert_int_equal(child.pid, 0);
	assert_int_equal(open_descriptors(), before);

	if (child_clone(0, -1, &child, &e) == 0) {
		raise(SIGKILL);
		_exit(0);
	}
	assert_done(child_wait(&child, &status, &e), e);
	assert_int_equal(status, 128 + SIGKILL);
	assert_int_equal(child_wait(&child, &status, &e), -1);
}

static void a_dropped_child_is_dead_and_reaped(void **state)
{
	struct err e = { 0 };
	pid_t pid;

	(void)state;
	int before = open_descriptors();
	{
		autochild child = CHILD_INIT;

		if (child_clone(0, -1, &child, &e) == 0)
			for (;;)
				pause();
		pid = child.pid;
		assert_false(pidfd_ended(child.pidfd, 0));
		assert_false(pidfd_ended(child.pidfd, 20));
		assert_int_equal(kill(pid, 0), 0);
	}
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(open_descriptors(), before);
}

static void a_kept_child_lives_on(void **state)
{
	struct child child = CHILD_INIT;
	struct err e = { 0 };

	(void)state;
	if (child_clone(0, -1, &child, &e) == 0)
		for (;;)
			pause();
	pid_t pid = child.pid;

	child_keep(&child);
	assert_int_equal(child.pidfd, -1);
	child_drop(&child);
	assert_int_equal(kill(pid, 0), 0);

	autoclose int pidfd = sys_pidfd_open(pid, 0);

	assert_true(pidfd >= 0);
	assert_int_equal(sys_pidfd_send_signal(pidfd, SIGTERM), 0);
	assert_true(pidfd_ended(pidfd, 5000));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_clone_that_fails_changes_nothing(void **state)
{
	struct child child = CHILD_INIT;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(child_clone(CLONE_SIGHAND, -1, &child, &e), -1);
	assert_int_equal(e.sys, EINVAL);
	assert_int_equal(child.pid, 0);
	assert_int_equal(child.pidfd, -1);
	/* a descriptor that is not a cgroup */
	assert_int_equal(child_clone(0, directory_fd, &child, &e), -1);
}

/* --- channel --- */

static void messages_arrive_whole(void **state)
{
	struct message sent = { .type = 3, .value = -42 }, got = { 0 };
	struct err e = { 0 };
	int pair[2], fd = 99;

	(void)state;
	int before = open_descriptors();

	assert_done(channel_pair(pair, &e), e);
	assert_int_equal(fcntl(pair[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(pair[1], F_GETFD), FD_CLOEXEC);
	fail_errno(&sent.error, ENOENT, "text");
	sent.error.kind = ERR_POLICY;
	assert_done(channel_send(pair[0], &sent, -1, &e), e);
	assert_int_equal(channel_receive(pair[1], &got, &fd, &e), 1);
	assert_int_equal(fd, -1);
	assert_int_equal(got.type, 3);
	assert_int_equal(got.value, -42);
	assert_int_equal(got.error.kind, ERR_POLICY);
	assert_int_equal(got.error.sys, ENOENT);
	assert_string_equal(got.error.text, "text: no such file or directory");

	assert_done(channel_send(pair[0], &sent, directory_fd, &e), e);
	assert_int_equal(channel_receive(pair[1], &got, &fd, &e), 1);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_true(nsfd_same(fd, directory_fd));
	close(fd);
	close(pair[0]);
	assert_int_equal(channel_receive(pair[1], &got, &fd, &e), 0);
	/* EPIPE and no signal */
	assert_int_equal(channel_send(pair[1], &sent, -1, &e), -1);
	assert_int_equal(e.sys, EPIPE);
	close(pair[1]);
	assert_int_equal(open_descriptors(), before);
}

static void what_lies_behind_the_text_is_not_sent(void **state)
{
	struct message sent, got = { 0 };
	struct err e = { 0 };
	int pair[2];

	(void)state;
	memset(&sent, 0x5a, sizeof(sent));
	sent.error.kind = ERR_SYSTEM;
	strcpy(sent.error.text, "short");
	assert_done(channel_pair(pair, &e), e);
	assert_done(channel_send(pair[0], &sent, -1, &e), e);
	assert_int_equal(channel_receive(pair[1], &got, NULL, &e), 1);
	assert_null(memchr(got.error.text + 6, 0x5a, sizeof(got.error.text) - 6));
	/* a text without an end is given one */
	memset(sent.error.text, 'x', sizeof(sent.error.text));
	assert_done(channel_send(pair[0], &sent, -1, &e), e);
	assert_int_equal(channel_receive(pair[1], &got, NULL, &e), 1);
	assert_int_equal(strlen(got.error.text), sizeof(got.error.text) - 1);
	close(pair[0]);
	close(pair[1]);
}

static void send_raw(int socket, const void *data, size_t size, const int *fds, size_t count)
{
	char control[CMSG_SPACE(8 * sizeof(int))] __attribute__((aligned(8))) = { 0 };
	struct iovec part = { .iov_base = (void *)(uintptr_t)data, .iov_len = size };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };

	if (count) {
		header.msg_control = control;
		header.msg_controllen = CMSG_SPACE(count * sizeof(int));

		struct cmsghdr *rights = CMSG_FIRSTHDR(&header);

		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
	}
	assert_int_equal(sendmsg(socket, &header, 0), size);
}

static void malformed_messages_are_refused(void **state)
{
	static const int fds[] = { 0, 1, 2, 0, 1, 2, 0, 1 };
	char large[sizeof(struct message) + 1] = { 0 };
	struct message good = { .type = 1 }, got = { .type = 77 };
	struct err e = { 0 };
	int pair[2], fd = 99;

	(void)state;
	assert_done(channel_pair(pair, &e), e);
	int before = open_descriptors();

	send_raw(pair[0], &good, sizeof(good) - 1, NULL, 0);
	assert_int_equal(channel_receive(pair[1], &got, &fd, &e), -1);
	send_raw(pair[0], large, sizeof(large), NULL, 0);
	assert_int_equal(channel_receive(pair[1], &got, &fd, &e), -1);
	for (size_t n = 2; n <= ARRAY_SIZE(fds); n++) {
		send_raw(pair[0], &good, sizeof(good), fds, n);
		assert_int_equal(channel_receive(pair[1], &got, &fd, &e), -1);
	}
	send_raw(pair[0], &good, sizeof(good), fds, 1);
	assert_int_equal(channel_receive(pair[1], &got, NULL, &e), -1);
	good.error.kind = (enum err_kind)1000;
	send_raw(pair[0], &good, sizeof(good), NULL, 0);
	assert_int_equal(channel_receive(pair[1], &got, &fd, &e), -1);
	good.error.kind = ERR_NONE;
	memset(good.error.text, 'x', sizeof(good.error.text));
	send_raw(pair[0], &good, sizeof(good), NULL, 0);
	assert_int_equal(channel_receive(pair[1], &got, &fd, &e), -1);
	assert_int_equal(got.type, 77);
	assert_int_equal(fd, 99);
	assert_int_equal(open_descriptors(), before);
	close(pair[0]);
	close(pair[1]);
}

/* As deep as the path of a socket could not say. */
static int deep_directory(void)
{
	int fd = dup(directory_fd);
	char name[61];

	memset(name, 'd', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < 5; i++) {
		assert_true(mkdirat(fd, name, 0700) == 0 || errno == EEXIST);
		replace_fd(&fd, openat(fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC));
		assert_true(fd >= 0);
	}
	return fd;
}

static void a_socket_is_found_by_directory_and_name(void **state)
{
	autoclose int deep = deep_directory();
	struct message sent = { .type = 5 }, got = { 0 };
	struct err e = { 0 };
	struct stat st;

	(void)state;
	mode_t old = umask(0);
	autoclose int listener = channel_listen(deep, "start", &e);

	umask(old);
	if (listener < 0)
		fail_msg("%s", e.text);
	assert_int_equal(fstatat(deep, "start", &st, 0), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);

	autoclose int client = channel_connect(deep, "start", &e);
	autoclose int server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	assert_true(client >= 0 && server >= 0);
	assert_int_equal(fcntl(client, F_GETFD), FD_CLOEXEC);
	assert_done(channel_send(client, &sent, -1, &e), e);
	assert_int_equal(channel_receive(server, &got, NULL, &e), 1);
	assert_int_equal(got.type, 5);

	assert_int_equal(channel_listen(deep, "start", &e), -1);
	assert_int_equal(channel_connect(deep, "missing", &e), -1);
	assert_int_equal(e.sys, ENOENT);
	assert_int_equal(channel_listen(deep, "../start", &e), -1);
	assert_int_equal(channel_listen(deep, "", &e), -1);
	replace_fd(&listener, -1);
	replace_fd(&client, channel_connect(deep, "start", &e));
	assert_int_equal(client, -1);
	assert_int_equal(e.sys, ECONNREFUSED);
	old = umask(0777);
	replace_fd(&listener, channel_listen(deep, "masked", &e));
	umask(old);
	assert_int_equal(fstatat(deep, "masked", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

/* --- nsfd --- */

static void assert_not_a_namespace(const char *name, const char *reason)
{
	char path[PATH_MAX];
	struct err e = { 0 };

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	assert_int_equal(nsfd_open(path, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, path));
	if (!strstr(e.text, reason))
		fail_msg("'%s' does not say '%s'", e.text, reason);
	assert_int_equal(nsfd_try(path, &e), -1);
	assert_null(strstr(e.text, directory));
	assert_true(e.sys != 0);
}

static void make_socket(const char *name)
{
	struct err e = { 0 };
	int fd = channel_listen(directory_fd, name, &e);

	assert_true(fd >= 0);
	close(fd);
}

static void other_files_are_refused_at_once(void **state)
{
	(void)state;
	assert_int_equal(mkfifoat(directory_fd, "fifo", 0600), 0);
	assert_int_equal(mkdirat(directory_fd, "dir", 0700), 0);
	close(openat(directory_fd, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	make_socket("socket");
	assert_int_equal(symlinkat("loop", directory_fd, "loop"), 0);
	assert_int_equal(symlinkat("fifo", directory_fd, "link"), 0);
	assert_int_equal(symlinkat("/dev/null", directory_fd, "null"), 0);
	assert_int_equal(symlinkat("/proc/self/status", directory_fd, "status"), 0);

	alarm(2);
	assert_not_a_namespace("fifo", "is a FIFO, not a namespace file");
	assert_not_a_namespace("link", "is a FIFO, not a namespace file");
	assert_not_a_namespace("dir", "is a directory, not");
	assert_not_a_namespace("file", "is a regular file, not a namespace file (was the namespace "
				       "deleted?)");
	assert_not_a_namespace("status", "is a regular file, not");
	assert_not_a_namespace("socket", "is a socket, not");
	assert_not_a_namespace("null", "is a character device, not");
	assert_not_a_namespace("missing", "no such file or directory");
	assert_not_a_namespace("loop", "too many levels of symbolic links");
	alarm(0);
}

static void namespaces_are_told_apart_by_object(void **state)
{
	char path[PATH_MAX];
	struct err e = { 0 };

	(void)state;
	assert_int_equal(symlinkat("/proc/self/ns/net", directory_fd, "net"), 0);
	snprintf(path, sizeof(path), "%s/net", directory);

	autoclose int by_link = nsfd_open(path, &e);
	autoclose int own = nsfd_own("net", &e);
	autoclose int mount = nsfd_own("mnt", &e);

	if (by_link < 0)
		fail_msg("%s", e.text);
	assert_int_equal(nsfd_type(by_link), CLONE_NEWNET);
	assert_int_equal(nsfd_type(mount), CLONE_NEWNS);
	assert_true(nsfd_same(by_link, own));
	assert_false(nsfd_same(mount, own));
	assert_int_equal(fcntl(by_link, F_GETFD), FD_CLOEXEC);
	/* good for use, not just O_PATH */
	assert_int_equal(fcntl(by_link, F_GETFL) & O_PATH, 0);
	assert_int_equal(nsfd_own("bogus", &e), -1);
	assert_int_equal(nsfd_own("../status", &e), -1);
}

static void those_of_a_process_are_opened_by_its_number_or_its_directory(void **state)
{
	static const char *const names[] = { "net", "pid", "mnt", "ipc", "uts", "user", "cgroup" };
	const struct ns_path longest = ns_path(INT64_MIN, "pid_for_children");
	autoclose int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat here, there;
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autoclose int own = nsfd_own(names[i], &e);
		autoclose int by_number = nsfd_of_process(getpid(), names[i]);
		autoclose int by_directory = nsfd_at(proc, names[i]);
		autoclose int by_path = nsfd_open(ns_path(getpid(), names[i]).text, &e);
		assert_true(by_path >= 0 && nsfd_same(by_path, own));
		assert_true(by_number >= 0 && nsfd_same(by_number, own));
		assert_true(by_directory >= 0 && nsfd_same(by_directory, own));
		assert_int_equal(stat(ns_path(getpid(), names[i]).text, &here), 0);
		assert_int_equal(stat(ns_own_path(names[i]).text, &there), 0);
		assert_true(ns_is_same(&here, &there));
		assert_int_equal(fstat(own, &there), 0);
		assert_true(ns_is_same(&here, &there));
		/* one number on another device, and the other way round, is another object */
		there.st_dev++;
		assert_false(ns_is_same(&here, &there));
		there = here;
		there.st_ino++;
		assert_false(ns_is_same(&here, &there));
		assert_int_equal(nsfd_type(by_number), nsfd_type(own));
		assert_int_equal(nsfd_type(by_directory), nsfd_type(own));
		assert_int_equal(fcntl(by_number, F_GETFD), FD_CLOEXEC);
		assert_int_equal(fcntl(by_directory, F_GETFD), FD_CLOEXEC);
	}
	errno = 0;
	assert_int_equal(nsfd_of_process(0, "net"), -1);
	assert_int_equal(errno, ENOENT);
	errno = 0;
	assert_int_equal(nsfd_at(proc, "bogus"), -1);
	assert_int_equal(errno, ENOENT);
	assert_string_equal(ns_own_path("net").text, "/proc/self/ns/net");
	assert_string_equal(longest.text, "/proc/-9223372036854775808/ns/pid_for_children");
}

static void the_owner_of_a_namespace_is_known(void **state)
{
	struct err e = { 0 };
	autoclose int net = nsfd_own("net", &e);
	autoclose int user = nsfd_own("user", &e);
	autoclose int owner = nsfd_owner(net);
	uid_t uid = 12345;

	(void)state;
	if (owner < 0) {
		print_message("needs the user namespace that owns the network\n");
		skip();
	}
	assert_true(nsfd_same(owner, user));
	assert_int_equal(nsfd_owner_uid(owner, &uid), 0);
	assert_int_not_equal(uid, 12345);
	assert_int_equal(nsfd_owner_uid(net, &uid), -1);
}

static void a_cookie_names_one_network(void **state)
{
	struct err e = { 0 };
	autoclose int own = nsfd_own("net", &e);
	autoclose int mount = nsfd_own("mnt", &e);
	uint64_t here = 0, there = 0, again = 0;

	(void)state;
	assert_done(netns_cookie(&here, &e), e);
	assert_true(here != 0);
	SKIP_WITHOUT_ROOT();
	assert_int_equal(unshare(CLONE_NEWNET), 0);

	autoclose int other = nsfd_own("net", &e);

	assert_done(nsfd_enter(own, CLONE_NEWNET, NULL, &e), e);
	assert_done(netns_cookie_of(other, &there, &e), e);
	assert_true(there != here);
	assert_false(nsfd_same(other, own));
	/* it has come back */
	assert_done(netns_cookie(&again, &e), e);
	assert_true(again == here);
	assert_int_equal(netns_cookie_of(mount, &again, &e), -1);
	assert_int_equal(nsfd_enter(mount, CLONE_NEWNET, "/a/path", &e), -1);
	assert_string_equal(e.text, "join the network namespace '/a/path': invalid argument");
}

static void what_a_peer_said_before_it_went_is_heard(void **state)
{
	struct message said = { .type = 7 }, heard = { 0 }, unread = { .type = 8 };
	struct err e;
	int pair[2];

	(void)state;
	assert_int_equal(channel_pair(pair, &e), 0);
	assert_int_equal(channel_send(pair[0], &unread, -1, &e), 0);
	assert_int_equal(channel_send(pair[1], &said, -1, &e), 0);
	close(pair[1]);
	assert_int_equal(channel_receive(pair[0], &heard, NULL, &e), 1);
	assert_int_equal(heard.type, 7);
	assert_int_equal(channel_receive(pair[0], &heard, NULL, &e), 0);
	close(pair[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_peer_said_before_it_went_is_heard),
		cmocka_unit_test(a_child_runs_and_its_status_comes_back),
		cmocka_unit_test(a_dropped_child_is_dead_and_reaped),
		cmocka_unit_test(a_kept_child_lives_on),
		cmocka_unit_test(a_clone_that_fails_changes_nothing),
		cmocka_unit_test(messages_arrive_whole),
		cmocka_unit_test(what_lies_behind_the_text_is_not_sent),
		cmocka_unit_test(malformed_messages_are_refused),
		cmocka_unit_test(a_socket_is_found_by_directory_and_name),
		cmocka_unit_test(other_files_are_refused_at_once),
		cmocka_unit_test(namespaces_are_told_apart_by_object),
		cmocka_unit_test(those_of_a_process_are_opened_by_its_number_or_its_directory),
		cmocka_unit_test(the_owner_of_a_namespace_is_known),
		cmocka_unit_test(a_cookie_names_one_network),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

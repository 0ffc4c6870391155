/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: its targets and what each of them gets. Needs no root; what needs a mount namespace of its own makes one, or is
 * skipped where the system does not allow that.
 */
#include "scene.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "os/io.h"
#include "os/log.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

static void catch_stderr(const struct scene *scene)
{
	autoclose int fd = openat(scene->fd, "stderr",
				  O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
}

static char *caught_stderr(const struct scene *scene)
{
	dup2(scene->saved_stderr, STDERR_FILENO);
	return slurp(scene, "stderr");
}

/* ---- log */

static void without_log_open_only_the_error_reaches_stderr(void **state)
{
	const struct scene *scene = *state;
	struct err e;

	fail(&e, ERR_CONFIG, "two\nlines \x1b[31m \xff");
	catch_stderr(scene);
	log_warning("a warning");
	log_debug("a detail");
	log_error(&e);
	autofree char *text = caught_stderr(scene);
	assert_string_equal(text, "distro-shim: two\\nlines \\x1b[31m \\xff\n");
	assert_true(log_enabled(LOG_LEVEL_ERROR));
	assert_false(log_enabled(LOG_LEVEL_WARNING));
}

static void without_a_target_enabled_messages_go_to_stderr(void **state)
{
	const struct scene *scene = *state;
	const struct log_options options = { .level = LOG_LEVEL_INFO };
	struct err e;

	catch_stderr(scene);
	int rc = log_open(&options, &e);
	log_set_prefix("pivot-root");
	log_info("one %d", 1);
	log_set_prefix(NULL);
	log_warning("two");
	log_debug("three");
	autofree char *text = caught_stderr(scene);
	assert_int_equal(rc, 0);
	assert_string_equal(text,
			    "distro-shim: info: pivot-root: one 1\ndistro-shim: warning: two\n");
}

/* "2026-01-02T03:04:05.000000000Z", and within a minute of now. */
static void assert_time_is_now(const char *text)
{
	struct tm when = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &when);

	assert_non_null(rest);
	assert_int_equal(strlen(rest), 11);
	assert_int_equal(rest[0], '.');
	assert_int_equal(strspn(rest + 1, "0123456789"), 9);
	assert_int_equal(rest[10], 'Z');
	time_t difference = time(NULL) - timegm(&when);
	assert_true(difference >= -1 && difference < 60);
}

static struct json_value *parse_record(struct arena *arena, const char *text)
{
	const struct json_source source = { .name = "log", .text = text, .length = strlen(text) };
	struct json_value *v = NULL;
	struct err e;

	if (json_parse(&source, arena, &v, &e) < 0)
		STOP("%s", e.text);
	return v;
}

static void the_error_is_one_json_object_in_the_log_and_text_on_stderr(void **state)
{
	const struct scene *scene = *state;
	const struct log_options options = { .path = path_in(scene, "log.json"), .json = true };
	autoarena arena = { 0 };
	struct err e, error;
	struct stat status;

	catch_stderr(scene);
	int rc = log_open(&options, &e);
	log_warning("silent at the default level");
	errno = ENOENT;
	fail_sys(&error, "open \"a\\b\"\n\xc3\xa9\xed\xa0\x80");
	log_error(&error);
	autofree char *text = caught_stderr(scene);
	autofree char *record = slurp(scene, "log.json");
	assert_int_equal(rc, 0);
	assert_string_equal(text, "distro-shim: open \"a\\b\"\\n\xc3\xa9\\xed\\xa0\\x80: "
				  "no such file or directory\n");
	assert_int_equal(fstatat(scene->fd, "log.json", &status, 0), 0);
	assert_int_equal(status.st_mode & 0777, 0600);

	assert_true(str_has_suffix(record, "}\n"));
	assert_true(str_has_prefix(record, "{\"level\":\"error\",\"msg\":\""));
	const struct json_value *v = parse_record(&arena, record);
	assert_int_equal(v->count, 4);
	assert_string_equal(json_get(v, "level")->text, "error");
	assert_string_equal(json_get(v, "msg")->text,
			    "open \"a\\b\"\\n\xc3\xa9\\xed\\xa0\\x80: no such file or directory");
	assert_string_equal(json_get(v, "kind")->text, "system");
	assert_time_is_now(json_get(v, "time")->text);
}

static void records_are_appended_one_a_line(void **state)
{
	const struct scene *scene = *state;
	autostrbuf target = { 0 };
	struct err e;

	strbuf_printf(&target, "file:%s", path_in(scene, "log"));
	const struct log_options options = { .path = target.text, .level = LOG_LEVEL_DEBUG };
	assert_int_equal(replace_file_at(scene->fd, "log", 0600, "before\n", 7, &e), 0);
	catch_stderr(scene);
	int rc = log_open(&options, &e);
	log_debug("first\nsecond");
	log_warning("say \"hi\"");
	autofree char *text = caught_stderr(scene);
	assert_int_equal(rc, 0);
	assert_string_equal(text, "");

	autofree char *log = slurp(scene, "log");
	char *first = strchr(log, '\n') + 1;
	char *second = strchr(first, '\n') + 1;
	assert_true(str_has_prefix(log, "before\ntime=\""));
	assert_non_null(strstr(first, "Z\" level=debug msg=\"first\\\\nsecond\"\ntime=\""));
	assert_true(str_has_suffix(second, "Z\" level=warning msg=\"say \\\"hi\\\"\"\n"));
	assert_null(strchr(strchr(second, '\n') + 1, '\n'));
}

static void unfit_log_targets_are_refused(void **state)
{
	const struct scene *scene = *state;
	struct log_options options = { 0 };
	struct err e;

	assert_int_equal(replace_file_at(scene->fd, "file", 0600, "", 0, &e), 0);
	assert_int_equal(symlinkat("file", scene->fd, "link"), 0);
	options.path = path_in(scene, "link");
	assert_int_equal(log_open(&options, &e), -1);
	assert_int_equal(e.sys, ELOOP);

	assert_int_equal(mkfifoat(scene->fd, "fifo", 0600), 0);
	options.path = path_in(scene, "fifo");
	alarm(20);
	assert_int_equal(log_open(&options, &e), -1);
	alarm(0);
	assert_int_equal(e.sys, ENXIO);

	options.path = scene->path;
	assert_int_equal(log_open(&options, &e), -1);
	assert_int_equal(e.sys, EISDIR);
	options.path = "syslog:";
	assert_int_equal(log_open(&options, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	options.path = "journald:a\nPRIORITY=0";
	assert_int_equal(log_open(&options, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	options.path = "";
	assert_int_equal(log_open(&options, &e), -1);
	options.path = "/dev/null";
	assert_int_equal(log_open(&options, &e), 0);
}

static void a_log_without_a_reader_does_not_stop_us(void **state)
{
	const struct scene *scene = *state;
	struct log_options options = { .path = path_in(scene, "fifo"), .level = LOG_LEVEL_INFO };
	struct err e;

	assert_int_equal(mkfifoat(scene->fd, "fifo", 0600), 0);
	autoclose int reader = openat(scene->fd, "fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(reader >= 0);
	assert_int_equal(log_open(&options, &e), 0);
	alarm(20);
	for (int i = 0; i < 5000; i++)
		log_info("%064d", i);
	alarm(0);
}

/* ---- log daemons, in a mount namespace of a child's own */

#define CANNOT 77

static void write_own(const char *path, const char *text)
{
	struct err e;

	if (write_file_at(AT_FDCWD, path, text, &e) < 0)
		_exit(CANNOT);
}

/* Hide /run and /dev behind empty directories. Ends the child where that is not allowed. */
static void enter_private_world(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char map[64];

	if (uid == 0) {
		if (unshare(CLONE_NEWNS) < 0)
			_exit(CANNOT);
	} else {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
			_exit(CANNOT);
		write_own("/proc/self/setgroups", "deny");
		snprintf(map, sizeof(map), "0 %u 1", uid);
		write_own("/proc/self/uid_map", map);
		snprintf(map, sizeof(map), "0 %u 1", gid);
		write_own("/proc/self/gid_map", map);
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0 ||
	    mount("tmpfs", "/dev", "tmpfs", 0, NULL) < 0)
		_exit(CANNOT);
}

static int bind_daemon(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		_exit(CANNOT);
	return fd;
}

/* What a command has not done, and goes on. */
static void what_concerns_everyone_is_told_at_any_level_and_on_stderr(void **state)
{
	const struct scene *scene = *state;
	const struct log_options options = { .path = path_in(scene, "log"), .json = true };
	autoarena arena = { 0 };
	struct err e;

	catch_stderr(scene);
	log_to_all("first %d", 1);
	int rc = log_open(&options, &e);
	log_to_all("second\nnot a line");
	log_silence();
	log_to_all("third");
	log_close();
	autofree char *text = caught_stderr(scene);
	autofree char *record = slurp(scene, "log");
	assert_int_equal(rc, 0);
	assert_string_equal(text, "distro-shim: warning: first 1\n"
				  "distro-shim: warning: second\\nnot a line\n");
	const struct json_value *v = parse_record(&arena, record);
	assert_string_equal(json_get(v, "level")->text, "warning");
	assert_string_equal(json_get(v, "msg")->text, "second\\nnot a line");
}

/* The child's whole life; its exit status is the number of the first thing that went wrong. */
static int talk_to_daemons(void)
{
	struct log_options journald = { .path = "journald:shim", .level = LOG_LEVEL_WARNING };
	struct log_options syslog = { .path = "syslog:shim", .level = LOG_LEVEL_WARNING };
	char datagram[4096], expected[4096];
	struct err e;

	enter_private_world();
	if (log_open(&journald, &e) >= 0 || !strstr(e.text, "/run/systemd/journal/socket") ||
	    e.sys != ENOENT)
		return 1;
	if (log_open(&syslog, &e) >= 0 || !strstr(e.text, "/dev/log") || e.sys != ENOENT)
		return 2;

	if (make_directories("/run/systemd/journal", 0700, &e) < 0)
		return CANNOT;
	int daemon = bind_daemon("/run/systemd/journal/socket");
	if (log_open(&journald, &e) < 0)
		return 3;
	fail_lines(&e, ERR_POLICY, "one\ntwo");
	log_error(&e);
	ssize_t n = recv(daemon, datagram, sizeof(datagram), MSG_DONTWAIT);
	int length = snprintf(expected, sizeof(expected),
			      "MESSAGE\n%c%c%c%c%c%c%c%cone\ntwo\nPRIORITY=3\n"
			      "SYSLOG_IDENTIFIER=shim\nSYSLOG_PID=%d\nDISTRO_SHIM_KIND=policy\n",
			      7, 0, 0, 0, 0, 0, 0, 0, (int)getpid());
	if (n != length || memcmp(datagram, expected, (size_t)n) != 0)
		return 4;
	fail(&e, ERR_CONFIG, "bad");
	log_error(&e);
	n = recv(daemon, datagram, sizeof(datagram), MSG_DONTWAIT);
	if (n < 0 || !memmem(datagram, (size_t)n, "MESSAGE=bad\nPRIORITY=3\n", 23) ||
	    !memmem(datagram, (size_t)n, "\nDISTRO_SHIM_KIND=config\n", 25))
		return 5;

	daemon = bind_daemon("/dev/log");
	if (log_open(&syslog, &e) < 0)
		return 6;
	log_warning("careful");
	n = recv(daemon, datagram, sizeof(datagram), MSG_DONTWAIT);
	length = snprintf(expected, sizeof(expected), "<28>shim[%d]: careful", (int)getpid());
	if (n != length || memcmp(datagram, expected, (size_t)n) != 0)
		return 7;
	return 0;
}

static void log_daemons_get_their_own_protocol_and_must_be_there(void **state)
{
	const struct scene *scene = *state;
	int status = -1;

	catch_stderr(scene);
	pid_t pid = fork();
	if (pid == 0)
		_exit(talk_to_daemons());
	waitpid(pid, &status, 0);
	autofree char *text = caught_stderr(scene);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CANNOT) {
		print_message("# no mount namespace of our own is allowed here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_string_equal(text, "distro-shim: one\ntwo\ndistro-shim: bad\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(without_log_open_only_the_error_reaches_stderr),
		IN_SCENE(without_a_target_enabled_messages_go_to_stderr),
		IN_SCENE(the_error_is_one_json_object_in_the_log_and_text_on_stderr),
		IN_SCENE(records_are_appended_one_a_line),
		IN_SCENE(unfit_log_targets_are_refused),
		IN_SCENE(a_log_without_a_reader_does_not_stop_us),
		IN_SCENE(what_concerns_everyone_is_told_at_any_level_and_on_stderr),
		IN_SCENE(log_daemons_get_their_own_protocol_and_must_be_there),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}

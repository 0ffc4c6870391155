/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records as they may lie on a disk: those of version 0.1.0 (tests/data/records-0.1.0, as that wrote them),
 * and the same cut at every byte or damaged in other ways, for a process that lives. What cannot be read
 * makes no answer; delete --force ends the process by the registry of members and clears up. Needs no root:
 * no cgroup is recorded.
 */
#include "base/auto.h"
#include "container/container.h"
#include "os/io.h"
#include "state/registry.h"

#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>
#undef fail /* of cmocka; ours makes errors */

/* STOP(), which needs the fail() of cmocka */
#define STOP(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

#define ID "one"
#define OLD_BOOT_ID "00000000-0000-0000-0000-000000000000"

enum { STATUS, INTENT, CONFIG, MEMBER, RECORDS };
static const char *const names[RECORDS] = { "status.json", "intent.json", "config.json",
					    "member.json" };

static char directory[] = "/tmp/distro-shim-records.XXXXXX";
static struct arena group_arena;
static struct global_options global;
static char *old[RECORDS]; /* as version 0.1.0 wrote them */
static char member_path[512];

/* --- files --- */

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status, (void)type, (void)ftw;
	return remove(path);
}

static void write_text(const char *path, const char *text, size_t length)
{
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, length), (ssize_t)length);
}

static const char *record_path(int record)
{
	static char path[512];

	if (record == MEMBER)
		return member_path;
	snprintf(path, sizeof(path), "%s/" ID "/%s", global.root, names[record]);
	return path;
}

static bool has_state(void)
{
	return access(arena_printf(&group_arena, "%s/" ID, global.root), F_OK) == 0;
}

static char *replace(const char *text, const char *from, const char *to, struct arena *arena)
{
	autostrbuf out = { 0 };
	const char *at;

	for (; (at = strstr(text, from)); text = at + strlen(from)) {
		strbuf_add(&out, text, (size_t)(at - text));
		strbuf_puts(&out, to);
	}
	strbuf_puts(&out, text);
	return arena_strdup(arena, strbuf_text(&out));
}

/* --- a process and its records --- */

static pid_t start_process(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		/* A test that fails must not leave it behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

/* It was killed. */
static void expect_end(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static char *substitute(const char *text, const struct process_identity *init, struct arena *arena)
{
	static const struct {
		const char *pid, *start;
	} members[] = {
		{ "\"initPid\": 56", "\"initStartTime\": 299259" },
		{ "\"ownerPid\": 55", "\"ownerStartTime\": 299248" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		text = replace(text, members[i].pid,
			       arena_printf(arena, "%.*s %" PRId64,
					    (int)(strchr(members[i].pid, ' ') - members[i].pid),
					    members[i].pid, init->pid),
			       arena);
		text = replace(text, members[i].start,
			       arena_printf(arena, "%.*s %" PRIu64,
					    (int)(strchr(members[i].start, ' ') - members[i].start),
					    members[i].start, init->start_time),
			       arena);
	}
	text = replace(text, OLD_BOOT_ID, init->boot_id, arena);
	text = replace(text, "/run/distro-shim/containers", global.root, arena);
	/* The paths of its cgroup are those of another machine. */
	text = replace(text, "\"manage\": true", "\"manage\": false", arena);
	return replace(text, "\"hooks\":{\"poststop\":[{\"path\":\"/bin/true\"}]},", "", arena);
}

/* The old records, for a new process. */
static pid_t make_old(struct arena *arena, char *ret_texts[RECORDS])
{
	pid_t pid = start_process();
	struct process_identity init;
	struct err e;

	assert_int_equal(process_identify(pid, arena, &init, &e), 0);
	assert_int_equal(mkdir(arena_printf(arena, "%s/" ID, global.root), 0700), 0);
	for (int i = 0; i < RECORDS; i++) {
		ret_texts[i] = substitute(old[i], &init, arena);
		write_text(record_path(i), ret_texts[i], strlen(ret_texts[i]));
	}
	return pid;
}

static void delete_by_force(void)
{
	struct err e;

	if (container_delete(&global, ID, true, &e) < 0)
		STOP("%s\n", e.text);
	assert_false(has_state());
	assert_int_equal(access(member_path, F_OK), -1);
}

/* As version 0.1.0 has named the entry's file: by cookie, and FNV-1a of root, NUL and id. */
static void name_member(void)
{
	const char *members = registry_default_directory(true, &group_arena);
	const char *texts[] = { global.root, ID };
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (size_t k = 0; k < strlen(texts[i]) + (i == 0); k++)
			hash = (hash ^ (unsigned char)texts[i][k]) * UINT64_C(0x100000001b3);
	assert_int_equal(make_directories(members, 0755, &e), 0);
	snprintf(member_path, sizeof(member_path), "%s/7553-%016" PRIx64 ".json", members, hash);
}

static int set_up(void **state)
{
	const char *source = getenv("DISTRO_SHIM_SOURCE");
	struct err e;

	(void)state;
	if (!mkdtemp(directory) || setenv("XDG_RUNTIME_DIR", directory, 1) < 0)
		return -1;
	global = (struct global_options){
		.root = state_default_root(true, &group_arena),
		.rootless = true,
	};
	for (int i = 0; i < RECORDS; i++)
		if (read_file_at(AT_FDCWD,
				 arena_printf(&group_arena, "%s/tests/data/records-0.1.0/%s",
					      source ? source : ".", names[i]),
				 1 << 20, &old[i], NULL, &e) < 0)
			STOP("%s\n", e.text);
	if (make_directories(global.root, 0700, &e) < 0)
		return -1;
	name_member();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < RECORDS; i++)
		free(old[i]);
	arena_release(&group_arena);
	return nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- tests --- */

static void records_of_version_0_1_0_are_read(void **state)
{
	struct arena arena = { 0 };
	autostatedir dir = STATE_DIR_INIT;
	struct container_view view;
	struct members members;
	char *texts[RECORDS];
	struct spec *spec;
	struct err e;
	pid_t pid = make_old(&arena, texts);

	(void)state;
	if (container_view(&global, ID, &arena, &view, &e) < 0)
		STOP("%s\n", e.text);
	assert_int_equal(view.status, STATUS_RUNNING);
	assert_int_equal(view.pid, pid);
	assert_string_equal(view.bundle, "/bundle");
	assert_string_equal(view.record->network_path, "/run/netns/distros");
	assert_int_equal(view.record->network_cookie, 7553);
	assert_int_equal(view.record->cgroup->directories.n, 10);
	assert_string_equal(view.record->cgroup->path, "/distro-shim/one");
	assert_non_null(view.record->policy);
	assert_int_equal(view.record->decisions.n, 1);
	assert_true(view.record->poststop);
	assert_int_equal(state_open(global.root, ID, false, &dir, &e), 0);
	assert_int_equal(state_read_config(&dir, &arena, &spec, &e), 0);
	assert_int_equal(spec->linux_->resources->pids->limit, 50);
	assert_int_equal(registry_living(registry_default_directory(true, &arena), NULL, &arena,
					 &members, &e),
			 0);
	assert_int_equal(members.n, 1);
	assert_int_equal(container_kill(&global, ID, "0", false, &e), 0);
	assert_int_equal(container_delete(&global, ID, false, &e), -1);
	assert_non_null(strstr(e.text, "that is not stopped: running"));
	delete_by_force();
	expect_end(pid);
	arena_release(&arena);
}

/* What may be said of a container of which this record is damaged: the truth or an error. */
static void check_answers(int record, const char *how, size_t cut, pid_t pid)
{
	struct arena arena = { 0 };
	struct container_view view;
	struct err e;

	if (container_view(&global, ID, &arena, &view, &e) == 0) {
		if (view.status != STATUS_RUNNING || view.pid != pid)
			STOP("%s %s at %zu: status %d\n", names[record], how, cut, view.status);
	} else if (e.kind != ERR_STATE || !strstr(e.text, names[record])) {
		STOP("%s %s at %zu: %s\n", names[record], how, cut, e.text);
	}
	/* A plain delete never takes a running container. */
	if (container_delete(&global, ID, false, &e) == 0 || e.kind == ERR_NOT_FOUND)
		STOP("%s %s at %zu: deleted\n", names[record], how, cut);
	assert_int_equal(kill(pid, 0), 0);
	arena_release(&arena);
}

/* Answers at every byte; ended by force at some, for each takes a process of its own. */
#define FORCE_STEP 16

static void cut_everywhere(int record)
{
	struct arena arena = { 0 };
	char *texts[RECORDS];
	pid_t pid = make_old(&arena, texts);
	size_t length = strlen(texts[record]);

	for (size_t cut = 0; cut < length; cut++) {
		write_text(record_path(record), texts[record], cut);
		check_answers(record, "cut", cut, pid);
		if (cut % FORCE_STEP != 0 && cut + 3 < length)
			continue;
		delete_by_force();
		expect_end(pid);
		arena_release(&arena);
		pid = make_old(&arena, texts);
		length = strlen(texts[record]);
	}
	delete_by_force();
	expect_end(pid);
	arena_release(&arena);
}

static void a_status_cut_at_any_byte(void **state)
{
	(void)state;
	cut_everywhere(STATUS);
}

static void an_intent_cut_at_any_byte(void **state)
{
	(void)state;
	cut_everywhere(INTENT);
}

static void a_configuration_cut_at_any_byte(void **state)
{
	(void)state;
	cut_everywhere(CONFIG);
}

static void damage(const char *path, const char *how)
{
	unlink(path);
	if (str_eq(how, "directory"))
		assert_int_equal(mkdir(path, 0700), 0);
	else if (str_eq(how, "fifo"))
		assert_int_equal(mkfifo(path, 0600), 0);
	else if (str_eq(how, "symlink"))
		assert_int_equal(symlink("/etc/passwd", path), 0);
	else if (str_eq(how, "garbage"))
		write_text(path, "{\"version\": 1, \"id\": 7}", 23);
	else if (str_eq(how, "newer"))
		write_text(path, "{\"version\": 2}", 14);
}

static void each_record_damaged_in_each_way(void **state)
{
	static const char *const ways[] = { "missing", "directory", "fifo",
					    "symlink", "garbage",   "newer" };
	(void)state;
	/* In bits; the registry alone is left in the last one. */
	for (int which = 1; which <= 7; which++) {
		for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
			struct arena arena = { 0 };
			char *texts[RECORDS];
			pid_t pid = make_old(&arena, texts);
			for (int record = STATUS; record <= CONFIG; record++)
				if (which & (1 << record))
					damage(record_path(record), ways[i]);
			/* Without all of them there is nothing of a container to see. */
			if (which < 7 && which & (1 << STATUS))
				check_answers(STATUS, ways[i], 0, pid);
			delete_by_force();
			expect_end(pid);
			arena_release(&arena);
		}
	}
}

/* Neither tells: nothing may be given up. */
static void without_status_and_registry_a_container_stays(void **state)
{
	struct arena arena = { 0 };
	char *texts[RECORDS];
	struct err e;
	pid_t pid = make_old(&arena, texts);

	(void)state;
	damage(record_path(STATUS), "garbage");
	write_text(member_path, texts[MEMBER], 20);
	assert_int_equal(container_delete(&global, ID, true, &e), -1);
	assert_non_null(strstr(e.text, "status.json"));
	assert_non_null(strstr(e.text, "is damaged"));
	assert_true(has_state());
	assert_int_equal(kill(pid, 0), 0);
	/* It can be tried again. */
	write_text(member_path, texts[MEMBER], strlen(texts[MEMBER]));
	delete_by_force();
	expect_end(pid);
	arena_release(&arena);
}

/* One that the registry knows to have ended, or does not know at all, is cleared away. */
static void a_damaged_container_that_has_ended_is_cleared_away(void **state)
{
	(void)state;
	for (int known = 0; known <= 1; known++) {
		struct arena arena = { 0 };
		char *texts[RECORDS];
		pid_t pid = make_old(&arena, texts);
		kill(pid, SIGKILL);
		expect_end(pid);
		damage(record_path(STATUS), "garbage");
		damage(record_path(INTENT), "garbage");
		if (!known)
			assert_int_equal(unlink(member_path), 0);
		delete_by_force();
		arena_release(&arena);
	}
}

/* The entry of another container, and one of a process that has the number now, count for nothing. */
static void an_entry_that_is_not_its_own_ends_no_process(void **state)
{
	struct arena arena = { 0 };
	char *texts[RECORDS];
	struct err e;
	pid_t pid = make_old(&arena, texts);
	const char *other = arena_printf(&arena, "%s/another-root", directory);

	(void)state;
	damage(record_path(STATUS), "garbage");
	char *changed = replace(texts[MEMBER], global.root, other, &arena);
	write_text(member_path, changed, strlen(changed));
	assert_int_equal(container_delete(&global, ID, true, &e), 0);
	assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(unlink(member_path), 0);

	assert_int_equal(mkdir(arena_printf(&arena, "%s/" ID, global.root), 0700), 0);
	damage(record_path(STATUS), "garbage");
	changed = replace(texts[MEMBER], "\"initStartTime\": ", "\"initStartTime\": 1", &arena);
	write_text(member_path, changed, strlen(changed));
	delete_by_force();
	assert_int_equal(kill(pid, 0), 0);
	kill(pid, SIGKILL);
	expect_end(pid);
	arena_release(&arena);
}

/* /var/run is mostly a link to /run. */
static void a_root_is_known_by_another_spelling(void **state)
{
	struct arena arena = { 0 };
	char *texts[RECORDS];
	pid_t pid = make_old(&arena, texts);
	struct global_options by_link = global;
	struct err e;

	(void)state;
	assert_int_equal(symlink(directory, arena_printf(&arena, "%s/link", directory)), 0);
	by_link.root =
		arena_printf(&arena, "%s/link%s", directory, global.root + strlen(directory));
	damage(record_path(STATUS), "garbage");
	if (container_delete(&by_link, ID, true, &e) < 0)
		STOP("%s\n", e.text);
	assert_false(has_state());
	assert_int_equal(access(member_path, F_OK), -1);
	expect_end(pid);
	assert_int_equal(unlink(arena_printf(&arena, "%s/link", directory)), 0);
	arena_release(&arena);
}

static void a_container_without_a_directory_is_ended_by_force(void **state)
{
	struct arena arena = { 0 };
	char *texts[RECORDS];
	struct err e;
	pid_t pid = make_old(&arena, texts);

	(void)state;
	for (int record = STATUS; record <= CONFIG; record++)
		assert_int_equal(unlink(record_path(record)), 0);
	assert_int_equal(rmdir(arena_printf(&arena, "%s/" ID, global.root)), 0);
	assert_int_equal(container_delete(&global, ID, false, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_int_equal(kill(pid, 0), 0);
	delete_by_force();
	expect_end(pid);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_version_0_1_0_are_read),
		cmocka_unit_test(a_status_cut_at_any_byte),
		cmocka_unit_test(an_intent_cut_at_any_byte),
		cmocka_unit_test(a_configuration_cut_at_any_byte),
		cmocka_unit_test(each_record_damaged_in_each_way),
		cmocka_unit_test(without_status_and_registry_a_container_stays),
		cmocka_unit_test(a_damaged_container_that_has_ended_is_cleared_away),
		cmocka_unit_test(an_entry_that_is_not_its_own_ends_no_process),
		cmocka_unit_test(a_root_is_known_by_another_spelling),
		cmocka_unit_test(a_container_without_a_directory_is_ended_by_force),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

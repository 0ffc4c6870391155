/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill, delete and what `state` shows, on records that are written here and processes that stand in for
 * a container's first one. Needs no root: no cgroup is recorded.
 */
#include "base/auto.h"
#include "container/container.h"
#include "hooks/hooks.h"
#include "os/io.h"
#include "state/registry.h"
#include "sys/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

static char directory[] = "/tmp/distro-shim-test.XXXXXX";
static struct arena group_arena;
static struct global_options global;

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(directory) || setenv("XDG_RUNTIME_DIR", directory, 1) < 0)
		return -1;
	global = (struct global_options){
		.root = state_default_root(true, &group_arena),
		.rootless = true,
	};
	return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status, (void)type, (void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&group_arena);
	return nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *in_directory(const char *name)
{
	return arena_printf(&group_arena, "%s/%s", directory, name);
}

/* --- processes --- */

static pid_t start_process(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		/* A test that fails must not leave it behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGTERM, SIG_DFL);
		for (;;)
			pause();
	}
	return pid;
}

/* The signal that ended it. */
static int reap(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static bool is_running(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
	return info.si_pid == 0;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	(void)reap(pid);
}

/* The identity of a process that has ended. */
static struct process_identity ended_process(void)
{
	struct process_identity identity;
	pid_t pid = start_process();
	struct err e;

	assert_int_equal(process_identify(pid, &group_arena, &identity, &e), 0);
	end(pid);
	return identity;
}

/* --- records --- */

static const char poststop_config[] =
	"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"},\"annotations\":{\"a\":\"b\"},"
	"\"hooks\":{\"poststop\":["
	"{\"path\":\"/bin/false\"},"
	"{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"cat >%s\"]}]}}";

static struct spec *make_spec(struct arena *arena, const char *hook_output)
{
	const char *text = hook_output ? arena_printf(arena, poststop_config, hook_output)
				       : "{\"ociVersion\":\"1.3.0\"}";
	struct spec *spec;
	struct err e;

	assert_int_equal(spec_decode_text(text, strlen(text), "config.json", arena, &spec, &e), 0);
	return spec;
}

static void claim(const char *id, struct state_dir *dir)
{
	struct err e;

	if (state_claim(global.root, id, dir, &e) < 0) {
		print_error("%s\n", e.text);
		fail();
	}
}

static void write_intent(struct state_dir *dir, const struct process_identity *owner)
{
	char bundle[] = "/the/bundle";
	struct intent_record intent = {
		.version = STATE_VERSION,
		.id = dir->id,
		.owner = *owner,
		.bundle = bundle,
	};
	struct err e;

	assert_int_equal(state_write_intent(dir, &intent, &e), 0);
}

static void make_container_of(const char *id, int phase, const struct process_identity *init,
			      const char *hook_output)
{
	autostatedir dir = STATE_DIR_INIT;
	struct arena arena = { 0 };
	struct status_record status = {
		.version = STATE_VERSION,
		.id = arena_strdup(&arena, id),
		.oci_version = arena_strdup(&arena, "1.2.1"),
		.phase = phase,
		.init = *init,
		.bundle = arena_strdup(&arena, "/the/bundle"),
		.rootfs = arena_strdup(&arena, "/the/bundle/rootfs"),
		.created = arena_strdup(&arena, "2026-01-02T03:04:05.000000006Z"),
		.owner = 0,
		.poststop = hook_output != NULL,
	};
	struct err e;

	claim(id, &dir);
	write_intent(&dir, init);
	assert_int_equal(state_write_config(&dir, make_spec(&arena, hook_output), &e), 0);
	assert_int_equal(state_write_status(&dir, &status, &e), 0);
	arena_release(&arena);
}

/* A container whose first process is a new child of this one. */
/* As the init of a created container does; the last one made. */
static int start_listener = -1;

static void listen_for_start(const char *id)
{
	struct err e;
	int dir = open(arena_printf(&group_arena, "%s/%s", global.root, id),
		       O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(dir >= 0);
	replace_fd(&start_listener, channel_listen(dir, STATE_START_SOCKET, &e));
	assert_true(start_listener >= 0);
	close(dir);
}

static pid_t make_container(const char *id, int phase)
{
	struct process_identity init;
	pid_t pid = start_process();
	struct err e;

	assert_int_equal(process_identify(pid, &group_arena, &init, &e), 0);
	make_container_of(id, phase, &init, NULL);
	if (phase == PHASE_CREATED)
		listen_for_start(id);
	return pid;
}

static void make_stopped_container(const char *id, const char *hook_output)
{
	struct process_identity init = ended_process();

	make_container_of(id, PHASE_STARTED, &init, hook_output);
}

static bool has_state(const char *id)
{
	return access(arena_printf(&group_arena, "%s/%s", global.root, id), F_OK) == 0;
}

static void delete_for_sure(const char *id)
{
	struct err e;

	assert_int_equal(container_delete(&global, id, true, &e), 0);
	assert_false(has_state(id));
}

/* --- kill --- */

static void kill_reaches_the_first_process(void **state)
{
	pid_t pid = make_container("kill", PHASE_STARTED);
	struct err e;

	(void)state;
	assert_int_equal(container_kill(&global, "kill", "SIGTERM", false, &e), 0);
	assert_int_equal(reap(pid), SIGTERM);
	delete_for_sure("kill");

	/* Nothing says what else would stop it. */
	pid = make_container("kill-unsaid", PHASE_STARTED);
	assert_int_equal(container_kill(&global, "kill-unsaid", NULL, false, &e), 0);
	assert_int_equal(reap(pid), SIGTERM);
	delete_for_sure("kill-unsaid");

	/* Without a cgroup of its own, --all means the first process. */
	pid = make_container("kill-all", PHASE_CREATED);
	assert_int_equal(container_kill(&global, "kill-all", "9", true, &e), 0);
	assert_int_equal(reap(pid), SIGKILL);
	delete_for_sure("kill-all");
}

static void kill_of_a_stopped_container_fails_in_the_engines_words(void **state)
{
	struct err e;

	(void)state;
	make_stopped_container("stopped", NULL);
	assert_int_equal(container_kill(&global, "stopped", "TERM", false, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
	assert_string_equal(e.text, "container not running (no such process)");
	assert_int_equal(container_kill(&global, "stopped", "9", true, &e), 0);
	delete_for_sure("stopped");
}

static void kill_never_hits_another_process_with_the_pid(void **state)
{
	struct process_identity init;
	pid_t pid = start_process();
	struct err e;

	(void)state;
	assert_int_equal(process_identify(pid, &group_arena, &init, &e), 0);
	init.start_time--;
	make_container_of("reused", PHASE_STARTED, &init, NULL);
	assert_int_equal(container_kill(&global, "reused", "KILL", false, &e), -1);
	assert_int_equal(container_kill(&global, "reused", "KILL", true, &e), 0);
	delete_for_sure("reused");
	assert_true(is_running(pid));
	end(pid);
}

static void kill_refuses_what_it_cannot_do(void **state)
{
	pid_t pid = make_container("creating", PHASE_CREATING);
	struct err e;

	(void)state;
	assert_int_equal(container_kill(&global, "creating", "KILL", false, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
	assert_int_equal(container_kill(&global, "creating", "NOSUCH", false, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	assert_true(is_running(pid));
	assert_int_equal(container_kill(&global, "missing", "KILL", false, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "container does not exist"));
	delete_for_sure("creating");
	assert_int_equal(reap(pid), SIGKILL);
}

/* --- delete --- */

static void delete_refuses_a_running_container(void **state)
{
	pid_t pid = make_container("running", PHASE_STARTED);
	struct err e;

	(void)state;
	assert_int_equal(container_delete(&global, "running", false, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
	assert_string_equal(e.text, "cannot delete container running that is not stopped: running");
	assert_true(is_running(pid));
	assert_true(has_state("running"));

	assert_int_equal(container_delete(&global, "running", true, &e), 0);
	assert_false(has_state("running"));
	assert_int_equal(reap(pid), SIGKILL);
}

static void delete_kills_a_created_container(void **state)
{
	pid_t pid = make_container("created", PHASE_CREATED);
	struct err e;

	(void)state;
	assert_int_equal(container_delete(&global, "created", false, &e), 0);
	assert_false(has_state("created"));
	assert_int_equal(reap(pid), SIGKILL);
}

static void delete_of_a_missing_container(void **state)
{
	struct global_options nowhere = { .root = in_directory("nowhere"), .rootless = true };
	struct err e;

	(void)state;
	assert_int_equal(container_delete(&global, "missing", false, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "container does not exist"));
	assert_int_equal(container_delete(&global, "missing", true, &e), 0);
	assert_int_equal(container_delete(&nowhere, "missing", true, &e), 0);
	/* A name that is not an id is a mistake in any case. */
	assert_int_equal(container_delete(&global, "../etc", true, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
}

static void delete_takes_the_registry_entry_away(void **state)
{
	const char *members = registry_default_directory(true, &group_arena);
	struct process_identity self;
	struct members living;
	struct err e;
	char id[] = "member";
	char bundle[] = "/the/bundle";

	(void)state;
	make_stopped_container(id, NULL);
	/* An entry of a living process, so that it shows as long as it is there. */
	assert_int_equal(process_identify(getpid(), &group_arena, &self, &e), 0);

	struct member_record member = {
		.version = STATE_VERSION,
		.id = id,
		.root = arena_strdup(&group_arena, global.root),
		.bundle = bundle,
		.init = self,
		.network_cookie = 7,
	};
	assert_int_equal(registry_add(members, &member, &e), 0);
	assert_int_equal(registry_living(members, NULL, &group_arena, &living, &e), 0);
	assert_int_equal(living.n, 1);
	assert_int_equal(container_delete(&global, id, false, &e), 0);
	assert_int_equal(registry_living(members, NULL, &group_arena, &living, &e), 0);
	assert_int_equal(living.n, 0);
}

static void delete_of_a_creation_that_was_cut_short(void **state)
{
	struct process_identity self, gone = ended_process();
	struct state_dir dir = STATE_DIR_INIT;
	struct err e;

	(void)state;
	assert_int_equal(process_identify(getpid(), &group_arena, &self, &e), 0);

	/* Claimed and not more: there is no container yet, and --force clears up. */
	claim("claimed", &dir);
	state_dir_release(&dir);
	assert_int_equal(container_delete(&global, "claimed", false, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_true(has_state("claimed"));
	delete_for_sure("claimed");

	/* The creator lives. */
	claim("creator-lives", &dir);
	write_intent(&dir, &self);
	state_dir_release(&dir);
	assert_int_equal(container_delete(&global, "creator-lives", false, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
	delete_for_sure("creator-lives");

	/* The creator is gone. */
	claim("creator-gone", &dir);
	write_intent(&dir, &gone);
	state_dir_release(&dir);
	assert_int_equal(container_delete(&global, "creator-gone", false, &e), 0);
	assert_false(has_state("creator-gone"));
}

static void a_damaged_status_stops_a_plain_delete_only(void **state)
{
	struct process_identity gone = ended_process();
	autostatedir dir = STATE_DIR_INIT;
	struct err e;

	(void)state;
	claim("damaged", &dir);
	write_intent(&dir, &gone);
	assert_int_equal(replace_file_at(dir.fd, "status.json", 0600, "{\"version\":1}", 13, &e),
			 0);
	state_dir_release(&dir);
	assert_int_equal(container_delete(&global, "damaged", false, &e), -1);
	assert_true(has_state("damaged"));
	delete_for_sure("damaged");
}

static void poststop_hooks_all_run_with_the_stopped_state(void **state)
{
	const char *output = in_directory("hook-output");
	struct json_source source = { .name = "hook" };
	struct json_value *v;
	autofree char *text = NULL;
	struct err e;

	(void)state;
	make_stopped_container("hooks", output);
	assert_int_equal(container_delete(&global, "hooks", false, &e), 0);
	assert_int_equal(read_file_at(AT_FDCWD, output, 4096, &text, &source.length, &e), 0);
	source.text = text;
	assert_int_equal(json_parse(&source, &group_arena, &v, &e), 0);
	assert_string_equal(json_get(v, "id")->text, "hooks");
	assert_string_equal(json_get(v, "status")->text, "stopped");
	assert_string_equal(json_get(v, "bundle")->text, "/the/bundle");
	assert_string_equal(json_get(json_get(v, "annotations"), "a")->text, "b");
}

/* --- view --- */

static int status_of(const char *id)
{
	struct container_view view;
	struct err e;

	assert_int_equal(container_view(&global, id, &group_arena, &view, &e), 0);
	assert_int_equal(view.pid != 0,
			 view.status == STATUS_CREATED || view.status == STATUS_RUNNING);
	return view.status;
}

static void the_status_follows_the_process(void **state)
{
	struct state_dir dir = STATE_DIR_INIT;
	struct container_view view;
	struct err e;
	pid_t pid;

	(void)state;
	claim("view-claimed", &dir);
	assert_int_equal(replace_file_at(dir.fd, "config.json", 0600, "{}", 2, &e), 0);
	state_dir_release(&dir);
	assert_int_equal(status_of("view-claimed"), STATUS_CREATING);
	delete_for_sure("view-claimed");

	pid = make_container("view-created", PHASE_CREATED);
	assert_int_equal(status_of("view-created"), STATUS_CREATED);
	/* `start` was killed after it had let init go and before it could record that. */
	replace_fd(&start_listener, -1);
	assert_int_equal(status_of("view-created"), STATUS_RUNNING);
	assert_int_equal(container_delete(&global, "view-created", false, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
	delete_for_sure("view-created");
	(void)reap(pid);

	pid = make_container("view", PHASE_STARTED);
	assert_int_equal(status_of("view"), STATUS_RUNNING);
	assert_int_equal(kill(pid, SIGKILL), 0);
	/* Not reaped yet: a zombie has stopped. */
	while (is_running(pid))
		usleep(1000);
	assert_int_equal(status_of("view"), STATUS_STOPPED);
	(void)reap(pid);
	assert_int_equal(status_of("view"), STATUS_STOPPED);
	delete_for_sure("view");

	assert_int_equal(container_view(&global, "view", &group_arena, &view, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
}

static void the_state_object_has_what_the_specification_and_engines_read(void **state)
{
	char key[] = "k", value[] = "v";
	struct strpair pairs[] = { { key, value } };
	struct status_record record = { .annotations = { 1, pairs } };
	struct container_view view = {
		.id = "box",
		.oci_version = "1.2.1",
		.bundle = "/b",
		.rootfs = "/b/rootfs",
		.created = "2026-01-02T03:04:05.000000006Z",
		.status = STATUS_PAUSED,
		.pid = 12,
		.owner = 7,
		.record = &record,
	};
	auto_json_out out = json_out_new(false);
	const char *text;
	size_t length;
	struct err e;

	(void)state;
	assert_int_equal(container_state_json(&view, out, &e), 0);
	assert_int_equal(json_out_finish(out, &text, &length, &e), 0);
	assert_string_equal(text, "{\"ociVersion\":\"1.2.1\",\"id\":\"box\",\"status\":\"paused\","
				  "\"pid\":12,\"bundle\":\"/b\",\"rootfs\":\"/b/rootfs\","
				  "\"created\":\"2026-01-02T03:04:05.000000006Z\","
				  "\"annotations\":{\"k\":\"v\"},\"owner\":\"7\"}");
	assert_string_equal(container_owner_name(0).text, "root");
	assert_string_equal(container_owner_name(4294967294u).text, "4294967294");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kill_reaches_the_first_process),
		cmocka_unit_test(kill_of_a_stopped_container_fails_in_the_engines_words),
		cmocka_unit_test(kill_never_hits_another_process_with_the_pid),
		cmocka_unit_test(kill_refuses_what_it_cannot_do),
		cmocka_unit_test(delete_refuses_a_running_container),
		cmocka_unit_test(delete_kills_a_created_container),
		cmocka_unit_test(delete_of_a_missing_container),
		cmocka_unit_test(delete_takes_the_registry_entry_away),
		cmocka_unit_test(delete_of_a_creation_that_was_cut_short),
		cmocka_unit_test(a_damaged_status_stops_a_plain_delete_only),
		cmocka_unit_test(poststop_hooks_all_run_with_the_stopped_state),
		cmocka_unit_test(the_status_follows_the_process),
		cmocka_unit_test(the_state_object_has_what_the_specification_and_engines_read),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry of members: one entry a container, only living ones are shown, and no user but the caller
 * has a say in it. Needs no root.
 */
#include "state/registry.h"

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>
#undef fail /* of cmocka; ours makes errors */

/* STOP(), which needs the fail() of cmocka */
#define STOP(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

struct fixture {
	char base[64];
	char directory[96];
	struct arena arena;
	pid_t process; /* lives as long as the test */
};

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->base, sizeof(f->base), "/tmp/distro-shim-registry.XXXXXX");
	if (!mkdtemp(f->base))
		return -1;
	snprintf(f->directory, sizeof(f->directory), "%s/distro-shim/members", f->base);
	f->process = fork();
	if (f->process == 0) {
		pause();
		_exit(0);
	}
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->process > 0) {
		kill(f->process, SIGKILL);
		waitpid(f->process, NULL, 0);
	}
	nftw(f->base, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	arena_release(&f->arena);
	free(f);
	return 0;
}

static void end_process(struct fixture *f)
{
	kill(f->process, SIGKILL);
	waitpid(f->process, NULL, 0);
	f->process = 0;
}

static struct member_record member(struct fixture *f, const char *root, const char *id,
				   uint64_t cookie, const char *network)
{
	struct member_record m = {
		.version = STATE_VERSION,
		.id = arena_strdup(&f->arena, id),
		.root = arena_strdup(&f->arena, root),
		.bundle = arena_strdup(&f->arena, "/bundle"),
		.network_cookie = cookie,
		.network_path = network ? arena_strdup(&f->arena, network) : NULL,
	};
	struct err e;

	assert_int_equal(process_identify(f->process, &f->arena, &m.init, &e), 0);
	return m;
}

static void add(struct fixture *f, const char *root, const char *id, uint64_t cookie,
		const char *network)
{
	struct member_record m = member(f, root, id, cookie, network);
	struct err e;

	if (registry_add(f->directory, &m, &e) < 0)
		STOP("%s\n", e.text);
}

static size_t living(struct fixture *f, const char *network, struct members *ret)
{
	struct err e;

	if (registry_living(f->directory, network, &f->arena, ret, &e) < 0)
		STOP("%s\n", e.text);
	return ret->n;
}

/* Entries of the directory and of those in it; *ret_last gets the name of one. */
static size_t count_files(struct fixture *f, char *ret_last, size_t size)
{
	const char *patterns[] = { "*/*", "*/.[!.]*", "*.json", ".[!.]*" };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		glob_t found;

		if (glob(arena_printf(&f->arena, "%s/%s", f->directory, patterns[i]), GLOB_NOSORT,
			 NULL, &found) == 0) {
			n += found.gl_pathc;
			if (ret_last)
				snprintf(ret_last, size, "%s",
					 found.gl_pathv[0] + strlen(f->directory) + 1);
		}
		globfree(&found);
	}
	return n;
}

static void write_file(struct fixture *f, const char *name, const char *text)
{
	const char *path = arena_printf(&f->arena, "%s/%s", f->directory, name);
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void the_default_directory_is_the_callers(void **state)
{
	struct fixture *f = *state;

	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	assert_string_equal(registry_default_directory(true, &f->arena),
			    "/run/user/7/distro-shim/members");
	assert_string_equal(registry_default_directory(false, &f->arena),
			    "/run/distro-shim/members");
	setenv("XDG_RUNTIME_DIR", "", 1);
	assert_string_equal(registry_default_directory(true, &f->arena),
			    "/run/distro-shim/members");
	unsetenv("XDG_RUNTIME_DIR");
}

static void a_missing_directory_has_no_members_and_is_not_made_by_asking(void **state)
{
	struct fixture *f = *state;
	struct members members;
	struct err e;

	assert_int_equal(living(f, NULL, &members), 0);
	assert_int_equal(registry_remove(f->directory, "/root", "one", &e), 0);
	assert_int_equal(access(f->directory, F_OK), -1);
}

static void a_member_is_found_by_its_network(void **state)
{
	struct fixture *f = *state;
	struct members members;
	struct stat status;

	mode_t old = umask(0);
	add(f, "/run/a", "one", UINT64_MAX, "/run/netns/distros");
	add(f, "/run/b", "one", 7, "/run/netns/distros");
	add(f, "/run/a", "two", 8, "/run/netns/other");
	add(f, "/run/a", "three", 9, NULL);
	umask(old);
	assert_int_equal(living(f, NULL, &members), 4);
	assert_int_equal(living(f, "/run/netns/distros", &members), 2);
	assert_int_equal(living(f, "/run/netns/other", &members), 1);
	assert_string_equal(members.v[0].id, "two");
	assert_string_equal(members.v[0].root, "/run/a");
	assert_string_equal(members.v[0].bundle, "/bundle");
	assert_int_equal(members.v[0].init.pid, f->process);
	assert_int_equal(members.v[0].network_cookie, 8);
	assert_int_equal(stat(f->directory, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0755);
	assert_int_equal(stat(arena_printf(&f->arena, "%s/distro-shim", f->base), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0755);
}

static void an_entry_is_named_by_hashes_in_the_directory_of_its_network(void **state)
{
	struct fixture *f = *state;
	char name[256] = "";

	/* FNV-1a: of nothing, of "a" */
	add(f, "a", "", 3, "a");
	count_files(f, name, sizeof(name));
	assert_string_equal(name, "af63dc4c8601ec8c-3/cbf29ce484222325-af63dc4c8601ec8c.json");
}

/* As version 0.1.0 has written it: beside the networks, by cookie and one hash of root and id. */
static void make_old(struct fixture *f, const char *root, const char *id, uint64_t cookie,
		     const char *old)
{
	char name[256], network[256];

	add(f, root, id, cookie, "/run/netns/distros");
	count_files(f, name, sizeof(name));
	assert_int_equal(rename(arena_printf(&f->arena, "%s/%s", f->directory, name),
				arena_printf(&f->arena, "%s/%s", f->directory, old)),
			 0);
	snprintf(network, sizeof(network), "%.*s", (int)strcspn(name, "/"), name);
	assert_int_equal(rmdir(arena_printf(&f->arena, "%s/%s", f->directory, network)), 0);
}

static void entries_of_an_older_program_are_read_and_removed(void **state)
{
	struct fixture *f = *state;
	struct member_record *found;
	struct members members;
	int pidfd;
	struct err e;

	make_old(f, "/run/a", "one", 7, "7-6e1bcb66c23e2abb.json");
	assert_int_equal(living(f, "/run/netns/distros", &members), 1);
	assert_int_equal(
		registry_elsewhere(f->directory, "/run/netns/distros", 8, &f->arena, &members, &e),
		0);
	assert_int_equal(members.n, 1);
	assert_int_equal(
		registry_elsewhere(f->directory, "/run/netns/distros", 7, &f->arena, &members, &e),
		0);
	assert_int_equal(members.n, 0);
	assert_int_equal(
		registry_find(f->directory, "/run/a", "one", &f->arena, &found, &pidfd, &e), 0);
	assert_non_null(found);
	close(pidfd);
	/* the same container again: one entry, the new one */
	add(f, "/run/a", "one", 7, "/run/netns/distros");
	assert_int_equal(count_files(f, NULL, 0), 1);
	assert_int_equal(registry_remove(f->directory, "/run/a", "one", &e), 0);
	make_old(f, "/run/a", "one", 7, "7-6e1bcb66c23e2abb.json");
	write_file(f, ".7-6e1bcb66c23e2abb.json.77.0", "{");
	assert_int_equal(registry_remove(f->directory, "/run/a", "one", &e), 0);
	assert_int_equal(count_files(f, NULL, 0), 0);
}

static void the_directory_of_a_network_goes_with_its_last_member(void **state)
{
	struct fixture *f = *state;
	struct err e;

	add(f, "/run/a", "one", 7, "/run/netns/a");
	add(f, "/run/a", "two", 7, "/run/netns/a");
	assert_int_equal(registry_remove(f->directory, "/run/a", "one", &e), 0);
	assert_int_equal(registry_remove(f->directory, "/run/a", "two", &e), 0);
	assert_int_equal(rmdir(f->directory), 0);
}

/* Many at once, as members come and the last one goes. */
static void none_is_lost_while_others_come_and_go(void **state)
{
	struct fixture *f = *state;
	pid_t children[8];
	struct members members;

	for (int i = 0; i < 8; i++) {
		struct member_record m =
			member(f, "/r", arena_printf(&f->arena, "c%d", i), 7, "/run/netns/a");

		children[i] = fork();
		assert_true(children[i] >= 0);
		for (int k = 0; children[i] == 0 && k < 200; k++) {
			struct err e;

			if (registry_add(f->directory, &m, &e) < 0 ||
			    registry_remove(f->directory, m.root, m.id, &e) < 0 ||
			    registry_living(f->directory, NULL, &f->arena, &members, &e) < 0)
				STOP("%s\n", e.text);
		}
		if (children[i] == 0) {
			struct err e;

			_exit(registry_add(f->directory, &m, &e) < 0);
		}
	}
	for (int i = 0; i < 8; i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(living(f, "/run/netns/a", &members), 8);
}

static void the_dead_are_left_out_and_not_removed(void **state)
{
	struct fixture *f = *state;
	struct members members;

	add(f, "/run/a", "one", 7, NULL);
	end_process(f);
	assert_int_equal(living(f, NULL, &members), 0);
	assert_int_equal(count_files(f, NULL, 0), 1);
}

static void a_container_has_one_entry_even_when_its_network_changes(void **state)
{
	struct fixture *f = *state;
	struct members members;

	add(f, "/run/a", "one", 7, NULL);
	add(f, "/run/a", "other", 7, NULL);
	add(f, "/run/a", "one", 7, NULL);
	assert_int_equal(count_files(f, NULL, 0), 2);
	add(f, "/run/a", "one", 8, NULL);
	assert_int_equal(count_files(f, NULL, 0), 2);
	assert_int_equal(living(f, NULL, &members), 2);
}

static void a_removal_takes_its_own_entry_and_what_was_left_of_it(void **state)
{
	struct fixture *f = *state;
	char name[256];
	struct members members;
	struct err e;

	add(f, "/run/a", "one", 7, NULL);
	count_files(f, name, sizeof(name));
	write_file(f,
		   arena_printf(&f->arena, "%.*s/.%s", (int)strcspn(name, "/"), name,
				strchr(name, '/') + 1),
		   "{");
	add(f, "/run/b", "one", 7, NULL);
	add(f, "/run/ao", "ne", 7, NULL);
	assert_int_equal(registry_remove(f->directory, "/run/a", "one", &e), 0);
	assert_int_equal(count_files(f, NULL, 0), 2);
	assert_int_equal(living(f, NULL, &members), 2);
	assert_int_equal(registry_remove(f->directory, "/run/a", "one", &e), 0);
	assert_int_equal(count_files(f, NULL, 0), 2);
}

static void damaged_and_newer_entries_are_left_out(void **state)
{
	struct fixture *f = *state;
	struct members members;
	char name[256];
	struct err e;

	add(f, "/run/a", "one", 7, NULL);
	count_files(f, name, sizeof(name));
	write_file(f, "1-0000000000000001.json", "");
	write_file(f, "1-0000000000000002.json", "{\"version\":");
	write_file(f, "1-0000000000000003.json", "{\"version\":2}");
	write_file(f, "1-0000000000000004.json", "{}");
	write_file(f, "notes", "{}");
	assert_int_equal(mkfifo(arena_printf(&f->arena, "%s/5-5.json", f->directory), 0600), 0);
	assert_int_equal(
		symlink("/etc/passwd", arena_printf(&f->arena, "%s/6-6.json", f->directory)), 0);
	assert_int_equal(living(f, NULL, &members), 1);
	/* Its own, damaged, is removed all the same. */
	write_file(f, name, "{");
	assert_int_equal(living(f, NULL, &members), 0);
	assert_int_equal(registry_remove(f->directory, "/run/a", "one", &e), 0);
	assert_int_equal(access(arena_printf(&f->arena, "%s/%s", f->directory, name), F_OK), -1);
}

/* As if another container's root and id had the same hash. */
static void an_entry_of_another_with_the_same_hash_is_not_touched(void **state)
{
	struct fixture *f = *state;
	struct member_record other = member(f, "/run/a", "two", 7, NULL);
	char one[256], two[256];
	struct err e;

	add(f, "/run/a", "one", 7, NULL);
	count_files(f, one, sizeof(one));
	assert_int_equal(registry_remove(f->directory, "/run/a", "one", &e), 0);
	assert_int_equal(registry_add(f->directory, &other, &e), 0);
	count_files(f, two, sizeof(two));
	assert_int_equal(rename(arena_printf(&f->arena, "%s/%s", f->directory, two),
				arena_printf(&f->arena, "%s/%s", f->directory, one)),
			 0);
	assert_int_equal(registry_remove(f->directory, "/run/a", "one", &e), 0);
	assert_int_equal(count_files(f, NULL, 0), 1);
	other = member(f, "/run/a", "one", 7, NULL);
	assert_int_equal(registry_add(f->directory, &other, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
	assert_int_equal(count_files(f, NULL, 0), 1);
}

static void a_directory_that_others_can_write_is_refused(void **state)
{
	struct fixture *f = *state;
	struct member_record m = member(f, "/run/a", "two", 7, NULL);
	struct members members;
	struct err e;

	add(f, "/run/a", "one", 7, NULL);
	assert_int_equal(chmod(f->directory, 01777), 0);
	assert_int_equal(registry_living(f->directory, NULL, &f->arena, &members, &e), -1);
	assert_int_equal(registry_add(f->directory, &m, &e), -1);
	assert_int_equal(registry_remove(f->directory, "/run/a", "one", &e), -1);
	assert_int_equal(count_files(f, NULL, 0), 1);

	assert_int_equal(chmod(f->directory, 0755), 0);
	const char *moved = arena_printf(&f->arena, "%s/moved", f->base);
	assert_int_equal(rename(f->directory, moved), 0);
	assert_int_equal(symlink(moved, f->directory), 0);
	assert_int_equal(registry_living(f->directory, NULL, &f->arena, &members, &e), -1);
	assert_int_equal(registry_add(f->directory, &m, &e), -1);
}

static void a_living_member_is_not_overlooked_for_lack_of_descriptors(void **state)
{
	struct fixture *f = *state;
	int failures = 0;

	add(f, "/run/a", "one", 7, NULL);
	for (rlim_t limit = 0; limit < 40; limit++) {
		pid_t child = fork();
		int status;
		assert_true(child >= 0);
		if (child == 0) {
			struct rlimit few = { limit, limit };
			struct members members;
			struct err e;
			setrlimit(RLIMIT_NOFILE, &few);
			if (registry_living(f->directory, NULL, &f->arena, &members, &e) < 0)
				_exit(1);
			_exit(members.n == 1 ? 0 : 2);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_int_not_equal(WEXITSTATUS(status), 2);
		failures += WEXITSTATUS(status) == 1;
	}
	assert_in_range(failures, 1, 39);
}

static void asking_keeps_no_descriptor(void **state)
{
	struct fixture *f = *state;
	struct members members;
	struct err e;

	for (int i = 0; i < 20; i++)
		add(f, "/run/a", arena_printf(&f->arena, "c%d", i), 7, NULL);
	int before = dup(0);
	close(before);
	assert_int_equal(living(f, NULL, &members), 20);
	assert_int_equal(registry_remove(f->directory, "/run/a", "c1", &e), 0);
	int after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

static void members_of_the_network_itself_are_not_read(void **state)
{
	struct fixture *f = *state;
	struct members members;
	char here[256];
	struct err e;

	add(f, "/r", "here", 43, "/run/netns/a");
	count_files(f, here, sizeof(here));
	add(f, "/r", "there", 4, "/run/netns/a");
	add(f, "/r", "other", 9, "/run/netns/b");
	/* where nothing can be read an error would say so */
	assert_int_equal(chmod(arena_printf(&f->arena, "%s/%.*s", f->directory,
					    (int)strcspn(here, "/"), here),
			       0777),
			 0);
	assert_int_equal(
		registry_elsewhere(f->directory, "/run/netns/a", 4, &f->arena, &members, &e), -1);
	assert_int_equal(
		registry_elsewhere(f->directory, "/run/netns/a", 43, &f->arena, &members, &e), 0);
	assert_int_equal(members.n, 1);
	assert_string_equal(members.v[0].id, "there");
	assert_int_equal(chmod(arena_printf(&f->arena, "%s/%.*s", f->directory,
					    (int)strcspn(here, "/"), here),
			       0755),
			 0);
	/* a cookie that is not known leaves no member out */
	assert_int_equal(
		registry_elsewhere(f->directory, "/run/netns/a", 0, &f->arena, &members, &e), 0);
	assert_int_equal(members.n, 2);
	assert_int_equal(
		registry_elsewhere(f->directory, "/run/netns/a", 4, &f->arena, &members, &e), 0);
	assert_int_equal(members.n, 1);
	assert_string_equal(members.v[0].id, "here");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_default_directory_is_the_callers),
		TEST(a_missing_directory_has_no_members_and_is_not_made_by_asking),
		TEST(a_member_is_found_by_its_network),
		TEST(an_entry_is_named_by_hashes_in_the_directory_of_its_network),
		TEST(entries_of_an_older_program_are_read_and_removed),
		TEST(the_directory_of_a_network_goes_with_its_last_member),
		TEST(none_is_lost_while_others_come_and_go),
		TEST(members_of_the_network_itself_are_not_read),
		TEST(the_dead_are_left_out_and_not_removed),
		TEST(a_container_has_one_entry_even_when_its_network_changes),
		TEST(a_removal_takes_its_own_entry_and_what_was_left_of_it),
		TEST(damaged_and_newer_entries_are_left_out),
		TEST(an_entry_of_another_with_the_same_hash_is_not_touched),
		TEST(a_directory_that_others_can_write_is_refused),
		TEST(a_living_member_is_not_overlooked_for_lack_of_descriptors),
		TEST(asking_keeps_no_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

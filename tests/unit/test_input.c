/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the caller of a command names as its input: the same from a file and from standard input, and errors call it by
 * its name. Needs no root.
 */
#include "container/input.h"
#include "spec/spec.h"

#include "files.h"

static const char limits[] = "{\"pids\":{\"limit\":7}}";

static int setup(void **state)
{
	static struct files files;

	*state = &files;
	return files_begin(&files);
}

static int teardown(void **state)
{
	files_end(*state);
	return 0;
}

static const char *write_input(struct files *files, const char *text)
{
	struct err e;
	const char *path = files_path(files, "input.json");

	unlink(path);
	autoclose int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_int_equal(write_fd_all(fd, path, text, strlen(text), &e), 0);
	return path;
}

/* With the file as standard input. */
static int decode_standard_input(struct files *files, const char *path, size_t limit,
				 struct spec_resources *ret, struct err *e)
{
	autoclose int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(saved >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
	int rc = input_decode("-", limit, &spec_resources_fields, &files->arena, ret, e);
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	return rc;
}

static void assert_says(const struct err *e, const char *name, const char *reason)
{
	if (!strstr(e->text, name) || !strstr(e->text, reason))
		STOP("'%s' does not say '%s' and '%s'\n", e->text, name, reason);
}

static void a_file_and_standard_input_give_the_same(void **state)
{
	struct spec_resources of_file = { 0 }, of_stream = { 0 };
	struct files *files = *state;
	const char *path = write_input(files, limits);
	struct err e;

	assert_int_equal(input_decode(path, sizeof(limits) - 1, &spec_resources_fields,
				      &files->arena, &of_file, &e),
			 0);
	assert_int_equal(of_file.pids->limit, 7);
	assert_int_equal(decode_standard_input(files, path, sizeof(limits) - 1, &of_stream, &e), 0);
	assert_int_equal(of_stream.pids->limit, 7);
}

static void errors_call_it_by_its_name(void **state)
{
	struct files *files = *state;
	const char *path = write_input(files, "{\"pids\":7}");
	struct spec_resources ret = { 0 };
	struct err e;

	assert_int_equal(input_decode(path, 100, &spec_resources_fields, &files->arena, &ret, &e),
			 -1);
	assert_says(&e, path, "pids");
	assert_int_equal(decode_standard_input(files, path, 100, &ret, &e), -1);
	assert_says(&e, "standard input", "pids");
	assert_int_equal(decode_standard_input(files, path, 5, &ret, &e), -1);
	assert_says(&e, "standard input", "more than 5 bytes");
	unlink(path);
	assert_int_equal(input_decode(path, 100, &spec_resources_fields, &files->arena, &ret, &e),
			 -1);
	assert_says(&e, path, "no such file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_and_standard_input_give_the_same),
		cmocka_unit_test(errors_call_it_by_its_name),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

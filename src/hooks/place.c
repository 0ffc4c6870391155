/* SPDX-License-Identifier: Apache-2.0 */
/* Where a hook runs, and the files to which what it prints is appended (hooks.h). Runs in the runtime. */
#include "hooks/hooks.h"

#include "base/auto.h"
#include "base/str.h"
#include "sys/trusted.h"

#include <fcntl.h>

struct output {
	const struct host_file *file;
	const char *bundle;
	int bundle_fd;
};

/* The policy has no say. Does not wait for a reader of a FIFO; the hooks themselves may wait. */
static int open_any(const struct output *output, struct err *e)
{
	autoclose int fd =
		open(output->file->given,
		     O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0600);

	if (fd < 0 || fcntl(fd, F_SETFL, O_APPEND) < 0)
		return fail_sys(e, "annotation %s: open '%s'", output->file->annotation,
				output->file->given);
	return take_fd(&fd);
}

static int open_in_bundle(const struct output *output, const char *path, struct err *e)
{
	const char *what = output->file->annotation;
	struct arena arena = { 0 };
	struct trusted_name name = { .what = arena_printf(&arena, "annotation %s", what),
				     .base = "",
				     .path = arena_printf(&arena, "%s/%s", output->bundle, path) };
	int fd = append_open_beneath(output->bundle_fd, path, &name, e);

	arena_release(&arena);
	return fd;
}

/* The directories are root's alone, so that what lies in them is what root wants to have there. */
static int open_in_listed(const struct output *output, const char *path, struct err *e)
{
	struct arena arena = { 0 };
	const char *file = strrchr(path, '/') + 1;
	const char *parent =
		file - 1 == path ? "/" : arena_strndup(&arena, path, (size_t)(file - 1 - path));
	const char *what = arena_printf(&arena, "annotation %s", output->file->annotation);
	struct trusted_name directory = { .what = what, .base = "", .path = parent };
	struct trusted_name name = { .what = what, .base = "", .path = path };
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int at = -1;
	struct trust trust;
	int fd = -1;

	if (root < 0)
		fail_sys(e, "open /");
	else if (trust_of_caller(&trust, e) == 0)
		at = trusted_open_directory_at(root, &directory, &trust, e);
	if (at >= 0)
		fd = append_open_beneath(at, file, &name, e);
	arena_release(&arena);
	return fd;
}

static int open_place(const struct output *output, struct err *e)
{
	const struct host_file *file = output->file;

	switch ((enum host_place)file->place) {
	case HOST_PLACE_BUNDLE:
		if (output->bundle_fd < 0)
			return fail(e, ERR_SYSTEM, "annotation %s: the bundle '%s' is gone",
				    output->file->annotation, output->bundle);
		return open_in_bundle(output, file->path, e);
	case HOST_PLACE_LISTED:
		return open_in_listed(output, file->path, e);
	case HOST_PLACE_ANY:
		return open_any(output, e);
	case HOST_PLACE_NONE:
		break;
	}
	return fail(
		e, ERR_POLICY,
		"hooks.output: annotation %s: the file '%s' is not below the bundle; hooks.output can list its directory",
		output->file->annotation, output->file->given);
}

static int open_output(struct output *output, const struct host_file *file, int *ret, struct err *e)
{
	if (str_empty(file->given))
		return 0;
	output->file = file;
	*ret = open_place(output, e);
	return *ret < 0 ? -1 : 0;
}

int hook_place_open(const char *bundle, const struct hook_files *files, struct hook_place *ret,
		    struct err *e)
{
	auto_hook_place place = HOOK_PLACE_INIT;
	struct output output = { .bundle = bundle };

	if (!str_empty(bundle))
		place.directory = directory_open_real(bundle);
	output.bundle_fd = place.directory;
	if (open_output(&output, &files->output, &place.output, e) < 0 ||
	    open_output(&output, &files->errors, &place.errors, e) < 0)
		return -1;
	*ret = place;
	place = (struct hook_place)HOOK_PLACE_INIT;
	return 0;
}

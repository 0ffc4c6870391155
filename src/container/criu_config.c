/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of criu's own options (criu_options.h). They can name a program that criu runs, so the file must be
 * root's, and criu gets the descriptor of what was judged. Runs in the runtime.
 */
#include "container/criu_options.h"

#include "base/auto.h"
#include "base/str.h"
#include "policy/host_files.h"
#include "sys/procfs.h"
#include "sys/trusted.h"

#include <fcntl.h>
#include <sys/stat.h>

/* The policy has no say. criu goes on without a file that is not there. */
static int take_any(const char *path, struct criu_request *request, struct err *e)
{
	autoclose int fd = -1;

	if (path[0] != '/')
		return fail(e, ERR_CONFIG, "annotation %s: must be an absolute path",
			    annotation_name(ANNOTATION_CRIU_CONFIG));
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return fail_sys(e, "annotation %s: open '%s'",
				annotation_name(ANNOTATION_CRIU_CONFIG), path);
	request->config_file = path;
	return 0;
}

static int open_trusted(const struct host_file *file, const char *bundle, struct arena *arena,
			struct err *e)
{
	bool in_bundle = file->place == HOST_PLACE_BUNDLE;
	struct trusted_name name = {
		.what = arena_printf(arena, "annotation %s",
				     annotation_name(ANNOTATION_CRIU_CONFIG)),
		.base = in_bundle ? bundle : "",
		.path = in_bundle ? arena_printf(arena, "/%s", file->path) : file->path,
	};
	autoclose int from = directory_open_real(in_bundle ? bundle : "/");
	autoclose int fd = -1;
	struct trust trust;

	if (from < 0)
		return fail_sys(e, "%s: open '%s'", name.what, in_bundle ? bundle : "/");
	if (trust_of_caller(&trust, e) < 0)
		return -1;
	fd = trusted_open_at(from, &name, &trust, e);
	return fd < 0 ? -1 : reopen_fd(fd, O_RDONLY | O_NOCTTY | O_NONBLOCK, e);
}

static void take_usual(struct criu_request *request)
{
	static const char *const usual[] = { "/etc/criu/distro-shim.conf", "/etc/criu/runc.conf" };
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(usual) && !request->config_file; i++)
		if (stat(usual[i], &st) == 0)
			request->config_file = usual[i];
}

int criu_config_open(const struct criu_config_source *from, struct arena *arena,
		     struct criu_directories *directories, struct criu_request *request,
		     struct err *e)
{
	const char *path = annotation_get(from->annotations, ANNOTATION_CRIU_CONFIG);
	struct host_file file;

	if (!path)
		take_usual(request);
	if (str_empty(path))
		return 0;
	if (host_files_are_free(from->policy))
		return take_any(path, request, e);
	file = host_file_for_criu(from->policy, from->bundle, path, arena);
	if (file.place == HOST_PLACE_NONE)
		return fail(
			e, ERR_POLICY,
			"criu.config: annotation %s: the file '%s' is not below the bundle; %s can list it",
			annotation_name(ANNOTATION_CRIU_CONFIG), path,
			policy_key_place(&from->network, "criu.config", arena));
	directories->config = open_trusted(&file, from->bundle, arena, e);
	if (directories->config < 0)
		return -1;
	request->config_file = path;
	request->config_fd = directories->config;
	return 0;
}

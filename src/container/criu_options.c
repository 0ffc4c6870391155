/* SPDX-License-Identifier: Apache-2.0 */
/* See criu_options.h. Runs in the runtime. */
#include "container/criu_options.h"

#include "os/io.h"
#include "sys/directory.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>

void criu_directories_release(struct criu_directories *directories)
{
	replace_fd(&directories->images, -1);
	replace_fd(&directories->work, -1);
	replace_fd(&directories->config, -1);
}

static int open_directory(const char *what, const char *path, bool make, struct arena *arena,
			  const char **ret_path, struct err *e)
{
	autofree char *absolute = NULL;
	autoclose int fd = -1;

	/* Memory of the container's programs goes there. */
	if (make && make_directories(path, 0700, e) < 0)
		return err_prefix(e, "%s", what);
	absolute = realpath(path, NULL);
	if (absolute)
		fd = open(absolute, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_sys(e, "%s: open '%s'", what, path);
	/* What criu finds there becomes processes with any power, and it follows links to write. */
	if (trusted_directory_check(fd, what, absolute, e) < 0)
		return -1;
	*ret_path = arena_strdup(arena, absolute);
	return take_fd(&fd);
}

/* It is a name in the images, from which criu makes a symlink. */
static int check_parent(const struct container_checkpoint_options *options, int images,
			struct err *e)
{
	autoclose int fd = -1;

	if (!options->parent_path)
		return 0;
	if (options->parent_path[0] == '/')
		return fail(e, ERR_USAGE,
			    "--parent-path %s: must be relative to the directory of the images",
			    options->parent_path);
	fd = openat(images, options->parent_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_sys(e, "--parent-path: open '%s' in the directory of the images",
				options->parent_path);
	return trusted_directory_check(fd, "--parent-path", options->parent_path, e);
}

int criu_directories_open(const struct container_checkpoint_options *options, bool make,
			  struct arena *arena, struct criu_directories *ret, struct err *e)
{
	const char *images = options->image_path ? options->image_path : CHECKPOINT_DEFAULT_IMAGES;
	auto_criu_directories directories = CRIU_DIRECTORIES_INIT;

	directories.images =
		open_directory("--image-path", images, make, arena, &directories.images_path, e);
	if (directories.images < 0 || check_parent(options, directories.images, e) < 0)
		return -1;
	directories.work_path = directories.images_path;
	if (options->work_path) {
		directories.work = open_directory("--work-path", options->work_path, true, arena,
						  &directories.work_path, e);
		if (directories.work < 0)
			return -1;
	}
	*ret = directories;
	directories = (struct criu_directories)CRIU_DIRECTORIES_INIT;
	return 0;
}

static const struct name_row cgroups_modes[] = {
	{ "soft", CRIU_CGROUPS_SOFT },
	{ "full", CRIU_CGROUPS_FULL },
	{ "strict", CRIU_CGROUPS_STRICT },
	{ "ignore", CRIU_CGROUPS_IGNORE },
	{ NULL, 0 },
};
static const struct name_row network_locks[] = {
	{ "iptables", CRIU_LOCK_IPTABLES },
	{ "nftables", CRIU_LOCK_NFTABLES },
	{ "skip", CRIU_LOCK_SKIP },
	{ NULL, 0 },
};

/* The words are checked by the command line. */
static int mode_of(const struct name_row *rows, const char *word, int fallback)
{
	int64_t value = fallback;

	if (word)
		(void)name_to_value(rows, word, &value);
	return (int)value;
}

static int fill_page_server(const char *text, struct criu_request *r, struct arena *arena,
			    struct err *e)
{
	const char *colon = text ? strrchr(text, ':') : NULL;
	uint32_t port;

	if (!text)
		return 0;
	if (!colon || colon == text || !parse_u32(colon + 1, &port) || port == 0 ||
	    port > UINT16_MAX)
		return fail(e, ERR_USAGE, "--page-server must be ADDRESS:PORT, is \"%s\"", text);
	r->page_server = arena_strndup(arena, text, (size_t)(colon - text));
	r->page_server_port = (uint16_t)port;
	return 0;
}

static int check_options(const struct container_checkpoint_options *options, struct err *e)
{
	if (options->lazy_pages)
		return fail(
			e, ERR_USAGE,
			"--lazy-pages is not supported: the container would run before its memory has arrived, and die with the server of its pages");
	if (options->status_fd)
		return fail(e, ERR_USAGE,
			    "--status-fd is only useful with --lazy-pages, which is not supported");
	for (size_t i = 0; i < options->empty_ns.n; i++)
		if (!str_eq(options->empty_ns.v[i], "network"))
			return fail(e, ERR_USAGE, "--empty-ns must be \"network\", is \"%s\"",
				    options->empty_ns.v[i]);
	return 0;
}

int criu_request_fill(const struct container_checkpoint_options *options,
		      const struct criu_directories *directories, struct arena *arena,
		      struct criu_request *ret, struct err *e)
{
	struct criu_request request = {
		.images = directories->images,
		.work = directories->work,
		.config_fd = -1,
		.parent_image = options->parent_path,
		.track_mem = options->parent_path != NULL,
		.leave_running = options->leave_running,
		.ext_unix_sk = options->ext_unix_sk,
		.tcp_established = options->tcp_established,
		.tcp_close = options->tcp_close,
		.tcp_skip_in_flight = options->tcp_skip_in_flight,
		.shell_job = options->shell_job,
		.file_locks = options->file_locks,
		.link_remap = options->link_remap,
		.auto_dedup = options->auto_dedup,
		.orphan_pts_master = true,
		.lsm_profile = options->lsm_profile,
		.lsm_mount_context = options->lsm_mount_context,
		.manage_cgroups = true,
		.cgroups_mode =
			mode_of(cgroups_modes, options->manage_cgroups_mode, CRIU_CGROUPS_SOFT),
		.network_lock = mode_of(network_locks, options->network_lock, 0),
		.empty_namespaces = options->empty_ns.n ? CLONE_NEWNET : 0,
	};

	if (check_options(options, e) < 0 ||
	    fill_page_server(options->page_server, &request, arena, e) < 0)
		return -1;
	*ret = request;
	return 0;
}

int container_can_checkpoint(struct err *e)
{
	struct arena arena = { 0 };
	const char *program;
	int rc = criu_check(NULL, &arena, &program, e);

	arena_release(&arena);
	return rc < 0 ? err_prefix(e, "checkpoint and restore do not work here") : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* `checkpoint` and `restore`. */
#include "cli/cli.h"

const struct cli_option cli_criu_rows[] = {
	CLI_TEXT_ROW("image-path", 0, checkpoint.image_path, "DIR", CLI_OFFER_DIRECTORY,
		     "the images (default: checkpoint)"),
	CLI_TEXT_ROW("work-path", 0, checkpoint.work_path, "DIR", CLI_OFFER_DIRECTORY,
		     "the log (default: with the images)"),
	CLI_FLAG_ROW("tcp-established", 0, checkpoint.tcp_established, "keep open TCP connections"),
	CLI_FLAG_ROW("ext-unix-sk", 0, checkpoint.ext_unix_sk,
		     "allow unix sockets that are connected to outside"),
	CLI_FLAG_ROW("shell-job", 0, checkpoint.shell_job,
		     "allow processes of a session or on a terminal of the caller"),
	CLI_FLAG_ROW("file-locks", 0, checkpoint.file_locks, "keep file locks"),
	CLI_CHOICE_ROW("manage-cgroups-mode", 0, checkpoint.manage_cgroups_mode, "MODE",
		       "soft full strict ignore",
		       "what is restored of cgroups inside (default: soft)"),
	CLI_LIST_ROW("empty-ns", 0, checkpoint.empty_ns, "network",
		     "leave the container's own network namespace empty"),
	CLI_FLAG_ROW("auto-dedup", 0, checkpoint.auto_dedup,
		     "give back the memory that images hold twice"),
	CLI_CHOICE_ROW("network-lock", 0, checkpoint.network_lock, "METHOD",
		       "iptables nftables skip",
		       "how open connections are held up (default: criu's own)"),
	CLI_FLAG_ROW("lazy-pages", 0, checkpoint.lazy_pages, "refused: not supported"),
	CLI_END_ROW,
};

static const struct cli_option checkpoint_rows[] = {
	CLI_TEXT_ROW("parent-path", 0, checkpoint.parent_path, "DIR", CLI_OFFER_NOTHING,
		     "the images of the last pre-dump, relative to the images"),
	CLI_FLAG_ROW("leave-running", 0, checkpoint.leave_running,
		     "let the container run on afterwards"),
	CLI_FLAG_ROW("pre-dump", 0, checkpoint.pre_dump, "write its memory only and let it run on"),
	CLI_FLAG_ROW("tcp-skip-in-flight", 0, checkpoint.tcp_skip_in_flight,
		     "leave out TCP connections that are being made"),
	CLI_FLAG_ROW("link-remap", 0, checkpoint.link_remap,
		     "link files that have no name any more for the time being"),
	CLI_TEXT_ROW("page-server", 0, checkpoint.page_server, "ADDRESS:PORT", CLI_OFFER_NOTHING,
		     "write memory to a page server of criu"),
	CLI_TEXT_ROW("status-fd", 0, checkpoint.status_fd, "N", CLI_OFFER_NOTHING,
		     "refused: only useful with --lazy-pages"),
	CLI_END_ROW,
};

static int run_checkpoint(const struct cli_call *call, struct err *e)
{
	return container_checkpoint(&call->global, call->arguments.v[0], &call->values.checkpoint,
				    e);
}

const struct cli_command cmd_checkpoint = {
	.name = "checkpoint",
	.summary = "write a container's processes to images with criu and end it",
	.arguments = "ID",
	.least = 1,
	.most = 1,
	.offer = CLI_OFFER_ID,
	.options = checkpoint_rows,
	.shared_options = cli_criu_rows,
	.warns = true,
	.usable = container_can_checkpoint,
	.run = run_checkpoint,
};

static const struct cli_option restore_rows[] = {
	CLI_TEXT_ROW("bundle", 'b', create.bundle, "DIR", CLI_OFFER_DIRECTORY,
		     "the bundle (default: the current directory)"),
	CLI_TEXT_ROW("config", 'f', create.config_name, "NAME", CLI_OFFER_FILE,
		     "the configuration in the bundle (default: config.json)"),
	CLI_FLAG_ROW("detach", 'd', create.detach, "return once the container runs"),
	CLI_TEXT_ROW("console-socket", 0, create.console_socket, "PATH", CLI_OFFER_FILE,
		     "unix socket that gets the terminal's master"),
	CLI_TEXT_ROW("pid-file", 0, create.pid_file, "FILE", CLI_OFFER_FILE,
		     "write the first process's pid to this file"),
	CLI_FLAG_ROW("tcp-close", 0, checkpoint.tcp_close, "restore TCP connections as closed"),
	CLI_TEXT_ROW("lsm-profile", 0, checkpoint.lsm_profile, "TYPE:NAME", CLI_OFFER_NOTHING,
		     "the label of the processes, such as selinux:LABEL or apparmor:PROFILE"),
	CLI_TEXT_ROW("lsm-mount-context", 0, checkpoint.lsm_mount_context, "CONTEXT",
		     CLI_OFFER_NOTHING, "the SELinux context of the mounts"),
	/* See cmd_create.c. criu enters the root itself and never pivots. */
	CLI_FLAG_ROW("no-subreaper", 0, no_subreaper, "accepted; no subreaper is ever made"),
	CLI_FLAG_ROW("no-pivot", 0, create.no_pivot,
		     "accepted; criu decides how the root is entered"),
	CLI_END_ROW,
};

static int run_restore(const struct cli_call *call, struct err *e)
{
	int code;

	if (container_restore(&call->global, call->arguments.v[0], &call->values.create,
			      &call->values.checkpoint, &code, e) < 0)
		return -1;
	return code;
}

const struct cli_command cmd_restore = {
	.name = "restore",
	.summary = "make a container from a bundle and the images of a checkpoint",
	.arguments = "ID",
	.least = 1,
	.most = 1,
	.options = restore_rows,
	.shared_options = cli_criu_rows,
	.warns = true,
	.run = run_restore,
};

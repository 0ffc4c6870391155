/* SPDX-License-Identifier: Apache-2.0 */
/* `create` and `run`, which take the same options. */
#include "cli/cli.h"

const struct cli_option cli_create_rows[] = {
	CLI_TEXT_ROW("bundle", 'b', create.bundle, "DIR", CLI_OFFER_DIRECTORY,
		     "the bundle (default: the current directory)"),
	CLI_TEXT_ROW("config", 'f', create.config_name, "NAME", CLI_OFFER_FILE,
		     "the configuration in the bundle (default: config.json)"),
	CLI_TEXT_ROW("console-socket", 0, create.console_socket, "PATH", CLI_OFFER_FILE,
		     "unix socket that gets the terminal's master"),
	CLI_TEXT_ROW("pid-file", 0, create.pid_file, "FILE", CLI_OFFER_FILE,
		     "write the first process's pid to this file"),
	CLI_TEXT_ROW("pidfd-socket", 0, create.pidfd_socket, "PATH", CLI_OFFER_FILE,
		     "unix socket that gets a pidfd of the first process"),
	CLI_NUMBER_ROW("preserve-fds", 0, create.preserve_fds, "N",
		       "pass descriptors 3 to 3+N-1 on to the container"),
	CLI_FLAG_ROW("no-pivot", 0, create.no_pivot,
		     "move the root and chroot, where pivot_root cannot work (ramfs)"),
	CLI_FLAG_ROW("no-new-keyring", 0, create.no_new_keyring,
		     "keep the caller's session keyring"),
	/* Takes no effect because nothing is left to switch off: `create` never makes itself a
	 * subreaper, or init could not become the child of the engine's monitor; `run` needs none,
	 * because it waits for its own child. containerd passes it. */
	CLI_FLAG_ROW("no-subreaper", 0, no_subreaper, "accepted; no subreaper is ever made"),
	CLI_END_ROW,
};

static int run_create(const struct cli_call *call, struct err *e)
{
	return container_create(&call->global, call->arguments.v[0], &call->values.create, e);
}

const struct cli_command cmd_create = {
	.name = "create",
	.summary = "make a container from a bundle, up to but without running its program",
	.arguments = "ID",
	.least = 1,
	.most = 1,
	.shared_options = cli_create_rows,
	.warns = true,
	.enters_container = true,
	.run = run_create,
};

static const struct cli_option run_rows[] = {
	CLI_FLAG_ROW("detach", 'd', create.detach, "return once the program runs"),
	CLI_FLAG_ROW("keep", 0, create.keep, "keep the container's state after it has ended"),
	CLI_END_ROW,
};

static int run_run(const struct cli_call *call, struct err *e)
{
	int code;

	if (container_run(&call->global, call->arguments.v[0], &call->values.create, &code, e) < 0)
		return -1;
	return code;
}

const struct cli_command cmd_run = {
	.name = "run",
	.summary = "create and start a container; wait for it and delete it unless detached",
	.arguments = "ID",
	.least = 1,
	.most = 1,
	.options = run_rows,
	.shared_options = cli_create_rows,
	.warns = true,
	.enters_container = true,
	.run = run_run,
};

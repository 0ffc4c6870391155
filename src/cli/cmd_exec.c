/* SPDX-License-Identifier: Apache-2.0 */
/* `exec`: another process in a container. */
#include "cli/cli.h"

#include <limits.h>

/* As runc: what went wrong before the program is told apart from what the program says. */
#define EXEC_FAILED 255

static const struct cli_option exec_rows[] = {
	CLI_TEXT_ROW("process", 'p', exec.process, "FILE", CLI_OFFER_FILE,
		     "the process as JSON, instead of a command"),
	CLI_FLAG_ROW("detach", 'd', exec.detach, "return once the program runs"),
	CLI_FLAG_ROW("tty", 't', exec.terminal, "give the process a terminal"),
	CLI_TEXT_ROW("console-socket", 0, exec.console_socket, "PATH", CLI_OFFER_FILE,
		     "unix socket that gets the terminal's master"),
	CLI_TEXT_ROW("cwd", 0, exec.cwd, "DIR", CLI_OFFER_NOTHING,
		     "the working directory in the container"),
	CLI_LIST_ROW("env", 'e', exec.env, "NAME=VALUE", "set a variable; repeat for more"),
	CLI_TEXT_ROW("user", 'u', exec.user, "UID[:GID]", CLI_OFFER_NOTHING,
		     "run as this user, and group, by number"),
	CLI_LIST_ROW("additional-gids", 'g', exec.groups, "GID",
		     "add a supplementary group; repeat for more"),
	CLI_LIST_ROW("cap", 'c', exec.caps, "CAPABILITY", "add a capability; repeat for more"),
	CLI_FLAG_ROW("no-new-privs", 0, exec.no_new_privileges,
		     "no execve() grants more privileges"),
	CLI_NUMBER_ROW("preserve-fds", 0, exec.preserve_fds, "N",
		       "pass descriptors 3 to 3+N-1 on to the process"),
	CLI_TEXT_ROW("pid-file", 0, exec.pid_file, "FILE", CLI_OFFER_FILE,
		     "write the process's pid to this file once its program runs"),
	CLI_TEXT_ROW("pidfd-socket", 0, exec.pidfd_socket, "PATH", CLI_OFFER_FILE,
		     "unix socket that gets a pidfd of the process"),
	CLI_LIST_ROW("cgroup", 0, exec.cgroups, "PATH",
		     "join a cgroup inside the container's; with cgroup v1 also CONTROLLERS:PATH"),
	CLI_FLAG_ROW("ignore-paused", 0, exec.ignore_paused,
		     "do not refuse a paused container but wait for it"),
	CLI_WORD_ROW("process-label", 0, exec.label, "LABEL", "the SELinux label of the process"),
	CLI_WORD_ROW("apparmor", 0, exec.apparmor, "PROFILE",
		     "the AppArmor profile of the process"),
	/* See cmd_create.c. */
	CLI_FLAG_ROW("no-subreaper", 0, no_subreaper, "accepted; no subreaper is ever made"),
	CLI_END_ROW,
};

static int run_exec(const struct cli_call *call, struct err *e)
{
	struct container_exec_options options = call->values.exec;
	int code;

	options.command.v = call->arguments.v + 1;
	options.command.n = call->arguments.n - 1;
	if (container_exec(&call->global, call->arguments.v[0], &options, &code, e) < 0)
		return -1;
	return code;
}

const struct cli_command cmd_exec = {
	.name = "exec",
	.summary = "run another process in a container; wait for it unless detached",
	.arguments = "ID [COMMAND [ARGUMENT]...]",
	.least = 1,
	.most = UINT_MAX,
	.offer = CLI_OFFER_ID,
	.options = exec_rows,
	.takes_program = true,
	.failure_code = EXEC_FAILED,
	.enters_container = true,
	.run = run_exec,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* What to say to people who know docker, podman or machinectl by heart. Pure. */
#include "cli/cli.h"

static const struct {
	const char *word, *hint;
} elsewhere[] = {
	{ "rm", "`delete` removes a container" },
	{ "remove", "`delete` removes a container" },
	{ "terminate", "`delete --force` ends and removes a container" },
	{ "stop",
	  "`kill ID TERM` ends a container's first process, `delete` removes the container" },
	{ "poweroff", "`kill ID TERM` ends a container's first process" },
	{ "restart", "`delete` removes the container, `run` makes it again" },
	{ "logs", "what a container prints goes to the streams of `run` or `create`" },
	{ "attach", "`run` and `exec` are connected to the caller's streams" },
	{ "shell", "`exec --tty ID sh` gives a shell in a running container" },
	{ "login", "`exec --tty ID sh` gives a shell in a running container" },
	{ "enter", "`exec --tty ID sh` gives a shell in a running container" },
	{ "inspect", "`state` and `explain` show a container" },
	{ "status", "`state` shows a container" },
	{ "top", "`ps` lists the processes of a container" },
	{ "stats", "`events --stats` shows what a container uses" },
	{ "unpause", "`resume` lets a paused container go on" },
	{ "ls", "`list` shows the containers" },
	{ "init", "`spec` writes a config.json" },
	{ "config", "`spec` writes a config.json, `policy show` prints the policy" },
	{ "wait", "`run` waits for the container that it makes" },
	{ "images", "images are an engine's: Podman, containerd or Docker" },
	{ "pull", "images are an engine's: Podman, containerd or Docker" },
	{ "build", "images are an engine's: Podman, containerd or Docker" },
};

const char *cli_hint_command(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++)
		if (str_eq(elsewhere[i].word, word))
			return elsewhere[i].hint;
	return NULL;
}

/* `error` is that of parsing what follows the command. */
const char *cli_hint_call(const struct cli_call *call, const struct err *error)
{
	const char *name = call->command->name;

	if (str_eq(name, "exec") && strstr(error->text, "unknown option \"-i"))
		return "standard input is connected at all times, --tty gives a terminal";
	if ((str_eq(name, "run") || str_eq(name, "create") || str_eq(name, "start")) &&
	    call->arguments.n > 0 &&
	    (strstr(error->text, "unknown option") || strstr(error->text, "not expected")))
		return "config.json names the program (process.args), `exec` runs another one in a running container";
	return NULL;
}

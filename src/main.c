/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program: parse, protect the binary, open the log, run one command, print the one error. What the
 * engines rely on is here: exit code 1 and exactly one error record on failure, silence on stderr on
 * success.
 */
#include "cli/cli.h"
#include "facts/facts.h"
#include "sys/refused.h"
#include "sys/self_exe.h"
#include "sys/signals.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

/*
 * A caller may leave any of the three standard descriptors closed. The next open() would then take its
 * number, and what is meant for people would go into a state file.
 */
static int fill_standard_descriptors(struct err *e)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* Not close-on-exec: the program and the container inherit it like any other. The
		 * lowest free number is fd, because those below are open by now. */
		if (open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) != fd)
			return fail_sys(e, "open '/dev/null' for descriptor %d", fd);
	}
	return 0;
}

static int show_version(struct err *e)
{
	autostrbuf text = { 0 };

	cli_print_version(&text);
	return cli_output(&text, e);
}

static int show_usage(const struct cli_command *command, struct err *e)
{
	autostrbuf text = { 0 };

	cli_print_usage(command, &text);
	return cli_output(&text, e);
}

static int run(struct cli_call *call, struct err *e)
{
	if (call->values.help) {
		if (show_usage(call->command, e) < 0)
			return -1;
		return call->command && call->command->usable ? call->command->usable(e) : 0;
	}
	if (call->values.version)
		return show_version(e);
	if (cli_global_options(&call->values, call->arena, &call->global, e) < 0)
		return -1;
	return call->command->run(call, e);
}

/* The arguments for when the program is executed again: by a descriptor, so that the name is gone that names a network. */
static char **arguments_again(char **argv, const struct cli_call *call, struct arena *arena)
{
	const char *network = facts_network_of_program(self_exe_name());
	size_t n = 0;
	char **again;

	if (!network || call->values.network_name || !argv[0])
		return argv;
	while (argv[n])
		n++;
	again = arena_array(arena, n + 3, sizeof(*again));
	again[0] = argv[0];
	again[1] = arena_strdup(arena, "--network");
	again[2] = arena_strdup(arena, network);
	memcpy(again + 3, argv + 1, n * sizeof(*again));
	return again;
}

/* NULL: it is about none in particular. */
static const char *container_of(const struct cli_call *call)
{
	/* behind a verb */
	size_t at = call->command->offer == CLI_OFFER_WORDS ? 1 : 0;

	return call->arguments.n > at ? call->arguments.v[at] : NULL;
}

/* A user's command goes to where the user's network is, and begins anew there. */
static int go_to_network(char **argv, struct arena *arena, struct cli_call *call, struct err *e)
{
	int rc;

	if (cli_global_options(&call->values, arena, &call->global, e) < 0)
		return -1;
	rc = container_enter_users_network(&call->global, container_of(call), arena, e);
	return rc == 1 ? self_exe_again(arguments_again(argv, call, arena), e) : rc;
}

static int prepare(char **argv, struct arena *arena, struct cli_call *call, struct err *e)
{
	bool again = self_exe_is_again();

	if (signals_prepare(e) < 0 || fill_standard_descriptors(e) < 0 ||
	    cli_parse(argv, arena, call, e) < 0)
		return -1;
	if (call->command && !call->command->stays_outside && !call->values.help && !again &&
	    go_to_network(argv, arena, call, e) < 0)
		return -1;
	call->values.from_outside = again;
	/* Before the log is opened and anything else is done, because it may execute the program anew. */
	if (call->command && call->command->enters_container && !call->values.help)
		return self_exe_protect(arguments_again(argv, call, arena), e);
	return 0;
}

int main(int argc, char **argv)
{
	struct arena arena = { 0 };
	struct cli_call call = { 0 };
	struct err e = { 0 };
	struct err log_error_value = { 0 };
	int code;

	(void)argc;
	(void)mallopt(M_MMAP_THRESHOLD, ARENA_MAP_FROM);
	code = prepare(argv, &arena, &call, &e);
	struct log_options log_options = cli_log_options(&call.values, call.command);
	if (log_open(&log_options, &log_error_value) < 0 && code >= 0) {
		/* The first error is the one to tell. */
		e = log_error_value;
		code = -1;
	}
	int failure = 1;
	if (code >= 0) {
		code = run(&call, &e);
		if (call.command && call.command->failure_code)
			failure = call.command->failure_code;
	}
	if (code < 0) {
		refused_explain(&e);
		log_error(&e);
		code = failure;
	}
	arena_release(&arena);
	return code;
}

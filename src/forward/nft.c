/* SPDX-License-Identifier: Apache-2.0 */
/* See nft.h. */
#include "forward/nft.h"

#include "base/auto.h"
#include "os/io.h"
#include "sys/deadline.h"
#include "sys/helper.h"
#include "sys/spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define SAID_MAX 4096

struct execution {
	const char *program;
	int rules;
};

static void execute_nft(void *context, int output)
{
	static char name[] = "nft", option[] = "-f", from[] = "-", language[] = "LC_ALL=C";
	char *arguments[] = { name, option, from, NULL }, *environment[] = { language, NULL };
	const struct execution *execution = context;
	const struct spawn spawn = {
		.directory = -1,
		.input = execution->rules,
		.output = output,
		.errors = output,
	};
	struct err ignored;

	/* It may hang, and the helper be killed. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (spawn_prepare(&spawn, &ignored) < 0)
		return;
	execve(execution->program, arguments, environment);
	dprintf(2, "%s", strerror(errno));
	_exit(127);
}

int nft_load(const char *program, const struct forward_rules *rules, struct err *e)
{
	autoclose int file = memfd_create("rules", MFD_CLOEXEC);
	struct execution execution = { program, file };
	autostrbuf text = { 0 };
	autofree char *said = NULL;
	int status;

	forward_rules(rules, &text);
	if (file < 0)
		return fail_sys(e, "memfd_create");
	if (write_fd_all(file, "the rules", text.text, text.length, e) < 0)
		return -1;
	if (lseek(file, 0, SEEK_SET) < 0)
		return fail_sys(e, "rewind the rules");
	if (helper_program("nft", deadline_ms() / 2, execute_nft, &execution, SAID_MAX, &said,
			   &status, e) < 0)
		return -1;
	said[strcspn(said, "\n")] = '\0';
	if (status != 0)
		return fail(e, ERR_SYSTEM, "%s failed with exit status %d%s%s", program, status,
			    *said ? ": " : "", said);
	return 0;
}

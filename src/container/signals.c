/* SPDX-License-Identifier: Apache-2.0 */
/* Signal names (signal.h). Pure. */
#include "container/signals.h"

#include "base/auto.h"
#include "base/names.h"
#include "base/str.h"

#include <signal.h>

/* The kernel's range. The C library's SIGRTMIN is a call, and keeps some for itself; what "RTMIN+3"
 * means to a program in the container (systemd) counts from its own 34. */
#define SIGNAL_LAST 64
#define REALTIME_FIRST 34

static const struct name_row signal_names[] = {
	{ "HUP", SIGHUP },        { "INT", SIGINT },
	{ "QUIT", SIGQUIT },      { "ILL", SIGILL },
	{ "TRAP", SIGTRAP },      { "ABRT", SIGABRT },
	{ "IOT", SIGIOT },        { "BUS", SIGBUS },
	{ "FPE", SIGFPE },        { "KILL", SIGKILL },
	{ "USR1", SIGUSR1 },      { "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 },      { "PIPE", SIGPIPE },
	{ "ALRM", SIGALRM },      { "TERM", SIGTERM },
#ifdef SIGSTKFLT
	{ "STKFLT", SIGSTKFLT },
#endif
	{ "CHLD", SIGCHLD },      { "CLD", SIGCHLD },
	{ "CONT", SIGCONT },      { "STOP", SIGSTOP },
	{ "TSTP", SIGTSTP },      { "TTIN", SIGTTIN },
	{ "TTOU", SIGTTOU },      { "URG", SIGURG },
	{ "XCPU", SIGXCPU },      { "XFSZ", SIGXFSZ },
	{ "VTALRM", SIGVTALRM },  { "PROF", SIGPROF },
	{ "WINCH", SIGWINCH },    { "IO", SIGIO },
	{ "POLL", SIGPOLL },      { "PWR", SIGPWR },
	{ "SYS", SIGSYS },        { "RTMIN", REALTIME_FIRST },
	{ "RTMAX", SIGNAL_LAST }, { NULL, 0 },
};

static bool from_table(const char *name, int *ret)
{
	for (const struct name_row *row = signal_names; row->name; row++)
		if (str_eq_nocase(row->name, name)) {
			*ret = (int)row->value;
			return true;
		}
	return false;
}

/* "RTMIN+N", "RTMAX-N" */
static bool from_realtime(const char *name, int *ret)
{
	char base[] = "RTM..";
	uint32_t offset;
	int number;

	if (strlen(name) < sizeof(base) + 1 || !parse_u32(name + sizeof(base), &offset) ||
	    offset > SIGNAL_LAST - REALTIME_FIRST)
		return false;
	memcpy(base, name, sizeof(base) - 1);
	if (!from_table(base, &number))
		return false;
	if (number == REALTIME_FIRST && name[sizeof(base) - 1] == '+')
		*ret = number + (int)offset;
	else if (number == SIGNAL_LAST && name[sizeof(base) - 1] == '-')
		*ret = number - (int)offset;
	else
		return false;
	return true;
}

int signal_parse(const char *text, int *ret, struct err *e)
{
	uint32_t number;
	const char *name = text;

	if (parse_u32(text, &number)) {
		/* 0 asks whether the process exists (kill(2)) */
		if (number > SIGNAL_LAST)
			return fail(e, ERR_USAGE, "signal %s is not between 0 and %d", text,
				    SIGNAL_LAST);
		*ret = (int)number;
		return 0;
	}
	if (strlen(text) > 3) {
		char prefix[] = { text[0], text[1], text[2], '\0' };
		if (str_eq_nocase(prefix, "SIG"))
			name = text + 3;
	}
	if (from_table(name, ret) || from_realtime(name, ret))
		return 0;
	return fail(e, ERR_USAGE, "unknown signal \"%s\"", text);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Break a program at one of its system calls (ptrace(2)), for tests/fault/run:
 *
 *   inject OUT - COMMAND...                    write to OUT every call: "PROCESS NUMBER COUNT" a line
 *   inject OUT PROCESS:NUMBER:COUNT:ACTION...  and "hit" once it has happened
 *
 * PROCESS counts the program and what it makes, from 0 in the order of their birth; NUMBER is that of the
 * system call and COUNT, from 1, says which of them in that process. ACTION: "eN", the call is not made and
 * gives the error N (but close() is: a descriptor is gone whatever it returns); "sN", the process gets the
 * signal N at its entry; "pN", it is stopped there, and
 * continued N milliseconds later. A process is left alone from its execve() on.
 * The exit status is the program's, 128 + signal where one ended it.
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/ptrace.h>

#define PROCESSES 256
#define CALLS 600

#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP 128
#endif

struct process {
	pid_t pid;
	bool entered;   /* the next stop is an exit */
	int64_t result; /* to be returned at that exit; 0: leave it */
	unsigned counts[CALLS];
};
static struct process processes[PROCESSES];
static size_t n_processes;
static FILE *out;
static bool recording, hit, executed;
static unsigned wanted_process, wanted_call, wanted_count;
static char action;
static int argument;

static void die(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	exit(125);
}

static struct process *find(pid_t pid)
{
	for (size_t i = 0; i < n_processes; i++)
		if (processes[i].pid == pid)
			return &processes[i];
	if (n_processes == PROCESSES)
		die("too many processes");
	processes[n_processes].pid = pid;
	return &processes[n_processes++];
}

static void change_registers(pid_t pid, bool at_entry, int64_t value)
{
#if defined(__x86_64__)
	struct user_regs_struct registers;

	if (ptrace(PTRACE_GETREGS, pid, 0, &registers) < 0)
		return;
	if (at_entry)
		registers.orig_rax = (unsigned long long)-1;
	else
		registers.rax = (unsigned long long)value;
	ptrace(PTRACE_SETREGS, pid, 0, &registers);
#elif defined(__aarch64__)
	struct user_regs_struct registers;
	struct iovec all = { &registers, sizeof(registers) };
	int none = -1;
	struct iovec call = { &none, sizeof(none) };

	if (at_entry) {
		ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &call);
	} else if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &all) == 0) {
		registers.regs[0] = (unsigned long long)value;
		ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &all);
	}
#else
#error "how a system call is replaced is not known for this architecture"
#endif
}

/* By another process: this one has the others to look after. */
static void continue_later(pid_t pid)
{
	const struct timespec pause = { argument / 1000, argument % 1000 * 1000000L };

	if (fork() != 0)
		return;
	nanosleep(&pause, NULL);
	kill(pid, SIGCONT);
	_exit(0);
}

/* At the entry of the call that was asked for. */
static void break_it(struct process *process, unsigned call)
{
	hit = true;
	fprintf(out, "hit\n");
	fflush(out);
	switch (action) {
	case 'e':
		if (call != SYS_close)
			change_registers(process->pid, true, 0);
		process->result = -argument;
		break;
	case 's':
		kill(process->pid, argument);
		break;
	default:
		kill(process->pid, SIGSTOP);
		continue_later(process->pid);
	}
}

/* Whether the dynamic linker is still at work, whose failures are not the program's. */
static bool is_loading(pid_t pid, uint64_t at)
{
	static bool loaded;
	char path[64], line[512];
	unsigned long long from, to;
	FILE *maps;

	if (loaded)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	loaded = true;
	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%llx-%llx", &from, &to) == 2 && at >= from && at < to &&
		    strstr(line, "/ld-"))
			loaded = false;
	if (maps)
		fclose(maps);
	return !loaded;
}

static void system_call(struct process *process)
{
	struct ptrace_syscall_info info;
	unsigned index = (unsigned)(process - processes), call, count;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, process->pid, sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_EXIT && process->entered) {
		process->entered = false;
		if (process->result)
			change_registers(process->pid, false, process->result);
		process->result = 0;
	}
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY || info.entry.nr >= CALLS)
		return;
	process->entered = true;
	if (process == processes &&
	    (!executed || is_loading(process->pid, info.instruction_pointer)))
		return;
	call = (unsigned)info.entry.nr;
	count = ++process->counts[call];
	if (recording)
		fprintf(out, "%u %u %u\n", index, call, count);
	else if (!hit && index == wanted_process && call == wanted_call && count == wanted_count)
		break_it(process, call);
}

/* One stop of a process. */
static void stopped(pid_t pid, int status)
{
	struct process *process = find(pid);
	int event = status >> 16, signal = WSTOPSIG(status), pass = 0;

	if (signal == (SIGTRAP | 0x80)) {
		system_call(process);
	} else if (event == PTRACE_EVENT_EXEC) {
		if (process != processes || executed) {
			ptrace(PTRACE_DETACH, pid, 0, 0);
			return;
		}
		executed = true;
	} else if (event == PTRACE_EVENT_STOP) {
		if (signal != SIGTRAP) {
			/* it stands still as without a tracer, until SIGCONT */
			ptrace(PTRACE_LISTEN, pid, 0, 0);
			return;
		}
	} else if (event == 0) {
		pass = signal;
	}
	ptrace(PTRACE_SYSCALL, pid, 0, pass);
}

static pid_t begin(char **command)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			     PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
	int line[2];
	char byte = 0;
	pid_t pid;

	if (pipe(line) < 0 || (pid = fork()) < 0)
		die("fork");
	if (pid == 0) {
		close(line[1]);
		(void)!read(line[0], &byte, 1);
		close(line[0]);
		execv(command[0], command);
		die(command[0]);
	}
	close(line[0]);
	if (ptrace(PTRACE_SEIZE, pid, 0, options) < 0 || ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0)
		die("ptrace");
	if (write(line[1], &byte, 1) != 1)
		die("write");
	close(line[1]);
	return pid;
}

int main(int argc, char **argv)
{
	pid_t first, pid;
	int status;

	if (argc < 4 || !(out = fopen(argv[1], "we")))
		die("usage: inject OUT -|PROCESS:NUMBER:COUNT:ACTION COMMAND...");
	recording = strcmp(argv[2], "-") == 0;
	if (!recording && sscanf(argv[2], "%u:%u:%u:%c%d", &wanted_process, &wanted_call,
				 &wanted_count, &action, &argument) != 5)
		die("what to break");
	first = begin(argv + 3);
	find(first);
	for (;;) {
		pid = waitpid(-1, &status, __WALL);
		if (pid < 0)
			die("waitpid");
		if (WIFSTOPPED(status)) {
			stopped(pid, status);
		} else if (pid == first) {
			/* what it has left behind goes on by itself once it is not traced */
			fclose(out);
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		}
	}
}

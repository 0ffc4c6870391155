/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel says and does, for features.bats; nothing of the program is in here.
 *
 *   call NAME[,ARGUMENT] ...  what becomes of each system call, made in a thread of a process of its own
 *   memory                    the memory policy in force, by its numbers
 *   flags                     the flags that seccomp(2) takes here
 *   answer PID NAME ...       what the filter of a process answers to each system call (as root of the host)
 *   arches PID                the architectures that it knows
 */
#include "../unit/bpf.h"

#include <errno.h>
#include <linux/audit.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct name {
	const char *name;
	long value;
};

static const struct name calls[] = {
	{ "getuid", SYS_getuid },           { "geteuid", SYS_geteuid },
	{ "getgid", SYS_getgid },           { "getegid", SYS_getegid },
	{ "getppid", SYS_getppid },         { "getpgid", SYS_getpgid },
	{ "sched_yield", SYS_sched_yield }, { "sync", SYS_sync },
	{ "getsid", SYS_getsid },           { NULL, 0 },
};

/* linux/audit.h */
static const struct name arches[] = {
	{ "SCMP_ARCH_X86", AUDIT_ARCH_I386 },
	{ "SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64 },
	{ "SCMP_ARCH_ARM", AUDIT_ARCH_ARM },
	{ "SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64 },
	{ "SCMP_ARCH_LOONGARCH64", AUDIT_ARCH_LOONGARCH64 },
	{ "SCMP_ARCH_MIPSEL", AUDIT_ARCH_MIPSEL },
	{ "SCMP_ARCH_MIPSEL64", AUDIT_ARCH_MIPSEL64 },
	{ "SCMP_ARCH_MIPSEL64N32", AUDIT_ARCH_MIPSEL64N32 },
	{ "SCMP_ARCH_PPC64LE", AUDIT_ARCH_PPC64LE },
	{ "SCMP_ARCH_SH", AUDIT_ARCH_SHEL },
	{ "SCMP_ARCH_RISCV64", AUDIT_ARCH_RISCV64 },
	{ NULL, 0 },
};

/* linux/seccomp.h of today, which is not what is installed everywhere */
static const struct name flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", 1 << 0 },
	{ "SECCOMP_FILTER_FLAG_LOG", 1 << 1 },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", 1 << 2 },
	/* takes no other but that of a listener beside it */
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 1 << 5 | 1 << 3 },
	{ NULL, 0 },
};

static long number_of(const char *name, size_t length)
{
	for (const struct name *row = calls; row->name; row++)
		if (strlen(row->name) == length && strncmp(row->name, name, length) == 0)
			return row->value;
	fprintf(stderr, "no system call '%s' here\n", name);
	exit(2);
}

/* --- calls --- */

struct attempt {
	long number;
	unsigned long argument;
	long result;
	int error, returned;
};

static volatile sig_atomic_t trapped;

static void on_sigsys(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	/* SYS_SECCOMP, which some C libraries do not name */
	trapped = info->si_code == 1 ? 1 : 2;
}

static void *attempt_make(void *data)
{
	struct attempt *attempt = data;

	attempt->result = syscall(attempt->number, attempt->argument, 0, 0, 0, 0, 0);
	attempt->error = errno;
	attempt->returned = 1;
	return NULL;
}

static void attempt_in_thread(const char *name, struct attempt *attempt)
{
	struct sigaction action = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };
	pthread_t thread;

	sigaction(SIGSYS, &action, NULL);
	if (pthread_create(&thread, NULL, attempt_make, attempt) != 0)
		_exit(3);
	pthread_join(thread, NULL);
	if (!attempt->returned)
		printf("%s thread killed\n", name);
	else if (trapped)
		printf("%s trapped %d\n", name, trapped);
	else if (attempt->result < 0)
		printf("%s refused %d\n", name, attempt->error);
	else
		printf("%s done\n", name);
	fflush(stdout);
}

/* What a tracer is told of the same call, in another process. */
static int traced(struct attempt *attempt)
{
	int status = 0, told = 0;
	unsigned long message;
	pid_t pid = fork();

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		attempt_make(attempt);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL);
	for (ptrace(PTRACE_CONT, pid, 0, 0); waitpid(pid, &status, 0) == pid && WIFSTOPPED(status);
	     ptrace(PTRACE_CONT, pid, 0, 0))
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8) &&
		    ptrace(PTRACE_GETEVENTMSG, pid, 0, &message) == 0)
			told = (int)message;
	return told;
}

static void attempt_one(const char *text)
{
	const char *comma = strchr(text, ',');
	size_t length = comma ? (size_t)(comma - text) : strlen(text);
	struct attempt attempt = { .number = number_of(text, length) };
	int status = 0, told;
	pid_t pid;

	attempt.argument = comma ? strtoul(comma + 1, NULL, 0) : 0;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		attempt_in_thread(text, &attempt);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		printf("%s killed %d\n", text, WTERMSIG(status));
	told = traced(&attempt);
	if (told)
		printf("%s traced %d\n", text, told);
}

/* --- memory --- */

static void show_memory(void)
{
	int mode = -1;

	if (syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0) < 0) {
		perror("get_mempolicy");
		exit(1);
	}
	printf("%d\n", mode);
}

/* --- seccomp --- */

/* "EFAULT", for there is no program, comes after the flags were looked at. */
static void show_flags(void)
{
	for (const struct name *row = flags; row->name; row++)
		if (syscall(SYS_seccomp, 1, row->value, NULL) < 0 && errno == EFAULT)
			printf("%s\n", row->name);
}

static size_t filter_of(const char *pid_text, struct sock_filter v[BPF_MAXINSNS])
{
	pid_t pid = (pid_t)strtol(pid_text, NULL, 10);
	long n = -1;

	if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0 || ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0 ||
	    waitpid(pid, NULL, __WALL) != pid || (n = ptrace(0x420c, pid, 0, v)) <= 0) {
		perror("PTRACE_SECCOMP_GET_FILTER");
		exit(4);
	}
	ptrace(PTRACE_DETACH, pid, 0, 0);
	return (size_t)n;
}

static void show_answers(char **argv)
{
	static struct sock_filter v[BPF_MAXINSNS];
	size_t n = filter_of(*argv, v);

	while (*++argv) {
		struct seccomp_data data = { .nr = (int)number_of(*argv, strlen(*argv)) };
#ifdef __x86_64__
		data.arch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
		data.arch = AUDIT_ARCH_AARCH64;
#endif
		printf("%s %x\n", *argv, bpf_run(v, n, &data));
	}
}

static void show_arches(char **argv)
{
	static struct sock_filter v[BPF_MAXINSNS];
	size_t n = filter_of(*argv, v);

	for (const struct name *row = arches; row->name; row++) {
		struct seccomp_data data = { .nr = 1, .arch = (uint32_t)row->value };

		if (bpf_run(v, n, &data) == SECCOMP_RET_ALLOW)
			printf("%s\n", row->name);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "call") == 0)
		for (int i = 2; i < argc; i++)
			attempt_one(argv[i]);
	else if (strcmp(what, "memory") == 0)
		show_memory();
	else if (strcmp(what, "flags") == 0)
		show_flags();
	else if (strcmp(what, "answer") == 0 && argc > 2)
		show_answers(argv + 2);
	else if (strcmp(what, "arches") == 0 && argc > 2)
		show_arches(argv + 2);
	else
		return 2;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leave32: the ways out of the network namespace that leave.c tries, by a program of 32 bits, which enters the kernel by
 * int 0x80 and by what the kernel itself gives such programs to enter it (AT_SYSINFO, vdso(7)). It is built without a
 * C library, of which there is hardly ever one of 32 bits. Says of each way, in one line, the number of the error, or
 * "let through". For lock.bats.
 */

typedef unsigned int word;

enum {
	EXIT = 1,
	FORK = 2,
	WRITE = 4,
	WAITPID = 7,
	CLONE = 120,
	UNSHARE = 310,
	SETNS = 346,
	IO_URING_SETUP = 425,
	CLONE3 = 435
};
enum { NEWNS = 0x20000, NEWUSER = 0x10000000, NEWNET = 0x40000000, SIGCHLD = 17, AT_SYSINFO = 32 };

static word gate;

static int by_interrupt(word number, word a, word b, word c)
{
	int rc;

	__asm__ volatile("int $0x80"
			 : "=a"(rc)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(0), "D"(0)
			 : "memory");
	return rc;
}

static int by_gate(word number, word a, word b, word c)
{
	int rc;

	__asm__ volatile("call *%[gate]"
			 : "=a"(rc)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(0), "D"(0), [gate] "m"(gate)
			 : "memory");
	return rc;
}

static void say(const char *text)
{
	word length = 0;

	while (text[length])
		length++;
	by_interrupt(WRITE, 1, (word)text, length);
}

static void say_number(int number)
{
	char digits[12], *at = digits + sizeof(digits) - 1;

	*at = 0;
	do
		*--at = (char)('0' + number % 10);
	while (number /= 10);
	say(at);
}

static const struct {
	const char *name;
	word number, argument;
} ways[] = {
	{ "unshare net", UNSHARE, NEWNET },
	{ "unshare user", UNSHARE, NEWUSER },
	{ "unshare mount+net", UNSHARE, NEWNS | NEWNET },
	{ "clone net", CLONE, NEWNET | SIGCHLD },
	{ "clone user+net", CLONE, NEWUSER | NEWNET | SIGCHLD },
	{ "setns", SETNS, 0 },
	{ "io_uring_setup", IO_URING_SETUP, 0 },
	{ "clone3", CLONE3, 0 },
};

static void try_all(const char *how, int (*call)(word, word, word, word))
{
	for (word i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int rc, child = by_interrupt(FORK, 0, 0, 0);

		/* each in a process of its own: one that got through changes what comes after it */
		if (child) {
			by_interrupt(WAITPID, (word)child, 0, 0);
			continue;
		}
		rc = call(ways[i].number, ways[i].argument, 0, 0);
		/* of a clone that was let through there are two */
		if (rc != 0 || ways[i].number != CLONE) {
			say(how);
			say(ways[i].name);
			say(": ");
			if (rc >= 0)
				say("let through");
			else
				say_number(-rc);
			say("\n");
		}
		by_interrupt(EXIT, 0, 0, 0);
	}
}

/* The words that a program finds on its stack: argc, argv, 0, envp, 0, pairs that tell of the kernel. */
__attribute__((used)) void begin(const word *stack)
{
	const word *at = stack + 1 + stack[0] + 1;

	while (*at++)
		;
	for (; at[0]; at += 2)
		if (at[0] == AT_SYSINFO)
			gate = at[1];
	try_all("interrupt, ", by_interrupt);
	if (gate)
		try_all("gate, ", by_gate);
	by_interrupt(EXIT, 0, 0, 0);
}

__asm__(".globl _start\n_start:\n\tmov %esp, %eax\n\tand $-16, %esp\n\tsub $12, %esp\n\tpush %eax\n\tcall begin\n");

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call [x86|x32] NUMBER [ARGUMENT]...: make one system call in the way of an architecture and print what it
 * gives, negative error numbers as the kernel gives them. Several calls are separated by "+". For
 * seccomp.bats; only the numbers of x86_64 processors are known here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long call_native(long number, const long *v)
{
	long rc = syscall(number, v[0], v[1], v[2], v[3], v[4], v[5]);

	return rc < 0 ? -errno : rc;
}

static long call_x86(long number, const long *v)
{
#ifdef __x86_64__
	int rc;

	__asm__ volatile("int $0x80"
			 : "=a"(rc)
			 : "a"((int)number), "b"((int)v[0]), "c"((int)v[1]), "d"((int)v[2]),
			   "S"((int)v[3]), "D"((int)v[4])
			 : "memory", "cc", "r8", "r9", "r10", "r11");
	return rc;
#else
	return call_native(number, v);
#endif
}

static long call_one(char **words, int n)
{
	long v[6] = { 0 }, number;
	int first = strcmp(words[0], "x86") == 0 || strcmp(words[0], "x32") == 0;

	number = (long)strtoul(words[first], NULL, 0);
	for (int i = first + 1; i < n && i - first - 1 < 6; i++)
		v[i - first - 1] = (long)strtoul(words[i], NULL, 0);
	if (first && words[0][1] == '8')
		return call_x86(number, v);
	return call_native(first ? number | 0x40000000 : number, v);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	for (int i = 1, end; i < argc; i = end + 1) {
		for (end = i; end < argc && strcmp(argv[end], "+") != 0;)
			end++;
		printf("%ld\n", call_one(argv + i, end - i));
	}
	return 0;
}

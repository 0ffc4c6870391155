/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that makes no system call, so that no filter has a say in what becomes of it. Who it is says the
 * kernel, to a process that looks from outside. For seccomp-faked.bats: cc -static -nostdlib.
 */
__attribute__((noreturn)) void _start(void);

void _start(void)
{
	for (;;)
		__asm__ volatile("" ::: "memory");
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's own binary must not be open for writing from a container (CVE-2019-5736): a process
 * that is about to enter one runs from a sealed memfd, or from a read-only clone of its mount.
 */
#ifndef SYS_SELF_EXE_H
#define SYS_SELF_EXE_H

#include "base/err.h"

#include <stdbool.h>

/* Returns 0 if the running binary is protected, or now is; if the kernel does not let a running
 * program leave its file, executes the program again from a protected copy with the same arguments and
 * environment, and does not return but on failure. The caller is single-threaded. */
int self_exe_protect(char **argv, struct err *e) MUST_CHECK;

/* The file that was executed, as the caller has named it, which /proc/self/exe does not tell of a symlink (AT_EXECFN,
 * getauxval(3)); NULL: not known. Where the program was executed again it is that of a descriptor. */
const char *self_exe_name(void);

/*
 * Closing the clone waits until no processor can see its mount any more, so that it is kept: to be let go while something
 * else is waited for, but before anything of an image runs, and first thing in a process that is about to enter a
 * container. Does nothing where none is kept.
 */
void self_exe_let_go(void);

/* Execute the program again, as it is, after a change of its namespaces: does not return but on failure. Is it? is asked
 * once, and says so in the environment alone until then. */
int self_exe_again(char **argv, struct err *e) MUST_CHECK;
bool self_exe_is_again(void);

/* Whether it is: a read-only file system or mount, or a memfd with all seals. */
int self_exe_is_protected(bool *ret, struct err *e) MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process does about signals. execve(2) hands down which ones are ignored and which are blocked, so
 * that a caller decides it unless the program does.
 */
#ifndef SYS_SIGNALS_H
#define SYS_SIGNALS_H

#include "base/err.h"

/* First thing in the program: what its work relies on, whatever the caller has left. Nothing is blocked and
 * children can be waited for; what a caller ignores so that this program outlives a terminal stays ignored. */
int signals_prepare(struct err *e) MUST_CHECK;

/* For a process that is about to execute another program: what signals_prepare() ignores or lets be ignored is as it
 * is by default, nothing is blocked. Handlers are the kernel's to reset (execve(2)). */
int signals_reset(struct err *e) MUST_CHECK;

#endif

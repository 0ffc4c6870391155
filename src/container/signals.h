/* SPDX-License-Identifier: Apache-2.0 */
/* Signals as people and engines write them. */
#ifndef CONTAINER_SIGNALS_H
#define CONTAINER_SIGNALS_H

#include "base/err.h"

/*
 * The number of "9", "KILL", "SIGKILL", "sigkill", "RTMIN+3", "SIGRTMAX-1". Numbers from 1 to 64.
 * ERR_USAGE for anything else. Pure.
 */
int signal_parse(const char *text, int *ret, struct err *e) MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which boot this is: a pid and its start time say which process is meant only within one.
 */
#ifndef SYS_BOOT_ID_H
#define SYS_BOOT_ID_H

#include "base/err.h"

#include <stdbool.h>

#define BOOT_ID_SIZE 37

/* The kernel's boot id, also if a file lies over it or /proc shows processes only. If it cannot be had,
 * another fact of this boot, which never looks like one. */
int boot_id(char buffer[BOOT_ID_SIZE], struct err *e) MUST_CHECK;

/* Whether a record is of another boot than the one with the id `now`. Of an id of the other kind that cannot be
 * told: false, and the start time decides. */
bool boot_is_another(const char *recorded, const char *now);

#endif

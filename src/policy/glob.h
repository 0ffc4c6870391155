/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of the key `distros`. Pure. */
#ifndef POLICY_GLOB_H
#define POLICY_GLOB_H

#include <stdbool.h>

/*
 * glob(7), but that '*' and '?' stand for slashes, too: they are compared with texts of any kind. fnmatch(3) takes time
 * that grows with the power of the number of stars, and the texts are what clients say: here it is at most the product of
 * both lengths.
 */
bool glob_match(const char *pattern, const char *text);

/* Why this is not a pattern; NULL: it is one. */
const char *glob_problem(const char *pattern);

#endif

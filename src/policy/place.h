/* SPDX-License-Identifier: Apache-2.0 */
/* What is at a place of a configuration, as JSON: before and after of a decision. Pure. */
#ifndef POLICY_PLACE_H
#define POLICY_PLACE_H

#include "spec/spec.h"

/* *ret stays NULL if nothing is there. */
int place_text(const struct spec *spec, const char *pointer, struct arena *arena, char **ret,
	       struct err *e) MUST_CHECK;

#endif

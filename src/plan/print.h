/* SPDX-License-Identifier: Apache-2.0 */
/* A plan for people (explain) and golden files, as text and as JSON. Pure. */
#ifndef PLAN_PRINT_H
#define PLAN_PRINT_H

#include "plan/plan.h"

void plan_print(const struct plan *plan, struct strbuf *out);
void plan_print_json(const struct plan *plan, struct json_out *out);

#endif

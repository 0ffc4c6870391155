/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as text and as JSON, both by its rows (fields.h). Pure. */
#include "plan/print.h"

#include "plan/fields.h"

void plan_print(const struct plan *plan, struct strbuf *out)
{
	fields_text(&plan_fields, plan, out);
}

void plan_print_json(const struct plan *plan, struct json_out *out)
{
	fields_encode(&plan_fields, plan, out);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A unit of systemd for people, for golden files and as JSON. Pure. */
#include "plan/context.h"
#include "plan/systemd.h"

void print_scope(const struct plan_scope *scope, struct strbuf *out)
{
	if (!scope)
		return;
	strbuf_show(out, "  systemd%s %s in %s\n", scope->user ? " of the user:" : ":", scope->unit,
		    scope->slice);
	for (size_t i = 0; i < scope->properties.n; i++) {
		const struct plan_property *property = &scope->properties.v[i];
		strbuf_show(out, "    %s %s =", property->name, property->type);
		for (size_t k = 0; k < property->values.n; k++) {
			strbuf_putc(out, ' ');
			put_text(out, property->values.v[k]);
		}
		strbuf_putc(out, '\n');
	}
}

void json_scope(const struct plan_scope *scope, struct json_out *out)
{
	if (!scope)
		return;
	json_out_key(out, "systemd");
	json_out_object(out);
	json_out_member_string(out, "unit", scope->unit);
	json_out_member_string(out, "slice", scope->slice);
	json_out_member_bool(out, "user", scope->user);
	json_out_key(out, "properties");
	json_out_array(out);
	for (size_t i = 0; i < scope->properties.n; i++) {
		const struct plan_property *property = &scope->properties.v[i];
		json_out_object(out);
		json_out_member_string(out, "name", property->name);
		json_out_member_string(out, "type", property->type);
		json_out_key(out, "values");
		json_out_array(out);
		for (size_t k = 0; k < property->values.n; k++)
			json_out_string(out, property->values.v[k]);
		json_out_array_end(out);
		json_out_object_end(out);
	}
	json_out_array_end(out);
	json_out_object_end(out);
}

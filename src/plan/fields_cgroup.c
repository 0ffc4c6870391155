/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of the cgroup with its unit of systemd, and of resctrl. Pure.
 */
#include "plan/fields.h"

#include "base/auto.h"
#include "plan/systemd.h"

/* --- systemd --- */

static void scope_head(const void *object, struct strbuf *out)
{
	const struct plan_scope *scope = object;

	strbuf_show(out, "systemd%s %s in %s", scope->user ? " of the user:" : ":", scope->unit,
		    scope->slice);
}

#define T struct plan_property
static const struct field property_rows[] = {
	ROW(TEXT, name, "name", HEAD),
	ROW(TEXT, type, "type", HEAD),
	ROW(STRLIST, values, "values", HEAD, LED("=")),
};
static const struct fields property_fields = PLAN_TABLE(property_rows);
#undef T

#define T struct plan_scope
static const struct field scope_rows[] = {
	ROW(TEXT, unit, "unit", HEAD),
	ROW(TEXT, slice, "slice", HEAD),
	ROW(BOOL, user, "user", HEAD),
	ROW_LIST(struct plan_property, properties, "properties", LINE, .sub = &property_fields),
	PLAN_HIDDEN(description, "it tells one unit from another of that name"),
	PLAN_HIDDEN(subgroup, "the path of the cgroup ends with it"),
};
static const struct fields scope_fields = PLAN_TABLE_HEADED(scope_rows, scope_head);
#undef T

/* --- devices that may be used --- */

static void encode_device_rule(const void *object, struct json_out *out)
{
	autostrbuf text = { 0 };

	plan_device_rule_text(object, &text);
	json_out_string(out, strbuf_text(&text));
}

/* The rules that every container gets are one line. */
static void put_device_rules(const void *object, struct strbuf *out)
{
	const struct plan_device_rules *rules = &((const struct plan_cgroup *)object)->devices;
	bool defaults = false;

	strbuf_show(out, "devices: %s others\n", rules->others ? "allow" : "deny");
	for (size_t i = 0; i < rules->n; i++) {
		autostrbuf text = { 0 };
		defaults = defaults || rules->v[i].is_default;
		if (rules->v[i].is_default)
			continue;
		plan_device_rule_text(&rules->v[i], &text);
		strbuf_show(out, "devices: %s %s\n", rules->v[i].allow ? "allow" : "deny",
			    strbuf_text(&text));
	}
	strbuf_puts(out, defaults ? "devices: allow the default devices\n" : "");
}

#define T struct plan_device_rule
static const struct field device_rule_rows[] = {
	ROW(BOOL, allow, "allow", UNSHOWN),
	ROW_ODD(type, "devices", UNSHOWN, SHOWN(NULL, .encode = encode_device_rule)),
	SHOWN_WITH(major, type),
	SHOWN_WITH(minor, type),
	SHOWN_WITH(access, type),
	PLAN_HIDDEN(is_default, "in text the default ones are one line"),
	PLAN_HIDDEN(index, "for messages alone"),
};
static const struct fields device_rule_fields = PLAN_TABLE(device_rule_rows);
#undef T

#define T struct plan_device_rules
static const struct field device_rules_rows[] = {
	ROW(BOOL, others, "others", UNSHOWN),
	PLAN_ROW(LIST, offsetof(T, n), "rules", FIELD_WHOLE, UNSHOWN, .sub = &device_rule_fields),
	PLAN_HIDDEN(by_program, "where it is false the rules are among the writes"),
};
static const struct fields device_rules_fields = PLAN_TABLE(device_rules_rows);
#undef T

/* --- the cgroup --- */

#define T struct plan_cgroup_write
static const struct field write_rows[] = {
	ROW(TEXT, controller, "controller", HEAD, LED("%:")),
	ROW(TEXT, file, "file", HEAD),
	ROW(TEXT, value, "value", HEAD, LED("=")),
	ROW(TEXT, other_file, "otherFile", UNSHOWN),
	ROW(TEXT, other_value, "otherValue", UNSHOWN),
	PLAN_HIDDEN(field, "for messages alone"),
	PLAN_HIDDEN(tolerated, "how a failure is taken, not what is written"),
};
static const struct fields write_fields = PLAN_TABLE(write_rows);
#undef T

#define T struct plan_group_parent
static const struct field parent_rows[] = {
	ROW(TEXT, path, "path", HEAD, LED("below %")),
	ROW(TEXT, slice, "slice", HEAD, LED("in %")),
	ROW_LIST(struct plan_cgroup_write, writes, "writes", LINE, .sub = &write_fields),
};
static const struct fields parent_fields = PLAN_TABLE(parent_rows);
#undef T

static void owner_head(const void *object, struct strbuf *out)
{
	const struct plan_cgroup *cgroup = object;

	strbuf_show(out, "owned by %u:%u", cgroup->delegate_uid, cgroup->delegate_gid);
}

#define T struct plan_cgroup
WHEN(has_device_program, it->devices.by_program)
WHEN(is_delegated, it->delegate)

static const struct field owner_rows[] = {
	ROW(U32, delegate_uid, "uid", HEAD),
	ROW(U32, delegate_gid, "gid", HEAD),
	SHOWN_WITH(delegate, delegate_uid),
};
static const struct fields owner_fields = PLAN_TABLE_HEADED(owner_rows, owner_head);

static const struct field cgroup_rows[] = {
	ROW(BOOL, manage, "manage", UNSHOWN),
	ROW(ENUM, layout, "layout", HEAD, LED("cgroup"), .names = cgroup_layout_names),
	ROW(TEXT, path, "path", HEAD),
	ROW_OBJECT(const struct plan_scope, scope, "systemd", LINE, .sub = &scope_fields),
	ROW_STRUCT(struct plan_device_rules, devices, "devices", LINE,
		   SHOWN(NULL, .when = has_device_program, .put = put_device_rules),
		   .sub = &device_rules_fields),
	ROW_LIST(struct plan_cgroup_write, writes, "writes", LINE, .sub = &write_fields),
	ROW_IF_SET(U64, memory_check, "memoryCheck", LINE,
		   LED("refused where more than % bytes are in use")),
	ROW(TEXT, delegated, "delegated", UNSHOWN),
	ROW_PART("owner", LINE, SHOWN(NULL, .when = is_delegated), .sub = &owner_fields),
	ROW(TEXT, delegated, NULL, LINE, LED("processes in")),
	ROW_OBJECT(const struct plan_group_parent, parent, "parent", LINE, .sub = &parent_fields),
	PLAN_HIDDEN(exclusive, "what other containers may have, not what this one gets"),
};
const struct fields plan_cgroup_fields = PLAN_TABLE(cgroup_rows);
#undef T

#define T struct plan_rdt
static const struct field rdt_rows[] = {
	ROW(TEXT, group, "group", HEAD, LED("resctrl /%")),
	ROW(BOOL, named, "named", HEAD, LED("by name")),
	ROW(STRLIST, schemata, "schemata", LINE, LED("schema")),
	ROW(TEXT, monitor, "monitor", LINE, LED("monitoring group")),
};
const struct fields plan_rdt_fields = PLAN_TABLE(rdt_rows);
#undef T

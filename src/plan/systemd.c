/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.cgroupsPath as engines with systemd's cgroup manager write it, SLICE:PREFIX:NAME, and the annotations
 * org.systemd.property.NAME. Pure.
 */
#include "plan/systemd.h"

#include "base/auto.h"
#include "base/slice.h"
#include "plan/context.h"

#define PROPERTY_NAME_MIN 3
#define BASE_PROPERTIES 10

static const char scope_suffix[] = ".scope";

/* --- names --- */

/* systemd.unit(5), "String Escaping for Inclusion in Unit Names": an id may have what a unit's name may
 * not. */
static const char *escaped(struct arena *arena, const char *text)
{
	autostrbuf out = { 0 };

	for (; *text; text++) {
		if (unit_character(*text))
			strbuf_putc(&out, *text);
		else
			strbuf_printf(&out, "\\x%02x", (unsigned char)*text);
	}
	return arena_strdup(arena, strbuf_text(&out));
}

static int check_slice(const char *slice, struct err *e)
{
	const char *problem = slice_name_problem(slice);

	return problem ? fail(e, ERR_CONFIG,
			      "linux.cgroupsPath: '%s' is not the name of a slice: %s", slice,
			      problem)
		       : 0;
}

/* The three parts; an empty path gives empty ones. */
static int split(struct plan_context *c, const char **slice, const char **prefix, const char **name,
		 struct err *e)
{
	const char *path = c->linux_->cgroups_path;
	const char *first, *second;

	if (str_empty(path)) {
		*slice = "";
		*prefix = "distro-shim";
		*name = c->options->id;
		return 0;
	}
	first = strchr(path, ':');
	second = first ? strchr(first + 1, ':') : NULL;
	if (!second || strchr(second + 1, ':') || strchr(path, '/'))
		return fail(
			e, ERR_CONFIG,
			"linux.cgroupsPath: the systemd cgroup manager takes 'SLICE:PREFIX:NAME', not '%s'",
			path);
	*slice = arena_strndup(c->arena, path, (size_t)(first - path));
	*prefix = arena_strndup(c->arena, first + 1, (size_t)(second - first - 1));
	*name = second + 1;
	return 0;
}

static int name_scope(struct plan_context *c, struct plan_scope *scope, struct err *e)
{
	const char *slice = NULL, *prefix = NULL, *name = NULL;

	if (split(c, &slice, &prefix, &name, e) < 0)
		return -1;
	if (str_empty(name))
		return fail(e, ERR_CONFIG, "linux.cgroupsPath: '%s' has no name",
			    c->linux_->cgroups_path);
	if (str_has_suffix(name, SLICE_SUFFIX))
		return fail(e, ERR_CONFIG,
			    "linux.cgroupsPath: '%s' is a slice, which holds no processes", name);
	if (str_empty(slice))
		slice = scope->user ? "user.slice" : "system.slice";
	if (check_slice(slice, e) < 0)
		return -1;
	scope->slice = slice;
	scope->unit = arena_printf(c->arena, "%s%s%s%s", escaped(c->arena, prefix),
				   str_empty(prefix) ? "" : "-", escaped(c->arena, name),
				   str_has_suffix(name, scope_suffix) ? "" : scope_suffix);
	if (strlen(scope->unit) > UNIT_NAME_MAX)
		return fail(e, ERR_CONFIG,
			    "linux.cgroupsPath: the name of the unit '%s' is longer than %d bytes",
			    scope->unit, UNIT_NAME_MAX);
	return 0;
}

static int name_subgroup(struct plan_context *c, struct plan_scope *scope, struct err *e)
{
	const char *name = annotation_get(&c->spec->annotations, ANNOTATION_SUBGROUP);

	if (str_empty(name))
		return 0;
	for (const char *p = name; *p; p++)
		if (*p == '/' || (unsigned char)*p < 0x20 || *p == 0x7f)
			name = "..";
	if (str_eq(name, ".") || str_eq(name, "..") || strlen(name) > UNIT_NAME_MAX)
		return fail(e, ERR_CONFIG, "annotations: %s: not the name of one cgroup",
			    annotation_name(ANNOTATION_SUBGROUP));
	scope->subgroup = name;
	return 0;
}

const char *plan_systemd_path(const struct plan_scope *scope, struct arena *arena)
{
	return arena_printf(arena, "%s/%s%s%s", slice_path(scope->slice, arena), scope->unit,
			    scope->subgroup ? "/" : "", scope->subgroup ? scope->subgroup : "");
}

const char *plan_scope_path(struct plan_context *c)
{
	struct plan_scope scope = { .user = c->facts->rootless };
	struct err ignored;

	if (scope.user || name_scope(c, &scope, &ignored) < 0 ||
	    name_subgroup(c, &scope, &ignored) < 0)
		return NULL;
	return plan_systemd_path(&scope, c->arena);
}

/* --- properties --- */

static void add(struct plan_context *c, struct plan_scope *scope, const char *name,
		const char *type, const char *value)
{
	struct plan_property *property = &scope->properties.v[scope->properties.n++];

	*property = (struct plan_property){ .name = name, .type = type };
	property->values.v = arena_new_array(c->arena, char *, 1);
	property->values.v[property->values.n++] = arena_strdup(c->arena, value);
}

/* What makes the unit the container's, and not another one. */
static bool is_ours(const char *name)
{
	static const char *const ours[] = { "PIDs",        "Slice",
					    "Delegate",    "DelegateSubgroup",
					    "Description", "DefaultDependencies" };

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (str_eq(name, ours[i]))
			return true;
	return false;
}

static bool is_property_name(const char *name)
{
	size_t length = strlen(name);

	for (const char *p = name; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')))
			return false;
	return length >= PROPERTY_NAME_MIN;
}

/* D-Bus has times in microseconds only: "TimeoutStopSec" is "TimeoutStopUSec". */
static int seconds_to_microseconds(struct plan_property *property, struct arena *arena,
				   struct err *e)
{
	static const char digits[] = "0123456789.";
	size_t length = strlen(property->name);
	const char *value = property->values.n == 1 ? property->values.v[0] : "";
	const char *dot = strchr(value, '.');
	uint64_t seconds, fraction = 0, unit = 1000000;

	if (!str_has_suffix(property->name, "Sec") || str_has_suffix(property->name, "USec"))
		return 0;
	for (const char *p = dot ? dot + 1 : ""; *p && unit > 1; p++) {
		unit /= 10;
		fraction += (uint64_t)(*p - '0') * unit;
	}
	if (value[strspn(value, digits)] || (dot && strchr(dot + 1, '.')) ||
	    strchr("sgob", *property->type) ||
	    !parse_u64(dot ? arena_strndup(arena, value, (size_t)(dot - value)) : value,
		       &seconds) ||
	    seconds > UINT64_MAX / 1000000 - 1)
		return fail(e, ERR_CONFIG, "'%s' is not a number of seconds", value);
	property->name = arena_printf(arena, "%.*sUSec", (int)length - 3, property->name);
	property->type = "t";
	property->values.v[0] =
		arena_printf(arena, "%llu", (unsigned long long)(seconds * 1000000 + fraction));
	return 0;
}

static int add_annotations(struct plan_context *c, struct plan_scope *scope, struct err *e)
{
	const struct strmap *annotations = &c->spec->annotations;

	for (size_t i = 0; i < annotations->n; i++) {
		const char *key = annotations->v[i].key;
		struct plan_property property = { 0 };
		const char *name = annotation_suffix(key, ANNOTATION_UNIT_PROPERTY);
		if (!name)
			continue;
		if (!is_property_name(name))
			return fail(e, ERR_CONFIG,
				    "annotations: '%s' does not name a property of systemd", key);
		if (is_ours(name))
			return fail(
				e, ERR_CONFIG,
				"annotations: '%s' cannot be set: it makes the unit the container's",
				key);
		property.name = name;
		if (plan_gvariant(annotations->v[i].value, c->arena, &property, e) < 0 ||
		    seconds_to_microseconds(&property, c->arena, e) < 0)
			return err_prefix(e, "annotations: %s", key);
		scope->properties.v[scope->properties.n++] = property;
	}
	return 0;
}

static bool has(const struct plan_properties *properties, const char *name)
{
	for (size_t i = 0; i < properties->n; i++)
		if (str_eq(properties->v[i].name, name))
			return true;
	return false;
}

int plan_scope(struct plan_context *c, struct err *e)
{
	struct plan_scope *scope = arena_new(c->arena, struct plan_scope);
	struct plan_cgroup *cgroup = &c->plan->cgroup;
	struct plan_properties limits = { 0 }, devices = { 0 };

	scope->user = c->facts->rootless;
	if (name_scope(c, scope, e) < 0 || name_subgroup(c, scope, e) < 0)
		return -1;
	plan_systemd_limits(cgroup, c->arena, &limits);
	devices.v = arena_new_array(c->arena, struct plan_property, 2);
	plan_systemd_devices(cgroup, c->arena, &devices);
	scope->properties.v =
		arena_new_array(c->arena, struct plan_property,
				BASE_PROPERTIES + limits.n + devices.n + c->spec->annotations.n);
	scope->description = arena_printf(c->arena, "distro-shim container %s%s%s", c->options->id,
					  c->options->root ? " of " : "",
					  c->options->root ? c->options->root : "");
	add(c, scope, "Description", "s", scope->description);
	add(c, scope, "Slice", "s", scope->slice);
	/* After the slice: systemd asks then which controllers it may hand on. */
	add(c, scope, "Delegate", "b", "true");
	add(c, scope, "DefaultDependencies", "b", "false");
	/* Else a unit whose processes were killed stays as "failed", and its name is taken. */
	add(c, scope, "CollectMode", "s", "inactive-or-failed");
	add(c, scope, "MemoryAccounting", "b", "true");
	add(c, scope, "CPUAccounting", "b", "true");
	add(c, scope, cgroup->layout == CGROUP_V2 ? "IOAccounting" : "BlockIOAccounting", "b",
	    "true");
	add(c, scope, "TasksAccounting", "b", "true");
	/* The manager's own limit (DefaultTasksMax=) is nothing that the container has asked for. */
	if (!has(&limits, "TasksMax"))
		add(c, scope, "TasksMax", "t", "18446744073709551615");
	for (size_t i = 0; i < limits.n; i++)
		scope->properties.v[scope->properties.n++] = limits.v[i];
	if (add_annotations(c, scope, e) < 0)
		return -1;
	/* Last, so that no annotation allows more devices. */
	for (size_t i = 0; i < devices.n; i++)
		scope->properties.v[scope->properties.n++] = devices.v[i];
	cgroup->scope = scope;
	cgroup->path = plan_systemd_path(scope, c->arena);
	return 0;
}

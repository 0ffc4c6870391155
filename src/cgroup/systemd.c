/* SPDX-License-Identifier: Apache-2.0 */
/* See systemd.h. Runs in the runtime, cgroup_unit_path() also in the container's first process. */
#include "cgroup/systemd.h"

#include "base/auto.h"
#include "cgroup/make.h"
#include "cgroup/record.h"
#include "cgroup/systemd_bus.h"
#include "os/io.h"
#include "os/log.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#define PROC_CGROUP_MAX (256u << 10)
#define UEVENT_MAX 65536

/* Properties that a manager does not know are left out one after the other. */
#define UNKNOWN_MAX 32

/* --- where it is --- */

/* v2: "0::/path"; v1 and hybrid: "1:name=systemd:/path". */
static const char *path_of_line(const char *line, bool named)
{
	const char *start = named ? strstr(line, ":name=systemd:/") : NULL;

	if (named)
		return start ? start + strlen(":name=systemd:") : NULL;
	return str_has_prefix(line, "0::/") ? line + strlen("0::") : NULL;
}

/* systemd puts a '_' before what is, or begins like, a file of the kernel's or a name of its own:
 * "_memory.scope". */
static bool is_group_of(const char *name, size_t length, const char *unit)
{
	if (*name == '_' && length == strlen(unit) + 1) {
		name++;
		length--;
	}
	return length == strlen(unit) && strncmp(name, unit, length) == 0;
}

int cgroup_unit_path(const char *process, const char *unit, struct arena *arena, const char **ret,
		     struct err *e)
{
	const char *file = arena_printf(arena, "/proc/%s/cgroup", process);
	const char *path = NULL;
	autofree char *text = NULL;

	if (read_file_at(AT_FDCWD, file, PROC_CGROUP_MAX, &text, NULL, e) < 0)
		return -1;
	bool named = strstr(text, ":name=systemd:/") != NULL;
	for (char *rest = text, *line; !path && (line = strsep(&rest, "\n"));)
		path = path_of_line(line, named);
	/* It may be in a cgroup inside of the unit's. */
	for (const char *at = path; at && (at = strchr(at, '/'));) {
		size_t length = strcspn(++at, "/");
		if (!is_group_of(at, length, unit))
			continue;
		*ret = arena_strndup(arena, path, (size_t)(at - path) + length);
		return 0;
	}
	return fail(
		e, ERR_SYSTEM,
		"systemd has made the unit '%s', but the container's first process is in cgroup '%s'",
		unit, path ? path : "?");
}

/* --- the scope --- */

/* "Cannot set property NAME, or unknown property." Which of ours that is; -1: none. */
static int find_unknown(const struct systemd_call *call, const struct plan_properties *properties)
{
	static const char start[] = "Cannot set property ";
	const char *message = call->error.message;

	if (!message || !str_has_prefix(message, start) || !strstr(message, "unknown property"))
		return -1;
	message += strlen(start);
	for (size_t i = 0; i < properties->n; i++)
		if (strlen(properties->v[i].name) == strcspn(message, ",") &&
		    str_has_prefix(message, properties->v[i].name))
			return (int)i;
	return -1;
}

static int call_for_unit(struct systemd_bus *bus, const char *method, const char *unit,
			 struct err *e)
{
	autocall call = { .bus = NULL };

	systemd_call_start(bus, method, &call);
	systemd_call_text(&call, unit);
	return systemd_call_send(&call, e);
}

/* systemd asks for a node by its path, and nodes by numbers are udev's. */
static const char *node_by_name(const char *path, struct arena *arena)
{
	const char *file = arena_printf(arena, "/sys%s/uevent", path);
	autofree char *text = NULL;
	struct err ignored;
	char *name;

	if (read_file_at(AT_FDCWD, file, UEVENT_MAX, &text, NULL, &ignored) < 0 ||
	    !(name = strstr(text, "DEVNAME=")))
		return path;
	name += strlen("DEVNAME=");
	name[strcspn(name, "\n")] = '\0';
	return arena_printf(arena, "/dev/%s", name);
}

static void name_nodes(struct plan_properties *properties, struct arena *arena)
{
	struct stat st;

	for (size_t i = 0; i < properties->n; i++) {
		const struct plan_property *property = &properties->v[i];
		if (!str_eq(property->type, "a(st)"))
			continue;
		for (size_t k = 0; k < property->values.n; k += 2)
			if (stat(property->values.v[k], &st) < 0)
				property->values.v[k] = arena_strdup(
					arena, node_by_name(property->values.v[k], arena));
	}
}

struct attempts {
	bool *left_out; /* of the properties: systemd does not know them */
	bool reset;
	bool exists; /* a unit of that name exists, and is not this one */
};

/* 1: made; 0: another attempt is worth it. */
static int try_start(struct systemd_bus *bus, const struct plan_scope *scope, pid_t pid,
		     struct attempts *attempts, struct err *e)
{
	autocall call = { .bus = NULL };
	struct err ignored;
	int unknown;

	systemd_call_start(bus, "StartTransientUnit", &call);
	systemd_call_text(&call, scope->unit);
	systemd_call_text(&call, "replace");
	systemd_call_properties(&call, &scope->properties, attempts->left_out, pid);
	systemd_call_no_units(&call);
	attempts->exists = false;
	if (systemd_call_send_job(&call, e) == 0)
		return 1;
	/* One that has failed stays until it is reset. */
	attempts->exists = systemd_call_failed_with(&call, "UnitExists");
	if (attempts->exists && !attempts->reset) {
		attempts->reset = true;
		if (call_for_unit(bus, "ResetFailedUnit", scope->unit, &ignored) == 0)
			return 0;
	}
	unknown = find_unknown(&call, &scope->properties);
	if (unknown >= 0 && !attempts->left_out[unknown]) {
		log_warning("systemd does not know the property '%s' of unit '%s'",
			    scope->properties.v[unknown].name, scope->unit);
		attempts->left_out[unknown] = true;
		return 0;
	}
	e->kind = ERR_CONFIG;
	return err_prefix(e, "make the unit '%s'", scope->unit);
}

static int start_scope(struct systemd_bus *bus, const struct plan_scope *scope, pid_t pid,
		       struct arena *arena, bool *ret_made, struct err *e)
{
	struct attempts attempts = {
		.left_out = arena_new_array(arena, bool, scope->properties.n + 1),
	};
	int rc = 0;

	for (unsigned i = 0; i < UNKNOWN_MAX + 2 && rc == 0; i++)
		rc = try_start(bus, scope, pid, &attempts, e);
	/* also if no answer has come */
	*ret_made = !attempts.exists;
	return rc == 0 ? fail(e, ERR_CONFIG, "make the unit '%s': too many unknown properties",
			      scope->unit)
		       : rc;
}

/* v2: a cgroup that holds processes hands on no controllers, so the process leaves the unit's first. */
static int enter_subgroup(const struct cgroup_facts *facts, const char *path, pid_t pid,
			  struct err *e)
{
	for (size_t i = 0; i < facts->hierarchies.n; i++) {
		struct cgroup_making making = {
			.hierarchy = &facts->hierarchies.v[i],
			.path = path + 1,
			.mount = -1,
			.directory = -1,
			.inhabitant = pid,
		};
		char text[16];
		if (!making.hierarchy->v2)
			continue;
		snprintf(text, sizeof(text), "%d", (int)pid);
		int rc = cgroup_make_directory(&making, e);
		if (rc == 0 && tree_write(making.directory, "cgroup.procs", text) < 0)
			rc = fail_sys(e, "join cgroup '%s'", path);
		cgroup_making_release(&making);
		return rc;
	}
	return 0;
}

int cgroup_systemd_create(const struct plan_cgroup *plan, const struct cgroup_facts *facts,
			  const struct cgroup_claim *claim, pid_t pid, struct arena *arena,
			  struct cgroup_record *record, bool *ret_made, struct cgroup *ret,
			  struct err *e)
{
	autobus bus = SYSTEMD_BUS_INIT;
	struct plan_cgroup found = *plan;
	struct cgroup_record place;

	struct plan_scope scope = *plan->scope;

	*ret_made = false;
	name_nodes(&scope.properties, arena);
	if (systemd_bus_open(scope.user, &bus, e) < 0 ||
	    start_scope(&bus, &scope, pid, arena, ret_made, e) < 0 ||
	    cgroup_unit_path(arena_printf(arena, "%d", (int)pid), plan->scope->unit, arena,
			     &found.path, e) < 0)
		return -1;
	const char *unit_path = found.path;
	if (scope.subgroup)
		found.path = arena_printf(arena, "%s/%s", found.path, scope.subgroup);
	/* From here on as if it had been asked for by its path. */
	found.scope = NULL;
	cgroup_describe(&found, facts, arena, &place);
	record->path = place.path;
	record->directories = place.directories;
	if (plan->parent &&
	    cgroup_systemd_limit_parent(&bus, plan->parent, facts, unit_path, arena, e) < 0)
		return -1;
	if (scope.subgroup && plan->layout == CGROUP_V2 &&
	    enter_subgroup(facts, found.path, pid, e) < 0)
		return -1;
	return cgroup_adopt(&found, facts, claim, pid, ret, e);
}

int cgroup_systemd_update(const struct plan_cgroup *plan, const struct cgroup_record *record,
			  struct arena *arena, struct err *e)
{
	autobus bus = SYSTEMD_BUS_INIT;
	autocall call = { .bus = NULL };
	struct plan_properties properties = { 0 };

	if (!record->unit)
		return 0;
	plan_systemd_limits(plan, arena, &properties);
	if (properties.n == 0)
		return 0;
	name_nodes(&properties, arena);
	if (systemd_bus_open(record->user, &bus, e) < 0)
		return -1;
	systemd_call_start(&bus, "SetUnitProperties", &call);
	systemd_call_text(&call, record->unit);
	systemd_call_flag(&call, true);
	systemd_call_properties(&call, &properties, NULL, 0);
	return systemd_call_send(&call, e);
}

/* --- its end --- */

static bool is_gone(const struct systemd_call *call)
{
	return systemd_call_failed_with(call, "NoSuchUnit");
}

static int stop_unit(struct systemd_bus *bus, const char *unit, struct err *e)
{
	autocall kill = { .bus = NULL };
	autocall stop = { .bus = NULL };
	struct err ignored;

	/* Else it would wait until everything has ended by itself (TimeoutStopUSec). */
	systemd_call_start(bus, "KillUnit", &kill);
	systemd_call_text(&kill, unit);
	systemd_call_text(&kill, "all");
	systemd_call_number(&kill, SIGKILL);
	if (systemd_call_send(&kill, &ignored) < 0 && is_gone(&kill))
		return 0;
	systemd_call_start(bus, "StopUnit", &stop);
	systemd_call_text(&stop, unit);
	systemd_call_text(&stop, "replace");
	if (systemd_call_send_job(&stop, e) < 0 && !is_gone(&stop))
		return err_prefix(e, "stop the unit '%s'", unit);
	/* Gone already, unless systemd is older than CollectMode (236). */
	(void)!call_for_unit(bus, "ResetFailedUnit", unit, &ignored);
	return 0;
}

enum whose { NOBODYS, ITS_OWN, ANOTHERS };

/* Its own ends with its last process, and then any caller can take the name. */
static int whose_unit(struct systemd_bus *bus, const struct cgroup_record *record, struct err *e)
{
	struct arena arena = { 0 };
	const char *description;
	int rc = systemd_unit_text(bus, record->unit, "Description", &arena, &description, e);

	if (rc == 0)
		rc = str_eq(description, record->description) ? ITS_OWN : ANOTHERS;
	else if (e->kind == ERR_NOT_FOUND)
		rc = NOBODYS;
	arena_release(&arena);
	return rc;
}

bool cgroup_systemd_is_anothers(const struct cgroup_record *record)
{
	autobus bus = SYSTEMD_BUS_INIT;
	struct err ignored;

	return record->unit && systemd_bus_open(record->user, &bus, &ignored) == 0 &&
	       whose_unit(&bus, record, &ignored) == ANOTHERS;
}

int cgroup_systemd_stop(const struct cgroup_record *record, struct err *e)
{
	struct cgroup_mark other;
	autobus bus = SYSTEMD_BUS_INIT;
	/* StopUnit ends all that is in the unit's cgroup, of whatever container it is. */
	int rc = cgroup_find_other(record, &other, e);

	if (rc < 0)
		return -1;
	if (rc > 0) {
		log_warning(
			"the unit '%s' is left to systemd: container %s (state root '%s') is in its cgroup, too",
			record->unit, other.id, other.root);
		return 0;
	}

	/* Then nothing was made, or it ends by itself with its last process. */
	if (systemd_bus_open(record->user, &bus, e) < 0) {
		log_info("the unit '%s' is left to systemd: %s", record->unit, e->text);
		return 0;
	}
	int whose = whose_unit(&bus, record, e);
	if (whose < 0)
		return -1;
	return whose == ITS_OWN ? stop_unit(&bus, record->unit, e) : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which devices may be used (config-linux.md "Allowed Device list"): the configuration's rules in order,
 * behind a verdict for everything else, and the devices that every container needs behind them all, so
 * that no rule takes those away. Pure.
 *
 * v2 gets the rules as a program, which means what they say. v1 keeps one verdict and a set of exceptions
 * (Documentation/admin-guide/cgroup-v1/devices.rst), which cannot say everything that an ordered list can:
 * what it cannot say is refused, because any approximation would not be what was asked for.
 */
#include "plan/context.h"

#include "base/auto.h"
#include "plan/resources_writer.h"

#include <errno.h>

/* What fits into dev_t as the kernel has it (include/linux/kdev_t.h). */
#define MAJOR_MAX 0xfff
#define MINOR_MAX 0xfffff

#define ANY (-1)

/* What runc and crun allow beside the configuration: nodes may be made, which gives no access; the
 * default devices, the console, ptys and tun. */
static const struct plan_device_rule default_rules[] = {
#define DEFAULT(type_, major_, minor_, access_)                                       \
	{                                                                             \
		.allow = true, .type = (type_), .major = (major_), .minor = (minor_), \
		.access = (access_), .is_default = true                               \
	}
	DEFAULT('c', ANY, ANY, DEVICE_MKNOD),      DEFAULT('b', ANY, ANY, DEVICE_MKNOD),
	DEFAULT('c', 1, 3, DEVICE_ACCESS_ALL),     DEFAULT('c', 1, 5, DEVICE_ACCESS_ALL),
	DEFAULT('c', 1, 7, DEVICE_ACCESS_ALL),     DEFAULT('c', 1, 8, DEVICE_ACCESS_ALL),
	DEFAULT('c', 1, 9, DEVICE_ACCESS_ALL),     DEFAULT('c', 5, 0, DEVICE_ACCESS_ALL),
	DEFAULT('c', 5, 1, DEVICE_ACCESS_ALL),     DEFAULT('c', 5, 2, DEVICE_ACCESS_ALL),
	DEFAULT('c', 136, ANY, DEVICE_ACCESS_ALL), DEFAULT('c', 10, 200, DEVICE_ACCESS_ALL),
#undef DEFAULT
};

/* --- reading --- */

static int read_number(const struct opt_i64 *from, int64_t largest, size_t index, const char *name,
		       int64_t *ret, struct err *e)
{
	*ret = from->set ? from->value : ANY;
	if (*ret >= ANY && *ret <= largest)
		return 0;
	return fail(e, ERR_CONFIG, "linux.resources.devices[%zu].%s: must be from -1 to %lld",
		    index, name, (long long)largest);
}

static unsigned read_access(const char *text)
{
	unsigned access = 0;

	if (!text)
		return DEVICE_ACCESS_ALL;
	for (; *text; text++)
		access |= *text == 'r'   ? DEVICE_READ
			  : *text == 'w' ? DEVICE_WRITE
			  : *text == 'm' ? DEVICE_MKNOD
					 : 0;
	return access;
}

static int read_rule(const struct spec_device_rule *from, size_t index,
		     struct plan_device_rule *ret, struct err *e)
{
	*ret = (struct plan_device_rule){
		.allow = from->allow,
		.type = str_empty(from->type) ? 'a' : from->type[0],
		.access = read_access(from->access),
		.index = index,
	};
	if (read_number(&from->major, MAJOR_MAX, index, "major", &ret->major, e) < 0)
		return -1;
	return read_number(&from->minor, MINOR_MAX, index, "minor", &ret->minor, e);
}

static bool is_everything(const struct plan_device_rule *rule)
{
	return rule->type == 'a' && rule->major == ANY && rule->minor == ANY &&
	       rule->access == DEVICE_ACCESS_ALL;
}

/* What stands before a rule for everything has no effect. */
static void add_rule(struct plan_device_rules *rules, const struct plan_device_rule *rule)
{
	if (!is_everything(rule)) {
		rules->v[rules->n++] = *rule;
		return;
	}
	rules->n = 0;
	rules->others = rule->allow;
}

static bool denies_anything(const struct plan_device_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		if (!rules->v[i].allow)
			return true;
	return !rules->others;
}

/* --- v1 --- */

static bool number_covers(int64_t wide, int64_t narrow)
{
	return wide == ANY || wide == narrow;
}

static bool covers(const struct plan_device_rule *wide, const struct plan_device_rule *narrow)
{
	return (wide->type == 'a' || wide->type == narrow->type) &&
	       number_covers(wide->major, narrow->major) &&
	       number_covers(wide->minor, narrow->minor);
}

static bool numbers_meet(int64_t a, int64_t b)
{
	return a == ANY || b == ANY || a == b;
}

static bool overlaps(const struct plan_device_rule *a, const struct plan_device_rule *b)
{
	return (a->type == 'a' || b->type == 'a' || a->type == b->type) &&
	       numbers_meet(a->major, b->major) && numbers_meet(a->minor, b->minor);
}

/* A rule that says of some devices what holds for the rest: it ends the exceptions for them. */
static int end_exceptions(struct plan_device_rules *exceptions, const struct plan_device_rule *rule,
			  struct err *e)
{
	for (size_t i = 0; i < exceptions->n; i++) {
		struct plan_device_rule *exception = &exceptions->v[i];
		if (covers(rule, exception))
			exception->access &= ~rule->access;
		else if (overlaps(rule, exception) && (rule->access & exception->access))
			return fail(
				e, ERR_CONFIG,
				"linux.resources.devices[%zu]: cgroup v1 cannot express it: %s %s a part of what %s it for",
				exception->index,
				rule->is_default ? "a device that every container needs"
						 : "a later rule",
				rule->allow ? "allows" : "denies",
				exception->allow ? "allows" : "denies");
	}
	return 0;
}

static void add_exception(struct plan_device_rules *exceptions, const struct plan_device_rule *rule)
{
	/* v1 takes 'a' for everything, whatever numbers follow. */
	for (const char *type = "bc"; *type; type++) {
		if (rule->type != 'a' && rule->type != *type)
			continue;
		exceptions->v[exceptions->n] = *rule;
		exceptions->v[exceptions->n++].type = *type;
	}
}

/* v1 wants one exception that has every kind of access that is asked for at once: an open asks for reading and writing,
 * and to make a node is a call of its own. */
static void widen_access(struct plan_device_rules *exceptions)
{
	const unsigned at_once = DEVICE_READ | DEVICE_WRITE;

	for (size_t i = 0; i < exceptions->n; i++)
		for (size_t j = 0; j < exceptions->n; j++)
			if ((exceptions->v[i].access & at_once) &&
			    covers(&exceptions->v[j], &exceptions->v[i]))
				exceptions->v[i].access |= exceptions->v[j].access & at_once;
}

static void put_number(struct strbuf *out, int64_t number)
{
	if (number == ANY)
		strbuf_putc(out, '*');
	else
		strbuf_printf(out, "%lld", (long long)number);
}

void plan_device_rule_text(const struct plan_device_rule *rule, struct strbuf *out)
{
	strbuf_printf(out, "%c ", rule->type);
	put_number(out, rule->major);
	strbuf_putc(out, ':');
	put_number(out, rule->minor);
	strbuf_printf(out, " %s%s%s", rule->access & DEVICE_READ ? "r" : "",
		      rule->access & DEVICE_WRITE ? "w" : "",
		      rule->access & DEVICE_MKNOD ? "m" : "");
}

static const char *exception_text(struct arena *arena, const struct plan_device_rule *rule)
{
	autostrbuf text = { 0 };

	plan_device_rule_text(rule, &text);
	return arena_strdup(arena, strbuf_text(&text));
}

static void write_exceptions(struct plan_context *c, const struct plan_device_rules *exceptions)
{
	struct plan_cgroup_writes *writes = &c->plan->cgroup.writes;
	struct plan_cgroup_write write = { .controller = "devices", .value = "a" };

	write.file = exceptions->others ? "devices.allow" : "devices.deny";
	write.field = "linux.resources.devices";
	/* A cgroup begins with all that the one above it may do, and nothing gives more. */
	write.tolerated = exceptions->others ? EPERM : 0;
	plan_write_add(writes, &write, c->arena);
	write.file = exceptions->others ? "devices.deny" : "devices.allow";
	for (size_t i = 0; i < exceptions->n; i++) {
		const struct plan_device_rule *rule = &exceptions->v[i];
		if (!rule->access)
			continue;
		write.value = exception_text(c->arena, rule);
		write.field = rule->is_default
				      ? NULL
				      : arena_printf(c->arena, "linux.resources.devices[%zu]",
						     rule->index);
		/* What the cgroup above denies and no configuration asked for stays denied. */
		write.tolerated = rule->is_default ? EPERM : 0;
		plan_write_add(writes, &write, c->arena);
	}
}

static int plan_v1(struct plan_context *c, const struct plan_device_rules *rules, struct err *e)
{
	struct plan_device_rules exceptions = { .others = rules->others };

	exceptions.v = arena_new_array(c->arena, struct plan_device_rule, rules->n * 2 + 1);
	for (size_t i = 0; i < rules->n; i++) {
		const struct plan_device_rule *rule = &rules->v[i];
		if (rule->allow != rules->others)
			add_exception(&exceptions, rule);
		else if (end_exceptions(&exceptions, rule, e) < 0)
			return -1;
	}
	widen_access(&exceptions);
	write_exceptions(c, &exceptions);
	return 0;
}

/* --- both --- */

static bool has_v1_controller(const struct cgroup_facts *facts, bool *ret_v2)
{
	bool found = false;

	*ret_v2 = false;
	for (size_t i = 0; i < facts->hierarchies.n; i++) {
		const struct cgroup_hierarchy_facts *hierarchy = &facts->hierarchies.v[i];
		*ret_v2 = *ret_v2 || hierarchy->v2;
		found = found ||
			(!hierarchy->v2 && strlist_has(&hierarchy->controllers, "devices"));
	}
	return found;
}

int plan_device_rules(struct plan_context *c, struct err *e)
{
	struct plan_device_rules *rules = &c->plan->cgroup.devices;
	const struct spec_resources *resources = c->linux_->resources;
	size_t given = resources ? resources->devices.n : 0;
	bool v1, v2;

	rules->v = arena_new_array(c->arena, struct plan_device_rule,
				   given + ARRAY_SIZE(default_rules));
	for (size_t i = 0; i < given; i++) {
		struct plan_device_rule rule;
		if (read_rule(&resources->devices.v[i], i, &rule, e) < 0)
			return -1;
		add_rule(rules, &rule);
	}
	if (denies_anything(rules))
		for (size_t i = 0; i < ARRAY_SIZE(default_rules); i++)
			rules->v[rules->n++] = default_rules[i];
	else
		rules->n = 0;
	if (!c->plan->cgroup.manage || c->facts->rootless) {
		/* bpf(2) and the files of v1 take power over the host. What a user cannot have: no device
		 * that the user could not use anyway can be made. */
		if (given && !rules->others && !c->options->cgroup_disabled &&
		    plan_readonly_hierarchy(c))
			return fail(
				e, ERR_CONFIG,
				"linux.resources.devices: cannot be applied: the cgroup hierarchy '%s' is mounted read-only",
				plan_readonly_hierarchy(c));
		if (given && !rules->others && c->facts->rootless)
			plan_note(c, "linux.resources.devices: not applied without root's power");
		else if (given && !rules->others)
			plan_warn(c, "linux.resources.devices: not applied without a cgroup");
		*rules = (struct plan_device_rules){ .others = true };
		return 0;
	}
	v1 = has_v1_controller(c->facts->cgroup, &v2);
	rules->by_program = !v1 && v2;
	if (v1)
		return plan_v1(c, rules, e);
	if (!v2 && given && denies_anything(rules))
		return fail(
			e, ERR_CONFIG,
			"linux.resources.devices: the cgroup controller 'devices' is not available");
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a unit says of single devices (systemd.resource-control(5)): weights and limits of block devices, and
 * which devices may be used at all. A device is named by its numbers; its name on this host is looked up when
 * it is sent. Pure.
 */
#include "plan/systemd.h"

#include "base/auto.h"

#define INFINITY_TEXT "18446744073709551615"

static struct plan_property *find(const struct plan_properties *properties, const char *name)
{
	for (size_t i = 0; i < properties->n; i++)
		if (str_eq(properties->v[i].name, name))
			return &properties->v[i];
	return NULL;
}

/* Values of a property of pairs lie one after the other. Returns where the second of this one is. */
static char **second_of(struct plan_properties *properties, const char *name, const char *type,
			const char *first, struct arena *arena)
{
	struct plan_property *property = find(properties, name);
	char **values;

	if (!property) {
		property = &properties->v[properties->n++];
		*property = (struct plan_property){ .name = name, .type = type };
	}
	for (size_t i = 0; i + 1 < property->values.n; i += 2)
		if (str_eq(property->values.v[i], first))
			return &property->values.v[i + 1];
	values = arena_new_array(arena, char *, property->values.n + 2);
	for (size_t i = 0; i < property->values.n; i++)
		values[i] = property->values.v[i];
	values[property->values.n] = arena_strdup(arena, first);
	values[property->values.n + 1] = arena_strdup(arena, "");
	property->values.v = values;
	property->values.n += 2;
	return &values[property->values.n - 1];
}

/* --- block devices --- */

/* The beginning of "8:0 ..." as a path; NULL if it is no such line. *rest: what follows. */
static const char *block_path(const char *line, const char **rest, struct arena *arena)
{
	size_t major = strspn(line, "0123456789");
	size_t minor = line[major] == ':' ? strspn(line + major + 1, "0123456789") : 0;
	size_t length = major + 1 + minor;

	if (!major || !minor || line[length] != ' ')
		return NULL;
	*rest = line + length + 1;
	return arena_printf(arena, "/dev/block/%.*s", (int)length, line);
}

/*
 * systemd has properties of v1, too, of which it reads a limit for writing as the end of that for reading
 * (252, at a reload), and which it leaves alone if there is one of these. These it writes on v1 as well.
 */
static void put_rate(struct plan_properties *ret, const char *name, const char *path,
		     const char *value, struct arena *arena)
{
	uint64_t rate;
	/* No limit is "max" on v2 and 0 on v1. */
	bool none = str_eq(value, "max") || str_eq(value, "0");

	if (none || parse_u64(value, &rate))
		*second_of(ret, name, "a(st)", path, arena) =
			arena_strdup(arena, none ? INFINITY_TEXT : value);
}

/* "rbps=1048576 wiops=max" */
static void put_max(struct plan_properties *ret, const char *path, const char *words,
		    struct arena *arena)
{
	static const char *const keys[][2] = { { "rbps=", "IOReadBandwidthMax" },
					       { "wbps=", "IOWriteBandwidthMax" },
					       { "riops=", "IOReadIOPSMax" },
					       { "wiops=", "IOWriteIOPSMax" } };
	for (size_t length; *words; words += length) {
		const char *word;
		words += *words == ' ';
		length = strcspn(words, " ");
		word = arena_strndup(arena, words, length);
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			if (str_has_prefix(word, keys[i][0]))
				put_rate(ret, keys[i][1], path, word + strlen(keys[i][0]), arena);
	}
}

const char *plan_systemd_weight_of_v1(const char *value, struct arena *arena)
{
	uint64_t weight;

	/* 500 is its 100 */
	if (!parse_u64(value, &weight) || weight == 0)
		return value;
	return arena_printf(arena, "%llu",
			    (unsigned long long)(weight < 10 ? 1 : (weight + 2) / 5));
}

void plan_systemd_block_device(const struct plan_cgroup_write *write, struct arena *arena,
			       struct plan_properties *ret)
{
	static const char *const files[][2] = {
		{ "io.weight", "IODeviceWeight" },
		{ "io.bfq.weight", "IODeviceWeight" },
		{ "blkio.weight_device", "IODeviceWeight" },
		{ "blkio.throttle.read_bps_device", "IOReadBandwidthMax" },
		{ "blkio.throttle.write_bps_device", "IOWriteBandwidthMax" },
	};
	/* The scale of systemd is that of io.weight. */
	bool bfq = str_eq(write->file, "io.bfq.weight") && write->other_value;
	const char *value, *path;

	path = block_path(bfq ? write->other_value : write->value, &value, arena);
	if (!path)
		return;
	if (str_eq(write->file, "io.max"))
		put_max(ret, path, value, arena);
	if (str_eq(write->file, "blkio.weight_device"))
		value = plan_systemd_weight_of_v1(value, arena);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (str_eq(write->file, files[i][0]))
			put_rate(ret, files[i][1], path, value, arena);
}

/* --- access --- */

static void add_access(char **to, const char *access, struct arena *arena)
{
	autostrbuf all = { 0 };

	for (const char *p = "rwm"; *p; p++)
		if (strchr(*to, *p) || strchr(access, *p))
			strbuf_putc(&all, *p);
	*to = arena_strdup(arena, strbuf_text(&all));
}

static void allow(struct plan_properties *ret, char type, const char *major, const char *minor,
		  const char *access, struct arena *arena)
{
	const char *kind = type == 'b' ? "block" : "char", *name;

	if (type == 'a') {
		allow(ret, 'b', major, minor, access, arena);
		allow(ret, 'c', major, minor, access, arena);
		return;
	}
	if (str_eq(major, "*"))
		name = arena_printf(arena, "%s-*", kind);
	else if (str_eq(minor, "*"))
		name = arena_printf(arena, "%s-%s", kind, major);
	else
		name = arena_printf(arena, "/dev/%s/%s:%s", kind, major, minor);
	add_access(second_of(ret, "DeviceAllow", "a(ss)", name, arena), access, arena);
}

static const char *number_text(int64_t number, struct arena *arena)
{
	return number < 0 ? "*" : arena_printf(arena, "%lld", (long long)number);
}

/* Together with systemd's program there is ours, which knows exceptions too: it is enough that nothing is
 * denied there that is allowed here. */
static void allow_rules(const struct plan_device_rules *rules, struct arena *arena,
			struct plan_properties *ret)
{
	for (size_t i = 0; i < rules->n; i++) {
		const struct plan_device_rule *rule = &rules->v[i];
		char access[4] = "";
		size_t n = 0;

		if (rule->access & DEVICE_READ)
			access[n++] = 'r';
		if (rule->access & DEVICE_WRITE)
			access[n++] = 'w';
		if (rule->access & DEVICE_MKNOD)
			access[n++] = 'm';
		if (rule->allow && n)
			allow(ret, rule->type, number_text(rule->major, arena),
			      number_text(rule->minor, arena), access, arena);
	}
}

/* "c 1:3 rwm". What systemd cannot say is denied after it has written its own list, not allowed. */
static void allow_exception(const char *text, struct arena *arena, struct plan_properties *ret)
{
	const char *colon = strchr(text, ':');
	const char *access = colon ? strchr(colon, ' ') : NULL;
	const char *major, *minor;

	if (!access || text[1] != ' ')
		return;
	major = arena_strndup(arena, text + 2, (size_t)(colon - text) - 2);
	minor = arena_strndup(arena, colon + 1, (size_t)(access - colon) - 1);
	if (!str_eq(major, "*") || str_eq(minor, "*"))
		allow(ret, text[0], major, minor, access + 1, arena);
}

void plan_systemd_devices(const struct plan_cgroup *cgroup, struct arena *arena,
			  struct plan_properties *ret)
{
	bool denied = cgroup->devices.by_program && !cgroup->devices.others;
	struct plan_property *policy = &ret->v[0];

	ret->n = 1;
	if (denied)
		allow_rules(&cgroup->devices, arena, ret);
	for (size_t i = 0; i < cgroup->writes.n && !cgroup->devices.by_program; i++) {
		const struct plan_cgroup_write *write = &cgroup->writes.v[i];
		denied |= str_eq(write->file, "devices.deny") && str_eq(write->value, "a");
		if (denied && str_eq(write->file, "devices.allow"))
			allow_exception(write->value, arena, ret);
	}
	if (!denied) {
		ret->n = 0;
		return;
	}
	*policy = (struct plan_property){ .name = "DevicePolicy", .type = "s" };
	policy->values.v = arena_new_array(arena, char *, 1);
	policy->values.v[policy->values.n++] = arena_strdup(arena, "strict");
}

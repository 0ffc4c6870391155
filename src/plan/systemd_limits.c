/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to cgroup files as properties of a unit (systemd.resource-control(5)), as far as systemd knows them.
 * The files are written too: of several limits systemd knows nothing, and others it writes later. Pure.
 */
#include "plan/systemd.h"

#include "base/auto.h"

#define CPUSET_MAX 8192 /* CPUs, and memory nodes */
#define PERIOD_DEFAULT 100000
#define QUOTA_STEP 10000 /* systemd cuts off what is less than 1 % of a CPU */

static const char infinity[] = "18446744073709551615";

static const struct {
	const char *file, *property;
} numbers[] = {
	{ "memory.max", "MemoryMax" },
	{ "memory.high", "MemoryHigh" },
	{ "memory.low", "MemoryLow" },
	{ "memory.min", "MemoryMin" },
	{ "memory.swap.max", "MemorySwapMax" },
	{ "memory.limit_in_bytes", "MemoryLimit" },
	{ "cpu.weight", "CPUWeight" },
	{ "cpu.shares", "CPUShares" },
	{ "io.weight", "IOWeight" },
	{ "io.bfq.weight", "IOWeight" },
	{ "blkio.weight", "IOWeight" },
	{ "pids.max", "TasksMax" },
};

struct limits {
	struct arena *arena;
	struct plan_properties *properties;
};

/* The last one counts, as in a file that is written twice. */
static struct plan_property *property_of(struct limits *l, const char *name, const char *type,
					 size_t values)
{
	struct plan_properties *properties = l->properties;
	struct plan_property *property = NULL;

	for (size_t i = 0; i < properties->n; i++)
		if (str_eq(properties->v[i].name, name))
			property = &properties->v[i];
	if (!property && properties->n == PLAN_SYSTEMD_LIMITS)
		return NULL;
	if (!property)
		property = &properties->v[properties->n++];
	*property = (struct plan_property){ .name = name, .type = type };
	property->values.v = arena_new_array(l->arena, char *, values);
	return property;
}

static void put_text(struct limits *l, const char *name, const char *value)
{
	struct plan_property *property = property_of(l, name, "t", 1);

	if (property)
		property->values.v[property->values.n++] = arena_strdup(l->arena, value);
}

static void put_number(struct limits *l, const char *name, uint64_t value)
{
	put_text(l, name, arena_printf(l->arena, "%llu", (unsigned long long)value));
}

static void put_limit(struct limits *l, const char *name, const char *value)
{
	uint64_t number;

	if (str_has_prefix(value, "default "))
		value += strlen("default ");
	if (str_eq(value, "max") || str_eq(value, "-1"))
		put_text(l, name, infinity);
	else if (!parse_u64(value, &number))
		return;
	/* a scope without any task cannot be, so the file alone says it */
	else
		put_number(l, name, number == 0 && str_eq(name, "TasksMax") ? 1 : number);
}

static void put_quota(struct limits *l, const char *quota, const char *period)
{
	uint64_t q, p = PERIOD_DEFAULT, per_second;

	if (period && (!parse_u64(period, &p) || p == 0))
		return;
	put_number(l, "CPUQuotaPeriodUSec", p);
	if (!parse_u64(quota, &q) || q > UINT64_MAX / 1000000 - 1) {
		put_text(l, "CPUQuotaPerSecUSec", infinity);
		return;
	}
	per_second = (q * 1000000 + p - 1) / p;
	per_second = (per_second + QUOTA_STEP - 1) / QUOTA_STEP * QUOTA_STEP;
	put_number(l, "CPUQuotaPerSecUSec", per_second);
}

/* Moves *text behind the number. */
static bool take_number(const char **text, size_t *ret)
{
	size_t number = 0, digits = strspn(*text, "0123456789");

	for (size_t i = 0; i < digits && number < CPUSET_MAX; i++)
		number = number * 10 + (size_t)((*text)[i] - '0');
	*text += digits;
	*ret = number;
	return digits > 0 && number < CPUSET_MAX;
}

/* "0-3,5" as bytes of a mask, the lowest first. False if it is no such list. */
static bool parse_cpus(const char *list, uint8_t *mask, size_t *ret_bytes)
{
	*ret_bytes = 0;
	while (*list) {
		size_t from, to;
		if (!take_number(&list, &from))
			return false;
		to = from;
		if (*list == '-') {
			list++;
			if (!take_number(&list, &to))
				return false;
		}
		if (from > to || (*list && *list != ','))
			return false;
		for (size_t cpu = from; cpu <= to; cpu++)
			mask[cpu / 8] |= (uint8_t)(1u << cpu % 8);
		if (to / 8 + 1 > *ret_bytes)
			*ret_bytes = to / 8 + 1;
		list += *list == ',';
	}
	return *ret_bytes > 0;
}

static void put_cpus(struct limits *l, const char *name, const char *list)
{
	uint8_t mask[CPUSET_MAX / 8] = { 0 };
	size_t bytes;

	if (!parse_cpus(list, mask, &bytes))
		return;
	struct plan_property *property = property_of(l, name, "ay", bytes);
	for (size_t i = 0; property && i < bytes; i++)
		property->values.v[property->values.n++] = arena_printf(l->arena, "%u", mask[i]);
}

/* That of io.weight, 1 to 10000; of BFQ and of v1 it is 10 to 1000. */
static const char *on_systemds_scale(const struct plan_cgroup_write *write, struct arena *arena)
{
	if (str_eq(write->file, "io.bfq.weight") && write->other_value)
		return write->other_value;
	if (str_eq(write->file, "blkio.weight"))
		return plan_systemd_weight_of_v1(write->value, arena);
	return write->value;
}

static const char *value_of(const struct plan_cgroup *cgroup, const char *file)
{
	const char *value = NULL;

	for (size_t i = 0; i < cgroup->writes.n; i++)
		if (str_eq(cgroup->writes.v[i].file, file))
			value = cgroup->writes.v[i].value;
	return value;
}

static void put_cpu_time(struct limits *l, const struct plan_cgroup *cgroup)
{
	const char *max = value_of(cgroup, "cpu.max");
	const char *quota = value_of(cgroup, "cpu.cfs_quota_us");
	const char *period = value_of(cgroup, "cpu.cfs_period_us");

	if (max) {
		size_t length = strcspn(max, " ");
		put_quota(l, arena_strndup(l->arena, max, length),
			  max[length] ? max + length + 1 : NULL);
	} else if (quota) {
		put_quota(l, quota, period);
	}
}

void plan_systemd_limits(const struct plan_cgroup *cgroup, struct arena *arena,
			 struct plan_properties *ret)
{
	struct limits l = { .arena = arena, .properties = ret };

	ret->n = 0;
	ret->v = arena_new_array(arena, struct plan_property, PLAN_SYSTEMD_LIMITS);
	for (size_t i = 0; i < cgroup->writes.n; i++) {
		const struct plan_cgroup_write *write = &cgroup->writes.v[i];
		for (size_t k = 0; k < ARRAY_SIZE(numbers); k++)
			if (str_eq(write->file, numbers[k].file))
				put_limit(&l, numbers[k].property, on_systemds_scale(write, arena));
		plan_systemd_block_device(write, arena, ret);
		if (str_eq(write->file, "cpuset.cpus"))
			put_cpus(&l, "AllowedCPUs", write->value);
		if (str_eq(write->file, "cpuset.mems"))
			put_cpus(&l, "AllowedMemoryNodes", write->value);
	}
	put_cpu_time(&l, cgroup);
}

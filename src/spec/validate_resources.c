/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of config.json's "linux.resources" and of the file of `update --resources` (config-linux.md
 * "Control groups"). Zero counts as unset where engines write it for "nothing asked".
 */
#include "base/auto.h"
#include "spec/check.h"

#define CPU_MAX 8191  /* the largest CONFIG_NR_CPUS is 8192 */
#define NODE_MAX 1023 /* the largest CONFIG_NODES_SHIFT is 10 */

/* config-linux.md "Allowed Device list" */
static void check_device_rules(struct check *c, const struct spec_resources *resources)
{
	for (size_t i = 0; i < resources->devices.n; i++) {
		const struct spec_device_rule *rule = &resources->devices.v[i];
		if (!str_empty(rule->type) && !str_eq(rule->type, "a") &&
		    !str_eq(rule->type, "b") && !str_eq(rule->type, "c"))
			check_fail(c, "devices[%zu].type: must be one of a, b, c, is %s", i,
				   check_quoted(c, rule->type));
		if (rule->access && (!*rule->access || rule->access[strspn(rule->access, "rwm")]))
			check_fail(c, "devices[%zu].access: must be made of r, w and m, is %s", i,
				   check_quoted(c, rule->access));
		/* -1 is every number */
		if (rule->major.set && rule->major.value < -1)
			check_fail(c, "devices[%zu].major: must not be less than -1", i);
		if (rule->minor.set && rule->minor.value < -1)
			check_fail(c, "devices[%zu].minor: must not be less than -1", i);
	}
}

static void check_memory_limit(struct check *c, const char *name, const struct opt_i64 *limit)
{
	if (limit->set && limit->value < -1)
		check_fail(c, "memory.%s: must not be less than -1", name);
}

static void check_memory(struct check *c, const struct spec_resources *resources)
{
	const struct spec_memory *memory = resources->memory;
	if (!memory)
		return;
	check_memory_limit(c, "limit", &memory->limit);
	check_memory_limit(c, "reservation", &memory->reservation);
	check_memory_limit(c, "swap", &memory->swap);
	check_memory_limit(c, "kernel", &memory->kernel);
	check_memory_limit(c, "kernelTCP", &memory->kernel_tcp);
	/* swap counts memory and swap together */
	if (memory->swap.set && memory->swap.value > 0 && memory->limit.set &&
	    memory->limit.value > memory->swap.value)
		check_fail(c, "memory.swap: must not be less than memory.limit");
	if (memory->swap.set && memory->swap.value > 0 && memory->limit.set &&
	    memory->limit.value == -1)
		check_fail(c, "memory.swap: needs memory.limit");
	/* the greatest number is -1 of an engine: unset */
	if (memory->swappiness.set && memory->swappiness.value > 100 &&
	    memory->swappiness.value != UINT64_MAX)
		check_fail(c, "memory.swappiness: must not be greater than 100");
}

/* The kernel's limits of cpu.max and cpu.cfs_*: 1 ms to 1 s. */
static void check_cpu_bandwidth(struct check *c, const struct spec_cpu *cpu)
{
	enum { SHORTEST_US = 1000, LONGEST_US = 1000000 };
	bool period = cpu->period.set && cpu->period.value != 0;
	bool quota = cpu->quota.set && cpu->quota.value > 0;
	if (period && (cpu->period.value < SHORTEST_US || cpu->period.value > LONGEST_US))
		check_fail(c, "cpu.period: must be between %d and %d", SHORTEST_US, LONGEST_US);
	if (cpu->quota.set && cpu->quota.value < -1)
		check_fail(c, "cpu.quota: must not be less than -1");
	if (quota && cpu->quota.value < SHORTEST_US)
		check_fail(c, "cpu.quota: must be at least %d", SHORTEST_US);
	if (quota && cpu->burst.set && cpu->burst.value > (uint64_t)cpu->quota.value)
		check_fail(c, "cpu.burst: must not be greater than cpu.quota");
}

static void check_cpu(struct check *c, const struct spec_resources *resources)
{
	const struct spec_cpu *cpu = resources->cpu;
	if (!cpu)
		return;
	check_cpu_bandwidth(c, cpu);
	if (cpu->realtime_runtime.set && cpu->realtime_runtime.value < -1)
		check_fail(c, "cpu.realtimeRuntime: must not be less than -1");
	if (cpu->realtime_runtime.set && cpu->realtime_runtime.value > 0 &&
	    cpu->realtime_period.set && cpu->realtime_period.value != 0 &&
	    (uint64_t)cpu->realtime_runtime.value > cpu->realtime_period.value)
		check_fail(c, "cpu.realtimeRuntime: must not be greater than cpu.realtimePeriod");
	if (cpu->idle.set && cpu->idle.value != 0 && cpu->idle.value != 1)
		check_fail(c, "cpu.idle: must be 0 or 1");
	check_number_list(c, "cpu.cpus", cpu->cpus, CPU_MAX);
	check_number_list(c, "cpu.mems", cpu->mems, NODE_MAX);
}

static void check_pids(struct check *c, const struct spec_resources *resources)
{
	if (resources->pids && resources->pids->limit < -1)
		check_fail(c, "pids.limit: must not be less than -1");
}

static void check_weight(struct check *c, const char *name, const struct opt_u16 *weight)
{
	if (weight->set && weight->value != 0 && (weight->value < 10 || weight->value > 1000))
		check_fail(c, "%s: must be between 10 and 1000", name);
}

static void check_block_device(struct check *c, const char *name, int64_t major, int64_t minor)
{
	if (major < 0)
		check_fail(c, "%s.major: must not be negative", name);
	if (minor < 0)
		check_fail(c, "%s.minor: must not be negative", name);
}

static void check_throttle(struct check *c, const char *list_name,
			   const struct spec_throttle_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct spec_throttle_device *device = &list->v[i];
		const char *name = check_name(c, "blockIO.%s[%zu]", list_name, i);
		check_block_device(c, name, device->major, device->minor);
		if (!device->rate.set)
			check_fail(c, "%s.rate: is missing", name);
	}
}

static void check_block_io(struct check *c, const struct spec_resources *resources)
{
	const struct spec_block_io *io = resources->block_io;
	if (!io)
		return;
	check_weight(c, "blockIO.weight", &io->weight);
	check_weight(c, "blockIO.leafWeight", &io->leaf_weight);
	for (size_t i = 0; i < io->weight_device.n; i++) {
		const struct spec_weight_device *device = &io->weight_device.v[i];
		const char *name = check_name(c, "blockIO.weightDevice[%zu]", i);
		check_block_device(c, name, device->major, device->minor);
		check_weight(c, check_name(c, "%s.weight", name), &device->weight);
		check_weight(c, check_name(c, "%s.leafWeight", name), &device->leaf_weight);
		if (!device->weight.set && !device->leaf_weight.set)
			check_fail(c, "%s: weight or leafWeight is needed", name);
	}
	check_throttle(c, "throttleReadBpsDevice", &io->throttle_read_bps);
	check_throttle(c, "throttleWriteBpsDevice", &io->throttle_write_bps);
	check_throttle(c, "throttleReadIOPSDevice", &io->throttle_read_iops);
	check_throttle(c, "throttleWriteIOPSDevice", &io->throttle_write_iops);
}

/* "2MB": a number without leading zeros and a unit. */
static bool is_page_size(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits;
	return digits > 0 && text[0] != '0' &&
	       (str_eq(unit, "KB") || str_eq(unit, "MB") || str_eq(unit, "GB"));
}

static void check_hugepages(struct check *c, const struct spec_resources *resources)
{
	size_t n = resources->hugepage_limits.n;
	const char **sizes = arena_new_array(&c->arena, const char *, n + 1);
	for (size_t i = 0; i < n; i++) {
		sizes[i] = resources->hugepage_limits.v[i].page_size;
		if (!is_page_size(sizes[i]))
			check_fail(
				c,
				"hugepageLimits[%zu].pageSize: must be like '64KB', '2MB' or '1GB', is %s",
				i, check_quoted(c, sizes[i]));
	}
	check_unique(c, "hugepageLimits", n, sizes);
}

static void check_network(struct check *c, const struct spec_resources *resources)
{
	const struct spec_network_resources *network = resources->network;
	if (!network)
		return;
	for (size_t i = 0; i < network->priorities.n; i++)
		check_interface_name(c, check_name(c, "network.priorities[%zu].name", i),
				     network->priorities.v[i].name);
}

static void check_rdma(struct check *c, const struct spec_resources *resources)
{
	for (size_t i = 0; i < resources->rdma.n; i++) {
		const struct spec_rdma *limit = &resources->rdma.v[i];
		const char *shown = check_quoted(c, limit->key);
		if (str_empty(limit->key) || strpbrk(limit->key, " \t\n/"))
			check_fail(c, "rdma: %s is not the name of a device", shown);
		if (!limit->hca_handles.set && !limit->hca_objects.set)
			check_fail(c, "rdma.%s: hcaHandles or hcaObjects is needed", shown);
	}
}

/* The keys become names of files in the container's cgroup. */
static void check_unified(struct check *c, const struct spec_resources *resources)
{
	for (size_t i = 0; i < resources->unified.n; i++) {
		const char *key = resources->unified.v[i].key;
		if (str_empty(key) || strchr(key, '/') || str_eq(key, ".") || str_eq(key, "..") ||
		    strlen(key) > 255)
			check_fail(c, "unified: %s is not the name of a file",
				   check_quoted(c, key));
	}
}

static void (*const resources_checks[])(struct check *c, const struct spec_resources *r) = {
	check_device_rules, check_memory,  check_cpu,  check_pids,    check_block_io,
	check_hugepages,    check_network, check_rdma, check_unified,
};

void check_resources(struct check *c, const struct spec_resources *resources)
{
	for (size_t i = 0; i < ARRAY_SIZE(resources_checks); i++)
		resources_checks[i](c, resources);
}

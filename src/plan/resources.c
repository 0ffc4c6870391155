/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources as writes (config-linux.md "Control groups"): each property in the form of the hierarchy
 * that has its controller, and what the kernel takes only in one order, in that order. What v2 has no
 * counterpart for is an error, as the specification demands. Zero is how engines say "unset" where zero
 * makes no sense. Pure.
 */
#include "plan/resources.h"

#include "base/auto.h"
#include "plan/resources_writer.h"

#include <errno.h>

#define DEFAULT_PERIOD_US 100000

/* --- memory --- */

static int check_limit(const struct resources_writer *w, const char *field, int64_t value,
		       struct err *e)
{
	if (value < -1)
		return fail(e, ERR_CONFIG, "%s%s: must be -1 or more", w->request->prefix, field);
	return 0;
}

static int check_memory(const struct resources_writer *w, struct err *e)
{
	const struct spec_memory *memory = w->request->effective->memory;
	const char *prefix = w->request->prefix;

	if (check_limit(w, "memory.limit", memory->limit.value, e) < 0 ||
	    check_limit(w, "memory.swap", memory->swap.value, e) < 0 ||
	    check_limit(w, "memory.reservation", memory->reservation.value, e) < 0)
		return -1;
	if (memory->swap.value <= 0)
		return 0;
	/* swap counts memory and swap together */
	if (memory->limit.value <= 0)
		return fail(e, ERR_CONFIG, "%smemory.swap: needs %smemory.limit", prefix, prefix);
	if (memory->swap.value < memory->limit.value)
		return fail(e, ERR_CONFIG,
			    "%smemory.swap: must not be less than %smemory.limit, it includes that",
			    prefix, prefix);
	return 0;
}

/*
 * Under v1 the limit must never be above that of memory and swap: in a new cgroup, or where both shrink,
 * the limit comes first; where both grow the kernel refuses that with EINVAL and cgroup/ comes back to it.
 */
static int memory_limits(struct resources_writer *w, struct err *e)
{
	const struct spec_memory *asked = w->request->asked->memory;
	const struct spec_memory *all = w->request->effective->memory;
	int64_t limit = asked->limit.value, swap = asked->swap.value;

	/* v2 counts swap alone, so its limit moves with that of memory. */
	if (limit && !swap)
		swap = all->swap.value;
	if (limit && resources_put(w, "memory", "memory.limit", limit < 0,
				   FORM("memory.limit_in_bytes", resources_i64(w, limit, "-1")),
				   FORM("memory.max", resources_i64(w, limit, "max")), e) < 0)
		return -1;
	if (swap &&
	    resources_put(w, "memory", "memory.swap", swap < 0,
			  FORM("memory.memsw.limit_in_bytes", resources_i64(w, swap, "-1")),
			  FORM("memory.swap.max",
			       resources_i64(w, swap < 0 ? -1 : swap - all->limit.value, "max")),
			  e) < 0)
		return -1;
	if (limit > 0 && all->check_before_update.value)
		w->cgroup->memory_check = (uint64_t)limit;
	return 0;
}

/* Of no use, but engines may ask for what is so anyway. */
static int memory_of_v1(struct resources_writer *w, struct err *e)
{
	const struct spec_memory *asked = w->request->asked->memory;
	int64_t kernel = asked->kernel.value, tcp = asked->kernel_tcp.value;
	bool swappiness = asked->swappiness.set && asked->swappiness.value != UINT64_MAX;
	bool killer = asked->disable_oom_killer.set &&
		      (asked->disable_oom_killer.value || w->request->update);

	if (kernel &&
	    resources_put(w, "memory", "memory.kernel", kernel < 0,
			  FORM("memory.kmem.limit_in_bytes", resources_i64(w, kernel, "-1")),
			  NO_FORM, e) < 0)
		return -1;
	if (tcp &&
	    resources_put(w, "memory", "memory.kernelTCP", tcp < 0,
			  FORM("memory.kmem.tcp.limit_in_bytes", resources_i64(w, tcp, "-1")),
			  NO_FORM, e) < 0)
		return -1;
	if (swappiness &&
	    resources_put(w, "memory", "memory.swappiness", false,
			  FORM("memory.swappiness", resources_u64(w, asked->swappiness.value)),
			  NO_FORM, e) < 0)
		return -1;
	if (killer &&
	    resources_put(w, "memory", "memory.disableOOMKiller", !asked->disable_oom_killer.value,
			  FORM("memory.oom_control", asked->disable_oom_killer.value ? "1" : "0"),
			  NO_FORM, e) < 0)
		return -1;
	/* Since Linux 5.11 there is nothing but a hierarchy on v1 either, and a write of 1 is taken. */
	if (!asked->use_hierarchy.set)
		return 0;
	return resources_put(w, "memory", "memory.useHierarchy", asked->use_hierarchy.value,
			     FORM("memory.use_hierarchy", asked->use_hierarchy.value ? "1" : "0"),
			     NO_FORM, e);
}

static int plan_memory(struct resources_writer *w, struct err *e)
{
	const struct spec_memory *asked = w->request->asked->memory;
	int64_t reservation = asked ? asked->reservation.value : 0;

	if (!asked)
		return 0;
	if (check_memory(w, e) < 0 || memory_limits(w, e) < 0)
		return -1;
	if (reservation &&
	    resources_put(w, "memory", "memory.reservation", reservation < 0,
			  FORM("memory.soft_limit_in_bytes", resources_i64(w, reservation, "-1")),
			  FORM("memory.low", resources_i64(w, reservation, "max")), e) < 0)
		return -1;
	return memory_of_v1(w, e);
}

/* --- cpu --- */

/* One file of v2 has both; what is not asked for now stays as it is. */
static const char *cpu_max(struct resources_writer *w)
{
	const struct spec_cpu *all = w->request->effective->cpu;
	uint64_t period = all->period.value ? all->period.value : DEFAULT_PERIOD_US;

	if (all->quota.value <= 0)
		return arena_printf(w->arena, "max %llu", (unsigned long long)period);
	return arena_printf(w->arena, "%lld %llu", (long long)all->quota.value,
			    (unsigned long long)period);
}

static int cpu_bandwidth(struct resources_writer *w, struct err *e)
{
	const struct spec_cpu *cpu = w->request->asked->cpu;
	bool burst = cpu->burst.set && (cpu->burst.value || w->request->update);
	bool v2 = false;

	if (cpu->period.value || cpu->quota.value) {
		const struct cgroup_hierarchy_facts *hierarchy = resources_hierarchy(w, "cpu");
		v2 = hierarchy && hierarchy->v2;
	}
	if (v2 && resources_put(w, "cpu", cpu->quota.value ? "cpu.quota" : "cpu.period", false,
				NO_FORM, FORM("cpu.max", cpu_max(w)), e) < 0)
		return -1;
	if (!v2 && cpu->period.value &&
	    resources_put(w, "cpu", "cpu.period", false,
			  FORM("cpu.cfs_period_us", resources_u64(w, cpu->period.value)), NO_FORM,
			  e) < 0)
		return -1;
	if (!v2 && cpu->quota.value &&
	    resources_put(w, "cpu", "cpu.quota", cpu->quota.value < 0,
			  FORM("cpu.cfs_quota_us", resources_i64(w, cpu->quota.value, "-1")),
			  NO_FORM, e) < 0)
		return -1;
	/* After the quota, which it may not be above. */
	if (!burst)
		return 0;
	return resources_put(w, "cpu", "cpu.burst", cpu->burst.value == 0,
			     FORM("cpu.cfs_burst_us", resources_u64(w, cpu->burst.value)),
			     FORM("cpu.max.burst", resources_u64(w, cpu->burst.value)), e);
}

static int cpu_realtime(struct resources_writer *w, struct err *e)
{
	const struct spec_cpu *cpu = w->request->asked->cpu;

	if (cpu->realtime_period.value &&
	    resources_put(w, "cpu", "cpu.realtimePeriod", false,
			  FORM("cpu.rt_period_us", resources_u64(w, cpu->realtime_period.value)),
			  NO_FORM, e) < 0)
		return -1;
	if (!cpu->realtime_runtime.value)
		return 0;
	return resources_put(
		w, "cpu", "cpu.realtimeRuntime", false,
		FORM("cpu.rt_runtime_us", resources_i64(w, cpu->realtime_runtime.value, "-1")),
		NO_FORM, e);
}

static int cpu_sets(struct resources_writer *w, struct err *e)
{
	const struct spec_cpu *cpu = w->request->asked->cpu;

	if (!str_empty(cpu->cpus) &&
	    resources_put(w, "cpuset", "cpu.cpus", false, FORM("cpuset.cpus", cpu->cpus),
			  FORM("cpuset.cpus", cpu->cpus), e) < 0)
		return -1;
	if (str_empty(cpu->mems))
		return 0;
	return resources_put(w, "cpuset", "cpu.mems", false, FORM("cpuset.mems", cpu->mems),
			     FORM("cpuset.mems", cpu->mems), e);
}

static int plan_cpu(struct resources_writer *w, struct err *e)
{
	const struct spec_cpu *cpu = w->request->asked->cpu;
	const char *idle;

	if (!cpu)
		return 0;
	idle = cpu->idle.value ? "1" : "0";
	if (cpu->idle.set && (cpu->idle.value || w->request->update) &&
	    resources_put(w, "cpu", "cpu.idle", !cpu->idle.value, FORM("cpu.idle", idle),
			  FORM("cpu.idle", idle), e) < 0)
		return -1;
	/* An idle group has the least weight, and the kernel takes no other for it. */
	if (cpu->shares.value && w->request->effective->cpu->idle.value != 1 &&
	    resources_put(w, "cpu", "cpu.shares", false,
			  FORM("cpu.shares", resources_u64(w, cpu->shares.value)),
			  FORM("cpu.weight", resources_u64(w, plan_cpu_weight(cpu->shares.value))),
			  e) < 0)
		return -1;
	if (cpu_bandwidth(w, e) < 0 || cpu_realtime(w, e) < 0)
		return -1;
	return cpu_sets(w, e);
}

/* --- pids, huge pages --- */

static int plan_pids(struct resources_writer *w, struct err *e)
{
	const struct spec_pids *pids = w->request->asked->pids;
	const char *value;

	if (!pids)
		return 0;
	if (check_limit(w, "pids.limit", pids->limit, e) < 0)
		return -1;
	/* since version 1.3 of the specification 0 is a limit like any other */
	value = resources_i64(w, pids->limit, "max");
	return resources_put(w, "pids", "pids.limit", pids->limit < 0, FORM("pids.max", value),
			     FORM("pids.max", value), e);
}

/* The reservation is limited as well, or mmap() would succeed and the first touch be SIGBUS. */
static int plan_hugepages(struct resources_writer *w, struct err *e)
{
	const struct spec_resources *asked = w->request->asked;

	for (size_t i = 0; i < asked->hugepage_limits.n; i++) {
		const struct spec_hugepage_limit *limit = &asked->hugepage_limits.v[i];
		const char *field = arena_printf(w->arena, "hugepageLimits[%zu]", i);
		const char *value = resources_u64(w, limit->limit);
		const char *name = arena_printf(w->arena, "hugetlb.%s", limit->page_size);
		const char *v1 = arena_printf(w->arena, "%s.limit_in_bytes", name);
		const char *v2 = arena_printf(w->arena, "%s.max", name);
		if (resources_put(w, "hugetlb", field, false, FORM(v1, value), FORM(v2, value), e) <
		    0)
			return -1;
		v1 = arena_printf(w->arena, "%s.rsvd.limit_in_bytes", name);
		v2 = arena_printf(w->arena, "%s.rsvd.max", name);
		w->tolerated = ENOENT; /* Linux before 5.7 */
		if (resources_put(w, "hugetlb", field, false, FORM(v1, value), FORM(v2, value), e) <
		    0)
			return -1;
		w->tolerated = 0;
	}
	return 0;
}

/* --- network, rdma --- */

static int plan_network(struct resources_writer *w, struct err *e)
{
	const struct spec_network_resources *network = w->request->asked->network;

	if (!network)
		return 0;
	if (network->class_id.value &&
	    resources_put(w, "net_cls", "network.classID", false,
			  FORM("net_cls.classid", resources_u64(w, network->class_id.value)),
			  NO_FORM, e) < 0)
		return -1;
	for (size_t i = 0; i < network->priorities.n; i++) {
		const struct spec_interface_priority *priority = &network->priorities.v[i];
		const char *value =
			arena_printf(w->arena, "%s %u", priority->name, priority->priority);
		if (resources_put(w, "net_prio", "network.priorities", false,
				  FORM("net_prio.ifpriomap", value), NO_FORM, e) < 0)
			return -1;
	}
	return 0;
}

static int plan_rdma(struct resources_writer *w, struct err *e)
{
	const struct spec_resources *asked = w->request->asked;

	for (size_t i = 0; i < asked->rdma.n; i++) {
		const struct spec_rdma *limit = &asked->rdma.v[i];
		const char *field = arena_printf(w->arena, "rdma.%s", limit->key);
		autostrbuf value = { 0 };
		strbuf_puts(&value, limit->key);
		if (limit->hca_handles.set)
			strbuf_printf(&value, " hca_handle=%u", limit->hca_handles.value);
		if (limit->hca_objects.set)
			strbuf_printf(&value, " hca_object=%u", limit->hca_objects.value);
		const char *text = arena_strdup(w->arena, strbuf_text(&value));
		if (resources_put(w, "rdma", field, false, FORM("rdma.max", text),
				  FORM("rdma.max", text), e) < 0)
			return -1;
	}
	return 0;
}

int plan_resources(const struct resources_request *request, struct arena *arena,
		   struct plan_cgroup *cgroup, struct err *e)
{
	/* unified last, so that it wins */
	static int (*const parts[])(struct resources_writer * w, struct err * e) = {
		plan_memory,    plan_cpu,     plan_pids, resources_block_io,
		plan_hugepages, plan_network, plan_rdma, resources_unified,
	};
	struct resources_writer w = { .request = request, .arena = arena, .cgroup = cgroup };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i](&w, e) < 0)
			return -1;
	return 0;
}

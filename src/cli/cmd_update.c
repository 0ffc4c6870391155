/* SPDX-License-Identifier: Apache-2.0 */
/* `update`: new limits for a container. */
#include "cli/cli.h"

#define ROW(name, member, value, help) \
	CLI_TEXT_ROW(name, 0, update.member, value, CLI_OFFER_NOTHING, help)

static const struct cli_option update_rows[] = {
	CLI_TEXT_ROW("resources", 'r', update.resources, "FILE", CLI_OFFER_FILE,
		     "limits as JSON, as in linux.resources; - is standard input"),
	ROW("blkio-weight", blkio_weight, "N", "weight for block devices, 10 to 1000"),
	ROW("cpu-period", cpu_period, "US", "period of the CPU quota in microseconds"),
	ROW("cpu-quota", cpu_quota, "US", "CPU time in a period in microseconds; -1: any"),
	ROW("cpu-burst", cpu_burst, "US", "unused quota that may be used later"),
	ROW("cpu-share", cpu_share, "N", "CPU shares, 2 to 262144"),
	ROW("cpu-rt-period", cpu_rt_period, "US", "period of the realtime quota (cgroup v1)"),
	ROW("cpu-rt-runtime", cpu_rt_runtime, "US", "realtime in a period (cgroup v1)"),
	ROW("cpuset-cpus", cpuset_cpus, "LIST", "CPUs to run on"),
	ROW("cpuset-mems", cpuset_mems, "LIST", "memory nodes to use"),
	ROW("cpu-idle", cpu_idle, "N", "1: run only when no other process would"),
	ROW("memory", memory, "BYTES", "limit of memory; -1: none"),
	ROW("memory-reservation", memory_reservation, "BYTES", "memory that is left to it"),
	ROW("memory-swap", memory_swap, "BYTES", "limit of memory and swap together; -1: none"),
	ROW("kernel-memory", kernel_memory, "BYTES", "limit of kernel memory (old kernels)"),
	ROW("kernel-memory-tcp", kernel_memory_tcp, "BYTES", "limit of TCP buffers (cgroup v1)"),
	ROW("pids-limit", pids_limit, "N", "limit of processes and threads; -1: none"),
	ROW("l3-cache-schema", l3_cache_schema, "SCHEMA",
	    "share of the L3 cache (resctrl): L3:0=f;1=3"),
	ROW("mem-bw-schema", mem_bw_schema, "SCHEMA",
	    "share of the memory bandwidth (resctrl): MB:0=20;1=70"),
	CLI_END_ROW,
};

static int run_update(const struct cli_call *call, struct err *e)
{
	return container_update(&call->global, call->arguments.v[0], &call->values.update, e);
}

const struct cli_command cmd_update = {
	.name = "update",
	.summary = "change the limits of a running container",
	.arguments = "ID",
	.least = 1,
	.most = 1,
	.offer = CLI_OFFER_ID,
	.options = update_rows,
	.warns = true,
	.run = run_update,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json's "linux.resources" and the file of `update --resources`: one row per property, in the
 * order of config-linux.md "Control groups".
 */
#include "base/auto.h"
#include "spec/spec.h"

static const struct field device_rule_rows[] = {
	FIELD(struct spec_device_rule, BOOL, allow, "allow", FIELD_REQUIRED),
	FIELD(struct spec_device_rule, STRING, type, "type", 0),
	FIELD(struct spec_device_rule, OPT_I64, major, "major", 0),
	FIELD(struct spec_device_rule, OPT_I64, minor, "minor", 0),
	FIELD(struct spec_device_rule, STRING, access, "access", 0),
};
static const struct fields device_rule_fields =
	FIELDS("struct spec_device_rule", struct spec_device_rule, device_rule_rows, 0);

static const struct field memory_rows[] = {
	FIELD(struct spec_memory, OPT_I64, limit, "limit", 0),
	FIELD(struct spec_memory, OPT_I64, reservation, "reservation", 0),
	FIELD(struct spec_memory, OPT_I64, swap, "swap", 0),
	FIELD(struct spec_memory, OPT_I64, kernel, "kernel", 0),
	FIELD(struct spec_memory, OPT_I64, kernel_tcp, "kernelTCP", 0),
	FIELD(struct spec_memory, OPT_U64, swappiness, "swappiness", 0),
	FIELD(struct spec_memory, OPT_BOOL, disable_oom_killer, "disableOOMKiller", 0),
	FIELD(struct spec_memory, OPT_BOOL, use_hierarchy, "useHierarchy", 0),
	FIELD(struct spec_memory, OPT_BOOL, check_before_update, "checkBeforeUpdate", 0),
};
static const struct fields memory_fields =
	FIELDS("struct spec_memory", struct spec_memory, memory_rows, 0);

static const struct field cpu_rows[] = {
	FIELD(struct spec_cpu, OPT_U64, shares, "shares", 0),
	FIELD(struct spec_cpu, OPT_I64, quota, "quota", 0),
	FIELD(struct spec_cpu, OPT_U64, burst, "burst", 0),
	FIELD(struct spec_cpu, OPT_U64, period, "period", 0),
	FIELD(struct spec_cpu, OPT_I64, realtime_runtime, "realtimeRuntime", 0),
	FIELD(struct spec_cpu, OPT_U64, realtime_period, "realtimePeriod", 0),
	FIELD(struct spec_cpu, STRING, cpus, "cpus", 0),
	FIELD(struct spec_cpu, STRING, mems, "mems", 0),
	FIELD(struct spec_cpu, OPT_I64, idle, "idle", 0),
};
static const struct fields cpu_fields = FIELDS("struct spec_cpu", struct spec_cpu, cpu_rows, 0);

static const struct field pids_rows[] = {
	FIELD(struct spec_pids, I64, limit, "limit", FIELD_REQUIRED),
};
static const struct fields pids_fields = FIELDS("struct spec_pids", struct spec_pids, pids_rows, 0);

static const struct field weight_device_rows[] = {
	FIELD(struct spec_weight_device, I64, major, "major", FIELD_REQUIRED),
	FIELD(struct spec_weight_device, I64, minor, "minor", FIELD_REQUIRED),
	FIELD(struct spec_weight_device, OPT_U16, weight, "weight", 0),
	FIELD(struct spec_weight_device, OPT_U16, leaf_weight, "leafWeight", 0),
};
static const struct fields weight_device_fields =
	FIELDS("struct spec_weight_device", struct spec_weight_device, weight_device_rows, 0);

static const struct field throttle_device_rows[] = {
	FIELD(struct spec_throttle_device, I64, major, "major", FIELD_REQUIRED),
	FIELD(struct spec_throttle_device, I64, minor, "minor", FIELD_REQUIRED),
	FIELD(struct spec_throttle_device, OPT_U64, rate, "rate", 0),
};
static const struct fields throttle_device_fields =
	FIELDS("struct spec_throttle_device", struct spec_throttle_device, throttle_device_rows, 0);

#define THROTTLE_LIST(member, name)                                                        \
	FIELD_LIST_ROW(struct spec_block_io, member, struct spec_throttle_device, name, 0, \
		       &throttle_device_fields)
static const struct field block_io_rows[] = {
	FIELD(struct spec_block_io, OPT_U16, weight, "weight", 0),
	FIELD(struct spec_block_io, OPT_U16, leaf_weight, "leafWeight", 0),
	FIELD_LIST_ROW(struct spec_block_io, weight_device, struct spec_weight_device,
		       "weightDevice", 0, &weight_device_fields),
	THROTTLE_LIST(throttle_read_bps, "throttleReadBpsDevice"),
	THROTTLE_LIST(throttle_write_bps, "throttleWriteBpsDevice"),
	THROTTLE_LIST(throttle_read_iops, "throttleReadIOPSDevice"),
	THROTTLE_LIST(throttle_write_iops, "throttleWriteIOPSDevice"),
};
static const struct fields block_io_fields =
	FIELDS("struct spec_block_io", struct spec_block_io, block_io_rows, 0);

static const struct field hugepage_limit_rows[] = {
	FIELD(struct spec_hugepage_limit, STRING, page_size, "pageSize", FIELD_REQUIRED),
	FIELD(struct spec_hugepage_limit, U64, limit, "limit", FIELD_REQUIRED),
};
static const struct fields hugepage_limit_fields =
	FIELDS("struct spec_hugepage_limit", struct spec_hugepage_limit, hugepage_limit_rows, 0);

static const struct field interface_priority_rows[] = {
	FIELD(struct spec_interface_priority, STRING, name, "name", FIELD_REQUIRED),
	FIELD(struct spec_interface_priority, U32, priority, "priority", FIELD_REQUIRED),
};
static const struct fields interface_priority_fields =
	FIELDS("struct spec_interface_priority", struct spec_interface_priority,
	       interface_priority_rows, 0);

static const struct field network_rows[] = {
	FIELD(struct spec_network_resources, OPT_U32, class_id, "classID", 0),
	FIELD_LIST_ROW(struct spec_network_resources, priorities, struct spec_interface_priority,
		       "priorities", 0, &interface_priority_fields),
};
static const struct fields network_fields =
	FIELDS("struct spec_network_resources", struct spec_network_resources, network_rows, 0);

static const struct field rdma_rows[] = {
	FIELD(struct spec_rdma, OPT_U32, hca_handles, "hcaHandles", 0),
	FIELD(struct spec_rdma, OPT_U32, hca_objects, "hcaObjects", 0),
};
static const struct fields rdma_fields = FIELDS("struct spec_rdma", struct spec_rdma, rdma_rows, 0);

static const struct field resources_rows[] = {
	FIELD_LIST_ROW(struct spec_resources, devices, struct spec_device_rule, "devices", 0,
		       &device_rule_fields),
	FIELD_OBJECT_ROW(struct spec_resources, memory, struct spec_memory, "memory", 0,
			 &memory_fields),
	FIELD_OBJECT_ROW(struct spec_resources, cpu, struct spec_cpu, "cpu", 0, &cpu_fields),
	FIELD_OBJECT_ROW(struct spec_resources, pids, struct spec_pids, "pids", 0, &pids_fields),
	FIELD_OBJECT_ROW(struct spec_resources, block_io, struct spec_block_io, "blockIO", 0,
			 &block_io_fields),
	FIELD_LIST_ROW(struct spec_resources, hugepage_limits, struct spec_hugepage_limit,
		       "hugepageLimits", 0, &hugepage_limit_fields),
	FIELD_OBJECT_ROW(struct spec_resources, network, struct spec_network_resources, "network",
			 0, &network_fields),
	FIELD_MAP_ROW(struct spec_resources, rdma, struct spec_rdma, "rdma", 0, &rdma_fields),
	FIELD(struct spec_resources, STRMAP, unified, "unified", 0),
};
const struct fields spec_resources_fields =
	FIELDS("struct spec_resources", struct spec_resources, resources_rows, 0);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json's "linux": one row per property, in the order of config-linux.md.
 */
#include "base/auto.h"
#include "spec/spec.h"
#include "spec/tables.h"

static const struct field id_mapping_rows[] = {
	FIELD(struct spec_id_mapping, U32, container_id, "containerID", FIELD_REQUIRED),
	FIELD(struct spec_id_mapping, U32, host_id, "hostID", FIELD_REQUIRED),
	FIELD(struct spec_id_mapping, U32, size, "size", FIELD_REQUIRED),
};
const struct fields spec_id_mapping_fields =
	FIELDS("struct spec_id_mapping", struct spec_id_mapping, id_mapping_rows, 0);

static const struct field namespace_rows[] = {
	FIELD_ENUM_ROW(struct spec_namespace, type, "type", FIELD_REQUIRED, spec_ns_names),
	FIELD(struct spec_namespace, STRING, path, "path", 0),
};
static const struct fields namespace_fields =
	FIELDS("struct spec_namespace", struct spec_namespace, namespace_rows, 0);

static const struct field time_offset_rows[] = {
	FIELD(struct spec_time_offset, OPT_I64, secs, "secs", 0),
	FIELD(struct spec_time_offset, OPT_U32, nanosecs, "nanosecs", 0),
};
static const struct fields time_offset_fields =
	FIELDS("struct spec_time_offset", struct spec_time_offset, time_offset_rows, 0);

static const struct field time_offsets_rows[] = {
	FIELD_OBJECT_ROW(struct spec_time_offsets, monotonic, struct spec_time_offset, "monotonic",
			 0, &time_offset_fields),
	FIELD_OBJECT_ROW(struct spec_time_offsets, boottime, struct spec_time_offset, "boottime", 0,
			 &time_offset_fields),
};
/* Its keys are values, the names of clocks, and an unknown one an error like any other invalid value. */
static const struct fields time_offsets_fields = FIELDS(
	"struct spec_time_offsets", struct spec_time_offsets, time_offsets_rows, FIELDS_CLOSED);

static const struct field device_rows[] = {
	FIELD(struct spec_device, STRING, type, "type", FIELD_REQUIRED),
	FIELD(struct spec_device, STRING, path, "path", FIELD_REQUIRED),
	FIELD(struct spec_device, OPT_I64, major, "major", 0),
	FIELD(struct spec_device, OPT_I64, minor, "minor", 0),
	FIELD(struct spec_device, OPT_U32, file_mode, "fileMode", 0),
	FIELD(struct spec_device, OPT_U32, uid, "uid", 0),
	FIELD(struct spec_device, OPT_U32, gid, "gid", 0),
};
static const struct fields device_fields =
	FIELDS("struct spec_device", struct spec_device, device_rows, 0);

static const struct field net_device_rows[] = {
	FIELD(struct spec_net_device, STRING, name, "name", 0),
};
static const struct fields net_device_fields =
	FIELDS("struct spec_net_device", struct spec_net_device, net_device_rows, 0);

static const struct field intel_rdt_rows[] = {
	FIELD(struct spec_intel_rdt, STRING, clos_id, "closID", 0),
	FIELD(struct spec_intel_rdt, STRLIST, schemata, "schemata", 0),
	FIELD(struct spec_intel_rdt, STRING, l3_cache_schema, "l3CacheSchema", 0),
	FIELD(struct spec_intel_rdt, STRING, mem_bw_schema, "memBwSchema", 0),
	FIELD(struct spec_intel_rdt, OPT_BOOL, enable_monitoring, "enableMonitoring", 0),
};
static const struct fields intel_rdt_fields =
	FIELDS("struct spec_intel_rdt", struct spec_intel_rdt, intel_rdt_rows, 0);

static const struct field memory_policy_rows[] = {
	FIELD(struct spec_memory_policy, STRING, mode, "mode", 0),
	FIELD(struct spec_memory_policy, STRING, nodes, "nodes", 0),
	FIELD(struct spec_memory_policy, STRLIST, flags, "flags", 0),
};
static const struct fields memory_policy_fields =
	FIELDS("struct spec_memory_policy", struct spec_memory_policy, memory_policy_rows, 0);

static const struct field seccomp_arg_rows[] = {
	FIELD(struct spec_seccomp_arg, U32, index, "index", FIELD_REQUIRED),
	FIELD(struct spec_seccomp_arg, U64, value, "value", FIELD_REQUIRED),
	FIELD(struct spec_seccomp_arg, OPT_U64, value_two, "valueTwo", 0),
	FIELD_ENUM_ROW(struct spec_seccomp_arg, op, "op", FIELD_REQUIRED,
		       spec_seccomp_operator_names),
};
static const struct fields seccomp_arg_fields =
	FIELDS("struct spec_seccomp_arg", struct spec_seccomp_arg, seccomp_arg_rows, 0);

static const struct field seccomp_rule_rows[] = {
	FIELD(struct spec_seccomp_rule, STRLIST, names, "names", FIELD_REQUIRED),
	FIELD_ENUM_ROW(struct spec_seccomp_rule, action, "action", FIELD_REQUIRED,
		       spec_seccomp_action_names),
	FIELD(struct spec_seccomp_rule, OPT_U32, errno_ret, "errnoRet", 0),
	FIELD_LIST_ROW(struct spec_seccomp_rule, args, struct spec_seccomp_arg, "args", 0,
		       &seccomp_arg_fields),
};
static const struct fields seccomp_rule_fields =
	FIELDS("struct spec_seccomp_rule", struct spec_seccomp_rule, seccomp_rule_rows, 0);

static const struct field seccomp_rows[] = {
	FIELD_ENUM_ROW(struct spec_seccomp, default_action, "defaultAction", FIELD_REQUIRED,
		       spec_seccomp_action_names),
	FIELD(struct spec_seccomp, OPT_U32, default_errno_ret, "defaultErrnoRet", 0),
	FIELD(struct spec_seccomp, STRLIST, architectures, "architectures", 0),
	FIELD(struct spec_seccomp, STRLIST, flags, "flags", 0),
	FIELD(struct spec_seccomp, STRING, listener_path, "listenerPath", 0),
	FIELD(struct spec_seccomp, STRING, listener_metadata, "listenerMetadata", 0),
	FIELD_LIST_ROW(struct spec_seccomp, syscalls, struct spec_seccomp_rule, "syscalls", 0,
		       &seccomp_rule_fields),
};
static const struct fields seccomp_fields =
	FIELDS("struct spec_seccomp", struct spec_seccomp, seccomp_rows, 0);

static const struct field personality_rows[] = {
	FIELD(struct spec_personality, STRING, domain, "domain", 0),
	FIELD(struct spec_personality, STRLIST, flags, "flags", 0),
};
static const struct fields personality_fields =
	FIELDS("struct spec_personality", struct spec_personality, personality_rows, 0);

static const struct field linux_rows[] = {
	FIELD_LIST_ROW(struct spec_linux, namespaces, struct spec_namespace, "namespaces", 0,
		       &namespace_fields),
	FIELD_LIST_ROW(struct spec_linux, uid_mappings, struct spec_id_mapping, "uidMappings", 0,
		       &spec_id_mapping_fields),
	FIELD_LIST_ROW(struct spec_linux, gid_mappings, struct spec_id_mapping, "gidMappings", 0,
		       &spec_id_mapping_fields),
	FIELD_OBJECT_ROW(struct spec_linux, time_offsets, struct spec_time_offsets, "timeOffsets",
			 0, &time_offsets_fields),
	FIELD_LIST_ROW(struct spec_linux, devices, struct spec_device, "devices", 0,
		       &device_fields),
	FIELD_MAP_ROW(struct spec_linux, net_devices, struct spec_net_device, "netDevices", 0,
		      &net_device_fields),
	FIELD(struct spec_linux, STRING, cgroups_path, "cgroupsPath", 0),
	FIELD_OBJECT_ROW(struct spec_linux, resources, struct spec_resources, "resources", 0,
			 &spec_resources_fields),
	FIELD_OBJECT_ROW(struct spec_linux, intel_rdt, struct spec_intel_rdt, "intelRdt", 0,
			 &intel_rdt_fields),
	FIELD_OBJECT_ROW(struct spec_linux, memory_policy, struct spec_memory_policy,
			 "memoryPolicy", 0, &memory_policy_fields),
	FIELD(struct spec_linux, STRMAP, sysctl, "sysctl", 0),
	FIELD_OBJECT_ROW(struct spec_linux, seccomp, struct spec_seccomp, "seccomp", 0,
			 &seccomp_fields),
	FIELD(struct spec_linux, STRING, rootfs_propagation, "rootfsPropagation", 0),
	FIELD(struct spec_linux, STRLIST, masked_paths, "maskedPaths", 0),
	FIELD(struct spec_linux, STRLIST, readonly_paths, "readonlyPaths", 0),
	FIELD(struct spec_linux, STRING, mount_label, "mountLabel", 0),
	FIELD_OBJECT_ROW(struct spec_linux, personality, struct spec_personality, "personality", 0,
			 &personality_fields),
};
const struct fields spec_linux_fields =
	FIELDS("struct spec_linux", struct spec_linux, linux_rows, 0);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json as plain C structs, in the order of the OCI runtime specification 1.3 (config.md,
 * config-linux.md). Names are the specification's. What is absent stays absent: defaults belong to
 * validate.c and the plan.
 */
#ifndef SPEC_SPEC_H
#define SPEC_SPEC_H

#include "base/fields.h"
#include "model/words.h"

#include <stdbool.h>
#include <stdint.h>

/* config.md "Root" */
struct spec_root {
	char *path;
	bool readonly;
};

/* config-linux.md "User namespace mappings" */
struct spec_id_mapping {
	uint32_t container_id, host_id, size;
};
struct spec_id_mappings {
	size_t n;
	struct spec_id_mapping *v;
};

/* config.md "Mounts" */
struct spec_mount {
	char *destination;
	char *type;
	char *source;
	struct strlist options;
	struct spec_id_mappings uid_mappings, gid_mappings;
};

/* config.md "Process" */
struct spec_console_size {
	uint64_t height, width;
};
struct spec_capabilities {
	struct strlist bounding, effective, inheritable, permitted, ambient;
};
struct spec_rlimit {
	char *type; /* "RLIMIT_..." */
	uint64_t soft, hard;
};
struct spec_scheduler {
	int policy; /* enum spec_sched_policy */
	struct opt_i32 nice, priority;
	struct enumlist flags; /* SCHED_FLAG_* as the kernel's bits */
	struct opt_u64 runtime, deadline, period;
};
struct spec_io_priority {
	int io_class; /* IOPRIO_CLASS_*: RT 1, BE 2, IDLE 3 */
	struct opt_i32 priority;
};
struct spec_cpu_affinity {
	char *initial, *final;
};
struct spec_user {
	uint32_t uid, gid;
	struct opt_u32 umask;
	struct u32list additional_gids;
};
struct spec_process {
	bool terminal;
	struct spec_console_size *console_size;
	struct spec_user *user;
	char *cwd;
	struct strlist env;
	struct strlist args;
	struct spec_capabilities *capabilities;
	struct {
		size_t n;
		struct spec_rlimit *v;
	} rlimits;
	struct opt_bool no_new_privileges;
	char *apparmor_profile;
	struct opt_i32 oom_score_adj;
	struct spec_scheduler *scheduler;
	char *selinux_label;
	struct spec_io_priority *io_priority;
	struct spec_cpu_affinity *exec_cpu_affinity;
};

/* config.md "POSIX-platform Hooks" */
struct spec_hook {
	char *path;
	struct strlist args, env;
	struct opt_i64 timeout; /* seconds, > 0 */
};
struct spec_hook_list {
	size_t n;
	struct spec_hook *v;
};
struct spec_hooks {
	struct spec_hook_list prestart, create_runtime, create_container, start_container,
		poststart, poststop;
};

/* config-linux.md "Namespaces" */
struct spec_namespace {
	int type; /* enum spec_ns_type */
	char *path;
};

struct spec_time_offset {
	struct opt_i64 secs;
	struct opt_u32 nanosecs;
};
struct spec_time_offsets {
	struct spec_time_offset *monotonic, *boottime;
};

/* config-linux.md "Devices" */
struct spec_device {
	char *type; /* "c" "b" "u" "p" */
	char *path;
	struct opt_i64 major, minor;
	struct opt_u32 file_mode; /* engines may send the type's bits along, as in st_mode */
	struct opt_u32 uid, gid;
};

/* config-linux.md "Network Devices" */
struct spec_net_device {
	char *key;
	char *name;
};

/* config-linux.md "Control groups" */
struct spec_device_rule {
	bool allow;
	char *type;
	struct opt_i64 major, minor;
	char *access;
};
struct spec_memory {
	struct opt_i64 limit, reservation, swap, kernel, kernel_tcp;
	struct opt_u64 swappiness;
	struct opt_bool disable_oom_killer, use_hierarchy, check_before_update;
};
struct spec_cpu {
	struct opt_u64 shares;
	struct opt_i64 quota;
	struct opt_u64 burst, period;
	struct opt_i64 realtime_runtime;
	struct opt_u64 realtime_period;
	char *cpus, *mems;
	struct opt_i64 idle;
};
struct spec_pids {
	int64_t limit;
};
struct spec_weight_device {
	int64_t major, minor;
	struct opt_u16 weight, leaf_weight;
};
struct spec_throttle_device {
	int64_t major, minor;
	struct opt_u64 rate;
};
struct spec_throttle_list {
	size_t n;
	struct spec_throttle_device *v;
};
struct spec_block_io {
	struct opt_u16 weight, leaf_weight;
	struct {
		size_t n;
		struct spec_weight_device *v;
	} weight_device;
	struct spec_throttle_list throttle_read_bps, throttle_write_bps, throttle_read_iops,
		throttle_write_iops;
};
struct spec_hugepage_limit {
	char *page_size;
	uint64_t limit;
};
struct spec_interface_priority {
	char *name;
	uint32_t priority;
};
struct spec_network_resources {
	struct opt_u32 class_id;
	struct {
		size_t n;
		struct spec_interface_priority *v;
	} priorities;
};
struct spec_rdma {
	char *key;
	struct opt_u32 hca_handles, hca_objects;
};
struct spec_resources {
	struct {
		size_t n;
		struct spec_device_rule *v;
	} devices;
	struct spec_memory *memory;
	struct spec_cpu *cpu;
	struct spec_pids *pids;
	struct spec_block_io *block_io;
	struct {
		size_t n;
		struct spec_hugepage_limit *v;
	} hugepage_limits;
	struct spec_network_resources *network;
	struct {
		size_t n;
		struct spec_rdma *v;
	} rdma;
	struct strmap unified;
};

/* config-linux.md "IntelRdt", "Memory policy" */
struct spec_intel_rdt {
	char *clos_id, *l3_cache_schema, *mem_bw_schema;
	struct strlist schemata;
	struct opt_bool enable_monitoring;
};
struct spec_memory_policy {
	char *mode; /* "MPOL_..." */
	char *nodes;
	struct strlist flags;
};

/* config-linux.md "Seccomp" */
struct spec_seccomp_arg {
	uint32_t index;
	uint64_t value;
	struct opt_u64 value_two;
	int op; /* enum spec_seccomp_op */
};
struct spec_seccomp_rule {
	struct strlist names;
	int action; /* enum spec_seccomp_action */
	struct opt_u32 errno_ret;
	struct {
		size_t n;
		struct spec_seccomp_arg *v;
	} args;
};
struct spec_seccomp {
	int default_action; /* enum spec_seccomp_action */
	struct opt_u32 default_errno_ret;
	struct strlist architectures; /* "SCMP_ARCH_..." */
	struct strlist flags;         /* "SECCOMP_FILTER_FLAG_..." */
	char *listener_path, *listener_metadata;
	struct {
		size_t n;
		struct spec_seccomp_rule *v;
	} syscalls;
};

struct spec_personality {
	char *domain;
	struct strlist flags;
};

struct spec_linux {
	struct {
		size_t n;
		struct spec_namespace *v;
	} namespaces;
	struct spec_id_mappings uid_mappings, gid_mappings;
	struct spec_time_offsets *time_offsets;
	struct {
		size_t n;
		struct spec_device *v;
	} devices;
	struct {
		size_t n;
		struct spec_net_device *v;
	} net_devices;
	char *cgroups_path;
	struct spec_resources *resources;
	struct spec_intel_rdt *intel_rdt;
	struct spec_memory_policy *memory_policy;
	struct strmap sysctl;
	struct spec_seccomp *seccomp;
	char *rootfs_propagation; /* (r)private, (r)shared, (r)slave, (r)unbindable */
	struct strlist masked_paths, readonly_paths;
	char *mount_label;
	struct spec_personality *personality;
};

/* config.md, top level */
struct spec {
	char *oci_version;
	struct spec_root *root;
	struct {
		size_t n;
		struct spec_mount *v;
	} mounts;
	struct spec_process *process;
	char *hostname, *domainname;
	struct spec_hooks *hooks;
	struct strmap annotations;
	struct spec_linux *linux_;
	/* What it was decoded from, for the line and column in messages; NULL: from no text. */
	const char *text;
	size_t text_length;
};

extern const struct fields spec_fields;           /* config.json */
extern const struct fields spec_process_fields;   /* process.json of exec */
extern const struct fields spec_resources_fields; /* --resources of update */

/* Properties of the specification's schema that are not for Linux and that no table has: they are
 * ignored like unknown ones, but for a section that stands in place of `linux`. Ends with a row whose name
 * is NULL. */
struct spec_unsupported_property {
	const char *name;   /* "process.commandLine"; without a dot a section */
	const char *reason; /* of a section: what it is for */
};
extern const struct spec_unsupported_property spec_unsupported[];

/* The specification's version 1 in any form of SemVer is read ("1.0.2-dev", "1.3.0+dev"), every other ociVersion is
 * refused. Not validated: the policy mends what validation would refuse (a host name without a UTS namespace of its
 * own), so it is the policy's outcome that is validated. */
int spec_decode(const struct json_source *source, struct arena *arena, struct spec **ret,
		struct err *e) MUST_CHECK;
int spec_decode_text(const char *text, size_t length, const char *name, struct arena *arena,
		     struct spec **ret, struct err *e) MUST_CHECK;
/* An array like `mounts` alone, as the file of the command `mounts`: sets ret->mounts. */
int spec_decode_mounts(const char *text, size_t length, const char *name, struct arena *arena,
		       struct spec *ret, struct err *e) MUST_CHECK;
int spec_encode_text(const struct spec *spec, bool pretty, struct arena *arena, char **ret_text,
		     size_t *ret_length, struct err *e) MUST_CHECK;

/* A deep copy that shares nothing with the input, made by walking the tables. */
struct spec *spec_copy(const struct spec *spec, struct arena *arena)
	__attribute__((returns_nonnull));

/*
 * Cross-field checks of the specification's MUSTs and of what every user of runc or crun relies on. A
 * list of small functions; all run, all failures are reported together, one a line. Values only: no
 * file is looked at. `source_name` opens each line, with the place if there is a text.
 */
int spec_validate(const struct spec *spec, const char *source_name, struct err *e) MUST_CHECK;
/* Puts "SOURCE_NAME:LINE:COLUMN: " before an error that begins with the name of a property which is in the
 * configuration's text, or in an object that is. Always -1. */
int spec_fail_located(const struct spec *spec, const char *source_name, struct err *e);
/* The same where the name of a step comes first: "mounts: mounts[3]: ...". */
int spec_fail_located_in_step(const struct spec *spec, const char *source_name, struct err *e);
int spec_validate_process(const struct spec_process *process, const char *source_name,
			  struct err *e) MUST_CHECK;
int spec_validate_resources(const struct spec_resources *resources, const char *source_name,
			    struct err *e) MUST_CHECK;
/* Of spec->mounts alone. */
int spec_validate_mounts(const struct spec *spec, const char *source_name, struct err *e)
	MUST_CHECK;
int spec_validate_intel_rdt(const struct spec_intel_rdt *rdt, const char *source_name,
			    struct err *e) MUST_CHECK;

/*
 * The file below /proc/sys that a key of linux.sysctl names, "net/ipv4/conf/eth0.1/forwarding" for both
 * "net.ipv4.conf.eth0/1.forwarding" and "net/ipv4/conf/eth0.1/forwarding": whichever separator comes first
 * separates, and the other one stands for the first inside a component (sysctl(8)). In `arena`.
 */
char *spec_sysctl_path(const char *key, struct arena *arena) __attribute__((returns_nonnull));

/* The first namespace entry of a type, NULL if there is none. */
const struct spec_namespace *spec_namespace_find(const struct spec *spec, enum spec_ns_type type);

/* The config.json that `distro-shim spec` writes: a shell in a root filesystem that joins the network
 * namespace `netns_path`. With `rootless` it has a user namespace whose root is uid and gid of the caller;
 * without it they are not used. */
struct spec *spec_example(struct arena *arena, const char *netns_path, bool rootless, uint32_t uid,
			  uint32_t gid) __attribute__((returns_nonnull));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exact actions that make the container, nothing left to decide. Pure: made from the verdict's spec
 * and the facts, printed and compared with golden files, and the only thing that boot/ knows of the
 * configuration.
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "base/fields.h"
#include "model/annotations.h"
#include "model/confinement.h"
#include "model/network.h"
#include "model/record.h"
#include "model/words.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* --- namespaces --- */
struct plan_join {
	int type;         /* enum spec_ns_type */
	const char *path; /* the descriptor is in struct host, by type */
};
struct plan_namespaces {
	uint64_t clone_flags; /* CLONE_NEW* of clone3, without CLONE_NEWTIME and CLONE_NEWCGROUP */
	bool new_time;        /* unshare(CLONE_NEWTIME) in the parent, before the clone */
	bool new_cgroup;      /* after the join of the cgroup */
	bool new_user, new_mount, new_pid, new_network;
	bool host_mounts; /* no mount namespace at all: only the root directory is the container's own */
	struct {
		size_t n;
		struct plan_join *v;
	} joins;     /* by path, all but the policy's network */
	int network; /* enum network_join */
	/* NETWORK_LATE of a process that will have no power over the shared network by then: it is born there, and one of its
	 * threads is in the new one until it ends (boot/create/init_threads.c) */
	bool late_by_thread;
	const char *network_path;
	uint64_t network_cookie;
	/* text for /proc/PID/uid_map and gid_map; NULL without a new user namespace */
	const char *uid_map, *gid_map;
	const char *time_offsets; /* text for /proc/self/timens_offsets; NULL: none */
};

/* --- mounts --- */
enum plan_mount_kind {
	PLAN_MOUNT_BIND = 1, /* clone of `source` */
	PLAN_MOUNT_FS,       /* a new instance of `fstype` */
	PLAN_MOUNT_CGROUP,   /* the view of the cgroup hierarchies, made by boot/ for its layout */
	PLAN_MOUNT_REMOUNT,  /* no new mount: attributes of the one that is at `destination` */
};
struct plan_option {
	const char *key, *value;
}; /* value NULL: a flag */
struct plan_idmap {
	bool given;
	bool recursive; /* of all mounts below it, too */
	/* text for /proc/PID/uid_map and gid_map; NULL: those of the container's user namespace */
	const char *uid_map, *gid_map;
};
/* Of a file system of the kernel's that is mounted below a source: what becomes of it. */
struct plan_below {
	const char *path; /* from the source on */
	bool detach;      /* else it becomes read-only */
};
struct plan_belows {
	size_t n;
	struct plan_below *v;
};
/* Of a procfs or sysfs beside the usual place: what is masked or read-only there. */
struct plan_guard {
	const char *path; /* from the mount on */
	bool masked;      /* else it becomes read-only */
};
#define PLAN_NO_SOURCE SIZE_MAX
struct plan_mount {
	int kind;
	unsigned index; /* in config.json's mounts, for messages */
	/* source: BIND absolute; FS never NULL (the type's name where none was given); REMOUNT with options
	 * that of the file system, else NULL.
	 * destination: absolute in the container, without "." ".." and double slashes.
	 * fstype: FS and CGROUP, REMOUNT with options. */
	const char *source, *destination, *fstype;
	bool recursive; /* bind: with everything below it */
	struct plan_idmap idmap;
	bool source_nofollow;      /* bind: a symlink that is the source is bound itself */
	bool destination_nofollow; /* bind: a symlink at the destination is covered itself */
	bool copy_symlink;         /* bind: a symlink that is the source is made again */
	struct {
		size_t n;
		struct plan_option *v;
	} options;                             /* for fsconfig() */
	uint64_t attr_set, attr_clear;         /* MOUNT_ATTR_* of this mount */
	uint64_t rec_attr_set, rec_attr_clear; /* of this mount and all below it */
	struct {
		size_t n;
		uint64_t *v;
	} propagation;      /* MS_PRIVATE ..., with MS_REC, in order */
	bool readonly_late; /* ro only after devices and links are made in it (/dev) */
	bool copy_up;       /* tmpcopyup */
	bool made_outside;  /* made by the parent inside the shared network (sysfs), handed down */
	bool is_proc, is_sysfs;
	bool systemd_v1; /* CGROUP: of the hierarchies only the one that is named "systemd" */
	bool remounted;  /* FS: a later entry changes its options */
	size_t remounts; /* REMOUNT with options: which of the plan's mounts has the file system */
	size_t opened; /* BIND: which of the facts' sources it is; PLAN_NO_SOURCE: looked up by its path */
	bool dispensable; /* BIND: left out where its destination is missing and cannot be made */
	bool own_source;  /* BIND: of the runtime's own making, which needs no judgement */
	/* FS and CGROUP: what of the container's own is mounted, in place of something of the host's: "/" or a
	 * part; NULL: a mount as any other. */
	const char *subtree;
	bool spare; /* of a running container: it was not asked for, and a container that has none goes without */
	bool lends;  /* FS: a later one mounts a part of it */
	bool kernel; /* a file system of the kernel's, which the container is known to have */
	/* of those: made read-only, it is not for a later remount to change */
	bool stays_readonly;
	bool readonly_top; /* CGROUP of v1: the hierarchies in it are writable */
	bool whole_tree;   /* CGROUP of v2: the host's, without a cgroup namespace */
	struct plan_belows below;
	struct {
		size_t n;
		struct plan_guard *v;
	} guards;
};

/* --- devices --- */
struct plan_device {
	const char *path;
	mode_t type; /* S_IFCHR, S_IFBLK, S_IFIFO */
	mode_t mode;
	unsigned major, minor;
	uint32_t uid, gid;
	uint32_t host_uid, host_gid; /* the same as the host counts; 0: not known, or root */
	bool bind; /* from the host's node (user namespace): mknod is not permitted there */
	bool is_default;
	bool look_only; /* in a directory of the host's, if none is made: only looked at */
	size_t index;   /* in linux.devices, for messages; not where it is a default one */
};
struct plan_link {
	const char *path, *target;
};

/* --- cgroup --- */
struct plan_cgroup_write {
	const char *controller, *file, *value;
	const char *field; /* the property that asks for it; NULL: the program itself */
	/* what is written if `file` is missing: the same under an older or newer name; NULL: none */
	const char *other_file, *other_value;
	int tolerated; /* the errno that is not a failure; 0: none */
};
struct plan_cgroup_writes {
	size_t n;
	struct plan_cgroup_write *v;
	size_t capacity;
};

/* Access to devices: the last rule that names a device and one of the kinds of access decides about that
 * kind; what no rule names is `others`. */
enum plan_device_access { DEVICE_MKNOD = 1, DEVICE_READ = 2, DEVICE_WRITE = 4 };
#define DEVICE_ACCESS_ALL (DEVICE_MKNOD | DEVICE_READ | DEVICE_WRITE)
struct plan_device_rule {
	bool allow;
	char type;            /* 'a' both, 'b', 'c' */
	int64_t major, minor; /* -1: any */
	unsigned access;      /* enum plan_device_access */
	bool is_default;      /* not of the configuration */
	size_t index;         /* in linux.resources.devices, for messages */
};
struct plan_device_rules {
	bool by_program; /* v2: as eBPF. On v1 they are among the writes */
	bool others;     /* allowed */
	size_t n;
	struct plan_device_rule *v; /* in order */
};

/* The group in which those of all containers lie, with what limits them together. */
struct plan_group_parent {
	const char *path;  /* as in struct plan_cgroup; NULL: not known beforehand */
	const char *slice; /* whose limits systemd writes; NULL: they are written to the files */
	struct plan_cgroup_writes writes;
};

struct plan_cgroup {
	bool manage;      /* false: --cgroup-manager disabled */
	int layout;       /* enum cgroup_layout */
	const char *path; /* below every hierarchy's root as the runtime sees it; begins with '/' */
	struct plan_cgroup_writes writes; /* in order */
	struct plan_device_rules devices;
	uint64_t memory_check; /* refuse where more is in use than this; 0: do not ask */
	bool delegate;         /* v2: the container's user gets the group as its own */
	uint32_t delegate_uid, delegate_gid; /* on the host; 0: not known, or root */
	/* v2: "a/b" below it, where the container's processes are put once it has its cgroup namespace; NULL:
	 * none */
	const char *delegated;
	/* plan/systemd.h: a unit whose cgroup it is, made by systemd; NULL: the group is made in the files */
	const struct plan_scope *scope;
	bool exclusive; /* no other container's group is, contains or lies in it */
	const struct plan_group_parent *parent; /* NULL: the policy has none */
};

/* --- resctrl --- */
struct plan_rdt {
	const char *group;       /* below the file system's root; "": the root itself */
	bool named;              /* by closID: it may be there already */
	struct strlist schemata; /* lines, in order */
	const char *monitor;     /* the monitoring group inside; NULL: none */
};

/* --- process --- */
struct plan_rlimit {
	int resource;
	const char *name;
	uint64_t soft, hard;
};
struct plan_capabilities {
	bool given; /* false: the config has no capabilities object: all sets empty but none is touched */
	uint64_t bounding, effective, inheritable, permitted, ambient;
};
struct plan_scheduler {
	const char *name; /* of the policy, as in config.json */
	uint32_t policy;  /* SCHED_* */
	uint64_t flags;   /* SCHED_FLAG_* */
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period; /* ns */
};
struct plan_io_priority {
	int io_class, priority;
};
/* Processors or memory nodes. */
struct plan_number_set {
	const char *text; /* as in config.json; NULL: not given */
	size_t words;
	unsigned long *mask;
};
struct plan_memory_policy {
	const char *name; /* of the mode */
	int mode;         /* MPOL_* | MPOL_F_* */
	struct plan_number_set nodes;
};
struct plan_personality {
	const char *name;
	unsigned long domain; /* PER_* */
};
struct plan_process {
	bool terminal;
	unsigned short rows, columns; /* consoleSize, 0 0: unset */
	uint32_t uid, gid;
	struct u32list groups;
	bool keep_groups; /* run.oci.keep_original_groups */
	bool umask_set;
	mode_t umask;
	const char *cwd;
	char **env;    /* NULL-terminated, later duplicates removed in favour of the last */
	char **args;   /* NULL-terminated; NULL if the config has no process */
	bool home_set; /* HOME is in env and not empty */
	struct plan_capabilities capabilities;
	struct {
		size_t n;
		struct plan_rlimit *v;
	} rlimits;
	bool no_new_privileges;
	bool oom_score_adj_set;
	int oom_score_adj;
	/* of the next execve(); NULL: none asked for */
	const char *apparmor_profile, *selinux_label;
	/* NULL: as the caller has it */
	struct plan_scheduler *scheduler;
	struct plan_io_priority *io_priority;
	struct plan_memory_policy *memory_policy;
	struct plan_personality *personality;
	/* exec: before and after the join of the cgroup */
	struct plan_number_set affinity_initial, affinity_final;
};

/* Lists are shared. */
void identity_of_plan(const struct plan_process *process, uint32_t filters,
		      struct identity_record *ret);

/* --- seccomp --- */
struct plan_seccomp_condition {
	uint32_t index; /* 0 to 5 */
	int op;         /* enum spec_seccomp_op */
	uint64_t mask;  /* all bits but for SPEC_CMP_MASKED_EQ */
	uint64_t value;
};
struct plan_seccomp_rule {
	size_t number; /* in linux.seccomp.syscalls, for errors; several where it was taken apart */
	struct strlist names;
	int action;     /* enum spec_seccomp_action */
	uint32_t value; /* error number, or what a tracer gets */
	struct {
		size_t n;
		struct plan_seccomp_condition *v; /* on different arguments; all must hold */
	} conditions;
};
struct plan_seccomp {
	int default_action;
	uint32_t default_value;
	struct strlist architectures; /* "SCMP_ARCH_...", beside the native one */
	uint64_t flags;               /* SECCOMP_FILTER_FLAG_* */
	bool unknown_refused;         /* a name that libseccomp does not know is an error */
	bool notify;                  /* some rule asks the listener */
	const char *listener_path;    /* NULL: none */
	const char *listener_metadata;
	struct {
		size_t n;
		struct plan_seccomp_rule *v;
	} rules;
	/* Ready made, in place of default, architectures and rules; n 0: none. */
	struct {
		size_t n;
		struct sock_filter *v;
	} program;
};

/* --- hooks --- */
struct plan_hook {
	const char *path;
	char **args;     /* NULL-terminated, args[0] = path where none were given */
	char **env;      /* NULL-terminated; NULL: not given, that of the process that runs it */
	int64_t timeout; /* seconds; 0: none */
};
struct plan_hooks {
	size_t n;
	struct plan_hook *v;
};

/* --- network devices --- */
struct plan_net_device {
	const char *name, *inside; /* of the host's link, and in the container */
};

/* Strings are shared with the verdict, the facts and the options, which must live as long. */
/* What is neither covered nor taken away in a container that runs. */
struct plan_kept {
	const char *path;
	bool below;      /* nor what lies below it */
	const char *why; /* words behind the path */
};

struct plan {
	const char *id;
	const char *bundle; /* absolute */
	const char *rootfs; /* real path on the host */
	bool root_idmap;    /* shown by the ids of the container's new user namespace */
	bool readonly_root;
	bool no_pivot;               /* --no-pivot */
	uint64_t rootfs_propagation; /* MS_* for "/", 0: MS_REC|MS_PRIVATE as made */
	const char *hostname, *domainname;
	struct plan_namespaces namespaces;
	struct {
		size_t n;
		struct plan_mount *v;
	} mounts;
	bool kernel_own; /* no other file system of the kernel's is in the container */
	struct {
		size_t n;
		struct plan_kept *v;
	} kept;                         /* for mounts in a container that runs; else none */
	struct plan_belows root_below;  /* in the root filesystem */
	struct plan_option mount_label; /* key NULL: none; the mounts have it already */
	struct {
		size_t n;
		struct plan_net_device *v;
	} net_devices; /* to be moved into the container's network namespace */
	struct {
		size_t n;
		struct plan_device *v;
	} devices;
	struct {
		size_t n;
		struct plan_link *v;
	} links;
	struct strlist masked_paths, readonly_paths;
	struct strmap sysctls; /* keys with slashes, "kernel/shm_rmid_forced" */
	struct plan_cgroup cgroup;
	struct forward_record *forward; /* NULL: nothing is led to the container */
	struct address_record *address; /* NULL: it has the addresses of its network */
	struct plan_rdt *rdt;           /* NULL: resctrl is left alone */
	struct plan_process process;
	struct plan_seccomp *seccomp; /* NULL: none */
	struct confinement confinement;
	struct plan_hooks prestart, create_runtime, create_container, start_container, poststart,
		poststop;
	struct strlist warnings; /* what a user must know at each start */
	struct strlist notes; /* warnings of what engines ask for by habit and users do not miss */
	const char *pidfd_socket;  /* gets a pidfd of the first process; NULL: none */
	struct strmap annotations; /* for the state that hooks get */
	const char *oci_version;
};

/* True if the container's user namespace, a new one or one that is joined, is not the runtime's own. */
static inline bool plan_has_user_namespace(const struct plan *plan)
{
	bool has = plan->namespaces.new_user;

	for (size_t i = 0; i < plan->namespaces.joins.n; i++)
		has |= plan->namespaces.joins.v[i].type == SPEC_NS_USER;
	return has;
}

/* The namespace of a type that is joined by path; NULL if there is none. */
static inline const struct plan_join *plan_join_of(const struct plan *plan, int type)
{
	for (size_t i = 0; i < plan->namespaces.joins.n; i++)
		if (plan->namespaces.joins.v[i].type == type)
			return &plan->namespaces.joins.v[i];
	return NULL;
}

/* It lies over the root filesystem and is what the container has in its place. */
bool plan_is_root(const struct plan_mount *mount);

/* Why nothing may be mounted over this path of a container that runs, nor what is mounted there be taken away; NULL:
 * it may. For what a destination has turned out to be. */
const char *plan_keeps(const struct plan *plan, const char *path);

#define CGROUP_DELEGATED_DEPTH 16

#endif

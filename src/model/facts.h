/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verdict and a plan need to know of the host: plain values, filled by facts/ from one look each,
 * or by a test from a file. No descriptor is in here (see facts/facts.h for those).
 */
#ifndef MODEL_FACTS_H
#define MODEL_FACTS_H

#include "base/fields.h"

#include <stdbool.h>
#include <stdint.h>

/* One namespace file, opened once and looked at through that descriptor (policy.md "Joining safely"). */
struct ns_facts {
	char *path;    /* as asked for */
	char *problem; /* why it cannot be used ("is a FIFO, not a namespace file"); NULL: usable */
	int problem_errno;
	int type;               /* enum spec_ns_type by NS_GET_NSTYPE, 0 if it is not a namespace */
	uint64_t device, inode; /* nsfs; equal while both descriptors are held = the same object */
	uint64_t cookie;        /* network only: SO_NETNS_COOKIE, never reused; 0 elsewhere */
	bool is_self;           /* the namespace that the runtime itself is in */
	bool is_host; /* that of the host's first process, where that can be told; else is_self */
	bool owned; /* network: its owning user namespace is the runtime's own, or the caller made it */
	struct opt_u32 owner_uid;
};

/* A running container in the registry (state/registry.h). */
struct member_facts {
	char *id;
	char *root; /* state root of the engine that made it */
	int64_t pid;
	uint64_t cookie;
	char *network_path;
};

/* Where another container's group lies, seen from the one that is asked for. */
enum group_relation {
	GROUP_SAME = 1,
	GROUP_ABOVE,
	GROUP_BELOW,
	GROUP_AROUND, /* above, and the runtime itself runs in it: not a fact, because that one is not another container's */
};

/* A container, by its record or a process in the group, whose group has to do with the one asked for. */
struct group_facts {
	char *id, *root; /* root: of its state */
	int relation;    /* enum group_relation */
};

enum cgroup_layout { CGROUP_NONE = 1, CGROUP_V1, CGROUP_HYBRID, CGROUP_V2 };
extern const struct name_row cgroup_layout_names[]; /* "none" "v1" "hybrid" "v2" */

/* One mounted hierarchy: of v1 ("cpu,cpuacct" at /sys/fs/cgroup/cpu,cpuacct; name=systemd) or v2. */
struct cgroup_hierarchy_facts {
	struct strlist
		controllers; /* v1: of the mount options; v2: of cgroup.controllers at the root */
	char *name;          /* v1 named hierarchy: "systemd"; else NULL */
	bool v2;
	char *mount_point;
	bool readonly;  /* mounted so: no group can be made */
	char *own_path; /* where the runtime itself is in it, from /proc/self/cgroup */
	/* v2 without nsdelegate: who is root in a cgroup namespace can lift the limits of its root; asked where the policy
	 * makes such a root writable */
	bool liftable;
};

struct cgroup_facts {
	int layout; /* enum cgroup_layout */
	struct {
		size_t n;
		struct cgroup_hierarchy_facts *v;
	} hierarchies;
	/* Rootless on v2: the cgroup below which the caller may make others and move itself; NULL: none */
	char *delegated;
};

/* What is known of the group in which the policy puts those of all containers. */
struct parent_facts {
	bool disabled, systemd; /* which manager of groups is asked for; neither: the files */
	/* Controllers that it can have; v NULL: not known beforehand */
	struct strlist controllers;
	/* What the host has: bytes; processes and threads; CPUs that are online. 0: not looked at */
	uint64_t memory, pids;
	uint32_t cpus;
};

/* A file system of the kernel's (model/kernel_fs.h) that is mounted below a source. */
struct kernel_mount_facts {
	char *path;   /* from the source on: "/proc" */
	char *fstype; /* "proc" */
	char *part;   /* what of the file system is seen there: "/", "/sys/net" */
};

/*
 * What a mount takes from the host, opened once and looked at through that descriptor (struct host has it): the
 * source of a bind, or the root file system. The runtime's own directory in a procfs reads "/self".
 */
struct source_facts {
	char *source;  /* as config.json has it; of an overlay the option that names layers */
	bool nofollow; /* a symlink that is the source was not followed */
	bool recursive;
	char *path;   /* where it is on the host */
	char *fstype; /* of a file system of the kernel's, "sysfs"; NULL: it is none */
	char *part;   /* then: what of it */
	struct {
		size_t n;
		struct kernel_mount_facts *v;
	} below; /* of a recursive one, in the order in which they were mounted */
};

/* What is known of a container's /etc/hosts or /etc/resolv.conf; NULL: there is none, or it was not looked at. */
struct resolver_facts {
	char *own;    /* the text of the network's file */
	char *engine; /* of the file that the config mounts there */
	char *host;   /* of the host's file; of resolv.conf all that engines take it from */
	struct strlist
		local; /* resolv.conf: the engine's nameservers that are addresses of the host's */
};

/* A hook of the host's. */
struct hook_facts {
	char *path;    /* as config.json has it */
	char *real;    /* where that leads; NULL: nowhere */
	char *problem; /* then: why */
};

/* A process that criu has made. */
struct made_process {
	int64_t pid;
	uint64_t capabilities; /* of all its sets together */
	bool own_user; /* it is in a user namespace of its own, and may have there what it likes */
};
struct made_facts {
	size_t n;
	struct made_process *v;
};

/* Who asks, and where what is asked for lies: what the key `distros` looks at. Paths are real ones. */
struct caller_facts {
	uint32_t owner;   /* uid of the user who asks, outside of a user namespace of his own */
	char *owner_name; /* NULL: not looked up, or has none */
	char *engine;     /* NULL: none that is known */
	char *id;
	char *bundle, *rootfs; /* NULL: not looked up */
	/* why others than root, or than the user who asks, can put another one there; NULL: they cannot */
	char *bundle_doubt, *rootfs_doubt;
	/* The network that is named, and by what: "--network", "the program name". NULL: none is. */
	char *network, *network_by;
};

/* Whether what the engine prepares can lead to the container. */
struct forward_facts {
	char *problem; /* why the namespace that was asked for is not an engine's decoy; NULL: it is one, or a new one was asked for */
	/* By the number of its first process another container was named, to which what is prepared leads already: the cookie of
	 * that, 0: none was; and the engine's nameserver that it asks, NULL: none */
	uint64_t of_other;
	char *nameserver;
};

/* Whether the kernel's programs for addresses of a container's own can be had. */
struct address_facts {
	char *problem; /* why not; NULL: they can */
	/* by the number of its first process this container of the same root was named as the one whose network is asked for;
	 * NULL: none was */
	char *other;
};

/* A directory that the policy shows to every container. */
struct share_facts {
	char *source;        /* as the policy has it */
	char *problem;       /* why it cannot be shown; NULL: it can */
	char *idmap_problem; /* with facts->user: why not by the container's ids; NULL: it can */
};

/* Ids of the host. */
struct id_range {
	uint32_t first, size;
};
/* What namespaces.user "auto" asks of the host. */
struct user_facts {
	uint32_t first, size; /* free for the container; size 0: none are */
	bool held;            /* and no other one gets them meanwhile */
	char *problem;        /* size 0: why; NULL: all of the policy's are in use */
	char *root_problem; /* why the root filesystem cannot be shown by these ids; NULL: it can */
	struct strlist owners; /* who has some of the policy's ids in /etc/subuid or /etc/subgid */
};

struct facts {
	uint32_t uid, gid;            /* effective ids of the caller */
	bool rootless;                /* the caller is not root of the initial user namespace */
	bool in_user_namespace;       /* not every id is the caller's, whatever its uid */
	bool no_runtime_directory;    /* rootless: XDG_RUNTIME_DIR is not set */
	char *kernel;                 /* uname release */
	uint64_t effective, bounding; /* the runtime's capability sets as masks */
	uint32_t last_cap;
	struct {
		size_t n;
		struct ns_facts *v;
	} self; /* the runtime's own: network, and each type in requested */
	struct {
		size_t n;
		struct ns_facts *v;
	} requested;              /* one per spec.linux.namespaces entry that has
	                                                        a path; found by path */
	struct ns_facts *network; /* the policy's network namespace; NULL if it names none */
	struct strlist
		twins; /* names of other networks of the policy that are the same namespace */
	char *asked_name; /* that of the policy's network which is asked for where each keeps what it asks for; NULL: none */
	struct {
		size_t n;
		struct member_facts *v;
	} members; /* running members of that network PATH in another namespace than it is now */
	struct forward_facts *forward; /* NULL: not looked at */
	struct address_facts *address; /* NULL: not looked at */
	struct cgroup_facts *cgroup;
	char *bundle;                /* real path */
	struct parent_facts *parent; /* NULL: the policy has none */
	/* Of the group that the container gets, unless something is refused; NULL: none, or not known beforehand */
	char *cgroup_path;
	struct {
		size_t n;
		struct group_facts *v;
	} groups;                  /* those of others that it would overlap */
	char *rootfs;              /* real path of the root directory */
	struct source_facts *root; /* the same as a source; NULL: not looked at */
	struct {
		size_t n;
		struct source_facts *v;
	} sources; /* of binds and overlays */
	struct {
		size_t n;
		struct share_facts *v;
	} shares;                /* of the policy */
	struct user_facts *user; /* NULL: not asked */
	struct {
		size_t n;
		struct hook_facts *v;
	} hooks; /* in the order of policy/host_hooks.h; where the policy does not allow any hook */
	/* iproute2's convention: /etc/netns/NAME/{resolv.conf,hosts}, where they are regular files that
	 * only root can write; NULL elsewhere */
	char *resolv_conf, *hosts;
	struct resolver_facts *resolv_conf_texts, *hosts_texts; /* with the path of the same name */
	char *hostname; /* of the runtime, which a container without one of its own has, too */
	bool apparmor, selinux; /* enabled; asked where a label is given */
	char *id;               /* of a new container; NULL: not known */
	char *state;            /* the directory of the container's records; NULL: not known */
};

extern const struct fields facts_fields, caller_facts_fields, id_range_fields;

/* The runtime's own namespace of a type; NULL if unknown. */
const struct ns_facts *facts_self(const struct facts *facts, int type);
/* What is known of a path that config.json names; NULL if it was not looked at. */
const struct ns_facts *facts_requested(const struct facts *facts, const char *path);
/* What is known of a source; NULL if it could not be opened. */
const struct source_facts *facts_source(const struct facts *facts, const char *source,
					bool nofollow, bool recursive);
/* What is known of the hook of that number in the order of the facts; NULL if it was not looked at. */
const struct hook_facts *facts_hook(const struct facts *facts, size_t number, const char *path);
bool ns_facts_same(const struct ns_facts *a, const struct ns_facts *b);

#endif

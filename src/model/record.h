/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stays on disk of a container's group, resctrl group and first process, so that later commands find and know
 * them (state/state.h).
 */
#ifndef MODEL_RECORD_H
#define MODEL_RECORD_H

#include "base/fields.h"
#include "model/network.h"

/* Directories that records name whose containers have no marks on their groups. Not on disk. */
struct cgroup_other {
	const char *id, *root;
	uint64_t device, inode;
};
struct cgroup_others {
	size_t n;
	struct cgroup_other *v;
};

/* A container's cgroup, as a later `delete` finds it. */
struct cgroup_record {
	bool manage;
	int layout;                 /* enum cgroup_layout */
	char *path;                 /* as in struct plan_cgroup */
	struct strlist directories; /* absolute, one a hierarchy, as the creator saw them */
	/* of systemd, which makes the directories: what is above is known once there is the unit */
	char *unit;
	char *description; /* tells it from another unit that has the name */
	bool user;         /* of the user's own manager */
	char *mark;        /* name of the mark on its groups; NULL: they have none */
	/* without a mark: whose groups are in its own or the same; not on disk */
	const struct cgroup_others *others;
};
extern const struct fields cgroup_record_fields;

/* That what the engine has prepared leads to the container (forward/forward.h). */
struct forward_record {
	uint64_t decoy; /* cookie of the engine's namespace; 0: not known before `start` */
	bool of_other; /* what leads from it is another container's doing, whose network was asked for */
	char *nameserver; /* of the engine's, which the decoy answers for; NULL: none */
	char *resolv_conf; /* then: the other lines of the container's file, and a bare "nameserver" */
	char *source; /* the engine's file, which may come to say something else; NULL: it is not followed */
	uint32_t nameserver_port; /* of UDP, at which it is asked; 0: the usual one */
	char *path;               /* where the engine keeps its namespace; NULL: not known */
	bool empty;               /* nothing was set up in it yet, so nothing leads from it */
};
extern const struct fields forward_record_fields;

/* That its sockets are held to addresses of its own, or to a localhost of its own (address/address.h). */
struct address_record {
	int mode; /* enum network_address */
	bool private_localhost, low_ports;
	bool siblings_local; /* ADDRESS_ENGINE: others of the network are met in it, and not by the engine's */
	char *pool4, *pool6; /* ADDRESS_POOL: out of which; NULL: none of that family */
	/* The id of a container of the same root, whose network was asked for, so that it has all of this in common with that one;
	 * NULL: none was */
	char *other;
	struct strlist addresses; /* IPv4 first; empty: not known yet, or those of the network */
	struct opt_u32 index;     /* among those of its network; absent: not known yet */
	char *group; /* one of ours, from the root of the tree of version 2 on; NULL: the container's own group is used */
};
extern const struct fields address_record_fields;

/* Its group of resctrl. */
struct rdt_record {
	char *group; /* absolute */
	bool made;   /* by us, so that it is ours to remove */
	char *monitor;
};
extern const struct fields rdt_record_fields;

/*
 * What the process is when its program is about to run. It goes on disk, because `start` looks at it, in a
 * program that may have another bounding set and that knows no plan.
 */
struct identity_record {
	uint32_t uid, gid;
	struct u32list groups;
	bool keep_groups;
	uint64_t bounding, effective, inheritable, permitted, ambient;
	bool no_new_privileges;
	uint32_t filters; /* of system calls, on top of those that the runtime runs under */
};
extern const struct fields identity_record_fields;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What a page's side has of one thing each; a step takes those that it needs. */
#ifndef BOOT_PARTS_H
#define BOOT_PARTS_H

#include "cgroup/cgroup.h"
#include "model/words.h"
#include "plan/plan.h"
#include "seccomp/program.h"
#include "sys/child.h"

#include <stdbool.h>
#include <sys/types.h>

/* The process that is made. */
struct boot_peer {
	struct child child;
	int channel; /* the runtime's end of the socket pair */
	int theirs;  /* the other end, until the clone */
	bool failed; /* its error was received */
	bool lost;   /* exec: it was killed, or has ended without a word */
	bool runs;   /* exec: the program runs, so what fails now is our own */
};
#define BOOT_PEER_INIT                                           \
	{                                                        \
		.child = CHILD_INIT, .channel = -1, .theirs = -1 \
	}

/* A process from its birth to its program. */
struct session {
	int channel; /* to the runtime */
	/* A runtime without power over its own user namespace has some over ours, which it made; but files of a
	 * process that is not dumpable belong to the host's root, and its namespaces cannot be entered (proc(5),
	 * ptrace(2)). True until all is done from outside. */
	bool reached_into;
	mode_t caller_umask; /* in force before the set-up */
};

/* The container's cgroup and group of resctrl. */
struct boot_group {
	struct cgroup cgroup;
	struct cgroup_memory before;  /* before anybody of ours was in it */
	struct cgroup_record *record; /* as it is in the status */
	int procs; /* v2 with a user namespace by path: written by the process itself; else -1 */
	bool made, rdt_made;
};
#define BOOT_GROUP_INIT                            \
	{                                          \
		.cgroup = CGROUP_INIT, .procs = -1 \
	}

/* The container's "/", and what is mounted below it. */
struct root {
	int fd; /* until it is attached, a detached clone */
	int *mounts; /* one per plan->mounts: made by the runtime, -1 where the container's process makes it */
	int covered;        /* the one over which mounts at "/" lie; -1: there are none */
	unsigned n_covered; /* how many of them are not the root */
	int descriptors; /* /proc/self/fd of the runtime's procfs; -1 where names of descriptors are not needed */
	/* mount ids of the file systems of the kernel's that the plan knows, and of those that stay read-only */
	struct u32list kernel, readonly;
};
#define ROOT_INIT                                          \
	{                                                  \
		.fd = -1, .covered = -1, .descriptors = -1 \
	}

/* The runtime's own namespaces while it is away, -1 elsewhere. */
struct homes {
	int fds[SPEC_NS_COUNT + 1];
	bool ids_mapped; /* of the process, before it was born */
};
#define HOMES_INIT                                            \
	{                                                     \
		.fds = { -1, -1, -1, -1, -1, -1, -1, -1, -1 } \
	}

/* What is executed at last. */
struct program {
	char **env; /* with HOME */
	char *executable;
	bool in_directory; /* the working directory could be entered as root */
};

/* Who a process is while its power goes. */
struct identity {
	bool admin;         /* CAP_SYS_ADMIN beyond what the program gets */
	bool groups_kept;   /* its groups are those of the caller */
	bool groups_denied; /* its user namespace allows no setgroups() */
};

/* The system call filters, and what the runtime looks at. */
struct filter {
	struct seccomp_programs programs;
	bool loaded;        /* in the process: they are in force */
	uint32_t inherited; /* in the process: before those are loaded */
	int status;         /* /proc/self/status */
	int proc;           /* the runtime's /proc, where its own is another one */
};
#define FILTER_INIT                      \
	{                                \
		.status = -1, .proc = -1 \
	}

#endif

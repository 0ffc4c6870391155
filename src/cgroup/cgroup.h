/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroups of a container on v1, hybrid and v2. Measured on Linux 6.18: the first write to cgroup.procs
 * of a v1 hierarchy waits 7-14 ms for an RCU grace period, while a single-threaded child that writes 0
 * to each hierarchy's `tasks` itself takes 0.1 ms for all; on v2 clone3(CLONE_INTO_CGROUP) costs 0.1 ms
 * and the write 7-15 ms. So the child joins on v1 and hybrid, the clone joins on v2.
 */
#ifndef CGROUP_CGROUP_H
#define CGROUP_CGROUP_H

#include "model/facts.h"
#include "plan/plan.h"

#define CGROUP_MAX_HIERARCHIES 32

/* An open cgroup: one directory descriptor a hierarchy. Owned. */
struct cgroup {
	int layout;
	size_t n;
	int directories[CGROUP_MAX_HIERARCHIES]; /* O_PATH | O_DIRECTORY | O_CLOEXEC */
	int tasks
		[CGROUP_MAX_HIERARCHIES]; /* v1 hierarchies: `tasks` opened for writing, for the child */
	int memory; /* index of the directory that counts memory, -1: none does */
	int into;   /* v2, hybrid: its v2 directory, for CLONE_INTO_CGROUP; -1 on v1. Owned */
};
#define CGROUP_INIT                                                     \
	{                                                               \
		.layout = CGROUP_NONE, .n = 0, .memory = -1, .into = -1 \
	}
void cgroup_release(struct cgroup *cgroup);
#define autocgroup __attribute__((cleanup(cgroup_release))) struct cgroup

/* --- whose groups are --- */

#define CGROUP_MARK_NAME 20

/* Who made use of a group as a container's, written on its directories. */
struct cgroup_mark {
	char name[CGROUP_MARK_NAME]; /* in the container's record, and of no other one ever */
	uint64_t
		around; /* inode of the innermost group around both its runtime and it; 0: unknown */
	char id[256], root[4096]; /* of the container, for people and to find its record */
};

/* A name for the marks of a new container. */
char *cgroup_mark_name(struct arena *arena);

/* The name of the mark on a group, where it is that of this container; NULL: it is not. */
char *cgroup_mark_for(const char *directory, const char *id, const char *root, struct arena *arena);

/* What a container that is made says of its groups. */
struct cgroup_claim {
	const char *name;      /* of its mark; NULL: the caller cannot set one */
	const char *id, *root; /* root: absolute, without symlinks */
	bool exclusive;        /* refuse a group that is, lies in or contains another container's */
	/* Whether a mark of another one means anything: its record is there, or a process is in the group. */
	bool (*counts)(const struct cgroup_mark *mark, const char *directory);
};

/* In words that name the other one; ERR_POLICY. */
int cgroup_fail_overlap(const struct cgroup_mark *other, int relation, const char *path,
			struct err *e) MUST_CHECK;

/* Each mark at, above and below a path in one hierarchy, but of the groups in which the runtime itself is. */
struct cgroup_owners {
	int (*found)(const struct cgroup_mark *mark, int relation, const char *directory,
		     void *context, struct err *e);
	void *context;
	bool *unmarked; /* NULL, or set if a container of a version without such marks may be there */
};
int cgroup_find_owners(const struct cgroup_hierarchy_facts *hierarchy, const char *path,
		       const struct cgroup_owners *owners, struct err *e) MUST_CHECK;
/* The same without that of the group itself, which is open. */
int cgroup_find_owners_around(const struct cgroup_hierarchy_facts *hierarchy, const char *path,
			      int directory_fd, const struct cgroup_owners *owners, struct err *e)
	MUST_CHECK;

/* Inode of the innermost group above the path in which the runtime itself runs. */
int cgroup_find_around(const struct cgroup_hierarchy_facts *hierarchy, const char *path,
		       uint64_t *ret, struct err *e) MUST_CHECK;

/* Whether processes are in it or below. */
bool cgroup_is_populated(const char *directory);

/* Whether a hierarchy is one of those that a container of this layout has groups in. */
bool cgroup_takes_part(int layout, const struct cgroup_hierarchy_facts *hierarchy);

/* ERR_STATE if what the record names is another container's by now, or (`verb` not NULL: it says what is to
 * be done) another container is below it. */
int cgroup_check_own(const struct cgroup_record *record, const char *verb, struct err *e)
	MUST_CHECK;

/* Whether what the record names has another container's mark by now, or processes of another container are
 * below it. 1, 0; -1 with *e. */
int cgroup_find_other(const struct cgroup_record *record, struct cgroup_mark *ret, struct err *e)
	MUST_CHECK;

/* The group in which those of all containers lie, which is there: write those of its limits that differ. A controller
 * that it has not is an error that says what mends it. */
int cgroup_parent_limit(const struct plan_group_parent *parent, const struct cgroup_facts *facts,
			struct err *e) MUST_CHECK;
/* The first that differs, or is not to be had; NULL: none. */
const struct plan_cgroup_write *cgroup_parent_differs(const struct plan_group_parent *parent,
						      const struct cgroup_facts *facts);

/* What a change of limits has overwritten. Owned. */
struct cgroup_change {
	int directory;
	char *file, *value;
};
struct cgroup_changes {
	size_t n;
	struct cgroup_change *v;
};
/* Put it back, as well as it goes, and release. */
void cgroup_changes_undo(struct cgroup_changes *changes);
void cgroup_changes_release(struct cgroup_changes *changes);
#define autochanges __attribute__((cleanup(cgroup_changes_release))) struct cgroup_changes

/* What will be made, for the intent record, before anything is made. */
void cgroup_describe(const struct plan_cgroup *plan, const struct cgroup_facts *facts,
		     struct arena *arena, struct cgroup_record *ret);

/*
 * Make the directories (parents too, v1 cpuset filled top-down, v2 controllers enabled top-down) and
 * write the limits and the rules for devices, before any process is in it; last it is given to whom the
 * plan says. A cgroup that already holds processes, or is frozen, is refused, as by runc. It is marked by the
 * claim (NULL: not) as soon as it is there, and of several that want it one wins. Hybrid: v1 hierarchies and
 * the v2 tree, the latter joined by `into` as on v2 so that `cgroup.kill` works.
 */
int cgroup_create(const struct plan_cgroup *plan, const struct cgroup_facts *facts,
		  const struct cgroup_claim *claim, struct cgroup *ret, struct err *e) MUST_CHECK;

/*
 * Open a recorded cgroup for a process that joins it. `below` are cgroups inside of it, which must exist:
 * "PATH", or with v1 hierarchies "CONTROLLER[,CONTROLLER...]:PATH" for those alone; none: itself. `facts`
 * may be NULL if none of them names a controller. ERR_USAGE for what cannot be understood.
 */
int cgroup_open(const struct cgroup_record *record, const struct cgroup_facts *facts,
		const struct strlist *below, struct cgroup *ret, struct err *e) MUST_CHECK;

/* The one directory of version 2 of a recorded cgroup, opened (O_PATH). ERR_STATE: it has none. */
int cgroup_open_unified(const struct cgroup_record *record, struct err *e) MUST_CHECK;

/* Another place to be born in: ret->into becomes the v2 cgroup that `pid` is in, which must be the recorded
 * one or lie below it. */
int cgroup_follow(const struct cgroup_record *record, pid_t pid, struct cgroup *ret, struct err *e)
	MUST_CHECK;

/* The same for a process that is in it already, or in a part of its hierarchies, and alone; afterwards it is
 * in all. */
int cgroup_adopt(const struct plan_cgroup *plan, const struct cgroup_facts *facts,
		 const struct cgroup_claim *claim, pid_t pid, struct cgroup *ret, struct err *e)
	MUST_CHECK;

/* v2: move the process into plan->delegated below its cgroup, which its root may then divide as it likes. */
int cgroup_delegate(const struct plan_cgroup *plan, const struct cgroup *cgroup, pid_t pid,
		    struct err *e) MUST_CHECK;

/* New limits for the container's existing cgroup, all or none; *ret is what was there before. */
int cgroup_update(const struct plan_cgroup *plan, const struct cgroup_facts *facts,
		  const struct cgroup_record *record, struct cgroup_changes *ret, struct err *e)
	MUST_CHECK;

/*
 * A full group takes no process that is born in it, but one that is moved there (pids controller of
 * cgroup-v2.rst). Move a process of the group out of the hierarchies that may be full, to where the caller is; what
 * it clones there is then taken in. `cgroup` was opened by the record.
 */
int cgroup_move_out(const struct cgroup *cgroup, const struct cgroup_record *record,
		    const struct cgroup_facts *facts, pid_t pid, struct err *e) MUST_CHECK;
int cgroup_take_in(const struct cgroup *cgroup, pid_t pid, struct err *e) MUST_CHECK;

/* In the single-threaded child: write 0 to every `tasks`. Async-signal-safe in effect: no allocation. */
int cgroup_join_self(const struct cgroup *cgroup, struct err *e) MUST_CHECK;

/* Send SIGKILL to everything of its own in the container's cgroups but the caller, thawing what is frozen, until
 * they are empty or `deadline_ms` passed (then ERR_SYSTEM naming pids). Missing directories: success. */
int cgroup_kill(const struct cgroup_record *record, int deadline_ms, struct err *e) MUST_CHECK;

/* Signal everything in it (kill --all) but the caller. Freezes while it collects, always thaws what it froze: a
 * cgroup that was frozen before stays so but under SIGKILL. Where freezing would stop the caller, who is in
 * it, or another container below it, it looks again until there is nothing new. */
int cgroup_signal(const struct cgroup_record *record, int signal, struct err *e) MUST_CHECK;

/* Remove directories, deepest first, sub-groups made by the container too; EBUSY retried until the
 * deadline. Missing: success. Only what the record names, and what this program has made on the way to it. A
 * unit of systemd is stopped first, which ends what is in it. */
int cgroup_remove(const struct cgroup_record *record, int deadline_ms, struct err *e) MUST_CHECK;

/* Where its first process has ended there is mostly nothing in it: true if each directory was its own, was made for it
 * and could be removed just so. Else what is left is for cgroup_kill() and cgroup_remove(). */
bool cgroup_remove_empty(const struct cgroup_record *record);

/* Freeze everything in it, or nothing: what does not stand still by the deadline goes on, and that is an
 * error. */
int cgroup_pause(const struct cgroup_record *record, int deadline_ms, struct err *e) MUST_CHECK;
/* Thaw; an error where a cgroup above keeps it frozen. */
int cgroup_resume(const struct cgroup_record *record, int deadline_ms, struct err *e) MUST_CHECK;

/* Where another program may freeze it; NULL: nowhere. */
const char *cgroup_freezer_directory(const struct cgroup_record *record);

/* Pids in it, sub-groups too. */
int cgroup_pids(const struct cgroup_record *record, struct arena *arena, struct u32list *ret,
		struct err *e) MUST_CHECK;

/* True if it is frozen (v1 freezer, v2 cgroup.freeze). */
int cgroup_ask_frozen(const struct cgroup_record *record, bool *ret, struct err *e) MUST_CHECK;
/* The same for where nothing follows from a no: false also if it cannot be told. */
bool cgroup_is_frozen(const struct cgroup_record *record);
/* True if it or one inside of it is frozen by the freezer of v1, out of which no signal leads. */
bool cgroup_holds_frozen(const struct cgroup_record *record);

/* What keeps a process from running, in whatever cgroups it is and by whatever of those above: the freezer, or a
 * group without memory whose OOM killer is off. Words behind "it has been"; NULL: nothing of that. */
const char *cgroup_hindrance(pid_t pid);
/* A process that was killed under the freezer of v1 does not end: moved to where it is let run it does. */
void cgroup_let_die(pid_t pid);

/* What is used and counted, as the object that `events` of runc has; of controllers that are not there
 * nothing. `rdt`: its group of resctrl, or NULL. */
int cgroup_stats(const struct cgroup_record *record, const struct rdt_record *rdt,
		 struct json_out *out, struct err *e) MUST_CHECK;

/* Reports of processes that were ended when memory ran out. */
struct cgroup_oom {
	int fd;        /* to poll for reading; -1: memory is not counted. Owned */
	int directory; /* owned */
	bool unified;
	uint64_t count;
};
#define CGROUP_OOM_INIT                   \
	{                                 \
		.fd = -1, .directory = -1 \
	}
void cgroup_oom_release(struct cgroup_oom *oom);
#define autooom __attribute__((cleanup(cgroup_oom_release))) struct cgroup_oom
int cgroup_oom_open(const struct cgroup_record *record, struct cgroup_oom *ret, struct err *e)
	MUST_CHECK;
/* After it polled readable: whether there was one since the last time. */
bool cgroup_oom_happened(struct cgroup_oom *oom);

/* Whether a process in it was ended when memory ran out: by comparing the counts before and after. */
struct cgroup_memory {
	uint64_t kills;
	uint64_t limit; /* UINT64_MAX: none of its own */
};
void cgroup_memory_of(const struct cgroup *cgroup, struct cgroup_memory *ret);
void cgroup_memory_of_record(const struct cgroup_record *record, struct cgroup_memory *ret);
/* ERR_SYSTEM "WHO was OOM-killed: ..." */
int fail_oom_killed(const char *who, const struct cgroup_memory *now, struct err *e) MUST_CHECK;

#endif

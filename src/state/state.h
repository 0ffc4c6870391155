/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a container between commands.
 *
 *	ROOT/ID/            0700; mkdirat() of it is the claim of the id; its descriptor carries the lock
 *	  intent.json       written before the cgroup is made or a process is born
 *	  status.json       the process, the network, how far creation came
 *	  config.json       the effective configuration, after the policy
 *	  request.json      what the engine has asked for, byte by byte; missing where that is the same
 *	  start             socket on which the created init waits
 *
 * Killed at any moment, what is on disk is enough for `delete --force`: the intent names the cgroup
 * before it exists, the status names the process before it is let go. Every record is written beside,
 * flushed and renamed. Records carry a version, so that a later program reads an earlier one's.
 */
#ifndef STATE_STATE_H
#define STATE_STATE_H

#include "base/auto.h"
#include "base/fields.h"
#include "model/decision.h"
#include "model/oci_state.h"
#include "model/process.h"
#include "model/record.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define STATE_VERSION 1
#define STATE_ID_MAX 200
#define STATE_START_SOCKET "start"
#define STATE_NOTIFY "notify" /* a directory, where a service manager waits for notifications */
#define STATE_NOTIFY_SOCKET "notify.sock"
#define STATE_HOSTS "hosts"
#define STATE_RESOLV_CONF "resolv.conf" /* both are mounted in the container */
#define STATE_YARD "cgroups"            /* a directory of criu's, while there is a checkpoint */
#define STATE_YARD_UNIFIED "unified"

/* A hook of the runtime's while it runs: found by it, and by what guards it (hooks/guard.h). */
struct hook_record {
	char *kind;
	struct process_identity runner; /* the command */
	struct process_identity guard;
	struct process_identity process; /* leads a session */
};

struct intent_record {
	int64_t version;
	char *id;
	struct process_identity owner; /* the creating runtime process */
	struct cgroup_record *cgroup;
	struct rdt_record *rdt; /* NULL: none is used */
	char *group;            /* of ours, as in struct address_record; NULL: none */
	char *bundle;
	struct id_range ids;     /* of the host, its own; size 0: none */
	struct hook_record hook; /* guard.pid 0: none has run */
};

enum container_phase { PHASE_CREATING = 1, PHASE_CREATED, PHASE_STARTED };
extern const struct name_row container_phase_names[]; /* "creating" ..., in records too */

struct status_record {
	int64_t version;
	char *id;
	char *oci_version;
	int phase; /* enum container_phase; whether it still runs is asked of the kernel */
	struct process_identity init;
	char *bundle, *rootfs;
	char *created;  /* RFC 3339, UTC, nanoseconds */
	uint32_t owner; /* uid of the user who created it, outside of a user namespace of his own */
	int network;    /* enum network_join */
	char *network_path;
	uint64_t network_cookie; /* of the namespace that the container is in, or enters at start */
	char *network_name;      /* of the policy's network; NULL: the general one */
	char *network_entry;     /* of the policy, "distros[2]"; NULL: none */
	struct strlist entry_keys; /* as in struct network */
	struct id_range ids;       /* of the host, its own; size 0: none */
	struct cgroup_record *cgroup;
	struct rdt_record *rdt;
	struct forward_record *forward; /* NULL: nothing is led to the container */
	struct address_record *address; /* NULL: it has the addresses of its network */
	struct strmap annotations;
	struct policy *policy; /* in force when it was created */
	char *policy_path;     /* NULL: built-in */
	struct decisions decisions;
	struct confinement *confinement; /* NULL: of an older program, all is open */
	struct identity_record
		*identity; /* NULL: of an older program, whose init is not looked at */
	bool terminal;
	bool no_new_keyring; /* it has the session keyring of its creator */
	bool poststop; /* the configuration has poststop hooks: delete need not read it to find none */
};

extern const struct fields intent_fields, status_fields;

struct network network_of_status(const struct status_record *status);

/* What hooks and a seccomp agent get of a container with a first process; `status`: the specification's word.
 * Strings and annotations are the record's. */
struct oci_state oci_state_of_status(const struct status_record *record, const char *status);

/* [A-Za-z0-9_+][A-Za-z0-9_+.-]{0,199}; ERR_USAGE elsewhere. */
int state_check_id(const char *id, struct err *e) MUST_CHECK;

/* The default state root: /run/distro-shim/containers, or $XDG_RUNTIME_DIR/distro-shim/containers for a
 * rootless caller with a non-empty XDG_RUNTIME_DIR. In memory of `arena`. */
const char *state_default_root(bool rootless, struct arena *arena);

/*
 * The root directory must be a directory of the caller that no other user can write to. Without `create`
 * a missing root gives ERR_NOT_FOUND.
 */
int state_root_open(const char *path, bool create, int *ret_fd, struct err *e) MUST_CHECK;

struct state_dir {
	int root_fd;     /* owned */
	int fd;          /* of ROOT/ID; flock()ed while `locked`; owned */
	char *root, *id; /* owned */
	bool locked;
};
#define STATE_DIR_INIT                  \
	{                               \
		.root_fd = -1, .fd = -1 \
	}
void state_dir_release(struct state_dir *dir);
#define autostatedir __attribute__((cleanup(state_dir_release))) struct state_dir

/* Make the directory, exactly one of many wins; locked. One that is empty and not locked is taken over: its
 * creator was killed. ERR_STATE "container with given ID already exists" where it is taken. */
int state_claim(const char *root, const char *id, struct state_dir *ret, struct err *e) MUST_CHECK;

/* ERR_NOT_FOUND "container does not exist": `sys` is ENOENT if nothing has the name, 0 if what has it is
 * not a container. What cannot be told is another error. lock: wait for the lock at most 10 seconds. */
int state_open(const char *root, const char *id, bool lock, struct state_dir *ret, struct err *e)
	MUST_CHECK;
/* Unlocked, by a root that state_root_open() has opened, for who looks at all of them; what is in the directory is not
 * looked at. */
int state_open_below(int root_fd, const char *root, const char *id, struct state_dir *ret,
		     struct err *e) MUST_CHECK;
/* Take away what a creator that was killed at once has left, an empty directory. Nothing there: success. */
int state_discard_empty(const char *root, const char *id, struct err *e) MUST_CHECK;
void state_unlock(struct state_dir *dir);
/* Lock again what is still open; ERR_NOT_FOUND if it was deleted meanwhile, whether or not another
 * container has its name by now. */
int state_relock(struct state_dir *dir, struct err *e) MUST_CHECK;

/* Ids of the containers below a root, sorted; what is not one is left out. One of which that cannot be told is
 * listed, and the first reason is in *doubt, else ERR_NONE. A missing root has none. */
int state_list(const char *root, struct arena *arena, struct strlist *ret, struct err *doubt,
	       struct err *e) MUST_CHECK;

int state_write_intent(struct state_dir *dir, const struct intent_record *intent, struct err *e)
	MUST_CHECK;
int state_write_status(struct state_dir *dir, const struct status_record *status, struct err *e)
	MUST_CHECK;
int state_write_config(struct state_dir *dir, const struct spec *spec, struct err *e) MUST_CHECK;
/* The text of a configuration as it was given. */
int state_write_request(struct state_dir *dir, const struct spec *request, struct err *e)
	MUST_CHECK;
/* STATE_HOSTS or STATE_RESOLV_CONF, readable by every user in the container. NULL: none. */
int state_write_file(struct state_dir *dir, const char *name, const char *text, struct err *e)
	MUST_CHECK;

/* The same file, which is mounted in the container; one that is not there is an error. */
int state_rewrite_file(const struct state_dir *dir, const char *name, const char *text,
		       struct err *e) MUST_CHECK;

/* A record that is not there gives *ret = NULL and success: the creation did not come so far. One that cannot be
 * read is an error, ERR_STATE if it is damaged (cut short, of a newer version, not a file). */
int state_read_intent(const struct state_dir *dir, struct arena *arena, struct intent_record **ret,
		      struct err *e) MUST_CHECK;
int state_read_status(const struct state_dir *dir, struct arena *arena, struct status_record **ret,
		      struct err *e) MUST_CHECK;
int state_read_config(const struct state_dir *dir, struct arena *arena, struct spec **ret,
		      struct err *e) MUST_CHECK;
int state_read_request(const struct state_dir *dir, struct arena *arena, struct spec **ret,
		       struct err *e) MUST_CHECK;

/* Remove the directory with everything that this program puts into it (and nothing else: an unknown
 * file makes it fail, naming it). Works on a full disk. */
int state_remove(struct state_dir *dir, struct err *e) MUST_CHECK;

/* --- processes --- */

/* Fill an identity of a running process. */
int process_identify(pid_t pid, struct arena *arena, struct process_identity *ret, struct err *e)
	MUST_CHECK;

/* A pidfd of exactly this process, -1 with e->kind ERR_NOT_FOUND if it is gone (also a zombie, a
 * reused pid, another boot). */
int process_open(const struct process_identity *process, struct err *e) MUST_CHECK;
/* Also true where that cannot be told. */
bool process_may_run(const struct process_identity *process);
/* To be shown, and not to be held: 1: it runs; 0: it has ended; -1. *ret_executed: its program, and not what made it. */
int process_look_at(const struct process_identity *process, bool *ret_executed, struct err *e)
	MUST_CHECK;
/* False only where the container is not there, or neither its first process nor who creates it runs. */
bool state_is_living(const char *root, const char *id);

#endif

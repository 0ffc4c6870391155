/* SPDX-License-Identifier: Apache-2.0 */
/*
 * THE PAGES: how a container comes to life, as two straight sequences each (create/, start/),
 * how another process gets into it (exec/), more mounts (mounts/), and how it comes back (restore/).
 */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include "criu/criu.h"
#include "facts/facts.h"
#include "model/host_file.h"
#include "plan/plan.h"
#include "state/registry.h"
#include "state/state.h"
#include "sys/child.h"

struct create_options {
	const char *pid_file;       /* NULL: none */
	const char *console_socket; /* NULL: none */
	const char *pidfd_socket;   /* NULL: none; of exec in struct exec_request */
	bool console_to_caller;     /* `run` in the foreground: the caller gets the pty's master */
	unsigned preserve_fds;      /* descriptors 3 .. 3+N-1 stay open in the container */
	/* `run`: the caller starts what it creates, over the channel that they have. No start socket is made;
	 * if the caller ends before, init ends too. */
	bool start_follows;
	bool no_new_keyring;
};

/* What creation starts from. All of it outlives the call. */
struct boot_request {
	const struct plan *plan;
	const struct facts *facts;
	struct host *host;
	const struct create_options *options;
	struct hook_files hook_files;  /* where what hooks print goes */
	struct state_dir *state;       /* claimed and locked */
	struct status_record *status;  /* filled but for what creation finds out; written here */
	const struct spec *spec;       /* as the policy has left it; written here */
	const struct spec *request;    /* before that, written too; NULL: it is the same */
	struct arena *arena;           /* memory for what creation finds out */
	const char *members_directory; /* of the registry */
	const char *filters_directory; /* of compiled seccomp filters; NULL: none are kept */
};

struct create_result {
	struct child init;  /* owned; the caller keeps it or waits for it */
	int console_master; /* -1, or owned */
	int channel;        /* -1, or with start_follows: owned, for boot_start() */
	bool deleted;       /* on failure: another command has taken everything back meanwhile */
	bool left_behind; /* on failure: something could not be taken back, the records must stay */
};

/*
 * Another process in a running container. All of it outlives the call. The plan has id, annotations
 * and process, and namespaces.new_user where the container has a user namespace.
 */
struct exec_request {
	const struct plan *plan;
	const struct facts *facts; /* cgroup: only if `cgroups` is not empty */
	const struct create_options *options;
	struct state_dir *state;      /* locked; unlocked once the process is on its way */
	struct status_record *status; /* as it was read */
	struct arena *arena;
	const char *filters_directory; /* of compiled seccomp filters; NULL: none are kept */
	bool listens; /* LISTEN_PID of the environment is to be the process's own number */
	struct strlist cgroups;   /* --cgroup: below the container's; empty: the container's own */
	const char *pidfd_socket; /* NULL: none */
	bool ignore_paused;
	bool waiting; /* the container is created and waits for `start` */
	/* The caller's side, just before the program runs: its terminal, its signals. May be NULL. */
	int (*prepare)(void *context, const struct child *process, int console_master,
		       struct err *e);
	void *context;
};

struct exec_result {
	struct child process; /* owned: it runs; the caller keeps it or waits for it */
	int console_master;   /* -1, or owned */
};

/* Returns when the program runs. On failure nothing of it is left; ret->console_master is set either
 * way. */
int boot_exec(const struct exec_request *request, struct exec_result *ret, struct err *e)
	MUST_CHECK;

/*
 * Make the container up to "created". On failure everything that was made is gone again but the state
 * directory, which the caller removes (after the poststop hooks) unless ret->left_behind.
 */
int boot_create(const struct boot_request *request, struct create_result *ret, struct err *e)
	MUST_CHECK;

/*
 * A container from the images of a checkpoint. `create` as for a new one, but that no program of the
 * configuration is run and its standard streams are this process's.
 */
struct restore_request {
	struct boot_request create;
	const char *program;                 /* criu */
	struct criu_request *criu;           /* images, flags and modes; the page adds the rest */
	const char *images_path, *work_path; /* of the directories in *criu, absolute */
	const char *descriptors[3]; /* what the standard streams were; NULL: nothing to pass on */
	/* What criu has made stands still: -1 ends it. NULL: nothing is asked about it. */
	int (*judge)(void *context, const struct made_facts *made, struct err *e);
	void *context;
};

/* Returns when it runs. On failure as boot_create(). ret->channel is -1. */
int boot_restore(const struct restore_request *request, struct create_result *ret, struct err *e)
	MUST_CHECK;

/*
 * Mounts for a running container. All of it outlives the call. All of them, or none.
 */
struct mounts_request {
	const struct facts *facts; /* of the caller, and of the sources */
	struct host *host;         /* these, opened */
	const struct plan *plan;   /* of plan_kept(); to take away, one without mounts */
	struct strlist taken;      /* destinations to be taken away, clean */
	struct state_dir *state;   /* locked */
	struct status_record *status;
	struct arena *arena;
};
int boot_mounts(const struct mounts_request *request, struct err *e) MUST_CHECK;

/* What a caller that created the container itself has of it: not owned. */
struct init_link {
	int pidfd;
	int channel;
};

/* To let a created init go. All of it outlives the call. */
struct start_request {
	struct state_dir *state; /* locked */
	struct status_record
		*status; /* what `state` holds; what is decided now is added to it, in `arena` */
	struct arena *arena;
	const char *listener_path,
		*listener_metadata; /* of its filter; NULL or empty: it has none */
	bool hooks; /* it has startContainer hooks, and the lock is let go while they run */
	const struct init_link *link; /* NULL: only the records are known */
};

/*
 * Returns when the program runs; the poststart hooks have not run yet. *ret_over, set also on failure: init was let go
 * and has ended, or is about to, without its program.
 */
int boot_start(const struct start_request *request, bool *ret_over, struct err *e) MUST_CHECK;

#endif

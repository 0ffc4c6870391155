/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The criu program: found, started, talked to, and its log read if it fails. It is executed, never a
 * shell, and serves one request over a socket (`criu swrk`).
 */
#ifndef CRIU_CRIU_H
#define CRIU_CRIU_H

#include "base/arena.h"
#include "criu/protocol.h"
#include "sys/child.h"
#include "sys/peer.h"

/* External namespaces of the network came with 3.11; of PIDs, and a freezer of cgroup v2, with 3.15. */
#define CRIU_VERSION_MIN 31500
#define CRIU_VERSION_MIN_TEXT "3.15"

/* Names in the images, the same as runc's and crun's. */
#define CRIU_NETWORK_KEY "extRootNetNS"
#define CRIU_PID_KEY "extRootPidNS"
#define CRIU_NULL_KEY "/dev/null"
#define CRIU_DESCRIPTORS_FILE "descriptors.json"
#define CRIU_DUMP_LOG "dump.log"
#define CRIU_RESTORE_LOG "restore.log"

/* `name`, NULL for "criu": a path, or a name that is looked for in $PATH, or if the caller has none in the
 * usual directories. ERR_SYSTEM "criu: executable file not found in $PATH". */
int criu_find(const char *name, struct arena *arena, const char **ret, struct err *e) MUST_CHECK;

/*
 * Become criu: `fds` are at 3, 4, ... then, the first one is its socket, and none is behind them. Signals are
 * as at the start of a program. Returns only on failure.
 */
#define CRIU_FDS_MAX 6
int criu_execute(const char *program, const int *fds, size_t n, struct err *e) MUST_CHECK;

/* SOCK_SEQPACKET, one datagram a message. That criu is gone shows when its answer is received. */
int criu_send(int socket, const struct criu_request *request, struct err *e) MUST_CHECK;
int criu_notified(int socket, bool success, struct err *e) MUST_CHECK;
/* 1: an answer; 0: criu has ended, also if processes that it has made hold its socket open still. *ret_fd,
 * -1 or owned, came with it. */
int criu_receive(int socket, const struct peer *criu, struct criu_answer *ret, int *ret_fd,
		 struct err *e) MUST_CHECK;

/* What criu opens as the file of its options, where that is its descriptor `fd`. */
const char *criu_config_path(int fd, struct arena *arena);

/* One request in a process of its own that has no streams; returns what criu says. An error of criu's is
 * in *ret, not in *e. */
int criu_ask(const char *program, const struct criu_request *request, struct criu_answer *ret,
	     struct err *e) MUST_CHECK;

/* criu is there, new enough, and this kernel has what it needs; else why not. */
int criu_check(const char *name, struct arena *arena, const char **ret_program, struct err *e)
	MUST_CHECK;
/* The same without asking the kernel, which takes a while. */
int criu_check_version(const char *name, struct arena *arena, const char **ret_program,
		       struct err *e) MUST_CHECK;

/*
 * A directory DIRECTORY/NAME that shows criu the cgroups of version 2 at `mount_point`. Without it criu mounts
 * cgroup2 itself, and with that changes the options of the host's: Linux has one instance of it, and a mount
 * from the first cgroup namespace sets "nsdelegate" and the others for all.
 */
#define CRIU_YARD_UNIFIED "unified"
int criu_yard_make(int directory_fd, const char *name, const char *mount_point, struct err *e)
	MUST_CHECK;
void criu_yard_remove(int directory_fd, const char *name);

/* What an earlier one has left there is not this one's. */
void criu_forget_log(int directory_fd, const char *log_file);

/* fail(): "WHAT failed: the last errors of its log; see 'DIRECTORY/LOG'". The log is read in `directory_fd`;
 * `answer` may be NULL. */
int criu_fail(int directory_fd, const char *directory, const char *log_file,
	      const struct criu_answer *answer, const char *what, struct err *e);

#endif

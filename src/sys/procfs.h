/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A procfs that cannot have been tampered with: a detached mount of our own if the kernel lets us,
 * else the /proc that we see, verified to be procfs and crossed by no further mount.
 * (CVE-2019-16884, CVE-2025-52881, hostile root filesystems that bring their own /proc.)
 */
#ifndef SYS_PROCFS_H
#define SYS_PROCFS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A directory descriptor of a procfs of the caller's PID namespace. An error where none can be made and
 * /proc belongs to another one. */
int procfs_open(struct err *e) MUST_CHECK;

/* Below that descriptor, refusing magic links, what leads out of it, and mount crossings ("self/..."
 * works: that link stays inside). O_CLOEXEC is added. */
int procfs_openat(int proc_fd, const char *path, int flags, struct err *e) MUST_CHECK;

/* Open what a magic link at `path` ("self/exe", "self/root") points to, after checking that it is
 * procfs's own link. */
int procfs_open_target(int proc_fd, const char *path, int flags, struct err *e) MUST_CHECK;

/* Open, check that it is procfs, one write(2), check the length. */
int procfs_write(int proc_fd, const char *path, const char *text, struct err *e) MUST_CHECK;

/* "/proc/self/fd/N": to hand a descriptor to a call that takes a path. */
struct fd_path {
	char text[32];
};
struct fd_path fd_path(int fd);

/* Reopen an O_PATH descriptor with other flags (O_CLOEXEC is added); the result is the same object. */
int reopen_fd(int fd, int flags, struct err *e) MUST_CHECK;

/* Field 22 of /proc/PID/stat. ERR_NOT_FOUND if there is no such process; *ret_state, where not NULL,
 * gets the state letter. */
int procfs_start_time(pid_t pid, uint64_t *ret_start_time, char *ret_state, struct err *e)
	MUST_CHECK;

/* Whether a process has called execve() since it was cloned; of a zombie too. */
int procfs_has_executed(pid_t pid, bool *ret, struct err *e) MUST_CHECK;

/* The start time, state and whether it has executed, of one look. */
struct procfs_look {
	uint64_t start_time;
	char state;
	bool executed;
};
int procfs_look_at(pid_t pid, struct procfs_look *ret, struct err *e) MUST_CHECK;

/* Whether a process is about to end: the first one of a PID namespace waits then until all others are gone. */
bool procfs_is_ending(pid_t pid);

#endif

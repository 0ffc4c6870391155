/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for a process of ours. It may take its time: the deadline runs only while it is seen to be unable to answer
 * at all, stopped, or with a system call that an agent of its filter has to answer, or by what the caller knows to
 * look for (cgroup_hindrance).
 */
#ifndef SYS_PEER_H
#define SYS_PEER_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct peer {
	const char *name; /* in errors: "the new process" */
	pid_t pid;        /* 0: there is nothing to look at; one that has ended: its heir */
	pid_t other;      /* 0, or one on which it waits itself, and which is looked at, too */
	int pidfd;        /* its end ends the wait; -1: only the end of the file does */
	bool notifies; /* a filter of ours is in force or about to be, whose calls an agent answers */
	/* What else keeps a process from running, as words behind "it has been"; NULL: nothing. May be NULL. */
	const char *(*hindrance)(pid_t pid);
};

/* 1: `fd` (-1: none) has something to read, or its other end is closed; 0: the peer has ended, and there is nothing
 * to read; -1: it was unable to answer for as long as the deadline. */
int peer_wait(const struct peer *peer, int fd, struct err *e) MUST_CHECK;

/* The youngest child of this process, where `pid`, one of them, has ended: what it has cloned with CLONE_PARENT to take
 * its place. 0: none. */
pid_t peer_heir(pid_t pid);

/* What is seen of one of the two now, as words; NULL: it can run. *runs counts how often it was let run, where that tells whether it
 * still is where it was. */
const char *peer_look(const struct peer *peer, pid_t pid, uint64_t *runs);

#endif

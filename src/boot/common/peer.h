/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that is made, as the runtime has it: waiting for it, hearing it, and ending what is given up.
 */
#ifndef BOOT_COMMON_PEER_H
#define BOOT_COMMON_PEER_H

#include "boot/common/group.h"
#include "sys/channel.h"
#include "sys/child.h"
#include "sys/peer.h"

struct boot_peer {
	struct child child;
	int channel; /* the runtime's end of the socket pair */
	int theirs;  /* the other end, until the clone */
	bool joiner; /* it enters a container that runs, and ends with 0 once it has made its process */
	bool notifies;                  /* its filter has an agent */
	const struct boot_group *group; /* that it is in; NULL: none */
	bool failed;                    /* its error was received */
	bool lost;                      /* joiner: it was killed, or has ended without a word */
	bool runs;                      /* joiner: the program runs, so what fails now is our own */
};
#define BOOT_PEER_INIT                                           \
	{                                                        \
		.child = CHILD_INIT, .channel = -1, .theirs = -1 \
	}

/* The socket pair. */
int peer_pair(struct boot_peer *p, struct err *e) MUST_CHECK;
/* BOOT_GO, or another message that has nothing but its type. */
int peer_go(const struct boot_peer *p, struct err *e) MUST_CHECK;
int peer_say(const struct boot_peer *p, uint32_t type, struct err *e) MUST_CHECK;

/* Until it has said something, or has hung up. */
int peer_wait_word(const struct boot_peer *p, struct err *e) MUST_CHECK;
/* Until it has ended, of which nothing is left then. */
int peer_wait_end(const struct boot_peer *p, struct child *child, int *ret_status, struct err *e)
	MUST_CHECK;
/* A process between the runtime and this one, of which one may have to wait for the other. */
struct peer peer_helper(const struct boot_peer *p, const struct child *helper);
int peer_wait_helper(const struct boot_peer *p, struct child *helper, int *ret_status,
		     struct err *e) MUST_CHECK;
/* Also what is frozen. */
void peer_end(struct child *child);

/* Its next message, which must be of one type. An error of its becomes ours. */
int peer_receive(struct boot_peer *p, uint32_t type, struct message *ret, int *ret_fd,
		 struct err *e) MUST_CHECK;
/* The same, of which nothing but the descriptor is looked at. */
int peer_expect(struct boot_peer *p, uint32_t type, int *ret_fd, struct err *e) MUST_CHECK;
/* The same for one of two types; what it says is in *ret. */
int peer_expect_either(struct boot_peer *p, uint32_t type, uint32_t other, struct message *ret,
		       int *ret_fd, struct err *e) MUST_CHECK;
/* A step may have failed because it is gone: then what it said last, or how it ended, is the error. */
void peer_last_words(struct boot_peer *p, struct err *e);
/* -1 and *e if the kernel has ended something in the cgroup because memory ran out; 0: it has not. */
int peer_fail_oom_killed(const struct boot_peer *p, struct err *e) MUST_CHECK;

/* The number of a process in our own PID namespace. */
int pid_of(int pidfd, pid_t *ret, struct err *e) MUST_CHECK;

#endif

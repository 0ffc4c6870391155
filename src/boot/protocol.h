/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the runtime (parent) and the process that becomes the container (child) say to each other.
 *
 * CREATE, over a socket pair; the side that waits takes end of file for an error:
 *
 *	parent                                child
 *	  |-- GO ------------------------------>|  it is in the records, its ids are mapped
 *	  |<-------------------- DELEGATE -----|  (only with a cgroup of its own inside) it has its namespace
 *	  |-- DELEGATE_DONE ------------------>|
 *	  |-- SOURCE + fd ... ----------------->|  (only with a user namespace) procfs; mounts of the host, cloned
 *	  |<---------------- MOUNT + fd ... ---|  (only in a mount namespace that is joined) what it has mounted
 *	  |<--------------------- MOUNTS_DONE ---|  (likewise)
 *	  |<------------------------ HOOKS -----|  (only if there are prestart or createRuntime hooks)
 *	  |-- HOOKS_DONE ---------------------->|
 *	  |<------------------- CONSOLE + fd ---|  (only with a terminal) the pty's master
 *	  |-- CONSOLE_DONE -------------------->|
 *	  |<------------------- MOUNT, ids ... ---|  the file systems of the kernel's that the plan knows
 *	  |<---------------- MOUNTS_DONE, ids ---|  the rest is compared with the kernel's table
 *	  |<----------------- IDENTITY + fd ---|  (only with SCMP_ACT_NOTIFY) its /proc/self/status
 *	  |<------------------ SECCOMP + fd ---|  (likewise) the filter's listener
 *	  |-- SECCOMP_DONE ------------------->|
 *	  |<------------------------- LOOK ----|  (likewise) the filter is in force: is it what it is to be?
 *	  |-- GO ------------------------------>|  (likewise) it is
 *	  |<------------------------ READY -----|  it waits for start; or ERROR from any step
 *
 * START, over the socket in the container's directory, later and from another process; in `run` over the
 * same socket pair:
 *
 *	start                                 init
 *	  |-- GO ------------------------------>|
 *	  |<----------------- IDENTITY + fd ---|  its /proc/self/status
 *	  |<------------------ SECCOMP + fd ---|  (only with SCMP_ACT_NOTIFY and a late join; then IDENTITY
 *	  |-- SECCOMP_DONE ------------------->|  comes before the hooks)
 *	  |<------------------------- LOOK ----|  nothing is left but execve(), with no_new_privs the filter
 *	  |-- GO ------------------------------>|  it is what the records say
 *	  |<------- ERROR, or end of file ------|  end of file: execve() closed it, the program runs
 *
 * An init that was made by version 0.1.0 is not shown and waits for one GO alone; in place of LOOK it says
 * EXECUTE, and before or after that, SECCOMP.
 *
 * EXEC, over a socket pair. The joiner enters the container, gives up power and clones the process, which
 * is the parent's own child; only then is there anything that the container can see:
 *
 *	parent                                joiner, then the process
 *	  |-- GO ------------------------------>|
 *	  |<------------------- CONSOLE + fd ---|  (only with a terminal)
 *	  |-- CONSOLE_DONE -------------------->|
 *	  |<----------------- IDENTITY + fd ---|  the joiner's /proc/self/status
 *	  |<------------------ SECCOMP + fd ---|  (only with SCMP_ACT_NOTIFY; with no_new_privs from the
 *	  |-- SECCOMP_DONE ------------------->|  process, before READY)
 *	  |<------------------------- LOOK ----|  without no_new_privs its filter is in force
 *	  |-- GO ------------------------------>|  it is what the process is to be
 *	  |<------------------------- FULL ----|  (only if no process can be born in its cgroup)
 *	  |-- GO ------------------------------>|  (likewise) it was moved to where one can
 *	  |<------------------- PROCESS + fd ---|  from the process, its pidfd; the joiner has ended
 *	  |<------------------------ READY -----|  its program can be executed
 *	  |-- GO ------------------------------>|  its resource limits are set
 *	  |<------------------------ EXECUTE ---|
 *	  |<------- ERROR, or end of file ------|
 *
 * RESTORE, over a socket pair with the process that becomes criu, then with criu itself (criu/protocol.h):
 *
 *	parent                                child, then criu
 *	  |-- GO ------------------------------>|
 *	  |<------------------- READY + fd -----|  the mounts for criu are in place; its socket
 *	  |-- GO ------------------------------>|
 *	  |<------- ERROR, or end of file ------|  end of file: execve() closed it
 *	  |== request =========================>|
 *	  |<====== setup-namespaces, pid =======|  the first process is there: recorded; hooks
 *	  |<====== orphan-pts-master + fd ======|  (only with a terminal)
 *	  |<====== post-restore ================|  nothing runs yet: its network is checked
 *	  |<====== success =====================|  it runs, as the parent's child
 *
 * MOUNTS, over a socket pair:
 *
 *	parent                                mounter
 *	  |<---------------- READY, or ERROR ---|  all is done, or undone
 *
 * and before, for a container with a user namespace, with two helpers, of which one keeps a copy of the
 * runtime's mounts and the other clones from it:
 *
 *	parent                                helpers
 *	  |<---------------- READY, or ERROR ---|  the copy is there
 *	  |<----------- SOURCE + fd, or ERROR --|  one for each bind mount
 */
#ifndef BOOT_PROTOCOL_H
#define BOOT_PROTOCOL_H

/* As many descriptors as init may use while it waits for start and follows it. */
#define BOOT_NOFILE 64

enum boot_message {
	BOOT_GO = 1,
	BOOT_DELEGATE,
	BOOT_DELEGATE_DONE,
	BOOT_SOURCE,
	BOOT_HOOKS,
	BOOT_HOOKS_DONE,
	BOOT_CONSOLE,
	BOOT_CONSOLE_DONE,
	BOOT_SECCOMP,
	BOOT_SECCOMP_DONE,
	BOOT_READY,
	BOOT_EXECUTE,
	BOOT_PROCESS,
	BOOT_ERROR,
	/* value: how many filters it had before ours, and BOOT_GROUPS_KEPT */
	BOOT_IDENTITY,
	/* value: how many of ours are in force */
	BOOT_LOOK,
	/* text: ids of mounts, a blank before each and BOOT_MOUNT_* behind it */
	BOOT_MOUNT,
	BOOT_MOUNTS_DONE, /* the same */
	BOOT_FULL,
};

#define BOOT_MOUNT_KNOWN 'k'
#define BOOT_MOUNT_READONLY 'r' /* and stays so */

/* What the init of a container that version 0.1.0 has created says to `start`, and is told. */
_Static_assert(BOOT_GO == 1 && BOOT_SECCOMP == 9 && BOOT_SECCOMP_DONE == 10 && BOOT_EXECUTE == 12 &&
		       BOOT_ERROR == 14,
	       "these numbers stay as they are");

/* Its groups are the caller's: it may not set any, or is not to. */
#define BOOT_GROUPS_KEPT 0x10000

#endif

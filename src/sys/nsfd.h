/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespace descriptors: opened so that nothing hangs, told apart by object and not by name, entered
 * by descriptor (ioctl_ns(2), namespaces(7)).
 */
#ifndef SYS_NSFD_H
#define SYS_NSFD_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * Open a namespace file: O_PATH first (a FIFO must not hang us; links are followed,
 * because /proc/PID/ns/net is one), fstatfs says nsfs, then reopened read-only through a trusted procfs.
 * ERR_CONFIG with the reason ("is a FIFO, not a namespace file").
 */
int nsfd_open(const char *path, struct err *e) MUST_CHECK;
/* The same with the bare reason as text, without the path; e->sys is the errno (EINVAL for another kind
 * of file). */
int nsfd_try(const char *path, struct err *e) MUST_CHECK;
/* A network by its name in a policy: a path, or "self" for the one that the caller is in. As nsfd_try(). */
int nsfd_network(const char *name, struct err *e) MUST_CHECK;

/* CLONE_NEW* of what it is (NS_GET_NSTYPE); -1 and errno. */
int nsfd_type(int fd);

/* The runtime's own: "net", "pid", ... below /proc/self/ns. */
int nsfd_own(const char *name, struct err *e) MUST_CHECK;

/* Where /proc has that of a process, and the runtime's own. */
struct ns_path {
	char text[48];
};
struct ns_path ns_path(int64_t pid, const char *name);
struct ns_path ns_own_path(const char *name);
/* Opened by the number, or below a descriptor of /proc/PID. -1 and errno: the caller knows what it was for. */
int nsfd_of_process(int64_t pid, const char *name);
int nsfd_at(int proc, const char *name);

/* Same kernel object? Valid while both are held: nsfs inode numbers are reused at once. */
bool nsfd_same(int a, int b);
/* The same of two answers of stat(): the caller must know that both still exist. */
bool ns_is_same(const struct stat *a, const struct stat *b);

/* The owning user namespace (NS_GET_USERNS), -1 and errno (EPERM: it is above or beside ours). */
int nsfd_owner(int fd);
/* The one around a user namespace (NS_GET_PARENT), -1 and errno (EPERM: that is above or beside ours). */
int nsfd_parent(int userns_fd);
/* NS_GET_OWNER_UID of a user namespace descriptor. */
int nsfd_owner_uid(int userns_fd, uid_t *ret);

/* SO_NETNS_COOKIE of the network namespace that the caller is in: never reused. */
int netns_cookie(uint64_t *ret, struct err *e) MUST_CHECK;
/* The cookie of a network namespace by descriptor: enters it and comes back (single-threaded caller).
 * e->sys is EPERM if the caller has no power over it. */
int netns_cookie_of(int fd, uint64_t *ret, struct err *e) MUST_CHECK;

/* The same in a process of its own: without power over its network namespace a process cannot return to
 * it. */
int netns_cookie_apart(int fd, uint64_t *ret, struct err *e) MUST_CHECK;

/* setns() that names what it joined in errors. `path` may be NULL. */
int nsfd_enter(int fd, int type, const char *path, struct err *e) MUST_CHECK;

#endif

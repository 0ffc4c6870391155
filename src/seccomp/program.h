/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System call filters (seccomp(2)): what the plan lists becomes a program of classic BPF, which is kept
 * for the next start, loaded, and whose listener, if it has one, is handed to the agent that asked for it.
 *
 * The runtime makes the program; the container's process gets bytes and loads them. To run one more
 * process in a container: plan_seccomp_from_spec() of the stored configuration, seccomp_program_make(),
 * and in the new process seccomp_program_load(). Programs stack: a second one, loaded before or after,
 * is asked as well and the stricter answer counts; only one of them may have a listener.
 */
#ifndef SECCOMP_PROGRAM_H
#define SECCOMP_PROGRAM_H

#include "model/oci_state.h"
#include "plan/plan.h"

#include <linux/filter.h>
#include <sys/types.h>

struct seccomp_program {
	size_t n;
	struct sock_filter *v;
	unsigned flags;          /* for seccomp(2), without SECCOMP_FILTER_FLAG_NEW_LISTENER */
	bool notify;             /* loading it gives a listener */
	const char *policy_keys; /* that ask for it, not the configuration; static */
};

/* What a process loads, in this order. */
struct seccomp_programs {
	size_t n;
	struct seccomp_program v[2];
	bool notify;      /* one of them gives a listener */
	bool lets_capset; /* as far as can be seen: then it is called under them */
};

/*
 * The program of the plan, which may be NULL, and before it what the confinement asks for: joined into one
 * program if the kernel takes it. Errors: as seccomp_program_make(), and ERR_POLICY, naming the key of the
 * policy that this kernel cannot carry out.
 */
int seccomp_programs_make(const struct plan_seccomp *plan, const struct confinement *confinement,
			  const char *cache_directory, struct arena *arena,
			  struct seccomp_programs *ret, struct err *e) MUST_CHECK;

/* /run/distro-shim/seccomp, for a rootless caller below XDG_RUNTIME_DIR; NULL if there is none. */
const char *seccomp_cache_directory(bool rootless, struct arena *arena);

/*
 * What the plan has ready; else from the cache, or by libseccomp, which takes about 10 ms for an engine's
 * profile; then it is put into the cache. `cache_directory` NULL: no cache. A cache that cannot be used is a warning in the log and
 * nothing more. Errors: ERR_CONFIG, naming the member of linux.seccomp that the library or the kernel does
 * not know. Memory of `arena`.
 */
int seccomp_program_make(const struct plan_seccomp *plan, const char *cache_directory,
			 struct arena *arena, struct seccomp_program *ret, struct err *e)
	MUST_CHECK;

/*
 * The policy's own, of a confinement that takes one (fences.c says what it refuses, in every way that this machine
 * has to call it); the rest is let through. Every program with it in front begins with its first instructions, all
 * but the last one.
 */
void seccomp_fences_program(const struct confinement *confinement, struct arena *arena,
			    struct seccomp_program *ret);

/* Where the plan asks for it: that libseccomp knows every name. `plan` may be NULL. Part of
 * seccomp_program_make(), and here to say so earlier. */
int seccomp_check_names(const struct plan_seccomp *plan, struct err *e) MUST_CHECK;

/*
 * For the calling thread and all its children, for ever. Needs no_new_privs or CAP_SYS_ADMIN.
 * *ret_listener: close-on-exec and owned, -1 if the program has none. From here on every system call
 * is subject to it.
 */
int seccomp_program_load(const struct seccomp_program *program, int *ret_listener, struct err *e)
	MUST_CHECK;

/* The container as the listener is told of it. */
struct seccomp_container {
	struct oci_state state;
	pid_t pid; /* of the process that loads the filter */
};

/* Connect to the listener's socket and send ContainerProcessState (config-linux.md) with the descriptor;
 * 10 seconds at most. `metadata` may be NULL. */
int seccomp_listener_send(const char *path, const char *metadata,
			  const struct seccomp_container *container, int fd, struct err *e)
	MUST_CHECK;

/* What `features` says (features-linux.md "seccomp"), in the specification's words and order. */
struct seccomp_features {
	struct strlist actions, operators;
	struct strlist archs; /* that libseccomp knows */
	struct strlist known_flags, supported_flags;
};
void seccomp_features(struct arena *arena, struct seccomp_features *ret);
/* Of libseccomp, "2.5.4". */
const char *seccomp_library_version(struct arena *arena);

#endif

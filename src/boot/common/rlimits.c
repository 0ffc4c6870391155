/* SPDX-License-Identifier: Apache-2.0 */
/* See rlimits.h. */
#include "boot/common/rlimits.h"

#include "base/auto.h"
#include "boot/protocol.h"

#include <errno.h>
#include <sys/resource.h>

/*
 * Without CAP_SYS_RESOURCE we may not touch a process that is another user by now. It was born with our
 * limits, and below the hard one it may set its own (init_execute).
 */
static bool init_may_set(const struct plan_rlimit *limit)
{
	struct rlimit own;

	return errno == EPERM && getrlimit((__rlimit_resource_t)limit->resource, &own) == 0 &&
	       limit->hard <= own.rlim_max;
}

/* Of the runtime's own limit, which a new process of it has, too. Engines ask for limits without knowing the machine's: Podman for 1048576 open files. */
static int fail_rlimit(const struct plan_rlimit *limit, int reason, struct err *e)
{
	struct rlimit now;

	if (reason != EPERM || getrlimit((__rlimit_resource_t)limit->resource, &now) < 0 ||
	    now.rlim_max >= limit->hard)
		return fail_errno(e, reason, "set %s to %llu:%llu", limit->name,
				  (unsigned long long)limit->soft, (unsigned long long)limit->hard);
	fail(e, ERR_SYSTEM,
	     "set %s to %llu:%llu: operation not permitted: the hard limit here is %llu, and raising it takes CAP_SYS_RESOURCE; ask for no more than that (podman run --ulimit, default_ulimits in containers.conf), or raise it for the engine (ulimit -H, Limit...= of its unit)",
	     limit->name, (unsigned long long)limit->soft, (unsigned long long)limit->hard,
	     (unsigned long long)now.rlim_max);
	e->sys = reason;
	return -1;
}

int set_rlimits(const struct plan *plan, pid_t pid, struct err *e)
{
	for (size_t i = 0; i < plan->process.rlimits.n; i++) {
		const struct plan_rlimit *limit = &plan->process.rlimits.v[i];
		struct rlimit value = { .rlim_cur = limit->soft, .rlim_max = limit->hard };
		/* Init needs a few descriptors until its program runs; it sets the rest itself then. */
		if (limit->resource == RLIMIT_NOFILE) {
			value.rlim_cur = limit->soft < BOOT_NOFILE ? BOOT_NOFILE : limit->soft;
			value.rlim_max = limit->hard < BOOT_NOFILE ? BOOT_NOFILE : limit->hard;
		}
		if (prlimit(pid, (__rlimit_resource_t)limit->resource, &value, NULL) < 0 &&
		    !init_may_set(limit))
			return fail_rlimit(limit, errno, e);
	}
	return 0;
}

static bool has_limit(const struct plan_rlimit *limit)
{
	/* Where a seccomp profile answers in place of the kernel, this stays. */
	struct rlimit now = { .rlim_cur = ~limit->soft, .rlim_max = ~limit->hard };

	return getrlimit((__rlimit_resource_t)limit->resource, &now) == 0 &&
	       now.rlim_cur == limit->soft && now.rlim_max == limit->hard;
}

/* What set_rlimits() has left to us: a small RLIMIT_NOFILE, and all where it had not the power. */
int set_last_rlimits(const struct plan *plan, struct err *e)
{
	for (size_t i = 0; i < plan->process.rlimits.n; i++) {
		const struct plan_rlimit *limit = &plan->process.rlimits.v[i];
		struct rlimit value = { .rlim_cur = limit->soft, .rlim_max = limit->hard };
		if (has_limit(limit))
			continue;
		errno = 0;
		if (setrlimit((__rlimit_resource_t)limit->resource, &value) < 0 ||
		    !has_limit(limit))
			return fail_rlimit(limit, errno, e);
	}
	return 0;
}

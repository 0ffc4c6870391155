/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A late join without power over the shared network: a process in a user namespace of its own cannot enter that at start
 * (setns(2)). So it is born there, and has two threads. The first one, by which /proc/PID/ns/net shows the network of the
 * process, and engines find it, leaves for a new network and does nothing more. The second one stays, and does all the
 * rest. execve(2) ends the first one and gives its number to the second one, and so the process is in the shared network,
 * with nothing joined. Whatever ends the process before ends both.
 */
#include "boot/create/init.h"

#include "base/auto.h"
#include "sys/caps.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* As much of it is used as any step needs. */
#define STACK (1u << 20)

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

struct parting {
	const struct create_init *init;
	int left; /* an eventfd: the first one has done what it is for */
	int rc;
	struct err *error; /* of the first one where rc is -1, later the other's */
	void (*go_on)(void *context, int rc);
	void *context;
};

static int leave(const struct plan *plan, struct err *e)
{
	const struct cap_sets none = { .effective = 0 };

	if (unshare(CLONE_NEWNET) < 0)
		return fail_sys(e, "make a new network for the engine to set up");
	if (init_loopback_up(e) < 0 || set_network_sysctls(plan, e) < 0)
		return -1;
	/* Root of the container still, until start: what may trace it gets no power by it. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail_sys(e, "set no_new_privs");
	return caps_set(&none, e);
}

/* Both have one errno and one of all that the C library keeps for a thread: from the word on the first one calls nothing that
 * could fail, and no signal comes to it. */
static __attribute__((noreturn)) void be_in_new_network(struct parting *p)
{
	const uint64_t word = 1;
	sigset_t all;

	p->rc = leave(p->init->plan, p->error);
	sigfillset(&all);
	/* the second one says when the death of the runtime counts no more */
	if (prctl(PR_SET_NAME, "distro-init") < 0 || prctl(PR_SET_PDEATHSIG, 0) < 0 ||
	    sigprocmask(SIG_SETMASK, &all, NULL) < 0)
		_exit(1);
	session_give_back_stack();
	if (write(p->left, &word, sizeof(word)) != sizeof(word))
		_exit(1);
	for (;;)
		pause();
}

static int stay(void *context)
{
	struct parting *p = context;
	uint64_t word;
	int rc = -1;
	ssize_t n;

	do
		n = read(p->left, &word, sizeof(word));
	while (n < 0 && errno == EINTR);
	close(p->left);
	if (n != sizeof(word))
		(void)!fail(p->error, ERR_INTERNAL, "no word of the first thread");
	else if (p->rc == 0)
		rc = session_die_with_runtime(&p->init->session, p->error);
	if (rc < 0)
		(void)!err_prefix(p->error, "part");
	p->go_on(p->context, rc);
	return 1;
}

int init_part(struct create_init *c, void (*go_on)(void *context, int rc), void *context,
	      struct err *e)
{
	struct parting parting = { .init = c, .error = e, .go_on = go_on, .context = context };
	char *stack;

	if (!c->plan->namespaces.late_by_thread)
		return 0;
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
	if (stack == MAP_FAILED)
		return fail_sys(e, "a stack for a second thread");
	parting.left = eventfd(0, EFD_CLOEXEC);
	if (parting.left < 0)
		return fail_sys(e, "eventfd");
	if (clone(stay, stack + STACK, THREAD, &parting) < 0)
		return fail_sys(
			e,
			"make a second thread, which a user namespace with a new network takes until start%s",
			errno == EAGAIN ? " (leave room for it in linux.resources.pids.limit)"
					: "");
	be_in_new_network(&parting);
}

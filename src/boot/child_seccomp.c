/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading the system call filters, and what is left to do under them. A profile may answer any call in the
 * kernel's place ("done", without anything done), so identity is complete before one is loaded, it is loaded
 * as late as it can be, and what is done under it is either without effect on the program or shows whether
 * it was done: a message is more than the number of its bytes, a result has been written into memory.
 *
 * Right before execve(), for a hook of startContainer in the hook's own process. Earlier where it has a
 * listener, which has to reach its agent: before `create` is over, or after a late join; and where the new
 * process of `exec` must have no power beyond its program's: in the joiner. Runs in the container's process.
 */
#include "boot/context.h"

#include "boot/protocol.h"
#include "sys/channel.h"
#include "sys/proc_status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_late(const struct boot *b)
{
	return b->plan->namespaces.network == NETWORK_LATE;
}

/* Without no_new_privs loading takes CAP_SYS_ADMIN (seccomp(2)); so does a late join (setns(2)). */
bool child_needs_admin(const struct boot *b)
{
	return is_late(b) || (b->filter.programs.n && !b->plan->process.no_new_privileges);
}

/* --- shown to the runtime --- */

/* In the runtime's procfs, where this process can be seen and nothing of the image lies over it; as root of its
 * user namespace, whose ids it shows then. */
int child_open_status(struct boot *b, struct err *e)
{
	struct proc_status status;
	autoarena arena = { 0 };

	b->filter.status = openat(b->filter.proc >= 0 ? b->filter.proc : AT_FDCWD,
				  b->filter.proc >= 0 ? "self/status" : "/proc/self/status",
				  O_RDONLY | O_CLOEXEC);
	if (b->filter.status < 0)
		return fail_sys(e, "open /proc/self/status");
	if (proc_status_read(b->filter.status, &arena, &status, e) < 0)
		return -1;
	b->filter.inherited = status.filters;
	replace_fd(&b->filter.proc, -1);
	return 0;
}

static int send_status(const struct boot *b, struct err *e)
{
	struct message message = { .type = BOOT_IDENTITY, .value = (int32_t)b->filter.inherited };

	if (b->identity.groups_kept)
		message.value |= BOOT_GROUPS_KEPT;
	return channel_send(b->session.channel, &message, b->filter.status, e);
}

int child_show(struct boot *b, struct err *e)
{
	if (b->filter.status < 0)
		return 0;
	if (send_status(b, e) < 0)
		return -1;
	replace_fd(&b->filter.status, -1);
	return 0;
}

int child_look(struct boot *b, struct err *e)
{
	struct message message = {
		.type = BOOT_LOOK,
		.value = b->filter.loaded ? (int32_t)b->filter.programs.n : 0,
	};
	int rc = channel_write(b->session.channel, &message, e);

	if (rc == 0)
		rc = channel_read(b->session.channel, &message, e);
	if (rc < 0)
		return -1;
	if (rc == 0 || message.type != BOOT_GO)
		return fail(e, ERR_SYSTEM,
			    "no word came of the runtime that looks at the process: it has ended, "
			    "or the seccomp profile answers in place of read");
	return 0;
}

/* --- loading --- */

static int hand_over(struct boot *b, int listener, struct err *e)
{
	struct message message = { .type = BOOT_SECCOMP };
	int rc;

	if (channel_send(b->session.channel, &message, listener, e) < 0)
		return -1;
	rc = channel_receive(b->session.channel, &message, NULL, e);
	if (rc < 0)
		return -1;
	if (rc == 0 || message.type != BOOT_SECCOMP_DONE)
		return fail(e, ERR_SYSTEM, "the runtime ended while it had the listener");
	return 0;
}

static int load_one(const struct boot *b, const struct seccomp_program *program, int *ret_listener,
		    struct err *e)
{
	if (seccomp_program_load(program, ret_listener, e) == 0)
		return 0;
	if (program->of_policy)
		return err_prefix(e, "network.peerDescriptors of the policy");
	return b->plan->seccomp && b->plan->seccomp->program.n
		       ? err_prefix(e, "annotation %s", annotation_name(ANNOTATION_FILTER))
		       : -1;
}

static int load(struct boot *b, struct err *e)
{
	autoclose int listener = -1;
	struct err ignored;

	for (size_t i = 0; i < b->filter.programs.n; i++)
		if (load_one(b, &b->filter.programs.v[i], &listener, e) < 0)
			return -1;
	b->filter.loaded = b->filter.programs.n > 0;
	if (listener >= 0 && hand_over(b, listener, e) < 0)
		return -1;
	/* One that refuses capset may kill for it; and execve(2) takes what is in neither the bounding nor the
	 * ambient set (capabilities(7)). */
	if (!b->plan->process.no_new_privileges && b->filter.programs.lets_capset)
		(void)!child_drop_admin(b, &ignored);
	return 0;
}

int child_seccomp_create(struct boot *b, struct err *e)
{
	if (!b->filter.programs.notify || is_late(b))
		return 0;
	/* To `start` it is shown once more. */
	if (send_status(b, e) < 0 || load(b, e) < 0)
		return -1;
	return child_look(b, e);
}

int child_seccomp_start(struct boot *b, struct err *e)
{
	if (!b->filter.programs.notify || !is_late(b))
		return 0;
	return child_show(b, e) < 0 ? -1 : load(b, e);
}

int child_seccomp_joiner(struct boot *b, struct err *e)
{
	if (child_show(b, e) < 0)
		return -1;
	if (!b->plan->process.no_new_privileges && load(b, e) < 0)
		return -1;
	return child_look(b, e);
}

int child_seccomp_listener(struct boot *b, struct err *e)
{
	return b->filter.programs.notify && !b->filter.loaded ? load(b, e) : 0;
}

int child_seccomp_early(struct boot *b, struct err *e)
{
	return b->filter.loaded || b->plan->process.no_new_privileges ? 0 : load(b, e);
}

int child_seccomp_execute(struct boot *b, struct err *e)
{
	return b->filter.loaded ? 0 : load(b, e);
}

int child_seccomp_hook(void *context, struct err *e)
{
	return child_seccomp_execute(context, e);
}

void child_seccomp_explain(const struct boot *b, struct err *e)
{
	size_t length = strnlen(e->text, sizeof(e->text));
	const struct plan_seccomp *seccomp = b->plan->seccomp;

	if (!b->filter.loaded || !seccomp || e->sys == 0 ||
	    (e->sys != EPERM && e->sys != ENOSYS && e->sys != (int)seccomp->default_value))
		return;
	snprintf(e->text + length, sizeof(e->text) - length,
		 " (the seccomp profile is in force: does it refuse this?)");
}

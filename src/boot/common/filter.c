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
#include "boot/common/filter.h"

#include "base/auto.h"
#include "boot/protocol.h"
#include "sys/channel.h"
#include "sys/proc_status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_late(const struct filter *f)
{
	return f->plan->namespaces.network == NETWORK_LATE;
}

/* Without no_new_privs loading takes CAP_SYS_ADMIN (seccomp(2)); so does a late join (setns(2)). */
static bool needs_admin(const struct filter *f)
{
	return (is_late(f) && !f->plan->namespaces.late_by_thread) ||
	       (f->programs.n && !f->plan->process.no_new_privileges);
}

int filter_assume_identity(struct filter *f, const struct program *program, struct err *e)
{
	if (identity_assume(f->identity, f->plan, program, needs_admin(f), e) < 0)
		return -1;
	return session_die_with_runtime(f->session, e);
}

/* --- shown to the runtime --- */

/* In the runtime's procfs, where this process can be seen and nothing of the image lies over it; as root of its
 * user namespace, whose ids it shows then. */
int filter_open_status(struct filter *f, struct err *e)
{
	struct proc_status status;
	autoarena arena = { 0 };

	f->status = openat(f->proc >= 0 ? f->proc : AT_FDCWD,
			   f->proc >= 0 ? "thread-self/status" : "/proc/thread-self/status",
			   O_RDONLY | O_CLOEXEC);
	if (f->status < 0)
		return fail_sys(e, "open /proc/thread-self/status");
	if (proc_status_read(f->status, &arena, &status, e) < 0)
		return -1;
	f->inherited = status.filters;
	replace_fd(&f->proc, -1);
	return 0;
}

static int send_status(const struct filter *f, struct err *e)
{
	struct message message = { .type = BOOT_IDENTITY, .value = (int32_t)f->inherited };

	if (f->identity->groups_kept)
		message.value |= BOOT_GROUPS_KEPT;
	return channel_send(f->session->channel, &message, f->status, e);
}

int filter_show(struct filter *f, struct err *e)
{
	if (f->status < 0)
		return 0;
	if (send_status(f, e) < 0)
		return -1;
	replace_fd(&f->status, -1);
	return 0;
}

int filter_look(const struct filter *f, struct err *e)
{
	struct message message = {
		.type = BOOT_LOOK,
		.value = f->loaded ? (int32_t)f->programs.n : 0,
	};
	int rc = channel_write(f->session->channel, &message, e);

	if (rc == 0)
		rc = channel_read(f->session->channel, &message, e);
	if (rc < 0)
		return -1;
	if (rc == 0 || message.type != BOOT_GO)
		return fail(
			e, ERR_SYSTEM,
			"the runtime that looks at the process did not answer: it has ended, or the seccomp profile answers in place of read");
	return 0;
}

/* --- loading --- */

static int hand_over(const struct filter *f, int listener, struct err *e)
{
	struct message message = { .type = BOOT_SECCOMP };
	int rc;

	if (channel_send(f->session->channel, &message, listener, e) < 0)
		return -1;
	rc = channel_receive(f->session->channel, &message, NULL, e);
	if (rc < 0)
		return -1;
	if (rc == 0 || message.type != BOOT_SECCOMP_DONE)
		return fail(e, ERR_SYSTEM, "the runtime ended while it had the listener");
	return 0;
}

static int load_one(const struct filter *f, const struct seccomp_program *program,
		    int *ret_listener, struct err *e)
{
	if (seccomp_program_load(program, ret_listener, e) == 0)
		return 0;
	if (program->policy_keys)
		return err_prefix(e, "%s of the policy", program->policy_keys);
	return f->plan->seccomp && f->plan->seccomp->program.n
		       ? err_prefix(e, "annotation %s", annotation_name(ANNOTATION_FILTER))
		       : -1;
}

static int load(struct filter *f, struct err *e)
{
	autoclose int listener = -1;
	struct err ignored;

	for (size_t i = 0; i < f->programs.n; i++)
		if (load_one(f, &f->programs.v[i], &listener, e) < 0)
			return -1;
	f->loaded = f->programs.n > 0;
	if (listener >= 0 && hand_over(f, listener, e) < 0)
		return -1;
	/* One that refuses capset may kill for it; and execve(2) takes what is in neither the bounding nor the
	 * ambient set (capabilities(7)). */
	if (!f->plan->process.no_new_privileges && f->programs.lets_capset)
		(void)!identity_drop_admin(f->identity, f->plan, &ignored);
	return 0;
}

int filter_load_at_create(struct filter *f, struct err *e)
{
	if (!f->programs.notify || is_late(f))
		return 0;
	/* To `start` it is shown once more. */
	if (send_status(f, e) < 0 || load(f, e) < 0)
		return -1;
	return filter_look(f, e);
}

int filter_load_at_start(struct filter *f, struct err *e)
{
	if (!f->programs.notify || !is_late(f))
		return 0;
	return filter_show(f, e) < 0 ? -1 : load(f, e);
}

int filter_load_in_joiner(struct filter *f, struct err *e)
{
	if (filter_show(f, e) < 0)
		return -1;
	if (!f->plan->process.no_new_privileges && load(f, e) < 0)
		return -1;
	return filter_look(f, e);
}

int filter_load_with_listener(struct filter *f, struct err *e)
{
	return f->programs.notify && !f->loaded ? load(f, e) : 0;
}

int filter_load_early(struct filter *f, struct err *e)
{
	return f->loaded || f->plan->process.no_new_privileges ? 0 : load(f, e);
}

int filter_load(struct filter *f, struct err *e)
{
	return f->loaded ? 0 : load(f, e);
}

int filter_load_for_hook(void *context, struct err *e)
{
	return filter_load(context, e);
}

void filter_explain(const struct filter *f, struct err *e)
{
	size_t length = strnlen(e->text, sizeof(e->text));
	const struct plan_seccomp *seccomp = f->plan->seccomp;

	if (!f->loaded || !seccomp || e->sys == 0 ||
	    (e->sys != EPERM && e->sys != ENOSYS && e->sys != (int)seccomp->default_value))
		return;
	snprintf(e->text + length, sizeof(e->text) - length,
		 " (the seccomp profile is in force: does it refuse this?)");
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run: create and start in one process; in the foreground also wait, then delete.
 */
#include "boot/record/runtime_hooks.h"
#include "container/create.h"
#include "container/notify.h"
#include "container/recorded.h"
#include "container/terminal.h"
#include "os/log.h"

#include <signal.h>

static int wait_ready(struct new_container *made, struct notify *notify, struct err *e)
{
	state_unlock(&made->dir);
	return notify_wait_ready(notify, made->init.pidfd, e);
}

/* Exactly the one that was made: while it ran it may have been deleted, and another may have its name by
 * now. */
static int delete_made(const struct global_options *global, struct new_container *made,
		       struct err *e)
{
	if (!made->dir.locked && relock_after_hook(&made->dir, e) < 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	return container_delete_opened(global, &made->dir,
				       made->init.pid == 0 ? &made->status : NULL, true, e);
}

int container_run(const struct global_options *global, const char *id,
		  const struct container_create_options *options, int *ret_code, struct err *e)
{
	autonew made = NEW_CONTAINER_INIT;
	autoclose int signal_fd = -1;
	autonotify notify = NOTIFY_INIT;
	struct foreground foreground = { .master = -1, .notify = &notify };
	struct err ignored;
	bool to_us = !options->detach && !options->console_socket, over;
	int rc, code = 0;

	if (container_create_locked(global, id, options, to_us, true, &made, e) < 0)
		return -1;
	const struct init_link link = { .pidfd = made.init.pidfd, .channel = made.channel };
	foreground.master = made.console_master;
	/* In the foreground it is this process that the service manager looks after. */
	notify.main_pid = options->detach ? made.init.pid : 0;
	rc = notify_listen(&made.dir, made.inherited.notify_socket, &notify, e);
	if (rc == 0 && !options->detach)
		rc = foreground_prepare(&foreground, &signal_fd, e);
	if (rc == 0)
		rc = container_start_locked(&made.dir, &made.status, &made.arena,
					    made.preview.verdict.spec, &link, &over, e);
	/* its end tells init nothing any more */
	replace_fd(&made.channel, -1);
	if (rc == 0 && options->detach && notify.socket >= 0)
		rc = wait_ready(&made, &notify, e);
	if (rc == 0 && !options->detach) {
		/* Others may want to look at it, kill it or delete it meanwhile. */
		state_unlock(&made.dir);
		rc = foreground_follow(&foreground, &made.init, signal_fd, &code, e);
	}
	foreground_end(&foreground);
	/* What failed leaves nothing; what ran to its end is deleted unless it is to be kept. */
	if ((rc < 0 || (!options->detach && !options->keep)) &&
	    delete_made(global, &made, rc < 0 ? &ignored : e) < 0)
		rc = -1;
	if (rc == 0)
		*ret_code = code;
	return rc;
}

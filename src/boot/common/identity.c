/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving up power, in the one order that works, and with no way back. Runs in the container's process.
 *
 * The bounding set first: PR_CAPBSET_DROP needs CAP_SETPCAP, which the change of user may take away.
 * Groups before gid before uid: each needs what the next one gives up. Capabilities survive the change of
 * user by PR_SET_KEEPCAPS and are then set exactly; ambient ones last, because they must be in both the
 * permitted and the inheritable set (capabilities(7)).
 */
#include "boot/common/identity.h"

#include "base/auto.h"
#include "base/str.h"
#include "sys/caps.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What may be read only would be written by the user who gets it, and may be any file of the host's; what is open for
 * writing is the container's output already. Root takes no file from the user who has called sudo with it. Devices are the
 * host's, or a terminal that is the user's already. */
static bool is_given(int fd, const struct stat *st, uint32_t uid)
{
	if (S_ISREG(st->st_mode))
		return uid != 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
	return S_ISFIFO(st->st_mode) || S_ISSOCK(st->st_mode);
}

/* The user of the container must be able to reopen /dev/stdout. */
static int give_streams(const struct plan_process *process, struct err *e)
{
	for (int fd = 0; fd < 3; fd++) {
		struct stat st;
		if (fstat(fd, &st) < 0 || st.st_uid == process->uid ||
		    !is_given(fd, &st, process->uid))
			continue;
		/* A file system without owners, or with a quota, says no in a word of its own. */
		if (fchown(fd, process->uid, (gid_t)-1) < 0 && !S_ISREG(st.st_mode) &&
		    errno != EPERM && errno != EROFS && errno != EINVAL)
			return fail_sys(e, "give descriptor %d to user %u", fd, process->uid);
	}
	return 0;
}

static int set_groups(struct identity *id, const struct plan_process *process, struct err *e)
{
	int error_number;

	id->groups_kept = process->keep_groups;
	if (process->keep_groups)
		return 0;
	if (setgroups(process->groups.n, process->groups.v) == 0)
		return 0;
	error_number = errno;
	/* user_namespaces(7): denied where the gid map was written without privilege; the groups of the
	 * caller are all there can be. */
	if (error_number == EPERM && id->groups_denied) {
		id->groups_kept = true;
		return 0;
	}
	return fail_errno(e, error_number, "set the supplementary groups");
}

static struct cap_sets sets_of(const struct plan_capabilities *caps)
{
	return (struct cap_sets){
		.effective = caps->effective,
		.permitted = caps->permitted,
		.inheritable = caps->inheritable,
	};
}

/* What a filter or a late join takes stays in these two sets alone, from which execve() takes it. */
static struct cap_sets with_admin(struct identity *id, bool needed, struct cap_sets sets)
{
	const uint64_t admin = UINT64_C(1) << CAP_SYS_ADMIN;

	id->admin = needed && !(sets.permitted & sets.effective & admin);
	if (id->admin) {
		sets.permitted |= admin;
		sets.effective |= admin;
	}
	return sets;
}

int identity_drop_admin(struct identity *id, const struct plan *plan, struct err *e)
{
	struct cap_sets sets = sets_of(&plan->process.capabilities);

	if (id->admin && caps_set(&sets, e) < 0)
		return -1;
	id->admin = false;
	return 0;
}

int identity_assume(struct identity *id, const struct plan *plan, const struct program *program,
		    bool keeps_admin, struct err *e)
{
	const struct plan_process *process = &plan->process;
	const struct plan_capabilities *caps = &process->capabilities;
	struct cap_sets sets = with_admin(id, keeps_admin, sets_of(caps));
	uid_t real, effective, saved;

	if (give_streams(process, e) < 0)
		return -1;
	if (caps_bounding_limit(caps->bounding, e) < 0)
		return -1;
	if (prctl(PR_SET_KEEPCAPS, 1) < 0)
		return fail_sys(e, "keep capabilities");
	if (set_groups(id, process, e) < 0)
		return -1;
	if (setresgid(process->gid, process->gid, process->gid) < 0)
		return fail_sys(e, "set the group id %u", process->gid);
	if (setresuid(process->uid, process->uid, process->uid) < 0)
		return fail_sys(e, "set the user id %u", process->uid);
	/* Trust nothing if a mistake means root. */
	if (getresuid(&real, &effective, &saved) < 0 || real != process->uid ||
	    effective != process->uid || saved != process->uid)
		return fail(e, ERR_SYSTEM, "the user id is not %u", process->uid);
	if (process->cwd && program_enter_directory(program, plan, e) < 0)
		return -1;
	if (caps_set(&sets, e) < 0 || caps_ambient(caps->ambient, e) < 0)
		return -1;
	if (prctl(PR_SET_KEEPCAPS, 0) < 0)
		return fail_sys(e, "stop keeping capabilities");
	if (process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail_sys(e, "set no_new_privs");
	/* What the caller's happens to be is not a property of the container; 0022 is every distribution's. */
	umask(process->umask_set ? process->umask : 0022);
	return 0;
}

/* Asked while the host's /proc is there: the container may have none, or one that says anything. */
bool setgroups_are_denied(void)
{
	char text[8] = "";
	autoclose int fd = open("/proc/self/setgroups", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && str_has_prefix(text, "deny");
}

int identity_become_root(const struct plan *plan, const struct session *session, struct err *e)
{
	if (!plan->namespaces.new_user)
		return 0;
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return fail_sys(e, "become root of the new user namespace (is 0 mapped?)");
	return session_die_with_runtime(session, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts of a container that joins a mount namespace: they are made for those who live there, so none of them may
 * reach any further, and of a container that fails none is left. Runs in the container's first process.
 */
#include "boot/context.h"

#include "base/io.h"
#include "base/str.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x00001000U
#endif

static bool joins_mounts(const struct boot *b)
{
	return !b->live && !b->plan->namespaces.new_mount && find_join(b->plan, SPEC_NS_MOUNT);
}

/* By the runtime's procfs, for there may be none in there. */
static int find_mount(struct boot *b, int fd, const struct mountinfo_entry **ret, struct err *e)
{
	autofree char *text = NULL;
	struct mountinfo info;
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) <
	    0)
		return fail_sys(e, "ask for the id of a mount");
	if (read_file_at(b->descriptors, "../mountinfo", MOUNTINFO_MAX, &text, NULL, e) < 0 ||
	    mountinfo_parse(text, b->arena, &info, e) < 0)
		return -1;
	*ret = mountinfo_find(&info, (uint32_t)st.stx_mnt_id);
	return 0;
}

int child_joined_target(struct boot *b, const struct plan_mount *mount, int target, struct err *e)
{
	const struct mountinfo_entry *found = NULL;

	if (!joins_mounts(b))
		return 0;
	if (find_mount(b, target, &found, e) < 0)
		return -1;
	if (found && !strstr(found->tags, "shared:"))
		return 0;
	return fail(e, ERR_CONFIG,
		    "'%s' of the mount namespace that is joined is shared with others, on the host "
		    "perhaps, and would be mounted there, too; make it private first",
		    mount->destination);
}

void child_joined_take_back(struct boot *b, size_t n)
{
	struct err ignored;

	while (joins_mounts(b) && n-- > 0)
		if (b->mount_fds[n] >= 0 && b->plan->mounts.v[n].kind != PLAN_MOUNT_REMOUNT)
			(void)!child_live_take_away(b, b->mount_fds[n], &ignored);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts of a container that joins a mount namespace: they are made for those who live there, so none of them may
 * reach any further, and of a creation that fails none is left. Runs in the container's first process; parent_*() in the
 * runtime, which gets a descriptor of each mount, for later the child can take none away.
 */
#include "boot/joined_mounts.h"

#include "base/str.h"
#include "boot/protocol.h"
#include "os/io.h"
#include "os/log.h"
#include "sys/beneath.h"
#include "sys/channel.h"
#include "sys/helper.h"
#include "sys/nsfd.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

static bool joins_mounts(const struct boot *b)
{
	return !b->live && !b->plan->namespaces.new_mount && plan_join_of(b->plan, SPEC_NS_MOUNT);
}

/* By the runtime's procfs, for there may be none in there. */
static int find_mount(struct boot *b, int fd, const struct mountinfo_entry **ret, struct err *e)
{
	struct mountinfo info;

	if (mountinfo_read_at(b->root.descriptors, "../mountinfo", b->arena, &info, e) < 0)
		return -1;
	return mountinfo_of(&info, fd, ret, e);
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

int child_joined_keep(struct boot *b, size_t index, struct err *e)
{
	const struct plan_mount *mount = &b->plan->mounts.v[index];

	if (!joins_mounts(b) || mount->kind != PLAN_MOUNT_CGROUP)
		return 0;
	b->root.mounts[index] = beneath_open(b->root.fd, mount->destination, 0, e);
	return b->root.mounts[index] < 0 ? -1 : 0;
}

static bool is_given(const struct boot *b, size_t index)
{
	return b->root.mounts[index] >= 0 && b->plan->mounts.v[index].kind != PLAN_MOUNT_REMOUNT;
}

void child_joined_take_back(struct boot *b, size_t n)
{
	struct err ignored;

	while (joins_mounts(b) && n-- > 0)
		if (is_given(b, n))
			(void)!child_live_take_away(b, b->root.mounts[n], &ignored);
}

int child_joined_mounts(struct boot *b, struct err *e)
{
	struct message message = { .type = BOOT_MOUNT };

	if (!joins_mounts(b))
		return 0;
	for (size_t i = 0; i < b->plan->mounts.n; i++)
		if (is_given(b, i) &&
		    channel_send(b->session.channel, &message, b->root.mounts[i], e) < 0)
			return -1;
	message.type = BOOT_MOUNTS_DONE;
	return channel_send(b->session.channel, &message, -1, e);
}

int parent_joined_mounts(struct boot *b, struct err *e)
{
	struct message message = { .type = BOOT_MOUNT };

	if (!joins_mounts(b))
		return 0;
	for (size_t i = 0; i < b->plan->mounts.n; i++)
		replace_fd(&b->root.mounts[i], -1);
	for (size_t i = 0; message.type == BOOT_MOUNT; i++) {
		autoclose int fd = -1;

		if (parent_expect_either(b, BOOT_MOUNT, BOOT_MOUNTS_DONE, &message, &fd, e) < 0)
			return -1;
		if (message.type == BOOT_MOUNT && (fd < 0 || i >= b->plan->mounts.n))
			return fail(e, ERR_INTERNAL, "a mount did not come with its message");
		if (message.type == BOOT_MOUNT)
			b->root.mounts[b->joined_mounts++] = take_fd(&fd);
	}
	return 0;
}

static int take_back(void *context, struct strbuf *answer, struct err *e)
{
	struct boot *b = context;

	(void)answer;
	if (child_live_descriptors(b, e) < 0 ||
	    nsfd_enter(b->host->requested[SPEC_NS_MOUNT], CLONE_NEWNS,
		       "the mount namespace that is joined", e) < 0)
		return -1;
	for (size_t i = b->joined_mounts; i-- > 0;)
		if (child_live_take_away(b, b->root.mounts[i], e) < 0)
			return -1;
	return 0;
}

void parent_joined_take_back(struct boot *b)
{
	const struct helper_job job = { .name = "the unmounting of what was mounted",
					.work = take_back,
					.context = b };
	autofree char *answer = NULL;
	size_t length;
	struct err e;

	if (b->joined_mounts > 0 && helper_run(&job, 1, &answer, &length, &e) < 0)
		log_warning("after a failed start: %s", e.text);
}

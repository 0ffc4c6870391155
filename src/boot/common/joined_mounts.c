/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts of a container that joins a mount namespace: they are made for the processes in there, so none of them may
 * reach any further, and of a creation that fails none is left. Runs in the container's first process; what receives and
 * takes back in the runtime, which gets a descriptor of each mount, because later the process can take none away.
 */
#include "boot/common/joined_mounts.h"

#include "base/str.h"
#include "boot/protocol.h"
#include "os/io.h"
#include "os/log.h"
#include "sys/beneath.h"
#include "sys/channel.h"
#include "sys/helper.h"
#include "sys/mountinfo.h"
#include "sys/nsfd.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

static bool joins_mounts(const struct root *r)
{
	return !r->running && !r->plan->namespaces.new_mount &&
	       plan_join_of(r->plan, SPEC_NS_MOUNT);
}

/* By the runtime's procfs, because there may be none in there. */
static int find_mount(struct root *r, int fd, const struct mountinfo_entry **ret, struct err *e)
{
	struct mountinfo info;

	if (mountinfo_read_at(r->descriptors, "../mountinfo", r->arena, &info, e) < 0)
		return -1;
	return mountinfo_of(&info, fd, ret, e);
}

int joined_target(struct root *r, const struct plan_mount *mount, int target, struct err *e)
{
	const struct mountinfo_entry *found = NULL;

	if (!joins_mounts(r))
		return 0;
	if (find_mount(r, target, &found, e) < 0)
		return -1;
	if (found && !strstr(found->tags, "shared:"))
		return 0;
	return fail(
		e, ERR_CONFIG,
		"'%s' of the joined mount namespace is shared with others, perhaps with the host, so the mount would appear there, too; make it private first",
		mount->destination);
}

int joined_keep(struct root *r, size_t index, struct err *e)
{
	const struct plan_mount *mount = &r->plan->mounts.v[index];

	if (!joins_mounts(r) || mount->kind != PLAN_MOUNT_CGROUP)
		return 0;
	r->mounts[index] = beneath_open(r->fd, mount->destination, 0, e);
	return r->mounts[index] < 0 ? -1 : 0;
}

static bool is_given(const struct root *r, size_t index)
{
	return r->mounts[index] >= 0 && r->plan->mounts.v[index].kind != PLAN_MOUNT_REMOUNT;
}

void joined_unmount(struct root *r, size_t n)
{
	struct err ignored;

	while (joins_mounts(r) && n-- > 0)
		if (is_given(r, n))
			(void)!root_unmount(r, r->mounts[n], &ignored);
}

int joined_mounts_tell(const struct root *r, int channel, struct err *e)
{
	struct message message = { .type = BOOT_MOUNT };

	if (!joins_mounts(r))
		return 0;
	for (size_t i = 0; i < r->plan->mounts.n; i++)
		if (is_given(r, i) && channel_send(channel, &message, r->mounts[i], e) < 0)
			return -1;
	message.type = BOOT_MOUNTS_DONE;
	return channel_send(channel, &message, -1, e);
}

int joined_mounts_receive(struct root *r, struct boot_peer *peer, struct err *e)
{
	struct message message = { .type = BOOT_MOUNT };

	if (!joins_mounts(r))
		return 0;
	for (size_t i = 0; i < r->plan->mounts.n; i++)
		replace_fd(&r->mounts[i], -1);
	for (size_t i = 0; message.type == BOOT_MOUNT; i++) {
		autoclose int fd = -1;

		if (peer_expect_either(peer, BOOT_MOUNT, BOOT_MOUNTS_DONE, &message, &fd, e) < 0)
			return -1;
		if (message.type == BOOT_MOUNT && (fd < 0 || i >= r->plan->mounts.n))
			return fail(e, ERR_INTERNAL, "a mount did not come with its message");
		if (message.type == BOOT_MOUNT)
			r->mounts[r->n_joined++] = take_fd(&fd);
	}
	return 0;
}

struct given_back {
	struct root *root;
	int mount_namespace;
};

static int take_back(void *context, struct strbuf *answer, struct err *e)
{
	struct given_back *given = context;
	struct root *r = given->root;

	(void)answer;
	if (root_open_descriptors(r, e) < 0 ||
	    nsfd_enter(given->mount_namespace, CLONE_NEWNS, "the mount namespace that is joined",
		       e) < 0)
		return -1;
	for (size_t i = r->n_joined; i-- > 0;)
		if (root_unmount(r, r->mounts[i], e) < 0)
			return -1;
	return 0;
}

void joined_mounts_take_back(struct root *r, int mount_namespace)
{
	struct given_back given = { .root = r, .mount_namespace = mount_namespace };
	const struct helper_job job = { .name = "the unmounting of what was mounted",
					.work = take_back,
					.context = &given };
	autofree char *answer = NULL;
	size_t length;
	struct err e;

	if (r->n_joined > 0 && helper_run(&job, 1, &answer, &length, &e) < 0)
		log_warning("after a failed start: %s", e.text);
}

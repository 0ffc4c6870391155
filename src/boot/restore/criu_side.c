/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that becomes criu, up to its execution: in the container's cgroup, in the shared network, in a
 * mount namespace of its own where the root filesystem and the sources of bind mounts are put together for
 * it. Runs with the runtime's power and view of the host.
 */
#include "boot/restore/criu_side.h"

#include "base/path.h"
#include "base/str.h"
#include "boot/common/cgroup_view.h"
#include "boot/common/filesystem.h"
#include "boot/common/kernel_mounts.h"
#include "boot/common/place.h"
#include "boot/protocol.h"
#include "seccomp/program.h"
#include "sys/channel.h"
#include "sys/mount_api.h"
#include "sys/nsfd.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

int criu_begin(struct restore_criu *c, struct err *e)
{
	/* With --shell-job the processes stay in the session of the caller. */
	if (!c->request->shell_job)
		return session_begin(&c->session, e);
	c->session.caller_umask = umask(0);
	return session_die_with_runtime(&c->session, e);
}

int criu_enter_network(struct restore_criu *c, struct err *e)
{
	int fd = c->network;

	if (fd < 0)
		return 0;
	return nsfd_enter(fd, CLONE_NEWNET, c->plan->namespaces.network_path, e);
}

/* A directory that no other process sees, over the container's records, which criu has no use for. */
int criu_make_place(struct restore_criu *c, struct err *e)
{
	struct mount_attr slave = { .propagation = MS_SLAVE };
	struct mount_attr private = { .propagation = MS_PRIVATE };
	autoclose int context = -1, mount = -1, place = -1;

	if (sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &slave) < 0)
		return fail_sys(e, "make the mounts of the new namespace slaves");
	context = sys_fsopen("tmpfs", FSOPEN_CLOEXEC);
	if (context < 0 || sys_fsconfig(context, FSCONFIG_SET_STRING, "mode", "0700", 0) < 0 ||
	    sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fail_sys(e, "make a tmpfs");
	mount = sys_fsmount(context, FSMOUNT_CLOEXEC, 0);
	if (mount < 0 || sys_mount_setattr(mount, "", AT_EMPTY_PATH, &private) < 0)
		return fail_sys(e, "mount a tmpfs");
	/* By name: the descriptors that we have lead into the mounts of the host. */
	place = open(c->place, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (place < 0 || sys_move_mount(mount, "", place, "",
					MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return fail_sys(e, "mount a tmpfs on '%s'", c->place);
	return 0;
}

static int attach(int mount, const char *place, struct err *e)
{
	autoclose int target = -1;
	struct stat st;

	if (fstat(mount, &st) < 0)
		return fail_sys(e, "stat what belongs on '%s'", place);
	if (S_ISDIR(st.st_mode) ? mkdir(place, 0700) < 0 : mknod(place, S_IFREG | 0600, 0) < 0)
		return fail_sys(e, "make '%s'", place);
	target = open(place, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0 || sys_move_mount(mount, "", target, "",
					 MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return fail_sys(e, "mount on '%s'", place);
	return 0;
}

static int attach_hierarchy(struct restore_criu *c, const struct plan_mount *mount,
			    const struct cgroup_hierarchy_facts *hierarchy, const char *place,
			    struct err *e)
{
	autoclose int fd = clone_cgroup_view(&c->root, mount, hierarchy, e);

	return fd < 0 ? -1 : attach(fd, place, e);
}

/* The one instance of cgroup2 as the host has mounted it (criu_yard_make()); of version 1, without a cgroup
 * namespace, the hierarchies that are bound. The tmpfs that they are on is in the images. */
static int attach_cgroup_view(struct restore_criu *c, size_t index, struct err *e)
{
	const struct plan_mount *mount = &c->plan->mounts.v[index];
	const struct plan_mount inner = cgroup_view_inner(mount);
	const struct cgroup_facts *facts = c->facts->cgroup;
	const char *place = c->places.v[index];

	if (facts->layout == CGROUP_V2)
		return attach_hierarchy(c, mount, &facts->hierarchies.v[0], place, e);
	if (!cgroup_view_is_one(mount) && mkdir(place, 0700) < 0)
		return fail_sys(e, "make '%s'", place);
	for (size_t i = 0; i < facts->hierarchies.n; i++) {
		const struct cgroup_hierarchy_facts *hierarchy = &facts->hierarchies.v[i];
		const char *name = cgroup_view_name(mount, hierarchy);

		if (name && attach_hierarchy(c, &inner, hierarchy,
					     cgroup_view_is_one(mount)
						     ? place
						     : arena_printf(c->arena, "%s/%s", place, name),
					     e) < 0)
			return -1;
	}
	return 0;
}

static int attach_mount(struct restore_criu *c, size_t index, struct err *e)
{
	const struct plan_mount *mount = &c->plan->mounts.v[index];
	int fd = c->root.mounts[index];

	if (mount->kind == PLAN_MOUNT_CGROUP)
		return attach_cgroup_view(c, index, e);
	if (separate_from_host(fd, c->plan, mount, e) < 0 ||
	    apply_mount_attributes(fd, mount, e) < 0 ||
	    apply_propagation(fd, c->plan, mount, e) < 0 || attach(fd, c->places.v[index], e) < 0)
		return -1;
	return kernel_mounts_below(&c->root, fd, &mount->below, shares_with_host(c->plan, mount),
				   e);
}

/* As criu_yard_make() has it, but what it makes follows no links of the host's any more. */
static int attach_yard(struct restore_criu *c, struct err *e)
{
	const char *yard = c->request->cgroup_yard;
	const char *source;
	autoclose int fd = -1;

	if (!yard)
		return 0;
	source = c->facts->cgroup->hierarchies.v[0].mount_point;
	fd = sys_open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0)
		return fail_sys(e, "clone '%s'", source);
	if (mkdir(yard, 0700) < 0)
		return fail_sys(e, "make '%s'", yard);
	return attach(fd, arena_printf(c->arena, "%s/" CRIU_YARD_UNIFIED, yard), e);
}

int criu_attach_mounts(struct restore_criu *c, struct err *e)
{
	if (attach_yard(c, e) < 0 || attach(c->root.fd, c->root_place, e) < 0 ||
	    kernel_mounts_below(&c->root, c->root.fd, &c->plan->root_below, false, e) < 0)
		return -1;
	for (size_t i = 0; i < c->plan->mounts.n; i++) {
		if (c->places.v[i] && attach_mount(c, i, e) < 0)
			return err_prefix(e, "mounts[%u]", c->plan->mounts.v[i].index);
	}
	return 0;
}

/* The last mount before this one that its destination lies in; n where that is the root filesystem. */
static size_t holder_of(const struct plan *plan, size_t index)
{
	for (size_t i = index; i-- > 0;)
		if (plan->mounts.v[i].kind != PLAN_MOUNT_REMOUNT &&
		    path_is_below(plan->mounts.v[index].destination, plan->mounts.v[i].destination))
			return i;
	return plan->mounts.n;
}

static int make_mount_point(struct restore_criu *c, size_t index, struct err *e)
{
	const struct plan_mount *mount = &c->plan->mounts.v[index];
	size_t holder = holder_of(c->plan, index);
	struct plan_mount inside = *mount;
	autoclose int target = -1;
	struct root root = c->root;
	bool made;

	if (holder < c->plan->mounts.n) {
		/* What is in a file system of the container's own comes from the images. */
		if (!c->places.v[holder])
			return 0;
		inside.destination += strlen(c->plan->mounts.v[holder].destination);
		if (!*inside.destination)
			return 0;
		root.fd = c->root.mounts[holder];
	}
	target = open_mount_target(&root, &inside, c->root.mounts[index], &made, e);
	return target < 0 && !mount_is_left_out(mount, e) ? -1 : 0;
}

int criu_make_mount_points(struct restore_criu *c, struct err *e)
{
	for (size_t i = 0; i < c->plan->mounts.n; i++) {
		const struct plan_mount *mount = &c->plan->mounts.v[i];

		/* The place of the cgroups is made by sysfs; a copied symlink is a file of the root's. */
		if (mount->kind == PLAN_MOUNT_REMOUNT || mount->kind == PLAN_MOUNT_CGROUP ||
		    mount->copy_symlink)
			continue;
		if (make_mount_point(c, i, e) < 0)
			return err_prefix(e, "mounts[%u]", mount->index);
	}
	return 0;
}

/* In this mount namespace, and the same that the parent has looked at. */
static int open_again(const char *path, int known, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat expected, found;

	if (fd < 0 || fstat(fd, &found) < 0 || fstat(known, &expected) < 0)
		return fail_sys(e, "open '%s'", path);
	if (found.st_dev != expected.st_dev || found.st_ino != expected.st_ino)
		return fail(e, ERR_CONFIG, "the directory '%s' was exchanged", path);
	return take_fd(&fd);
}

/* criu opens descriptors of the maker of its socket, which is this process. */
int criu_ready(struct restore_criu *c, struct err *e)
{
	const struct criu_request *r = c->request;
	struct message message = { .type = BOOT_READY };
	autoclose int theirs = -1;
	int pair[2];

	c->criu_fds[1] = open_again(c->images_path, r->images, e);
	if (c->criu_fds[1] < 0)
		return -1;
	c->criu_fds[2] = open_again(c->work_path, r->work >= 0 ? r->work : r->images, e);
	if (c->criu_fds[2] < 0 || channel_pair(pair, e) < 0)
		return -1;
	c->criu_fds[0] = pair[0];
	theirs = pair[1];
	umask(c->session.caller_umask);
	if (channel_send(c->session.channel, &message, theirs, e) < 0)
		return -1;
	return session_wait_go(&c->session, e);
}

int criu_confine(struct restore_criu *c, struct err *e)
{
	struct seccomp_program program;
	int listener;

	if (!c->confine)
		return 0;
	seccomp_fences_program(&c->plan->confinement, c->arena, &program);
	if (seccomp_program_load(&program, &listener, e) < 0)
		return err_prefix(e, "%s of the policy", program.policy_keys);
	return 0;
}

int criu_become(struct restore_criu *c, struct err *e)
{
	size_t n = RESTORE_FD_JOINED - RESTORE_FD_IMAGES + 1;

	for (size_t i = 0; i < c->n_joined; i++)
		c->criu_fds[n++] = c->joined[i].fd;
	if (c->request->config_fd >= 0)
		c->criu_fds[n++] = c->request->config_fd;
	return criu_execute(c->program, c->criu_fds, n, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the host goes into the container: its root filesystem and the sources of bind mounts, each
 * looked up once, in the host's view, and cloned into a detached mount that the container's process attaches. Runs in
 * the runtime.
 */
#include "boot/common/sources.h"

#include "boot/common/power.h"
#include "sys/mount_api.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int clone_root(const struct sources *s, int rootfs, int user_namespace, struct err *e)
{
	/* With everything mounted below it, as the engine has prepared it. */
	autoclose int fd = sys_open_tree(
		rootfs, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	struct mount_attr attributes = {
		.propagation = s->plan->rootfs_propagation & MS_SLAVE ? MS_SLAVE : MS_PRIVATE,
	};
	struct mount_attr ids = { .attr_set = MOUNT_ATTR_IDMAP,
				  .userns_fd = (uint64_t)user_namespace };

	if (fd < 0)
		return fail_sys(e, "clone the root filesystem '%s'", s->plan->rootfs);
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes) < 0)
		return fail_sys(e, "separate the root filesystem '%s' from the host",
				s->plan->rootfs);
	if (user_namespace >= 0 &&
	    sys_mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &ids) < 0)
		return fail_sys(e, "map the ids of the root filesystem '%s'", s->plan->rootfs);
	return take_fd(&fd);
}

/* What was judged; -1 if nothing was, because it was missing or is the runtime's own. */
static int opened_source(const struct sources *s, const struct plan_mount *mount)
{
	return mount->opened == PLAN_NO_SOURCE || mount->opened >= s->host->n_sources
		       ? -1
		       : s->host->sources[mount->opened];
}

static int fail_exchanged(const struct plan_mount *mount, const char *what, struct err *e)
{
	return fail(e, ERR_POLICY, "mounts[%u]: the source '%s' %s; try again", mount->index,
		    mount->source, what);
}

static int identity(int fd, const struct plan_mount *mount, struct statx *ret, struct err *e)
{
	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_INO, ret) < 0)
		return fail_sys(e, "mounts[%u]: stat the source '%s'", mount->index, mount->source);
	return 0;
}

/*
 * A descriptor of the runtime's mounts cannot be cloned in another mount namespace, so there the path is looked up
 * again: it is the file that was judged, or the end of it. What was not there then nothing was judged of. A caller
 * without power may have had no way to it before it is root of the user namespace: that is looked at once it is
 * mounted.
 */
static int check_judged(const struct sources *s, const struct plan_mount *mount, int fd,
			struct err *e)
{
	int judged = opened_source(s, mount);
	struct statx expected, found;

	/* What the policy itself has added was no source when they were looked at: a file that root alone can write. */
	if (mount->own_source || mount->opened == PLAN_NO_SOURCE || !s->plan->kernel_own)
		return 0;
	if (judged < 0)
		return has_host_admin(s->facts)
			       ? fail_exchanged(mount, "was not there when it was judged", e)
			       : 0;
	if (identity(judged, mount, &expected, e) < 0 || identity(fd, mount, &found, e) < 0)
		return -1;
	if (expected.stx_ino != found.stx_ino || expected.stx_dev_major != found.stx_dev_major ||
	    expected.stx_dev_minor != found.stx_dev_minor)
		return fail_exchanged(mount, "was exchanged after it was judged", e);
	return 0;
}

int clone_source(const struct sources *s, const struct plan_mount *mount, int user_namespace,
		 bool here, struct err *e)
{
	unsigned flags =
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (mount->recursive ? AT_RECURSIVE : 0);
	unsigned nofollow = mount->source_nofollow || mount->copy_symlink ? AT_SYMLINK_NOFOLLOW : 0;
	const char *path = mount->source;
	int known = here ? opened_source(s, mount) : -1;

	/* its own name, which leads there also if /proc is not */
	if (mount->opened != PLAN_NO_SOURCE && s->facts->sources.v[mount->opened].path)
		path = s->facts->sources.v[mount->opened].path;
	autoclose int fd = known >= 0 ? sys_open_tree(known, "", flags | AT_EMPTY_PATH)
				      : sys_open_tree(AT_FDCWD, path, flags | nofollow);

	if (fd < 0)
		return fail_sys(e, "mounts[%u]: source '%s' of '%s'", mount->index, mount->source,
				mount->destination);
	if ((!here || known < 0) && check_judged(s, mount, fd, e) < 0)
		return -1;
	if (apply_idmap(s->arena, fd, mount, user_namespace, e) < 0)
		return -1;
	return take_fd(&fd);
}

struct idmaps sources_idmaps(const struct sources *s)
{
	return (struct idmaps){
		.plan = s->plan,
		.facts = s->facts,
		.arena = s->arena,
		.root = -1,
		.joined = s->host->requested[SPEC_NS_USER],
		.init = s->peer ? s->peer->child.pid : 0,
	};
}

bool takes_away_below(const struct plan_belows *below)
{
	for (size_t i = 0; i < below->n; i++)
		if (below->v[i].detach)
			return true;
	return false;
}

int sources_open(struct sources *s, struct err *e)
{
	if (!plan_has_user_namespace(s->plan))
		return sources_clone(s, e);
	root_no_mounts(s->root);
	return 0;
}

int sources_clone(struct sources *s, struct err *e)
{
	const struct plan *plan = s->plan;
	auto_idmaps idmaps = sources_idmaps(s);

	root_no_mounts(s->root);
	/* of a mount namespace that is joined it is the existing one */
	if (plan->namespaces.new_mount) {
		s->root->fd = clone_root(s, s->host->rootfs, -1, e);
		if (s->root->fd < 0)
			return -1;
	}
	if (open_idmaps(&idmaps, e) < 0)
		return -1;
	for (size_t i = 0; i < plan->mounts.n; i++) {
		if (plan->mounts.v[i].kind != PLAN_MOUNT_BIND)
			continue;
		s->root->mounts[i] = clone_source(s, &plan->mounts.v[i], idmaps.fds[i], true, e);
		if (s->root->mounts[i] < 0)
			return -1;
	}
	/* They lead into the host's mounts. */
	for (size_t i = 0; i < s->host->n_sources; i++)
		replace_fd(&s->host->sources[i], -1);
	return 0;
}

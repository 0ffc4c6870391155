/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The claim on a group (make.h): its mark. Runs in the runtime.
 *
 * Setting a mark if there is none is one step of the kernel, so one of several wins. A mark that means
 * nothing any more is replaced under a lock of the directory itself, which is the same for each state root and
 * each view of the mounts. Two that claim a group and one below it at once each look for the other after their
 * own mark is set, so that one of them sees it at least.
 */
#include "cgroup/make.h"
#include "cgroup/mark.h"

#include "base/auto.h"
#include "sys/deadline.h"
#include "sys/procfs.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/xattr.h>

int cgroup_fail_overlap(const struct cgroup_mark *other, int relation, const char *path,
			struct err *e)
{
	const char *how = relation == GROUP_SAME    ? "belongs to"
			  : relation == GROUP_ABOVE ? "lies in the group of"
						    : "contains the group of";

	return fail(
		e, ERR_POLICY,
		"cgroup.overlap: cgroup '%s' %s container %s (state root '%s'); delete that container, or name another group",
		path, how, other->id, other->root);
}

static int found_other(const struct cgroup_mark *mark, int relation, const char *directory,
		       void *context, struct err *e)
{
	const struct cgroup_making *making = context;
	const struct cgroup_claim *claim = making->claim;

	if (str_eq(mark->name, claim->name) || !claim->counts(mark, directory))
		return 0;
	return cgroup_fail_overlap(mark, relation, making->path - 1, e);
}

static int fail_mark(const struct cgroup_making *making, struct err *e)
{
	return fail_sys(e, "mark cgroup '%s/%s' as the container's", making->hierarchy->mount_point,
			making->path);
}

static int lock(const struct cgroup_making *making, struct err *e)
{
	autoclose int fd = openat(making->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct patience patience;

	if (fd < 0)
		return fail_mark(making, e);
	patience_start(&patience, deadline_ms());
	while (flock(fd, LOCK_EX | LOCK_NB) < 0)
		if ((errno != EWOULDBLOCK && errno != EINTR) || !patience_pause(&patience))
			return fail_mark(making, e);
	return take_fd(&fd);
}

static bool is_same_container(const struct cgroup_mark *a, const struct cgroup_mark *b)
{
	return str_eq(a->id, b->id) && str_eq(a->root, b->root);
}

static int take_over(const struct cgroup_making *making, const struct cgroup_mark *own,
		     struct err *e)
{
	const struct cgroup_claim *claim = making->claim;
	struct cgroup_mark other;
	autoclose int held = lock(making, e);

	if (held < 0)
		return -1;
	int rc = mark_read(making->directory, &other);
	if (rc < 0)
		return fail_mark(making, e);
	if (rc == 0)
		return mark_write(making->directory, own, XATTR_CREATE) < 0 ? fail_mark(making, e)
									    : 0;
	/* A stopped container keeps its group; one whose record is gone with everything does not. */
	if (claim->exclusive && !is_same_container(&other, own) &&
	    claim->counts(&other, fd_path(making->directory).text))
		return cgroup_fail_overlap(&other, GROUP_SAME, making->path - 1, e);
	return mark_write(making->directory, own, XATTR_REPLACE) < 0 ? fail_mark(making, e) : 0;
}

int cgroup_claim_directory(struct cgroup_making *making, struct err *e)
{
	const struct cgroup_claim *claim = making->claim;
	struct cgroup_mark own = { .name = "" };
	const struct cgroup_owners owners = { .found = found_other, .context = making };
	const char *path = making->path - 1; /* with its '/' */

	if (!claim || !claim->name)
		return 0;
	if (str_format(own.name, sizeof(own.name), e, "%s", claim->name) < 0 ||
	    str_format(own.id, sizeof(own.id), e, "%s", claim->id) < 0 ||
	    str_format(own.root, sizeof(own.root), e, "%s", claim->root) < 0 ||
	    cgroup_find_around(making->hierarchy, path, &own.around, e) < 0)
		return -1;
	if (mark_write(making->directory, &own, XATTR_CREATE) < 0) {
		if (errno != EEXIST)
			return fail_mark(making, e);
		if (take_over(making, &own, e) < 0)
			return -1;
	}
	making->claimed = true;
	if (!claim->exclusive)
		return 0;
	return cgroup_find_owners_around(making->hierarchy, path, making->directory, &owners, e);
}

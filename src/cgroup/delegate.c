/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cgroup that is the container's to manage: given to its root, and one inside of its own where its
 * processes are, so that controllers can be enabled for it (cgroup-v2.rst "Delegation", "No Internal Process
 * Constraint"). Runs in the runtime.
 */
#include "cgroup/make.h"

#include "base/auto.h"
#include "os/io.h"
#include "os/log.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define DELEGATE_MAX 4096
#define CONTROLLERS_MAX 1024

int cgroup_give(int directory_fd, uint32_t uid, uint32_t gid, const char *shown, struct err *e)
{
	/* If the kernel does not say itself (before Linux 4.15). */
	static const char always[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";
	autofree char *list = NULL;
	struct err ignored;

	if (read_file_at(AT_FDCWD, "/sys/kernel/cgroup/delegate", DELEGATE_MAX, &list, NULL,
			 &ignored) < 0)
		list = xstrdup(always);
	if (fchownat(directory_fd, "", uid, gid, AT_EMPTY_PATH) < 0)
		return fail_sys(e, "give cgroup '%s' to %u:%u", shown, uid, gid);
	for (char *rest = list, *name; (name = strsep(&rest, "\n"));)
		/* The list names files of controllers that are not enabled too. */
		if (*name && fchownat(directory_fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno != ENOENT)
			return fail_sys(e, "give '%s' of cgroup '%s' to %u:%u", name, shown, uid,
					gid);
	return 0;
}

static int make_and_open(int parent_fd, const char *name, struct err *e)
{
	int fd;

	if (mkdirat(parent_fd, name, 0755) < 0 && errno != EEXIST)
		return fail_sys(e, "make cgroup '%s' for the container", name);
	fd = tree_open_below(parent_fd, name);
	return fd < 0 ? fail_sys(e, "open cgroup '%s' of the container", name) : fd;
}

/* What cannot be had (cpu with realtime processes about) is the container's to miss. */
static void hand_on_controllers(int directory_fd)
{
	char list[CONTROLLERS_MAX], word[NAME_MAX];
	char *rest = list;

	if (tree_read(directory_fd, "cgroup.controllers", list, sizeof(list)) < 0)
		return;
	for (char *name; (name = strsep(&rest, " "));) {
		struct err ignored;
		if (*name && (str_format(word, sizeof(word), &ignored, "+%s", name) < 0 ||
			      tree_write(directory_fd, "cgroup.subtree_control", word) < 0))
			log_debug("cgroup controller '%s' cannot be handed on to the container",
				  name);
	}
}

int cgroup_delegate(const struct plan_cgroup *plan, const struct cgroup *cgroup, pid_t pid,
		    struct err *e)
{
	autofree char *path = xstrdup(plan->delegated);
	autoclose int fd = openat(cgroup->into, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char text[16];
	char *rest = path;
	size_t depth = 0;
	int above[CGROUP_DELEGATED_DEPTH];
	int rc = 0;

	if (fd < 0)
		return fail_sys(e, "open the container's cgroup");
	for (char *name; rc == 0 && (name = strsep(&rest, "/"));) {
		int next = make_and_open(fd, name, e);
		rc = next < 0 ? -1 : 0;
		if (rc == 0) {
			above[depth++] = take_fd(&fd);
			fd = next;
		}
	}
	snprintf(text, sizeof(text), "%d", (int)pid);
	if (rc == 0 && tree_write(fd, "cgroup.procs", text) < 0)
		rc = fail_sys(e, "join cgroup '%s' of the container", plan->delegated);
	for (size_t i = 0; i < depth; i++) {
		if (rc == 0)
			hand_on_controllers(above[i]);
		close_keep_errno(above[i]);
	}
	if (rc == 0 && plan->delegate_uid != 0)
		rc = cgroup_give(fd, plan->delegate_uid, plan->delegate_gid, plan->delegated, e);
	return rc;
}

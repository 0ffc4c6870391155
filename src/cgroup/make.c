/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories of one cgroup in one hierarchy: made, filled, taken back (make.h). Runs in the runtime.
 */
#include "cgroup/make.h"
#include "cgroup/mark.h"
#include "cgroup/own.h"

#include "base/auto.h"
#include "os/io.h"
#include "sys/procfs.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* Another container's removal may take an empty parent away as often as we make it. */
#define MAKE_ATTEMPTS 100

/* Longest list of CPUs or memory nodes. */
#define CPUSET_LIST_MAX 65536

/* The cgroup above the one of this length of the path, as a text to open; "." for the mount point. */
static const char *parent_text(char *buffer, size_t size, const char *path, size_t length)
{
	while (length > 0 && path[length - 1] != '/')
		length--;
	if (length < 2)
		return ".";
	length--;
	if (length >= size)
		return NULL;
	memcpy(buffer, path, length);
	buffer[length] = '\0';
	return buffer;
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* mkdirat() of the part with this length. 1: made; 0: was there; -1 and errno. */
static int make_one(struct cgroup_making *making, int parent_fd, const char *name, size_t length)
{
	if (mkdirat(parent_fd, name, 0755) == 0) {
		if (making->made_from == 0)
			making->made_from = length;
		return 1;
	}
	return errno == EEXIST ? 0 : -1;
}

/* The removal of the last container below it removes it, too, and what lies in a unit of systemd and is
 * not systemd's is known by it. */
static void mark_as_made(int directory_fd, char how)
{
	const struct fd_path path = fd_path(directory_fd);

	if (setxattr(path.text, CGROUP_MADE_BY_US, &how, 1, 0) < 0 && errno == EPERM &&
	    how == CGROUP_MADE_AS_PARENT)
		(void)!setxattr(path.text, CGROUP_MADE_BY_USER, &how, 1, 0);
}

/* runtime.md "Delete": what the container has not created must not be deleted. Without the mark, and where
 * one is left of a container that was never deleted, it is. */
static void mark_as_before(struct cgroup_making *making)
{
	const struct fd_path path = fd_path(making->directory);

	if (!mark_byte(path.text, CGROUP_MADE_BY_US))
		making->marked_before =
			setxattr(path.text, CGROUP_MADE_BEFORE, "1", 1, XATTR_CREATE) == 0;
}

/* One on the way, made where it is missing; -1 and errno. */
static int open_parent(struct cgroup_making *making, int above, const char *name, size_t length)
{
	autoclose int fd = tree_open_below(above, name);
	bool absent = fd < 0 && errno == ENOENT;
	int made = 0;

	if (absent) {
		mark_making(above, name);
		made = make_one(making, above, name, length);
		if (made >= 0)
			fd = tree_open_below(above, name);
	}
	bool begun = absent || (fd >= 0 && mark_is_making(above, name));
	if (fd >= 0 && (made > 0 || (begun && !mark_byte_at(fd, CGROUP_MADE_BY_US))))
		mark_as_made(fd, CGROUP_MADE_AS_PARENT);
	if (begun)
		mark_making_over(above, name);
	return take_fd(&fd);
}

/* Component by component. Returns the parent of the last one. */
static int make_parents(struct cgroup_making *making)
{
	autoclose int fd = tree_open_below(making->mount, ".");
	const char *part = making->path;
	char name[NAME_MAX + 1];

	for (const char *slash; fd >= 0 && (slash = strchr(part, '/')); part = slash + 1) {
		size_t length = (size_t)(slash - part);
		if (length > NAME_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, part, length);
		name[length] = '\0';
		replace_fd(&fd, open_parent(making, fd, name, (size_t)(slash - making->path)));
	}
	return take_fd(&fd);
}

/* 1: made; 0: was there; -1 and errno. */
static int try_make(struct cgroup_making *making)
{
	char text[PATH_MAX];
	size_t length = strlen(making->path);
	const char *name = last_name(making->path);
	const char *parent = parent_text(text, sizeof(text), making->path, length);

	making->made_from = 0;
	if (!parent) {
		errno = ENAMETOOLONG;
		return -1;
	}
	/* Mostly the parent is there, and one lookup does. */
	autoclose int parent_fd = tree_open_below(making->mount, parent);
	if (parent_fd < 0 && errno == ENOENT)
		parent_fd = make_parents(making);
	if (parent_fd < 0)
		return -1;
	int made = make_one(making, parent_fd, name, length);
	if (made < 0)
		return -1;
	int fd = tree_open_below(parent_fd, name);
	if (fd < 0)
		return -1;
	if (made > 0)
		mark_as_made(fd, CGROUP_MADE_FOR_CONTAINER);
	replace_fd(&making->directory, fd);
	return made;
}

/* A cgroup that this call did not make: an engine makes it beforehand, which is good, or it is in use. */
static int check_unused(const struct cgroup_making *making, struct err *e)
{
	struct own_walk own;
	autopids pids = { 0 };

	/* Those of other containers below it are another matter (claim.c). */
	own_walk_start_named(&own, making->directory, making->claim ? making->claim->name : NULL);
	if (tree_add_pids(making->directory, &own.limit, &pids, e) < 0)
		return -1;
	if (pid_set_is_empty(&pids) || (making->inhabitant > 0 && !pids.outside && pids.n == 1 &&
					pids.v[0] == (uint32_t)making->inhabitant))
		return 0;
	return fail(e, ERR_CONFIG, "cgroup '%s/%s' is not empty: %zu %s in it",
		    making->hierarchy->mount_point, making->path, pids.n + (pids.outside ? 1 : 0),
		    pids.n + (pids.outside ? 1 : 0) == 1 ? "process is" : "processes are");
}

/* Also if a cgroup above is: everything that is put into it would stand still, and we with it. */
static bool is_frozen(const struct cgroup_making *making)
{
	char state[32];

	if (making->hierarchy->v2)
		return tree_has_event(making->directory, "cgroup.events", "frozen 1");
	return strlist_has(&making->hierarchy->controllers, "freezer") &&
	       tree_read(making->directory, "freezer.state", state, sizeof(state)) == 0 &&
	       !str_eq(state, "THAWED");
}

/* cgroups(7), "Thread mode": no process can be born in a child of a threaded cgroup. */
int cgroup_check_type(const struct cgroup_making *making, struct err *e)
{
	char type[32];

	if (!making->hierarchy->v2 ||
	    tree_read(making->directory, "cgroup.type", type, sizeof(type)) < 0 ||
	    str_eq(type, "domain"))
		return 0;
	return fail(
		e, ERR_CONFIG,
		"cgroup '%s/%s' is of type '%s', because it or one above it is threaded, or has processes beside groups with controllers: no container can be put into it; move those processes into a group of their own",
		making->hierarchy->mount_point, making->path, type);
}

int cgroup_make_directory(struct cgroup_making *making, struct err *e)
{
	const char *mount_point = making->hierarchy->mount_point;
	int made = -1;

	making->mount = open(mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (making->mount < 0)
		return fail_sys(e, "open cgroup hierarchy '%s'", mount_point);
	for (unsigned i = 0; i < MAKE_ATTEMPTS; i++) {
		made = try_make(making);
		if (made >= 0 || (errno != ENOENT && errno != ENODEV))
			break;
	}
	if (made < 0)
		return fail_sys(e, "make cgroup '%s/%s'", mount_point, making->path);
	if (made == 0 && check_unused(making, e) < 0)
		return -1;
	if (cgroup_claim_directory(making, e) < 0)
		return -1;
	if (made == 0 && making->inhabitant == 0)
		mark_as_before(making);
	if (is_frozen(making))
		return fail(e, ERR_CONFIG, "cgroup '%s/%s' is frozen: nothing could run in it",
			    mount_point, making->path);
	return cgroup_check_type(making, e);
}

void cgroup_unmake_directory(struct cgroup_making *making)
{
	autofree char *path = xstrdup(making->path);
	char *slash;

	if (making->marked_before)
		(void)!removexattr(fd_path(making->directory).text, CGROUP_MADE_BEFORE);
	if (making->claimed)
		(void)!removexattr(fd_path(making->directory).text, CGROUP_OWNER);
	/* By path, because there may be no descriptor left; no link can be made in a cgroup tree. */
	for (size_t length = strlen(path); making->made_from && length >= making->made_from;
	     length = (size_t)(slash - path)) {
		path[length] = '\0';
		/* A parent that another container has moved into in the meantime stays. */
		if (unlinkat(making->mount, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
			return;
		slash = strrchr(path, '/');
		if (!slash)
			return;
	}
}

void cgroup_making_release(struct cgroup_making *making)
{
	replace_fd(&making->directory, -1);
	replace_fd(&making->mount, -1);
}

/* --- v1 cpuset --- */

static bool is_filled(int directory_fd, const char *file)
{
	char start[16];

	return tree_read(directory_fd, file, start, sizeof(start)) == 0 && start[0] != '\0';
}

static int fill_from_parent(int parent_fd, int child_fd, const char *file, const char *shown,
			    struct err *e)
{
	autofree char *value = NULL;
	size_t length;

	if (is_filled(child_fd, file))
		return 0;
	if (read_file_at(parent_fd, file, CPUSET_LIST_MAX, &value, &length, e) < 0)
		return err_prefix(e, "above cgroup '%s'", shown);
	value[strcspn(value, "\n")] = '\0';
	if (value[0] == '\0')
		return fail(e, ERR_CONFIG, "'%s' of the cgroup above '%s' is empty", file, shown);
	if (tree_write(child_fd, file, value) < 0)
		return fail_sys(e, "write '%s' to '%s' of cgroup '%s'", value, file, shown);
	return 0;
}

int cgroup_fill_cpuset(const struct cgroup_making *making, struct err *e)
{
	char part[PATH_MAX];
	autoclose int parent = -1;

	if (is_filled(making->directory, "cpuset.cpus") &&
	    is_filled(making->directory, "cpuset.mems"))
		return 0;
	parent = tree_open_below(making->mount, ".");
	if (parent < 0)
		return fail_sys(e, "open cgroup hierarchy '%s'", making->hierarchy->mount_point);
	for (size_t end = 0; making->path[end] != '\0';) {
		end += making->path[end] == '/';
		end += strcspn(making->path + end, "/");
		if (end >= sizeof(part))
			return fail_errno(e, ENAMETOOLONG, "open cgroup '%s'", making->path);
		memcpy(part, making->path, end);
		part[end] = '\0';
		int child = tree_open_below(making->mount, part);
		if (child < 0)
			return fail_sys(e, "open cgroup '%s'", part);
		int rc = fill_from_parent(parent, child, "cpuset.cpus", part, e);
		if (rc == 0)
			rc = fill_from_parent(parent, child, "cpuset.mems", part, e);
		replace_fd(&parent, child);
		if (rc < 0)
			return -1;
	}
	return 0;
}

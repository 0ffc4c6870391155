/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's view of the cgroup hierarchies at a mount of type "cgroup": v2 as one file system; v1
 * and hybrid as a tmpfs with one directory a hierarchy, as the host has it. With a cgroup namespace
 * each is mounted anew and shows the container's group as its root. Without one v2 shows the host's whole
 * tree, in which /proc/self/cgroup names the group, and of v1 the container's own groups are bound. Runs in
 * the container's first process.
 */
#include "boot/common/cgroup_view.h"

#include "cgroup/systemd.h"

#include "base/str.h"
#include "boot/common/filesystem.h"
#include "boot/common/kernel_mounts.h"
#include "sys/beneath.h"
#include "sys/mount_api.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A new mount of a hierarchy; the cgroup namespace is that of the caller of fsopen(). */
static int mount_hierarchy(const struct plan_mount *mount,
			   const struct cgroup_hierarchy_facts *hierarchy, struct err *e)
{
	struct plan_option options[34];
	struct plan_mount one = {
		.kind = PLAN_MOUNT_FS,
		.fstype = hierarchy->v2 ? "cgroup2" : "cgroup",
		.source = "cgroup",
		.destination = mount->destination,
		.attr_set = mount->attr_set,
		.options = { .n = 0, .v = options },
	};

	if (hierarchy->name) {
		options[one.options.n++] = (struct plan_option){ "none", NULL };
		options[one.options.n++] = (struct plan_option){ "name", hierarchy->name };
	}
	for (size_t i = 0; !hierarchy->v2 && i < hierarchy->controllers.n; i++) {
		if (one.options.n == ARRAY_SIZE(options))
			return fail(e, ERR_INTERNAL, "too many controllers in one hierarchy");
		options[one.options.n++] =
			(struct plan_option){ hierarchy->controllers.v[i], NULL };
	}
	autoclose int fd = make_filesystem(&one, e);
	if (fd < 0 || apply_mount_attributes(fd, &one, e) < 0)
		return -1;
	return take_fd(&fd);
}

/* From the host's mount. Without a cgroup namespace of the container's the whole tree of v2, else its own group. */
int clone_cgroup_view(const struct root *r, const struct plan_mount *mount,
		      const struct cgroup_hierarchy_facts *hierarchy, struct err *e)
{
	const char *own = r->plan->cgroup.manage ? r->plan->cgroup.path : hierarchy->own_path;
	const char *path;
	autoclose int fd = -1;

	/* Where its unit is, systemd alone knows: it has put us there. */
	if (r->plan->cgroup.scope &&
	    cgroup_unit_path("self", r->plan->cgroup.scope->unit, r->arena, &own, e) < 0)
		return -1;
	if (r->plan->cgroup.scope && r->plan->cgroup.scope->subgroup)
		own = arena_printf(r->arena, "%s/%s", own, r->plan->cgroup.scope->subgroup);
	if (mount->whole_tree)
		own = "/";
	path = arena_printf(r->arena, "%s%s", hierarchy->mount_point, str_eq(own, "/") ? "" : own);
	fd = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0)
		return fail_sys(e, "clone '%s'", path);
	if (separate_from_host(fd, r->plan, mount, e) < 0 ||
	    apply_mount_attributes(fd, mount, e) < 0 ||
	    apply_propagation(fd, r->plan, mount, e) < 0)
		return -1;
	return take_fd(&fd);
}

static int place_hierarchy(struct root *r, const struct plan_mount *mount,
			   const struct cgroup_hierarchy_facts *hierarchy, int target,
			   struct err *e)
{
	struct plan_mount bind = *mount;
	autoclose int fd = -1;

	bind.kind = PLAN_MOUNT_BIND;
	fd = r->plan->namespaces.new_cgroup ? mount_hierarchy(mount, hierarchy, e)
					    : clone_cgroup_view(r, &bind, hierarchy, e);
	if (fd < 0)
		return -1;
	if (sys_move_mount(fd, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) <
	    0)
		return fail_sys(e, "mount the hierarchy of '%s'", hierarchy->mount_point);
	return kernel_mount_known(r, fd, mount->stays_readonly, e);
}

/* Controllers that share a hierarchy ("cpu,cpuacct") are found under each name. */
static int link_controllers(int directory, const struct cgroup_hierarchy_facts *hierarchy,
			    const char *name, struct err *e)
{
	for (size_t i = 0; i < hierarchy->controllers.n; i++) {
		const char *controller = hierarchy->controllers.v[i];
		if (hierarchy->v2 || str_eq(controller, name))
			continue;
		if (symlinkat(name, directory, controller) < 0 && errno != EEXIST)
			return fail_sys(e, "link the controller '%s'", controller);
	}
	return 0;
}

static int make_tmpfs(const struct plan_mount *mount, struct err *e)
{
	struct plan_option mode = { "mode", "755" };
	struct plan_mount tmpfs = {
		.kind = PLAN_MOUNT_FS,
		.fstype = "tmpfs",
		.source = "tmpfs",
		.destination = mount->destination,
		.attr_set = mount->attr_set & ~(uint64_t)MOUNT_ATTR_RDONLY,
		.options = { .n = 1, .v = &mode },
	};

	return make_filesystem(&tmpfs, e);
}

bool cgroup_view_is_one(const struct plan_mount *mount)
{
	return mount->subtree && !str_eq(mount->subtree, "/");
}

const char *cgroup_view_name(const struct plan_mount *mount,
			     const struct cgroup_hierarchy_facts *hierarchy)
{
	const char *slash = strrchr(hierarchy->mount_point, '/');
	const char *name = slash ? slash + 1 : hierarchy->mount_point;

	if (cgroup_view_is_one(mount))
		return str_eq(name, mount->subtree + 1) ? name : NULL;
	/* where a systemd of old looks for it, wherever the host has it */
	if (mount->systemd_v1)
		return str_eq(hierarchy->name, "systemd") ? "systemd" : NULL;
	return name;
}

/* Of the view one directory alone, "/cpu". */
static int mount_one_hierarchy(struct root *r, const struct plan_mount *mount, int target,
			       struct err *e)
{
	const struct cgroup_facts *facts = r->facts->cgroup;

	for (size_t i = 0; i < facts->hierarchies.n; i++)
		if (cgroup_view_name(mount, &facts->hierarchies.v[i]))
			return place_hierarchy(r, mount, &facts->hierarchies.v[i], target, e);
	return fail(e, ERR_CONFIG, "no cgroup hierarchy is mounted as '%s' on this host",
		    mount->subtree + 1);
}

struct plan_mount cgroup_view_inner(const struct plan_mount *mount)
{
	struct plan_mount inner = *mount;

	if (mount->readonly_top)
		inner.attr_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	return inner;
}

static int mount_v1(struct root *r, const struct plan_mount *mount, int target, struct err *e)
{
	const struct cgroup_facts *facts = r->facts->cgroup;
	struct plan_mount inner = cgroup_view_inner(mount);
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	autoclose int top = make_tmpfs(mount, e);

	if (top < 0)
		return -1;
	if (sys_move_mount(top, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) <
	    0)
		return fail_sys(e, "mount a tmpfs on '%s'", mount->destination);
	for (size_t i = 0; i < facts->hierarchies.n; i++) {
		const struct cgroup_hierarchy_facts *hierarchy = &facts->hierarchies.v[i];
		const char *name = cgroup_view_name(mount, hierarchy);
		autoclose int directory = -1;
		if (!name)
			continue;
		if (mkdirat(top, name, 0755) < 0)
			return fail_sys(e, "make '%s/%s'", mount->destination, name);
		directory = openat(top, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (directory < 0)
			return fail_sys(e, "open '%s/%s'", mount->destination, name);
		if (place_hierarchy(r, &inner, hierarchy, directory, e) < 0 ||
		    link_controllers(top, hierarchy, name, e) < 0)
			return -1;
	}
	if ((mount->attr_set & MOUNT_ATTR_RDONLY) &&
	    sys_mount_setattr(top, "", AT_EMPTY_PATH, &readonly) < 0)
		return fail_sys(e, "make '%s' read-only", mount->destination);
	return 0;
}

int mount_cgroup_view(struct root *r, const struct plan_mount *mount, int target, struct err *e)
{
	const struct cgroup_facts *facts = r->facts->cgroup;

	if (facts->layout == CGROUP_NONE)
		return fail(e, ERR_CONFIG, "no cgroup file system is mounted on this host for '%s'",
			    mount->destination);
	if (cgroup_view_is_one(mount))
		return mount_one_hierarchy(r, mount, target, e);
	if (facts->layout == CGROUP_V2)
		return place_hierarchy(r, mount, &facts->hierarchies.v[0], target, e);
	return mount_v1(r, mount, target, e);
}

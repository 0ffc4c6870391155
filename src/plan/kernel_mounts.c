/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File systems of the kernel's as exact actions: which opened source a bind takes, what becomes of those that are
 * mounted below it, and what guards a procfs or sysfs beside the usual place. By descriptors from the mount on and
 * not by paths of the container: a later mount may lie over a link that a path leads through. Pure.
 */
#include "plan/context.h"

#include "base/auto.h"
#include "base/kernel.h"
#include "base/path.h"
#include "model/kernel_fs.h"

static void find_source(struct plan_context *c, struct plan_mount *mount)
{
	const struct facts *facts = c->facts;
	const struct spec_mount *from;

	/* the plan's own mounts come after those of the config */
	if (mount->kind != PLAN_MOUNT_BIND || mount->index >= c->spec->mounts.n)
		return;
	from = &c->spec->mounts.v[mount->index];
	for (size_t i = 0; i < facts->sources.n; i++)
		if (&facts->sources.v[i] ==
		    facts_source(facts, from->source, mount->source_nofollow || mount->copy_symlink,
				 mount->recursive))
			mount->opened = i;
}

static bool is_detached(const struct plan_context *c, const char *fstype)
{
	enum kernel_fs_kind kind = kernel_fs_kind(fstype);

	return kind == KERNEL_FS_PROC || kind == KERNEL_FS_BPF ||
	       (kind == KERNEL_FS_SYSFS && c->verdict->network.join != NETWORK_NONE);
}

/* What goes with the one that it is mounted on is not named. */
static bool goes_along(const struct plan_context *c, const struct source_facts *source,
		       size_t index)
{
	const char *path = source->below.v[index].path;

	for (size_t i = 0; i < source->below.n; i++) {
		const struct kernel_mount_facts *other = &source->below.v[i];

		if (i != index && is_detached(c, other->fstype) && !str_eq(path, other->path) &&
		    clean_path_is_below(path, other->path))
			return true;
	}
	return false;
}

static void find_below(struct plan_context *c, const struct source_facts *source,
		       struct plan_belows *ret)
{
	ret->v = arena_new_array(c->arena, struct plan_below, source->below.n);
	for (size_t i = 0; i < source->below.n; i++) {
		if (goes_along(c, source, i))
			continue;
		ret->v[ret->n++] = (struct plan_below){
			.path = source->below.v[i].path,
			.detach = is_detached(c, source->below.v[i].fstype),
		};
	}
}

/* --- guards --- */

static void guard(struct plan_mount *mount, const char *usual, const char *path, bool masked)
{
	const char *subtree = mount->subtree && !str_eq(mount->subtree, "/") ? mount->subtree : "";
	size_t skip = strlen(usual);

	if (!clean_path_is_below(path, usual))
		return;
	path += skip;
	/* all of it is in there */
	if (*subtree && clean_path_is_below(subtree, *path ? path : "/"))
		mount->attr_set |= MOUNT_ATTR_RDONLY;
	else if (*path && clean_path_is_below(path, *subtree ? subtree : "/"))
		mount->guards.v[mount->guards.n++] = (struct plan_guard){
			.path = path + strlen(subtree),
			.masked = masked,
		};
}

static void find_guards(struct plan_context *c, struct plan_mount *mount)
{
	const struct strlist *masked = &c->plan->masked_paths, *readonly = &c->plan->readonly_paths;
	const char *usual = mount->is_proc ? "/proc" : "/sys";

	if ((!mount->is_proc && !mount->is_sysfs) ||
	    (str_eq(mount->destination, usual) && !mount->subtree))
		return;
	mount->guards.v = arena_new_array(c->arena, struct plan_guard, masked->n + readonly->n);
	/* in the order in which they are laid at the usual place */
	for (size_t i = 0; i < masked->n; i++)
		guard(mount, usual, masked->v[i], true);
	for (size_t i = 0; i < readonly->n; i++)
		guard(mount, usual, readonly->v[i], false);
	/* whatever the mount has that it is cloned from */
	if (mount->subtree && !((mount->attr_set | mount->rec_attr_set) & MOUNT_ATTR_RDONLY))
		mount->attr_clear |= MOUNT_ATTR_RDONLY;
	else
		mount->attr_clear &= ~(uint64_t)MOUNT_ATTR_RDONLY;
}

/* A procfs of processes alone has no other part to lend (proc(5), "subset"). */
static bool is_subset(const struct plan_mount *mount)
{
	for (size_t i = 0; i < mount->options.n; i++)
		if (str_eq(mount->options.v[i].key, "subset"))
			return true;
	return false;
}

/* A part of an existing instance needs none of its own, and criu knows the two for one. */
static void find_lender(struct plan_context *c, const struct plan_mount *mount)
{
	for (size_t i = 0; mount->subtree && &c->plan->mounts.v[i] != mount; i++) {
		struct plan_mount *other = &c->plan->mounts.v[i];

		if (other->kind == PLAN_MOUNT_FS && !other->subtree && !is_subset(other) &&
		    str_eq(other->fstype, mount->fstype)) {
			other->lends = true;
			return;
		}
	}
}

/* What may be asked for as writable in the first place may be made so later: procfs, sysfs and the view of the control
 * groups as each container has them, and a bpf file system, of which each mount is a new one. */
static bool stays_readonly(const struct plan_mount *mount)
{
	if (mount->kind == PLAN_MOUNT_BIND || mount->subtree)
		return true;
	if (mount->whole_tree)
		return true;
	if (mount->is_sysfs)
		return !str_eq(mount->destination, "/sys");
	return kernel_fs_kind(mount->fstype) == KERNEL_FS_OTHER;
}

int plan_kernel_mounts(struct plan_context *c, struct err *e)
{
	struct plan *plan = c->plan;

	(void)e;
	for (size_t i = 0; i < plan->mounts.n; i++)
		find_source(c, &plan->mounts.v[i]);
	plan->kernel_own = c->verdict->kernel_own && plan->namespaces.new_mount;
	if (!plan->kernel_own)
		return 0;
	if (c->facts->root)
		find_below(c, c->facts->root, &plan->root_below);
	for (size_t i = 0; i < plan->mounts.n; i++) {
		struct plan_mount *mount = &plan->mounts.v[i];
		const struct source_facts *source = mount->opened == PLAN_NO_SOURCE
							    ? NULL
							    : &c->facts->sources.v[mount->opened];

		mount->kernel =
			kernel_fs_kind(source ? source->fstype : mount->fstype) != KERNEL_FS_NONE;
		mount->stays_readonly = mount->kernel && stays_readonly(mount);
		if (source)
			find_below(c, source, &mount->below);
		find_guards(c, mount);
		find_lender(c, mount);
	}
	return 0;
}

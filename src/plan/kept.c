/* SPDX-License-Identifier: Apache-2.0 */
/* See kept.h. Pure. */
#include "plan/kept.h"

#include "base/auto.h"
#include "base/kernel.h"
#include "base/path.h"
#include "plan/context.h"
#include "plan/make.h"
#include "spec/part.h"

static int refuse(const struct plan_mount *mount, const char *member, const char *why,
		  struct err *e)
{
	return fail(e, ERR_CONFIG, "mounts[%u].%s: %s", mount->index, member, why);
}

/* As an administrator who writes "bind" means it: what the path leads to on the host. */
static bool takes_from_host(const struct plan_mount *mount)
{
	return mount->kind == PLAN_MOUNT_FS &&
	       (mount->source[0] == '/' || str_eq(mount->fstype, "overlay"));
}

static int check_kind(const struct plan *plan, const struct plan_mount *mount, struct err *e)
{
	if (mount->kind == PLAN_MOUNT_REMOUNT)
		return refuse(mount, "options", "a mount of a running container cannot be changed",
			      e);
	if ((mount->kind == PLAN_MOUNT_CGROUP || mount->is_proc || mount->is_sysfs) &&
	    !mount->subtree)
		return refuse(
			mount, "type",
			"can only be mounted when the container is created, because paths in it are masked",
			e);
	/* The copy is made by a process that is in none of the container's cgroups. */
	if (mount->copy_up)
		return refuse(
			mount, "options",
			"tmpcopyup is possible only when a container is created, because the copy would not count as its memory",
			e);
	if (takes_from_host(mount) && plan_has_user_namespace(plan))
		return refuse(
			mount, "type",
			"a file system of the host's files cannot be made for a running container with a user namespace; bind one",
			e);
	return 0;
}

/* What the container has of its own is read-only if it is, whatever is asked for here. */
static void keep_readonly(struct plan_mount *mount)
{
	if (!mount->subtree)
		return;
	mount->attr_clear &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	mount->rec_attr_clear &= ~(uint64_t)MOUNT_ATTR_RDONLY;
}

static const char *covered(const struct strlist *paths, const char *destination)
{
	for (size_t i = 0; i < paths->n; i++)
		if (path_is_below(paths->v[i], destination))
			return paths->v[i];
	return NULL;
}

static int check_destination(const struct plan_context *c, const struct plan_mount *mount,
			     struct err *e)
{
	const char *path = covered(&c->linux_->masked_paths, mount->destination);

	if (str_eq(mount->destination, "/"))
		return refuse(
			mount, "destination",
			"the root file system can only be mounted when the container is created",
			e);
	if (str_eq(mount->destination, "/proc") || str_eq(mount->destination, "/sys"))
		return refuse(
			mount, "destination",
			"can only be mounted when the container is created, because paths in it are masked",
			e);
	if (!path)
		path = covered(&c->linux_->readonly_paths, mount->destination);
	if (!path)
		return 0;
	return fail(
		e, ERR_CONFIG,
		"mounts[%u].destination: %s would disappear under it, which is masked or read-only in this container",
		mount->index, path);
}

/* What the policy has put in the place of something of the host's below a bind. */
static bool is_added(const struct spec *request, const struct plan_mount *mount,
		     struct arena *arena)
{
	for (size_t i = 0; i < request->mounts.n; i++) {
		const char *destination = request->mounts.v[i].destination;

		if (destination && str_eq(path_clean_in(arena, destination), mount->destination))
			return false;
	}
	return true;
}

/* The first that is met says why. */
static void keep(struct plan_context *c)
{
	const struct strlist *lists[] = { &c->linux_->masked_paths, &c->linux_->readonly_paths };
	const struct plan_kept always[] = {
		{ "/", false, "is the root file system" },
		{ "/proc", true, "stays, because paths in it are masked" },
		{ "/sys", false, "stays, because paths in it are masked" },
	};
	size_t n = ARRAY_SIZE(always) + lists[0]->n + lists[1]->n;

	c->plan->kept.v = arena_new_array(c->arena, struct plan_kept, n);
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		c->plan->kept.v[c->plan->kept.n++] = always[i];
	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		for (size_t i = 0; i < lists[k]->n; i++)
			c->plan->kept.v[c->plan->kept.n++] = (struct plan_kept){
				.path = lists[k]->v[i],
				.why = "stays, because something there is masked or read-only",
			};
}

struct spec *plan_mounts_request(const struct spec *config, const struct spec *asked,
				 struct arena *arena)
{
	struct spec *spec =
		spec_parts(config, PART_ALL & ~(unsigned)(PART_MOUNTS | PART_ANNOTATIONS), arena);

	spec->mounts = asked->mounts;
	spec->annotations = annotations_with(&config->annotations, ANNOTATION_LIVE, arena);
	return spec;
}

int plan_kept(struct plan_context *c, struct err *e)
{
	if (!spec_namespace_find(c->spec, SPEC_NS_MOUNT))
		return fail(
			e, ERR_CONFIG,
			"the container has no mount namespace: what is mounted for it would be mounted on the host");
	for (size_t i = 0; i < c->plan->mounts.n; i++) {
		struct plan_mount *mount = &c->plan->mounts.v[i];

		keep_readonly(mount);
		mount->spare = mount->subtree && is_added(c->options->asked, mount, c->arena);
		if (check_kind(c->plan, mount, e) < 0 || check_destination(c, mount, e) < 0)
			return -1;
	}
	keep(c);
	return 0;
}

int plan_mounts_destinations(const struct spec *request, struct arena *arena, struct strlist *ret,
			     struct err *e)
{
	struct strlist list = { .v = arena_new_array(arena, char *, request->mounts.n) };

	for (size_t i = 0; i < request->mounts.n; i++) {
		if (str_empty(request->mounts.v[i].destination))
			return fail(e, ERR_CONFIG, "mounts[%zu].destination: must not be empty", i);
		list.v[list.n++] = path_clean_in(arena, request->mounts.v[i].destination);
	}
	*ret = list;
	return 0;
}

const char *plan_keeps(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->kept.n; i++) {
		const struct plan_kept *kept = &plan->kept.v[i];

		if (path_is_below(kept->path, path) ||
		    (kept->below && path_is_below(path, kept->path)))
			return kept->why;
	}
	return NULL;
}

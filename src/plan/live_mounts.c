/* SPDX-License-Identifier: Apache-2.0 */
/* See live_mounts.h. Pure. */
#include "plan/live_mounts.h"

#include "base/auto.h"
#include "base/kernel.h"
#include "base/path.h"
#include "plan/context.h"
#include "plan/make.h"

static int refuse(const struct plan_mount *mount, const char *member, const char *why,
		  struct err *e)
{
	return fail(e, ERR_CONFIG, "mounts[%u].%s: %s", mount->index, member, why);
}

/* As an administrator means it who writes "bind": what the path leads to on the host. */
static bool takes_from_host(const struct plan_mount *mount)
{
	return mount->kind == PLAN_MOUNT_FS &&
	       (mount->source[0] == '/' || str_eq(mount->fstype, "overlay"));
}

static int check_kind(const struct plan *plan, const struct plan_mount *mount, struct err *e)
{
	if (mount->kind == PLAN_MOUNT_REMOUNT)
		return refuse(mount, "options",
			      "a mount of a container that is there cannot be changed", e);
	if ((mount->kind == PLAN_MOUNT_CGROUP || mount->is_proc || mount->is_sysfs) &&
	    !mount->subtree)
		return refuse(mount, "type",
			      "is made with the container only, with what is masked in it", e);
	/* The copy is made by a process that is in none of the container's cgroups. */
	if (mount->copy_up)
		return refuse(mount, "options",
			      "tmpcopyup is for the making of a container only: the copy would "
			      "not count as its memory",
			      e);
	if (takes_from_host(mount) && plan_has_user_namespace(plan))
		return refuse(mount, "type",
			      "a file system of the host's files cannot be made for a container "
			      "with a user namespace that is there; bind one",
			      e);
	return 0;
}

/* What the container has of its own is read-only where it is, whatever is asked for here. */
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
		return refuse(mount, "destination",
			      "the root file system is made with the container only", e);
	if (str_eq(mount->destination, "/proc") || str_eq(mount->destination, "/sys"))
		return refuse(mount, "destination",
			      "is made with the container only, with what is masked in it", e);
	if (!path)
		path = covered(&c->linux_->readonly_paths, mount->destination);
	if (!path)
		return 0;
	return fail(e, ERR_CONFIG,
		    "mounts[%u].destination: %s would disappear under it, which is masked or "
		    "read-only in this container",
		    mount->index, path);
}

/* The policy has put the network's own file there, or found the engine's to be right. */
static int check_policy(const struct policy *policy, const struct plan_mount *mount, struct err *e)
{
	const struct {
		const char *path, *choice, *key;
	} files[] = {
		{ "/etc/resolv.conf", policy->network->resolv_conf, "network.resolvConf" },
		{ "/etc/hosts", policy->network->hosts, "network.hosts" },
	};

	if (policy->mode == POLICY_OBSERVE)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (path_is_below(files[i].path, mount->destination) &&
		    !str_eq(files[i].choice, "engine"))
			return fail(e, ERR_POLICY,
				    "mounts[%u].destination: what is at %s is the policy's matter "
				    "(%s is \"%s\"; \"engine\" would allow it)",
				    mount->index, files[i].path, files[i].key, files[i].choice);
	return 0;
}

static struct spec *spec_of(const struct spec *config, const struct spec *request,
			    struct arena *arena)
{
	struct spec *spec = arena_new(arena, struct spec);

	*spec = *config;
	spec->mounts = request->mounts;
	spec->annotations = annotations_with(&config->annotations, ANNOTATION_LIVE, arena);
	return spec;
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
		{ "/proc", true, "stays, for what is masked in it" },
		{ "/sys", false, "stays, for what is masked in it" },
	};
	size_t n = ARRAY_SIZE(always) + lists[0]->n + lists[1]->n;

	c->plan->kept.v = arena_new_array(c->arena, struct plan_kept, n);
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		c->plan->kept.v[c->plan->kept.n++] = always[i];
	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		for (size_t i = 0; i < lists[k]->n; i++)
			c->plan->kept.v[c->plan->kept.n++] = (struct plan_kept){
				.path = lists[k]->v[i],
				.why = "stays, for something there is masked or read-only",
			};
}

int plan_live_mounts(const struct spec *config, const struct spec *request,
		     const struct policy *policy, const struct facts *facts,
		     const struct plan_options *options, struct arena *arena, struct plan **ret,
		     struct err *e)
{
	static const struct spec_linux empty;
	struct spec *spec = spec_of(config, request, arena);
	struct verdict verdict;
	struct plan_context c = {
		.verdict = &verdict,
		.linux_ = config->linux_ ? config->linux_ : &empty,
		.facts = facts,
		.options = options,
		.arena = arena,
		.plan = arena_new(arena, struct plan),
	};

	if (!spec_namespace_find(config, SPEC_NS_MOUNT))
		return fail(e, ERR_CONFIG,
			    "the container has no mount namespace: what is mounted for it would be "
			    "mounted on the host");
	policy_apply_mounts(spec, policy, facts, arena, &verdict);
	if (verdict.refused)
		return policy_refusal(&verdict, NULL, e);
	c.spec = verdict.spec;
	c.plan->id = options->id;
	c.plan->bundle = options->bundle;
	c.plan->namespaces.new_user = spec_namespace_find(config, SPEC_NS_USER) != NULL;
	c.plan->namespaces.new_mount = true;
	if (plan_mounts(&c, e) < 0 || plan_mount_label(&c, e) < 0 || plan_kernel_mounts(&c, e) < 0)
		return -1;
	for (size_t i = 0; i < c.plan->mounts.n; i++) {
		struct plan_mount *mount = &c.plan->mounts.v[i];

		keep_readonly(mount);
		mount->spare = mount->subtree && is_added(request, mount, arena);
		if (check_kind(c.plan, mount, e) < 0 || check_destination(&c, mount, e) < 0 ||
		    check_policy(policy, mount, e) < 0)
			return -1;
	}
	keep(&c);
	*ret = c.plan;
	return 0;
}

int plan_live_destinations(const struct spec *request, struct arena *arena, struct strlist *ret,
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

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about every namespace but the network's. Pure.
 */
#include "policy/rules.h"

long namespace_index(const struct spec *spec, int type)
{
	for (size_t i = 0; spec->linux_ && i < spec->linux_->namespaces.n; i++)
		if (spec->linux_->namespaces.v[i].type == type)
			return (long)i;
	return -1;
}

char *namespace_pointer(struct application *a, long index)
{
	if (index < 0)
		return arena_strdup(a->edit.arena, "/linux/namespaces");
	return arena_printf(a->edit.arena, "/linux/namespaces/%ld", index);
}

const char *namespace_type_name(int type)
{
	const char *name = value_to_name(spec_ns_names, type);

	return name ? name : "unknown";
}

const char *namespace_problem(struct application *a, const char *path, int type)
{
	const struct ns_facts *ns = facts_requested(a->facts, path);

	if (!ns)
		return "was not looked at";
	if (ns->problem)
		return ns->problem;
	if (ns->type != type)
		return arena_printf(a->edit.arena, "is a namespace of type %s, not of type %s",
				    namespace_type_name(ns->type), namespace_type_name(type));
	return NULL;
}

bool namespace_is_host(const struct application *a, const char *path)
{
	const struct ns_facts *ns = facts_requested(a->facts, path);

	return ns && !ns->problem && (ns->is_self || ns->is_host);
}

/* The specification's MUSTs, which spec_validate() checks as well. They are checked again here, for the
 * rules below look at the first entry of a type only, and a second one would go past all of them. */
void rule_namespace_entries(struct application *a, const char *id)
{
	const struct spec_linux *linux_ = a->edit.spec->linux_;

	for (size_t i = 0; linux_ && i < linux_->namespaces.n; i++) {
		const struct spec_namespace *entry = &linux_->namespaces.v[i];
		const char *pointer = namespace_pointer(a, (long)i);

		if (namespace_index(a->edit.spec, entry->type) != (long)i)
			edit_refuse(&a->edit, id, pointer,
				    arena_printf(a->edit.arena,
						 "there are two entries of type %s; leave one",
						 namespace_type_name(entry->type)));
		if (entry->path && !*entry->path)
			edit_refuse(&a->edit, id, pointer,
				    "the path is empty; leave it out for a new namespace");
	}
}

static const char *shared_with(struct application *a, int type, const char *with)
{
	return arena_printf(a->edit.arena,
			    "a new %s namespace is made, for the container would be in %s",
			    namespace_type_name(type), with);
}

bool namespace_refuse_type(struct application *a, const char *id, long index)
{
	const struct spec_namespace *entry = &a->edit.spec->linux_->namespaces.v[index];
	const struct ns_facts *ns = facts_requested(a->facts, entry->path);

	if (!ns || ns->problem || ns->type == entry->type)
		return false;
	edit_refuse(&a->edit, id, namespace_pointer(a, index),
		    arena_printf(a->edit.arena, "%s: %s; name a namespace of that type, or none",
				 edit_shown(&a->edit, entry->path),
				 namespace_problem(a, entry->path, entry->type)));
	return true;
}

/* What was asked for is not had. Not told are the host's UTS and cgroup namespaces, which engines ask for at each
 * start (pods on the host's network, any container on cgroup v1). */
static void tell_unshared(struct application *a, const char *id, int type, long index,
			  const char *path)
{
	const char *name = namespace_type_name(type), *remedy = "no policy shares it";
	bool others = path && !namespace_is_host(a, path);

	if (type != SPEC_NS_PID && type != SPEC_NS_IPC && !others)
		return;
	if (others && type != SPEC_NS_MOUNT)
		remedy = arena_printf(a->edit.arena,
				      "namespaces.%s \"isolated\" would share that of a pod", name);
	else if (type == SPEC_NS_IPC)
		remedy = "namespaces.ipc \"requested\" would share it";
	edit_warn(&a->edit, id, namespace_pointer(a, index),
		  arena_printf(a->edit.arena,
			       "the %s namespace of %s was asked for and is not shared: the "
			       "container has one of its own (%s)",
			       name, others ? "another container" : "the host", remedy));
}

/* Returns true where the entry was changed. */
static bool make_fresh(struct application *a, const char *id, int type, long index)
{
	const char *path = index < 0 ? NULL : a->edit.spec->linux_->namespaces.v[index].path;

	if (path && namespace_refuse_type(a, id, index))
		return false;
	if (index < 0 || path)
		tell_unshared(a, id, type, index, path);
	if (index < 0) {
		edit_namespace_add(&a->edit, id, type, NULL,
				   shared_with(a, type, "the runtime's own"));
		return true;
	}
	if (!path)
		return false;
	edit_namespace_path(&a->edit, id, (size_t)index, NULL,
			    shared_with(a, type,
					namespace_is_host(a, path) ? "the host's"
								   : "that of another container"));
	return true;
}

static bool make_isolated(struct application *a, const char *id, int type, long index)
{
	const char *path = index < 0 ? NULL : a->edit.spec->linux_->namespaces.v[index].path;
	const char *problem;

	if (!path || namespace_is_host(a, path))
		return make_fresh(a, id, type, index);
	/* A path that cannot be looked at might be the host's; and a new namespace in its place
	 * would tear a pod apart without a word. */
	problem = namespace_problem(a, path, type);
	if (problem)
		edit_refuse(&a->edit, id, namespace_pointer(a, index),
			    arena_printf(a->edit.arena, "%s: %s; name a namespace that exists",
					 edit_shown(&a->edit, path), problem));
	else
		edit_keep(&a->edit, id, namespace_pointer(a, index),
			  arena_printf(a->edit.arena,
				       "the %s namespace of another container is shared, as a pod "
				       "does",
				       namespace_type_name(type)));
	return false;
}

static bool apply_mode(struct application *a, const char *id, int type, int mode)
{
	long index = namespace_index(a->edit.spec, type);

	switch (mode) {
	case POLICY_FRESH:
		return make_fresh(a, id, type, index);
	case POLICY_ISOLATED:
		return make_isolated(a, id, type, index);
	default:
		return false;
	}
}

void rule_namespace_pid(struct application *a, const char *id)
{
	a->pid_made = apply_mode(a, id, SPEC_NS_PID, a->policy->namespaces->pid);
}

void rule_namespace_mount(struct application *a, const char *id)
{
	apply_mode(a, id, SPEC_NS_MOUNT, a->policy->namespaces->mount);
}

void rule_namespace_ipc(struct application *a, const char *id)
{
	apply_mode(a, id, SPEC_NS_IPC, a->policy->namespaces->ipc);
}

void rule_namespace_uts(struct application *a, const char *id)
{
	apply_mode(a, id, SPEC_NS_UTS, a->policy->namespaces->uts);
}

void rule_namespace_cgroup(struct application *a, const char *id)
{
	apply_mode(a, id, SPEC_NS_CGROUP, a->policy->namespaces->cgroup);
}

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

char *namespace_pointer(struct judgement *j, long index)
{
	if (index < 0)
		return arena_strdup(j->edit.arena, "/linux/namespaces");
	return arena_printf(j->edit.arena, "/linux/namespaces/%ld", index);
}

const char *namespace_type_name(int type)
{
	const char *name = value_to_name(spec_ns_names, type);

	return name ? name : "unknown";
}

const char *namespace_problem(struct judgement *j, const char *path, int type)
{
	const struct ns_facts *ns = facts_requested(j->facts, path);

	if (!ns)
		return "was not looked at";
	if (ns->problem)
		return ns->problem;
	if (ns->type != type)
		return arena_printf(j->edit.arena, "is a namespace of type %s, not of type %s",
				    namespace_type_name(ns->type), namespace_type_name(type));
	return NULL;
}

bool namespace_is_host(const struct judgement *j, const char *path)
{
	const struct ns_facts *ns = facts_requested(j->facts, path);

	return ns && !ns->problem && (ns->is_self || ns->is_host);
}

/* The specification's MUSTs, which spec_validate() checks as well. They are checked again here, because
 * the rules below look at the first entry of a type only, and a second one would go past all of them. */
void rule_namespace_entries(struct judgement *j, const char *id)
{
	const struct spec_linux *linux_ = j->edit.spec->linux_;

	for (size_t i = 0; linux_ && i < linux_->namespaces.n; i++) {
		const struct spec_namespace *entry = &linux_->namespaces.v[i];
		const char *pointer = namespace_pointer(j, (long)i);

		if (namespace_index(j->edit.spec, entry->type) != (long)i)
			edit_refuse(&j->edit, id, pointer,
				    arena_printf(j->edit.arena,
						 "there are two entries of type %s; leave one",
						 namespace_type_name(entry->type)));
		if (entry->path && !*entry->path)
			edit_refuse(&j->edit, id, pointer,
				    "the path is empty; leave it out for a new namespace");
	}
}

static const char *shared_with(struct judgement *j, int type, const char *with)
{
	return arena_printf(j->edit.arena,
			    "a new %s namespace is made, because the container would be in %s",
			    namespace_type_name(type), with);
}

bool namespace_refuse_type(struct judgement *j, const char *id, long index)
{
	const struct spec_namespace *entry = &j->edit.spec->linux_->namespaces.v[index];
	const struct ns_facts *ns = facts_requested(j->facts, entry->path);

	if (!ns || ns->problem || ns->type == entry->type)
		return false;
	edit_refuse(&j->edit, id, namespace_pointer(j, index),
		    arena_printf(j->edit.arena, "%s: %s; name a namespace of that type, or none",
				 edit_shown(&j->edit, entry->path),
				 namespace_problem(j, entry->path, entry->type)));
	return true;
}

/* What was asked for is not granted. Not told are the host's UTS and cgroup namespaces, which engines ask for at each
 * start (pods on the host's network, any container on cgroup v1). */
static void tell_unshared(struct judgement *j, const char *id, int type, long index,
			  const char *path)
{
	const char *name = namespace_type_name(type), *remedy = "no policy shares it";
	const char *place = key_place(j, id);
	bool others = path && !namespace_is_host(j, path);

	if (type != SPEC_NS_PID && type != SPEC_NS_IPC && !others)
		return;
	if (others && type != SPEC_NS_MOUNT)
		remedy = arena_printf(j->edit.arena, "%s \"isolated\" would share that of a pod",
				      place);
	else if (type == SPEC_NS_IPC)
		remedy = arena_printf(j->edit.arena, "%s \"requested\" would share it", place);
	edit_warn(
		&j->edit, id, namespace_pointer(j, index),
		arena_printf(
			j->edit.arena,
			"the %s namespace of %s was asked for and is not shared: the container has one of its own (%s)",
			name, others ? "another container" : "the host", remedy));
}

/* Returns true if the entry was changed. */
static bool make_fresh(struct judgement *j, const char *id, int type, long index)
{
	const char *path = index < 0 ? NULL : j->edit.spec->linux_->namespaces.v[index].path;

	if (path && namespace_refuse_type(j, id, index))
		return false;
	if (index < 0 || path)
		tell_unshared(j, id, type, index, path);
	if (index < 0) {
		edit_namespace_add(&j->edit, id, type, NULL,
				   shared_with(j, type, "the runtime's own"));
		return true;
	}
	if (!path)
		return false;
	edit_namespace_path(&j->edit, id, (size_t)index, NULL,
			    shared_with(j, type,
					namespace_is_host(j, path) ? "the host's"
								   : "that of another container"));
	return true;
}

static bool make_isolated(struct judgement *j, const char *id, int type, long index)
{
	const char *path = index < 0 ? NULL : j->edit.spec->linux_->namespaces.v[index].path;
	const char *problem;

	if (!path || namespace_is_host(j, path))
		return make_fresh(j, id, type, index);
	/* A path that cannot be looked at might be the host's; and a new namespace in its place
	 * would silently split a pod. */
	problem = namespace_problem(j, path, type);
	if (problem)
		edit_refuse(&j->edit, id, namespace_pointer(j, index),
			    arena_printf(j->edit.arena, "%s: %s; name a namespace that exists",
					 edit_shown(&j->edit, path), problem));
	else
		edit_keep(
			&j->edit, id, namespace_pointer(j, index),
			arena_printf(j->edit.arena,
				     "the %s namespace of another container is shared, as in a pod",
				     namespace_type_name(type)));
	return false;
}

static bool apply_mode(struct judgement *j, const char *id, int type, int mode)
{
	long index = namespace_index(j->edit.spec, type);

	switch (mode) {
	case POLICY_FRESH:
		return make_fresh(j, id, type, index);
	case POLICY_ISOLATED:
		return make_isolated(j, id, type, index);
	default:
		return false;
	}
}

void rule_namespace_pid(struct judgement *j, const char *id)
{
	j->pid_made = apply_mode(j, id, SPEC_NS_PID, j->policy->namespaces->pid);
}

void rule_namespace_mount(struct judgement *j, const char *id)
{
	apply_mode(j, id, SPEC_NS_MOUNT, j->policy->namespaces->mount);
}

void rule_namespace_ipc(struct judgement *j, const char *id)
{
	apply_mode(j, id, SPEC_NS_IPC, j->policy->namespaces->ipc);
}

void rule_namespace_uts(struct judgement *j, const char *id)
{
	apply_mode(j, id, SPEC_NS_UTS, j->policy->namespaces->uts);
}

void rule_namespace_cgroup(struct judgement *j, const char *id)
{
	apply_mode(j, id, SPEC_NS_CGROUP, j->policy->namespaces->cgroup);
}

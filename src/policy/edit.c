/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of a spec, each with its decision. Pure.
 */
#include "policy/edit.h"

#include "base/auto.h"
#include "base/pointer.h"
#include "policy/place.h"

char *edit_shown(struct edit *edit, const char *text)
{
	autostrbuf quoted = { 0 };

	strbuf_quote(&quoted, text, 128);
	return arena_strdup(edit->arena, strbuf_text(&quoted));
}

struct strlist *edit_capability_set(struct spec *spec, enum capability_set set)
{
	static const size_t members[CAPABILITY_SET_COUNT] = {
		[CAPABILITIES_BOUNDING] = offsetof(struct spec_capabilities, bounding),
		[CAPABILITIES_EFFECTIVE] = offsetof(struct spec_capabilities, effective),
		[CAPABILITIES_INHERITABLE] = offsetof(struct spec_capabilities, inheritable),
		[CAPABILITIES_PERMITTED] = offsetof(struct spec_capabilities, permitted),
		[CAPABILITIES_AMBIENT] = offsetof(struct spec_capabilities, ambient),
	};
	struct spec_capabilities *capabilities = spec->process ? spec->process->capabilities : NULL;

	return capabilities ? (struct strlist *)(void *)((char *)capabilities + members[set])
			    : NULL;
}

char *edit_capability_pointer(struct edit *edit, enum capability_set set, size_t index)
{
	return arena_printf(edit->arena, "/process/capabilities/%s/%zu", capability_set_names[set],
			    index);
}

/* --- decisions --- */

static struct decision *new_decision(struct edit *edit)
{
	struct decisions *decisions = &edit->decisions;

	if (decisions->n == edit->capacity) {
		size_t capacity = edit->capacity ? 2 * edit->capacity : 16;
		struct decision *v = arena_new_array(edit->arena, struct decision, capacity);

		if (decisions->n)
			memcpy(v, decisions->v, decisions->n * sizeof(*v));
		decisions->v = v;
		edit->capacity = capacity;
	}
	return &decisions->v[decisions->n++];
}

/* A change that is under way: from edit_begin() to edit_end() the spec is changed. */
struct change {
	int action;
	char *pointer, *before;
	struct err err;
	bool failed;
};

static struct change edit_begin(struct edit *edit, int action, const char *pointer)
{
	struct change change = { .action = action, .pointer = arena_strdup(edit->arena, pointer) };

	/* what an insertion pushes aside was not the value there */
	if (action != DECISION_ADD)
		change.failed = place_text(edit->spec, pointer, edit->arena, &change.before,
					   &change.err) < 0;
	return change;
}

/* What cannot be written down must not happen: a refusal takes the decision's place. */
static void refuse_unrecorded(struct edit *edit, struct decision *decision, const struct err *err)
{
	decision->action = DECISION_REFUSE;
	decision->after = decision->before;
	decision->why = arena_printf(
		edit->arena,
		"the change cannot be recorded: %s; leave what is there out of the configuration",
		err->text);
}

static void edit_end(struct edit *edit, struct change *change, const char *rule, const char *why)
{
	struct decision *decision = new_decision(edit);

	decision->rule = arena_strdup(edit->arena, rule);
	decision->action = change->action;
	decision->path = change->pointer;
	decision->before = change->before;
	decision->why = arena_strdup(edit->arena, why);
	/* and what takes the place of something dropped is not its new value */
	if (change->action == DECISION_ADD || change->action == DECISION_REWRITE)
		change->failed |= place_text(edit->spec, change->pointer, edit->arena,
					     &decision->after, &change->err) < 0;
	else if (change->action != DECISION_DROP)
		decision->after = decision->before;
	if (change->failed)
		refuse_unrecorded(edit, decision, &change->err);
}

static void note(struct edit *edit, const char *rule, int action, const char *pointer,
		 const char *why)
{
	struct change change = edit_begin(edit, action, pointer);

	edit_end(edit, &change, rule, why);
}

void edit_keep(struct edit *edit, const char *rule, const char *pointer, const char *why)
{
	note(edit, rule, DECISION_KEEP, pointer, why);
}

void edit_warn(struct edit *edit, const char *rule, const char *pointer, const char *why)
{
	note(edit, rule, DECISION_WARN, pointer, why);
}

void edit_refuse(struct edit *edit, const char *rule, const char *pointer, const char *why)
{
	note(edit, rule, DECISION_REFUSE, pointer, why);
}

/* --- changes --- */

static struct spec_linux *linux_of(struct edit *edit)
{
	if (!edit->spec->linux_)
		edit->spec->linux_ = arena_new(edit->arena, struct spec_linux);
	return edit->spec->linux_;
}

static char *copy_text(struct edit *edit, const char *s)
{
	return s ? arena_strdup(edit->arena, s) : NULL;
}

/* A longer copy of an array, with a gap at `index`. */
static void *array_with_gap(struct edit *edit, const void *old, size_t n, size_t size, size_t index)
{
	char *v = arena_array(edit->arena, n + 1, size);

	if (index)
		memcpy(v, old, index * size);
	if (n > index)
		memcpy(v + (index + 1) * size, (const char *)old + index * size,
		       (n - index) * size);
	return v;
}

static void strlist_append(struct edit *edit, struct strlist *list, const char *s)
{
	list->v = array_with_gap(edit, list->v, list->n, sizeof(*list->v), list->n);
	list->v[list->n++] = arena_strdup(edit->arena, s);
}

static struct strlist strlist_copy(struct edit *edit, const struct strlist *from)
{
	struct strlist copy = { 0 };

	for (size_t i = 0; i < from->n; i++)
		strlist_append(edit, &copy, from->v[i]);
	return copy;
}

static struct spec_mount mount_copy(struct edit *edit, const struct spec_mount *mount)
{
	return (struct spec_mount){ .destination = copy_text(edit, mount->destination),
				    .type = copy_text(edit, mount->type),
				    .source = copy_text(edit, mount->source),
				    .options = strlist_copy(edit, &mount->options) };
}

void edit_namespace_add(struct edit *edit, const char *rule, int type, const char *path,
			const char *why)
{
	struct spec_linux *linux_ = linux_of(edit);
	size_t n = linux_->namespaces.n;
	struct change change = edit_begin(edit, DECISION_ADD,
					  arena_printf(edit->arena, "/linux/namespaces/%zu", n));

	linux_->namespaces.v =
		array_with_gap(edit, linux_->namespaces.v, n, sizeof(*linux_->namespaces.v), n);
	linux_->namespaces.v[n].type = type;
	linux_->namespaces.v[n].path = copy_text(edit, path);
	linux_->namespaces.n++;
	edit_end(edit, &change, rule, why);
}

void edit_namespace_path(struct edit *edit, const char *rule, size_t index, const char *path,
			 const char *why)
{
	struct change change = edit_begin(
		edit, DECISION_REWRITE, arena_printf(edit->arena, "/linux/namespaces/%zu", index));

	linux_of(edit)->namespaces.v[index].path = copy_text(edit, path);
	edit_end(edit, &change, rule, why);
}

void edit_id_mappings(struct edit *edit, const char *rule, bool gids,
		      const struct spec_id_mapping *mapping, const char *why)
{
	struct spec_linux *linux_ = linux_of(edit);
	struct spec_id_mappings *to = gids ? &linux_->gid_mappings : &linux_->uid_mappings;
	struct change change =
		edit_begin(edit, DECISION_ADD, gids ? "/linux/gidMappings" : "/linux/uidMappings");

	to->v = arena_new(edit->arena, struct spec_id_mapping);
	*to->v = *mapping;
	to->n = 1;
	edit_end(edit, &change, rule, why);
}

void edit_mount_insert(struct edit *edit, const char *rule, size_t index,
		       const struct spec_mount *mount, const char *why)
{
	struct spec *spec = edit->spec;
	struct change change =
		edit_begin(edit, DECISION_ADD, arena_printf(edit->arena, "/mounts/%zu", index));

	spec->mounts.v = array_with_gap(edit, spec->mounts.v, spec->mounts.n,
					sizeof(*spec->mounts.v), index);
	spec->mounts.v[index] = mount_copy(edit, mount);
	spec->mounts.n++;
	edit_end(edit, &change, rule, why);
}

void edit_mount_replace(struct edit *edit, const char *rule, size_t index,
			const struct spec_mount *mount, const char *why)
{
	struct change change =
		edit_begin(edit, DECISION_REWRITE, arena_printf(edit->arena, "/mounts/%zu", index));

	edit->spec->mounts.v[index] = mount_copy(edit, mount);
	edit_end(edit, &change, rule, why);
}

void edit_capability_drop(struct edit *edit, const char *rule, enum capability_set set,
			  size_t index, const char *why)
{
	struct strlist *list = edit_capability_set(edit->spec, set);
	struct change change =
		edit_begin(edit, DECISION_DROP, edit_capability_pointer(edit, set, index));

	if (!list || index >= list->n)
		return;
	list->n--;
	memmove(&list->v[index], &list->v[index + 1], (list->n - index) * sizeof(*list->v));
	edit_end(edit, &change, rule, why);
}

void edit_capabilities_none(struct edit *edit, const char *rule, const char *why)
{
	struct change change = edit_begin(edit, DECISION_ADD, "/process/capabilities");
	struct spec_capabilities *none = arena_new(edit->arena, struct spec_capabilities);

	if (!edit->spec->process)
		return;
	edit->spec->process->capabilities = none;
	for (int set = 0; set < CAPABILITY_SET_COUNT; set++) {
		struct strlist *list = edit_capability_set(edit->spec, (enum capability_set)set);

		if (list)
			list->v = arena_new_array(edit->arena, char *, 1);
	}
	edit_end(edit, &change, rule, why);
}

/* One text, made where it is not there. */
static void set_text(struct edit *edit, const char *rule, const char *pointer, char **member,
		     const char *text, const char *why)
{
	struct change change = edit_begin(edit, *member ? DECISION_REWRITE : DECISION_ADD, pointer);

	*member = arena_strdup(edit->arena, text);
	edit_end(edit, &change, rule, why);
}

void edit_hostname(struct edit *edit, const char *rule, const char *name, const char *why)
{
	set_text(edit, rule, "/hostname", &edit->spec->hostname, name, why);
}

void edit_cgroups_path(struct edit *edit, const char *rule, const char *path, const char *why)
{
	set_text(edit, rule, "/linux/cgroupsPath", &linux_of(edit)->cgroups_path, path, why);
}

void edit_device_rule_drop(struct edit *edit, const char *rule, size_t index, const char *why)
{
	struct spec_resources *resources = linux_of(edit)->resources;
	struct change change =
		edit_begin(edit, DECISION_DROP,
			   arena_printf(edit->arena, "/linux/resources/devices/%zu", index));
	struct spec_device_rule *v = resources->devices.v;

	resources->devices.n--;
	memmove(&v[index], &v[index + 1], (resources->devices.n - index) * sizeof(*v));
	edit_end(edit, &change, rule, why);
}

void edit_device_rule_deny(struct edit *edit, const char *rule, size_t index, const char *why)
{
	struct spec_resources *resources = linux_of(edit)->resources;
	struct change change =
		edit_begin(edit, DECISION_REWRITE,
			   arena_printf(edit->arena, "/linux/resources/devices/%zu", index));

	resources->devices.v[index].allow = false;
	edit_end(edit, &change, rule, why);
}

void edit_device_drop(struct edit *edit, const char *rule, size_t index, const char *why)
{
	struct spec_linux *linux_ = linux_of(edit);
	struct change change = edit_begin(edit, DECISION_DROP,
					  arena_printf(edit->arena, "/linux/devices/%zu", index));
	struct spec_device *v = linux_->devices.v;

	linux_->devices.n--;
	memmove(&v[index], &v[index + 1], (linux_->devices.n - index) * sizeof(*v));
	edit_end(edit, &change, rule, why);
}

void edit_sysctl_drop(struct edit *edit, const char *rule, size_t index, const char *why)
{
	struct strmap *sysctl = &linux_of(edit)->sysctl;
	struct change change =
		edit_begin(edit, DECISION_DROP,
			   arena_printf(edit->arena, "/linux/sysctl/%s",
					pointer_escape(sysctl->v[index].key, edit->arena)));

	sysctl->n--;
	memmove(&sysctl->v[index], &sysctl->v[index + 1], (sysctl->n - index) * sizeof(*sysctl->v));
	edit_end(edit, &change, rule, why);
}

/* In place of the text at `index`, or at the end of the list. */
static void put_text(struct edit *edit, const char *rule, const char *pointer, struct strlist *list,
		     size_t index, const char *text, const char *why)
{
	bool there = index < list->n;
	struct change change =
		edit_begin(edit, there ? DECISION_REWRITE : DECISION_ADD,
			   arena_printf(edit->arena, "%s/%zu", pointer, there ? index : list->n));

	if (there)
		list->v[index] = arena_strdup(edit->arena, text);
	else
		strlist_append(edit, list, text);
	edit_end(edit, &change, rule, why);
}

void edit_readonly_path_add(struct edit *edit, const char *rule, const char *path, const char *why)
{
	struct strlist *list = &linux_of(edit)->readonly_paths;

	put_text(edit, rule, "/linux/readonlyPaths", list, list->n, path, why);
}

void edit_environment(struct edit *edit, const char *rule, size_t index, const char *variable,
		      const char *why)
{
	put_text(edit, rule, "/process/env", &edit->spec->process->env, index, variable, why);
}

void edit_argument_add(struct edit *edit, const char *rule, const char *argument, const char *why)
{
	struct strlist *list = &edit->spec->process->args;

	put_text(edit, rule, "/process/args", list, list->n, argument, why);
}

void edit_annotation(struct edit *edit, const char *rule, const char *key, const char *value,
		     const char *why)
{
	struct strmap *map = &edit->spec->annotations;
	bool there = strmap_get(map, key) != NULL;
	struct change change = edit_begin(
		edit, there ? DECISION_REWRITE : DECISION_ADD,
		arena_printf(edit->arena, "/annotations/%s", pointer_escape(key, edit->arena)));
	size_t i = 0;

	while (there && !str_eq(map->v[i].key, key))
		i++;
	if (!there) {
		i = map->n;
		map->v = array_with_gap(edit, map->v, map->n, sizeof(*map->v), map->n);
		map->v[map->n++].key = arena_strdup(edit->arena, key);
	}
	map->v[i].value = arena_strdup(edit->arena, value);
	edit_end(edit, &change, rule, why);
}

void edit_listener(struct edit *edit, const char *rule, const char *path, const char *why)
{
	struct spec_linux *linux_ = linux_of(edit);
	bool whole = !linux_->seccomp;
	bool there = !whole && linux_->seccomp->listener_path;
	struct change change = edit_begin(edit, there ? DECISION_REWRITE : DECISION_ADD,
					  whole ? "/linux/seccomp" : "/linux/seccomp/listenerPath");

	if (whole) {
		linux_->seccomp = arena_new(edit->arena, struct spec_seccomp);
		linux_->seccomp->default_action = SPEC_ACT_ALLOW;
	}
	linux_->seccomp->listener_path = arena_strdup(edit->arena, path);
	edit_end(edit, &change, rule, why);
}

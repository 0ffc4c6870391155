/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only functions that change a spec on the policy's behalf. Each takes the rule's id and the
 * reason and records a decision, so that no change is silent; before and after are the JSON of the
 * place, written by the same tables that write config.json. Pure.
 */
#ifndef POLICY_EDIT_H
#define POLICY_EDIT_H

#include "base/capabilities.h"
#include "policy/policy.h"

struct edit {
	struct spec *spec; /* a copy of the request */
	struct arena *arena;
	struct decisions decisions;
	size_t capacity;
};

/* The list of a set, NULL without process.capabilities. */
struct strlist *edit_capability_set(struct spec *spec, enum capability_set set);

/* Text of the config for a sentence: in quotes, short, and without what a terminal would obey. */
char *edit_shown(struct edit *edit, const char *text);

/* "/process/capabilities/bounding/3" */
char *edit_capability_pointer(struct edit *edit, enum capability_set set, size_t index);

/* A namespace entry at the end of the list; path NULL: a new namespace. */
void edit_namespace_add(struct edit *edit, const char *rule, int type, const char *path,
			const char *why);
/* Another path for an entry; NULL: a new namespace. */
void edit_namespace_path(struct edit *edit, const char *rule, size_t index, const char *path,
			 const char *why);

/* linux.uidMappings or linux.gidMappings, which are absent: this one. */
void edit_id_mappings(struct edit *edit, const char *rule, bool gids,
		      const struct spec_id_mapping *mapping, const char *why);

void edit_mount_insert(struct edit *edit, const char *rule, size_t index,
		       const struct spec_mount *mount, const char *why);
void edit_mount_replace(struct edit *edit, const char *rule, size_t index,
			const struct spec_mount *mount, const char *why);

void edit_capability_drop(struct edit *edit, const char *rule, enum capability_set set,
			  size_t index, const char *why);
/* process.capabilities with five empty sets if there is none. */
void edit_capabilities_none(struct edit *edit, const char *rule, const char *why);

/* A variable "NAME=VALUE" of process.env in place of that at `index`; at the end where there is none. */
void edit_environment(struct edit *edit, const char *rule, size_t index, const char *variable,
		      const char *why);
/* At the end of process.args. */
void edit_argument_add(struct edit *edit, const char *rule, const char *argument, const char *why);
void edit_annotation(struct edit *edit, const char *rule, const char *key, const char *value,
		     const char *why);

void edit_hostname(struct edit *edit, const char *rule, const char *name, const char *why);

/* linux.cgroupsPath. */
void edit_cgroups_path(struct edit *edit, const char *rule, const char *path, const char *why);

/* A rule of linux.resources.devices; denied in its place, it ends what stands before it. */
void edit_device_rule_drop(struct edit *edit, const char *rule, size_t index, const char *why);
void edit_device_rule_deny(struct edit *edit, const char *rule, size_t index, const char *why);
/* A node of linux.devices. */
void edit_device_drop(struct edit *edit, const char *rule, size_t index, const char *why);

void edit_sysctl_drop(struct edit *edit, const char *rule, size_t index, const char *why);
void edit_readonly_path_add(struct edit *edit, const char *rule, const char *path, const char *why);

/* linux.seccomp.listenerPath; without linux.seccomp one that allows everything, for a filter that comes as an
 * annotation. */
void edit_listener(struct edit *edit, const char *rule, const char *path, const char *why);

/* Decisions that change nothing, about what is at a pointer ("" if it is about no place). */
void edit_keep(struct edit *edit, const char *rule, const char *pointer, const char *why);
void edit_warn(struct edit *edit, const char *rule, const char *pointer, const char *why);
void edit_refuse(struct edit *edit, const char *rule, const char *pointer, const char *why);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of plan/: what the parts of plan_make() share. Pure.
 */
#ifndef PLAN_CONTEXT_H
#define PLAN_CONTEXT_H

#include "plan/make.h"
#include "plan/plan.h"

struct plan_context {
	const struct verdict *verdict;
	const struct spec *spec;
	const struct spec_linux *linux_; /* never NULL: an empty one where the config has none */
	const struct facts *facts;
	const struct plan_options *options;
	struct arena *arena;
	struct plan *plan; /* being made */
	size_t warnings_capacity, notes_capacity;
};

/* The parts, in the order in which plan_make() calls them: a later one may read what an earlier one
 * has put into the plan. Errors: ERR_CONFIG. */
int plan_namespaces(struct plan_context *c, struct err *e) MUST_CHECK;
int plan_ids(struct plan_context *c, struct err *e) MUST_CHECK;
int plan_mounts(struct plan_context *c, struct err *e) MUST_CHECK;
int plan_mount_label(struct plan_context *c, struct err *e) MUST_CHECK;
int plan_net_devices(struct plan_context *c, struct err *e) MUST_CHECK;
int plan_devices(struct plan_context *c, struct err *e) MUST_CHECK;
int plan_paths(struct plan_context *c, struct err *e) MUST_CHECK;
/* After the paths: what is masked in one procfs is masked in all. */
int plan_kernel_mounts(struct plan_context *c, struct err *e) MUST_CHECK;
int plan_sysctls(struct plan_context *c, struct err *e) MUST_CHECK;
int plan_cgroup(struct plan_context *c, struct err *e) MUST_CHECK;
int plan_rdt(struct plan_context *c, struct err *e) MUST_CHECK;
/* After the writes: the unit of systemd in place of a path. */
int plan_scope(struct plan_context *c, struct err *e) MUST_CHECK;
/* Where the unit's group will be, NULL if that is not known beforehand: below a user's own manager. */
const char *plan_scope_path(struct plan_context *c);
int plan_process(struct plan_context *c, struct err *e) MUST_CHECK;
/* After the process. */
int plan_process_label(struct plan_context *c, struct err *e) MUST_CHECK;
int plan_scheduling(struct plan_context *c, struct err *e) MUST_CHECK;
/* of exec alone: config.md "Linux Process", execCPUAffinity */
int plan_affinity(struct plan_context *c, struct err *e) MUST_CHECK;
/* Of mounts for a container that exists alone, after the mounts: what creation does once and for all is refused. */
int plan_kept(struct plan_context *c, struct err *e) MUST_CHECK;
int plan_rlimits(struct plan_context *c, struct err *e) MUST_CHECK;
int plan_capabilities(struct plan_context *c, struct err *e) MUST_CHECK;
int plan_seccomp(struct plan_context *c, struct err *e) MUST_CHECK;
/* An annotation that asks for something else than a process of this kernel is refused. */
int plan_handler(struct plan_context *c, struct err *e) MUST_CHECK;
int plan_hooks(struct plan_context *c, struct err *e) MUST_CHECK;
/* After all that may ask for a mount. */
int plan_host_mounts(struct plan_context *c, struct err *e) MUST_CHECK;

/* --- warnings.c --- */

void plan_note(struct plan_context *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void plan_warn(struct plan_context *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* run.oci.keep_original_groups: the caller's supplementary groups stay (Podman's --group-add
 * keep-groups). */
bool plan_keeps_groups(const struct spec *spec);

/* True if the container gets a namespace of this type that is not the runtime's or the host's: what is
 * set in it stays in it. */
bool plan_namespace_is_separate(const struct plan_context *c, enum spec_ns_type type);

/* --- cgroup_path.c --- */

/* Where a hierarchy is mounted in which the container's group would have to be made and cannot be, because it
 * is read-only; NULL: none. */
const char *plan_readonly_hierarchy(const struct plan_context *c);

/* The path goes below every hierarchy: nothing in it may lead out again. */
int plan_cgroup_path_check(const char *path, const char *what, struct err *e) MUST_CHECK;

/* *reason: why no cgroup is made; NULL: *ret is. */
int plan_cgroup_place(struct plan_context *c, const char **ret, const char **reason, struct err *e)
	MUST_CHECK;

/* --- device_rules.c --- */

/* Normalise linux.resources.devices into plan->cgroup.devices; on v1 also as writes. */
int plan_device_rules(struct plan_context *c, struct err *e) MUST_CHECK;

/* "c 1:3 rwm", as devices.allow of v1 takes it. */
void plan_device_rule_text(const struct plan_device_rule *rule, struct strbuf *out);

/* Lines for /proc/PID/uid_map or gid_map; `field` names the mappings in errors. */
int plan_id_map(struct plan_context *c, const struct spec_id_mappings *mappings, const char *field,
		const char **ret, struct err *e) MUST_CHECK;
/* An id of the container as the host counts; 0: not known. */
uint32_t plan_host_id(const struct plan_context *c, const struct spec_id_mappings *mappings,
		      uint32_t id);
bool plan_id_is_mapped(const struct spec_id_mappings *mappings, uint32_t id);

/* --- text.c --- */

/* NULL-terminated copy of the list's pointers. */
char **argv_of(struct arena *arena, const struct strlist *list) __attribute__((returns_nonnull));

/* Texts that were seen, each with a number; the keys are not copied. */
struct text_set {
	size_t slots;
	struct text_slot *v;
};
/* Room for `count` texts. */
void text_set_init(struct text_set *set, struct arena *arena, size_t count);
/* The number that came with an equal text before; NULL if it is new, then it is kept. */
const size_t *text_set_add(struct text_set *set, const char *text, size_t length, size_t number);
const size_t *text_set_find(const struct text_set *set, const char *text, size_t length);

/* --- mount_options.c --- */

/* mount(2) flags that belong to the superblock; NULL or the key that fsconfig(2) takes. */
enum superblock_flag {
	SB_FLAG_RDONLY,
	SB_FLAG_SYNC,
	SB_FLAG_DIRSYNC,
	SB_FLAG_LAZYTIME,
	SB_FLAG_MAND,
	SB_FLAG_COUNT
};

struct mount_words {
	bool bind, remount, iversion;
	const char *superblock[SB_FLAG_COUNT];
	const char *subtree; /* the value of the option of that name; NULL: none */
	const char *idmap;   /* "idmap", "ridmap", or either with "=" and a value; NULL: none */
};

/* Read a mount's options into `mount` (attributes, propagation, data) and `words`; `mount->options`
 * has all that is not a known word, in order. */
void mount_options_read(struct plan_context *c, const struct strlist *options,
			struct plan_mount *mount, struct mount_words *words);

/* What cgroup2 itself does not know is an error; the rest means nothing for a view of it. */
int mount_check_cgroup2(const struct plan_mount *mount, struct err *e) MUST_CHECK;

/* Put the superblock's flags in front of the mount's data options. */
void mount_options_add_superblock(struct plan_context *c, struct plan_mount *mount,
				  const struct mount_words *words);

/* --- mount_idmap.c --- */
/* What the mappings and the options idmap and ridmap mean for a mount whose kind is known. */
int mount_idmap_plan(struct plan_context *c, const struct spec_mount *from,
		     const struct mount_words *words, struct plan_mount *mount, struct err *e)
	MUST_CHECK;

/* The words for attributes, for people. `ret` has room for MOUNT_WORDS_MAX; returns how many. */
#define MOUNT_WORDS_MAX 16
size_t mount_attr_words(uint64_t set, uint64_t clear, bool recursive, const char **ret);
/* 0 if the name is not a propagation. */
uint64_t propagation_flags(const char *name);

#endif

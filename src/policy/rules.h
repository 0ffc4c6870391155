/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule: a name, a function, and one sentence why. The list is in apply.c, in the order in which they
 * are applied; explain and the manual show it. A rule decides on facts and on what earlier rules made
 * of the spec; it changes the spec through edit.h alone. Pure.
 */
#ifndef POLICY_RULES_H
#define POLICY_RULES_H

#include "policy/edit.h"

/* One application of a policy to one request. */
struct application {
	struct edit edit;
	const struct policy *policy;
	const struct facts
		*facts;         /* NULL for a process of exec: only rules about capabilities run */
	int network;            /* enum network_join; of the request, until a rule says otherwise */
	bool network_rewritten; /* the container gets another network than it asked for */
	bool pid_made;          /* the PID namespace was not asked for */
	struct confinement confinement;
	struct strlist added_files;          /* as in struct verdict */
	char *hosts_text, *resolv_conf_text; /* as in struct verdict */
};

struct rule {
	const char *id; /* the key of the policy file, where there is one */
	void (*apply)(struct application *a, const char *id);
	const char *why;
};

/* Ends with a rule without id. */
extern const struct rule policy_rules[];

/* rules_network.c */
void rule_network_namespace(struct application *a, const char *id);
void rule_network_allow_host(struct application *a, const char *id);
void rule_network_requested_host(struct application *a, const char *id);
void rule_network_requested_path(struct application *a, const char *id);
void rule_network_requested_new(struct application *a, const char *id);
void rule_network_membership(struct application *a, const char *id);
void rule_network_devices(struct application *a, const char *id);
void rule_network_sysctls(struct application *a, const char *id);

/* rules_namespaces.c */
void rule_namespace_entries(struct application *a, const char *id);
void rule_namespace_pid(struct application *a, const char *id);
void rule_namespace_mount(struct application *a, const char *id);
void rule_namespace_ipc(struct application *a, const char *id);
void rule_namespace_uts(struct application *a, const char *id);
void rule_namespace_cgroup(struct application *a, const char *id);

/* rules_mounts.c */
void rule_mounts_proc(struct application *a, const char *id);
void rule_network_resolv_conf(struct application *a, const char *id);
void rule_network_hosts(struct application *a, const char *id);
void rule_proc_sys(struct application *a, const char *id);

/* rules_annotations.c */
void rule_hooks_output(struct application *a, const char *id);
void rule_criu_config(struct application *a, const char *id);
/* rules_cgroup.c */
void rule_cgroup_overlap(struct application *a, const char *id);
/* rules_kernel_mounts.c */
void rule_kernel_mounts(struct application *a, const char *id);

/* rules_capabilities.c */
void rule_network_admin(struct application *a, const char *id);
void rule_privileged(struct application *a, const char *id);

/* rules_confinement.c */
void rule_network_peer_descriptors(struct application *a, const char *id);

/* --- questions that several rules ask --- */

/* Of the first entry of a set that some reader takes for this capability; NULL: there is none. */
const char *capability_pointer(struct application *a, enum capability_set set, int number);

/* Index of the first namespace entry of a type, -1 where there is none. */
long namespace_index(const struct spec *spec, int type);
/* "/linux/namespaces/2", or "/linux/namespaces" for -1. */
char *namespace_pointer(struct application *a, long index);
/* "network", "pid", ... */
const char *namespace_type_name(int type);
/* Why a namespace path in the config cannot be joined as one of this type; NULL: it can. */
const char *namespace_problem(struct application *a, const char *path, int type);
/* What an entry names is not of its type, which is a mistake in the configuration: refused, also where the path would not
 * be used. True where it was. */
bool namespace_refuse_type(struct application *a, const char *id, long index);
/* The runtime's own or the host's. */
bool namespace_is_host(const struct application *a, const char *path);

/* cgroup.overlap "refused" is in force. */
bool policy_is_group_exclusive(const struct policy *policy);
/* By path_clean(): a relative destination counts from "/" (config.md "Mounts"). */
bool mount_is_at(struct application *a, const struct spec_mount *mount, const char *path);
/* Engines write a bind as a type or as an option; the option wins over the type. */
bool mount_is_bind(const struct spec_mount *mount);
/* `options` separated by commas, as in fstab(5). */
struct spec_mount mount_make(struct application *a, const char *type, const char *source,
			     const char *destination, const char *options);

/* Where CAP_SYS_ADMIN is in one of the sets; NULL: nowhere. */
const char *find_sys_admin(struct application *a);

/* network_join of a spec that nothing was decided about. */
int network_of_request(const struct spec *spec);
/* The container is, or will be, in the policy's namespace. */
bool network_is_shared(const struct application *a);

#endif

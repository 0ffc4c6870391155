/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule: a name, a function, and one sentence why. The list is in judge.c, in the order in which they
 * are applied; explain and the manual show it. A rule decides on facts and on what earlier rules made
 * of the spec; it changes the spec through edit.h alone. Pure.
 */
#ifndef POLICY_RULES_H
#define POLICY_RULES_H

#include "policy/edit.h"

/* One judgement of one request. */
struct judgement {
	struct edit edit;
	const struct subject *subject;
	const struct policy *policy; /* the subject's */
	const struct facts
		*facts;         /* of the caller alone where nothing new is made (EXEC, RESTORED) */
	struct network network; /* of the request, until a rule says otherwise */
	bool network_rewritten; /* the container gets another network than it asked for */
	struct id_range ids;    /* as in struct verdict */
	bool pid_made;          /* the PID namespace was not asked for */
	struct confinement confinement;
	struct forward_record *forward;      /* as in struct verdict */
	struct address_record *address;      /* as in struct verdict */
	struct strlist added_files;          /* as in struct verdict */
	char *hosts_text, *resolv_conf_text; /* as in struct verdict */
	struct group_parent parent;          /* as in struct verdict */
};

/* Of the configuration and not of the policy: it holds under observe, too, and comes before all others. */
#define RULE_ALWAYS (1u << 31)

struct rule {
	const char *id; /* the key of the policy file, if there is one */
	unsigned paths; /* enum policy_path, and RULE_ALWAYS; on others it is not called */
	void (*apply)(struct judgement *j, const char *id);
	const char *why;
};

/* Ends with a rule without id. */
extern const struct rule policy_rules[];

/* policy_judge() by another list, which ends in the same way: how tests see what each rule is for. */
void policy_judge_by(const struct rule *rules, const struct subject *subject,
		     const struct facts *facts, struct arena *arena, struct verdict *ret);

/* rules_networks.c */
void rule_networks(struct judgement *j, const char *id);

/* rules_network.c */
void rule_network_namespace(struct judgement *j, const char *id);
void rule_network_allow_host(struct judgement *j, const char *id);
void rule_network_requested_host(struct judgement *j, const char *id);
void rule_network_requested_path(struct judgement *j, const char *id);
void rule_network_requested_new(struct judgement *j, const char *id);
void rule_network_membership(struct judgement *j, const char *id);

/* rules_network_change.c */
void rule_network_devices(struct judgement *j, const char *id);
void rule_network_sysctls(struct judgement *j, const char *id);

/* rules_forward.c */
void rule_network_forward(struct judgement *j, const char *id);

/* rules_address.c */
void rule_network_address(struct judgement *j, const char *id);

/* rules_namespaces.c */
void rule_namespace_entries(struct judgement *j, const char *id);
void rule_namespace_pid(struct judgement *j, const char *id);
void rule_namespace_mount(struct judgement *j, const char *id);
void rule_namespace_ipc(struct judgement *j, const char *id);
void rule_namespace_uts(struct judgement *j, const char *id);
void rule_namespace_cgroup(struct judgement *j, const char *id);

/* rules_user.c */
void rule_namespace_user(struct judgement *j, const char *id);

/* rules_hostname.c */
void rule_hostname(struct judgement *j, const char *id);

/* rules_mounts.c */
void rule_mounts_proc(struct judgement *j, const char *id);
void rule_network_resolv_conf(struct judgement *j, const char *id);
void rule_network_hosts(struct judgement *j, const char *id);
void rule_proc_sys(struct judgement *j, const char *id);

/* rules_systemd.c */
void rule_systemd(struct judgement *j, const char *id);

/* rules_share.c */
void rule_share(struct judgement *j, const char *id);

/* rules_annotations.c */
void rule_annotations(struct judgement *j, const char *id);
void rule_hooks_output(struct judgement *j, const char *id);
void rule_criu_config(struct judgement *j, const char *id);
/* rules_hooks.c */
void rule_hooks_allow(struct judgement *j, const char *id);
/* rules_cgroup.c */
void rule_cgroup_overlap(struct judgement *j, const char *id);

/* rules_cgroup_parent.c */
void rule_cgroup_parent(struct judgement *j, const char *id);
void rule_cgroup_reserve(struct judgement *j, const char *id);
/* rules_kernel_mounts.c */
void rule_kernel_mounts(struct judgement *j, const char *id);

/* rules_capabilities.c */
void rule_network_admin(struct judgement *j, const char *id);
void rule_capabilities_remove(struct judgement *j, const char *id);
/* rules_privileged.c */
void rule_privileged(struct judgement *j, const char *id);

/* rules_confinement.c */
void rule_network_lock(struct judgement *j, const char *id);
void rule_network_peer_descriptors(struct judgement *j, const char *id);

/* --- questions that several rules ask --- */

/* policy_key_place() of what is chosen: where a text that names a key has to say it. */
static inline const char *key_place(const struct judgement *j, const char *key)
{
	return policy_key_place(&j->network, key, j->edit.arena);
}

/* Those of `mask` that are in some set of the request, and where the first of them is; NULL: nowhere. */
uint64_t capabilities_asked(struct judgement *j, uint64_t mask, const char **ret_pointer);
/* "CAP_SYS_ADMIN, CAP_BPF" */
const char *capabilities_text(struct judgement *j, uint64_t mask);
/* No process of the container ever gets these: recorded, and refused to what criu has made. What is asked for stays in
 * the request, which gets empty sets if it says nothing. */
void capabilities_deny(struct judgement *j, const char *id, uint64_t mask);
/* And they leave all five sets. */
void capabilities_take(struct judgement *j, const char *id, uint64_t mask, const char *why);

/* Of the first entry of a set that some reader takes for this capability; NULL: there is none. */
const char *capability_pointer(struct judgement *j, enum capability_set set, int number);

/* Index of the first namespace entry of a type, -1 if there is none. */
long namespace_index(const struct spec *spec, int type);
/* "/linux/namespaces/2", or "/linux/namespaces" for -1. */
char *namespace_pointer(struct judgement *j, long index);
/* "network", "pid", ... */
const char *namespace_type_name(int type);
/* Why a namespace path in the config cannot be joined as one of this type; NULL: it can. */
const char *namespace_problem(struct judgement *j, const char *path, int type);
/* What an entry names is not of its type, which is a mistake in the configuration: refused, also if the path would not
 * be used. True if it was. */
bool namespace_refuse_type(struct judgement *j, const char *id, long index);
/* The runtime's own or the host's. */
bool namespace_is_host(const struct judgement *j, const char *path);

/* cgroup.overlap "refused" is in force. */
bool policy_is_group_exclusive(const struct policy *policy);
/* By path_clean(): a relative destination counts from "/" (config.md "Mounts"). */
bool mount_is_at(struct judgement *j, const struct spec_mount *mount, const char *path);
/* The bind of a directory that the policy shows to every container. */
bool mount_is_share(struct judgement *j, const struct spec_mount *mount);
/* Engines write a bind as a type or as an option; the option wins over the type. */
bool mount_is_bind(const struct spec_mount *mount);
/* `options` separated by commas, as in fstab(5). */
struct spec_mount mount_make(struct judgement *j, const char *type, const char *source,
			     const char *destination, const char *options);

/* The policy gives the container a user namespace that it does not ask for. */
bool user_is_given(const struct judgement *j);
/* How one container is left out of that. */
const char *user_exception(const struct judgement *j);

/* No process of the container leaves its network: decided, or to be decided. */
bool network_is_locked(const struct judgement *j);

/* network_join of a spec that nothing was decided about. */
int network_of_request(const struct spec *spec);
/* The container is, or will be, in the policy's namespace. */
bool network_is_shared(const struct judgement *j);

#endif

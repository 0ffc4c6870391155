/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of facts_gather(), for the files of this folder and their tests. */
#ifndef FACTS_GATHER_H
#define FACTS_GATHER_H

#include "facts/facts.h"
#include "sys/mountinfo.h"

/* Whether a release such as "5.14.0-362.el9" is Linux 5.14 or newer. Pure. */
bool kernel_is_new_enough(const char *release);

/* facts->self: the network, and each type that the config names by path. A kernel without one of the types
 * leaves that one out. */
int gather_self_namespaces(const struct spec *spec, struct arena *arena, struct facts *facts,
			   struct err *e) MUST_CHECK;

/* facts->requested and host->requested; needs facts->self. */
int gather_requested_namespaces(const struct spec *spec, struct arena *arena, struct facts *facts,
				struct host *host, struct err *e) MUST_CHECK;

/* facts->network and host->network; needs facts->self. */
int gather_network(const struct policy *policy, struct arena *arena, struct facts *facts,
		   struct host *host, struct err *e) MUST_CHECK;

/* facts->asked_name; needs facts->requested. */
void gather_asked_name(const struct policy *whole, const struct policy *chosen,
		       const struct spec *spec, struct arena *arena, struct facts *facts);
/* facts->twins; needs facts->network. `whole`: the policy with all its networks, or NULL. */
void gather_twins(const struct policy *whole, const struct policy *chosen, struct arena *arena,
		  struct facts *facts);

/* Of a usable network namespace: it is a network of the policy, the one that was chosen or another one. */
bool gather_is_in_policy(const struct policy *whole, const struct ns_facts *ns,
			 const struct facts *facts);

/* The name of a network namespace that iproute2 keeps, "distros" of "/run/netns/distros"; NULL for any
 * other path. Pure. */
const char *iproute_name(const char *network_path);

/* facts->resolv_conf and facts->hosts of the policy's network; what is not there or not root's alone
 * stays NULL. root_fd: descriptor of "/". */
void gather_network_files(int root_fd, const char *network_path, struct arena *arena,
			  struct facts *facts);

/* What the config mounts in the place of existing ones. */
void gather_mounted_files(const struct spec *spec, const char *bundle, struct arena *arena,
			  struct facts *facts);

/* facts->hooks, where the policy does not allow any. */
void gather_hooks(const struct spec *spec, const struct policy *policy, struct arena *arena,
		  struct facts *facts);

/* The root directory that the config names, its descriptor and its real path. */
int gather_rootfs(const struct spec *spec, const char *bundle, struct arena *arena, char **ret_path,
		  int *ret_fd, struct err *e) MUST_CHECK;

/* The runtime's table of mounts, read when it is first asked for. */
struct mount_table {
	bool read;
	struct mountinfo info;
};
int mount_table_get(struct mount_table *table, struct arena *arena, const struct mountinfo **ret,
		    struct err *e) MUST_CHECK;

/* facts->shares. */
int gather_shares(int root_fd, const struct policy *policy, struct arena *arena,
		  struct facts *facts, struct err *e) MUST_CHECK;

/* Of the network that is asked for, where the policy's is to be joined in its place; needs facts->address. */
int gather_forward(const struct policy *policy, const struct facts_options *options,
		   const struct spec *spec, struct arena *arena, struct facts *facts,
		   const struct host *host, struct err *e) MUST_CHECK;

/* facts->address, after facts->network. */
void gather_address(const struct policy *policy, struct arena *arena, struct facts *facts);

/* facts->sources and host->sources, with those of facts->shares that can be used; with host->rootfs open facts->root,
 * too. */
int gather_sources(const struct spec *spec, const char *bundle, struct mount_table *table,
		   struct arena *arena, struct facts *facts, struct host *host, struct err *e)
	MUST_CHECK;

/* facts->user and host->ids_lock, under namespaces.user "auto"; needs facts->rootfs and facts->shares. What stands in the
 * way is told there, and does not fail. */
int gather_user(const struct policy *policy, const struct facts_options *options,
		struct mount_table *table, struct arena *arena, struct facts *facts,
		struct host *host, struct err *e) MUST_CHECK;

/* facts_cgroup() with a table that may have been read. */
int gather_cgroups(struct mount_table *table, struct arena *arena, struct cgroup_facts **ret,
		   struct err *e) MUST_CHECK;

/* Which of these hierarchies are `liftable`. */
int gather_liftable(struct mount_table *table, struct arena *arena, struct cgroup_facts *facts,
		    struct err *e) MUST_CHECK;

/*
 * The layout by the mounts of hierarchies that can be reached and the text of /proc/self/cgroup. Pure;
 * controllers of the v2 hierarchy stay absent. own_path is such that mount_point + own_path is the
 * directory: "/" where the runtime's own group lies outside what is mounted.
 */
int cgroup_facts_parse(const struct mountinfo *mounts, const char *proc_self_cgroup,
		       struct arena *arena, struct cgroup_facts *ret, struct err *e) MUST_CHECK;

/* facts->delegated, for a caller who is not root of the host. */
void facts_delegated_cgroup(struct cgroup_facts *facts, struct arena *arena);

/* Of one group of v2. */
int gather_controllers_at(const struct cgroup_hierarchy_facts *v2, const char *path,
			  struct arena *arena, struct strlist *ret, struct err *e) MUST_CHECK;

/* facts->parent, after facts->cgroup. */
int gather_parent(const struct policy *policy, const struct facts_options *options,
		  struct arena *arena, struct facts *facts, struct err *e) MUST_CHECK;

#endif

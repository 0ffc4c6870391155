/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every question asked of the host, once, read-only. What must not be looked up twice is opened here,
 * verified, and carried on as a descriptor in struct host.
 */
#ifndef FACTS_FACTS_H
#define FACTS_FACTS_H

#include "base/auto.h"
#include "model/facts.h"
#include "policy/policy.h"
#include "spec/spec.h"
#include "sys/host.h"

struct facts_options {
	const char *bundle;            /* its real path */
	const char *members_directory; /* registry, NULL: the default one */
	const char *ids_directory;     /* of ids of the host, NULL: the default one */
	bool hold;            /* ids that are found free are kept from others, by host->ids_lock */
	bool cgroup_disabled; /* look at cgroups only if the config mounts them */
	bool systemd_cgroup;
	const char *id,
		*root; /* of the container and its state; NULL: whose groups are is not asked */
	const struct policy *whole; /* with all its networks; NULL: there is one */
	struct opt_u32 owner;       /* who asks; absent: the caller */
	const char *network;        /* that an argument names; NULL: none does */
	const char *program; /* the file that was executed, as it was named; NULL: not known */
};

/* What stands behind the last '@' of an executed file's name; NULL: nothing does. */
const char *facts_network_of_program(const char *program);
/* Who asks, for policy_select(): as much of it as this policy looks at. ERR_POLICY: the program's name names a network,
 * and lies where others than root can put it. */
int facts_of_request(const struct policy *policy, const struct spec *spec,
		     const struct facts_options *options, struct arena *arena,
		     struct caller_facts *ret, struct err *e) MUST_CHECK;

/*
 * A namespace path that cannot be used is not an error here but a `problem` in its ns_facts: the policy
 * says what becomes of it. A root filesystem that is not there is an error (ERR_CONFIG), a kernel below
 * 5.14 too.
 */
int facts_gather(const struct spec *spec, const struct policy *policy,
		 const struct facts_options *options, struct arena *arena, struct facts **ret,
		 struct host *ret_host, struct err *e) MUST_CHECK;

/* What `mounts` needs: the sources alone, into facts that there are. `bundle` is absolute. */
int facts_gather_sources(const struct spec *spec, const char *bundle, struct arena *arena,
			 struct facts *facts, struct host *host, struct err *e) MUST_CHECK;

/* facts->apparmor and facts->selinux, where this spec has labels. */
void facts_of_labels(const struct spec *spec, struct facts *facts);

/* What `exec` needs: the caller and its capabilities; with `cgroups` the hierarchies too. */
int facts_of_caller(bool cgroups, struct arena *arena, struct facts **ret, struct err *e)
	MUST_CHECK;

/* True if the caller is not root of the initial user namespace. */
bool facts_is_rootless(void);
/* A network namespace that an engine has made, by its cookie, and where it is: at `path`, unless that is NULL or another one
 * by now, or where engines keep theirs. The descriptor; ERR_NOT_FOUND: it is gone. */
int facts_find_engines_network(const char *path, uint64_t cookie, struct arena *arena,
			       char **ret_path, struct err *e) MUST_CHECK;
/* The port of UDP at which the engine's resolver is in there; 0: there is none, or the network is not at this path. */
uint32_t facts_resolver_port(const char *path, uint64_t cookie);
/* What the engine's file of resolvers says, and of which of its nameservers that decides. False: it cannot be read. */
bool facts_of_engines_resolver(const char *path, struct arena *arena, struct resolver_facts *ret);
/* What the network's own files say (by iproute2's convention; NULL: it has none), and the host's hosts. */
void facts_of_network_files(const char *network_path, struct arena *arena, char **ret_resolv_conf,
			    struct resolver_facts *ret_hosts);

/* True if not every id is its own, whatever the caller's uid. */
bool facts_in_user_namespace(void);

/* The layout and mounts of the cgroup hierarchies as seen by this process. */
int facts_cgroup(struct arena *arena, struct cgroup_facts **ret, struct err *e) MUST_CHECK;

/*
 * Find, trust and read the policy file; the built-in default if there is none. `path` is the
 * argument of --policy or NULL for the compiled-in one. Trust: the file and each directory above it
 * belong to root and only root can write them; it is a regular file with one link; read once, from one
 * descriptor, POLICY_FILE_MAX bytes at most. Rootless: the caller's own file is accepted, and root's,
 * which shows the overflow uid there, at the compiled-in path only. Errors: ERR_POLICY.
 */
enum policy_origin {
	POLICY_BUILT_IN = 1, /* without a file */
	POLICY_OF_ARGUMENT,
	POLICY_OF_USER, /* below XDG_CONFIG_HOME or HOME */
	POLICY_OF_SYSTEM,
};
struct policy_source {
	struct policy *policy;
	const struct policy *said; /* what the file itself says; NULL: there is none */
	const char *path;          /* of the file; NULL: built-in */
	const char *looked_for;    /* where one would be found first; NULL with --policy */
	int origin;                /* enum policy_origin */
	const char *text;          /* of the file; NULL: built-in */
	size_t length;
	bool network_of_user; /* the default of network.namespace is that of XDG_RUNTIME_DIR */
};
int policy_load(const char *path, struct arena *arena, struct policy_source *ret, struct err *e)
	MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan out of a verdict and the facts. Pure.
 */
#ifndef PLAN_MAKE_H
#define PLAN_MAKE_H

#include "plan/plan.h"
#include "policy/policy.h"

struct plan_options {
	const char *id;
	uint32_t hook_timeout; /* seconds, where a hook has none; 0: as long as it takes */
	const char *bundle;
	bool no_pivot;
	bool cgroup_disabled; /* --cgroup-manager disabled */
	bool systemd_cgroup;  /* --systemd-cgroup */
	const char *root; /* of the state, as a container is known by it; NULL: does not matter */
	/* What the runtime itself adds: NAME=VALUE in place of the config's, and a directory of the host
	 * for the notification socket with its place inside. */
	const struct strlist *environment;
	const char *notify_source, *notify_destination;
	bool user_namespace;      /* EXEC, MOUNTS: the container has one */
	const struct spec *asked; /* MOUNTS: the mounts as they were asked for */
};

/* The group that will be made, as far as it is known before the policy has decided; NULL: none. */
const char *plan_cgroup_requested(const struct spec *spec, const struct facts *facts,
				  const struct plan_options *options, struct arena *arena);

/* The parts that the verdict's path has. ERR_CONFIG if the spec asks for what this host or this program cannot
 * do. */
int plan_make(const struct verdict *verdict, const struct facts *facts,
	      const struct plan_options *options, struct arena *arena, struct plan **ret,
	      struct err *e) MUST_CHECK;

/* Names of the mount options that are known by name, for `features`; NULL beyond the last. Others go to
 * the file system as they are. */
const char *plan_mount_option_name(size_t index);
/* One text may be several options of a file system: where the first ends, at a comma that is neither escaped nor in
 * quotes, as the file systems split the text that mount(2) hands them. */
size_t plan_mount_data_length(const char *text);

#endif

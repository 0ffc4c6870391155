/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From verdict and facts to the plan, part by part. Pure: no system call, no clock, no environment.
 */
#include "plan/context.h"

#include "base/auto.h"

static void plan_top(struct plan_context *c)
{
	struct plan *plan = c->plan;
	const struct spec *spec = c->spec;

	plan->id = c->options->id;
	plan->bundle = c->options->bundle;
	plan->no_pivot = c->options->no_pivot;
	plan->rootfs = c->facts->rootfs;
	plan->root_idmap = c->verdict->ids.size > 0;
	plan->readonly_root = spec->root && spec->root->readonly;
	plan->hostname = str_empty(spec->hostname) ? NULL : spec->hostname;
	plan->domainname = str_empty(spec->domainname) ? NULL : spec->domainname;
	plan->annotations = spec->annotations;
	plan->oci_version = spec->oci_version;
	plan->confinement = c->verdict->confinement;
	plan->forward = c->verdict->forward;
	plan->address = c->verdict->address;
}

/* Of a container that exists: what of its namespaces the parts ask for. */
static int plan_running_namespaces(struct plan_context *c, struct err *e)
{
	(void)e;
	c->plan->namespaces.new_user = c->options->user_namespace;
	c->plan->namespaces.new_mount = c->verdict->path == PATH_MOUNTS;
	return 0;
}

/* In this order: a later part may read what an earlier one has put into the plan. */
static const struct plan_part {
	unsigned paths; /* enum policy_path */
	int (*make)(struct plan_context *c, struct err *e);
} parts[] = {
	{ PATH_NEW, plan_handler },
	{ PATH_NEW, plan_namespaces },
	{ PATH_NEW, plan_ids },
	{ PATH_EXEC | PATH_MOUNTS, plan_running_namespaces },
	{ PATH_NEW | PATH_MOUNTS, plan_mounts },
	{ PATH_NEW | PATH_MOUNTS, plan_mount_label },
	{ PATH_NEW, plan_net_devices },
	{ PATH_NEW, plan_devices },
	{ PATH_NEW, plan_paths },
	{ PATH_NEW | PATH_MOUNTS, plan_kernel_mounts },
	{ PATH_MOUNTS, plan_kept },
	{ PATH_NEW, plan_sysctls },
	{ PATH_NEW, plan_cgroup },
	{ PATH_NEW | PATH_EXEC, plan_process },
	{ PATH_NEW | PATH_EXEC, plan_process_label },
	{ PATH_NEW | PATH_EXEC, plan_scheduling },
	{ PATH_NEW | PATH_EXEC, plan_rlimits },
	{ PATH_NEW | PATH_EXEC, plan_capabilities },
	{ PATH_NEW | PATH_EXEC, plan_seccomp },
	{ PATH_EXEC, plan_affinity },
	{ PATH_NEW, plan_hooks },
	{ PATH_NEW, plan_rdt },
	{ PATH_NEW, plan_host_mounts },
};

int plan_make(const struct verdict *verdict, const struct facts *facts,
	      const struct plan_options *options, struct arena *arena, struct plan **ret,
	      struct err *e)
{
	static const struct spec_linux empty;
	struct plan_context c = {
		.verdict = verdict,
		.spec = verdict->spec,
		.linux_ = verdict->spec->linux_ ? verdict->spec->linux_ : &empty,
		.facts = facts,
		.options = options,
		.arena = arena,
		.plan = arena_new(arena, struct plan),
	};

	if (verdict->refused)
		return policy_refusal(verdict, NULL, e);
	plan_top(&c);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i].paths & verdict->path && parts[i].make(&c, e) < 0)
			return -1;
	*ret = c.plan;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every question asked of the host, in one straight list. Runs in the runtime, before anything is made.
 */
#include "facts/facts.h"

#include "facts/gather.h"
#include "facts/groups.h"
#include "model/kernel_fs.h"
#include "plan/make.h"
#include "state/registry.h"
#include "sys/caller.h"
#include "sys/caps.h"
#include "sys/proc_status.h"
#include "sys/procfs.h"

#include <fcntl.h>
#include <sys/utsname.h>

#define KERNEL_MAJOR 5 /* SO_NETNS_COOKIE */
#define KERNEL_MINOR 14

/* Digits at the front of *text as a number; moves behind them. */
static bool take_number(const char **text, uint32_t *ret)
{
	size_t length = strspn(*text, "0123456789");
	char digits[12];

	if (!length || length >= sizeof(digits))
		return false;
	memcpy(digits, *text, length);
	digits[length] = '\0';
	*text += length;
	return parse_u32(digits, ret);
}

bool kernel_is_new_enough(const char *release)
{
	uint32_t major, minor;

	if (!take_number(&release, &major) || *release++ != '.' || !take_number(&release, &minor))
		return false;
	return major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR);
}

bool facts_in_user_namespace(void)
{
	return caller_in_user_namespace();
}

bool facts_is_rootless(void)
{
	return caller_is_rootless();
}

static int gather_kernel(struct arena *arena, struct facts *facts, struct err *e)
{
	struct utsname name;

	if (uname(&name) < 0)
		return fail_sys(e, "ask for the kernel's version");
	if (!kernel_is_new_enough(name.release))
		return fail(e, ERR_SYSTEM, "Linux %d.%d or newer is needed, this is %s",
			    KERNEL_MAJOR, KERNEL_MINOR, name.release);
	facts->kernel = arena_strdup(arena, name.release);
	facts->hostname = arena_strdup(arena, name.nodename);
	return 0;
}

static int gather_capabilities(struct facts *facts, struct err *e)
{
	struct proc_started started;
	struct cap_sets sets;

	if (caps_get(&sets, e) < 0)
		return -1;
	if (proc_status_started(&started))
		facts->bounding = started.bounding;
	else if (caps_bounding(&facts->bounding, e) < 0)
		return -1;
	facts->effective = sets.effective;
	facts->last_cap = (uint32_t)caps_last();
	return 0;
}

static int gather_members(const char *directory, struct arena *arena, struct facts *facts,
			  struct err *e)
{
	struct members members;

	/* "self" is not a name that members could share: it means another namespace at each place */
	if (!facts->network || facts->network->path[0] != '/')
		return 0;
	if (!directory)
		directory = registry_default_directory(facts->rootless, arena);
	if (registry_elsewhere(directory, facts->network->path, facts->network->cookie, arena,
			       &members, e) < 0)
		return -1;
	facts->members.v = arena_new_array(arena, struct member_facts, members.n);
	facts->members.n = members.n;
	for (size_t i = 0; i < members.n; i++) {
		const struct member_record *member = &members.v[i];

		facts->members.v[i] = (struct member_facts){
			.id = member->id,
			.root = member->root,
			.pid = member->init.pid,
			.cookie = member->network_cookie,
			.network_path = member->network_path,
		};
	}
	return 0;
}

static bool facts_show_cgroup(const struct facts *facts)
{
	for (size_t i = 0; i < facts->sources.n; i++) {
		const struct source_facts *source = &facts->sources.v[i];

		if (kernel_fs_kind(source->fstype) == KERNEL_FS_CGROUP)
			return true;
		for (size_t j = 0; j < source->below.n; j++)
			if (kernel_fs_kind(source->below.v[j].fstype) == KERNEL_FS_CGROUP)
				return true;
	}
	return false;
}

/* Reading the table of mounts takes as long as most of the rest together. */
static int gather_cgroup(const struct spec *spec, const struct policy *policy,
			 const struct facts_options *options, struct mount_table *table,
			 struct arena *arena, struct facts *facts, struct err *e)
{
	bool wanted = !options->cgroup_disabled || facts_show_cgroup(facts);

	for (size_t i = 0; i < spec->mounts.n && !wanted; i++)
		wanted = spec->mounts.v[i].type && str_has_prefix(spec->mounts.v[i].type, "cgroup");
	if (wanted && gather_cgroups(table, arena, &facts->cgroup, e) < 0)
		return -1;
	if (wanted && facts->rootless)
		facts_delegated_cgroup(facts->cgroup, arena);
	if (wanted && policy->systemd.value && gather_liftable(table, arena, facts->cgroup, e) < 0)
		return -1;
	if (wanted)
		return 0;
	facts->cgroup = arena_new(arena, struct cgroup_facts);
	facts->cgroup->layout = CGROUP_NONE;
	return 0;
}

/* With the path that the policy makes of it: that group is the container's. */
static const struct spec *spec_with_path(const struct spec *spec, const struct policy *policy,
					 const struct facts *facts, struct arena *arena)
{
	const char *path = policy_cgroups_path(policy, spec, facts, arena);
	struct spec *with;

	if (!path)
		return spec;
	with = arena_new(arena, struct spec);
	*with = *spec;
	with->linux_ = arena_new(arena, struct spec_linux);
	if (spec->linux_)
		*with->linux_ = *spec->linux_;
	with->linux_->cgroups_path = arena_strdup(arena, path);
	return with;
}

static int gather_groups(const struct spec *spec, const struct facts_options *options,
			 struct arena *arena, struct facts *facts, struct err *e)
{
	const struct plan_options plan = {
		.id = options->id,
		.cgroup_disabled = options->cgroup_disabled,
		.systemd_cgroup = options->systemd_cgroup,
	};
	struct groups_options groups = {
		.id = options->id,
		.members_directory = options->members_directory,
	};
	const char *path;

	if (!options->id || !options->root)
		return 0;
	if (!groups.members_directory)
		groups.members_directory = registry_default_directory(facts->rootless, arena);
	groups.root = facts_real_root(options->root, arena);
	path = plan_cgroup_requested(spec, facts, &plan, arena);
	facts->cgroup_path = path ? arena_strdup(arena, path) : NULL;
	return facts_groups(&groups, arena, facts, e);
}

int facts_gather(const struct spec *spec, const struct policy *policy,
		 const struct facts_options *options, struct arena *arena, struct facts **ret,
		 struct host *ret_host, struct err *e)
{
	struct facts *facts = arena_new(arena, struct facts);
	struct mount_table table = { 0 };
	autohost host = HOST_INIT;
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return fail_sys(e, "open /");
	facts->uid = geteuid();
	facts->gid = getegid();
	facts->rootless = facts_is_rootless();
	facts->in_user_namespace = facts_in_user_namespace();
	facts->no_runtime_directory = facts->rootless && str_empty(getenv("XDG_RUNTIME_DIR"));
	facts->bundle = arena_strdup(arena, options->bundle);
	if (gather_kernel(arena, facts, e) < 0 || gather_capabilities(facts, e) < 0)
		return -1;
	if (gather_rootfs(spec, options->bundle, arena, &facts->rootfs, &host.rootfs, e) < 0)
		return -1;
	if (gather_self_namespaces(spec, arena, facts, e) < 0 ||
	    gather_requested_namespaces(spec, arena, facts, &host, e) < 0 ||
	    gather_network(policy, arena, facts, &host, e) < 0 ||
	    gather_members(options->members_directory, arena, facts, e) < 0)
		return -1;
	gather_twins(options->whole, policy, arena, facts);
	gather_asked_name(options->whole, policy, spec, arena, facts);
	gather_address(policy, arena, facts);
	if (gather_forward(policy, options, spec, arena, facts, &host, e) < 0)
		return -1;
	if (facts->network)
		gather_network_files(root, facts->network->path, arena, facts);
	facts_of_labels(spec, facts);
	gather_mounted_files(spec, options->bundle, arena, facts);
	facts->id = options->id ? arena_strdup(arena, options->id) : NULL;
	gather_hooks(spec, policy, arena, facts);
	if (options->root && options->id)
		facts->state = arena_printf(arena, "%s/%s", options->root, options->id);
	if (gather_shares(root, policy, arena, facts, e) < 0 ||
	    gather_user(policy, options, &table, arena, facts, &host, e) < 0)
		return -1;
	if (policy->kernel_mounts == POLICY_KERNEL_OWN &&
	    gather_sources(spec, options->bundle, &table, arena, facts, &host, e) < 0)
		return -1;
	if (gather_cgroup(spec, policy, options, &table, arena, facts, e) < 0 ||
	    gather_parent(policy, options, arena, facts, e) < 0 ||
	    gather_groups(spec_with_path(spec, policy, facts, arena), options, arena, facts, e) < 0)
		return -1;

	*ret = facts;
	*ret_host = host;
	host = (struct host)HOST_INIT;
	return 0;
}

int facts_of_caller(bool cgroups, struct arena *arena, struct facts **ret, struct err *e)
{
	struct facts *facts = arena_new(arena, struct facts);

	facts->uid = geteuid();
	facts->gid = getegid();
	facts->rootless = facts_is_rootless();
	facts->in_user_namespace = facts_in_user_namespace();
	facts->no_runtime_directory = facts->rootless && str_empty(getenv("XDG_RUNTIME_DIR"));
	if (gather_kernel(arena, facts, e) < 0 || gather_capabilities(facts, e) < 0)
		return -1;
	if (cgroups && facts_cgroup(arena, &facts->cgroup, e) < 0)
		return -1;
	*ret = facts;
	return 0;
}

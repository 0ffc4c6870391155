/* SPDX-License-Identifier: Apache-2.0 */
/* What the rules about mounts and files of the host have to do, said once more. See policy_oracles.h. */
#ifndef TESTS_POLICY_ORACLES_MOUNTS_H
#define TESTS_POLICY_ORACLES_MOUNTS_H

#include "base/path.h"
#include "policy_oracles_network.h"

static bool is_remount(const struct spec_mount *mount)
{
	return strlist_has(&mount->options, "remount");
}

static bool is_bind(const struct spec_mount *mount)
{
	return str_eq(mount->type, "bind") || strlist_has(&mount->options, "bind") ||
	       strlist_has(&mount->options, "rbind");
}

static bool is_at(const struct round *r, const struct spec_mount *mount, const char *path)
{
	return mount->destination && str_eq(path_clean_in(r->arena, mount->destination), path);
}

/* What is seen at a path: the last one there, and over what covers the root file system. NULL: nothing is mounted. */
static const struct spec_mount *seen_at(const struct round *r, const struct spec *spec,
					const char *path)
{
	const struct spec_mount *seen = NULL;

	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct spec_mount *mount = &spec->mounts.v[i];

		if (is_at(r, mount, "/") && !is_remount(mount))
			seen = NULL;
		else if (is_at(r, mount, path))
			seen = mount;
	}
	return seen;
}

static const char *source_of(const struct spec_mount *mount)
{
	return mount ? mount->source : NULL;
}

/* --- /proc --- */

/* A new PID namespace that nothing asked for shows itself at /proc, and not the host. */
static void check_proc(const struct round *r, const struct verdict *verdict)
{
	const struct spec_namespace *asked, *given;
	const struct spec_mount *seen;
	bool own = count_entries(request_of(r), SPEC_NS_PID, &asked) > 0 && !asked->path;

	if (verdict->refused || own || !count_entries(verdict->spec, SPEC_NS_PID, &given) ||
	    given->path)
		return;
	seen = seen_at(r, verdict->spec, "/proc");
	HOLDS(r, verdict, seen && str_eq(seen->type, "proc") && !is_bind(seen));
}

static void check_proc_sys(const struct round *r, const struct verdict *verdict)
{
	const struct spec_linux *linux_ = verdict->spec->linux_;
	bool there = r->policy->proc_sys != POLICY_REWRITE;

	for (size_t i = 0; linux_ && i < linux_->readonly_paths.n; i++)
		there |= str_eq(path_clean_in(r->arena, linux_->readonly_paths.v[i]), "/proc/sys");
	HOLDS(r, verdict, there);
}

/* --- the resolver's files --- */

static const struct source_facts *facts_of_mount(const struct round *r,
						 const struct spec_mount *mount)
{
	return facts_source(r->facts, mount->source, strlist_has(&mount->options, "src-nofollow"),
			    strlist_has(&mount->options, "rbind"));
}

static bool is_of_kernel(const struct round *r, const struct spec_mount *mount)
{
	const struct source_facts *source = facts_of_mount(r, mount);

	return source && (source->fstype || source->below.n > 0);
}

struct file_oracle {
	const char *destination, *name, *choice, *found, *rule;
};

/* The file of the network, or one made of both. */
static bool is_of_network(const struct round *r, const struct file_oracle *file, const char *source)
{
	const char *made =
		arena_printf(r->arena, "%s/%s", r->facts->state ? r->facts->state : "", file->name);

	return source && (str_eq(source, file->found) || str_eq(source, made));
}

static void check_file(const struct round *r, const struct verdict *verdict,
		       const struct file_oracle *file)
{
	const struct asked_network asked = asked_network(r);
	const struct spec_mount *before = seen_at(r, request_of(r), file->destination);
	const char *source = source_of(seen_at(r, verdict->spec, file->destination));
	bool readonly = request_of(r)->root && request_of(r)->root->readonly;
	bool rewritten = asked.shape != ASKED_SAME && !asked.no_rewrite;

	/* that is another rule's */
	if (before && is_of_kernel(r, before))
		return;
	if (str_eq(file->choice, "engine"))
		HOLDS(r, verdict, str_eq(source, source_of(before)));
	else if (!str_eq(file->choice, "auto"))
		HOLDS(r, verdict, str_eq(source, before || !readonly ? file->choice : NULL));
	else if (!file->found || !is_joined(verdict) ||
		 (before && (!rewritten || !is_bind(before))))
		HOLDS(r, verdict, str_eq(source, source_of(before)));
	else if (before)
		HOLDS(r, verdict, is_of_network(r, file, source) || str_eq(source, before->source));
	else
		HOLDS(r, verdict, readonly ? !source : is_of_network(r, file, source));
}

static void check_covering(const struct round *r, const struct verdict *verdict,
			   const struct file_oracle *file)
{
	bool covers = false;

	for (size_t i = 0; i < request_of(r)->mounts.n; i++) {
		const char *at = request_of(r)->mounts.v[i].destination;

		at = at ? path_clean_in(r->arena, at) : "/";
		covers |= !str_eq(at, "/") && path_is_below(file->destination, at);
	}
	HOLDS(r, verdict,
	      is_refused_by(verdict, file->rule) == (covers && !str_eq(file->choice, "engine")));
}

static void check_files(const struct round *r, const struct verdict *verdict)
{
	const struct policy_network *network = r->policy->network;
	const struct file_oracle all[] = {
		{ "/etc/resolv.conf", "resolv.conf", network->resolv_conf, r->facts->resolv_conf,
		  "network.resolvConf" },
		{ "/etc/hosts", "hosts", network->hosts, r->facts->hosts, "network.hosts" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (r->path == PATH_MOUNTS)
			check_covering(r, verdict, &all[i]);
		else if (!verdict->refused)
			check_file(r, verdict, &all[i]);
}

/* --- share --- */

static bool is_shown(const struct round *r, const char *source)
{
	for (size_t i = 0; i < r->facts->shares.n; i++)
		if (str_eq(r->facts->shares.v[i].source, source))
			return !r->facts->shares.v[i].problem;
	return false;
}

static void check_shares(const struct round *r, const struct verdict *verdict)
{
	bool problem = false;

	for (size_t i = 0; i < r->policy->share.n; i++) {
		const struct policy_share *share = &r->policy->share.v[i];
		const struct spec_mount *seen = seen_at(r, verdict->spec, share->destination);

		problem |= !is_shown(r, share->source);
		if (problem || verdict->refused)
			continue;
		HOLDS(r, verdict, seen);
		/* what the config itself mounts there it may */
		HOLDS(r, verdict,
		      seen_at(r, request_of(r), share->destination) ||
			      (str_eq(seen->source, share->source) &&
			       strlist_has(&seen->options, "rslave") &&
			       strlist_has(&seen->options, "nosuid") &&
			       strlist_has(&seen->options, "nodev")));
	}
	HOLDS(r, verdict, is_refused_by(verdict, "share") == problem);
}

/* --- systemd --- */

static size_t count_mounts(const struct round *r, const struct spec *spec, const char *place)
{
	size_t count = 0;

	for (size_t i = 0; i < spec->mounts.n; i++)
		count += is_at(r, &spec->mounts.v[i], place) && !is_remount(&spec->mounts.v[i]);
	return count;
}

/* An init finds all of it, once; every other program starts as it was asked for. */
static void check_systemd(const struct round *r, const struct verdict *verdict)
{
	const struct spec_process *asked = request_of(r)->process;
	const struct spec_process *process = verdict->spec->process;
	const struct spec_namespace *pid;
	size_t run = count_mounts(r, request_of(r), "/run");
	bool wanted = r->policy->systemd.value && asked && asked->args.n &&
		      str_eq(asked->args.v[0], "/sbin/init") &&
		      count_entries(verdict->spec, SPEC_NS_PID, &pid) == 1 && !pid->path;

	if (!asked || verdict->refused)
		return;
	HOLDS(r, verdict, process->args.n == asked->args.n + (wanted ? 3 : 0));
	HOLDS(r, verdict, count_mounts(r, verdict->spec, "/run") == (wanted && !run ? 1 : run));
	HOLDS(r, verdict,
	      !wanted || strlist_has(&process->env, "container=oci") ||
		      strlist_has(&process->env, "container=lxc") ||
		      strlist_has(&process->env, "container=podman"));
	HOLDS(r, verdict, !wanted || count_mounts(r, verdict->spec, "/tmp") == 1);
	HOLDS(r, verdict,
	      wanted || (process->env.n == asked->env.n &&
			 verdict->spec->annotations.n == request_of(r)->annotations.n));
}

/* --- kernelMounts --- */

static bool is_readonly(const struct spec_mount *mount)
{
	static const char *const words[][2] = { { "ro", "rw" }, { "rro", "rrw" } };

	/* the last word counts; of the mount itself before that of all below it */
	for (size_t w = 0; w < ARRAY_SIZE(words); w++)
		for (size_t i = mount->options.n; i-- > 0;)
			if (str_eq(mount->options.v[i], words[w][0]) ||
			    str_eq(mount->options.v[i], words[w][1]))
				return str_eq(mount->options.v[i], words[w][0]);
	return false;
}

/* Nothing of the host's goes on showing what is not the container's, and what is the machine's is read-only. */
static void check_kernel_mount(const struct round *r, const struct verdict *verdict,
			       const struct spec_mount *mount)
{
	const struct source_facts *source = facts_of_mount(r, mount);

	if (!mount->destination || is_remount(mount))
		return;
	if (!is_bind(mount)) {
		HOLDS(r, verdict, !str_eq(mount->type, "debugfs") || is_readonly(mount));
		return;
	}
	if (!source || !source->fstype)
		return;
	HOLDS(r, verdict, !str_eq(source->fstype, "proc"));
	HOLDS(r, verdict,
	      !str_eq(source->fstype, "sysfs") || verdict->network.join == NETWORK_NONE);
	HOLDS(r, verdict, is_readonly(mount));
}

static void check_kernel_mounts(const struct round *r, const struct verdict *verdict)
{
	bool own = r->policy->kernel_mounts == POLICY_KERNEL_OWN;

	HOLDS(r, verdict, verdict->kernel_own == own);
	HOLDS(r, verdict, !own || verdict->refused || !r->facts->root || !r->facts->root->fstype);
	for (size_t i = 0; own && !verdict->refused && i < verdict->spec->mounts.n; i++)
		check_kernel_mount(r, verdict, &verdict->spec->mounts.v[i]);
}

/* --- programs and files of the host that a request names --- */

static bool is_in(const struct round *r, const char *path, const struct strlist *list, bool itself)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *entry = path_clean_in(r->arena, list->v[i]);

		if (str_eq(path, entry) ? itself : path_is_below(path, entry))
			return true;
	}
	return false;
}

static bool may_run(const struct round *r, const char *path)
{
	const struct strlist *allow = &r->policy->hooks->allow;
	const char *real = NULL;

	for (size_t i = 0; i < r->facts->hooks.n; i++)
		if (str_eq(r->facts->hooks.v[i].path, path))
			real = r->facts->hooks.v[i].real;
	return path && str_eq(path, path_clean_in(r->arena, path)) && is_in(r, path, allow, true) &&
	       real && is_in(r, real, allow, true);
}

static void check_hooks(const struct round *r, const struct verdict *verdict)
{
	struct host_hooks kinds[HOST_HOOK_KINDS];
	bool other = false;

	host_hooks_of(request_of(r), kinds);
	for (size_t kind = 0; kind < HOST_HOOK_KINDS; kind++)
		for (size_t i = 0; i < kinds[kind].list->n; i++)
			other |= !may_run(r, kinds[kind].list->v[i].path);
	HOLDS(r, verdict,
	      is_refused_by(verdict, "hooks.allow") ==
		      (other && !strlist_has(&r->policy->hooks->allow, "/")));
}

/* In the bundle, or in what the policy lists. */
static bool is_placed(const struct round *r, const char *name, const struct strlist *list,
		      bool file)
{
	const char *bundle = r->facts->bundle,
		   *path = strmap_get(&request_of(r)->annotations, name);

	if (str_empty(path))
		return true;
	if (path[0] != '/' && !bundle)
		return false;
	path = path_clean_in(r->arena,
			     path[0] == '/' ? path : arena_printf(r->arena, "%s/%s", bundle, path));
	if (bundle && path_is_below(path, bundle) && !str_eq(path, bundle))
		return true;
	for (size_t i = 0; file && i < list->n; i++)
		if (str_eq(path_clean_in(r->arena, list->v[i]), path))
			return true;
	return !file && is_in(r, path, list, false);
}

static void check_host_files(const struct round *r, const struct verdict *verdict)
{
	const struct strlist *output = &r->policy->hooks->output;

	HOLDS(r, verdict,
	      is_refused_by(verdict, "hooks.output") ==
		      (!is_placed(r, "run.oci.hooks.stdout", output, false) ||
		       !is_placed(r, "run.oci.hooks.stderr", output, false)));
	HOLDS(r, verdict,
	      is_refused_by(verdict, "criu.config") ==
		      !is_placed(r, "org.criu.config", &r->policy->criu->config, true));
}

#endif

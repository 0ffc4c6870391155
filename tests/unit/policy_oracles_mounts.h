/* SPDX-License-Identifier: Apache-2.0 */
/* What the rules about mounts and files of the host have to do, said once more. See policy_oracles.h. */
#ifndef TESTS_POLICY_ORACLES_MOUNTS_H
#define TESTS_POLICY_ORACLES_MOUNTS_H

#include "base/path.h"
#include "policy_oracles_network.h"

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
	const struct resolver_facts *texts;
	const char *made_text;
};

/* The engine's resolver is asked by way of what it has prepared: the generated files name one. */
static bool asks_decoy(const struct round *r, const struct verdict *verdict,
		       const struct file_oracle *file, const struct spec_mount *before)
{
	return verdict->forward && (!verdict->forward->of_other || r->facts->forward->nameserver) &&
	       str_eq(file->name, "resolv.conf") && str_eq(file->choice, "auto") && file->texts &&
	       file->texts->engine && r->facts->state && before && is_bind(before) &&
	       !str_empty(before->source) && before->source[0] == '/' &&
	       !str_eq(before->source, file->found);
}

/* NULL: what the config has stays, "" : one of several, said in check_file(). */
static const char *expected_file(const struct round *r, const struct verdict *verdict,
				 const struct file_oracle *file, const struct spec_mount *before)
{
	const struct asked_network asked = asked_network(r);
	bool readonly = request_of(r)->root && request_of(r)->root->readonly;
	bool rewritten = (asked.shape != ASKED_SAME && !asked.no_rewrite) ||
			 (verdict->forward && verdict->forward->of_other);

	if (str_eq(file->choice, "engine") || (!before && readonly))
		return NULL;
	if (!str_eq(file->choice, "auto"))
		return file->choice;
	if (asks_decoy(r, verdict, file, before))
		return arena_printf(r->arena, "%s/%s", r->facts->state, file->name);
	if (!file->found || !is_joined(verdict) || (before && (!rewritten || !is_bind(before))))
		return NULL;
	return file->texts ? "" : file->found;
}

static void check_file(const struct round *r, const struct verdict *verdict,
		       const struct file_oracle *file)
{
	const struct spec_mount *before = seen_at(r, request_of(r), file->destination);
	const struct spec_mount *seen = seen_at(r, verdict->spec, file->destination);
	const char *expected = expected_file(r, verdict, file, before), *source = source_of(seen);
	const char *made =
		arena_printf(r->arena, "%s/%s", r->facts->state ? r->facts->state : "", file->name);

	/* that is another rule's */
	if (before && is_of_kernel(r, before))
		return;
	if (!expected)
		HOLDS(r, verdict, str_eq(source, source_of(before)));
	else if (*expected)
		HOLDS(r, verdict, str_eq(source, expected));
	else
		HOLDS(r, verdict,
		      str_eq(source, file->found) || str_eq(source, made) ||
			      (before && str_eq(source, before->source)));
	/* what is made is at hand; what was added may be left out; and it is not the container's to change */
	HOLDS(r, verdict, !!file->made_text == str_eq(source, made));
	HOLDS(r, verdict,
	      strlist_has(&verdict->added_files, file->destination) == (seen && !before));
	HOLDS(r, verdict,
	      str_eq(source, source_of(before)) || asks_decoy(r, verdict, file, before) ||
		      (is_bind(seen) && is_readonly(seen) &&
		       strlist_has(&seen->options, "nosuid") &&
		       strlist_has(&seen->options, "nodev")));
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
		  "network.resolvConf", r->facts->resolv_conf_texts, verdict->resolv_conf_text },
		{ "/etc/hosts", "hosts", network->hosts, r->facts->hosts, "network.hosts",
		  r->facts->hosts_texts, verdict->hosts_text },
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

/* A file system of the kernel's that each mount shows whole, or the machine's own. */
static void check_made_here(const struct round *r, const struct verdict *verdict,
			    const struct spec_mount *mount)
{
	const struct cgroup_facts *cgroup = r->facts->cgroup;
	const struct spec_namespace *own;
	bool part = false;

	for (size_t i = 0; i < mount->options.n; i++)
		part |= str_has_prefix(mount->options.v[i], "subtree=");
	if (str_eq(mount->type, "debugfs"))
		HOLDS(r, verdict, is_readonly(mount));
	if (str_eq(mount->type, "cgroup2") && !part && cgroup && cgroup->layout == CGROUP_V2 &&
	    !count_entries(verdict->spec, SPEC_NS_CGROUP, &own))
		HOLDS(r, verdict, is_readonly(mount));
	if (str_eq(mount->type, "sysfs") && !is_at(r, mount, "/sys"))
		HOLDS(r, verdict,
		      is_readonly(mount) || asked_bits(verdict->spec) & CAP_BIT(SYS_ADMIN));
}

/* Nothing of the host's goes on showing what is not the container's, and what is the machine's is read-only. */
static void check_kernel_mount(const struct round *r, const struct verdict *verdict,
			       const struct spec_mount *mount)
{
	const struct source_facts *source = facts_of_mount(r, mount);

	if (!is_bind(mount)) {
		check_made_here(r, verdict, mount);
		return;
	}
	if (!source || !source->fstype)
		return;
	HOLDS(r, verdict, !str_eq(source->fstype, "proc"));
	HOLDS(r, verdict,
	      !str_eq(source->fstype, "sysfs") || verdict->network.join == NETWORK_NONE);
	HOLDS(r, verdict, is_readonly(mount));
}

/* What is read-only does not become writable again. */
static void check_remount(const struct round *r, const struct verdict *verdict, size_t index)
{
	const struct spec_mount *all = verdict->spec->mounts.v, *there = NULL;
	const struct source_facts *source;

	for (size_t i = 0; i < index; i++)
		if (!is_remount(&all[i]) &&
		    is_at(r, &all[i], path_clean_in(r->arena, all[index].destination)))
			there = &all[i];
	source = there && is_bind(there) ? facts_of_mount(r, there) : NULL;
	if (there &&
	    (source ? source->fstype != NULL : !is_bind(there) && str_eq(there->type, "debugfs")))
		HOLDS(r, verdict,
		      is_readonly(&all[index]) || !strlist_has(&all[index].options, "rw"));
}

/* Other rules have a say about these. */
static bool is_anothers(const struct round *r, const struct spec_mount *mount)
{
	return !mount->destination || is_at(r, mount, "/proc") || is_at(r, mount, "/etc/hosts") ||
	       is_at(r, mount, "/etc/resolv.conf");
}

static bool is_of_process(const char *part)
{
	return !part || (part[1] >= '0' && part[1] <= '9');
}

/* What cannot be the container's own is refused. */
static void check_asked(const struct round *r, const struct verdict *verdict,
			const struct spec_mount *mount)
{
	const struct source_facts *source = facts_of_mount(r, mount);
	const char *type = source ? source->fstype : NULL;

	if (!type || !is_bind(mount) || is_remount(mount) || is_anothers(r, mount))
		return;
	if (is_at(r, mount, "/") || (str_eq(type, "proc") && is_of_process(source->part)))
		HOLDS(r, verdict, is_refused_by(verdict, "kernelMounts"));
}

/* A procfs below what is taken from the host is one's own. */
static void check_below(const struct round *r, const struct verdict *verdict,
			const struct source_facts *source, const char *destination)
{
	for (size_t i = 0; i < source->below.n; i++) {
		const struct kernel_mount_facts *below = &source->below.v[i];
		const char *place = path_clean_in(
			r->arena, arena_printf(r->arena, "%s/%s", destination, below->path));
		bool found = false;

		if (!str_eq(below->fstype, "proc") || is_of_process(below->part))
			continue;
		for (size_t k = 0; k < verdict->spec->mounts.n; k++)
			found |= is_at(r, &verdict->spec->mounts.v[k], place) &&
				 !is_remount(&verdict->spec->mounts.v[k]);
		HOLDS(r, verdict, found);
	}
}

static size_t count_remounts(const struct round *r, const struct spec *spec)
{
	size_t n = 0;

	for (size_t i = 0; i < spec->mounts.n; i++)
		n += is_remount(&spec->mounts.v[i]) && !is_anothers(r, &spec->mounts.v[i]);
	return n;
}

static void check_what_was_asked(const struct round *r, const struct verdict *verdict)
{
	for (size_t i = 0; i < request_of(r)->mounts.n; i++) {
		const struct spec_mount *mount = &request_of(r)->mounts.v[i];
		const struct source_facts *source = facts_of_mount(r, mount);

		check_asked(r, verdict, mount);
		if (source && !source->fstype && !str_eq(source->path, "/sys/fs/cgroup") &&
		    is_bind(mount) && !is_remount(mount) && !is_anothers(r, mount))
			check_below(r, verdict, source, mount->destination);
	}
	if (r->facts->root && !r->facts->root->fstype)
		check_below(r, verdict, r->facts->root, "");
	HOLDS(r, verdict, count_remounts(r, request_of(r)) == count_remounts(r, verdict->spec));
}

static void check_kernel_mounts(const struct round *r, const struct verdict *verdict)
{
	bool own = r->policy->kernel_mounts == POLICY_KERNEL_OWN;

	HOLDS(r, verdict, verdict->kernel_own == own);
	if (!own)
		return;
	HOLDS(r, verdict, verdict->refused || !r->facts->root || !r->facts->root->fstype);
	check_what_was_asked(r, verdict);
	for (size_t i = 0; !verdict->refused && i < verdict->spec->mounts.n; i++)
		if (!verdict->spec->mounts.v[i].destination)
			continue;
		else if (is_remount(&verdict->spec->mounts.v[i]))
			check_remount(r, verdict, i);
		else
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
	static const struct spec_hooks none;
	const struct spec_hooks *hooks = request_of(r)->hooks ? request_of(r)->hooks : &none;
	/* not startContainer, which runs in the container */
	const struct spec_hook_list *const lists[] = {
		&hooks->prestart,  &hooks->create_runtime, &hooks->create_container,
		&hooks->poststart, &hooks->poststop,
	};
	bool other = false;

	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		for (size_t i = 0; i < lists[k]->n; i++)
			other |= !may_run(r, lists[k]->v[i].path);
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

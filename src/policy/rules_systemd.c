/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a systemd that is the container's first process needs: what says that this is a container, file systems for
 * what no boot may find again, control groups of its own, and the signal that stops it. Pure.
 */
#include "base/auto.h"
#include "base/path.h"
#include "model/annotations.h"
#include "policy/kernel_mounts.h"
#include "policy/rules.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define VARIABLE "container="
#define CGROUP_OPTIONS "nosuid,noexec,nodev"
/* systemd(1), "Signals": halts. SIGTERM makes it execute itself again. */
#define STOP_SIGNAL "SIGRTMIN+3"

/* --- whose container it is --- */

/* As Podman decides it, by the name alone: an init of another kind has no use for the rest and is not harmed by it. */
static bool is_init(struct judgement *j, const char *program)
{
	static const char *const paths[] = { "/sbin/init", "/usr/sbin/init",
					     "/usr/local/sbin/init" };
	const char *path = path_clean_in(j->edit.arena, program);

	for (size_t i = 0; program[0] == '/' && i < ARRAY_SIZE(paths); i++)
		if (str_eq(path, paths[i]))
			return true;
	return str_has_suffix(path, "/systemd");
}

static bool is_for(struct judgement *j, const char *id)
{
	const struct spec *spec = j->edit.spec;
	const struct spec_process *process = spec->process;
	long pid = namespace_index(spec, SPEC_NS_PID);
	const char *why = NULL, *pointer = "/process/args/0";

	if (!process || !process->args.n)
		return false;
	if (!is_init(j, process->args.v[0]))
		why = "nothing is added for systemd, because the program is not an init of systemd: /sbin/init, /usr/sbin/init, /usr/local/sbin/init or one that is called systemd";
	else if (pid < 0 || spec->linux_->namespaces.v[pid].path) {
		pointer = namespace_pointer(j, pid);
		why = "nothing is added for systemd, because it is not the first process of a PID namespace that is joined";
	}
	if (why)
		edit_keep(&j->edit, id, pointer, why);
	return !why;
}

/* --- the process --- */

static void say_container(struct judgement *j, const char *id)
{
	const struct strlist *env = &j->edit.spec->process->env;
	size_t index = env->n;

	/* the last one counts */
	for (size_t i = 0; i < env->n; i++)
		if (str_has_prefix(env->v[i], VARIABLE))
			index = i;
	if (index == env->n || str_eq(env->v[index], VARIABLE))
		edit_environment(&j->edit, id, index, VARIABLE "oci",
				 "systemd knows by it that it runs in a container");
}

/* An argument systemd.wants=UNIT asks for a unit that is masked otherwise. */
static bool is_said(const struct strlist *args, const char *unit)
{
	static const char *const words[] = { "systemd.mask=", "systemd.wants=" };

	for (size_t i = 1; i < args->n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(words); k++) {
			const char *arg = args->v[i];

			if (str_has_prefix(arg, words[k]) && str_eq(arg + strlen(words[k]), unit))
				return true;
		}
	return false;
}

/* In a container systemd reads the arguments of the first process as the command line of its kernel. */
static void mask_units(struct judgement *j, const char *id)
{
	static const struct {
		const char *unit, *why;
	} masked[] = {
		{ "console-getty.service",
		  "the console is the engine's, and a login on it would take what is typed there" },
		{ "systemd-networkd-wait-online.service",
		  "the network is not the container's to bring up, so the start would wait for it in vain" },
		{ "NetworkManager-wait-online.service",
		  "the network is not the container's to bring up, so the start would wait for it in vain" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(masked); i++)
		if (!is_said(&j->edit.spec->process->args, masked[i].unit))
			edit_argument_add(
				&j->edit, id,
				arena_printf(j->edit.arena, "systemd.mask=%s", masked[i].unit),
				masked[i].why);
}

/* SIGTERM is what engines write unasked, and it stops no systemd; any other signal is asked for. */
static void say_stop_signal(struct judgement *j, const char *id)
{
	const char *key = annotation_name(ANNOTATION_STOP_SIGNAL);
	const char *value = strmap_get(&j->edit.spec->annotations, key);

	if (str_empty(value) || str_eq(value, "15") || str_eq_nocase(value, "SIGTERM") ||
	    str_eq_nocase(value, "TERM"))
		edit_annotation(
			&j->edit, id, key, STOP_SIGNAL,
			"systemd stops on this signal, and SIGTERM makes it execute itself again; an engine that sends its own has an option for it");
}

/* --- mounts --- */

/* The last mount at this place; -1: there is none. */
static long last_at(struct judgement *j, const char *place)
{
	const struct spec *spec = j->edit.spec;
	long found = -1;

	for (size_t i = 0; i < spec->mounts.n; i++)
		if (mount_is_at(j, &spec->mounts.v[i], place) &&
		    !strlist_has(&spec->mounts.v[i].options, "remount"))
			found = (long)i;
	return found;
}

/* Right after what is mounted around it, so that it hides nothing that the config mounts there by whatever name
 * (/var/run/secrets, /etc/resolv.conf as a link to /run). */
static void insert(struct judgement *j, const char *id, const struct spec_mount *mount,
		   const char *why)
{
	const struct spec *spec = j->edit.spec;
	size_t index = 0;

	for (size_t i = 0; i < spec->mounts.n; i++)
		if (spec->mounts.v[i].destination &&
		    path_is_below(mount->destination,
				  path_clean_in(j->edit.arena, spec->mounts.v[i].destination)))
			index = i + 1;
	edit_mount_insert(&j->edit, id, index, mount, why);
}

/* Not /var/log/journal, which Podman's preset covers, too: a distribution keeps its journal. */
static void mount_tmpfs(struct judgement *j, const char *id)
{
	static const char *const all[][2] = {
		{ "/run", "nosuid,nodev,mode=755" },
		{ "/run/lock", "nosuid,nodev,noexec,mode=1777,size=5m" },
		{ "/tmp", "nosuid,nodev,mode=1777" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct spec_mount mount = mount_make(j, "tmpfs", "tmpfs", all[i][0], all[i][1]);

		if (last_at(j, all[i][0]) < 0)
			insert(j, id, &mount,
			       "systemd expects it empty at each boot, and mounts it itself where it has the power to");
	}
}

static bool is_view(const struct spec_mount *mount)
{
	return !mount_is_bind(mount) &&
	       (str_eq(mount->type, "cgroup") || str_eq(mount->type, "cgroup2"));
}

static struct spec_mount writable(struct judgement *j, const struct spec_mount *from)
{
	struct spec_mount mount = *from;

	mount.options = (struct strlist){
		.v = arena_new_array(j->edit.arena, char *, from->options.n),
	};
	for (size_t i = 0; i < from->options.n; i++)
		if (!str_eq(from->options.v[i], "ro") && !str_eq(from->options.v[i], "rro"))
			mount.options.v[mount.options.n++] = from->options.v[i];
	return mount;
}

/* The container's own, of which `part` is seen; NULL: the whole. */
static void make_writable(struct judgement *j, const char *id, const char *place, const char *part)
{
	static const char why[] =
		"systemd divides the container's own control group among its services";
	long index = last_at(j, place);
	struct spec_mount mount;

	if (index < 0) {
		mount = mount_make(j, "cgroup", "cgroup", place, CGROUP_OPTIONS);
		if (part)
			kernel_add_option(j, &mount,
					  arena_printf(j->edit.arena, "subtree=%s", part));
		insert(j, id, &mount, why);
		return;
	}
	mount = j->edit.spec->mounts.v[index];
	if (!is_view(&mount)) {
		edit_keep(
			&j->edit, id, arena_printf(j->edit.arena, "/mounts/%ld", index),
			"what the config mounts there is not the container's own view of the control groups and stays, so systemd may have none to manage");
	} else if (kernel_asks_readonly(&mount)) {
		mount = writable(j, &mount);
		edit_mount_replace(&j->edit, id, (size_t)index, &mount, why);
	}
}

/* Of version 1 that of systemd alone: who can write the controllers' lifts limits. */
static void share_v1(struct judgement *j, const char *id)
{
	const struct cgroup_facts *facts = j->facts->cgroup;
	long view = last_at(j, CGROUP_ROOT);
	struct spec_mount mount =
		mount_make(j, "cgroup", "cgroup", CGROUP_ROOT, CGROUP_OPTIONS ",ro");
	bool found = false;

	if (view < 0)
		insert(j, id, &mount, "systemd looks for the control groups there");
	else if (is_view(&j->edit.spec->mounts.v[view]) &&
		 !kernel_asks_readonly(&j->edit.spec->mounts.v[view]))
		return;
	for (size_t i = 0; i < facts->hierarchies.n; i++) {
		const struct cgroup_hierarchy_facts *hierarchy = &facts->hierarchies.v[i];
		const char *part = strrchr(hierarchy->mount_point, '/');

		if (!part || (!hierarchy->v2 && !str_eq(hierarchy->name, "systemd")))
			continue;
		found = true;
		make_writable(j, id, arena_printf(j->edit.arena, CGROUP_ROOT "%s", part), part);
	}
	if (!found)
		edit_warn(
			&j->edit, id, "",
			"the host has neither cgroups of version 2 nor the hierarchy name=systemd of version 1, so systemd has no control groups to manage; mount one of them on the host");
}

/* What keeps systemd from managing its control groups; NULL: nothing does. */
static const char *find_hindrance(struct judgement *j)
{
	const struct spec *spec = j->edit.spec;
	const struct cgroup_facts *facts = j->facts->cgroup;
	long cgroup = namespace_index(spec, SPEC_NS_CGROUP);

	if (!facts || facts->layout == CGROUP_NONE)
		return "systemd gets no control groups to manage, because the container has none of its own; mount cgroups on the host, and leave out --cgroup-manager disabled";
	if (cgroup < 0 || spec->linux_->namespaces.v[cgroup].path)
		return arena_printf(
			j->edit.arena,
			"systemd gets no control groups to manage, because the container has no cgroup namespace of its own; set %s to \"fresh\"",
			key_place(j, "namespaces.cgroup"));
	if (facts->layout != CGROUP_V2 && namespace_index(spec, SPEC_NS_USER) >= 0)
		return "systemd gets no control groups to manage, because those of version 1 cannot be given to the root of a user namespace; leave out the user namespace";
	return NULL;
}

/* In a user namespace only those files are the container's that are meant to be. */
static void warn_liftable(struct judgement *j, const char *id)
{
	const struct cgroup_facts *facts = j->facts->cgroup;

	for (size_t i = 0; i < facts->hierarchies.n; i++) {
		const struct cgroup_hierarchy_facts *hierarchy = &facts->hierarchies.v[i];

		if (hierarchy->liftable && hierarchy->controllers.n &&
		    namespace_index(j->edit.spec, SPEC_NS_USER) < 0)
			edit_warn(
				&j->edit, id, "",
				arena_printf(
					j->edit.arena,
					"root of the container can lift the limits of its own control group, because the host has mounted %s without nsdelegate; `mount -o remount,nsdelegate %s` on the host prevents that",
					hierarchy->mount_point, hierarchy->mount_point));
	}
}

static void delegate(struct judgement *j, const char *id)
{
	const char *hindrance = find_hindrance(j);

	if (hindrance) {
		edit_warn(&j->edit, id, "", hindrance);
		return;
	}
	if (j->facts->cgroup->layout == CGROUP_V2)
		make_writable(j, id, CGROUP_ROOT, NULL);
	else
		share_v1(j, id);
	warn_liftable(j, id);
}

void rule_systemd(struct judgement *j, const char *id)
{
	if (!j->policy->systemd.value || !is_for(j, id))
		return;
	say_container(j, id);
	mask_units(j, id);
	say_stop_signal(j, id);
	mount_tmpfs(j, id);
	delegate(j, id);
}

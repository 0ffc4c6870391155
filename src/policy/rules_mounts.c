/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about what is seen at a few places of the file system: /proc, the resolver's files, /proc/sys.
 * Destinations are compared as they read, not as they resolve: the root file system is not looked at
 * here, and boot/ resolves every one below it. Pure.
 */
#include "base/path.h"
#include "model/record.h"
#include "policy/resolver.h"
#include "policy/rules.h"

bool mount_is_at(struct judgement *j, const struct spec_mount *mount, const char *path)
{
	return mount->destination && str_eq(path_clean_in(j->edit.arena, mount->destination), path);
}

/* Engines write a bind as a type or as an option; the option wins over the type. */
bool mount_is_bind(const struct spec_mount *mount)
{
	return str_eq(mount->type, "bind") || strlist_has(&mount->options, "bind") ||
	       strlist_has(&mount->options, "rbind");
}

/* `options` separated by commas, as in fstab(5). */
struct spec_mount mount_make(struct judgement *j, const char *type, const char *source,
			     const char *destination, const char *options)
{
	struct arena *arena = j->edit.arena;
	struct spec_mount mount = { .destination = arena_strdup(arena, destination),
				    .type = arena_strdup(arena, type),
				    .source = arena_strdup(arena, source) };

	mount.options.v = arena_new_array(arena, char *, strlen(options));
	while (*options) {
		size_t length = strcspn(options, ",");

		mount.options.v[mount.options.n++] = arena_strndup(arena, options, length);
		options += length;
		options += strspn(options, ",");
	}
	return mount;
}

/* Behind the last mount that lies over the root file system, and so over what comes before it. */
static size_t first_seen(struct judgement *j)
{
	const struct spec *spec = j->edit.spec;
	size_t first = 0;

	for (size_t i = 0; i < spec->mounts.n; i++)
		if (mount_is_at(j, &spec->mounts.v[i], "/") &&
		    !strlist_has(&spec->mounts.v[i].options, "remount"))
			first = i + 1;
	return first;
}

/* --- /proc --- */

/* Before the first mount below /proc, which would be hidden by it; else last. */
static size_t proc_position(struct judgement *j)
{
	const struct spec *spec = j->edit.spec;

	for (size_t i = first_seen(j); i < spec->mounts.n; i++)
		if (spec->mounts.v[i].destination &&
		    path_is_below(path_clean_in(j->edit.arena, spec->mounts.v[i].destination),
				  "/proc"))
			return i;
	return spec->mounts.n;
}

/* A procfs belongs to a PID namespace. An engine that asked for the host's processes has the host's
 * /proc mounted (Podman without root binds it); in the new namespace that would show the host's
 * processes and, for root, their root directories. */
void rule_mounts_proc(struct judgement *j, const char *id)
{
	const struct spec *spec = j->edit.spec;
	struct spec_mount fresh;
	bool found = false;
	size_t first;

	if (!j->pid_made)
		return;
	first = first_seen(j);
	fresh = mount_make(j, "proc", "proc", "/proc", "nosuid,noexec,nodev");
	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct spec_mount *mount = &spec->mounts.v[i];

		if (!mount_is_at(j, mount, "/proc"))
			continue;
		found |= i >= first;
		if (mount_is_bind(mount) || !str_eq(mount->type, "proc"))
			edit_mount_replace(&j->edit, id, i, &fresh,
					   "the new PID namespace gets a procfs of its own");
	}
	if (!found)
		edit_mount_insert(&j->edit, id, proc_position(j), &fresh,
				  "the new PID namespace gets a procfs of its own");
}

/* --- the resolver's files --- */

struct shared_file {
	const char *destination;
	const char *made;              /* where a file of both is made, beside the records */
	struct resolver_result result; /* under "auto" */
	char **ret_text;               /* of that file */
	const char *choice;            /* "auto", "engine" or a path */
	const char *found;             /* the network's own file, NULL: it has none */
};

static long mount_at(struct judgement *j, const char *path)
{
	long found = -1;

	/* the last one is the one that is seen */
	for (size_t i = first_seen(j); i < j->edit.spec->mounts.n; i++)
		if (mount_is_at(j, &j->edit.spec->mounts.v[i], path))
			found = (long)i;
	return found;
}

static bool mount_equal(const struct spec_mount *a, const struct spec_mount *b)
{
	if (!str_eq(a->type, b->type) || !str_eq(a->source, b->source) ||
	    a->options.n != b->options.n || a->uid_mappings.n || a->gid_mappings.n)
		return false;
	for (size_t i = 0; i < a->options.n; i++)
		if (!str_eq(a->options.v[i], b->options.v[i]))
			return false;
	return true;
}

/* Read-only, whatever the engine's options were: its own file was the container's alone, this one is
 * shared by all containers. */
static struct spec_mount file_mount(struct judgement *j, const char *source,
				    const char *destination)
{
	return mount_make(j, "bind", source, destination, "bind,ro,nosuid,nodev,noexec");
}

static void replace_file(struct judgement *j, const char *id, size_t index, const char *source,
			 const char *why)
{
	const struct spec_mount *old = &j->edit.spec->mounts.v[index];
	struct spec_mount mount = file_mount(j, source, old->destination);

	if (!mount_equal(old, &mount))
		edit_mount_replace(&j->edit, id, index, &mount, why);
}

/* A root file system that nothing can be made in may lack the file: the plan leaves such a mount out then. */
static void note_added(struct judgement *j, const char *destination)
{
	struct strlist *list = &j->added_files;
	char **v = arena_new_array(j->edit.arena, char *, list->n + 1);

	for (size_t i = 0; i < list->n; i++)
		v[i] = list->v[i];
	v[list->n] = arena_strdup(j->edit.arena, destination);
	*list = (struct strlist){ .n = list->n + 1, .v = v };
}

/* A bind needs something to be mounted on, and in a read-only root a missing file cannot be
 * made; whether it is missing is not known here. */
static bool can_add_file(const struct judgement *j)
{
	return !(j->edit.spec->root && j->edit.spec->root->readonly);
}

static void add_file(struct judgement *j, const char *id, const char *source,
		     const char *destination, const char *why)
{
	struct spec_mount mount = file_mount(j, source, destination);

	if (!can_add_file(j)) {
		edit_keep(
			&j->edit, id, "/root/readonly",
			arena_printf(
				j->edit.arena,
				"%s is not mounted at %s, because the root file system is read-only and may lack the file; add the mount to the config",
				source, destination));
	} else {
		edit_mount_insert(&j->edit, id, j->edit.spec->mounts.n, &mount, why);
		note_added(j, destination);
	}
}

static void apply_path(struct judgement *j, const char *id, const struct shared_file *file)
{
	static const char why[] = "the policy names this file for every container";
	long index = mount_at(j, file->destination);

	if (index >= 0)
		replace_file(j, id, (size_t)index, file->choice, why);
	else
		add_file(j, id, file->choice, file->destination, why);
}

static void take_merged(struct judgement *j, const char *id, const struct shared_file *file,
			long index)
{
	if (index >= 0)
		replace_file(
			j, id, (size_t)index, file->made,
			"the engine's file was made for another network; this is the network's own, with what the engine was asked for and the container's own name");
	else
		add_file(
			j, id, file->made, file->destination,
			"the network has a file of its own, and the config mounts none; this one has the container's own name, too");
	*file->ret_text = file->result.text;
}

/* The network of the request, or of the container that it names, was an engine's own. */
static bool is_of_another_network(const struct judgement *j)
{
	return j->network_rewritten || (j->forward && j->forward->of_other);
}

/* An engine makes its file for the network that it has prepared: Docker's 127.0.0.11 is dead outside it,
 * and its hosts file names an address that no host has. If the engine knew the shared network, its file is right. */
static void apply_auto(struct judgement *j, const char *id, const struct shared_file *file)
{
	long index = mount_at(j, file->destination);
	/* one that is not mounted is not made */
	bool merged = file->result.choice == RESOLVER_MERGED && j->facts->state &&
		      (index >= 0 || can_add_file(j));

	if (!file->found || !network_is_shared(j))
		return;
	if (index >= 0 &&
	    (!is_of_another_network(j) || !mount_is_bind(&j->edit.spec->mounts.v[index])))
		return;
	if (merged)
		take_merged(j, id, file, index);
	else if (index < 0)
		add_file(j, id, file->found, file->destination,
			 "the network has a file of its own, and the config mounts none");
	else if (file->result.choice == RESOLVER_ENGINE)
		edit_keep(&j->edit, id, arena_printf(j->edit.arena, "/mounts/%ld", index),
			  "the engine was asked for what stands in its file, so it stays");
	else
		replace_file(
			j, id, (size_t)index, file->found,
			"the engine's file was made for another network; this is the network's own");
}

static void apply_file(struct judgement *j, const char *id, const struct shared_file *file)
{
	if (str_eq(file->choice, "engine"))
		return;
	if (str_eq(file->choice, "auto"))
		apply_auto(j, id, file);
	else
		apply_path(j, id, file);
}

/* Of a running container: it stays what its creation has put there, or found to be right. */
static void refuse_covering(struct judgement *j, const char *id, const char *path,
			    const char *choice)
{
	const struct spec *spec = j->edit.spec;
	const char *place = key_place(j, id);

	if (str_eq(choice, "engine"))
		return;
	for (size_t i = 0; i < spec->mounts.n; i++) {
		const char *destination = spec->mounts.v[i].destination;

		destination = destination ? path_clean_in(j->edit.arena, destination) : "/";
		/* one at "/" no policy allows: the plan says so */
		if (str_eq(destination, "/") || !path_is_below(path, destination))
			continue;
		edit_refuse(
			&j->edit, id, arena_printf(j->edit.arena, "/mounts/%zu/destination", i),
			arena_printf(
				j->edit.arena,
				"mounts[%zu].destination: what is at %s is set by the policy (%s is \"%s\"); choose another destination, or create the container with %s \"engine\"",
				i, path, place, choice, place));
	}
}

static struct resolver_names names_of(const struct judgement *j)
{
	const struct spec *spec = j->edit.spec;

	return (struct resolver_names){
		.host = str_empty(spec->hostname) ? j->facts->hostname : spec->hostname,
		.domain = str_empty(spec->hostname) ? NULL : spec->domainname,
	};
}

static const char *beside_records(struct judgement *j, const char *name)
{
	return arena_printf(j->edit.arena, "%s/%s", j->facts->state ? j->facts->state : "", name);
}

/* As it was mounted, but of the file beside the records. */
static void copy_file(struct judgement *j, const char *id, size_t index, const char *made,
		      const char *why)
{
	struct spec_mount mount = j->edit.spec->mounts.v[index];

	mount.source = arena_strdup(j->edit.arena, made);
	if (!str_eq(j->edit.spec->mounts.v[index].source, made))
		edit_mount_replace(&j->edit, id, index, &mount, why);
}

/* The engine's resolver knows those who ask from the network that it has prepared: so the decoy asks it for the container.
 * The file is written at last when that leads there; until then it is what it would be otherwise. True if this is so. */
static bool ask_decoy(struct judgement *j, const char *id, const struct shared_file *file,
		      const struct resolver_names *names)
{
	const struct resolver_facts *texts = j->facts->resolv_conf_texts;
	const struct resolver_facts *hosts = j->facts->hosts_texts;
	/* Podman 5 writes its file between create and start */
	bool late = j->network.join == NETWORK_LATE ||
		    (texts && str_empty(texts->engine) && j->subject->path != PATH_RESTORE);
	long index = mount_at(j, file->destination);
	const struct spec_mount *mount = index < 0 ? NULL : &j->edit.spec->mounts.v[index];

	if (!j->forward || !texts || !texts->engine || !j->facts->state || !mount ||
	    !str_eq(file->choice, "auto") || !mount_is_bind(mount) || str_empty(mount->source) ||
	    mount->source[0] != '/' || str_eq(mount->source, file->found))
		return false;
	if (j->forward->of_other)
		j->forward->nameserver =
			resolver_known(texts->engine, j->facts->forward->nameserver, j->edit.arena,
				       &j->forward->resolv_conf);
	else if (!late)
		j->forward->nameserver =
			resolver_of_engine(texts, hosts ? hosts->engine : NULL, names,
					   j->edit.arena, &j->forward->resolv_conf);
	if ((!late || j->forward->of_other) && !j->forward->nameserver)
		return false;
	if (late && !texts->own && !j->forward->resolv_conf)
		j->forward->resolv_conf = arena_strdup(j->edit.arena, texts->engine);
	j->forward->source = arena_strdup(j->edit.arena, mount->source);
	copy_file(
		j, id, (size_t)index, file->made,
		late ? "until start the engine may name a resolver in its file that answers only the network which it has prepared; that network asks it for the container then"
		     : "the engine's resolver answers only the network which it has prepared; that network asks it for the container");
	if (!texts->own)
		*file->ret_text = texts->engine;
	else if (file->result.choice == RESOLVER_MERGED)
		*file->ret_text = file->result.text;
	else
		*file->ret_text =
			file->result.choice == RESOLVER_ENGINE ? texts->engine : texts->own;
	return true;
}

void rule_network_resolv_conf(struct judgement *j, const char *id)
{
	const struct resolver_facts *texts = j->facts->resolv_conf_texts;
	const struct resolver_facts *hosts = j->facts->hosts_texts;
	const struct resolver_names names = names_of(j);
	struct shared_file file = { .destination = "/etc/resolv.conf",
				    .made = beside_records(j, RESOLVER_CONF_NAME),
				    .choice = j->policy->network->resolv_conf,
				    .found = j->facts->resolv_conf,
				    .ret_text = &j->resolv_conf_text };

	if (j->subject->path == PATH_MOUNTS) {
		refuse_covering(j, id, file.destination, file.choice);
		return;
	}
	if (texts)
		file.result =
			resolver_conf(texts, hosts ? hosts->engine : NULL, &names, j->edit.arena);
	if (!ask_decoy(j, id, &file, &names))
		apply_file(j, id, &file);
}

void rule_network_hosts(struct judgement *j, const char *id)
{
	const struct resolver_names names = names_of(j);
	struct shared_file file = { .destination = "/etc/hosts",
				    .made = beside_records(j, RESOLVER_HOSTS_NAME),
				    .choice = j->policy->network->hosts,
				    .found = j->facts->hosts,
				    .ret_text = &j->hosts_text };

	if (j->subject->path == PATH_MOUNTS) {
		refuse_covering(j, id, file.destination, file.choice);
		return;
	}
	if (j->facts->hosts_texts)
		file.result = resolver_hosts(j->facts->hosts_texts, &names, j->edit.arena);
	apply_file(j, id, &file);
}

/* --- /proc/sys --- */

/* Root needs no capability to write most of /proc/sys/net, because it owns the files there. */
void rule_proc_sys(struct judgement *j, const char *id)
{
	const struct spec_linux *linux_ = j->edit.spec->linux_;

	if (j->policy->proc_sys != POLICY_REWRITE)
		return;
	for (size_t i = 0; linux_ && i < linux_->readonly_paths.n; i++)
		if (str_eq(path_clean_in(j->edit.arena, linux_->readonly_paths.v[i]), "/proc/sys"))
			return;
	edit_readonly_path_add(
		&j->edit, id, "/proc/sys",
		"root could change the kernel's settings, and the shared network, even without capabilities");
}

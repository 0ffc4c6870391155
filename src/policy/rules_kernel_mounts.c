/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File systems of the kernel that come from the host or lie in the image. What a source is its facts say, never
 * its name: a bind of /proc, through whatever links, a part of it, a procfs below a recursive bind or in the root
 * file system. Each is answered with the container's own of the same kind; if there is none of its own, with
 * the host's, read-only; and refused if neither is possible. What the plan makes of it holds for a procfs or
 * sysfs that the config asks for at another place than the usual one, too. Pure.
 */
#include "policy/kernel_mounts.h"

#include "base/auto.h"
#include "base/path.h"
#include "model/kernel_fs.h"

/* As many are named in one sentence. */
#define NAMED_MAX 6

/* A mount that brings something of the host's: a bind, or the root file system as a mount at "/". */
struct taken {
	struct judgement *j;
	const char *id;
	const struct source_facts *source;
	const char *pointer;     /* to it in the config */
	const char *destination; /* clean */
	size_t next;             /* where in the list the mounts go that are added for it */
	bool readonly;
};

/* The container's own, of which `part` is seen. What is not the whole at its usual place says so. */
static struct spec_mount own_mount(struct judgement *j, const char *type, const char *destination,
				   const char *part, bool readonly)
{
	struct spec_mount mount = mount_make(j, type, type, destination, "nosuid,noexec,nodev");
	bool usual = str_eq(type, "proc")    ? mount_is_at(j, &mount, "/proc")
		     : str_eq(type, "sysfs") ? mount_is_at(j, &mount, "/sys")
					     : false;

	if (readonly)
		kernel_add_option(j, &mount, "ro");
	if (!usual || !str_eq(part, "/"))
		kernel_add_option(j, &mount, arena_printf(j->edit.arena, "subtree=%s", part));
	return mount;
}

/* A bpf file system has no parts, and in a user namespace none can be made (Linux 6.9, EPERM): an empty directory is as
 * much as a new one shows. */
static struct spec_mount new_bpf(struct judgement *j, const char *destination, bool readonly)
{
	bool user = namespace_index(j->edit.spec, SPEC_NS_USER) >= 0;
	const char *type = user ? "tmpfs" : "bpf";

	return mount_make(j, type, type, destination,
			  user       ? "ro,nosuid,noexec,nodev,mode=755"
			  : readonly ? "nosuid,noexec,nodev,ro"
				     : "nosuid,noexec,nodev");
}

/* --- the container's own --- */

/* Which part of the container's procfs answers for this one; NULL: it is about a process of the host. */
static const char *proc_part(const char *part)
{
	size_t digits = part ? strspn(part + 1, "0123456789") : 0;

	if (!part)
		return NULL;
	if (digits && (part[1 + digits] == '/' || !part[1 + digits]))
		return NULL;
	return part;
}

/* With the host's network, which the policy has allowed, the host's sysfs shows nothing else; and who is not
 * root may be unable to make one. */
static bool has_own_sysfs(const struct judgement *j)
{
	return j->network.join != NETWORK_NONE;
}

static const struct cgroup_hierarchy_facts *hierarchy_at(const struct cgroup_facts *facts,
							 const char *path)
{
	for (size_t i = 0; facts && path && i < facts->hierarchies.n; i++)
		if (str_eq(facts->hierarchies.v[i].mount_point, path))
			return &facts->hierarchies.v[i];
	return NULL;
}

static char *directory_of(struct judgement *j, const char *path)
{
	const char *slash = strrchr(path, '/');

	return arena_strndup(j->edit.arena, path, slash ? (size_t)(slash - path) : 0);
}

/* Which part of the view of type cgroup shows the container's side of what is at this path of the host: "/" the
 * whole, "/cpu" one hierarchy of v1; NULL: none. */
static const char *view_of(struct judgement *j, const char *path)
{
	const struct cgroup_facts *facts = j->facts->cgroup;

	if (!facts || !path || facts->layout == CGROUP_NONE)
		return NULL;
	if (hierarchy_at(facts, path))
		return facts->layout == CGROUP_V2 ? "/" : strrchr(path, '/');
	for (size_t i = 0; facts->layout != CGROUP_V2 && i < facts->hierarchies.n; i++)
		if (str_eq(directory_of(j, facts->hierarchies.v[i].mount_point), path))
			return "/";
	return NULL;
}

/* The directory of all hierarchies, with all of them in it. */
static bool is_cgroup_root(const struct taken *s)
{
	bool has = false;

	for (size_t i = 0; i < s->source->below.n; i++)
		has |= kernel_fs_kind(s->source->below.v[i].fstype) == KERNEL_FS_CGROUP;
	return has && !s->source->fstype && view_of(s->j, s->source->path);
}

/* --- what lies below a source --- */

static bool is_replaced(const struct taken *s, enum kernel_fs_kind kind)
{
	return kind == KERNEL_FS_PROC || kind == KERNEL_FS_BPF ||
	       (kind == KERNEL_FS_SYSFS && has_own_sysfs(s->j));
}

/* It goes with what it is mounted on. */
static bool goes_along(const struct taken *s, size_t index)
{
	const struct source_facts *source = s->source;

	if (is_replaced(s, kernel_fs_kind(source->fstype)))
		return true;
	for (size_t i = 0; i < source->below.n; i++)
		if (i != index && is_replaced(s, kernel_fs_kind(source->below.v[i].fstype)) &&
		    clean_path_is_below(source->below.v[index].path, source->below.v[i].path) &&
		    !str_eq(source->below.v[index].path, source->below.v[i].path))
			return true;
	return false;
}

static char *place_below(const struct taken *s, const char *path)
{
	return arena_printf(s->j->edit.arena, "%s%s",
			    str_eq(s->destination, "/") ? "" : s->destination, path);
}

/* One that the config mounts there itself is judged for itself; one that was added is there already. */
static bool is_mounted_later(const struct taken *s, size_t from, const char *place)
{
	const struct spec *spec = s->j->edit.spec;

	for (size_t i = from; i < spec->mounts.n; i++)
		if (mount_is_at(s->j, &spec->mounts.v[i], place) &&
		    !strlist_has(&spec->mounts.v[i].options, "remount"))
			return true;
	return false;
}

static void insert_own(struct taken *s, size_t from, const char *type, const char *path,
		       const char *part, bool readonly)
{
	struct judgement *j = s->j;
	char *place = place_below(s, path);
	struct spec_mount own = str_eq(type, "bpf") ? new_bpf(j, place, readonly)
						    : own_mount(j, type, place, part, readonly);

	if (is_mounted_later(s, from, place))
		return;
	/* of a view "ro" alone would be about its directory */
	if (readonly && str_eq(type, "cgroup"))
		kernel_add_option(j, &own, "rro");
	edit_mount_insert(
		&j->edit, s->id, s->next++, &own,
		arena_printf(
			j->edit.arena,
			"the host has mounted a file system of type %s here; the container gets its own in its place (" KERNEL_REMEDY
			")",
			type, key_place(j, s->id)));
}

static void insert_view(struct taken *s, size_t from, const struct kernel_mount_facts *below)
{
	struct judgement *j = s->j;
	char *path = arena_printf(j->edit.arena, "%s%s",
				  str_eq(s->source->path, "/") ? "" : s->source->path, below->path);
	const char *view = view_of(j, path);
	char *place = below->path;

	if (view && !str_eq(view, "/"))
		place = directory_of(j, place);
	if (view && *place)
		insert_own(s, from, "cgroup", place, "/", true);
}

/* After `next`, in the order in which the host has mounted them. */
static void insert_below(struct taken *s)
{
	size_t from = s->next;

	for (size_t i = 0; i < s->source->below.n; i++) {
		const struct kernel_mount_facts *below = &s->source->below.v[i];
		enum kernel_fs_kind kind = kernel_fs_kind(below->fstype);
		bool along = goes_along(s, i);

		if (kind == KERNEL_FS_CGROUP && along)
			insert_view(s, from, below);
		else if (kind == KERNEL_FS_PROC && !along && proc_part(below->part))
			insert_own(s, from, "proc", below->path, proc_part(below->part),
				   s->readonly);
		else if (kind == KERNEL_FS_SYSFS && !along && below->part && has_own_sysfs(s->j))
			insert_own(s, from, "sysfs", below->path, below->part, true);
		else if (kind == KERNEL_FS_BPF && !along && str_eq(below->part, "/"))
			insert_own(s, from, "bpf", below->path, "/", s->readonly);
	}
}

static void name_below(struct taken *s, bool replaced, struct strbuf *out)
{
	size_t named = 0;

	for (size_t i = 0; i < s->source->below.n; i++) {
		const struct kernel_mount_facts *below = &s->source->below.v[i];

		if (goes_along(s, i) || is_replaced(s, kernel_fs_kind(below->fstype)) != replaced)
			continue;
		if (named++ < NAMED_MAX)
			strbuf_printf(out, "%s%s (%s)", out->length ? ", " : "",
				      edit_shown(&s->j->edit, below->path), below->fstype);
	}
	if (named > NAMED_MAX)
		strbuf_printf(out, " and %zu more", named - NAMED_MAX);
}

static void warn_below(struct taken *s)
{
	autostrbuf gone = { 0 }, readonly = { 0 }, why = { 0 };

	name_below(s, true, &gone);
	name_below(s, false, &readonly);
	if (!gone.length && !readonly.length)
		return;
	strbuf_puts(&why, "of the host's file systems of the kernel that are mounted below it, ");
	if (gone.length)
		strbuf_printf(&why, "left out: %s", strbuf_text(&gone));
	if (readonly.length)
		strbuf_printf(&why, "%sread-only: %s", gone.length ? "; " : "",
			      strbuf_text(&readonly));
	strbuf_printf(&why, " (" KERNEL_REMEDY ")", key_place(s->j, s->id));
	edit_warn(&s->j->edit, s->id, s->pointer, strbuf_text(&why));
}

/* --- one bind --- */

static void replace(struct taken *s, size_t index, const struct spec_mount *mount, const char *why)
{
	edit_mount_replace(&s->j->edit, s->id, index, mount,
			   arena_printf(s->j->edit.arena, "%s (" KERNEL_REMEDY ")", why,
					key_place(s->j, s->id)));
}

static void judge_proc(struct taken *s, size_t index)
{
	const char *part = proc_part(s->source->part);
	struct spec_mount own;

	if (!part) {
		edit_refuse(
			&s->j->edit, s->id, s->pointer,
			arena_printf(
				s->j->edit.arena,
				"it is the host's view of one process, which no procfs of the container has; " KERNEL_REFUSED_REMEDY,
				key_place(s->j, s->id)));
		return;
	}
	own = own_mount(s->j, "proc", s->j->edit.spec->mounts.v[index].destination, part,
			s->readonly);
	replace(s, index, &own,
		"the host's procfs shows the host's processes, and the settings of all; the container gets its own");
	insert_below(s);
}

/* What is pinned there is opened by bpf(2), which asks for the modes of files and not whether the mount is read-only. */
static void judge_bpf(struct taken *s, size_t index)
{
	struct spec_mount own =
		new_bpf(s->j, s->j->edit.spec->mounts.v[index].destination, s->readonly);

	if (!str_eq(s->source->part, "/"))
		edit_refuse(
			&s->j->edit, s->id, s->pointer,
			arena_printf(
				s->j->edit.arena,
				"it is a part of the host's bpf file system, which no new one has; " KERNEL_REFUSED_REMEDY,
				key_place(s->j, s->id)));
	else
		replace(s, index, &own,
			"the host's bpf file system leads to the host's programs and maps, read-only or not; the container gets a new one");
}

static void judge_sysfs(struct taken *s, size_t index)
{
	struct spec_mount own = own_mount(
		s->j, "sysfs", s->j->edit.spec->mounts.v[index].destination,
		s->source->part ? s->source->part : "/", kernel_sysfs_readonly(s->j, s->readonly));

	if (!s->source->part) {
		edit_refuse(
			&s->j->edit, s->id, s->pointer,
			arena_printf(
				s->j->edit.arena,
				"which part of the host's sysfs it is cannot be told; " KERNEL_REFUSED_REMEDY,
				key_place(s->j, s->id)));
		return;
	}
	replace(s, index, &own,
		"the host's sysfs shows the host's links; this one shows those of the container's network");
	insert_below(s);
}

/* "ro" of a recursive bind is about the first mount alone, and service managers count on it. */
static void judge_cgroup(struct taken *s, size_t index)
{
	struct spec_mount *mount = &s->j->edit.spec->mounts.v[index];
	struct spec_mount own = own_mount(s->j, "cgroup", mount->destination,
					  view_of(s->j, s->source->path), s->readonly);

	if (strlist_has(&mount->options, "rro"))
		kernel_add_option(s->j, &own, "rro");
	replace(s, index, &own,
		"the host's control groups are shared by all; the container gets a view of its own");
}

static void make_readonly(struct taken *s, size_t index)
{
	struct spec_mount mount = s->j->edit.spec->mounts.v[index];
	bool recursive = s->source->recursive && !kernel_asks_readonly_below(&mount);

	if (kernel_asks_readonly(&mount) && !recursive)
		return;
	if (!kernel_asks_readonly(&mount))
		kernel_add_option(s->j, &mount, "ro");
	if (recursive)
		kernel_add_option(s->j, &mount, "rro");
	replace(s, index, &mount,
		arena_printf(
			s->j->edit.arena,
			"a %s is the machine's, and what is written there changes it for all: read-only",
			s->source->fstype));
}

static void refuse_root(struct taken *s)
{
	edit_refuse(&s->j->edit, s->id, s->pointer,
		    arena_printf(
			    s->j->edit.arena,
			    "the root file system is a %s of the host's; name a directory of files",
			    s->source->fstype));
}

static void judge_bind(struct taken *s, size_t index)
{
	enum kernel_fs_kind kind = kernel_fs_kind(s->source->fstype);

	if (kind && str_eq(s->destination, "/"))
		refuse_root(s);
	else if (kind == KERNEL_FS_PROC)
		judge_proc(s, index);
	else if (kind == KERNEL_FS_SYSFS && has_own_sysfs(s->j))
		judge_sysfs(s, index);
	else if (kind == KERNEL_FS_BPF)
		judge_bpf(s, index);
	else if (kind == KERNEL_FS_CGROUP ? view_of(s->j, s->source->path) != NULL
					  : is_cgroup_root(s))
		judge_cgroup(s, index);
	else if (kind) {
		make_readonly(s, index);
	} else {
		warn_below(s);
		insert_below(s);
	}
}

static bool spreads(const char *propagation)
{
	return propagation && (strstr(propagation, "shared") || strstr(propagation, "slave"));
}

static void warn_propagation(struct judgement *j, const char *id, const char *pointer)
{
	edit_warn(
		&j->edit, id, pointer,
		"what the host mounts there later arrives in the container, whatever it is, and is not judged: \"private\" keeps it out");
}

/* How many mounts were added for it. */
static size_t judge_mount(struct judgement *j, const char *id, size_t index)
{
	const struct spec_mount *mount = &j->edit.spec->mounts.v[index];
	char *pointer = arena_printf(j->edit.arena, "/mounts/%zu", index);
	struct taken s = {
		.j = j,
		.id = id,
		.source = kernel_source_of(j, mount),
		.pointer = pointer,
		.next = index + 1,
		.readonly = kernel_asks_readonly(mount),
	};

	if (!mount->destination)
		return 0;
	if (strlist_has(&mount->options, "remount")) {
		kernel_judge_remount(j, id, index);
		return 0;
	}
	s.destination = path_clean_in(j->edit.arena, mount->destination);
	if (!mount_is_bind(mount)) {
		kernel_judge_new(j, id, index, pointer);
		return 0;
	}
	/* the administrator wants it so for a share */
	for (size_t i = 0; i < mount->options.n && !mount_is_share(j, mount); i++)
		if (spreads(mount->options.v[i])) {
			warn_propagation(j, id, pointer);
			break;
		}
	if (s.source)
		judge_bind(&s, index);
	return s.next - index - 1;
}

/* What lies in the root file system is under everything that the config mounts. How many mounts were added. */
static size_t judge_root(struct judgement *j, const char *id)
{
	struct taken s = {
		.j = j,
		.id = id,
		.source = j->facts->root,
		.pointer = "/root/path",
		.destination = "/",
	};

	if (!s.source)
		return 0;
	if (kernel_fs_kind(s.source->fstype)) {
		refuse_root(&s);
		return 0;
	}
	warn_below(&s);
	insert_below(&s);
	return s.next;
}

void rule_kernel_mounts(struct judgement *j, const char *id)
{
	const struct spec *spec = j->edit.spec;

	if (j->policy->kernel_mounts != POLICY_KERNEL_OWN)
		return;
	if (spec->linux_ && spreads(spec->linux_->rootfs_propagation))
		warn_propagation(j, id, "/linux/rootfsPropagation");
	for (size_t i = judge_root(j, id); i < spec->mounts.n; i++)
		i += judge_mount(j, id, i);
}

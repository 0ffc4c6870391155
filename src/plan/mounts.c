/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json's mounts as exact actions, in their order (config.md "Mounts"). Pure.
 */
#include "plan/context.h"

#include "base/auto.h"
#include "base/kernel.h"
#include "base/path.h"

/* fsconfig(2) copies a key or value of at most this length (strndup_user() with 256). */
#define FSCONFIG_TEXT_MAX 255

/*
 * Nothing may stand in for procfs: security labels and sysctls are written there (CVE-2019-16884,
 * CVE-2025-52881). These files are for show only, so that LXCFS and the like work.
 */
static const char *const proc_files[] = {
	"cpuinfo",
	"diskstats",
	"meminfo",
	"stat",
	"swaps",
	"uptime",
	"loadavg",
	"slabinfo",
	"sys/kernel/ns_last_pid",
	"sys/crypto/fips_enabled",
};
#define PROC_FILES_TEXT                                                         \
	"cpuinfo, diskstats, meminfo, stat, swaps, uptime, loadavg, slabinfo, " \
	"sys/kernel/ns_last_pid, sys/crypto/fips_enabled"

static int mount_check_proc(const struct plan_mount *mount, struct err *e)
{
	const char *below;

	if (!path_is_below(mount->destination, "/proc") || mount->kind == PLAN_MOUNT_REMOUNT)
		return 0;
	if (str_eq(mount->destination, "/proc")) {
		if ((mount->is_proc && (!mount->subtree || str_eq(mount->subtree, "/"))) ||
		    (mount->kind == PLAN_MOUNT_BIND && str_eq(mount->source, "/proc")))
			return 0;
		return fail(
			e, ERR_CONFIG,
			"mounts[%u].destination: only type proc, or a bind of /proc, may be mounted at /proc",
			mount->index);
	}
	if (mount->kind == PLAN_MOUNT_FS && str_eq(mount->fstype, "binfmt_misc") &&
	    str_eq(mount->destination, "/proc/sys/fs/binfmt_misc"))
		return 0;
	below = mount->destination + strlen("/proc/");
	for (size_t i = 0; mount->kind == PLAN_MOUNT_BIND && i < ARRAY_SIZE(proc_files); i++) {
		if (str_eq(below, proc_files[i]))
			return 0;
	}
	return fail(
		e, ERR_CONFIG,
		"mounts[%u].destination: %s is below /proc, where only binds of these files are allowed: " PROC_FILES_TEXT
		"; and type binfmt_misc at sys/fs/binfmt_misc",
		mount->index, mount->destination);
}

/* The options that mount(2) would not look at either for this kind of mount. */
static void mount_drop_options(struct plan_context *c, struct plan_mount *mount,
			       const struct mount_words *words, const char *what)
{
	for (size_t i = 0; i < mount->options.n; i++) {
		const struct plan_option *option = &mount->options.v[i];

		plan_warn(c, "mounts[%u].options: \"%s%s%s\" means nothing for %s", mount->index,
			  option->key, option->value ? "=" : "", option->value ? option->value : "",
			  what);
	}
	for (size_t i = 0; i < SB_FLAG_COUNT; i++) {
		if (words->superblock[i])
			plan_warn(c, "mounts[%u].options: \"%s\" means nothing for %s",
				  mount->index, words->superblock[i], what);
	}
	if (words->iversion)
		plan_warn(c, "mounts[%u].options: \"iversion\" means nothing for %s", mount->index,
			  what);
	mount->options.n = 0;
	mount->options.v = NULL;
}

static int mount_bind(struct plan_context *c, const struct spec_mount *from,
		      struct plan_mount *mount, const struct mount_words *words, struct err *e)
{
	mount->kind = PLAN_MOUNT_BIND;
	if (str_empty(from->source))
		return fail(e, ERR_CONFIG, "mounts[%u].source: a bind mount needs a source",
			    mount->index);
	/* config.md: a relative source is relative to the bundle; not shortened, because it may lead
	 * through symbolic links */
	mount->source = from->source[0] == '/'
				? from->source
				: arena_printf(c->arena, "%s/%s", c->options->bundle, from->source);
	mount_drop_options(c, mount, words, "a bind mount");
	mount->dispensable = strlist_has(&c->verdict->added_files, mount->destination);
	return 0;
}

/* The first option that is the file system's and not the mount's, NULL if there is none. */
static const char *first_of_file_system(const struct plan_mount *mount,
					const struct mount_words *words)
{
	if (mount->options.n > 0)
		return mount->options.v[0].key;
	for (size_t i = 0; i < SB_FLAG_COUNT; i++) {
		if (words->superblock[i])
			return words->superblock[i];
	}
	return words->iversion ? "iversion" : NULL;
}

/* Their text is made of directories, which boot/ can name by descriptors. */
static bool names_layers(const struct plan_mount *mount, const char *key)
{
	static const char *const keys[] = {
		"lowerdir", "upperdir", "workdir", "lowerdir+", "datadir+",
	};

	for (size_t i = 0; str_eq(mount->fstype, "overlay") && i < ARRAY_SIZE(keys); i++) {
		if (str_eq(keys[i], key))
			return true;
	}
	return false;
}

static int mount_check_lengths(const struct plan_mount *mount, struct err *e)
{
	for (size_t i = 0; i < mount->options.n; i++) {
		const struct plan_option *option = &mount->options.v[i];

		bool long_key = strlen(option->key) > FSCONFIG_TEXT_MAX;
		bool long_value = option->value && strlen(option->value) > FSCONFIG_TEXT_MAX &&
				  !names_layers(mount, option->key);

		if (long_key || long_value)
			return fail(
				e, ERR_CONFIG,
				"mounts[%u].options: %s is longer than the %d bytes that the kernel takes",
				mount->index, long_key ? "an option" : option->key,
				FSCONFIG_TEXT_MAX);
	}
	if (strlen(mount->source) > FSCONFIG_TEXT_MAX)
		return fail(e, ERR_CONFIG,
			    "mounts[%u].source: longer than the %d bytes that the kernel takes",
			    mount->index, FSCONFIG_TEXT_MAX);
	return 0;
}

/* What is mounted last at the destination so far, where that is a file system which was made for this
 * container and of which no other process has a part. */
static struct plan_mount *mount_own_file_system(struct plan_context *c,
						const struct plan_mount *mount)
{
	static const char *const types[] = { "tmpfs", "ramfs", "proc", "devpts" };

	for (size_t i = mount->index; i-- > 0;) {
		struct plan_mount *earlier = &c->plan->mounts.v[i];

		if (earlier->kind == PLAN_MOUNT_REMOUNT ||
		    !str_eq(earlier->destination, mount->destination))
			continue;
		for (size_t j = 0; earlier->kind == PLAN_MOUNT_FS && j < ARRAY_SIZE(types); j++)
			if (str_eq(earlier->fstype, types[j]))
				return earlier;
		return NULL;
	}
	return NULL;
}

/* The container's own /dev: read-only after what is made in it, whichever mount says so. */
static void mount_readonly_late(struct plan_mount *dev, struct plan_mount *mount)
{
	uint64_t set = mount->attr_set | mount->rec_attr_set;

	if (!str_eq(mount->destination, "/dev") || !str_eq(dev->fstype, "tmpfs"))
		return;
	if ((mount->attr_clear | mount->rec_attr_clear) & MOUNT_ATTR_RDONLY)
		dev->readonly_late = false;
	if (set & MOUNT_ATTR_RDONLY)
		dev->readonly_late = true;
	mount->attr_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	mount->rec_attr_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
}

/*
 * Attributes are changed one by one: what the options do not name stays. mount(2) would clear the rest,
 * and so give back setuid programs to a mount that only asked for "ro".
 */
static int mount_remount(struct plan_context *c, struct plan_mount *mount,
			 const struct mount_words *words, struct err *e)
{
	const char *word = first_of_file_system(mount, words);
	struct plan_mount *own;

	mount->kind = PLAN_MOUNT_REMOUNT;
	mount->recursive = false;
	own = mount_own_file_system(c, mount);
	if (own)
		mount_readonly_late(own, mount);
	if (!word || words->bind) {
		mount_drop_options(c, mount, words, "a bind remount");
		return 0;
	}
	if (!own)
		return fail(
			e, ERR_CONFIG,
			"mounts[%u].options: a remount cannot change \"%s\" of a file system that is not the container's alone, only the attributes of the mount",
			mount->index, word);
	own->remounted = true;
	mount->remounts = own->index;
	mount->fstype = own->fstype;
	mount->source = own->source;
	mount_options_add_superblock(c, mount, words);
	return mount_check_lengths(mount, e);
}

/* sysfs shows the network namespace of its maker, and only with power over that namespace's owner can
 * one be made (fs/sysfs/mount.c). */
static bool sysfs_is_made_outside(const struct plan_context *c)
{
	if (c->verdict->network.join == NETWORK_EARLY || c->verdict->network.join == NETWORK_LATE)
		return true;
	return plan_has_user_namespace(c->plan) && c->verdict->network.join != NETWORK_NEW;
}

/*
 * Engines write gid=5, the group of terminals, whatever the container's ids are. If that group is not
 * mapped the kernel refuses the option; the slaves belong to their opener's group then, as on a host
 * whose devpts has no gid=.
 */
static void mount_drop_unmapped_gid(struct plan_context *c, struct plan_mount *mount)
{
	size_t n = 0;

	if (!c->plan->namespaces.new_user || !str_eq(mount->fstype, "devpts"))
		return;
	for (size_t i = 0; i < mount->options.n; i++) {
		const struct plan_option *option = &mount->options.v[i];
		uint32_t gid;

		if (str_eq(option->key, "gid") && option->value && parse_u32(option->value, &gid) &&
		    !plan_id_is_mapped(&c->linux_->gid_mappings, gid))
			plan_note(
				c,
				"mounts[%u].options: gid=%u left out, it is not in linux.gidMappings",
				mount->index, gid);
		else
			mount->options.v[n++] = *option;
	}
	mount->options.n = n;
}

static int mount_fs(struct plan_context *c, const struct spec_mount *from, struct plan_mount *mount,
		    struct mount_words *words, struct err *e)
{
	mount->kind = PLAN_MOUNT_FS;
	mount->fstype = from->type;
	mount->source = str_empty(from->source) ? from->type : from->source;
	mount->is_proc = str_eq(from->type, "proc");
	mount->is_sysfs = str_eq(from->type, "sysfs");
	mount->made_outside = mount->is_sysfs && sysfs_is_made_outside(c);

	mount_readonly_late(mount, mount);
	if (words->iversion)
		plan_warn(
			c,
			"mounts[%u].options: \"iversion\" cannot be asked for through fsconfig(2); the file systems that keep versions do so anyway",
			mount->index);
	/* a write-protected block device can only be opened by a read-only superblock */
	if ((mount->attr_set & MOUNT_ATTR_RDONLY) && mount->source[0] == '/')
		words->superblock[SB_FLAG_RDONLY] = "ro";
	mount_options_add_superblock(c, mount, words);
	mount_drop_unmapped_gid(c, mount);
	return mount_check_lengths(mount, e);
}

static int mount_cgroup(struct plan_context *c, const struct spec_mount *from,
			struct plan_mount *mount, const struct mount_words *words, struct err *e)
{
	bool v2 = c->facts->cgroup && c->facts->cgroup->layout == CGROUP_V2;

	mount->kind = PLAN_MOUNT_CGROUP;
	mount->fstype = from->type;
	mount->source = str_empty(from->source) ? from->type : from->source;
	/* "ro" of what stands for a bind is about the directory of the hierarchies alone */
	mount->readonly_top = words->subtree && str_eq(words->subtree, "/") &&
			      (mount->attr_set & MOUNT_ATTR_RDONLY) &&
			      !(mount->rec_attr_set & MOUNT_ATTR_RDONLY);
	/* one view, made of several mounts */
	mount->attr_set = (mount->attr_set & ~mount->rec_attr_clear) | mount->rec_attr_set;
	mount->attr_clear = (mount->attr_clear & ~mount->rec_attr_set) | mount->rec_attr_clear;
	mount->rec_attr_set = mount->rec_attr_clear = 0;
	mount->whole_tree = v2 && !words->subtree && !spec_namespace_find(c->spec, SPEC_NS_CGROUP);
	if (v2 && mount_check_cgroup2(mount, e) < 0)
		return -1;
	/* the hierarchies exist already, with the options that the host gave them */
	mount_drop_options(c, mount, words, "the view of the cgroups");
	return 0;
}

/* Whatever type of its own the mount has, as under crun; what is bound there stays. */
static bool shows_systemd_v1(struct plan_context *c, const struct plan_mount *mount)
{
	const char *path = annotation_get(&c->spec->annotations, ANNOTATION_SYSTEMD_V1);

	return !str_empty(path) && str_eq(path_clean_in(c->arena, path), mount->destination);
}

static bool has_systemd_v1(const struct plan_context *c)
{
	const struct cgroup_facts *facts = c->facts->cgroup;

	for (size_t i = 0; facts && i < facts->hierarchies.n; i++)
		if (str_eq(facts->hierarchies.v[i].name, "systemd"))
			return true;
	return false;
}

static int mount_systemd_v1(struct plan_context *c, const struct spec_mount *from,
			    struct plan_mount *mount, const struct mount_words *words,
			    struct err *e)
{
	/* Only from the first cgroup namespace could it be made, and then for the whole host. */
	if (!has_systemd_v1(c))
		return fail(
			e, ERR_CONFIG,
			"annotation %s: no cgroup hierarchy of version 1 with name=systemd is mounted on this host",
			annotation_name(ANNOTATION_SYSTEMD_V1));
	if (mount_cgroup(c, from, mount, words, e) < 0)
		return -1;
	mount->fstype = "cgroup";
	mount->systemd_v1 = true;
	return 0;
}

static int mount_by_kind(struct plan_context *c, const struct spec_mount *from,
			 struct plan_mount *mount, struct mount_words *words, struct err *e)
{
	if (words->remount)
		return mount_remount(c, mount, words, e);
	if (words->bind || str_eq(from->type, "bind"))
		return mount_bind(c, from, mount, words, e);
	if (str_empty(from->type) || str_eq(from->type, "none"))
		return fail(
			e, ERR_CONFIG,
			"mounts[%u].type: needs the type of a file system, or the option bind or rbind",
			mount->index);
	if (shows_systemd_v1(c, mount))
		return mount_systemd_v1(c, from, mount, words, e);
	if (str_eq(from->type, "cgroup") || str_eq(from->type, "cgroup2"))
		return mount_cgroup(c, from, mount, words, e);
	return mount_fs(c, from, mount, words, e);
}

/*
 * "subtree=/PART" of the types of which the container has its own: what the policy writes in place of a bind of the
 * host's. The options without it; no file system is asked for it.
 */
static struct strlist mount_take_subtree(struct plan_context *c, const struct spec_mount *from,
					 const char **ret)
{
	static const char key[] = "subtree=";
	struct strlist rest = { .v = arena_new_array(c->arena, char *, from->options.n) };
	bool known = str_eq(from->type, "proc") || str_eq(from->type, "sysfs") ||
		     str_eq(from->type, "cgroup") || str_eq(from->type, "cgroup2");

	for (size_t i = 0; i < from->options.n; i++) {
		char *option = from->options.v[i];

		if (known && str_has_prefix(option, key))
			*ret = option + strlen(key);
		else
			rest.v[rest.n++] = option;
	}
	return rest;
}

static int mount_subtree(struct plan_context *c, const struct mount_words *words,
			 struct plan_mount *mount, struct err *e)
{
	if (!words->subtree)
		return 0;
	if (mount->kind == PLAN_MOUNT_BIND || mount->kind == PLAN_MOUNT_REMOUNT)
		return fail(
			e, ERR_CONFIG,
			"mounts[%u].options: subtree means nothing for a bind mount or a remount",
			mount->index);
	if (!str_eq(path_clean_in(c->arena, words->subtree), words->subtree))
		return fail(e, ERR_CONFIG,
			    "mounts[%u].options: subtree must be an absolute path without detours",
			    mount->index);
	mount->subtree = words->subtree;
	return 0;
}

static int mount_plan(struct plan_context *c, const struct spec_mount *from,
		      struct plan_mount *mount, struct err *e)
{
	struct mount_words words = { 0 };
	struct strlist options = mount_take_subtree(c, from, &words.subtree);

	if (str_empty(from->destination))
		return fail(e, ERR_CONFIG, "mounts[%u].destination: must not be empty",
			    mount->index);
	mount->destination = path_clean_in(c->arena, from->destination);
	mount_options_read(c, &options, mount, &words);
	if (mount_by_kind(c, from, mount, &words, e) < 0 ||
	    mount_subtree(c, &words, mount, e) < 0 ||
	    mount_idmap_plan(c, from, &words, mount, e) < 0)
		return -1;
	if (plan_is_root(mount) && !c->plan->namespaces.new_mount)
		return fail(e, ERR_CONFIG,
			    "mounts[%u].destination: needs a mount namespace of the container's",
			    mount->index);
	if (plan_is_root(mount) &&
	    (mount->kind == PLAN_MOUNT_CGROUP || mount->is_proc || mount->is_sysfs))
		return fail(
			e, ERR_CONFIG,
			"mounts[%u].destination: a %s has no place for what every container has, so it cannot be the root filesystem; mount it elsewhere",
			mount->index, mount->fstype);
	if (mount->copy_up && !(mount->kind == PLAN_MOUNT_FS && str_eq(mount->fstype, "tmpfs")))
		return fail(e, ERR_CONFIG, "mounts[%u].options: tmpcopyup needs type tmpfs",
			    mount->index);
	if (mount->kind != PLAN_MOUNT_BIND &&
	    (mount->source_nofollow || mount->destination_nofollow || mount->copy_symlink))
		return fail(e, ERR_CONFIG, "mounts[%u].options: %s needs a bind mount",
			    mount->index,
			    mount->source_nofollow        ? "src-nofollow"
			    : mount->destination_nofollow ? "dest-nofollow"
							  : "copy-symlink");
	return mount_check_proc(mount, e);
}

/* After all others: one of them may be at /run. It can only be written through the socket. */
static void mount_notify(struct plan_context *c)
{
	struct plan_mount *mount = &c->plan->mounts.v[c->plan->mounts.n];

	if (!c->options->notify_source || !c->plan->namespaces.new_mount)
		return;
	*mount = (struct plan_mount){
		.kind = PLAN_MOUNT_BIND,
		.opened = PLAN_NO_SOURCE,
		.own_source = true,
		.index = (unsigned)c->plan->mounts.n,
		.source = c->options->notify_source,
		.destination = c->options->notify_destination,
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			    MOUNT_ATTR_NOEXEC,
	};
	c->plan->mounts.n++;
}

static void warn_unused_systemd_v1(struct plan_context *c)
{
	const char *path = annotation_get(&c->spec->annotations, ANNOTATION_SYSTEMD_V1);

	for (size_t i = 0; i < c->plan->mounts.n; i++)
		if (c->plan->mounts.v[i].systemd_v1)
			return;
	if (!str_empty(path))
		plan_warn(
			c,
			"annotation %s: none of the mounts has this destination, so nothing is changed",
			annotation_name(ANNOTATION_SYSTEMD_V1));
}

int plan_mounts(struct plan_context *c, struct err *e)
{
	size_t n = c->spec->mounts.n;

	c->plan->mounts.v = arena_new_array(c->arena, struct plan_mount, n + 1);
	for (size_t i = 0; i < n; i++) {
		c->plan->mounts.v[i].index = (unsigned)i;
		c->plan->mounts.v[i].opened = PLAN_NO_SOURCE;
		if (mount_plan(c, &c->spec->mounts.v[i], &c->plan->mounts.v[i], e) < 0)
			return -1;
	}
	c->plan->mounts.n = n;
	warn_unused_systemd_v1(c);
	mount_notify(c);
	return 0;
}

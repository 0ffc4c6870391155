/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mount options: every name that config.md "Linux mount options" demands, and what becomes of it with
 * the mount API by descriptors: an attribute of the mount, recursive or not (mount_setattr(2)), a
 * propagation, a flag of the superblock (fsconfig(2)), or a word of the plan's own. Pure.
 */
#include "plan/context.h"

#include "base/auto.h"
#include "base/kernel.h"
#include "plan/make.h"

enum option_class {
	OPTION_NOTHING,     /* says what is so anyway */
	OPTION_ATTR,        /* set and clear of this mount */
	OPTION_REC_ATTR,    /* and of all below it */
	OPTION_ATIME,       /* takes back the access time mode `set`, unless another is in force */
	OPTION_REC_ATIME,   /* likewise */
	OPTION_PROPAGATION, /* `set` */
	OPTION_SUPERBLOCK,  /* `slot` becomes this name */
	OPTION_BIND,
	OPTION_RBIND,
	OPTION_REMOUNT,
	OPTION_COPY_UP,
	OPTION_IVERSION,
	OPTION_IDMAP, /* also with "=" and a value */
	OPTION_SOURCE_NOFOLLOW,
	OPTION_DESTINATION_NOFOLLOW,
	OPTION_COPY_SYMLINK,
};

/* Without a pointer: pages with pointers are each process's own once they are relocated. */
struct option {
	char name[20];
	enum option_class class;
	uint64_t set, clear;
	enum superblock_flag slot;
};

#define WORD(name, class)                        \
	{                                        \
		name, class, 0, 0, SB_FLAG_COUNT \
	}
#define ATTR(name, set, clear)                                           \
	{ name, OPTION_ATTR, (set), (clear), SB_FLAG_COUNT },            \
	{                                                                \
		"r" name, OPTION_REC_ATTR, (set), (clear), SB_FLAG_COUNT \
	}
#define ATIME(name, mode)                                            \
	{ name, OPTION_ATIME, (mode), 0, SB_FLAG_COUNT },            \
	{                                                            \
		"r" name, OPTION_REC_ATIME, (mode), 0, SB_FLAG_COUNT \
	}
#define SPREAD(name, flag)                                                      \
	{ name, OPTION_PROPAGATION, (flag), 0, SB_FLAG_COUNT },                 \
	{                                                                       \
		"r" name, OPTION_PROPAGATION, (flag) | MS_REC, 0, SB_FLAG_COUNT \
	}
#define SUPERBLOCK(name, slot)                      \
	{                                           \
		name, OPTION_SUPERBLOCK, 0, 0, slot \
	}
#define SUPERBLOCK_REC(name, slot) SUPERBLOCK("r" name, slot)

/*
 * Access times: the kernel knows three modes, and relatime is the one without a bit. So "no" of a mode
 * leads back to relatime, and of relatime nowhere. mount_setattr(2) takes a mode only when the whole
 * field is cleared with it.
 *
 * silent and loud choose whether mount(2) reports to the kernel's log; the calls used here report to
 * the caller instead. noiversion clears a bit that no new superblock has.
 */
static const struct option option_rows[] = {
	WORD("defaults", OPTION_NOTHING),
	WORD("bind", OPTION_BIND),
	WORD("rbind", OPTION_RBIND),
	WORD("remount", OPTION_REMOUNT),
	WORD("tmpcopyup", OPTION_COPY_UP),
	ATTR("ro", MOUNT_ATTR_RDONLY, 0),
	ATTR("rw", 0, MOUNT_ATTR_RDONLY),
	ATTR("nosuid", MOUNT_ATTR_NOSUID, 0),
	ATTR("suid", 0, MOUNT_ATTR_NOSUID),
	ATTR("nodev", MOUNT_ATTR_NODEV, 0),
	ATTR("dev", 0, MOUNT_ATTR_NODEV),
	ATTR("noexec", MOUNT_ATTR_NOEXEC, 0),
	ATTR("exec", 0, MOUNT_ATTR_NOEXEC),
	ATTR("nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0),
	ATTR("symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW),
	ATTR("nodiratime", MOUNT_ATTR_NODIRATIME, 0),
	ATTR("diratime", 0, MOUNT_ATTR_NODIRATIME),
	ATTR("noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME),
	ATTR("strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME),
	ATTR("relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME),
	ATIME("atime", MOUNT_ATTR_NOATIME),
	ATIME("nostrictatime", MOUNT_ATTR_STRICTATIME),
	WORD("norelatime", OPTION_NOTHING),
	WORD("rnorelatime", OPTION_NOTHING),
	SPREAD("private", MS_PRIVATE),
	SPREAD("shared", MS_SHARED),
	SPREAD("slave", MS_SLAVE),
	SPREAD("unbindable", MS_UNBINDABLE),
	SUPERBLOCK("sync", SB_FLAG_SYNC),
	SUPERBLOCK("async", SB_FLAG_SYNC),
	SUPERBLOCK("dirsync", SB_FLAG_DIRSYNC),
	/* crun's: a new file system has no others below it */
	SUPERBLOCK_REC("sync", SB_FLAG_SYNC),
	SUPERBLOCK_REC("async", SB_FLAG_SYNC),
	SUPERBLOCK_REC("dirsync", SB_FLAG_DIRSYNC),
	SUPERBLOCK_REC("mand", SB_FLAG_MAND),
	SUPERBLOCK_REC("nomand", SB_FLAG_MAND),
	SUPERBLOCK("lazytime", SB_FLAG_LAZYTIME),
	SUPERBLOCK("nolazytime", SB_FLAG_LAZYTIME),
	SUPERBLOCK("mand", SB_FLAG_MAND),
	SUPERBLOCK("nomand", SB_FLAG_MAND),
	WORD("iversion", OPTION_IVERSION),
	WORD("noiversion", OPTION_NOTHING),
	WORD("silent", OPTION_NOTHING),
	WORD("loud", OPTION_NOTHING),
	WORD("idmap", OPTION_IDMAP),
	WORD("ridmap", OPTION_IDMAP),
	WORD("copy-symlink", OPTION_COPY_SYMLINK),
	WORD("src-nofollow", OPTION_SOURCE_NOFOLLOW),
	WORD("dest-nofollow", OPTION_DESTINATION_NOFOLLOW),
};

const char *plan_mount_option_name(size_t index)
{
	return index < ARRAY_SIZE(option_rows) ? option_rows[index].name : NULL;
}

static const struct option *option_find(const char *name)
{
	size_t key = strcspn(name, "=");

	for (size_t i = 0; i < ARRAY_SIZE(option_rows); i++) {
		const struct option *row = &option_rows[i];

		if (str_eq(row->name, name) ||
		    (row->class == OPTION_IDMAP && strlen(row->name) == key &&
		     strncmp(row->name, name, key) == 0))
			return row;
	}
	return NULL;
}

/* --- attributes --- */

static void attr_apply(uint64_t *set, uint64_t *clear, const struct option *option)
{
	*set = (*set & ~option->clear) | option->set;
	*clear = (*clear & ~option->set) | option->clear;
}

static void atime_take_back(uint64_t *set, uint64_t *clear, uint64_t mode)
{
	uint64_t in_force = *set & MOUNT_ATTR__ATIME;

	if (in_force && in_force != mode)
		return;
	*set &= ~(uint64_t)MOUNT_ATTR__ATIME;
	*clear |= MOUNT_ATTR__ATIME;
}

size_t mount_attr_words(uint64_t set, uint64_t clear, bool recursive, const char **ret)
{
	enum option_class class = recursive ? OPTION_REC_ATTR : OPTION_ATTR;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(option_rows) && n < MOUNT_WORDS_MAX; i++) {
		const struct option *row = &option_rows[i];

		if (row->class != class)
			continue;
		if (row->set ? (set & row->set) == row->set
			     : (clear & row->clear) == row->clear && !(set & row->clear))
			ret[n++] = row->name;
	}
	return n;
}

/* --- propagation --- */

uint64_t propagation_flags(const char *name)
{
	const struct option *option = option_find(name);

	return option && option->class == OPTION_PROPAGATION ? option->set : 0;
}

/* --- data for the file system --- */

size_t plan_mount_data_length(const char *text)
{
	bool quoted = false;
	size_t i = 0;

	while (text[i] && (quoted || text[i] != ',')) {
		if (text[i] == '"')
			quoted = !quoted;
		else if (text[i] == '\\' && text[i + 1])
			i++;
		i++;
	}
	return i;
}

static size_t data_count(const struct strlist *options)
{
	size_t count = 0;

	for (size_t i = 0; i < options->n; i++) {
		const char *text = options->v[i];

		for (count++; (text = strchr(text, ',')); text++)
			count++;
	}
	return count;
}

/* A security context is quoted because of its commas; mount(2) strips the quotes, fsconfig(2) does not. */
static const char *data_value(struct plan_context *c, const char *key, const char *value,
			      size_t length)
{
	if (str_has_suffix(key, "context") && length >= 2 && value[0] == '"' &&
	    value[length - 1] == '"')
		return arena_strndup(c->arena, value + 1, length - 2);
	return arena_strndup(c->arena, value, length);
}

static void data_add(struct plan_context *c, struct plan_mount *mount, const char *text)
{
	while (*text) {
		size_t length = plan_mount_data_length(text);
		const char *equals = memchr(text, '=', length);
		size_t key = equals ? (size_t)(equals - text) : length;

		if (length > 0) {
			struct plan_option *option = &mount->options.v[mount->options.n++];

			option->key = arena_strndup(c->arena, text, key);
			if (equals)
				option->value =
					data_value(c, option->key, equals + 1, length - key - 1);
		}
		text += length;
		if (*text)
			text++;
	}
}

void mount_options_add_superblock(struct plan_context *c, struct plan_mount *mount,
				  const struct mount_words *words)
{
	size_t capacity = mount->options.n + SB_FLAG_COUNT;
	struct plan_option *v = arena_new_array(c->arena, struct plan_option, capacity);
	size_t n = 0;

	for (size_t i = 0; i < SB_FLAG_COUNT; i++) {
		if (words->superblock[i])
			v[n++].key = words->superblock[i];
	}
	for (size_t i = 0; i < mount->options.n; i++)
		v[n++] = mount->options.v[i];
	mount->options.v = v;
	mount->options.n = n;
}

/* cgroup-v2.rst "Mounting": the options of the one instance, which the host has chosen. */
int mount_check_cgroup2(const struct plan_mount *mount, struct err *e)
{
	static const char *const known[] = {
		"nsdelegate",           "favordynmods",     "memory_localevents",
		"memory_recursiveprot", "pids_localevents", "memory_hugetlb_accounting",
		"nomemory_localevents", "nofavordynmods",
	};

	for (size_t i = 0; i < mount->options.n; i++) {
		const struct plan_option *option = &mount->options.v[i];
		bool is_known = false;

		for (size_t j = 0; j < ARRAY_SIZE(known); j++)
			is_known |= !option->value && str_eq(option->key, known[j]);
		if (!is_known)
			return fail(e, ERR_CONFIG,
				    "mounts[%u].options: \"%s%s%s\" is not an option of cgroup2",
				    mount->index, option->key, option->value ? "=" : "",
				    option->value ? option->value : "");
	}
	return 0;
}

/* --- all of one mount --- */

/* fsconfig(2) knows it without the "r" of "recursive". */
static const char *superblock_key(const struct option *option)
{
	return option->name + (option->name[0] == 'r');
}

static void option_apply(struct plan_mount *mount, struct mount_words *words,
			 const struct option *option, const char *text)
{
	switch (option->class) {
	case OPTION_NOTHING:
		break;
	case OPTION_ATTR:
		attr_apply(&mount->attr_set, &mount->attr_clear, option);
		break;
	case OPTION_REC_ATTR:
		attr_apply(&mount->rec_attr_set, &mount->rec_attr_clear, option);
		break;
	case OPTION_ATIME:
		atime_take_back(&mount->attr_set, &mount->attr_clear, option->set);
		break;
	case OPTION_REC_ATIME:
		atime_take_back(&mount->rec_attr_set, &mount->rec_attr_clear, option->set);
		break;
	case OPTION_PROPAGATION:
		mount->propagation.v[mount->propagation.n++] = option->set;
		break;
	case OPTION_SUPERBLOCK:
		words->superblock[option->slot] = superblock_key(option);
		break;
	case OPTION_BIND:
		words->bind = true;
		break;
	case OPTION_RBIND:
		words->bind = mount->recursive = true;
		break;
	case OPTION_REMOUNT:
		words->remount = true;
		break;
	case OPTION_COPY_UP:
		mount->copy_up = true;
		break;
	case OPTION_IVERSION:
		words->iversion = true;
		break;
	case OPTION_IDMAP:
		words->idmap = text;
		break;
	case OPTION_SOURCE_NOFOLLOW:
		mount->source_nofollow = true;
		break;
	case OPTION_DESTINATION_NOFOLLOW:
		mount->destination_nofollow = true;
		break;
	case OPTION_COPY_SYMLINK:
		mount->copy_symlink = true;
		break;
	}
}

void mount_options_read(struct plan_context *c, const struct strlist *options,
			struct plan_mount *mount, struct mount_words *words)
{
	size_t propagations = 0;

	for (size_t i = 0; i < options->n; i++)
		propagations += propagation_flags(options->v[i]) != 0;
	if (propagations > 0)
		mount->propagation.v = arena_new_array(c->arena, uint64_t, propagations);
	mount->options.v = arena_new_array(c->arena, struct plan_option, data_count(options));

	for (size_t i = 0; i < options->n; i++) {
		const struct option *option = option_find(options->v[i]);

		if (!option)
			data_add(c, mount, options->v[i]);
		else
			option_apply(mount, words, option, options->v[i]);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading /proc/self/mountinfo. Runs in the runtime. Only the file's escapes ("\040") are undone; a
 * mount point is a chosen name and may hold anything else.
 */
#include "sys/mountinfo.h"

#include "base/auto.h"
#include "base/path.h"
#include "base/str.h"
#include "os/io.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x00001000U
#endif

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && is_octal(s[2]) &&
		    is_octal(s[3])) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

/* Cut the next word off a line; NULL at its end. */
static char *next_word(char **line)
{
	char *word = *line;
	size_t length = strcspn(word, " ");

	if (!length)
		return NULL;
	*line = word + length;
	if (**line)
		*(*line)++ = '\0';
	return word;
}

static bool parse_device(char *text, struct mountinfo_entry *entry)
{
	char *colon = strchr(text, ':');

	if (!colon)
		return false;
	*colon = '\0';
	return parse_u32(text, &entry->major) && parse_u32(colon + 1, &entry->minor);
}

/* The optional words up to the lone "-", joined by blanks. */
static bool parse_tags(char **line, struct arena *arena, struct mountinfo_entry *entry)
{
	char *word;

	entry->tags = arena_strdup(arena, "");
	while ((word = next_word(line))) {
		if (str_eq(word, "-"))
			return true;
		entry->tags = *entry->tags ? arena_printf(arena, "%s %s", entry->tags, word) : word;
	}
	return false;
}

/* `line` is in the arena; the entry points into it. */
static bool parse_line(char *line, struct arena *arena, struct mountinfo_entry *entry)
{
	char *id = next_word(&line);
	char *parent = next_word(&line);
	char *device = next_word(&line);

	if (!id || !parent || !device || !parse_u32(id, &entry->id) ||
	    !parse_u32(parent, &entry->parent) || !parse_device(device, entry))
		return false;
	entry->root = next_word(&line);
	entry->mount_point = next_word(&line);
	entry->options = next_word(&line);
	if (!entry->options || !parse_tags(&line, arena, entry))
		return false;
	entry->fstype = next_word(&line);
	if (!entry->fstype)
		return false;
	/* the source of a mount may be empty: mount("", ...) leaves two blanks in a row */
	entry->source = next_word(&line);
	if (!entry->source) {
		entry->source = arena_strdup(arena, "");
		line += *line == ' ';
	}
	entry->super_options = next_word(&line);
	if (!entry->super_options)
		entry->super_options = arena_strdup(arena, "");
	unescape(entry->root);
	unescape(entry->mount_point);
	unescape(entry->source);
	return true;
}

int mountinfo_parse(const char *text, struct arena *arena, struct mountinfo *ret, struct err *e)
{
	struct mountinfo found = { 0 };
	size_t lines = 0;

	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	/* one more for a last line without its newline */
	found.v = arena_new_array(arena, struct mountinfo_entry, lines + 1);
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (!parse_line(arena_strndup(arena, text, length), arena, &found.v[found.n]))
			return fail(e, ERR_SYSTEM,
				    "line %zu of /proc/self/mountinfo cannot be understood",
				    found.n + 1);
		found.n++;
		text += length + (text[length] == '\n');
	}
	*ret = found;
	return 0;
}

int mountinfo_read(struct arena *arena, struct mountinfo *ret, struct err *e)
{
	autoclose int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int fd = -1;
	autofree char *text = NULL;

	if (proc < 0)
		return fail_sys(e, "open /proc");
	fd = procfs_openat(proc, "self/mountinfo", O_RDONLY, e);
	if (fd < 0 || read_fd_all(fd, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL, e) < 0)
		return -1;
	return mountinfo_parse(text, arena, ret, e);
}

int mountinfo_read_at(int dirfd, const char *path, struct arena *arena, struct mountinfo *ret,
		      struct err *e)
{
	autofree char *text = NULL;

	if (read_file_at(dirfd, path, MOUNTINFO_MAX, &text, NULL, e) < 0)
		return -1;
	return mountinfo_parse(text, arena, ret, e);
}

int mount_id(int fd, uint32_t *ret, struct err *e)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) <
	    0)
		return fail_sys(e, "ask for the id of a mount");
	/* Linux 5.8 */
	if (!(st.stx_mask & STATX_MNT_ID))
		return fail_errno(e, EOPNOTSUPP, "ask for the id of a mount");
	*ret = (uint32_t)st.stx_mnt_id;
	return 0;
}

int mountinfo_of(const struct mountinfo *info, int fd, const struct mountinfo_entry **ret,
		 struct err *e)
{
	uint32_t id;

	if (mount_id(fd, &id, e) < 0)
		return -1;
	*ret = mountinfo_find(info, id);
	return 0;
}

const struct mountinfo_entry *mountinfo_find(const struct mountinfo *info, uint32_t id)
{
	for (size_t i = 0; i < info->n; i++)
		if (info->v[i].id == id)
			return &info->v[i];
	return NULL;
}

/* The mount that it lies on; NULL at the top. The table is text that changes while it is read, so that it might
 * even have a circle: a reader that follows it counts. */
static const struct mountinfo_entry *parent_of(const struct mountinfo *info,
					       const struct mountinfo_entry *mount)
{
	return mount->parent == mount->id ? NULL : mountinfo_find(info, mount->parent);
}

bool mountinfo_is_on(const struct mountinfo *info, const struct mountinfo_entry *mount,
		     const struct mountinfo_entry *top)
{
	for (size_t i = 0; mount && mount != top && i < info->n; i++)
		mount = parent_of(info, mount);
	return mount == top;
}

/* By another one than `from`, through which the way leads on. */
static bool is_covered(const struct mountinfo *info, const struct mountinfo_entry *mount,
		       const struct mountinfo_entry *from)
{
	for (size_t i = 0; i < info->n; i++) {
		const struct mountinfo_entry *other = &info->v[i];

		if (other == mount || other == from)
			continue;
		if (other->parent == mount->id && str_eq(other->mount_point, mount->mount_point))
			return true;
		/* on the same one, and above it on the way */
		if (other->parent == mount->parent && other->id != other->parent &&
		    !str_eq(other->mount_point, mount->mount_point) &&
		    clean_path_is_below(mount->mount_point, other->mount_point))
			return true;
	}
	return false;
}

bool mountinfo_is_hidden(const struct mountinfo *info, const struct mountinfo_entry *mount)
{
	const struct mountinfo_entry *from = NULL;

	for (size_t i = 0; mount && i < info->n; i++) {
		if (is_covered(info, mount, from))
			return true;
		from = mount;
		mount = parent_of(info, mount);
	}
	return false;
}

bool mount_options_have(const char *options, const char *word)
{
	size_t length = strlen(word);

	while (*options) {
		size_t part = strcspn(options, ",");

		if (part == length && strncmp(options, word, length) == 0)
			return true;
		options += part + (options[part] == ',');
	}
	return false;
}

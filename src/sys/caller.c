/* SPDX-License-Identifier: Apache-2.0 */
/* See caller.h. Runs in the runtime. */
#include "sys/caller.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/str.h"
#include "os/io.h"
#include "sys/procfs.h"

#include <fcntl.h>

#define UID_MAP_MAX (64u << 10)
#define OVERFLOW_UID 65534 /* DEFAULT_OVERFLOWUID, linux/highuid.h */

/* The map of the initial user namespace: every id is itself. */
static bool is_initial_map(const char *text)
{
	static const char *const words[] = { "0", "0", "4294967295" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		text += strspn(text, " ");
		if (!str_has_prefix(text, words[i]))
			return false;
		text += strlen(words[i]);
		if (*text != ' ' && *text != '\n')
			return false;
	}
	return str_eq(text, "\n");
}

static char *ask_map(const char *path)
{
	autoclose int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int fd = -1;
	char *text = NULL;
	struct err ignored;

	if (proc < 0)
		return NULL;
	fd = procfs_openat(proc, path, O_RDONLY, &ignored);
	if (fd < 0 || read_fd_all(fd, path, UID_MAP_MAX, &text, NULL, &ignored) < 0)
		return NULL;
	return text;
}

/* NULL if there is none: a kernel without user namespaces. Owned. Asked by several and the same for as long as the process
 * lives: a runtime joins no user namespace but right before it is executed again, else only its children do. */
static char *read_uid_map(void)
{
	static char *map;
	static bool asked;

	if (!asked)
		map = ask_map("self/uid_map");
	asked = true;
	return map ? xstrdup(map) : NULL;
}

static bool next_number(char **text, uint32_t *ret)
{
	char *word;

	*text += strspn(*text, " \n");
	word = *text;
	*text += strcspn(*text, " \n");
	if (**text)
		*(*text)++ = '\0';
	return parse_u32(word, ret);
}

uid_t caller_outer_uid(void)
{
	uid_t own = geteuid();
	autofree char *map = read_uid_map();
	char *at = map;
	uint32_t inside, outside, count;

	/* user_namespaces(7): what a process of the namespace itself reads are the ids of the one around it */
	while (at && next_number(&at, &inside) && next_number(&at, &outside) &&
	       next_number(&at, &count))
		if (own >= inside && own - inside < count)
			return outside + (own - inside);
	return own;
}

bool caller_inner_ids(bool gids, uint32_t outside, uint32_t *ret_inside, uint32_t *ret_count)
{
	autofree char *map = ask_map(gids ? "self/gid_map" : "self/uid_map");
	char *at = map;
	uint32_t inside, first, count;

	while (at && next_number(&at, &inside) && next_number(&at, &first) &&
	       next_number(&at, &count)) {
		if (outside < first || outside - first >= count)
			continue;
		*ret_inside = inside + (outside - first);
		*ret_count = count - (outside - first);
		return true;
	}
	return false;
}

bool caller_in_user_namespace(void)
{
	autofree char *map = read_uid_map();

	return map && !is_initial_map(map);
}

bool caller_is_rootless(void)
{
	return geteuid() != 0 || caller_in_user_namespace();
}

int caller_overflow_uid(uid_t *ret, struct err *e)
{
	autofree char *text = NULL;
	uint32_t uid;

	if (read_file_at(AT_FDCWD, "/proc/sys/kernel/overflowuid", 64, &text, NULL, e) < 0) {
		if (e->sys != ENOENT)
			return -1;
		/* a /proc of processes only has no sys (subset=pid): the kernel's default */
		*ret = OVERFLOW_UID;
		return 0;
	}
	text[strcspn(text, "\n")] = '\0';
	if (!parse_u32(text, &uid))
		return fail(e, ERR_SYSTEM, "/proc/sys/kernel/overflowuid cannot be understood");
	*ret = uid;
	return 0;
}

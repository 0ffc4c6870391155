/* SPDX-License-Identifier: Apache-2.0 */
/* See mark.h. Runs in the runtime. */
#include "cgroup/mark.h"

#include "base/auto.h"
#include "base/str.h"
#include "sys/caller.h"
#include "sys/caps.h"
#include "sys/procfs.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <linux/limits.h>
#include <sys/random.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define MARK_TEXT_MAX 8192
#define UNKNOWN "-"
#define AROUND_TEXT 24

/* One word into a buffer; what follows it, or NULL. */
static const char *take_word(const char *text, char *buffer, size_t size)
{
	size_t length = strcspn(text, " ");

	if (length == 0 || length >= size || text[length] != ' ')
		return NULL;
	memcpy(buffer, text, length);
	buffer[length] = '\0';
	return text + length + 1;
}

bool mark_parse(const char *text, struct cgroup_mark *ret)
{
	struct cgroup_mark mark = { .id = "" };
	char version[4], around[AROUND_TEXT];
	const char *at = take_word(text, version, sizeof(version));

	at = at ? take_word(at, mark.name, sizeof(mark.name)) : NULL;
	at = at ? take_word(at, around, sizeof(around)) : NULL;
	at = at ? take_word(at, mark.id, sizeof(mark.id)) : NULL;
	if (!at || at[0] != '/' || strlen(at) >= sizeof(mark.root))
		return false;
	if (!str_eq(around, UNKNOWN) && (!parse_u64(around, &mark.around) || mark.around == 0))
		return false;
	memcpy(mark.root, at, strlen(at) + 1);
	*ret = mark;
	return true;
}

void mark_print(const struct cgroup_mark *mark, struct strbuf *out)
{
	char around[AROUND_TEXT] = UNKNOWN;

	if (mark->around)
		snprintf(around, sizeof(around), "%" PRIu64, mark->around);
	strbuf_printf(out, "1 %s %s %s %s", mark->name, around, mark->id, mark->root);
}

/* One that cannot be understood is a later program's, and so another container's. Its record cannot be found: an
 * empty group with such a mark is free to take. */
static int understand(char *text, ssize_t length, struct cgroup_mark *ret)
{
	if (length < 0)
		return errno == ENODATA || errno == ENOTSUP ? 0 : -1;
	text[length] = '\0';
	if (!mark_parse(text, ret))
		*ret = (struct cgroup_mark){ .name = "?", .id = "?", .root = "?" };
	return 1;
}

int mark_read_path(const char *directory, struct cgroup_mark *ret)
{
	char text[MARK_TEXT_MAX + 1];

	return understand(text, getxattr(directory, CGROUP_OWNER, text, MARK_TEXT_MAX), ret);
}

int mark_read(int directory_fd, struct cgroup_mark *ret)
{
	return mark_read_path(fd_path(directory_fd).text, ret);
}

int mark_write(int directory_fd, const struct cgroup_mark *mark, int flags)
{
	autostrbuf text = { 0 };

	mark_print(mark, &text);
	return setxattr(fd_path(directory_fd).text, CGROUP_OWNER, strbuf_text(&text), text.length,
			flags);
}

/* NULL: the name is too long to be one of an attribute. */
static const char *making_attribute(char *buffer, size_t size, const char *name)
{
	int length = snprintf(buffer, size, CGROUP_MAKING "%s", name);

	return length > 0 && (size_t)length < size ? buffer : NULL;
}

void mark_making(int parent_fd, const char *name)
{
	char buffer[XATTR_NAME_MAX + 1];
	const char *attribute = making_attribute(buffer, sizeof(buffer), name);

	if (attribute)
		(void)!setxattr(fd_path(parent_fd).text, attribute, "1", 1, 0);
}

void mark_making_over_path(const char *parent, const char *name)
{
	char buffer[XATTR_NAME_MAX + 1];
	const char *attribute = making_attribute(buffer, sizeof(buffer), name);
	int saved = errno;

	if (attribute)
		(void)!removexattr(parent, attribute);
	errno = saved;
}

void mark_making_over(int parent_fd, const char *name)
{
	mark_making_over_path(fd_path(parent_fd).text, name);
}

bool mark_is_making_path(const char *parent, const char *name)
{
	char buffer[XATTR_NAME_MAX + 1];
	const char *attribute = making_attribute(buffer, sizeof(buffer), name);

	return attribute && mark_byte(parent, attribute);
}

bool mark_is_making(int parent_fd, const char *name)
{
	return mark_is_making_path(fd_path(parent_fd).text, name);
}

char mark_byte(const char *directory, const char *attribute)
{
	char byte;

	return getxattr(directory, attribute, &byte, sizeof(byte)) == sizeof(byte) ? byte : '\0';
}

char mark_byte_at(int directory_fd, const char *attribute)
{
	return mark_byte(fd_path(directory_fd).text, attribute);
}

bool marks_are_visible(void)
{
	struct cap_sets sets;
	struct err ignored;

	/* The power over a user namespace of its own does not do (xattr(7)). */
	return !caller_in_user_namespace() && caps_get(&sets, &ignored) == 0 &&
	       (sets.effective & (UINT64_C(1) << CAP_SYS_ADMIN));
}

char *cgroup_mark_for(const char *directory, const char *id, const char *root, struct arena *arena)
{
	struct cgroup_mark mark;

	return mark_read_path(directory, &mark) > 0 && str_eq(mark.id, id) &&
			       str_eq(mark.root, root)
		       ? arena_strdup(arena, mark.name)
		       : NULL;
}

char *cgroup_mark_name(struct arena *arena)
{
	uint64_t number;

	/* A name that no other has had: an id and its state root come again, also after a lost state. */
	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number)) {
		struct timespec now;
		clock_gettime(CLOCK_REALTIME, &now);
		number = (uint64_t)now.tv_sec << 32 ^ (uint64_t)now.tv_nsec << 8 ^
			 (uint64_t)getpid();
	}
	return arena_printf(arena, "%016" PRIx64, number);
}

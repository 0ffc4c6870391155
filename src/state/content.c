/* SPDX-License-Identifier: Apache-2.0 */
/* See content.h. Runs in the runtime. */
#include "state/content.h"

#include "state/record.h"
#include "state/state.h"

#include "os/io.h"

#include <fcntl.h>
#include <sys/stat.h>

/* fsck(8) keeps one at the top of many file systems, and a state root may be one: it looks like a claim. */
#define LOST_AND_FOUND "lost+found"

/* The intent last: while there is one, a delete that was cut short can be repeated. */
const char *const content_names[] = {
	STATE_CONFIG, STATE_REQUEST,     STATE_START_SOCKET, STATE_NOTIFY, STATE_YARD,
	STATE_HOSTS,  STATE_RESOLV_CONF, STATE_STATUS,       STATE_INTENT, NULL,
};

/* runc's and crun's. A config.json is crun's, too. */
static const char *const runtime_names[] = { "state.json", "status" };

static bool is_known(const char *name)
{
	for (size_t i = 0; content_names[i]; i++)
		if (str_eq(name, content_names[i]))
			return true;
	return false;
}

bool content_is_temporary(const char *name)
{
	for (size_t i = 0; content_names[i]; i++) {
		size_t length = strlen(content_names[i]);
		if (name[0] == '.' && strncmp(name + 1, content_names[i], length) == 0 &&
		    name[1 + length] == '.')
			return true;
	}
	return false;
}

static bool is_of_runtime(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(runtime_names); i++)
		if (str_eq(name, runtime_names[i]))
			return true;
	return false;
}

int content_has_record(int root_fd, const char *id, struct err *e)
{
	static const char *const names[] = { STATE_INTENT, STATE_STATUS };
	char path[STATE_ID_MAX + 32];
	struct stat status;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (str_format(path, sizeof(path), e, "%s/%s", id, names[i]) < 0)
			return -1;
		if (fstatat(root_fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0)
			return 1;
		if (errno != ENOENT && errno != ENOTDIR)
			return fail_sys(e, "container %s: look at '%s'", id, names[i]);
	}
	return 0;
}

/* It may hold anything; what a terminal would act on is not shown. */
static bool is_printable(const char *name)
{
	for (const char *c = name; *c; c++)
		if (*c < 0x20 || *c == 0x7f)
			return false;
	return true;
}

static void describe_stranger(const char *name, struct content *content)
{
	if (is_of_runtime(name))
		snprintf(content->why, sizeof(content->why),
			 "holds the state of another runtime (%s)", name);
	else
		snprintf(content->why, sizeof(content->why),
			 "holds '%s', which this program did not put there",
			 is_printable(name) ? name : "?");
}

static int scan_names(int fd, const char *id, struct content *ret, bool *ret_known, struct err *e)
{
	int scan_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *scan = scan_fd < 0 ? NULL : fdopendir(scan_fd);
	struct dirent *entry;
	int rc;

	if (!scan) {
		fail_sys(e, "container %s: read its directory", id);
		close_keep_errno(scan_fd);
		return -1;
	}
	ret->kind = CONTENT_NOTHING;
	while ((rc = next_entry(scan, "the container's directory", &entry, e)) > 0) {
		const char *name = entry->d_name;
		if (is_known(name)) {
			*ret_known = true;
			continue;
		}
		if (content_is_temporary(name) ||
		    (ret->kind == CONTENT_FOREIGN && !is_of_runtime(name)))
			continue;
		ret->kind = CONTENT_FOREIGN;
		describe_stranger(name, ret);
	}
	return rc < 0 ? err_prefix(e, "container %s", id) : 0;
}

int content_look(int root_fd, const char *id, int fd, struct content *ret, struct err *e)
{
	struct content content = { 0 };
	bool known = false;
	struct stat status;
	int has_record = content_has_record(root_fd, id, e);

	if (has_record < 0)
		return -1;
	if (has_record) {
		ret->kind = CONTENT_CONTAINER;
		return 0;
	}
	if (fstat(fd, &status) < 0)
		return fail_sys(e, "container %s: look at its directory", id);
	if (scan_names(fd, id, &content, &known, e) < 0)
		return -1;
	/* A claim is private (state_claim()); with a name that others use as well, that tells it from a
	 * bundle. */
	if (content.kind == CONTENT_NOTHING && known) {
		content.kind = status.st_mode & 077 ? CONTENT_FOREIGN : CONTENT_CONTAINER;
		snprintf(content.why, sizeof(content.why), "holds no record of a container");
	} else if (content.kind == CONTENT_NOTHING && str_eq(id, LOST_AND_FOUND)) {
		content.kind = CONTENT_FOREIGN;
		snprintf(content.why, sizeof(content.why), "belongs to the file system");
	}
	*ret = content;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See proc_status.h. Runs in the runtime and in the container's process. */
#include "sys/proc_status.h"

#include "base/auto.h"
#include "base/str.h"
#include "os/io.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

/* 65536 groups of ten digits are the most that is long in it (NGROUPS_MAX). */
#define STATUS_MAX (1u << 20)

/* What stands behind "\nNAME:\t"; NULL: no such line. */
static const char *value_of(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			return line + length + 1 + strspn(line + length + 1, " \t");
	}
	return NULL;
}

static int fail_line(const char *name, struct err *e)
{
	return fail(e, ERR_SYSTEM, "/proc/self/status: its line %s cannot be understood", name);
}

/* One number of a line and what is behind it; NULL at the line's end or if it is not a number. */
static const char *take_number(const char *at, int base, uint64_t *ret)
{
	char *end;

	if (!at || !(base == 16 ? strchr("0123456789abcdef", *at) : strchr("0123456789", *at)) ||
	    !*at)
		return NULL;
	errno = 0;
	*ret = strtoull(at, &end, base);
	if (errno || end == at || !strchr(" \t\n", *end))
		return NULL;
	return end + strspn(end, " \t");
}

static int take_ids(const char *text, const char *name, uint32_t ret[4], struct err *e)
{
	const char *at = value_of(text, name);

	for (size_t i = 0; i < 4; i++) {
		uint64_t id = 0;

		at = take_number(at, 10, &id);
		if (!at || id > UINT32_MAX)
			return fail_line(name, e);
		ret[i] = (uint32_t)id;
	}
	return 0;
}

static int take_groups(const char *text, struct arena *arena, struct u32list *ret, struct err *e)
{
	const char *first = value_of(text, "Groups");
	size_t n = 0;
	uint64_t id;

	if (!first)
		return fail_line("Groups", e);
	for (const char *at = first; *at && *at != '\n'; n++) {
		at = take_number(at, 10, &id);
		if (!at || id > UINT32_MAX)
			return fail_line("Groups", e);
	}
	ret->v = arena_new_array(arena, uint32_t, n + 1);
	ret->n = n;
	for (size_t i = 0; i < n; i++) {
		first = take_number(first, 10, &id);
		ret->v[i] = (uint32_t)id;
	}
	return 0;
}

static int take_one(const char *text, const char *name, int base, uint64_t most, uint64_t *ret,
		    struct err *e)
{
	return take_number(value_of(text, name), base, ret) && *ret <= most ? 0
									    : fail_line(name, e);
}

static int take_small(const char *text, const char *name, uint32_t *ret, struct err *e)
{
	uint64_t value = 0;

	if (take_one(text, name, 10, UINT32_MAX, &value, e) < 0)
		return -1;
	*ret = (uint32_t)value;
	return 0;
}

int proc_status_parse(const char *text, struct arena *arena, struct proc_status *ret, struct err *e)
{
	struct proc_status status = { 0 };

	if (take_ids(text, "Uid", status.uid, e) < 0 || take_ids(text, "Gid", status.gid, e) < 0 ||
	    take_groups(text, arena, &status.groups, e) < 0 ||
	    take_one(text, "CapInh", 16, UINT64_MAX, &status.inheritable, e) < 0 ||
	    take_one(text, "CapPrm", 16, UINT64_MAX, &status.permitted, e) < 0 ||
	    take_one(text, "CapEff", 16, UINT64_MAX, &status.effective, e) < 0 ||
	    take_one(text, "CapBnd", 16, UINT64_MAX, &status.bounding, e) < 0 ||
	    take_one(text, "CapAmb", 16, UINT64_MAX, &status.ambient, e) < 0 ||
	    take_small(text, "NoNewPrivs", &status.no_new_privs, e) < 0)
		return -1;
	/* A kernel may be built without filters. */
	if (value_of(text, "Seccomp") && take_small(text, "Seccomp", &status.seccomp, e) < 0)
		return -1;
	status.counted = value_of(text, "Seccomp_filters") != NULL;
	if (status.counted && take_small(text, "Seccomp_filters", &status.filters, e) < 0)
		return -1;
	*ret = status;
	return 0;
}

/* Owned; NULL: an error. */
static char *read_text(int fd, struct err *e)
{
	autofree char *text = NULL;
	struct statfs fs;
	size_t length;

	if (fstatfs(fd, &fs) < 0) {
		(void)!fail_sys(e, "look at the status of the process");
		return NULL;
	}
	if (fs.f_type != PROC_SUPER_MAGIC) {
		(void)!fail(e, ERR_SYSTEM, "the status of the process is not a file of a procfs");
		return NULL;
	}
	if (read_fd_all(fd, "/proc/self/status", STATUS_MAX, &text, &length, e) < 0)
		return NULL;
	if (strlen(text) != length) {
		(void)!fail(e, ERR_SYSTEM, "/proc/self/status has a NUL in it");
		return NULL;
	}
	return take_ptr(&text);
}

int proc_status_read(int fd, struct arena *arena, struct proc_status *ret, struct err *e)
{
	autofree char *text = NULL;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return fail_sys(e, "read the status of the process");
	text = read_text(fd, e);
	return text ? proc_status_parse(text, arena, ret, e) : -1;
}

static bool read_started(struct proc_started *ret)
{
	autoclose int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct err ignored;
	autofree char *text = fd < 0 ? NULL : read_text(fd, &ignored);

	return text && take_one(text, "SigIgn", 16, UINT64_MAX, &ret->ignored, &ignored) == 0 &&
	       take_one(text, "CapBnd", 16, UINT64_MAX, &ret->bounding, &ignored) == 0;
}

bool proc_status_started(struct proc_started *ret)
{
	static struct proc_started started;
	static bool asked, answered;

	if (!asked)
		answered = read_started(&started);
	asked = true;
	*ret = started;
	return answered;
}

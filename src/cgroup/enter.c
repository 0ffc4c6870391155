/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroups of a running container, opened for one more process: its own or one below (cgroup.h).
 * What the container has made in them is looked up without symlinks and never above. Runs in the runtime.
 */
#include "cgroup/record.h"

#include "base/auto.h"
#include "base/path.h"
#include "os/io.h"
#include "sys/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>

#define PROC_CGROUP_MAX (256u << 10)

/* Where the path in "CONTROLLERS:PATH" begins; 0: no controllers are named. */
static size_t path_start(const char *choice)
{
	const char *colon = strchr(choice, ':');

	return colon ? (size_t)(colon - choice) + 1 : 0;
}

static bool is_named(const struct cgroup_hierarchy_facts *hierarchy, const char *name,
		     size_t length)
{
	const char *own = hierarchy->name;

	for (size_t i = 0; i < hierarchy->controllers.n; i++) {
		const char *controller = hierarchy->controllers.v[i];
		if (strlen(controller) == length && strncmp(controller, name, length) == 0)
			return true;
	}
	if (length > 5 && strncmp(name, "name=", 5) == 0) {
		name += 5;
		length -= 5;
	}
	return own && strlen(own) == length && strncmp(own, name, length) == 0;
}

static const struct cgroup_hierarchy_facts *hierarchy_of(const struct cgroup_record *record,
							 const struct cgroup_facts *facts,
							 const char *directory)
{
	size_t mount = strlen(directory) - strlen(record->path);

	for (size_t i = 0; facts && i < facts->hierarchies.n; i++) {
		const struct cgroup_hierarchy_facts *hierarchy = &facts->hierarchies.v[i];
		if (strlen(hierarchy->mount_point) == mount &&
		    strncmp(hierarchy->mount_point, directory, mount) == 0)
			return hierarchy;
	}
	return NULL;
}

/* The path inside of the container's cgroup for one hierarchy; NULL: none, its own. Of several that fit the
 * last counts. */
static const char *choose(const struct strlist *below, const struct cgroup_hierarchy_facts *of)
{
	const char *chosen = NULL;

	for (size_t i = 0; i < below->n; i++) {
		const char *choice = below->v[i];
		size_t start = path_start(choice);
		bool fits = start == 0;
		while (!fits && of && !of->v2 && *choice != ':') {
			size_t length = strcspn(choice, ",:");
			fits = is_named(of, choice, length);
			choice += length;
			choice += *choice == ',';
		}
		if (fits)
			chosen = below->v[i] + start;
	}
	return chosen;
}

static bool controller_is_there(const struct cgroup_record *record,
				const struct cgroup_facts *facts, const char *name, size_t length)
{
	for (size_t i = 0; i < record->directories.n; i++) {
		const struct cgroup_hierarchy_facts *of =
			hierarchy_of(record, facts, record->directories.v[i]);
		if (of && !of->v2 && is_named(of, name, length))
			return true;
	}
	return false;
}

/* No controller that does not exist: the process would silently be in another group than was asked for. */
static int check_choices(const struct cgroup_record *record, const struct cgroup_facts *facts,
			 const struct strlist *below, struct err *e)
{
	for (size_t i = 0; i < below->n; i++) {
		const char *at = below->v[i];
		if (path_start(at) == 0)
			continue;
		if (record->layout == CGROUP_V2)
			return fail(e, ERR_USAGE,
				    "--cgroup %s: cgroup v2 has one tree for all controllers", at);
		while (*at != ':') {
			size_t length = strcspn(at, ",:");
			if (!controller_is_there(record, facts, at, length))
				return fail(
					e, ERR_USAGE,
					"--cgroup %s: the container has no cgroup of controller '%.*s'",
					below->v[i], (int)length, at);
			at += length;
			at += *at == ',';
		}
	}
	return 0;
}

/* A process that joins a container is put into no other one's group, whatever lies below. */
static int open_below(const struct cgroup_record *record, int top, const char *path, struct err *e)
{
	autoclose int fd = tree_open_below(top, path);

	if (fd < 0)
		return fail_sys(e, "open '%s' in cgroup '%s'", path, record->path);
	return own_check_below(top, path, record, e) < 0 ? -1 : take_fd(&fd);
}

/* `owned`: of the container's own group. */
static int open_chosen(const struct cgroup_record *record, int owned, const char *chosen,
		       struct err *e)
{
	autoclose int top = owned;
	int fd;

	while (chosen && *chosen == '/')
		chosen++;
	if (str_empty(chosen))
		return take_fd(&top);
	fd = open_below(record, top, chosen, e);
	if (fd < 0 && e->sys == EXDEV)
		return fail(e, ERR_USAGE, "--cgroup %s: leads out of the container's cgroup",
			    chosen);
	return fd < 0 ? err_prefix(e, "--cgroup") : fd;
}

static int add_directory(struct cgroup *cgroup, const char *path, int fd, struct err *e)
{
	size_t i = cgroup->n++;

	cgroup->directories[i] = fd;
	cgroup->tasks[i] = -1;
	cgroup->tasks[i] = openat(fd, "tasks", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	/* the v2 tree has no such file */
	if (cgroup->tasks[i] < 0 && errno != ENOENT)
		return fail_sys(e, "open '%s/tasks'", path);
	if (cgroup->tasks[i] >= 0)
		return 0;
	cgroup->into = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (cgroup->into < 0)
		return fail_sys(e, "duplicate the descriptor of cgroup '%s'", path);
	return 0;
}

int cgroup_open(const struct cgroup_record *record, const struct cgroup_facts *facts,
		const struct strlist *below, struct cgroup *ret, struct err *e)
{
	autocgroup cgroup = CGROUP_INIT;
	autoopened opened = { 0 };

	if (cgroup_check_record(record, e) < 0 || check_choices(record, facts, below, e) < 0 ||
	    cgroup_open_whole(record, NULL, &opened, e) < 0)
		return -1;
	if (record->manage && opened.n < record->directories.n)
		return fail(e, ERR_STATE, "a part of cgroup '%s' was removed", record->path);
	cgroup.layout = record->layout;
	for (size_t i = 0; i < opened.n; i++) {
		const char *directory = record->directories.v[i];
		const struct cgroup_hierarchy_facts *of = hierarchy_of(record, facts, directory);
		const char *chosen = choose(below, of);
		int fd;
		/* The v2 tree of a hybrid layout has no controllers to divide. */
		if (record->layout == CGROUP_HYBRID && of && of->v2)
			chosen = NULL;
		fd = open_chosen(record, take_fd(&opened.fds[i]), chosen, e);
		if (fd < 0 || add_directory(&cgroup, directory, fd, e) < 0)
			return -1;
	}
	cgroup.memory = cgroup_memory_index(&cgroup, &record->directories);
	*ret = cgroup;
	cgroup = (struct cgroup)CGROUP_INIT;
	return 0;
}

/* "0::/path" of /proc/PID/cgroup; moves the terminator. NULL if there is none. */
static char *unified_path(char *text)
{
	char *line;

	while ((line = strsep(&text, "\n")))
		if (str_has_prefix(line, "0::/"))
			return line + strlen("0::");
	return NULL;
}

static int open_unified(const struct cgroup_record *record, struct err *e)
{
	for (size_t i = 0; i < record->directories.n; i++) {
		const char *directory = record->directories.v[i];
		autoclose int fd =
			sys_openat2(AT_FDCWD, directory, O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
				    RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
		if (fd < 0)
			return fail_sys(e, "open cgroup '%s'", directory);
		if (faccessat(fd, "cgroup.controllers", F_OK, 0) == 0)
			return take_fd(&fd);
	}
	return fail(e, ERR_STATE, "the container has no cgroup of version 2");
}

int cgroup_follow(const struct cgroup_record *record, pid_t pid, struct cgroup *ret, struct err *e)
{
	autofree char *text = NULL;
	autoclose int top = -1, fd = -1;
	char name[48];
	const char *path;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	if (read_file_at(AT_FDCWD, name, PROC_CGROUP_MAX, &text, NULL, e) < 0)
		return -1;
	path = unified_path(text);
	if (!path || !path_is_below(path, record->path))
		return fail(
			e, ERR_STATE,
			"the container's first process is in cgroup '%s', which is not below '%s'",
			path ? path : "?", record->path);
	top = open_unified(record, e);
	if (top < 0)
		return -1;
	path += strlen(record->path);
	path += *path == '/';
	fd = open_below(record, top, *path ? path : ".", e);
	if (fd < 0)
		return -1;
	replace_fd(&ret->into, take_fd(&fd));
	return 0;
}

/* Where processes are counted; on v2 that may be a group above alone. */
static bool may_be_full(const struct cgroup *cgroup, size_t i)
{
	return cgroup->layout == CGROUP_V2 ||
	       faccessat(cgroup->directories[i], "pids.current", F_OK, 0) == 0;
}

int cgroup_move_out(const struct cgroup *cgroup, const struct cgroup_record *record,
		    const struct cgroup_facts *facts, pid_t pid, struct err *e)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", (int)pid);
	for (size_t i = 0; i < cgroup->n; i++) {
		const struct cgroup_hierarchy_facts *of;
		autostrbuf own = { 0 };
		autoclose int fd = -1;
		if (!may_be_full(cgroup, i))
			continue;
		of = hierarchy_of(record, facts, record->directories.v[i]);
		if (!of)
			continue;
		strbuf_printf(&own, "%s%s", of->mount_point, of->own_path);
		fd = open(strbuf_text(&own), O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 || tree_write(fd, of->v2 ? "cgroup.procs" : "tasks", number) < 0)
			return fail_sys(e, "move process %s to cgroup '%s'", number,
					strbuf_text(&own));
	}
	return 0;
}

int cgroup_take_in(const struct cgroup *cgroup, pid_t pid, struct err *e)
{
	char number[16];
	int length = snprintf(number, sizeof(number), "%d", (int)pid);

	for (size_t i = 0; i < cgroup->n; i++)
		if (cgroup->tasks[i] >= 0 &&
		    write_fd_all(cgroup->tasks[i], "tasks", number, (size_t)length, e) < 0)
			return err_prefix(e, "move process %s into the container's cgroup", number);
	if (cgroup->into >= 0 && tree_write(cgroup->into, "cgroup.procs", number) < 0)
		return fail_sys(e, "move process %s into the container's cgroup", number);
	return 0;
}

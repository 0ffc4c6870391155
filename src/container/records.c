/* SPDX-License-Identifier: Apache-2.0 */
/* See records.h. Runs in the runtime. */
#include "container/records.h"

#include "base/auto.h"
#include "cgroup/cgroup.h"
#include "facts/facts.h"
#include "facts/groups.h"
#include "os/io.h"
#include "sys/nsfd.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>

#define PROC_CGROUP_MAX (256u << 10)
#define SCOPE ".scope"

int records_status(const struct global_options *global, const struct state_dir *dir,
		   struct arena *arena, struct status_record **ret, struct err *e)
{
	struct registered registered;

	if (state_read_status(dir, arena, ret, e) < 0)
		return -1;
	if (*ret)
		return 0;
	if (registered_find(global, dir->root, dir->id, arena, &registered, e) < 0)
		return -1;
	if (registered.pidfd < 0)
		return 0;
	close_keep_errno(registered.pidfd);
	/* The registry is written after the status: it may have come meanwhile. */
	if (state_read_status(dir, arena, ret, e) < 0)
		return -1;
	if (*ret)
		return 0;
	return fail(
		e, ERR_STATE,
		"container %s: its status.json is missing but its process %lld runs; delete --force ends it",
		dir->id, (long long)registered.member->init.pid);
}

int registered_find(const struct global_options *global, const char *root, const char *id,
		    struct arena *arena, struct registered *ret, struct err *e)
{
	const char *directory = registry_default_directory(global->rootless, arena);

	return registry_find(directory, root, id, arena, &ret->member, &ret->pidfd, e);
}

/* --- its cgroup --- */

/* "ID", "PREFIX-ID", "PREFIX:ID.scope": as this runtime, systemd and the engines name them. */
static bool names_container(const char *component, size_t length, const char *id)
{
	size_t id_length = strlen(id), scope = strlen(SCOPE);

	if (length > scope && strncmp(component + length - scope, SCOPE, scope) == 0)
		length -= scope;
	if (length < id_length || strncmp(component + length - id_length, id, id_length) != 0)
		return false;
	return length == id_length || strchr("-:_", component[length - id_length - 1]) != NULL;
}

/* The beginning of a path that ends with the container's name; NULL if there is none. */
static char *path_of_container(const char *path, const char *id, struct arena *arena)
{
	const char *at = path;

	while (*at == '/') {
		size_t length = strcspn(at + 1, "/");
		if (names_container(at + 1, length, id))
			return arena_strndup(arena, path, (size_t)(at + 1 + length - path));
		at += 1 + length;
	}
	return NULL;
}

/* "4:cpu,cpuacct:/path", "1:name=systemd:/path", "0::/path" (cgroups(7)). */
static bool is_line_of(const char *line, const struct cgroup_hierarchy_facts *hierarchy,
		       const char **ret_path)
{
	const char *words = strchr(line, ':');
	const char *path = words ? strchr(words + 1, ':') : NULL;

	if (!path)
		return false;
	words++;
	*ret_path = path + 1;
	if (hierarchy->v2)
		return words == path;
	const char *word = hierarchy->name;
	size_t skipped = strlen("name=");
	if (word) {
		if (strncmp(words, "name=", skipped) != 0)
			return false;
		words += skipped;
	} else if (hierarchy->controllers.n) {
		word = hierarchy->controllers.v[0];
	}
	size_t length = word ? strlen(word) : 0;
	return length && strncmp(words, word, length) == 0 &&
	       (words[length] == ',' || words[length] == ':');
}

static void add_directory(const struct cgroup_hierarchy_facts *hierarchy, char *text,
			  const char *id, struct arena *arena, struct cgroup_record *record)
{
	char *rest = arena_strdup(arena, text);
	const char *path;

	for (char *line; (line = strsep(&rest, "\n"));) {
		if (!is_line_of(line, hierarchy, &path))
			continue;
		char *own = path_of_container(path, id, arena);
		if (!own || (record->path && !str_eq(own, record->path)))
			continue;
		record->path = own;
		record->directories.v[record->directories.n++] =
			arena_printf(arena, "%s%s", hierarchy->mount_point, own);
		return;
	}
}

/* Whether a process is in this PID namespace or in one below it. */
static bool is_within(uint32_t pid, int namespace)
{
	autoclose int fd = nsfd_of_process(pid, "pid");

	while (fd >= 0) {
		if (nsfd_same(fd, namespace))
			return true;
		/* EPERM: the next one is above the runtime's own (ioctl_ns(2)). */
		replace_fd(&fd, ioctl(fd, NS_GET_PARENT));
	}
	return false;
}

static int is_its_alone(const struct cgroup_record *record, int64_t init, struct arena *arena,
			struct err *e)
{
	autoclose int namespace = nsfd_of_process(init, "pid");
	struct u32list pids;

	if (namespace < 0)
		return fail_sys(e, "open the PID namespace of process %lld", (long long)init);
	autoclose int own = nsfd_own("pid", e);
	if (own < 0)
		return -1;
	if (nsfd_same(namespace, own))
		return 0;
	if (cgroup_pids(record, arena, &pids, e) < 0)
		return -1;
	for (size_t i = 0; i < pids.n; i++)
		if (!is_within(pids.v[i], namespace))
			return 0;
	return 1;
}

int registered_cgroup(const struct registered *registered, const char *id, struct arena *arena,
		      struct cgroup_record **ret, struct err *e)
{
	int64_t pid = registered->member->init.pid;
	struct cgroup_record *record = arena_new(arena, struct cgroup_record);
	autofree char *text = NULL;
	struct cgroup_facts *facts;
	char path[40];

	*ret = NULL;
	snprintf(path, sizeof(path), "/proc/%lld/cgroup", (long long)pid);
	if (facts_cgroup(arena, &facts, e) < 0 ||
	    read_file_at(AT_FDCWD, path, PROC_CGROUP_MAX, &text, NULL, e) < 0)
		return -1;
	record->manage = true;
	record->layout = facts->layout;
	record->directories.v = arena_new_array(arena, char *, facts->hierarchies.n + 1);
	for (size_t i = 0; i < facts->hierarchies.n; i++)
		add_directory(&facts->hierarchies.v[i], text, id, arena, record);
	if (record->directories.n == 0)
		return 0;
	/* Lost with the record; without it the group would be another's. */
	record->mark = cgroup_mark_for(record->directories.v[0], id,
				       facts_real_root(registered->member->root, arena), arena);
	int alone = is_its_alone(record, pid, arena, e);
	if (alone > 0)
		*ret = record;
	return alone < 0 ? -1 : 0;
}

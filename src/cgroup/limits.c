/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan's writes, each to the hierarchy that has its controller, and what was there before put back if one
 * fails. Runs in the runtime.
 */
#include "cgroup/make.h"

#include "base/auto.h"
#include "os/log.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RETRIES_MAX 64

/* The longest value that is kept to be put back: a list of CPUs. */
#define OLD_VALUE_MAX 4096

/* The plan's name for files that belong to no controller ("cgroup.max.depth" of v2). */
static const char core[] = "cgroup";

static bool has_controller(const struct cgroup_hierarchy_facts *hierarchy, const char *controller)
{
	if (hierarchy->v2 && (str_empty(controller) || str_eq(controller, core)))
		return true;
	return strlist_has(&hierarchy->controllers, controller);
}

static const struct cgroup_making *find(const struct cgroup_making *makings, size_t n,
					const char *controller)
{
	for (size_t i = 0; i < n; i++)
		if (has_controller(makings[i].hierarchy, controller))
			return &makings[i];
	return NULL;
}

static const char *shown_controller(const struct plan_cgroup_write *write)
{
	return str_empty(write->controller) ? core : write->controller;
}

/* --- what was there before --- */

void cgroup_changes_release(struct cgroup_changes *changes)
{
	for (size_t i = 0; i < changes->n; i++) {
		free(changes->v[i].file);
		free(changes->v[i].value);
		close_keep_errno(changes->v[i].directory);
	}
	free(changes->v);
	*changes = (struct cgroup_changes){ 0 };
}

/* A file of more than one line ("8:0 rbps=1 ...") takes them one by one. What it said nothing of stays. */
static void put_back(const struct cgroup_change *change)
{
	for (char *line = change->value; *line;) {
		size_t length = strcspn(line, "\n");
		char *next = line + length + (line[length] == '\n');
		line[length] = '\0';
		if (tree_write(change->directory, change->file, line) < 0)
			log_warning("'%s' of the cgroup could not be put back to '%s': errno %d",
				    change->file, line, errno);
		line = next;
	}
}

void cgroup_changes_undo(struct cgroup_changes *changes)
{
	for (size_t i = changes->n; i > 0; i--)
		put_back(&changes->v[i - 1]);
	cgroup_changes_release(changes);
}

static void remember(struct cgroup_changes *changes, const struct cgroup_making *making,
		     const char *file)
{
	char value[OLD_VALUE_MAX];
	int directory;

	/* A new group is removed as a whole. What cannot be read (devices.allow) cannot be put back either. */
	if (!changes || making->made_from > 0 ||
	    tree_read(making->directory, file, value, sizeof(value)) < 0)
		return;
	directory = fcntl(making->directory, F_DUPFD_CLOEXEC, 3);
	if (directory < 0)
		return;
	changes->v = xrealloc(changes->v, (changes->n + 1) * sizeof(*changes->v));
	changes->v[changes->n++] = (struct cgroup_change){
		.directory = directory,
		.file = xstrdup(file),
		.value = xstrdup(value),
	};
}

/* --- writes --- */

/* A kernel that does not account swap has nothing to forbid and nothing to lift. */
static bool is_no_swap_limit(const struct plan_cgroup_write *write)
{
	return (str_eq(write->file, "memory.swap.max") ||
		str_eq(write->file, "memory.memsw.limit_in_bytes")) &&
	       (str_eq(write->value, "max") || str_eq(write->value, "0") ||
		str_eq(write->value, "-1"));
}

/* What the kernel means by its error. */
static const char *reason_of(const char *file, int error_number)
{
	if (error_number == ENOENT)
		return ", which this kernel does not have,";
	if (error_number == EINVAL && str_eq(file, "cpu.rt_runtime_us"))
		return ", which is more than the cgroup above leaves,";
	return "";
}

/* "linux.resources.memory.limit: ", and how much is in use where that is why. */
static int fail_write(const struct plan_cgroup_write *write, const char *file, const char *value,
		      const struct cgroup_making *making, struct err *e)
{
	int error_number = errno;
	int shown = (int)strcspn(value, "\n");
	char used[32] = "", current[32];

	if (str_eq(write->controller, "memory") && error_number == EBUSY &&
	    tree_read(making->directory,
		      making->hierarchy->v2 ? "memory.current" : "memory.usage_in_bytes", current,
		      sizeof(current)) == 0)
		snprintf(used, sizeof(used), "%s", current);
	fail_errno(e, error_number, "cgroup controller '%s': write '%.*s' to '%s'%s of '%s/%s'%s%s",
		   shown_controller(write), shown, value, file, reason_of(file, error_number),
		   making->hierarchy->mount_point, making->path, *used ? ", in use are " : "",
		   used);
	return write->field ? err_prefix(e, "%s", write->field) : -1;
}

static bool is_file_name(const char *file)
{
	return !str_empty(file) && !strchr(file, '/');
}

/* The file that was written to last: device rules are a dozen lines for one or two files. */
struct open_file {
	const struct cgroup_making *making;
	char name[NAME_MAX + 1];
	int fd;
};

static void open_file_release(struct open_file *file)
{
	replace_fd(&file->fd, -1);
}

static int write_text(struct open_file *open, const struct cgroup_making *making, const char *file,
		      const char *text)
{
	if (open->fd < 0 || open->making != making || !str_eq(open->name, file)) {
		replace_fd(&open->fd, tree_open_for_writing(making->directory, file));
		open->making = making;
		(void)snprintf(open->name, sizeof(open->name), "%s", file);
	}
	return open->fd < 0 ? -1 : tree_write_open(open->fd, text);
}

static int write_one(const struct plan_cgroup_write *write, const struct cgroup_making *making,
		     struct open_file *open, struct cgroup_changes *changes, struct err *e)
{
	const char *file = write->file, *value = write->value;

	if (!is_file_name(file))
		return fail(e, ERR_CONFIG, "cgroup controller '%s': '%s' is not the name of a file",
			    shown_controller(write), file ? file : "");
	if (write->other_file && faccessat(making->directory, file, F_OK, 0) < 0 &&
	    faccessat(making->directory, write->other_file, F_OK, 0) == 0) {
		file = write->other_file;
		value = write->other_value;
	}
	remember(changes, making, file);
	if (str_eq(file, "cpu.rt_runtime_us"))
		cgroup_give_realtime(making, value);
	if (write_text(open, making, file, value) == 0)
		return 0;
	if (errno == ENOENT && is_no_swap_limit(write))
		return 0;
	if (write->tolerated && errno == write->tolerated) {
		log_debug("cgroup: the kernel does not take '%s' in '%s'", value, file);
		return 0;
	}
	return fail_write(write, file, value, making, e);
}

/* memory.checkBeforeUpdate: v2 would take the limit and end processes until it fits. */
static int check_memory(const struct plan_cgroup *plan, const struct cgroup_making *makings,
			size_t n, struct err *e)
{
	const struct cgroup_making *making = find(makings, n, "memory");
	char text[32];
	uint64_t used;

	if (!plan->memory_check || !making)
		return 0;
	if (tree_read(making->directory,
		      making->hierarchy->v2 ? "memory.current" : "memory.usage_in_bytes", text,
		      sizeof(text)) < 0 ||
	    !parse_u64(text, &used))
		return fail_sys(e, "memory.checkBeforeUpdate: read what is in use in '%s/%s'",
				making->hierarchy->mount_point, making->path);
	if (used <= plan->memory_check)
		return 0;
	return fail(
		e, ERR_STATE,
		"memory.checkBeforeUpdate: the limit of %llu bytes is below the %llu that are in use",
		(unsigned long long)plan->memory_check, (unsigned long long)used);
}

/*
 * Limits of these stand in a relation (memory and memory with swap, quota and burst), so that in a
 * cgroup that an engine has made and filled, one is only accepted after the next. Never of `devices`,
 * where the order is the meaning.
 */
static bool may_come_later(const struct plan_cgroup_write *write, const struct err *e)
{
	return (e->sys == EINVAL || e->sys == EBUSY) &&
	       (str_eq(write->controller, "memory") || str_eq(write->controller, "cpu"));
}

static int write_all(const struct plan_cgroup *plan, const struct cgroup_making *makings, size_t n,
		     struct cgroup_changes *changes, struct err *e)
{
	__attribute__((cleanup(open_file_release))) struct open_file open = { .fd = -1 };
	size_t again[RETRIES_MAX];
	size_t n_again = 0;
	struct err reason;

	for (size_t i = 0; i < plan->writes.n; i++) {
		const struct plan_cgroup_write *write = &plan->writes.v[i];
		const struct cgroup_making *making = find(makings, n, write->controller);
		if (!making)
			return fail(
				e, ERR_CONFIG,
				"cgroup controller '%s' is not available on this host, '%s' cannot be set",
				shown_controller(write), write->file);
		if (write_one(write, making, &open, changes, &reason) == 0)
			continue;
		if (n_again == RETRIES_MAX || !may_come_later(write, &reason)) {
			*e = reason;
			return -1;
		}
		again[n_again++] = i;
	}
	for (size_t i = 0; i < n_again; i++) {
		const struct plan_cgroup_write *write = &plan->writes.v[again[i]];
		if (write_one(write, find(makings, n, write->controller), &open, NULL, e) < 0)
			return -1;
	}
	return 0;
}

int cgroup_write_limits(const struct plan_cgroup *plan, const struct cgroup_making *makings,
			size_t n, struct cgroup_changes *ret, struct err *e)
{
	struct cgroup_changes changes = { 0 };

	if (check_memory(plan, makings, n, e) < 0)
		return -1;
	if (write_all(plan, makings, n, &changes, e) < 0) {
		cgroup_changes_undo(&changes);
		return -1;
	}
	if (ret)
		*ret = changes;
	else
		cgroup_changes_release(&changes);
	return 0;
}

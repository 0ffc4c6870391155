/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The v1 freezer (freezer-subsystem.rst) and cgroup.freeze of v2 (cgroup-v2.rst). Runs in the runtime.
 */
#include "cgroup/freeze.h"

#include "base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

static bool is_unified(int directory_fd)
{
	char value[8];

	return tree_read(directory_fd, "cgroup.freeze", value, sizeof(value)) == 0;
}

/* FREEZING counts: it is what it was told. */
static bool is_v1_frozen(int directory_fd)
{
	char state[32];

	return tree_read(directory_fd, "freezer.state", state, sizeof(state)) == 0 &&
	       !str_eq(state, "THAWED");
}

bool cgroup_stands_still(int directory_fd)
{
	return tree_has_event(directory_fd, "cgroup.freeze", "1") ||
	       tree_has_event(directory_fd, "cgroup.events", "frozen 1") ||
	       is_v1_frozen(directory_fd);
}

void cgroup_hold_signals(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, before);
}

void cgroup_freeze(int directory_fd, int64_t milliseconds)
{
	bool unified = is_unified(directory_fd);
	struct patience patience;

	/* Without the file there is nothing to wait for. */
	if (tree_write(directory_fd, unified ? "cgroup.freeze" : "freezer.state",
		       unified ? "1" : "FROZEN") < 0)
		return;
	patience_start(&patience, milliseconds);
	while (!(unified ? tree_has_event(directory_fd, "cgroup.events", "frozen 1")
			 : tree_has_event(directory_fd, "freezer.state", "FROZEN")))
		if (!patience_pause(&patience))
			return;
}

void cgroup_thaw(int directory_fd)
{
	if (tree_write(directory_fd, "cgroup.freeze", "0") < 0)
		(void)!tree_write(directory_fd, "freezer.state", "THAWED");
}

static int thaw_one(int directory_fd, void *context, struct err *e)
{
	(void)context;
	(void)e;
	if (cgroup_stands_still(directory_fd))
		cgroup_thaw(directory_fd);
	return 0;
}

int cgroup_thaw_all(int directory_fd, const struct cgroup_record *record, struct err *e)
{
	struct own_walk own;

	own_walk_start(&own, directory_fd, record);
	const struct tree_visitor visitor = { .enter = thaw_one, .limit = &own.limit };
	return tree_walk(directory_fd, &visitor, e);
}

int cgroup_holds_caller(int directory_fd, bool *ret, struct err *e)
{
	autopids pids = { 0 };

	if (tree_add_pids(directory_fd, NULL, &pids, e) < 0)
		return -1;
	pid_set_sort(&pids);
	*ret = pid_set_has(&pids, (uint32_t)getpid());
	return 0;
}

/* As cgroup_stands_still(), but what cannot be read is an error and not a no. */
static int look_whether_frozen(int directory_fd, bool *ret, struct err *e)
{
	static const struct {
		const char *file, *line;
		int wanted;
	} signs[] = {
		{ "cgroup.freeze", "1", 1 },
		{ "cgroup.events", "frozen 1", 1 },
		{ "freezer.state", "THAWED", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		int rc = tree_look_for_event(directory_fd, signs[i].file, signs[i].line);
		/* ENODEV: the cgroup was removed meanwhile */
		if (rc < 0 && errno != ENOENT && errno != ENODEV)
			return fail_sys(e, "read '%s' of the container's cgroup", signs[i].file);
		if (rc == signs[i].wanted) {
			*ret = true;
			return 0;
		}
	}
	return 0;
}

/* What a file of one of the record's directories says; `usual` is a part of its path. */
static bool says(const struct cgroup_record *record, const char *usual, const char *file,
		 const char *line)
{
	char path[PATH_MAX];
	struct err ignored;

	for (size_t i = 0; i < record->directories.n; i++)
		if (strstr(record->directories.v[i], usual))
			return str_format(path, sizeof(path), &ignored, "%s/%s",
					  record->directories.v[i], file) == 0 &&
			       tree_look_for_event(AT_FDCWD, path, line) > 0;
	return false;
}

/* By path and by the usual names, without asking whose the groups are by now: where all say that nothing stands still,
 * nothing of the container does. */
static bool moves_for_sure(const struct cgroup_record *record)
{
	switch ((enum cgroup_layout)record->layout) {
	case CGROUP_V1:
		return says(record, "/freezer/", "freezer.state", "THAWED");
	case CGROUP_V2:
		/* one that is about to stand still is told so already */
		return says(record, "/", "cgroup.freeze", "0") &&
		       says(record, "/", "cgroup.events", "frozen 0");
	case CGROUP_HYBRID:
		/* this program has the v1 freezer do it */
		return says(record, "/freezer/", "freezer.state", "THAWED") &&
		       says(record, "/unified/", "cgroup.events", "frozen 0");
	case CGROUP_NONE:
		break;
	}
	return false;
}

int cgroup_ask_frozen(const struct cgroup_record *record, bool *ret, struct err *e)
{
	autoopened opened = { 0 };
	bool frozen = false;

	if (record->manage && cgroup_check_record(record, e) < 0)
		return -1;
	if (record->manage && moves_for_sure(record)) {
		*ret = false;
		return 0;
	}
	if (cgroup_open_freezers(record, &opened, e) < 0)
		return -1;
	for (size_t i = 0; i < opened.n && !frozen; i++)
		if (look_whether_frozen(opened.fds[i], &frozen, e) < 0)
			return -1;
	*ret = frozen;
	return 0;
}

bool cgroup_is_frozen(const struct cgroup_record *record)
{
	struct err ignored;
	bool frozen = false;

	return cgroup_ask_frozen(record, &frozen, &ignored) == 0 && frozen;
}

static int look_for_frozen(int directory_fd, void *context, struct err *e)
{
	bool *found = context;

	(void)e;
	*found |= is_v1_frozen(directory_fd);
	return 0;
}

bool cgroup_holds_frozen(const struct cgroup_record *record)
{
	autoopened opened = { 0 };
	struct err ignored;
	struct own_walk own;
	bool found = false;

	if (cgroup_open_record(record, &opened, &ignored) < 0)
		return false;
	int freezer = cgroup_opened_freezer(&opened);
	own_walk_start(&own, freezer, record);
	const struct tree_visitor visitor = {
		.enter = look_for_frozen,
		.context = &found,
		.limit = &own.limit,
	};
	if (freezer >= 0 && tree_walk(freezer, &visitor, &ignored) < 0)
		return false;
	return found;
}

/* The one that stands still together: v1 where it has the freezer, else v2. -1: none. Borrowed. */
static int find_freezer(const struct cgroup_opened *opened)
{
	int freezer = cgroup_opened_freezer(opened);

	if (freezer >= 0)
		return freezer;
	freezer = cgroup_opened_unified(opened);
	return freezer >= 0 && is_unified(freezer) ? freezer : -1;
}

/* Borrowed from *opened. */
static int open_freezer(const struct cgroup_record *record, const char *verb,
			struct cgroup_opened *opened, struct err *e)
{
	if (cgroup_open_whole(record, verb, opened, e) < 0)
		return -1;
	int freezer = find_freezer(opened);
	return freezer >= 0 ? freezer
			    : fail(e, ERR_STATE, "cgroup '%s' has no freezer", record->path);
}

/* By its own setting and not by that of a cgroup above. */
static bool is_told_to(int directory_fd)
{
	return tree_has_event(directory_fd, "cgroup.freeze", "1") ||
	       tree_has_event(directory_fd, "freezer.self_freezing", "1");
}

static bool is_all_frozen(int directory_fd)
{
	return tree_has_event(directory_fd, "cgroup.events", "frozen 1") ||
	       tree_has_event(directory_fd, "freezer.state", "FROZEN");
}

static int pause_opened(const struct cgroup_record *record, int freezer, int deadline_ms,
			struct err *e)
{
	bool unified = is_unified(freezer);
	struct patience patience;

	patience_start(&patience, deadline_ms);
	do {
		/* Again each time: v1 gives up on what was just forking or being traced. */
		if (tree_write(freezer, unified ? "cgroup.freeze" : "freezer.state",
			       unified ? "1" : "FROZEN") < 0) {
			fail_sys(e, "freeze cgroup '%s'", record->path);
			cgroup_thaw(freezer);
			return -1;
		}
		if (is_all_frozen(freezer))
			return 0;
	} while (patience_pause(&patience));
	cgroup_thaw(freezer);
	return fail_errno(
		e, ETIMEDOUT,
		"cgroup '%s' is not frozen after %d ms (a process in it may be waiting for a device); it goes on",
		record->path, deadline_ms);
}

int cgroup_pause(const struct cgroup_record *record, int deadline_ms, struct err *e)
{
	autoopened opened = { 0 };
	bool inside;
	sigset_t before;

	int freezer = open_freezer(record, "freeze", &opened, e);
	if (freezer < 0 || cgroup_holds_caller(freezer, &inside, e) < 0)
		return -1;
	if (inside)
		return fail(
			e, ERR_STATE,
			"cannot freeze cgroup '%s': this program is in it and would be frozen, too; run the command outside of it",
			record->path);
	cgroup_hold_signals(&before);
	int rc = pause_opened(record, freezer, deadline_ms, e);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}

int cgroup_resume(const struct cgroup_record *record, int deadline_ms, struct err *e)
{
	autoopened opened = { 0 };
	struct patience patience;

	int freezer = open_freezer(record, NULL, &opened, e);
	if (freezer < 0)
		return -1;
	bool ours = is_told_to(freezer);
	if (ours)
		cgroup_thaw(freezer);
	patience_start(&patience, ours ? deadline_ms : 0);
	while (cgroup_stands_still(freezer))
		if (!patience_pause(&patience))
			return fail(e, ERR_STATE, "cgroup '%s' is frozen by a cgroup above it",
				    record->path);
	return 0;
}

const char *cgroup_freezer_directory(const struct cgroup_record *record)
{
	static const char *const files[] = { "freezer.state", "cgroup.freeze" };
	struct err ignored;
	bool inside;

	if (cgroup_check_record(record, &ignored) < 0)
		return NULL;
	for (size_t f = 0; f < ARRAY_SIZE(files); f++)
		for (size_t i = 0; i < record->directories.n; i++) {
			const char *path = record->directories.v[i];
			autoclose int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
			if (fd < 0 || faccessat(fd, files[f], F_OK, 0) < 0)
				continue;
			/* The process that freezes must not be frozen. */
			return cgroup_holds_caller(fd, &inside, &ignored) == 0 && !inside ? path
											  : NULL;
		}
	return NULL;
}

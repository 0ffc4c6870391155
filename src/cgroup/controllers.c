/* SPDX-License-Identifier: Apache-2.0 */
/*
 * v2: controllers are switched on from the mount point down to the parent of the container's cgroup
 * (cgroup-v2.rst, "Enabling and Disabling"). Runs in the runtime.
 */
#include "cgroup/make.h"

#include "base/auto.h"
#include "os/log.h"

#include <fcntl.h>
#include <limits.h>

/* What engines look at in a container's cgroup (statistics, later updates), limits or not. */
static const char *const usual[] = { "cpu", "memory", "pids", "io", "cpuset" };

#define WANTED_MAX 32

struct wanted {
	size_t n;
	struct {
		const char *name;
		bool needed;
	} v[WANTED_MAX];
};

static int want(struct wanted *wanted, const char *name, bool needed, struct err *e)
{
	for (size_t i = 0; i < wanted->n; i++)
		if (str_eq(wanted->v[i].name, name))
			return 0;
	if (wanted->n == WANTED_MAX)
		return fail(e, ERR_CONFIG, "more than %d cgroup controllers are asked for",
			    WANTED_MAX);
	wanted->v[wanted->n].name = name;
	wanted->v[wanted->n++].needed = needed;
	return 0;
}

/* What the v2 tree of this host has; the rest is v1's business, or an error of cgroup_write_limits(). */
static int collect(const struct cgroup_making *making, const struct plan_cgroup *plan,
		   struct wanted *ret, struct err *e)
{
	const struct strlist *there = &making->hierarchy->controllers;

	for (size_t i = 0; i < plan->writes.n; i++)
		if (strlist_has(there, plan->writes.v[i].controller) &&
		    want(ret, plan->writes.v[i].controller, true, e) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (strlist_has(there, usual[i]) && want(ret, usual[i], false, e) < 0)
			return -1;
	return 0;
}

static bool has_all(const struct wanted *wanted, const char *list)
{
	for (size_t i = 0; i < wanted->n; i++)
		if (!tree_has_word(list, wanted->v[i].name))
			return false;
	return true;
}

static int fail_enable(struct err *e, const char *name, const char *mount_point, const char *above)
{
	if (errno == EBUSY)
		return fail_sys(
			e,
			"enable controller '%s' below cgroup '%s/%s': that cgroup has processes of its own, so no controller can be enabled below it",
			name, mount_point, above);
	return fail_sys(e, "enable controller '%s' below cgroup '%s/%s'", name, mount_point, above);
}

/* One write a controller, so that one which cannot be had does not keep the others away. */
static int enable_one_by_one(const struct cgroup_making *making, int fd, const char *above,
			     const struct wanted *missing, struct err *e)
{
	char word[NAME_MAX];

	for (size_t i = 0; i < missing->n; i++) {
		const char *name = missing->v[i].name;
		if (str_format(word, sizeof(word), e, "+%s", name) < 0)
			return -1;
		if (tree_write(fd, "cgroup.subtree_control", word) == 0)
			continue;
		if (missing->v[i].needed)
			return fail_enable(e, name, making->hierarchy->mount_point, above);
		log_debug("cgroup controller '%s' cannot be enabled below '%s/%s'", name,
			  making->hierarchy->mount_point, above);
	}
	return 0;
}

/* In one cgroup above the container's. */
static int enable_below(const struct cgroup_making *making, int fd, const char *above,
			const struct wanted *wanted, struct err *e)
{
	char available[1024], enabled[1024];
	struct wanted missing = { 0 };
	autostrbuf words = { 0 };

	if (tree_read(fd, "cgroup.controllers", available, sizeof(available)) < 0 ||
	    tree_read(fd, "cgroup.subtree_control", enabled, sizeof(enabled)) < 0)
		return fail_sys(e, "read the controllers of cgroup '%s/%s'",
				making->hierarchy->mount_point, above);
	for (size_t i = 0; i < wanted->n; i++) {
		const char *name = wanted->v[i].name;
		if (tree_has_word(enabled, name))
			continue;
		if (tree_has_word(available, name)) {
			missing.v[missing.n++] = wanted->v[i];
			strbuf_printf(&words, "%s+%s", words.length ? " " : "", name);
		} else if (wanted->v[i].needed) {
			return fail(e, ERR_CONFIG,
				    "cgroup controller '%s' is not available in cgroup '%s/%s'",
				    name, making->hierarchy->mount_point, above);
		}
	}
	if (missing.n == 0 || tree_write(fd, "cgroup.subtree_control", strbuf_text(&words)) == 0)
		return 0;
	return enable_one_by_one(making, fd, above, &missing, e);
}

int cgroup_enable_controllers(const struct cgroup_making *making, const struct plan_cgroup *plan,
			      struct err *e)
{
	struct wanted wanted = { 0 };
	char text[PATH_MAX];

	if (collect(making, plan, &wanted, e) < 0)
		return -1;
	/* What an ancestor has not enabled is not here either; mostly all is there already. */
	if (wanted.n == 0 ||
	    (tree_read(making->directory, "cgroup.controllers", text, sizeof(text)) == 0 &&
	     has_all(&wanted, text)))
		return 0;
	if (enable_below(making, making->mount, "", &wanted, e) < 0)
		return -1;
	for (const char *slash = strchr(making->path, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t length = (size_t)(slash - making->path);
		if (length >= sizeof(text))
			return fail_errno(e, ENAMETOOLONG, "open cgroup '%s'", making->path);
		memcpy(text, making->path, length);
		text[length] = '\0';
		autoclose int fd = tree_open_below(making->mount, text);
		if (fd < 0)
			return fail_sys(e, "open cgroup '%s/%s'", making->hierarchy->mount_point,
					text);
		if (enable_below(making, fd, text, &wanted, e) < 0)
			return -1;
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's cgroups: described, made, joined (cgroup.h). Runs in the runtime, but cgroup_join_self()
 * in the container's first process.
 */
#include "cgroup/device_program.h"
#include "cgroup/make.h"
#include "cgroup/record.h"
#include "plan/systemd.h"

#include "base/auto.h"
#include "os/io.h"
#include "sys/procfs.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <unistd.h>

/* Hybrid: all; v1, v2: what a container's layout is made of, whatever else is mounted. */
bool cgroup_takes_part(int layout, const struct cgroup_hierarchy_facts *hierarchy)
{
	switch ((enum cgroup_layout)layout) {
	case CGROUP_V1:
		return !hierarchy->v2;
	case CGROUP_V2:
		return hierarchy->v2;
	case CGROUP_HYBRID:
		return true;
	case CGROUP_NONE:
		break;
	}
	return false;
}

void cgroup_describe(const struct plan_cgroup *plan, const struct cgroup_facts *facts,
		     struct arena *arena, struct cgroup_record *ret)
{
	*ret = (struct cgroup_record){ .manage = plan->manage, .layout = plan->layout };
	if (plan->manage && plan->scope) {
		ret->unit = arena_strdup(arena, plan->scope->unit);
		ret->description = arena_strdup(arena, plan->scope->description);
		ret->user = plan->scope->user;
		return;
	}
	ret->path = plan->path ? arena_strdup(arena, plan->path) : NULL;
	ret->directories.v = arena_new_array(arena, char *, facts->hierarchies.n + 1);
	if (!plan->manage)
		return;
	for (size_t i = 0; i < facts->hierarchies.n; i++) {
		const struct cgroup_hierarchy_facts *hierarchy = &facts->hierarchies.v[i];
		if (cgroup_takes_part(plan->layout, hierarchy))
			ret->directories.v[ret->directories.n++] =
				arena_printf(arena, "%s%s", hierarchy->mount_point, plan->path);
	}
}

void cgroup_release(struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->n; i++) {
		close_keep_errno(cgroup->directories[i]);
		close_keep_errno(cgroup->tasks[i]);
	}
	close_keep_errno(cgroup->into);
	*cgroup = (struct cgroup)CGROUP_INIT;
}

/* The cgroups of one create, so that leaving early takes back what was made. */
struct making_all {
	size_t n;
	struct cgroup_making v[CGROUP_MAX_HIERARCHIES];
	bool done;
};

static void making_all_release(struct making_all *all)
{
	int saved = errno;

	while (all->n > 0) {
		struct cgroup_making *making = &all->v[--all->n];
		if (!all->done)
			cgroup_unmake_directory(making);
		cgroup_making_release(making);
	}
	errno = saved;
}

static int make_one(struct making_all *all, const struct plan_cgroup *plan,
		    const struct cgroup_hierarchy_facts *hierarchy,
		    const struct cgroup_claim *claim, pid_t inhabitant, struct err *e)
{
	if (all->n == CGROUP_MAX_HIERARCHIES)
		return fail(e, ERR_SYSTEM, "more than %d cgroup hierarchies are mounted",
			    CGROUP_MAX_HIERARCHIES);
	struct cgroup_making *making = &all->v[all->n++];
	*making = (struct cgroup_making){
		.hierarchy = hierarchy,
		.path = plan->path + 1,
		.mount = -1,
		.directory = -1,
		.inhabitant = inhabitant,
		.claim = claim,
	};
	if (cgroup_make_directory(making, e) < 0)
		return -1;
	if (hierarchy->v2)
		return cgroup_enable_controllers(making, plan, e);
	if (strlist_has(&hierarchy->controllers, "cpuset"))
		return cgroup_fill_cpuset(making, e);
	return 0;
}

static int open_for_join(struct cgroup *cgroup, struct cgroup_making *making, struct err *e)
{
	const char *mount_point = making->hierarchy->mount_point;
	size_t i = cgroup->n;

	cgroup->directories[i] = -1;
	cgroup->tasks[i] = -1;
	cgroup->n++;
	if (making->hierarchy->v2) {
		cgroup->into = fcntl(making->directory, F_DUPFD_CLOEXEC, 3);
		if (cgroup->into < 0)
			return fail_sys(e, "duplicate the descriptor of cgroup '%s/%s'",
					mount_point, making->path);
	} else {
		cgroup->tasks[i] =
			openat(making->directory, "tasks", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
		if (cgroup->tasks[i] < 0)
			return fail_sys(e, "open '%s/%s/tasks'", mount_point, making->path);
	}
	cgroup->directories[i] = take_fd(&making->directory);
	return 0;
}

static int attach_devices(const struct plan_cgroup *plan, const struct cgroup_making *makings,
			  size_t n, struct err *e)
{
	for (size_t i = 0; i < n && plan->devices.by_program; i++) {
		const struct cgroup_making *making = &makings[i];
		autostrbuf shown = { 0 };
		if (!making->hierarchy->v2)
			continue;
		strbuf_printf(&shown, "%s/%s", making->hierarchy->mount_point, making->path);
		return device_program_attach(making->directory, &plan->devices, strbuf_text(&shown),
					     e);
	}
	return 0;
}

/* cgroup-v2.rst "Delegation": its files for that and no other ones, or limits could be lifted from inside. */
static int delegate(const struct plan_cgroup *plan, const struct cgroup_making *makings, size_t n,
		    struct err *e)
{
	for (size_t i = 0; i < n && plan->delegate; i++) {
		const struct cgroup_making *making = &makings[i];
		autostrbuf shown = { 0 };
		if (!making->hierarchy->v2)
			continue;
		strbuf_printf(&shown, "%s/%s", making->hierarchy->mount_point, making->path);
		return cgroup_give(making->directory, plan->delegate_uid, plan->delegate_gid,
				   strbuf_text(&shown), e);
	}
	return 0;
}

/* Before a limit of the container's own, which v1 takes only if it is not above. The parent may lie anywhere, also where a
 * group above it has processes: then no process can be born in it once it has controllers. */
static int limit_parent(const struct plan_cgroup *plan, const struct cgroup_facts *facts,
			const struct making_all *all, struct err *e)
{
	if (!plan->parent->slice && cgroup_parent_limit(plan->parent, facts, e) < 0)
		return -1;
	for (size_t i = 0; i < all->n; i++)
		if (cgroup_check_type(&all->v[i], e) < 0)
			return -1;
	return 0;
}

static int create(const struct plan_cgroup *plan, const struct cgroup_facts *facts,
		  const struct cgroup_claim *claim, pid_t inhabitant, struct cgroup *ret,
		  struct err *e)
{
	__attribute__((cleanup(making_all_release))) struct making_all all = { .n = 0 };
	autocgroup cgroup = CGROUP_INIT;

	if (!plan->manage) {
		*ret = cgroup;
		return 0;
	}
	if (cgroup_check_path(plan->path, e) < 0)
		return -1;
	for (size_t i = 0; i < facts->hierarchies.n; i++)
		if (cgroup_takes_part(plan->layout, &facts->hierarchies.v[i]) &&
		    make_one(&all, plan, &facts->hierarchies.v[i], claim, inhabitant, e) < 0)
			return -1;
	if (plan->parent && limit_parent(plan, facts, &all, e) < 0)
		return -1;
	autochanges changes = { 0 };
	if (cgroup_write_limits(plan, all.v, all.n, &changes, e) < 0)
		return -1;
	if (attach_devices(plan, all.v, all.n, e) < 0 || delegate(plan, all.v, all.n, e) < 0) {
		cgroup_changes_undo(&changes);
		return -1;
	}
	cgroup.layout = plan->layout;
	/* Of v1 where it counts memory, since then v2 cannot. */
	for (size_t i = 0; i < all.n; i++)
		if (strlist_has(&all.v[i].hierarchy->controllers, "memory"))
			cgroup.memory = (int)i;
	for (size_t i = 0; i < all.n; i++)
		if (open_for_join(&cgroup, &all.v[i], e) < 0)
			return -1;
	all.done = true;
	*ret = cgroup;
	cgroup = (struct cgroup)CGROUP_INIT;
	return 0;
}

int cgroup_create(const struct plan_cgroup *plan, const struct cgroup_facts *facts,
		  const struct cgroup_claim *claim, struct cgroup *ret, struct err *e)
{
	return create(plan, facts, claim, 0, ret, e);
}

static int fail_join(const struct cgroup *cgroup, size_t i, struct err *e)
{
	int error_number = errno;
	char path[PATH_MAX];
	ssize_t n = readlink(fd_path(cgroup->directories[i]).text, path, sizeof(path) - 1);

	path[n > 0 ? n : 0] = '\0';
	return fail_errno(e, error_number, "join cgroup '%s'", n > 0 ? path : "?");
}

/* Slower than to be born there, but a unit is made for an existing process. */
static int join_process(const struct cgroup *cgroup, pid_t pid, struct err *e)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	for (size_t i = 0; i < cgroup->n; i++)
		if (tree_write(cgroup->directories[i], "cgroup.procs", text) < 0)
			return fail_join(cgroup, i, e);
	return 0;
}

int cgroup_adopt(const struct plan_cgroup *plan, const struct cgroup_facts *facts,
		 const struct cgroup_claim *claim, pid_t pid, struct cgroup *ret, struct err *e)
{
	autocgroup cgroup = CGROUP_INIT;

	if (create(plan, facts, claim, pid, &cgroup, e) < 0 ||
	    (plan->layout != CGROUP_V2 && join_process(&cgroup, pid, e) < 0))
		return -1;
	*ret = cgroup;
	cgroup = (struct cgroup)CGROUP_INIT;
	return 0;
}

int cgroup_join_self(const struct cgroup *cgroup, struct err *e)
{
	for (size_t i = 0; i < cgroup->n; i++) {
		ssize_t n;
		if (cgroup->tasks[i] < 0)
			continue;
		do
			n = write(cgroup->tasks[i], "0", 1);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return fail_join(cgroup, i, e);
	}
	return 0;
}

/* Those that the record names, as it was checked: what is written to must be the container's. */
static int open_for_update(const struct cgroup_facts *facts, const struct cgroup_record *record,
			   struct making_all *all, struct err *e)
{
	for (size_t i = 0; i < facts->hierarchies.n; i++) {
		const struct cgroup_hierarchy_facts *hierarchy = &facts->hierarchies.v[i];
		autostrbuf directory = { 0 };
		strbuf_printf(&directory, "%s%s", hierarchy->mount_point, record->path);
		if (!strlist_has(&record->directories, strbuf_text(&directory)) ||
		    all->n == CGROUP_MAX_HIERARCHIES)
			continue;
		struct cgroup_making *making = &all->v[all->n++];
		*making = (struct cgroup_making){
			.hierarchy = hierarchy,
			.path = record->path + 1,
			.mount = open(hierarchy->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC),
			.directory = -1,
		};
		if (making->mount >= 0)
			making->directory = tree_open_below(making->mount, making->path);
		if (making->directory < 0)
			return fail_sys(e, "open cgroup '%s'", strbuf_text(&directory));
	}
	return 0;
}

int cgroup_update(const struct plan_cgroup *plan, const struct cgroup_facts *facts,
		  const struct cgroup_record *record, struct cgroup_changes *ret, struct err *e)
{
	__attribute__((cleanup(making_all_release))) struct making_all all = { .done = true };

	if (cgroup_check_own(record, "change", e) < 0)
		return -1;
	if (open_for_update(facts, record, &all, e) < 0)
		return -1;
	return cgroup_write_limits(plan, all.v, all.n, ret, e);
}

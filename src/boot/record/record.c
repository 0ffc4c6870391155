/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the runtime writes down while a container is made, and how it takes everything back when a step
 * fails. Runs in the runtime.
 */
#include "boot/record/record.h"

#include "boot/record/address.h"
#include "boot/record/forward.h"

#include "base/str.h"
#include "cgroup/resctrl.h"
#include "cgroup/systemd.h"
#include "facts/groups.h"
#include "os/io.h"
#include "os/log.h"
#include "state/ids.h"
#include "sys/deadline.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int describe_rdt(struct record *r, struct err *e)
{
	struct rdt_record *record = arena_new(r->arena, struct rdt_record);
	const char *mount_point;

	if (!r->plan->rdt)
		return 0;
	if (rdt_mount_point(r->arena, &mount_point, e) < 0 ||
	    rdt_describe(r->plan->rdt, mount_point, r->arena, record, e) < 0)
		return -1;
	r->status->rdt = record;
	r->group->rdt = record;
	return 0;
}

/* `trusted.*` attributes are for those with power over the host (xattr(7)). */
static bool can_mark(const struct facts *facts)
{
	return !facts->rootless && (facts->effective & (UINT64_C(1) << CAP_SYS_ADMIN));
}

/* Its own cgroup has a directory in the tree of version 2. */
static bool has_unified(const struct record *r)
{
	int layout = r->facts->cgroup ? r->facts->cgroup->layout : CGROUP_NONE;

	return r->plan->cgroup.manage && (layout == CGROUP_V2 || layout == CGROUP_HYBRID);
}

int record_intent(struct record *r, struct err *e)
{
	struct intent_record *intent = arena_new(r->arena, struct intent_record);

	intent->version = STATE_VERSION;
	intent->id = r->state->id;
	intent->bundle = r->status->bundle;
	intent->ids = r->status->ids;
	if (process_identify(getpid(), r->arena, &intent->owner, e) < 0)
		return -1;
	r->group->record = arena_new(r->arena, struct cgroup_record);
	cgroup_describe(&r->plan->cgroup, r->facts->cgroup, r->arena, r->group->record);
	if (r->plan->cgroup.manage && can_mark(r->facts))
		r->group->record->mark = cgroup_mark_name(r->arena);
	intent->cgroup = r->group->record;
	if (describe_rdt(r, e) < 0)
		return -1;
	intent->rdt = r->status->rdt;
	if (record_describe_group(r->status, has_unified(r), r->arena, e) < 0)
		return -1;
	if (r->status->address)
		intent->group = r->status->address->group;
	r->status->cgroup = r->group->record;
	r->intent = intent;
	return state_write_intent(r->state, intent, e);
}

int record_ids(struct record *r, int *lock, struct err *e)
{
	if (r->status->ids.size == 0)
		return 0;
	/* also if it fails half way */
	r->has_ids = true;
	if (ids_record(ids_default_directory(r->arena), &r->status->ids,
		       facts_real_root(r->state->root, r->arena), r->state->id, e) < 0)
		return -1;
	replace_fd(lock, -1);
	return 0;
}

static struct cgroup_claim claim_of(const struct record *r)
{
	return (struct cgroup_claim){
		.name = r->group->record->mark,
		.id = r->state->id,
		.root = facts_real_root(r->state->root, r->arena),
		.exclusive = r->plan->cgroup.exclusive,
		.counts = facts_mark_counts,
	};
}

/* Without marks it is by the records that two who ask for one group at once know of each other: each has
 * written its intent before it looks. */
static int check_unmarked(struct record *r, struct err *e)
{
	const struct groups_options options = {
		.id = r->state->id,
		.root = facts_real_root(r->state->root, r->arena),
		.members_directory = r->members_directory,
	};
	struct facts facts = *r->facts;

	if (r->group->record->mark || !r->plan->cgroup.exclusive || !facts.cgroup_path)
		return 0;
	if (facts_groups(&options, r->arena, &facts, e) < 0)
		return -1;
	for (size_t i = 0; i < facts.groups.n; i++) {
		const struct group_facts *group = &facts.groups.v[i];
		struct cgroup_mark other = { .name = "?" };
		snprintf(other.id, sizeof(other.id), "%s", group->id);
		snprintf(other.root, sizeof(other.root), "%s", group->root);
		return cgroup_fail_overlap(&other, group->relation, facts.cgroup_path, e);
	}
	return 0;
}

int record_make_cgroup(struct record *r, struct err *e)
{
	const struct cgroup_claim claim = claim_of(r);

	if (!r->plan->cgroup.manage || r->plan->cgroup.scope)
		return 0;
	if (check_unmarked(r, e) < 0 ||
	    cgroup_create(&r->plan->cgroup, r->facts->cgroup, &claim, &r->group->cgroup, e) < 0)
		return -1;
	r->group->made = true;
	/* An engine may have made and used it. */
	cgroup_memory_of(&r->group->cgroup, &r->group->before);
	return 0;
}

int record_make_group(struct record *r, struct err *e)
{
	return record_open_group(r->status, true, &r->group->apart, e);
}

int record_make_rdt(struct record *r, struct err *e)
{
	const struct rdt_record *record = r->group->rdt;

	if (!record)
		return 0;
	if (rdt_make(record, e) < 0)
		return -1;
	r->group->rdt_made = true;
	return rdt_configure(r->plan->rdt, record, e);
}

int record_systemd_scope(struct record *r, pid_t pid, struct err *e)
{
	const struct cgroup_claim claim = claim_of(r);

	if (!r->plan->cgroup.manage || !r->plan->cgroup.scope)
		return 0;
	return cgroup_systemd_create(&r->plan->cgroup, r->facts->cgroup, &claim, pid, r->arena,
				     r->group->record, &r->group->made, &r->group->cgroup, e);
}

int record_init(struct record *r, pid_t pid, struct err *e)
{
	if (process_identify(pid, r->arena, &r->status->init, e) < 0)
		return -1;
	r->status->phase = PHASE_CREATING;
	return state_write_status(r->state, r->status, e);
}

int record_config(struct record *r, struct err *e)
{
	if (r->request && state_write_request(r->state, r->request, e) < 0)
		return -1;
	return state_write_config(r->state, r->spec, e);
}

int record_member(struct record *r, struct err *e)
{
	/* also if it fails half way */
	r->registered = true;
	return registry_add_container(r->members_directory, r->state, r->status, e);
}

int record_created(struct record *r, struct err *e)
{
	r->status->phase = PHASE_CREATED;
	/* Init does nothing that is not recorded before it is let go twice, and `start` has time in between. A pid file
	 * says that the record is there. */
	if (r->start_follows && !r->pid_file && r->plan->start_container.n == 0)
		return 0;
	return state_write_status(r->state, r->status, e);
}

/* No newline: containerd parses the whole file as a number. Renamed into place: conmon may read it the
 * moment it is there. */
int write_pid_file(const char *path, pid_t pid, struct arena *arena, bool *ret_written,
		   struct err *e)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *directory = ".";
	char text[16];
	autoclose int dirfd = -1;

	if (!path)
		return 0;
	if (slash)
		directory = arena_strndup(arena, path, slash == path ? 1 : (size_t)(slash - path));
	dirfd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return fail_sys(e, "open the directory of the pid file '%s'", path);
	snprintf(text, sizeof(text), "%d", pid);
	if (replace_file_at(dirfd, slash ? slash + 1 : path, 0644, text, strlen(text), e) < 0)
		return -1;
	*ret_written = true;
	return 0;
}

int record_pid_file(struct record *r, pid_t pid, struct err *e)
{
	return write_pid_file(r->pid_file, pid, r->arena, &r->pid_file_written, e);
}

static bool undo_cgroup(struct record *r)
{
	struct err e;

	if (!r->group->made || (cgroup_kill(r->group->record, deadline_ms(), &e) == 0 &&
				cgroup_remove(r->group->record, deadline_ms(), &e) == 0))
		return true;
	log_warning("after a failed start: %s", e.text);
	return false;
}

bool record_undo(struct record *r, pid_t init)
{
	struct err e;
	bool clean = true;

	/* Its names may be a new container's by now. */
	if (r->deleted)
		return true;
	/* It may be in uninterruptible sleep; then it outlives every deadline. */
	if (init > 0 && kill(init, 0) == 0)
		clean = false;
	clean &= undo_cgroup(r);
	if (r->group->rdt_made && rdt_remove(r->group->rdt, &e) < 0) {
		log_warning("after a failed start: %s", e.text);
		clean = false;
	}
	record_forward_end(r->state, r->status);
	record_address_end(r->state, r->status);
	if (record_end_group(r->status, r->intent, &e) < 0) {
		log_warning("after a failed start: %s", e.text);
		clean = false;
	}
	if (r->registered &&
	    registry_remove(r->members_directory, r->state->root, r->state->id, &e) < 0) {
		log_warning("after a failed start: %s", e.text);
		clean = false;
	}
	if (r->has_ids &&
	    ids_remove(ids_default_directory(r->arena), &r->status->ids,
		       facts_real_root(r->state->root, r->arena), r->state->id, &e) < 0) {
		log_warning("after a failed start: %s", e.text);
		clean = false;
	}
	/* A pid file that names a process that is gone again would lie. */
	if (r->pid_file_written)
		unlink(r->pid_file);
	return clean;
}

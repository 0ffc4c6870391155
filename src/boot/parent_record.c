/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the runtime writes down while a container is made, and how it takes everything back when a step
 * fails. Runs in the runtime.
 */
#include "boot/context.h"

#include "base/str.h"
#include "boot/joined_mounts.h"
#include "cgroup/resctrl.h"
#include "cgroup/systemd.h"
#include "facts/groups.h"
#include "os/io.h"
#include "os/log.h"
#include "sys/deadline.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int describe_rdt(struct boot *b, struct err *e)
{
	struct rdt_record *record = arena_new(b->arena, struct rdt_record);
	const char *mount_point;

	if (!b->plan->rdt)
		return 0;
	if (rdt_mount_point(b->arena, &mount_point, e) < 0 ||
	    rdt_describe(b->plan->rdt, mount_point, b->arena, record, e) < 0)
		return -1;
	b->status->rdt = record;
	return 0;
}

/* `trusted.*` attributes are for those with power over the host (xattr(7)). */
static bool can_mark(const struct facts *facts)
{
	return !facts->rootless && (facts->effective & (UINT64_C(1) << CAP_SYS_ADMIN));
}

int parent_record_intent(struct boot *b, struct err *e)
{
	struct intent_record *intent = arena_new(b->arena, struct intent_record);

	intent->version = STATE_VERSION;
	intent->id = b->state->id;
	intent->bundle = b->status->bundle;
	if (process_identify(getpid(), b->arena, &intent->owner, e) < 0)
		return -1;
	b->group.record = arena_new(b->arena, struct cgroup_record);
	cgroup_describe(&b->plan->cgroup, b->facts->cgroup, b->arena, b->group.record);
	if (b->plan->cgroup.manage && can_mark(b->facts))
		b->group.record->mark = cgroup_mark_name(b->arena);
	intent->cgroup = b->group.record;
	if (describe_rdt(b, e) < 0)
		return -1;
	intent->rdt = b->status->rdt;
	b->status->cgroup = b->group.record;
	b->intent = intent;
	return state_write_intent(b->state, intent, e);
}

static struct cgroup_claim claim_of(const struct boot *b)
{
	return (struct cgroup_claim){
		.name = b->group.record->mark,
		.id = b->state->id,
		.root = facts_real_root(b->state->root, b->arena),
		.exclusive = b->plan->cgroup.exclusive,
		.counts = facts_mark_counts,
	};
}

/* Without marks it is by the records that two who ask for one group at once know of each other: each has
 * written its intent before it looks. */
static int check_unmarked(struct boot *b, struct err *e)
{
	const struct groups_options options = {
		.id = b->state->id,
		.root = facts_real_root(b->state->root, b->arena),
		.members_directory = b->members_directory,
	};
	struct facts facts = *b->facts;

	if (b->group.record->mark || !b->plan->cgroup.exclusive || !facts.cgroup_path)
		return 0;
	if (facts_groups(&options, b->arena, &facts, e) < 0)
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

int parent_cgroup_create(struct boot *b, struct err *e)
{
	const struct cgroup_claim claim = claim_of(b);

	if (!b->plan->cgroup.manage || b->plan->cgroup.scope)
		return 0;
	if (check_unmarked(b, e) < 0 ||
	    cgroup_create(&b->plan->cgroup, b->facts->cgroup, &claim, &b->group.cgroup, e) < 0)
		return -1;
	b->group.made = true;
	/* An engine may have made and used it. */
	cgroup_memory_of(&b->group.cgroup, &b->group.before);
	return 0;
}

int parent_rdt_create(struct boot *b, struct err *e)
{
	const struct rdt_record *record = b->status->rdt;

	if (!record)
		return 0;
	if (rdt_make(record, e) < 0)
		return -1;
	b->group.rdt_made = true;
	return rdt_configure(b->plan->rdt, record, e);
}

/* Of exec too; what it clones inherits it. */
int parent_rdt_join(struct boot *b, struct err *e)
{
	return b->status->rdt ? rdt_join(b->status->rdt, b->peer.child.pid, e) : 0;
}

int parent_systemd_scope(struct boot *b, struct err *e)
{
	const struct cgroup_claim claim = claim_of(b);

	if (!b->plan->cgroup.manage || !b->plan->cgroup.scope)
		return 0;
	return cgroup_systemd_create(&b->plan->cgroup, b->facts->cgroup, &claim, b->peer.child.pid,
				     b->arena, b->group.record, &b->group.made, &b->group.cgroup,
				     e);
}

int parent_record_init(struct boot *b, struct err *e)
{
	struct member_record member = {
		.version = STATE_VERSION,
		.id = b->state->id,
		.root = b->state->root,
		.bundle = b->status->bundle,
	};

	if (process_identify(b->peer.child.pid, b->arena, &b->status->init, e) < 0)
		return -1;
	b->status->phase = PHASE_CREATING;
	if (state_write_status(b->state, b->status, e) < 0)
		return -1;
	member.init = b->status->init;
	member.network_cookie = b->status->network_cookie;
	member.network_path = b->status->network_path;
	/* also where it fails half way */
	b->registered = true;
	return registry_add(b->members_directory, &member, e);
}

int parent_record_created(struct boot *b, struct err *e)
{
	b->status->phase = PHASE_CREATED;
	return state_write_status(b->state, b->status, e);
}

/* No newline: containerd parses the whole file as a number. Renamed into place: conmon may read it the
 * moment it is there. */
int parent_pid_file(struct boot *b, struct err *e)
{
	const char *path = b->options->pid_file;
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *directory = ".";
	char text[16];
	autoclose int dirfd = -1;

	if (!path)
		return 0;
	if (slash)
		directory =
			arena_strndup(b->arena, path, slash == path ? 1 : (size_t)(slash - path));
	dirfd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return fail_sys(e, "open the directory of the pid file '%s'", path);
	snprintf(text, sizeof(text), "%d", b->peer.child.pid);
	if (replace_file_at(dirfd, slash ? slash + 1 : path, 0644, text, strlen(text), e) < 0)
		return -1;
	b->pid_file_written = true;
	return 0;
}

static bool undo_cgroup(struct boot *b)
{
	struct err e;

	if (!b->group.made || (cgroup_kill(b->group.record, deadline_ms(), &e) == 0 &&
			       cgroup_remove(b->group.record, deadline_ms(), &e) == 0))
		return true;
	log_warning("after a failed start: %s", e.text);
	return false;
}

bool parent_undo(struct boot *b)
{
	struct child init = b->peer.child;
	struct err e;
	bool clean = true;

	/* First home, so that nothing below happens in a namespace of somebody else. */
	if (parent_return_home(b, &e) < 0)
		log_warning("after a failed start: %s", e.text);
	parent_return_net_devices(b);
	parent_end(&b->peer.child);
	parent_joined_take_back(b);
	/* Where descriptors have run out taking back needs some. */
	boot_release(b);
	/* Its names may be a new container's by now. */
	if (b->deleted)
		return true;
	/* It may be in uninterruptible sleep; then it outlives every deadline. */
	if (init.pid > 0 && kill(init.pid, 0) == 0)
		clean = false;
	clean &= undo_cgroup(b);
	if (b->group.rdt_made && rdt_remove(b->status->rdt, &e) < 0) {
		log_warning("after a failed start: %s", e.text);
		clean = false;
	}
	if (b->registered &&
	    registry_remove(b->members_directory, b->state->root, b->state->id, &e) < 0) {
		log_warning("after a failed start: %s", e.text);
		clean = false;
	}
	/* A pid file that names a process that is gone again would lie. */
	if (b->pid_file_written)
		unlink(b->options->pid_file);
	return clean;
}

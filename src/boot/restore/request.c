/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What criu is told of the container that it is to make: its mounts, the namespaces that it enters, the descriptors
 * that it gets. Runs in the runtime.
 */
#include "boot/restore/restore.h"

#include "base/path.h"
#include "base/str.h"
#include "sys/mountinfo.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A source and what is mounted below it: for each the name that it has in the images. */
static void add_mount(struct restore_runtime *c, const struct mountinfo *info, size_t index)
{
	struct criu_pairs *mounts = &c->in->criu->mounts;
	const char *destination = c->plan->mounts.v[index].destination;
	const char *place = c->places.v[index];

	for (size_t i = 0; i < info->n; i++) {
		const char *found = info->v[i].mount_point;
		if (path_is_below(found, place))
			criu_pairs_add(mounts, c->in->create.arena,
				       arena_printf(c->in->create.arena, "%s%s", destination,
						    found + strlen(place)),
				       found);
	}
}

static int add_mounts(struct restore_runtime *c, struct err *e)
{
	struct criu_pairs *mounts = &c->in->criu->mounts;
	struct mountinfo info;
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)c->init.child.pid);
	if (mountinfo_read_at(AT_FDCWD, path, c->in->create.arena, &info, e) < 0)
		return -1;
	for (size_t i = 0; i < c->plan->mounts.n; i++)
		if (c->places.v[i])
			add_mount(c, &info, i);
	/* masked files */
	criu_pairs_add(mounts, c->in->create.arena, CRIU_NULL_KEY, "/dev/null");
	for (size_t i = 0; i < c->plan->devices.n; i++)
		if (c->plan->devices.v[i].bind)
			criu_pairs_add(mounts, c->in->create.arena, c->plan->devices.v[i].path,
				       c->plan->devices.v[i].path);
	return 0;
}

/* Namespaces that criu enters by path; ours, because a path is looked up once. */
static void add_joins(struct restore_runtime *c)
{
	static const struct {
		int type;
		const char *name;
	} kinds[] = {
		{ SPEC_NS_IPC, "ipc" },
		{ SPEC_NS_UTS, "uts" },
		{ SPEC_NS_TIME, "time" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		int fd = c->in->create.host->requested[kinds[i].type];
		if (fd >= 0 && plan_join_of(c->plan, kinds[i].type))
			criu_pairs_add(&c->in->criu->joins, c->in->create.arena, kinds[i].name,
				       arena_printf(c->in->create.arena, "/proc/%d/fd/%d",
						    (int)getpid(), fd));
	}
}

static void add_descriptors(struct restore_runtime *c)
{
	struct criu_request *r = c->in->criu;

	for (size_t i = 0; i < c->n_joined; i++)
		r->descriptors[r->n_descriptors++] = (struct criu_descriptor){
			.key = c->joined[i].key,
			.fd = RESTORE_FD_JOINED + (int)i,
		};
	for (int fd = 0; fd < 3; fd++) {
		const char *key = c->in->descriptors[fd];
		bool known = false;
		/* One that was stdout and stderr is one file of criu's. */
		for (size_t i = 0; i < r->n_descriptors; i++)
			known |= str_eq(r->descriptors[i].key, key);
		if (key && !known)
			r->descriptors[r->n_descriptors++] =
				(struct criu_descriptor){ .key = key, .fd = fd };
	}
}

int restore_fill_request(struct restore_runtime *c, struct err *e)
{
	struct criu_request *r = c->in->criu;

	if (add_mounts(c, e) < 0)
		return -1;
	add_joins(c);
	add_descriptors(c);
	r->type = CRIU_RESTORE;
	r->root = c->root_place;
	r->rst_sibling = true;
	r->notify_scripts = true;
	r->orphan_pts_master = true;
	r->evasive_devices = true;
	r->manage_cgroups = true;
	if (c->plan->cgroup.manage)
		r->cgroup_root = c->group.record->path;
	else
		r->cgroups_mode = CRIU_CGROUPS_IGNORE;
	return peer_go(&c->init, e);
}

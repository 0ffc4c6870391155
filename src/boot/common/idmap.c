/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Idmapped mounts (mount_setattr(2), "ID-mapped mounts"): the mapping is that of a user namespace, the
 * container's own or one that is made for it and has no process any more. It is given to a detached clone
 * that no process has seen yet, with the power over the file system that only the runtime has. Runs in the
 * runtime and in its helper in the container's mount namespace.
 */
#include "boot/common/idmap.h"

#include "base/str.h"
#include "boot/common/ids.h"
#include "sys/child.h"
#include "sys/idmap.h"
#include "sys/mount_api.h"
#include "sys/mountinfo.h"
#include "sys/nsfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A user namespace with these mappings; its only process ends before we return. */
static int make_user_namespace(const struct idmaps *m, const struct plan_idmap *idmap,
			       struct err *e)
{
	autochild holder = CHILD_INIT;

	if (idmap_hold(&holder, e) < 0 ||
	    write_id_maps(m->facts, m->arena, holder.pid, idmap->uid_map, idmap->gid_map, e) < 0)
		return -1;
	return nsfd_open(ns_path(holder.pid, "user").text, e);
}

static int open_container_namespace(const struct idmaps *m, struct err *e)
{
	int fd;

	if (plan_join_of(m->plan, SPEC_NS_USER)) {
		fd = fcntl(m->joined, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			return fail_sys(e, "duplicate the container's user namespace");
		return fd;
	}
	return nsfd_open(ns_path(m->init, "user").text, e);
}

static bool same_ids(const struct plan_idmap *a, const struct plan_idmap *b)
{
	if (!a->uid_map || !b->uid_map)
		return !a->uid_map && !b->uid_map;
	return str_eq(a->uid_map, b->uid_map) && str_eq(a->gid_map, b->gid_map);
}

/* Engines give many mounts the same ids: one namespace is enough for all of them. */
static int open_idmap(const struct idmaps *m, size_t index, struct err *e)
{
	const struct plan_mount *mounts = m->plan->mounts.v;
	const struct plan_idmap *idmap = &mounts[index].idmap;

	for (size_t i = 0; i < index; i++) {
		int fd;

		if (m->fds[i] < 0 || !same_ids(&mounts[i].idmap, idmap))
			continue;
		fd = fcntl(m->fds[i], F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			return fail_sys(e, "duplicate a user namespace");
		return fd;
	}
	return idmap->uid_map ? make_user_namespace(m, idmap, e) : open_container_namespace(m, e);
}

int open_idmaps(struct idmaps *m, struct err *e)
{
	size_t n = m->plan->mounts.n;

	m->fds = arena_new_array(m->arena, int, n ? n : 1);
	for (m->n = 0; m->n < n; m->n++)
		m->fds[m->n] = -1;
	if (m->plan->root_idmap) {
		m->root = open_container_namespace(m, e);
		if (m->root < 0)
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		const struct plan_mount *mount = &m->plan->mounts.v[i];

		if (!mount->idmap.given)
			continue;
		m->fds[i] = open_idmap(m, i, e);
		if (m->fds[i] < 0)
			return err_prefix(e, "mounts[%u]: '%s'", mount->index, mount->destination);
	}
	return 0;
}

void idmaps_close(struct idmaps *idmaps)
{
	for (size_t i = 0; i < idmaps->n; i++)
		replace_fd(&idmaps->fds[i], -1);
	replace_fd(&idmaps->root, -1);
	idmaps->n = 0;
}

/* The name of the file system's type, for people; "" if the kernel's table does not tell. */
static const char *type_of(struct arena *arena, int fd)
{
	struct mountinfo info;
	struct stat st;
	struct err ignored;

	if (fstat(fd, &st) < 0 || mountinfo_read(arena, &info, &ignored) < 0)
		return "";
	for (size_t i = 0; i < info.n; i++) {
		if (info.v[i].major == major(st.st_dev) && info.v[i].minor == minor(st.st_dev))
			return info.v[i].fstype;
	}
	return "";
}

int apply_idmap(struct arena *arena, int fd, const struct plan_mount *mount, int user_namespace,
		struct err *e)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_IDMAP,
					 .userns_fd = (uint64_t)user_namespace };
	int error_number;

	if (!mount->idmap.given ||
	    sys_mount_setattr(fd, "", AT_EMPTY_PATH | (mount->idmap.recursive ? AT_RECURSIVE : 0),
			      &attributes) == 0)
		return 0;
	error_number = errno;
	return fail_errno(e, error_number,
			  "mounts[%u]: map the ids of '%s' for '%s': its file system '%s'%s%s",
			  mount->index, mount->source, mount->destination, type_of(arena, fd),
			  mount->idmap.recursive ? ", or one below it," : "",
			  error_number == EINVAL  ? " has no idmapped mounts"
			  : error_number == EPERM ? " is not the caller's, or mapped already"
						  : "");
}

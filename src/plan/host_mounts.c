/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container without a mount namespace of its own: it gets its root file system by chroot(2), and whatever would be
 * mounted for it would be mounted on the host, so that is refused by the name of what asks for it. Pure.
 */
#include "plan/context.h"

#include "base/auto.h"

bool plan_is_root(const struct plan_mount *mount)
{
	return mount->kind != PLAN_MOUNT_REMOUNT && str_eq(mount->destination, "/");
}

static const char *asks_for_mounts(const struct plan_context *c)
{
	const struct plan *plan = c->plan;

	if (plan->mounts.n > 0)
		return "mounts[0]";
	if (plan->masked_paths.n > 0)
		return "linux.maskedPaths";
	if (plan->readonly_paths.n > 0)
		return "linux.readonlyPaths";
	if (plan->readonly_root)
		return "root.readonly";
	if (plan->rootfs_propagation)
		return "linux.rootfsPropagation";
	if (plan->process.terminal)
		return "process.terminal";
	for (size_t i = 0; i < plan->devices.n; i++)
		if (plan->devices.v[i].bind)
			return "linux.namespaces: the user namespace, whose devices are mounted";
	return NULL;
}

int plan_host_mounts(struct plan_context *c, struct err *e)
{
	const char *what = c->plan->namespaces.host_mounts ? asks_for_mounts(c) : NULL;

	if (!what)
		return 0;
	return fail(
		e, ERR_CONFIG,
		"%s: without a mount namespace in linux.namespaces it would change the host's own mounts; add one",
		what);
}

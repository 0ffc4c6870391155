/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Masked and read-only paths, and the kernel parameters that are set before them. Runs in the container's first
 * process, before the host's view is gone.
 */
#include "boot/create/init.h"

#include "base/str.h"
#include "boot/common/mask.h"
#include "sys/beneath.h"
#include "sys/mount_api.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>

/* An existing path, followed inside the root; 0 with *ret -1 if there is none. */
static int open_existing(struct root *r, const char *path, int *ret, struct err *e)
{
	*ret = sys_openat2(r->fd, path, O_PATH | O_CLOEXEC, 0,
			   RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	/* Only what is not there may stay unmasked; any other failure would leave it in sight. */
	if (*ret < 0 && errno != ENOENT && errno != ENOTDIR)
		return fail_sys(e, "open '%s' in the root filesystem", path);
	return 0;
}

int root_mask(struct root *r, struct err *e)
{
	autoclose int null = -1, empty = -1;

	if (r->plan->masked_paths.n == 0)
		return 0;
	null = open_null(e);
	if (null < 0)
		return -1;
	for (size_t i = 0; i < r->plan->masked_paths.n; i++) {
		const char *path = r->plan->masked_paths.v[i];
		autoclose int target = -1;
		if (open_existing(r, path, &target, e) < 0)
			return -1;
		if (target >= 0 && mask_path(target, path, null, &empty, r->plan, e) < 0)
			return -1;
	}
	return 0;
}

int root_make_readonly_paths(struct root *r, struct err *e)
{
	for (size_t i = 0; i < r->plan->readonly_paths.n; i++) {
		const char *path = r->plan->readonly_paths.v[i];
		autoclose int target = -1;
		if (open_existing(r, path, &target, e) < 0)
			return -1;
		if (target >= 0 && make_path_readonly(target, path, e) < 0)
			return -1;
	}
	return 0;
}

static bool is_of_network(const struct strpair *parameter)
{
	return str_has_prefix(parameter->key, "net/");
}

/* Through a procfs of our own, not through what the image may have put at /proc/sys. */
static int set_those(const struct plan *plan, bool network, bool others, struct err *e)
{
	autoclose int proc = -1;

	if (plan->sysctls.n == 0)
		return 0;
	proc = procfs_open(e);
	if (proc < 0)
		return -1;
	for (size_t i = 0; i < plan->sysctls.n; i++) {
		const struct strpair *parameter = &plan->sysctls.v[i];
		char path[256];
		if (!(is_of_network(parameter) ? network : others))
			continue;
		if (str_format(path, sizeof(path), e, "sys/%s", parameter->key) < 0 ||
		    procfs_write(proc, path, parameter->value, e) < 0)
			return err_prefix(e, "linux.sysctl: %s", parameter->key);
	}
	return 0;
}

int set_sysctls(const struct plan *plan, struct err *e)
{
	return set_those(plan, !plan->namespaces.late_by_thread, true, e);
}

int set_network_sysctls(const struct plan *plan, struct err *e)
{
	return set_those(plan, true, false, e);
}

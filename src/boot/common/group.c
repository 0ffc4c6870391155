/* SPDX-License-Identifier: Apache-2.0 */
/* See group.h. group_join() runs in the container's process, the rest in the runtime. */
#include "boot/common/group.h"

#include "base/auto.h"
#include "cgroup/resctrl.h"
#include "os/io.h"

#include <fcntl.h>
#include <stdio.h>

void group_release(struct boot_group *group)
{
	replace_fd(&group->procs, -1);
	replace_fd(&group->apart, -1);
	cgroup_release(&group->cgroup);
}

int group_into(const struct boot_group *group)
{
	return group->cgroup.into >= 0 ? group->cgroup.into : group->apart;
}

int group_join(struct boot_group *group, struct err *e)
{
	if (cgroup_join_self(&group->cgroup, e) < 0)
		return -1;
	if (group->procs >= 0 && write_fd_all(group->procs, "cgroup.procs", "0", 1, e) < 0)
		return -1;
	/* Their use is over; hooks will run in the container beside us. */
	group_release(group);
	return 0;
}

int group_take_in(const struct boot_group *group, pid_t pid, struct err *e)
{
	char number[16];
	autoclose int procs = -1;
	int length = snprintf(number, sizeof(number), "%d", (int)pid);

	if (cgroup_take_in(&group->cgroup, pid, e) < 0)
		return -1;
	if (group->apart < 0)
		return 0;
	procs = openat(group->apart, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (procs < 0)
		return fail_sys(e, "open 'cgroup.procs'");
	return write_fd_all(procs, "cgroup.procs", number, (size_t)length, e);
}

int group_join_rdt(const struct boot_group *group, pid_t pid, struct err *e)
{
	return group->rdt ? rdt_join(group->rdt, pid, e) : 0;
}

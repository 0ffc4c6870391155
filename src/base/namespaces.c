/* SPDX-License-Identifier: Apache-2.0 */
/* See namespaces.h. Pure. */
#include "base/namespaces.h"

#include "base/kernel.h"

#include <stddef.h>

/* clang-format off */
#define NAMESPACES(ROW)                                                  \
	ROW(SPEC_NS_PID, "pid", "pid", "PID", CLONE_NEWPID)              \
	ROW(SPEC_NS_NETWORK, "network", "net", "network", CLONE_NEWNET)  \
	ROW(SPEC_NS_MOUNT, "mount", "mnt", "mount", CLONE_NEWNS)         \
	ROW(SPEC_NS_IPC, "ipc", "ipc", "IPC", CLONE_NEWIPC)              \
	ROW(SPEC_NS_UTS, "uts", "uts", "UTS", CLONE_NEWUTS)              \
	ROW(SPEC_NS_USER, "user", "user", "user", CLONE_NEWUSER)         \
	ROW(SPEC_NS_CGROUP, "cgroup", "cgroup", "cgroup", CLONE_NEWCGROUP) \
	ROW(SPEC_NS_TIME, "time", "time", "time", CLONE_NEWTIME)
#define WHOLE(type, name, file, title, flag) [type] = { type, name, file, title, flag },
#define NAME_AND_TYPE(type, name, file, title, flag) { name, type },
#define NAME_AND_FLAG(type, name, file, title, flag) { name, flag },
/* clang-format on */

const struct ns_row ns_rows[SPEC_NS_COUNT + 1] = { NAMESPACES(WHOLE) };
const struct name_row spec_ns_names[] = { NAMESPACES(NAME_AND_TYPE){ NULL, 0 } };
const struct name_row ns_flag_names[] = { NAMESPACES(NAME_AND_FLAG){ NULL, 0 } };

const struct ns_row *ns_row_of_flag(uint64_t flag)
{
	int type = SPEC_NS_COUNT;

	while (type > 0 && ns_rows[type].flag != flag)
		type--;
	return &ns_rows[type];
}

/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/self/mountinfo as structs (proc_pid_mountinfo(5)). */
#ifndef SYS_MOUNTINFO_H
#define SYS_MOUNTINFO_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOUNTINFO_MAX (16u << 20)

struct mountinfo_entry {
	uint32_t id, parent;
	uint32_t major, minor;
	char *root, *mount_point; /* unescaped */
	char *options;            /* of the mount: "rw,nosuid" */
	char *tags;               /* "shared:1 master:2", "" if there are none */
	char *fstype, *source;
	char *super_options; /* of the file system: "rw,cpu,cpuacct" */
};
struct mountinfo {
	size_t n;
	struct mountinfo_entry *v;
};

/* Pure. A line that cannot be understood is an error of kind ERR_SYSTEM with its number. */
int mountinfo_parse(const char *text, struct arena *arena, struct mountinfo *ret, struct err *e)
	MUST_CHECK;

/* Of this process, through a verified procfs. */
int mountinfo_read(struct arena *arena, struct mountinfo *ret, struct err *e) MUST_CHECK;

/* Of another process: a file "mountinfo" below a descriptor. */
int mountinfo_read_at(int dirfd, const char *path, struct arena *arena, struct mountinfo *ret,
		      struct err *e) MUST_CHECK;

/* The entry with this id; NULL if there is none. */
const struct mountinfo_entry *mountinfo_find(const struct mountinfo *info, uint32_t id);

/* The id of the mount that a descriptor is on. That is the kernel's table alone: no file system is asked. */
int mount_id(int fd, uint32_t *ret, struct err *e) MUST_CHECK;
/* Its entry, NULL if there is none. */
int mountinfo_of(const struct mountinfo *info, int fd, const struct mountinfo_entry **ret,
		 struct err *e) MUST_CHECK;

/* Whether `mount` lies on `top`, or on what lies on it. */
bool mountinfo_is_on(const struct mountinfo *info, const struct mountinfo_entry *mount,
		     const struct mountinfo_entry *top);

/* Whether no path leads to it: another one is mounted on it, or on the way to it. */
bool mountinfo_is_hidden(const struct mountinfo *info, const struct mountinfo_entry *mount);

/* Whether a list such as "rw,cpu,cpuacct" has exactly this word. */
bool mount_options_have(const char *options, const char *word);

#endif

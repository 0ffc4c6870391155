/* SPDX-License-Identifier: Apache-2.0 */
/* bpf(2): programs and maps, by descriptors. Without a library: a few calls of one structure. */
#ifndef SYS_BPF_H
#define SYS_BPF_H

#include "base/err.h"

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/* BPF_CGROUP_MAX_PROGS of the kernel, which is its limit for each type and group. */
#define BPF_ATTACHED_MAX 64

struct bpf_text {
	const char *name; /* at most 15 bytes, shown by the kernel; NULL: none */
	const char *license;
	enum bpf_prog_type type;
	enum bpf_attach_type attach; /* where it is to be put; 0 where its type says it */
	const struct bpf_insn *v;
	size_t n;
};
/* Its descriptor. EPERM: it takes CAP_BPF (and CAP_NET_ADMIN, for programs of the network) or CAP_SYS_ADMIN in the initial
 * user namespace. */
int bpf_load(const struct bpf_text *text, struct err *e) MUST_CHECK;

/* To a cgroup beside what is there: with other flags than these a process without any capability could detach it by a
 * descriptor of the directory alone. replaced_fd -1: in place of none. -1 and errno. */
int bpf_attach(int cgroup_fd, int program_fd, int replaced_fd, enum bpf_attach_type type);
int bpf_detach(int cgroup_fd, int program_fd, enum bpf_attach_type type);
/* How many of the group's own there are, and their ids. -1 and errno. */
int bpf_attached(int cgroup_fd, enum bpf_attach_type type, uint32_t ids[BPF_ATTACHED_MAX]);
/* Descriptors; -1 and errno (ENOENT: it is not there any more). */
int bpf_program_by_id(uint32_t id);
int bpf_map_by_id(uint32_t id);
/* Its name, and the ids of the maps that it uses; *n is how many there is room for, then how many there are. */
int bpf_program_info(int program_fd, char name[BPF_OBJ_NAME_LEN], uint32_t *map_ids, size_t *n);
int bpf_program_id(int program_fd, uint32_t *ret);

int bpf_map_create(enum bpf_map_type type, const char *name, size_t key, size_t value,
		   size_t entries);
int bpf_map_id(int map_fd, uint32_t *ret);
/* How many bytes its values have. */
int bpf_map_value_size(int map_fd, size_t *ret);
int bpf_map_set(int map_fd, const void *key, const void *value, uint64_t flags);
int bpf_map_get(int map_fd, const void *key, void *value);

#endif

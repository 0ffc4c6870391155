/* SPDX-License-Identifier: Apache-2.0 */
/* Device rules as a program of the kernel's eBPF machine. Private to cgroup/. */
#ifndef CGROUP_DEVICE_PROGRAM_H
#define CGROUP_DEVICE_PROGRAM_H

#include "plan/plan.h"

#include <linux/bpf.h>

struct device_program {
	size_t n;
	struct bpf_insn *v; /* owned */
};
void device_program_release(struct device_program *program);
#define autoprogram __attribute__((cleanup(device_program_release))) struct device_program

/* For BPF_PROG_TYPE_CGROUP_DEVICE; returns 1 to allow, 0 to deny. Pure. */
void device_program_make(const struct plan_device_rules *rules, struct device_program *ret);

/* Load and attach it to a v2 cgroup in place of what is there. */
int device_program_attach(int directory_fd, const struct plan_device_rules *rules,
			  const char *shown, struct err *e) MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* See address.h. Runs in the runtime. */
#include "address/address.h"

#include "address/anchor.h"
#include "base/auto.h"
#include "sys/caller.h"

#include <errno.h>

static bool has_fence(const struct programs *programs)
{
	bool ret = false;

	for (size_t i = 0; i < address_hooks_n; i++) {
		if (!address_hooks[i].optional)
			continue;
		ret = programs->fds[i] >= 0 || programs->ids[i];
		if (!ret)
			break;
	}
	return ret;
}

/* One sentence for a person: what is wrong, what mends it. */
static void explain(struct err *why)
{
	const int number = why->sys;
	char text[128];

	if (number == EPERM || number == EACCES) {
		if (caller_is_rootless())
			fail(why, ERR_SYSTEM,
			     "programs at cgroups (BPF) are for root of the initial user namespace alone; run the engine as root of the host");
		else
			fail(why, ERR_SYSTEM,
			     "programs at cgroups (BPF) take CAP_SYS_ADMIN, which the caller does not have; give it to the engine");
	} else if (number == ENOSYS) {
		fail(why, ERR_SYSTEM,
		     "the kernel has no bpf(2); it takes one with CONFIG_BPF_SYSCALL and CONFIG_CGROUP_BPF");
	} else if (number == ENODEV) {
		fail(why, ERR_SYSTEM,
		     "the kernel has no cgroups of version 2; it takes one with CONFIG_CGROUPS and CONFIG_CGROUP_BPF");
	} else if (number == EINVAL) {
		fail(why, ERR_SYSTEM,
		     "the kernel does not have what the programs at cgroups need; Linux 6.1 and later have, with CONFIG_CGROUP_BPF and without lockdown=confidentiality");
	} else {
		fail(why, ERR_SYSTEM, "programs at cgroups (BPF) cannot be loaded: %s",
		     errno_text(number, text, sizeof(text)));
	}
}

static int probe(bool *fence, struct err *e)
{
	autoclose int tree = address_tree_open(e);
	autoprograms programs;

	programs_none(&programs);
	if (tree < 0)
		return -1;
	switch (anchor_look(tree, &programs)) {
	case -1:
		return fail_sys(e, "ask for programs at cgroups");
	case 0:
		programs_close(&programs);
		if (programs_load(&programs, e) < 0)
			return -1;
	}
	*fence = has_fence(&programs);
	return 0;
}

void address_probe(struct address_support *ret)
{
	*ret = (struct address_support){ 0 };
	ret->programs = probe(&ret->fence, &ret->why) == 0;
	if (!ret->programs)
		explain(&ret->why);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs at groups are put there so that a process without any capability cannot take them off by a descriptor of the
 * group, which it may open for reading: the kernel allows that of those that do not allow others beside them.
 * world: legacy hybrid v2
 */
#include "address/address.h"
#include "base/auto.h"
#include "cgroup/device_program.h"
#include "sys/bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define GROUP "detach-test"
static int tree, group;

static const struct {
	enum bpf_attach_type type;
	bool optional;
} types[] = {
	{ BPF_CGROUP_DEVICE, false },
	{ BPF_CGROUP_INET4_BIND, false },
	{ BPF_CGROUP_INET6_BIND, false },
	{ BPF_CGROUP_INET4_CONNECT, false },
	{ BPF_CGROUP_INET6_CONNECT, false },
	{ BPF_CGROUP_UDP4_SENDMSG, false },
	{ BPF_CGROUP_UDP6_SENDMSG, false },
	{ BPF_CGROUP_UDP4_RECVMSG, false },
	{ BPF_CGROUP_UDP6_RECVMSG, false },
	{ BPF_CGROUP_INET4_GETSOCKNAME, false },
	{ BPF_CGROUP_INET6_GETSOCKNAME, false },
	{ BPF_CGROUP_INET4_GETPEERNAME, false },
	{ BPF_CGROUP_INET6_GETPEERNAME, false },
	{ BPF_CGROUP_INET_EGRESS, true },
	{ BPF_CGROUP_INET_INGRESS, true },
};

static uint32_t flags_of(enum bpf_attach_type type)
{
	union bpf_attr attr = { .query.target_fd = (uint32_t)group };

	attr.query.attach_type = type;
	assert_int_equal(syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)), 0);
	return attr.query.attach_flags;
}

/* In a process without any capability; the number of those that it has taken off. */
static int detach_all(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { { 0 } };
	pid_t pid = fork();
	int status, n = 0;

	if (pid == 0) {
		if (syscall(SYS_capset, &header, sets) < 0)
			_exit(100);
		for (size_t i = 0; i < ARRAY_SIZE(types); i++)
			for (int program = -1; program <= 0; program++)
				n += bpf_detach(group, program, types[i].type) == 0;
		_exit(n);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void nothing_is_taken_off_without_a_capability(void **state)
{
	const struct plan_device_rules rules = { .by_program = true };
	const struct address_data data = { .cookie = 1 };
	struct address_support support;
	uint32_t ids[BPF_ATTACHED_MAX];
	struct err e;

	(void)state;
	address_probe(&support);
	/* again, in place of the one before */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(device_program_attach(group, &rules, GROUP, &e), 0);
		assert_int_equal(address_arm(tree, group, &data, &e), 0);
	}
	assert_int_equal(detach_all(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i].optional && !support.fence)
			continue;
		assert_int_equal(flags_of(types[i].type), BPF_F_ALLOW_MULTI);
		assert_int_equal(bpf_attached(group, types[i].type, ids), 1);
	}
}

static int set_up(void **state)
{
	struct err e;

	(void)state;
	tree = address_tree_open(&e);
	if (tree < 0 || mkdirat(tree, GROUP, 0755) < 0)
		return -1;
	group = openat(tree, GROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return group < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(group);
	return unlinkat(tree, GROUP, AT_REMOVEDIR) < 0 ||
			       unlinkat(tree, ADDRESS_ANCHOR, AT_REMOVEDIR) < 0
		       ? -1
		       : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_taken_off_without_a_capability),
	};

	return cmocka_run_group_tests_name("detach_root", tests, set_up, tear_down);
}

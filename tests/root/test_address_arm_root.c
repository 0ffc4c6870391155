/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs for addresses of distributions' own at groups of the running kernel: who can have them, what they cost.
 * world: legacy hybrid v2
 */
#include "address_root.h"
#include "sys/bpf.h"

/* --- whether it can be had --- */

static void probe_as_user(size_t which, int ready)
{
	struct address_support support;

	(void)which;
	(void)ready;
	MUST(setresuid(1000, 1000, 1000) == 0);
	address_probe(&support);
	MUST(!support.programs && !support.fence);
	MUST(strstr(support.why.text, "root of the host"));
}

static void probe_in_user_namespace(size_t which, int ready)
{
	struct address_support support;

	(void)which;
	(void)ready;
	MUST(unshare(CLONE_NEWUSER) == 0);
	address_probe(&support);
	MUST(!support.programs && !support.fence);
	MUST(strstr(support.why.text, "root of the host"));
}

static void probe_without_capability(size_t which, int ready)
{
	struct address_support support;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { { 0 } };

	(void)which;
	(void)ready;
	MUST(syscall(SYS_capset, &header, sets) == 0);
	address_probe(&support);
	MUST(!support.programs && !support.fence);
	MUST(strstr(support.why.text, "CAP_SYS_ADMIN"));
}

static void who_cannot_have_it_is_told_why(void **state)
{
	struct address_support support;

	(void)state;
	arm_both(0);
	/* with the programs, and without them */
	for (int i = 0; i < 2; i++) {
		address_probe(&support);
		assert_true(support.programs);
		in(0, probe_as_user);
		in(0, probe_in_user_namespace);
		in(0, probe_without_capability);
		if (i == 0)
			assert_int_equal(unlinkat(machine.tree, ADDRESS_ANCHOR, AT_REMOVEDIR), 0);
	}
}

/* --- what they cost --- */

static unsigned bpf_calls;
/* of the linker's --wrap */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	long v[6];
	va_list list;

	va_start(list, number);
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		v[i] = va_arg(list, long);
	va_end(list);
	bpf_calls += number == SYS_bpf;
	return __real_syscall(number, v[0], v[1], v[2], v[3], v[4], v[5]);
}

/* An attachment for each program, and as many to find it; besides, what the anchor is asked, whether the group has some, and
 * the data. */
#define PROGRAMS 14
#define ARM_MAX (2 * PROGRAMS + 11)
#define PROBE_MAX 6
#define GROUPS_MANY 200

static unsigned programs_at(int group)
{
	static const enum bpf_attach_type types[] = {
		BPF_CGROUP_INET4_BIND,        BPF_CGROUP_INET6_BIND,
		BPF_CGROUP_INET4_CONNECT,     BPF_CGROUP_INET6_CONNECT,
		BPF_CGROUP_UDP4_SENDMSG,      BPF_CGROUP_UDP6_SENDMSG,
		BPF_CGROUP_UDP4_RECVMSG,      BPF_CGROUP_UDP6_RECVMSG,
		BPF_CGROUP_INET4_GETSOCKNAME, BPF_CGROUP_INET6_GETSOCKNAME,
		BPF_CGROUP_INET4_GETPEERNAME, BPF_CGROUP_INET6_GETPEERNAME,
		BPF_CGROUP_INET_EGRESS,       BPF_CGROUP_INET_INGRESS,
	};
	uint32_t ids[BPF_ATTACHED_MAX];
	unsigned ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		ret += (unsigned)bpf_attached(group, types[i], ids);
	return ret;
}

static void a_group_takes_as_few_calls_as_there_are_programs(void **state)
{
	const struct address_data data = { .cookie = 1, .v4 = { word("10.77.0.99") } };
	struct address_support support;
	struct err e;

	(void)state;
	arm_both(0);
	for (int i = 0; i < GROUPS_MANY; i++) {
		char name[32];

		snprintf(name, sizeof(name), "address-many-%d", i);
		assert_int_equal(mkdirat(machine.tree, name, 0755), 0);
		autoclose int group =
			openat(machine.tree, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		bpf_calls = 0;
		assert_int_equal(address_arm(machine.tree, group, &data, &e), 0);
		assert_in_range(bpf_calls, PROGRAMS, ARM_MAX);
	}
	bpf_calls = 0;
	address_probe(&support);
	assert_true(support.programs);
	assert_in_range(bpf_calls, 1, PROBE_MAX);
	for (int i = 0; i < GROUPS_MANY; i++) {
		char name[32];

		snprintf(name, sizeof(name), "address-many-%d", i);
		assert_int_equal(unlinkat(machine.tree, name, AT_REMOVEDIR), 0);
	}
}

static void a_group_has_each_program_once(void **state)
{
	(void)state;
	arm_both(0);
	arm_both(ADDRESS_PRIVATE_LOOPBACK);
	assert_int_equal(programs_at(machine.groups[0]), PROGRAMS);
	/* those of another version, which are at another anchor, go */
	assert_int_equal(unlinkat(machine.tree, ADDRESS_ANCHOR, AT_REMOVEDIR), 0);
	arm_both(0);
	assert_int_equal(programs_at(machine.groups[0]), PROGRAMS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_cannot_have_it_is_told_why),
		cmocka_unit_test(a_group_takes_as_few_calls_as_there_are_programs),
		cmocka_unit_test(a_group_has_each_program_once),
	};

	return cmocka_run_group_tests_name("address_arm_root", tests, set_up, tear_down);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A distribution that is root, with all capabilities, tries to have the address of another one in the same network. What one
 * with capabilities of the host's user namespace can still do is in SECURITY.md.
 * world: legacy hybrid v2
 */
#include "address_root.h"
#include "sys/bpf.h"

#include <linux/capability.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define IO_BIND 56 /* IORING_OP_BIND, of Linux 6.11 and later */
#ifndef IPPROTO_UDPLITE
#define IPPROTO_UDPLITE 136
#endif
#define HOST_PORT 5003
static int host; /* where the host is asked */
static bool fenced;

static void set(int fd, int level, int option)
{
	const int yes = 1;

	MUST(setsockopt(fd, level, option, &yes, sizeof(yes)) == 0);
}

/* --- bind(2) --- */

static const struct {
	int type, protocol;
} kinds[] = {
	{ SOCK_STREAM, 0 },
	{ SOCK_DGRAM, 0 },
	{ SOCK_STREAM, IPPROTO_MPTCP },
	{ SOCK_DGRAM, IPPROTO_UDPLITE },
};
static const struct {
	int level4, option4, level6, option6;
} options[] = {
	{ 0, 0, 0, 0 },
	{ IPPROTO_IP, IP_FREEBIND, IPPROTO_IPV6, IPV6_FREEBIND },
	{ IPPROTO_IP, IP_TRANSPARENT, IPPROTO_IPV6, IPV6_TRANSPARENT },
	{ IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT },
	{ SOL_SOCKET, SO_REUSEPORT, SOL_SOCKET, SO_REUSEPORT },
	{ SOL_SOCKET, SO_BINDTODEVICE, SOL_SOCKET, SO_BINDTODEVICE },
};

static void prepare(int fd, size_t option, bool is_six)
{
	const int level = is_six ? options[option].level6 : options[option].level4;
	const int name = is_six ? options[option].option6 : options[option].option4;

	if (name == SO_BINDTODEVICE && level == SOL_SOCKET)
		MUST(setsockopt(fd, level, name, "dsn", sizeof("dsn")) == 0);
	else if (name)
		set(fd, level, name);
}

static void bind_in_each_way(size_t which, int ready)
{
	const char *const at[] = { four[1 - which], "10.77.0.2", "203.0.113.9",
				   six[1 - which],  "fd77::2",   "2001:db8::9" };
	char mapped[64];

	(void)ready;
	snprintf(mapped, sizeof(mapped), "::ffff:%s", four[1 - which]);
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		for (size_t o = 0; o < ARRAY_SIZE(options); o++)
			for (size_t i = 0; i <= ARRAY_SIZE(at); i++) {
				const char *to = i < ARRAY_SIZE(at) ? at[i] : mapped;
				const bool is_six = strchr(to, ':');
				autoclose int fd =
					socket(is_six ? AF_INET6 : AF_INET,
					       kinds[k].type | SOCK_CLOEXEC, kinds[k].protocol);

				/* a kernel need not have each of them */
				if (fd < 0)
					continue;
				prepare(fd, o, is_six);
				MUST(is_refused(bind_to(fd, to, 7000)));
			}
}

static void bind_is_refused(void **state)
{
	(void)state;
	for (uint32_t flags = 0; flags <= ADDRESS_PRIVATE_LOOPBACK; flags++) {
		arm_both(flags);
		in(1, bind_in_each_way);
	}
}

/* SCTP binds and connects without a hook, so that the fence alone holds it. */
static void send_by_sctp(size_t which, int ready)
{
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);

	(void)ready;
	if (fd < 0)
		return;
	MUST(bind_to(fd, four[1 - which], 0) == 0);
	alarm(2);
	MUST(connect_to(fd, "10.77.0.1", HOST_PORT) < 0);
}

static void sctp_does_not_get_out(void **state)
{
	(void)state;
	if (!fenced)
		skip();
	arm_both(0);
	in(1, send_by_sctp);
}

/* --- connect(2) --- */

static const char *host_sees(void)
{
	static union address from;
	socklen_t size = sizeof(from);
	autoclose int fd = accept4(host, &from.any, &size, SOCK_CLOEXEC);

	assert_true(fd >= 0);
	return text_of(&from);
}

static void connect_plainly(size_t which, int ready)
{
	autoclose int fd = open_socket("10.77.0.1", SOCK_STREAM, 0);

	(void)which;
	(void)ready;
	MUST(connect_to(fd, "10.77.0.1", HOST_PORT) == 0);
}

static void connect_by_fast_open(size_t which, int ready)
{
	autoclose int fd = open_socket("10.77.0.1", SOCK_STREAM, 0);
	const union address to = make_address("10.77.0.1", HOST_PORT);

	(void)which;
	(void)ready;
	MUST(sendto(fd, "?", 1, MSG_FASTOPEN, &to.any, size_of(&to)) == 1);
}

static void connect_by_mptcp(size_t which, int ready)
{
	autoclose int fd = open_socket("10.77.0.1", SOCK_STREAM, IPPROTO_MPTCP);

	(void)which;
	(void)ready;
	MUST(connect_to(fd, "10.77.0.1", HOST_PORT) == 0);
}

static void connect_at_a_device(size_t which, int ready)
{
	autoclose int fd = open_socket("10.77.0.1", SOCK_STREAM, 0);

	(void)which;
	(void)ready;
	MUST(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "dsn", sizeof("dsn")) == 0);
	MUST(connect_to(fd, "10.77.0.1", HOST_PORT) == 0);
}

static void connect_transparently(size_t which, int ready)
{
	autoclose int fd = open_socket("10.77.0.1", SOCK_STREAM, 0);

	set(fd, IPPROTO_IP, IP_TRANSPARENT);
	set(fd, IPPROTO_IP, IP_FREEBIND);
	MUST(is_refused(bind_to(fd, four[1 - which], 0)));
	connect_plainly(which, ready);
}

static int disconnect(int fd)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };

	return connect(fd, &none, sizeof(none));
}

static void connect_again(size_t which, int ready)
{
	autoclose int fd = open_socket("10.77.0.1", SOCK_STREAM, 0);
	autoclose int datagrams = open_socket("10.77.0.1", SOCK_DGRAM, 0);

	(void)ready;
	MUST(connect_to(datagrams, "10.77.0.1", 9) == 0 && disconnect(datagrams) == 0);
	MUST(bind_to(datagrams, four[1 - which], 7001) < 0);
	MUST(connect_to(datagrams, "10.77.0.1", 9) == 0);
	MUST(is(name_of(datagrams), four[which]));
	MUST(connect_to(fd, "10.77.0.1", 9) < 0 && errno == ECONNREFUSED);
	MUST(disconnect(fd) == 0 && bind_to(fd, four[1 - which], 7001) < 0);
	MUST(connect_to(fd, "10.77.0.1", HOST_PORT) == 0);
	MUST(is(name_of(fd), four[which]));
}

static void connect_comes_from_the_own_address(void **state)
{
	void (*const ways[])(size_t, int) = {
		connect_plainly,     connect_by_fast_open,  connect_by_mptcp,
		connect_at_a_device, connect_transparently, connect_again,
	};

	(void)state;
	arm_both(0);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		in(1, ways[i]);
		assert_string_equal(host_sees(), four[1]);
	}
}

static void repair(size_t which, int ready)
{
	autoclose int fd = open_socket("10.77.0.1", SOCK_STREAM, 0);

	(void)ready;
	set(fd, IPPROTO_TCP, TCP_REPAIR);
	MUST(is_refused(bind_to(fd, four[1 - which], 7002)));
	MUST(connect_to(fd, "10.77.0.1", HOST_PORT) == 0);
	MUST(is(name_of(fd), four[which]));
}

static void tcp_repair_takes_no_other_address(void **state)
{
	(void)state;
	arm_both(0);
	in(1, repair);
}

/* --- io_uring --- */

struct ring {
	int fd;
	struct io_uring_params p;
	char *queue, *done;
	struct io_uring_sqe *entries;
};

static bool ring_open(struct ring *r)
{
	memset(r, 0, sizeof(*r));
	r->fd = (int)syscall(SYS_io_uring_setup, 4, &r->p);
	if (r->fd < 0)
		return false;
	r->queue = mmap(NULL, r->p.sq_off.array + r->p.sq_entries * sizeof(unsigned),
			PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQ_RING);
	r->done = mmap(NULL, r->p.cq_off.cqes + r->p.cq_entries * sizeof(struct io_uring_cqe),
		       PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_CQ_RING);
	r->entries = mmap(NULL, r->p.sq_entries * sizeof(struct io_uring_sqe),
			  PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQES);
	MUST(r->queue != MAP_FAILED && r->done != MAP_FAILED && r->entries != MAP_FAILED);
	return true;
}

static int ring_do(struct ring *r, uint8_t what, int fd, const union address *a)
{
	unsigned *tail = (unsigned *)(void *)(r->queue + r->p.sq_off.tail);
	unsigned *array = (unsigned *)(void *)(r->queue + r->p.sq_off.array);
	unsigned *head = (unsigned *)(void *)(r->done + r->p.cq_off.head);
	struct io_uring_cqe *all = (struct io_uring_cqe *)(void *)(r->done + r->p.cq_off.cqes);
	const unsigned at = *tail & (r->p.sq_entries - 1);
	const struct io_uring_cqe *answer = &all[*head & (r->p.cq_entries - 1)];
	int ret;

	r->entries[at] = (struct io_uring_sqe){
		.opcode = what,
		.fd = fd,
		.addr = (uint64_t)(uintptr_t)a,
		.off = size_of(a),
	};
	array[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	MUST(syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1);
	ret = answer->res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return ret;
}

static void go_by_io_uring(size_t which, int ready)
{
	autoclose int fd = open_socket("10.77.0.1", SOCK_STREAM, 0);
	union address a = make_address(four[1 - which], 7003);
	struct ring ring;
	int rc;

	(void)ready;
	if (ring_open(&ring)) {
		rc = ring_do(&ring, IO_BIND, fd, &a);
		MUST(rc == -EADDRNOTAVAIL || rc == -EINVAL);
		a = make_address("10.77.0.1", HOST_PORT);
		MUST(ring_do(&ring, IORING_OP_CONNECT, fd, &a) == 0);
	} else {
		MUST(connect_to(fd, "10.77.0.1", HOST_PORT) == 0);
	}
}

static void io_uring_takes_no_other_address(void **state)
{
	(void)state;
	arm_both(0);
	in(1, go_by_io_uring);
	assert_string_equal(host_sees(), four[1]);
}

/* --- sockets of others, other groups --- */

static int given = -1; /* a socket of distribution 1 */

static void use_given(size_t which, int ready)
{
	(void)ready;
	MUST(is_refused(bind_to(given, four[which], 7004)));
	MUST(bind_to(given, four[1 - which], 7004) == 0);
}

static int give(size_t which, int type)
{
	int ways[2], ret = -1, status;
	char room[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr m = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = room };
	struct cmsghdr *c = (struct cmsghdr *)room;
	pid_t pid;

	m.msg_controllen = sizeof(room);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ways), 0);
	pid = fork();
	if (pid == 0) {
		autoclose int procs =
			openat(machine.groups[which], "cgroup.procs", O_WRONLY | O_CLOEXEC);

		MUST(write(procs, "0", 1) == 1 && setns(machine.shared, CLONE_NEWNET) == 0);
		*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
		c->cmsg_len = CMSG_LEN(sizeof(int));
		ret = open_socket("10.77.0.1", type, 0);
		memcpy(CMSG_DATA(c), &ret, sizeof(ret));
		MUST(sendmsg(ways[1], &m, 0) == 1);
		_exit(0);
	}
	assert_int_equal(recvmsg(ways[0], &m, MSG_CMSG_CLOEXEC), 1);
	memcpy(&ret, CMSG_DATA(c), sizeof(ret));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(ways[0]);
	close(ways[1]);
	return ret;
}

static void a_socket_stays_of_the_one_that_made_it(void **state)
{
	const int types[] = { SOCK_STREAM, SOCK_DGRAM };

	(void)state;
	arm_both(0);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		given = give(1, types[i]);
		in(0, use_given);
		close(given);
	}
}

static void use_kept(size_t which, int ready)
{
	const char byte = '?';
	union address to = make_address("10.77.0.1", 9);

	(void)which;
	(void)ready;
	/* not its own address either, because that is another's now */
	MUST(is_refused(bind_to(given, four[0], 7006)));
	MUST(is_refused(bind_to(given, four[1], 7006)));
	MUST(is_refused(bind_to(given, "0.0.0.0", 7006)));
	MUST(is_refused(connect_to(given, "10.77.0.1", 9)));
	MUST(sendto(given, &byte, 1, MSG_NOSIGNAL, &to.any, size_of(&to)) < 0);
}

static void a_socket_that_is_kept_does_not_have_the_address_of_the_next_one(void **state)
{
	const char *const name = "address-1";
	const int types[] = { SOCK_STREAM, SOCK_DGRAM };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		arm_both(0);
		given = give(1, types[i]);
		close(machine.groups[1]);
		assert_int_equal(unlinkat(machine.tree, name, AT_REMOVEDIR), 0);
		assert_int_equal(mkdirat(machine.tree, name, 0755), 0);
		machine.groups[1] = openat(machine.tree, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		arm(1, 0);
		in(0, use_kept);
		close(given);
		/* the next one has it */
		given = give(1, types[i]);
		in(0, use_given);
		close(given);
	}
}

static void go_to(int group, const char *name)
{
	autoclose int procs = openat(group, name, O_WRONLY | O_CLOEXEC);

	MUST(procs >= 0 && write(procs, "0", 1) == 1);
}

static void change_groups(size_t which, int ready)
{
	autoclose int kept = open_socket("10.77.0.1", SOCK_STREAM, 0);
	autoclose int below = -1, there = -1;

	(void)ready;
	/* a group below */
	MUST(mkdirat(machine.groups[which], "below", 0755) == 0);
	go_to(machine.groups[which], "below/cgroup.procs");
	below = open_socket("10.77.0.1", SOCK_STREAM, 0);
	MUST(is_refused(bind_to(below, four[1 - which], 7005)));
	/* another's: what is kept stays what it was */
	go_to(machine.groups[1 - which], "cgroup.procs");
	MUST(is_refused(bind_to(kept, four[1 - which], 7005)));
	there = open_socket("10.77.0.1", SOCK_STREAM, 0);
	MUST(is_refused(bind_to(there, four[which], 7005)));
	MUST(unlinkat(machine.groups[which], "below", AT_REMOVEDIR) == 0);
}

static void find_no_other_group(size_t which, int ready)
{
	struct err e;

	(void)which;
	(void)ready;
	MUST(unshare(CLONE_NEWCGROUP) == 0);
	autoclose int tree = address_tree_open(&e);
	autoclose int up = openat(tree, "../address-0", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclose int other = openat(tree, "address-0", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(tree >= 0 && up < 0 && other < 0);
}

static void groups_do_not_help(void **state)
{
	(void)state;
	arm_both(0);
	in(1, change_groups);
	in(1, find_no_other_group);
}

static const enum bpf_attach_type types[] = {
	BPF_CGROUP_INET4_BIND,    BPF_CGROUP_INET6_BIND,   BPF_CGROUP_INET4_CONNECT,
	BPF_CGROUP_INET6_CONNECT, BPF_CGROUP_UDP4_SENDMSG, BPF_CGROUP_UDP6_SENDMSG,
	BPF_CGROUP_INET_EGRESS,   BPF_CGROUP_INET_INGRESS,
};

static void detach(size_t which, int ready)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { { 0 } };

	(void)ready;
	MUST(syscall(SYS_capset, &header, sets) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		for (int program = -1; program <= 0; program++)
			MUST(bpf_detach(machine.groups[which], program, types[i]) < 0);
}

static void nothing_is_detached_by_a_descriptor_of_the_group(void **state)
{
	uint32_t ids[BPF_ATTACHED_MAX];

	(void)state;
	arm_both(0);
	in(1, detach);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		assert_int_equal(bpf_attached(machine.groups[1], types[i], ids),
				 fenced || i < 6 ? 1 : 0);
	in(1, bind_in_each_way);
}

/* --- what is not prevented: see SECURITY.md --- */

static uint16_t checksum(const void *header, size_t size)
{
	const uint8_t *bytes = header;
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t) ~(sum + (sum >> 16)));
}

static void send_frame(size_t which, int ready)
{
	autoclose int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP) };
	struct {
		struct iphdr ip;
		struct udphdr udp;
		char byte;
	} __attribute__((packed)) packet = { .byte = 'x' };

	(void)ready;
	to.sll_ifindex = (int)if_nametoindex("dsn");
	to.sll_halen = ETH_ALEN;
	memset(to.sll_addr, 0xff, ETH_ALEN);
	packet.ip = (struct iphdr){ .version = 4, .ihl = 5, .ttl = 9, .protocol = IPPROTO_UDP };
	packet.ip.tot_len = htons(sizeof(packet));
	packet.ip.saddr = make_address(four[1 - which], 0).four.sin_addr.s_addr;
	packet.ip.daddr = make_address("10.77.0.1", 0).four.sin_addr.s_addr;
	packet.ip.check = checksum(&packet.ip, sizeof(packet.ip));
	packet.udp.dest = htons(HOST_PORT);
	packet.udp.len = htons(sizeof(packet.udp) + 1);
	MUST(sendto(fd, &packet, sizeof(packet), 0, (struct sockaddr *)&to, sizeof(to)) ==
	     sizeof(packet));
}

static void packet_sockets_pass_by(void **state)
{
	const struct timeval seconds = { .tv_sec = 5 };
	autoclose int fd = serve("10.77.0.1", HOST_PORT, SOCK_DGRAM, 0);
	union address from;
	socklen_t size = sizeof(from);
	char byte;

	(void)state;
	arm_both(0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &seconds, sizeof(seconds)), 0);
	in(1, send_frame);
	assert_int_equal(recvfrom(fd, &byte, 1, 0, &from.any, &size), 1);
	assert_string_equal(text_of(&from), four[0]);
}

static int set_up_host(void **state)
{
	struct address_support support;

	if (set_up(state) < 0)
		return -1;
	address_probe(&support);
	fenced = support.fence;
	host = serve("10.77.0.1", HOST_PORT, SOCK_STREAM, 0);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bind_is_refused),
		cmocka_unit_test(sctp_does_not_get_out),
		cmocka_unit_test(connect_comes_from_the_own_address),
		cmocka_unit_test(tcp_repair_takes_no_other_address),
		cmocka_unit_test(io_uring_takes_no_other_address),
		cmocka_unit_test(a_socket_stays_of_the_one_that_made_it),
		cmocka_unit_test(a_socket_that_is_kept_does_not_have_the_address_of_the_next_one),
		cmocka_unit_test(groups_do_not_help),
		cmocka_unit_test(nothing_is_detached_by_a_descriptor_of_the_group),
		cmocka_unit_test(packet_sockets_pass_by),
	};

	return cmocka_run_group_tests_name("address_hostile_root", tests, set_up_host, tear_down);
}

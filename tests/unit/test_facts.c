/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts/: cgroup layouts, root directories, namespaces, files of the network. What needs root skips with
 * the reason.
 */
#include "base/auto.h"
#include "base/str.h"
#include "facts/gather.h"
#include "sys/child.h"
#include "sys/nsfd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>

struct world {
	char path[64];
	int root;
	struct arena arena;
};

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void write_file(struct world *world, const char *path, const char *text, mode_t mode)
{
	autoclose int fd =
		openat(world->root, path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
}

static void make_dir(struct world *world, const char *path, mode_t mode)
{
	assert_int_equal(mkdirat(world->root, path, 0700), 0);
	assert_int_equal(fchmodat(world->root, path, mode, 0), 0);
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	strcpy(world->path, "/tmp/test-facts-XXXXXX");
	assert_non_null(mkdtemp(world->path));
	assert_int_equal(chmod(world->path, 0755), 0);
	world->root = open(world->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(world->root >= 0);
	make_dir(world, "etc", 0755);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	close(world->root);
	arena_release(&world->arena);
	nftw(world->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(world);
	return 0;
}

/* --- kernel, names --- */

static void kernels_are_compared_by_number(void **state)
{
	(void)state;
	assert_true(kernel_is_new_enough("5.14.0-362.el9.x86_64"));
	assert_true(kernel_is_new_enough("5.14"));
	assert_true(kernel_is_new_enough("6.1.0-13-amd64"));
	assert_true(kernel_is_new_enough("10.0"));
	assert_false(kernel_is_new_enough("5.13.19"));
	assert_false(kernel_is_new_enough("5.4.0"));
	assert_false(kernel_is_new_enough("4.18.0-553"));
	assert_false(kernel_is_new_enough("5"));
	assert_false(kernel_is_new_enough("x.y"));
	assert_false(kernel_is_new_enough("99999999999.1"));
}

static void iproute_names_are_one_component(void **state)
{
	(void)state;
	assert_string_equal(iproute_name("/run/netns/distros"), "distros");
	assert_string_equal(iproute_name("/var/run/netns/a.b"), "a.b");
	assert_null(iproute_name("/run/netns/"));
	assert_null(iproute_name("/run/netns/.."));
	assert_null(iproute_name("/run/netns/."));
	assert_null(iproute_name("/run/netns/a/b"));
	assert_null(iproute_name("/run/user/1/netns"));
	assert_null(iproute_name("self"));
	assert_null(iproute_name(NULL));
}

static void files_of_the_network_must_be_roots(void **state)
{
	struct world *world = *state;
	struct facts facts = { 0 };

	if (geteuid() != 0) {
		print_message("skipped: needs files of root\n");
		skip();
	}
	make_dir(world, "etc/netns", 0755);
	make_dir(world, "etc/netns/distros", 0755);
	write_file(world, "etc/netns/distros/resolv.conf", "nameserver 192.0.2.1\n", 0644);
	write_file(world, "etc/netns/distros/hosts", "", 0666);
	gather_network_files(world->root, "/run/netns/distros", &world->arena, &facts);
	assert_string_equal(facts.resolv_conf, "/etc/netns/distros/resolv.conf");
	assert_null(facts.hosts);
	facts = (struct facts){ 0 };
	gather_network_files(world->root, "/run/netns/other", &world->arena, &facts);
	assert_null(facts.resolv_conf);
	gather_network_files(world->root, "/elsewhere/distros", &world->arena, &facts);
	assert_null(facts.resolv_conf);
}

/* --- cgroup --- */

static struct cgroup_facts parse_layout(struct world *world, const char *mountinfo,
					const char *memberships)
{
	struct mountinfo mounts = { 0 };
	struct cgroup_facts facts = { 0 };
	struct err e = { 0 };

	if (mountinfo_parse(mountinfo, &world->arena, &mounts, &e) < 0 ||
	    cgroup_facts_parse(&mounts, memberships, &world->arena, &facts, &e) < 0)
		fail_msg("%s", e.text);
	return facts;
}

#define V1_MOUNTS                                                                               \
	"33 32 0:30 / /srv/image/sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" \
	"34 32 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"           \
	"35 32 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"                     \
	"36 32 0:32 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
#define V1_MEMBERSHIPS                                                 \
	"5:cpuset:/\n4:cpu,cpuacct:/user.slice\n3:pids:/not/mounted\n" \
	"1:name=systemd:/user.slice/session-1.scope\n"

static void a_v1_layout_is_recognised(void **state)
{
	struct cgroup_facts facts = parse_layout(*state, V1_MOUNTS, V1_MEMBERSHIPS);
	const struct cgroup_hierarchy_facts *v = facts.hierarchies.v;

	assert_int_equal(facts.layout, CGROUP_V1);
	assert_int_equal(facts.hierarchies.n, 3);
	assert_string_equal(v[0].mount_point, "/sys/fs/cgroup/cpuset");
	assert_string_equal(v[0].own_path, "/");
	assert_int_equal(v[1].controllers.n, 2);
	assert_string_equal(v[1].controllers.v[1], "cpuacct");
	assert_null(v[1].name);
	assert_string_equal(v[1].mount_point, "/sys/fs/cgroup/cpu,cpuacct");
	assert_string_equal(v[1].own_path, "/user.slice");
	assert_string_equal(v[2].name, "systemd");
	assert_int_equal(v[2].controllers.n, 0);
	assert_string_equal(v[2].own_path, "/user.slice/session-1.scope");
}

static void limits_can_be_lifted_without_nsdelegate(void **state)
{
	static const char *const options[] = { "rw", "rw,nsdelegate,memory_recursiveprot",
					       "rw,memory_recursiveprot" };
	struct world *world = *state;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const char *text = arena_printf(
			&world->arena,
			V1_MOUNTS "37 32 0:33 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 %s\n",
			options[i]);
		struct cgroup_facts facts =
			parse_layout(world, text, V1_MEMBERSHIPS "0::/user.slice\n");
		struct mount_table table = { .read = true };
		struct err e = { 0 };

		assert_int_equal(mountinfo_parse(text, &world->arena, &table.info, &e), 0);
		assert_int_equal(gather_liftable(&table, &world->arena, &facts, &e), 0);
		assert_false(facts.hierarchies.v[0].liftable);
		assert_int_equal(facts.hierarchies.v[3].liftable, i != 1);
	}
}

static void hybrid_v2_and_nothing_are_told_apart(void **state)
{
	struct world *world = *state;
	struct cgroup_facts facts;

	facts = parse_layout(
		world, V1_MOUNTS "37 32 0:33 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
		V1_MEMBERSHIPS "0::/user.slice\n");
	assert_int_equal(facts.layout, CGROUP_HYBRID);
	assert_int_equal(facts.hierarchies.n, 4);
	assert_true(facts.hierarchies.v[3].v2);
	assert_string_equal(facts.hierarchies.v[3].mount_point, "/sys/fs/cgroup/unified");
	assert_false(facts.hierarchies.v[3].readonly);

	facts = parse_layout(world, "37 32 0:33 / /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n",
			     "0::/\n");
	assert_true(facts.hierarchies.v[0].readonly);
	facts = parse_layout(world, "37 32 0:33 / /sys/fs/cgroup rw - cgroup2 cgroup2 ro\n",
			     "0::/\n");
	assert_true(facts.hierarchies.v[0].readonly);
	facts = parse_layout(world, "37 32 0:33 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
			     "0::/system.slice/a\\x2db.service\n");
	assert_int_equal(facts.layout, CGROUP_V2);
	assert_string_equal(facts.hierarchies.v[0].own_path, "/system.slice/a\\x2db.service");

	facts = parse_layout(world, "", "1:name=systemd:/\n0::/\n");
	assert_int_equal(facts.layout, CGROUP_NONE);
	assert_int_equal(facts.hierarchies.n, 0);
	facts = parse_layout(world, "", "");
	assert_int_equal(facts.layout, CGROUP_NONE);
}

static void own_paths_are_below_the_mount(void **state)
{
	static const char *const cases[][3] = {
		/* root of the mount, own path, path below the mount point */
		{ "/docker/1", "/docker/1", "/" },  { "/docker/1", "/docker/1/sub", "/sub" },
		{ "/docker/1", "/docker/10", "/" }, { "/docker/1", "/", "/" },
		{ "/", "/../other", "/" },          { "/", "/..", "/" },
		{ "/", "/..name", "/..name" },      { "/", "/a b:c", "/a b:c" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cgroup_facts facts;
		char mounts[128], memberships[128];

		snprintf(mounts, sizeof(mounts),
			 "37 32 0:33 %s /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", cases[i][0]);
		snprintf(memberships, sizeof(memberships), "0::%s\n", cases[i][1]);
		facts = parse_layout(*state, mounts, memberships);
		assert_string_equal(facts.hierarchies.v[0].own_path, cases[i][2]);
	}
}

static void memberships_that_make_no_sense_are_refused(void **state)
{
	static const char *const bad[] = { "x\n", "0:/\n", "0::relative\n", "0::\n", "1:cpu\n" };
	struct world *world = *state;
	struct mountinfo mounts = { 0 };
	struct cgroup_facts facts = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(cgroup_facts_parse(&mounts, bad[i], &world->arena, &facts, &e),
				 -1);
}

static void this_hosts_cgroups_exist(void **state)
{
	struct world *world = *state;
	struct cgroup_facts *facts = NULL;
	struct err e = { 0 };

	if (facts_cgroup(&world->arena, &facts, &e) < 0)
		fail_msg("%s", e.text);
	assert_in_range(facts->layout, CGROUP_NONE, CGROUP_V2);
	for (size_t i = 0; i < facts->hierarchies.n; i++) {
		const struct cgroup_hierarchy_facts *v = &facts->hierarchies.v[i];
		char *path = arena_printf(&world->arena, "%s%s/cgroup.procs", v->mount_point,
					  v->own_path);

		assert_int_equal(access(path, F_OK), 0);
		assert_true(v->controllers.n > 0 || v->name || v->v2);
	}
}

/* --- root directory --- */

static void assert_rootfs(struct world *world, const char *root_path, const char *expected)
{
	struct spec_root root = { .path = arena_strdup(&world->arena, root_path) };
	struct spec spec = { .root = &root };
	struct err e = { 0 };
	char *path = NULL;
	int fd = -1;

	if (gather_rootfs(&spec, world->path, &world->arena, &path, &fd, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(path, arena_printf(&world->arena, "%s%s", world->path, expected));
	assert_int_equal(fcntl(fd, F_GETFL) & O_PATH, O_PATH);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
}

static void assert_no_rootfs(struct world *world, const char *root_path, const char *reason)
{
	struct spec_root root = { .path = arena_strdup(&world->arena, root_path) };
	struct spec spec = { .root = &root };
	struct err e = { 0 };
	char *path = NULL;
	int fd = -1;

	assert_int_equal(gather_rootfs(&spec, world->path, &world->arena, &path, &fd, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_true(str_has_prefix(e.text, "root.path"));
	if (!strstr(e.text, reason))
		fail_msg("'%s' does not say '%s'", e.text, reason);
	assert_int_equal(fd, -1);
}

static void the_root_directory_is_a_directory_of_its_own(void **state)
{
	struct world *world = *state;

	make_dir(world, "rootfs", 0755);
	write_file(world, "file", "", 0644);
	assert_int_equal(symlinkat("rootfs", world->root, "link"), 0);
	assert_int_equal(symlinkat(".", world->root, "here"), 0);
	assert_int_equal(mkfifoat(world->root, "fifo", 0600), 0);

	assert_rootfs(world, "rootfs", "/rootfs");
	assert_rootfs(world, "./etc/../rootfs/", "/rootfs");
	assert_rootfs(world, arena_printf(&world->arena, "%s/rootfs", world->path), "/rootfs");
	/* links above are the administrator's; the real path has none */
	assert_rootfs(world, "here/rootfs", "/rootfs");

	alarm(2);
	assert_no_rootfs(world, "link", "is a symbolic link");
	assert_no_rootfs(world, "file", "is not a directory");
	assert_no_rootfs(world, "fifo", "is not a directory");
	assert_no_rootfs(world, "missing", "no such file or directory");
	assert_no_rootfs(world, "/", "host's own root directory");
	assert_no_rootfs(world, "../../../../../..", "host's own root directory");
	assert_no_rootfs(world, "", "is missing");
	alarm(0);
}

/* --- everything --- */

struct request {
	struct spec_root root;
	struct spec_namespace namespaces[3];
	struct spec_linux linux_;
	struct spec spec;
	struct policy *policy;
	struct facts_options options;
};

static void make_request(struct world *world, struct request *request, const char *network)
{
	struct arena *arena = &world->arena;

	*request = (struct request){ 0 };
	request->root.path = arena_strdup(arena, "etc");
	request->namespaces[0] = (struct spec_namespace){ .type = SPEC_NS_PID };
	request->namespaces[1] = (struct spec_namespace){
		.type = SPEC_NS_NETWORK,
		.path = arena_strdup(arena, "/proc/self/ns/net"),
	};
	request->namespaces[2] = (struct spec_namespace){
		.type = SPEC_NS_IPC,
		.path = arena_strdup(arena, "/proc/self/ns/uts"),
	};
	request->linux_.namespaces.n = 3;
	request->linux_.namespaces.v = request->namespaces;
	request->spec.root = &request->root;
	request->spec.linux_ = &request->linux_;
	request->policy = policy_default(arena, NULL);
	request->policy->network->namespace_ = arena_strdup(arena, network);
	request->options.bundle = world->path;
	request->options.members_directory = arena_printf(arena, "%s/members", world->path);
}

static void namespaces_are_looked_at_once(void **state)
{
	struct world *world = *state;
	struct request request;
	struct facts *facts = NULL;
	autohost host = HOST_INIT;
	struct err e = { 0 };

	make_request(world, &request, "self");
	if (facts_gather(&request.spec, request.policy, &request.options, &world->arena, &facts,
			 &host, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(facts->uid, geteuid());
	assert_non_null(facts_self(facts, SPEC_NS_IPC));
	assert_null(facts_self(facts, SPEC_NS_PID));
	assert_true(facts->last_cap >= 40);
	assert_true(str_has_suffix(facts->rootfs, "/etc"));
	assert_int_equal(facts->members.n, 0);

	const struct ns_facts *self = facts_self(facts, SPEC_NS_NETWORK);
	const struct ns_facts *net = facts_requested(facts, "/proc/self/ns/net");
	const struct ns_facts *wrong = facts_requested(facts, "/proc/self/ns/uts");

	assert_int_equal(facts->requested.n, 2);
	assert_true(self->is_self && self->cookie && self->inode);
	assert_true(ns_facts_same(self, net));
	assert_true(ns_facts_same(self, facts->network));
	assert_null(net->problem);
	assert_true(net->is_self);
	assert_true(net->cookie == self->cookie);
	assert_int_equal(nsfd_type(host.requested[SPEC_NS_NETWORK]), CLONE_NEWNET);
	assert_int_equal(nsfd_type(host.network), CLONE_NEWNET);
	assert_string_equal(wrong->problem, "is a namespace of type uts, not ipc");
	assert_int_equal(wrong->type, SPEC_NS_UTS);
	assert_int_equal(host.requested[SPEC_NS_IPC], -1);
	assert_int_equal(host.requested[SPEC_NS_PID], -1);
	assert_true(host.rootfs >= 0);
}

static void what_cannot_be_used_is_a_problem_and_no_error(void **state)
{
	struct world *world = *state;
	struct request request;
	struct facts *facts = NULL;
	autohost host = HOST_INIT;
	struct err e = { 0 };

	make_request(world, &request, arena_printf(&world->arena, "%s/fifo", world->path));
	assert_int_equal(mkfifoat(world->root, "fifo", 0600), 0);
	request.namespaces[1].path = arena_strdup(&world->arena, "/nowhere/net");
	alarm(2);
	if (facts_gather(&request.spec, request.policy, &request.options, &world->arena, &facts,
			 &host, &e) < 0)
		fail_msg("%s", e.text);
	alarm(0);
	assert_string_equal(facts->network->problem, "is a FIFO, not a namespace file");
	assert_int_equal(facts->network->problem_errno, EINVAL);
	assert_int_equal(host.network, -1);
	assert_string_equal(facts_requested(facts, "/nowhere/net")->problem,
			    "no such file or directory");
	assert_int_equal(facts_requested(facts, "/nowhere/net")->problem_errno, ENOENT);
	assert_int_equal(host.requested[SPEC_NS_NETWORK], -1);

	host_release(&host);
	request.policy->network->namespace_ = arena_strdup(&world->arena, "requested");
	assert_int_equal(facts_gather(&request.spec, request.policy, &request.options,
				      &world->arena, &facts, &host, &e),
			 0);
	assert_null(facts->network);
	assert_int_equal(host.network, -1);
}

static void another_network_is_told_from_the_own_one(void **state)
{
	struct world *world = *state;
	struct request request;
	struct facts *facts = NULL;
	autohost host = HOST_INIT;
	struct err e = { 0 };

	if (geteuid() != 0) {
		print_message("skipped: needs root to make a network namespace\n");
		skip();
	}

	autoclose int home = nsfd_own("net", &e);

	assert_int_equal(unshare(CLONE_NEWNET), 0);

	autoclose int other = nsfd_own("net", &e);

	assert_int_equal(nsfd_enter(home, CLONE_NEWNET, NULL, &e), 0);
	make_request(world, &request, arena_printf(&world->arena, "/proc/self/fd/%d", other));
	assert_int_equal(facts_gather(&request.spec, request.policy, &request.options,
				      &world->arena, &facts, &host, &e),
			 0);
	assert_null(facts->network->problem);
	assert_false(facts->network->is_self);
	assert_false(facts->network->is_host);
	assert_true(facts->network->owned);
	assert_true(facts->network->owner_uid.set);
	assert_true(facts->network->cookie != 0);
	assert_true(facts->network->cookie != facts_self(facts, SPEC_NS_NETWORK)->cookie);
	assert_true(nsfd_same(host.network, other));
}

/* Root has power over it, but so has its maker, who could change and sniff the network of all. */
static void a_network_of_another_maker_is_not_owned(void **state)
{
	struct world *world = *state;
	struct request request;
	struct facts *facts;
	autohost host = HOST_INIT;
	autochild maker = CHILD_INIT;
	struct err e = { 0 };
	int ready[2];
	char byte;

	if (geteuid() != 0) {
		print_message("skipped: needs root to become another user\n");
		skip();
	}
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	if (child_clone(0, -1, &maker, &e) == 0) {
		if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0 ||
		    unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	ssize_t length = read(ready[0], &byte, 1);
	close(ready[0]);
	if (length != 1) {
		print_message("skipped: users may not make user namespaces here\n");
		skip();
	}
	make_request(world, &request,
		     arena_printf(&world->arena, "/proc/%d/ns/net", (int)maker.pid));
	assert_int_equal(facts_gather(&request.spec, request.policy, &request.options,
				      &world->arena, &facts, &host, &e),
			 0);
	assert_null(facts->network->problem);
	assert_false(facts->network->owned);
	assert_int_equal(facts->network->owner_uid.value, 65534);
}

#define WORLD_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernels_are_compared_by_number),
		cmocka_unit_test(iproute_names_are_one_component),
		WORLD_TEST(files_of_the_network_must_be_roots),
		WORLD_TEST(a_v1_layout_is_recognised),
		WORLD_TEST(limits_can_be_lifted_without_nsdelegate),
		WORLD_TEST(hybrid_v2_and_nothing_are_told_apart),
		WORLD_TEST(own_paths_are_below_the_mount),
		WORLD_TEST(memberships_that_make_no_sense_are_refused),
		WORLD_TEST(this_hosts_cgroups_exist),
		WORLD_TEST(the_root_directory_is_a_directory_of_its_own),
		WORLD_TEST(namespaces_are_looked_at_once),
		WORLD_TEST(what_cannot_be_used_is_a_problem_and_no_error),
		WORLD_TEST(another_network_is_told_from_the_own_one),
		WORLD_TEST(a_network_of_another_maker_is_not_owned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

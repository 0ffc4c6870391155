/* SPDX-License-Identifier: Apache-2.0 */
/* Which network and which keys a request gets of a policy with several; what such a file must keep to. */
#include "base/auto.h"
#include "policy/engine.h"
#include "policy/glob.h"
#include "policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

static struct arena arena;

static int release(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static struct policy *read_policy(const char *members)
{
	const char *text = arena_printf(&arena, "{\"version\":1,%s}", members);
	struct policy *policy = NULL;
	struct err e = { 0 };

	if (policy_decode(text, strlen(text), "p", policy_default(&arena, NULL), &arena, &policy,
			  &e) < 0)
		fail_msg("%s\nfor: %s", e.text, text);
	return policy;
}

static struct spec *read_request(const char *text)
{
	struct spec *spec = NULL;
	struct err e = { 0 };

	if (spec_decode_text(text, strlen(text), "c", &arena, &spec, &e) < 0)
		fail_msg("%s", e.text);
	return spec;
}

static struct caller_facts read_caller(const char *text)
{
	struct caller_facts caller = { 0 };
	struct err e = { 0 };

	if (fields_decode_text(&caller_facts_fields, "f", text, strlen(text), &arena, &caller, &e) <
	    0)
		fail_msg("%s", e.text);
	return caller;
}

#define REQUEST                                                                                        \
	"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"linux\":{\"cgroupsPath\":\"/pods/a\"}," \
	"\"annotations\":{\"team\":\"blue\",\"io.kubernetes.cri.image-name\":\"docker.io/nginx:1\"}}"
#define CALLER                                                                          \
	"{\"owner\":1000,\"ownerName\":\"ann\",\"engine\":\"docker\",\"id\":\"web-1\"," \
	"\"bundle\":\"/run/b/web\",\"rootfs\":\"/srv/lab/web/rootfs\"}"

static struct selection select_for(const char *members, const char *caller_text)
{
	const struct caller_facts caller = read_caller(caller_text);
	struct selection selection = { 0 };
	struct err e = { 0 };

	if (policy_select(read_policy(members), read_request(REQUEST), &caller, &arena, &selection,
			  &e) < 0)
		fail_msg("%s\nfor: %s", e.text, members);
	return selection;
}

static void assert_chosen(const char *members, const char *network, const char *entry)
{
	struct selection selection = select_for(members, CALLER);

	if (!str_eq(selection.network, network) || !str_eq(selection.entry, entry))
		fail_msg("%s by %s\nfor: %s", selection.network,
			 selection.entry ? selection.entry : "none", members);
	assert_int_equal(selection.policy->networks.n, 0);
	assert_int_equal(selection.policy->distros.n, 0);
}

#define LAB "\"networks\":{\"lab\":{\"namespace\":\"/run/netns/lab\"}}"

static void assert_place(const char *members, const char *key, const char *place)
{
	const struct selection selection = select_for(members, CALLER);
	const struct network chosen = {
		.name = selection.network,
		.entry = selection.entry,
		.entry_keys = selection.entry_keys,
	};

	assert_string_equal(policy_key_place(&chosen, key, &arena), place);
}

static void test_a_key_is_named_where_it_has_to_be_said(void **state)
{
	static const char entry[] =
		LAB ",\"distros\":[{\"network\":{\"use\":\"lab\",\"admin\":false,\"requested\":"
		    "{\"host\":\"refuse\"}},\"privileged\":\"refuse\",\"hooks\":{\"allow\":[]},"
		    "\"namespaces\":{\"user\":{\"auto\":{\"range\":[100000,65536]}}}}]";
	static const char word[] = LAB ",\"distros\":[{\"network\":\"lab\"}]";

	(void)state;
	assert_place(entry, "network.admin", "distros[0].network.admin");
	assert_place(entry, "network.requested.host", "distros[0].network.requested.host");
	assert_place(entry, "network.requested.new", "networks.\"lab\".requested.new");
	assert_place(entry, "network.allowHost", "networks.\"lab\".allowHost");
	assert_place(entry, "privileged", "distros[0].privileged");
	assert_place(entry, "hooks.allow", "distros[0].hooks.allow");
	assert_place(entry, "hooks.output", "hooks.output");
	assert_place(entry, "namespaces.user.auto.range", "distros[0].namespaces.user.auto.range");
	assert_place(entry, "version", "version");
	assert_place(word, "network.admin", "networks.\"lab\".admin");
	assert_place(word, "privileged", "privileged");
	assert_place(LAB, "network.admin", "network.admin");
}

static void test_each_matcher_matches_and_does_not(void **state)
{
	static const struct {
		const char *yes, *no;
		bool trust;
	} matchers[] = {
		{ "\"engine\":\"docker\"", "\"engine\":\"podman\"", false },
		{ "\"engine\":\"d*\"", "\"engine\":\"c*\"", false },
		{ "\"owner\":1000", "\"owner\":0", false },
		{ "\"owner\":\"1000\"", "\"owner\":\"100\"", false },
		{ "\"owner\":\"ann\"", "\"owner\":\"an\"", false },
		{ "\"rootfs\":\"/srv/lab/*\"", "\"rootfs\":\"/srv/lab\"", false },
		{ "\"bundle\":\"/run/b/we?\"", "\"bundle\":\"/run/?\"", false },
		{ "\"id\":\"web-[0-9]\"", "\"id\":\"web-[!0-9]\"", true },
		{ "\"cgroup\":\"/pods/*\"", "\"cgroup\":\"pods/*\"", true },
		{ "\"image\":\"*/nginx:*\"", "\"image\":\"nginx:*\"", true },
		{ "\"annotations\":{\"team\":\"blue\"}", "\"annotations\":{\"team\":\"red\"}",
		  true },
		{ "\"annotations\":{\"team\":\"*\"}", "\"annotations\":{\"Team\":\"*\"}", true },
		{ "\"engine\":\"docker\",\"owner\":1000", "\"engine\":\"docker\",\"owner\":1",
		  false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(matchers); i++) {
		const char *trust = matchers[i].trust ? "\"trustClients\":true," : "";

		assert_chosen(arena_printf(&arena,
					   LAB
					   ",\"distros\":[{%s\"match\":{%s},\"network\":\"lab\"}]",
					   trust, matchers[i].yes),
			      "lab", "distros[0]");
		assert_chosen(arena_printf(&arena,
					   LAB
					   ",\"distros\":[{%s\"match\":{%s},\"network\":\"lab\"}]",
					   trust, matchers[i].no),
			      "default", NULL);
	}
	/* what is not known matches nothing, a pattern of everything neither */
	assert_string_equal(select_for(LAB
				       ",\"distros\":[{\"match\":{\"engine\":\"*\"},\"network\":"
				       "\"lab\"}]",
				       "{\"owner\":0}")
				    .network,
			    "default");
}

static const char *network_of_long(size_t length)
{
	char *bundle = arena_alloc(&arena, length + 1);

	memset(bundle, 'a', length);
	bundle[0] = '/';
	return select_for(LAB ",\"distros\":[{\"match\":{\"bundle\":\"/*\"},\"network\":\"lab\"}]",
			  arena_printf(&arena, "{\"owner\":0,\"bundle\":\"%s\"}", bundle))
		.network;
}

static void test_what_is_longer_than_a_path_matches_nothing(void **state)
{
	(void)state;
	assert_string_equal(network_of_long(4095), "lab");
	assert_string_equal(network_of_long(4096), "default");
}

static void test_the_first_entry_wins(void **state)
{
	(void)state;
	assert_chosen(LAB ",\"distros\":[{\"match\":{\"engine\":\"podman\"},\"network\":\"lab\"},"
			  "{\"match\":{\"owner\":1000}},{\"network\":\"lab\"}]",
		      "default", "distros[1]");
	assert_chosen(LAB ",\"distros\":[{\"network\":\"lab\"},{\"match\":{\"owner\":1000}}]",
		      "lab", "distros[0]");
}

static void test_paths_that_others_can_change_are_not_believed(void **state)
{
	static const char doubted[] =
		"{\"owner\":0,\"rootfs\":\"/srv/lab/web\",\"bundle\":\"/b/c\","
		"\"rootfsDoubt\":\"others write /srv\"}";
	static const char rest[] = "\"match\":{\"rootfs\":\"/srv/*\"},\"network\":\"lab\"}";
	struct selection selection;

	(void)state;
	selection = select_for(arena_printf(&arena, LAB ",\"distros\":[{%s]", rest), doubted);
	assert_string_equal(selection.network, "default");
	assert_int_equal(selection.doubted.n, 1);
	assert_string_equal(selection.doubted.v[0], "distros[0] is passed over: others write /srv");
	selection = select_for(
		arena_printf(&arena, LAB ",\"distros\":[{\"trustClients\":true,%s]", rest),
		doubted);
	assert_string_equal(selection.network, "lab");
	/* of the bundle there is no doubt */
	selection = select_for(
		LAB ",\"distros\":[{\"match\":{\"bundle\":\"/b/*\"},\"network\":\"lab\"}]",
		doubted);
	assert_string_equal(selection.network, "lab");
}

static void test_what_is_inherited_and_what_is_not(void **state)
{
	static const char text[] =
		"\"network\":{\"namespace\":\"/run/netns/a\",\"admin\":true,\"allowHost\":true,"
		"\"selectable\":false,\"resolvConf\":\"/etc/r\",\"hosts\":\"engine\",\"sysctls\":"
		"\"refuse\",\"requested\":{\"new\":\"keep\"}},"
		"\"networks\":{\"vpn\":{\"namespace\":\"/run/netns/vpn\",\"requested\":{\"host\":"
		"\"refuse\"}}},\"procSys\":\"requested\",\"distros\":["
		"{\"match\":{\"engine\":\"podman\"}},"
		"{\"network\":{\"use\":\"vpn\",\"admin\":true},\"kernelMounts\":\"requested\"}]";
	const struct selection selection = select_for(text, CALLER);
	const struct policy_network *network = selection.policy->network;

	(void)state;
	assert_string_equal(selection.network, "vpn");
	assert_string_equal(selection.entry, "distros[1]");
	assert_string_equal(network->namespace_, "/run/netns/vpn");
	/* of the entry */
	assert_true(network->admin.value);
	assert_int_equal(selection.policy->kernel_mounts, POLICY_KERNEL_REQUESTED);
	/* of the network */
	assert_int_equal(network->requested->host, POLICY_REFUSE);
	/* of the general one */
	assert_int_equal(network->requested->new_, POLICY_KEEP);
	assert_string_equal(network->sysctls.word, "refuse");
	assert_string_equal(network->hosts, "engine");
	assert_int_equal(selection.policy->proc_sys, POLICY_REQUESTED);
	/* built in */
	assert_string_equal(network->resolv_conf, "auto");
	assert_false(network->allow_host.value);
	assert_true(network->allow_host.set);
	assert_false(network->selectable.value);
}

static void test_a_network_that_is_named(void **state)
{
	static const char networks[] =
		"\"networks\":{\"lab\":{\"namespace\":\"/l\",\"selectable\":true},"
		"\"vpn\":{\"namespace\":\"/v\"}}";
	static const struct {
		const char *name, *text;
	} refused[] = {
		{ "vpn", "--network names the network 'vpn', which is not to be chosen so" },
		{ "none", "--network names the network 'none', which the policy does not have" },
		{ "", "--network names the network '', which the policy does not have" },
	};
	const char *entry = arena_printf(
		&arena, "%s,\"distros\":[{\"match\":{\"owner\":7},\"network\":\"vpn\"}]", networks);

	(void)state;
	assert_string_equal(
		select_for(networks, "{\"network\":\"lab\",\"networkBy\":\"--network\"}").network,
		"lab");
	assert_string_equal(
		select_for(networks, "{\"network\":\"default\",\"networkBy\":\"--network\"}")
			.network,
		"default");
	/* the administrator's entry is over what an engine says */
	assert_string_equal(
		select_for(entry, "{\"owner\":7,\"network\":\"lab\",\"networkBy\":\"--network\"}")
			.network,
		"vpn");
	/* one that names no network leaves it */
	assert_string_equal(
		select_for(arena_printf(&arena, "%s,\"distros\":[{\"procSys\":\"requested\"}]",
					networks),
			   "{\"network\":\"lab\",\"networkBy\":\"--network\"}")
			.network,
		"lab");
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct caller_facts caller = { .network = arena_strdup(&arena, refused[i].name),
					       .network_by = arena_strdup(&arena, "--network") };
		struct selection selection;
		struct err e = { 0 };

		assert_int_equal(policy_select(read_policy(networks), read_request(REQUEST),
					       &caller, &arena, &selection, &e),
				 -1);
		assert_int_equal(e.kind, ERR_POLICY);
		if (!strstr(e.text, refused[i].text))
			fail_msg("%s", e.text);
	}
}

static void test_broken_files_name_the_place(void **state)
{
	static const struct {
		const char *text, *error;
	} bad[] = {
		{ "\"networks\":{\"default\":{\"namespace\":\"/a\"}}",
		  "p:1:36: networks: the name \"default\" is that of the key network" },
		{ "\"networks\":{\"a b\":{\"namespace\":\"/a\"}}", "networks: \"a b\" must be" },
		{ "\"networks\":{\"../x\":{\"namespace\":\"/a\"}}", "networks: \"../x\" must be" },
		{ "\"networks\":{\"\":{\"namespace\":\"/a\"}}", "networks: \"\" must be" },
		{ "\"networks\":{\"a\":{}}",
		  "networks.\"a\": has the namespace \"/run/netns/distros\" of the network \"default\"" },
		{ "\"networks\":{\"a\":{\"namespace\":\"/n\"},\"b\":{\"namespace\":\"/n\"}}",
		  "networks.\"b\": has the namespace \"/n\" of the network \"a\"" },
		{ "\"networks\":{\"a\":{\"namespace\":\"self\"}},\"network\":{\"namespace\":\"self\"}",
		  "networks.\"a\": has the namespace \"self\" of the network \"default\"" },
		{ "\"networks\":{\"a\":{\"namespace\":\"x\"}}",
		  "networks.\"a\".namespace: must be" },
		{ "\"distros\":[{\"network\":\"lab\"}]",
		  "p:1:36: distros[0].network: the network \"lab\" is not one of those" },
		{ "\"distros\":[{},{\"network\":{\"use\":\"lab\"}}]",
		  "distros[1].network.use: the network \"lab\" is not one of those" },
		{ LAB ",\"distros\":[{\"network\":{\"use\":\"lab\",\"namespace\":\"requested\"}}]",
		  "distros[0].network.namespace: cannot stand beside use" },
		{ "\"distros\":[{\"network\":{\"namespace\":\"/x\"}}]",
		  "distros[0].network.namespace: only \"requested\" can stand here" },
		{ "\"network\":{\"selectable\":true}",
		  "p:1:38: network.selectable: is of the networks in the key networks" },
		{ "\"distros\":[{\"network\":{\"selectable\":true}}]",
		  "distros[0].network.selectable: is of a network" },
		{ "\"distros\":[{\"match\":{\"id\":\"x\"}}]",
		  "p:1:40: distros[0].match.id: is what the engine's clients say" },
		{ "\"distros\":[{\"match\":{\"annotations\":{}}}]",
		  "distros[0].match.annotations: is" },
		{ "\"distros\":[{\"match\":{\"image\":\"x\"},\"trustClients\":false}]",
		  "distros[0].match.image: is" },
		{ "\"distros\":[{\"match\":{\"cgroup\":\"x\"}}]", "distros[0].match.cgroup: is" },
		{ "\"distros\":[{\"match\":{\"engine\":\"dokcer\"}}]",
		  "distros[0].match.engine: \"dokcer\" matches none of the engines that are known: docker, "
		  "cri, containerd, podman" },
		{ "\"distros\":[{\"match\":{\"owner\":-1}}]", "distros[0].match.owner: must be" },
		{ "\"distros\":[{\"match\":{\"owner\":[1]}}]", "distros[0].match.owner: must be" },
		{ "\"distros\":[{\"match\":{\"rootfs\":\"srv\"}}]",
		  "distros[0].match.rootfs: must be a pattern of an absolute path" },
		{ "\"distros\":[{\"match\":{\"bundle\":\"/a[\"}}]",
		  "distros[0].match.bundle: the pattern \"/a[\" has a '[' without a ']'" },
		{ "\"distros\":[{\"trustClients\":true,\"match\":{\"annotations\":{\"a\":\"x\\\\\"}}}]",
		  "distros[0].match.annotations: the pattern \"x\\\" ends with a backslash" },
		{ "\"distros\":[{\"match\":{\"name\":\"x\"}}]", "name" },
		{ "\"distros\":[{\"procSys\":\"never\"}]", "distros[0].procSys" },
		{ "\"distros\":{}", "distros: must be" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *text = arena_printf(&arena, "{\"version\":1,%s}", bad[i].text);
		struct policy *policy = NULL;
		struct err e = { 0 };

		if (policy_decode(text, strlen(text), "p", policy_default(&arena, NULL), &arena,
				  &policy, &e) == 0)
			fail_msg("accepted: %s", text);
		assert_int_equal(e.kind, ERR_POLICY);
		if (!strstr(e.text, bad[i].error))
			fail_msg("%s\nlacks: %s", e.text, bad[i].error);
	}
}

#define ID "0247a486a86ee31f"
#define OWN "/run/distro-shim/containers"
#define STORED "/var/lib/containers/storage/overlay-containers/" ID "/userdata"

static void test_engines_by_where_they_keep_containers(void **state)
{
	static const struct {
		const char *root, *bundle, *cgroup, *manager, *engine;
	} rows[] = {
		{ "/run/docker/runtime-runc/moby", "/b", NULL, NULL, "docker" },
		{ "/var/run/docker/runtime-runc/moby", "/b", NULL, "libpod", "docker" },
		{ "/run/containerd/runc/k8s.io", "/b", NULL, NULL, "cri" },
		{ "/run/containerd/runc/default", "/b", NULL, NULL, "containerd" },
		{ "/run/containerd/runc/", "/b", NULL, NULL, NULL },
		{ OWN, "/b", NULL, "libpod", "podman" },
		{ OWN, "/b", NULL, NULL, NULL },
		{ OWN, "/b", NULL, "other", NULL },
		{ OWN, NULL, NULL, NULL, NULL },
		{ "moby", "/b", NULL, NULL, NULL },
		/* whatever its clients say in the annotation and of the group's parent */
		{ OWN, STORED, NULL, "other", "podman" },
		{ OWN, STORED, "/libpod_parent/libpod-" ID, "cri-o", "podman" },
		{ OWN, STORED, "machine.slice:libpod:" ID, NULL, "podman" },
		{ OWN, STORED, "/crio-" ID "/libpod-" ID, "cri-o", "podman" },
		{ OWN, "/home/a/.local/share/containers/storage/vfs-containers/" ID "/userdata", "",
		  NULL, "podman" },
		{ "/run/docker/runtime-runc/moby", STORED, NULL, NULL, "docker" },
		{ OWN, STORED, "/kubepods/pod1/crio-" ID, "cri-o", NULL },
		{ OWN, STORED, "kubepods-pod1.slice:crio:" ID, "libpod", NULL },
		{ OWN, "/srv/overlay-containers/userdata", NULL, NULL, NULL },
		{ OWN, "/srv/overlay-containers//userdata", NULL, NULL, NULL },
		{ OWN, "/srv/containers/" ID "/userdata", NULL, NULL, NULL },
		{ OWN, "/userdata", NULL, NULL, NULL },
		{ "/run/docker/runtime-runc/plugins.moby", "/b", NULL, NULL, "docker" },
		{ OWN, "/var/lib/docker/buildkit/executor/x1", NULL, NULL, "docker" },
		{ OWN, "/var/lib/docker/buildkit/executor/", NULL, NULL, NULL },
		{ OWN, "/srv/executor/x1", NULL, NULL, NULL },
		{ OWN, "executor/x1", NULL, NULL, NULL },
		{ OWN, "userdata", NULL, NULL, NULL },
		{ OWN, "/srv/overlay-containers/" ID "/x/userdata", NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct strpair pair = { arena_strdup(&arena, "io.container.manager"),
					rows[i].manager ? arena_strdup(&arena, rows[i].manager)
							: NULL };
		struct spec_linux linux_ = {
			.cgroups_path = rows[i].cgroup ? arena_strdup(&arena, rows[i].cgroup) : NULL
		};
		const struct spec request = {
			.annotations = { rows[i].manager ? 1 : 0, &pair },
			.linux_ = rows[i].cgroup ? &linux_ : NULL,
		};
		const char *engine = engine_of(rows[i].root, rows[i].bundle, &request);

		if (!str_eq(engine, rows[i].engine))
			fail_msg("%s %s: %s", rows[i].root, rows[i].bundle ? rows[i].bundle : "-",
				 engine ? engine : "none");
	}
}

static void test_patterns(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} rows[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "*", "a/b", true },
		{ "?", "", false },
		{ "?", "/", true },
		{ "a*c", "abcbc", true },
		{ "a*c", "abcb", false },
		{ "a**c", "ac", true },
		{ "[a-c]", "b", true },
		{ "[a-c]", "d", false },
		{ "[!a-c]", "d", true },
		{ "[^a]", "a", false },
		{ "[]]", "]", true },
		{ "[!]]", "]", false },
		{ "[a-]", "-", true },
		{ "[\\]]", "]", true },
		{ "\\*", "*", true },
		{ "\\*", "a", false },
		{ "a\\\\b", "a\\b", true },
		{ "*[0-9]", "x7", true },
		{ "*[0-9]", "7x", false },
		{ "/srv/*", "/srv", false },
		{ "*b", "aab", true },
		{ "*ab*cd*", "xabyabzcdw", true },
	};
	static char long_text[1 << 20];
	autofree char *stars = xmalloc(4001);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (glob_match(rows[i].pattern, rows[i].text) != rows[i].match)
			fail_msg("%s: %s", rows[i].pattern, rows[i].text);
	/* would take longer than the world lasts where each star is tried with each length */
	for (size_t i = 0; i < 4000; i += 2)
		memcpy(stars + i, "*a", 2);
	stars[4000] = '\0';
	memset(long_text, 'a', sizeof(long_text) - 1);
	assert_true(glob_match(stars, long_text));
	stars[3999] = 'b';
	assert_false(glob_match(stars, long_text));
	assert_null(glob_problem(stars));
}

static void test_a_thousand_entries(void **state)
{
	autostrbuf text = { 0 };

	(void)state;
	strbuf_puts(&text, LAB ",\"distros\":[");
	for (size_t i = 0; i < 1000; i++)
		strbuf_printf(&text, "{\"match\":{\"rootfs\":\"/srv/%zu/*\"}},", i);
	strbuf_puts(&text, "{\"network\":\"lab\"}]");
	assert_chosen(strbuf_text(&text), "lab", "distros[1000]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_key_is_named_where_it_has_to_be_said),
		cmocka_unit_test_teardown(test_each_matcher_matches_and_does_not, release),
		cmocka_unit_test_teardown(test_what_is_longer_than_a_path_matches_nothing, release),
		cmocka_unit_test_teardown(test_the_first_entry_wins, release),
		cmocka_unit_test_teardown(test_paths_that_others_can_change_are_not_believed,
					  release),
		cmocka_unit_test_teardown(test_what_is_inherited_and_what_is_not, release),
		cmocka_unit_test_teardown(test_a_network_that_is_named, release),
		cmocka_unit_test_teardown(test_broken_files_name_the_place, release),
		cmocka_unit_test_teardown(test_engines_by_where_they_keep_containers, release),
		cmocka_unit_test_teardown(test_patterns, release),
		cmocka_unit_test_teardown(test_a_thousand_entries, release),
	};

	return cmocka_run_group_tests_name("policy_select", tests, NULL, NULL);
}

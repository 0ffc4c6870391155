/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the plan has no file of its own: hooks, paths, the root, sysctls, what is printed: one test a rule. Runs anywhere,
 * without root.
 */
#include "plan_fixture.h"

#include "plan/print.h"
#include "plan/state.h"

#include <sys/mount.h>

#define PROCESS(members) "'process':{'cwd':'/','args':['sh']," members "}"

static void test_hooks_have_their_defaults(void **state)
{
	struct plan *plan = fixture_plan(
		*state,
		"'hooks':{'prestart':[{'path':'/h','args':['x','y'],'env':['A=1','A=2'],"
		"'timeout':3}],'poststop':[{'path':'/p'},{'path':'/q'}],"
		"'createRuntime':[{'path':'/1'}],'createContainer':[{'path':'/2'}],"
		"'startContainer':[{'path':'/3'}],'poststart':[{'path':'/4'}]}",
		MOUNT_NS);

	assert_int_equal(plan->prestart.n, 1);
	assert_string_equal(plan->prestart.v[0].args[0], "x");
	assert_string_equal(plan->prestart.v[0].args[1], "y");
	assert_null(plan->prestart.v[0].args[2]);
	assert_string_equal(plan->prestart.v[0].env[1], "A=2");
	assert_null(plan->prestart.v[0].env[2]);
	assert_int_equal(plan->prestart.v[0].timeout, 3);
	assert_int_equal(plan->poststop.n, 2);
	assert_string_equal(plan->poststop.v[1].args[0], "/q");
	assert_null(plan->poststop.v[1].args[1]);
	assert_null(plan->poststop.v[1].env);
	assert_int_equal(plan->poststop.v[1].timeout, 0);
	assert_string_equal(plan->create_runtime.v[0].path, "/1");
	assert_string_equal(plan->create_container.v[0].path, "/2");
	assert_string_equal(plan->start_container.v[0].path, "/3");
	assert_string_equal(plan->poststart.v[0].path, "/4");
}

static void test_hooks_and_agents_get_the_state_of_the_plan(void **state)
{
	const struct plan *plan = fixture_plan(*state, "'annotations':{'a':'1','b':'2'}", MOUNT_NS);
	struct oci_state given = oci_state_of_plan(plan, "created", 42);
	auto_json_out out = json_out_new(false);
	const char *text;
	size_t length;
	struct err e;

	oci_state_encode(&given, out);
	assert_int_equal(json_out_finish(out, &text, &length, &e), 0);
	assert_string_equal(text, "{\"ociVersion\":\"1.3.0\",\"id\":\"web\",\"status\":\"created\","
				  "\"pid\":42,\"bundle\":\"/bundle\","
				  "\"annotations\":{\"a\":\"1\",\"b\":\"2\"}}");
	/* what `state` alone has */
	assert_null(given.rootfs);
	assert_null(given.created);
	assert_null(given.owner);
	/* left out only where none are known */
	plan = fixture_plan(*state, "", MOUNT_NS);
	given = oci_state_of_plan(plan, "stopped", 0);
	assert_string_equal(given.status, "stopped");
	assert_int_equal(given.pid, 0);
	assert_non_null(given.annotations);
	assert_int_equal(given.annotations->n, 0);
}

static void test_paths_are_clean_and_once(void **state)
{
	struct plan *plan = fixture_plan(
		*state, "",
		MOUNT_NS ",'maskedPaths':['/proc/kcore','/a','/proc//kcore/','/proc/x/../kcore'],"
			 "'readonlyPaths':['/proc/sys','/proc/sys']");

	assert_int_equal(plan->masked_paths.n, 2);
	assert_string_equal(plan->masked_paths.v[0], "/proc/kcore");
	assert_string_equal(plan->masked_paths.v[1], "/a");
	assert_int_equal(plan->readonly_paths.n, 1);
	/* no reader would see it */
	fixture_refused(*state, "", MOUNT_NS ",'maskedPaths':['/a','/a/..']",
			"linux.maskedPaths[1]: cannot be /; a read-only root is root.readonly");
	fixture_refused(*state, "", MOUNT_NS ",'readonlyPaths':['//']",
			"linux.readonlyPaths[0]: cannot be /; a read-only root is root.readonly");
}

static void test_root_and_its_propagation(void **state)
{
	struct plan *plan = fixture_plan(*state, "", MOUNT_NS ",'rootfsPropagation':'rslave'");

	assert_int_equal(plan->rootfs_propagation, MS_REC | MS_SLAVE);
	assert_string_equal(plan->rootfs, "/bundle/rootfs");
	assert_string_equal(plan->bundle, "/bundle");
	assert_false(plan->readonly_root);
	assert_int_equal(fixture_plan(*state, "", MOUNT_NS)->rootfs_propagation, 0);
}

static void test_sysctls_of_namespaces_only(void **state)
{
	struct fixture *f = *state;
	struct plan *plan = fixture_plan(
		f, "",
		NAMESPACES(
			"{'type':'ipc'},{'type':'uts'}") ",'sysctl':{'kernel.shm_rmid_forced':'1',"
							 "'fs/mqueue/"
							 "msg_max':'2','kernel.domainname':'d'}");

	assert_int_equal(plan->sysctls.n, 3);
	assert_string_equal(plan->sysctls.v[0].key, "kernel/shm_rmid_forced");
	assert_string_equal(plan->sysctls.v[0].value, "1");
	assert_string_equal(plan->sysctls.v[1].key, "fs/mqueue/msg_max");
	fixture_refused(f, "", MOUNT_NS ",'sysctl':{'kernel.msgmax':'1'}",
			"linux.sysctl: kernel.msgmax needs a ipc namespace other than the host's");
	fixture_refused(
		f, "", MOUNT_NS ",'sysctl':{'kernel.panic':'1'}",
		"linux.sysctl: kernel.panic does not belong to a namespace; set it on the host");
}

static void test_sysctls_of_the_network(void **state)
{
	static const char text[] =
		"linux.sysctl: net.x.eth0/1.y needs a network namespace other than the host's";
	struct fixture *f = *state;
	struct plan *plan;

	fixture_refused(f, "", MOUNT_NS ",'sysctl':{'net.x.eth0/1.y':'1'}", text);
	f->verdict.network.join = NETWORK_PATH;
	fixture_refused(
		f, "",
		NAMESPACES(
			"{'type':'network','path':'/host/net'}") ",'sysctl':{'net.x.eth0/1.y':'1'}",
		text);
	plan = fixture_plan(
		f, "",
		NAMESPACES(
			"{'type':'network','path':'/ns/net'}") ",'sysctl':{'net.x.eth0/1.y':'1'}");
	assert_string_equal(plan->sysctls.v[0].key, "net/x/eth0.1/y");
	/* the policy has let it through */
	f->verdict.network.join = NETWORK_EARLY;
	f->verdict.network.path = (char[]){ "/host/net" };
	fixture_plan(f, "",
		     NAMESPACES("{'type':'network','path':'/host/net'}") ",'sysctl':{'net.x.eth0/"
									 "1.y':'1'}");
}

static void test_text_shows_nothing_that_a_terminal_would_obey(void **state)
{
	struct fixture *f = *state;
	struct plan *plan = fixture_plan(
		f,
		"'annotations':{'a\\u001b[2J':'x\\u009b1m \\u00e9'}," PROCESS("'env':['A=b\\nc']"),
		MOUNT_NS);
	autostrbuf text = { 0 };

	plan_print(plan, &text);
	for (const char *p = strbuf_text(&text); *p; p++)
		assert_true((unsigned char)*p >= ' ' || *p == '\n');
	assert_non_null(strstr(strbuf_text(&text), "\"a\\u001b[2J\" = \"x\\u009b1m \xc3\xa9\"\n"));
	assert_non_null(strstr(strbuf_text(&text), "\"A=b\\nc\"\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hooks_have_their_defaults),
		TEST(test_hooks_and_agents_get_the_state_of_the_plan),
		TEST(test_paths_are_clean_and_once),
		TEST(test_root_and_its_propagation),
		TEST(test_sysctls_of_namespaces_only),
		TEST(test_sysctls_of_the_network),
		TEST(test_text_shows_nothing_that_a_terminal_would_obey),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}

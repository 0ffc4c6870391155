/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be mounted into a running container, and what may be taken away, by its configuration and
 * policy. Needs no root.
 */
#include "plan/kept.h"
#include "plan_fixture.h"
#include "sys/mount_api.h"

#define MASKS \
	"'maskedPaths':['/proc/kcore','/sys/firmware'],'readonlyPaths':['/proc/sys','/opt/fixed']"

struct live {
	struct fixture *f;
	const struct policy *policy;
	const char *linux_; /* of the container's configuration */
};

static struct spec *decode(struct fixture *f, const char *json)
{
	struct spec *spec;

	if (spec_decode_text(json, strlen(json), "config.json", &f->arena, &spec, &f->e) < 0)
		fail_msg("%s\n%s", f->e.text, json);
	return spec;
}

static int try(const struct live *live, const char *mounts)
{
	struct fixture *f = live->f;
	struct spec *config =
		decode(f, fixture_json(f, arena_printf(&f->arena,
						       "{'ociVersion':'1.2.0','annotations':{"
						       "'run.oci.systemd.force_cgroup_v1':'/t'},"
						       "'linux':{" MASKS ",%s}}",
						       live->linux_)));
	char *text = fixture_json(f, mounts);
	struct spec asked;

	f->plan = NULL;
	if (spec_decode_mounts(text, strlen(text), "file", &f->arena, &asked, &f->e) < 0)
		return -1;

	const struct subject subject = {
		.path = PATH_MOUNTS,
		.policy = live->policy,
		.request = plan_mounts_request(config, &asked, &f->arena),
	};
	struct plan_options options = f->options;
	struct verdict verdict;

	options.asked = &asked;
	options.user_namespace = spec_namespace_find(config, SPEC_NS_USER) != NULL;
	policy_judge(&subject, f->facts, &f->arena, &verdict);
	return plan_make(&verdict, f->facts, &options, &f->arena, &f->plan, &f->e);
}

static struct live enforced(void **state)
{
	struct fixture *f = *state;

	return (struct live){ .f = f,
			      .policy = policy_default(&f->arena, NULL),
			      .linux_ = MOUNT_NS };
}

static void refused(const struct live *live, const char *mounts, const char *text)
{
	if (try(live, mounts) >= 0)
		fail_msg("not refused: %s", mounts);
	assert_string_equal(live->f->e.text, text);
	assert_null(live->f->plan);
}

static void test_binds_and_new_file_systems(void **state)
{
	struct live live = enforced(state);
	const struct plan_mount *v;

	assert_int_equal(try(&live,
			     "[{'destination':'/t','type':'tmpfs'},{'destination':'a/../b',"
			     "'type':'bind','source':'/srv','options':['rbind','ro']},"
			     "{'destination':'/o','type':'overlay','options':['lowerdir=/a:/b']}]"),
			 0);
	assert_int_equal(live.f->plan->mounts.n, 3);
	v = live.f->plan->mounts.v;
	/* an annotation about the mounts of creation means nothing here */
	assert_int_equal(v[0].kind, PLAN_MOUNT_FS);
	assert_string_equal(v[1].destination, "/b");
	assert_true(v[1].recursive);
	assert_int_equal(v[2].kind, PLAN_MOUNT_FS);
	assert_int_equal(try(&live, "[]"), 0);
	assert_int_equal(live.f->plan->mounts.n, 0);
}

static void test_what_is_not_a_list_of_mounts_is_refused(void **state)
{
	struct live live = enforced(state);

	refused(&live, "{}", "file:1:1: must be an array of mounts");
	refused(&live, "[{'type':'tmpfs'}]", "file:1:2: destination: is missing");
	assert_int_equal(try(&live, "[7]"), -1);
	assert_int_equal(try(&live, "["), -1);
}

static void test_what_belongs_to_creation_is_refused(void **state)
{
	static const char made[] =
		"can only be mounted when the container is created, because paths in it are masked";
	static const struct {
		const char *mount, *member, *why;
	} rows[] = {
		{ "'destination':'/p','type':'sysfs'", "type", made },
		{ "'destination':'/proc','type':'proc'", "type", made },
		{ "'destination':'/c','type':'cgroup2'", "type", made },
		{ "'destination':'/proc','type':'bind','source':'/proc'", "destination", made },
		{ "'destination':'/sys/.','type':'tmpfs'", "destination", made },
		{ "'destination':'/dev','options':['remount','ro']", "options",
		  "a mount of a running container cannot be changed" },
		{ "'destination':'/t','type':'tmpfs','options':['tmpcopyup']", "options",
		  "tmpcopyup is possible only when a container is created, because the copy "
		  "would not count as its memory" },
		{ "'destination':'/sys/firmware','type':'tmpfs'", "destination",
		  "/sys/firmware would disappear under it, which is masked or read-only in this "
		  "container" },
		{ "'destination':'/opt','type':'tmpfs'", "destination",
		  "/opt/fixed would disappear under it, which is masked or read-only in this "
		  "container" },
	};
	struct live live = enforced(state);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		refused(&live, arena_printf(&live.f->arena, "[{%s}]", rows[i].mount),
			arena_printf(&live.f->arena, "mounts[0].%s: %s", rows[i].member,
				     rows[i].why));
}

static void test_files_of_the_host_and_a_user_namespace(void **state)
{
	static const char why[] =
		"mounts[0].type: a file system of the host's files cannot be made for "
		"a running container with a user namespace; bind one";
	struct live live = enforced(state);

	live.linux_ = NAMESPACES("{'type':'user'}");
	refused(&live, "[{'destination':'/o','type':'overlay','options':['lowerdir=/a:/b']}]", why);
	refused(&live, "[{'destination':'/o','type':'ext4','source':'/dev/sda1'}]", why);
	assert_int_equal(try(&live, "[{'destination':'/t','type':'tmpfs'},{'destination':'/b',"
				    "'type':'bind','source':'/srv'}]"),
			 0);
	assert_true(live.f->plan->namespaces.new_user);
}

static void test_files_that_are_the_policys(void **state)
{
	static const char *const places[] = { "/etc/resolv.conf", "/etc/hosts", "/etc" };
	struct live live = enforced(state);
	struct policy *policy = policy_default(&live.f->arena, NULL);

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const char *mounts = arena_printf(
			&live.f->arena, "[{'destination':'%s','type':'bind','source':'/x'}]",
			places[i]);

		assert_int_equal(try(&live, mounts), -1);
		assert_int_equal(live.f->e.kind, ERR_POLICY);
		assert_true(str_has_prefix(
			live.f->e.text,
			i == 1 ? "network.hosts: mounts[0].destination: what is "
				 "at /etc/hosts is set by the policy"
			       : "network.resolvConf: mounts[0].destination: "
				 "what is at /etc/resolv.conf is set by the policy"));
	}
	policy->network->resolv_conf = policy->network->hosts =
		arena_strdup(&live.f->arena, "engine");
	live.policy = policy;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		assert_int_equal(try(&live, arena_printf(&live.f->arena,
							 "[{'destination':'%s','type':'bind',"
							 "'source':'/x'}]",
							 places[i])),
				 0);
	policy = policy_default(&live.f->arena, NULL);
	policy->mode = POLICY_OBSERVE;
	live.policy = policy;
	assert_int_equal(try(&live, "[{'destination':'/etc','type':'bind','source':'/x'}]"), 0);
}

static void test_what_the_runtime_has_mounted_or_masked_stays(void **state)
{
	static const struct {
		const char *path;
		bool stays;
	} rows[] = {
		{ "/", true },
		{ "/proc", true },
		{ "/proc/kcore", true },
		{ "/proc/any", true },
		{ "/sys", true },
		{ "/sys/firmware", true },
		{ "/opt/fixed", true },
		{ "/opt", true },
		{ "/opt/fixed/below", false },
		{ "/dev", false },
		{ "/sys/fs/cgroup", false },
		{ "/process", false },
	};
	struct live live = enforced(state);

	assert_int_equal(try(&live, "[]"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if ((plan_keeps(live.f->plan, rows[i].path) != NULL) != rows[i].stays)
			fail_msg("%s", rows[i].path);
}

static void test_destinations_to_take_away(void **state)
{
	static const char text[] =
		"[{\"destination\":\"a//b/\"},{\"destination\":\"/c/../d\",\"type\":\"x\"}]";
	struct fixture *f = *state;
	struct strlist list;
	struct spec asked;

	assert_int_equal(spec_decode_mounts(text, strlen(text), "file", &f->arena, &asked, &f->e),
			 0);
	assert_int_equal(plan_mounts_destinations(&asked, &f->arena, &list, &f->e), 0);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0], "/a/b");
	assert_string_equal(list.v[1], "/d");
	asked.mounts.v[1].destination = arena_strdup(&f->arena, "");
	assert_int_equal(plan_mounts_destinations(&asked, &f->arena, &list, &f->e), -1);
	assert_string_equal(f->e.text, "mounts[1].destination: must not be empty");
}

/* What the sources are, and not what they are called. */
static void test_file_systems_of_the_kernel(void **state)
{
	struct live live = enforced(state);
	struct policy old = *live.policy;
	const struct plan_mount *v;

	fixture_facts(live.f,
		      "{'sources':[{'source':'/a','path':'/proc','type':'proc','part':'/sys'},"
		      "{'source':'/b','path':'/srv','recursive':true,'below':["
		      "{'path':'/p','type':'proc','part':'/'},{'path':'/t','type':'tracefs'}]},"
		      "{'source':'/c','path':'/proc/7','type':'proc','part':'/7/fd'}]}");
	assert_int_equal(try(&live, "[{'destination':'/x','type':'bind','source':'/a'},"
				    "{'destination':'/y','source':'/b','options':['rbind']}]"),
			 0);
	v = live.f->plan->mounts.v;
	/* the third is the procfs below the second */
	assert_int_equal(live.f->plan->mounts.n, 3);
	assert_true(v[0].is_proc);
	assert_string_equal(v[0].subtree, "/sys");
	/* a part of the container's own, read-only if that is */
	assert_false(v[0].attr_clear & MOUNT_ATTR_RDONLY);
	assert_int_equal(v[1].opened, 1);
	assert_int_equal(v[1].below.n, 2);
	assert_true(v[1].below.v[0].detach);
	assert_false(v[1].below.v[1].detach);
	assert_string_equal(v[2].destination, "/y/p");
	assert_int_equal(try(&live, "[{'destination':'/x','type':'proc','options':['subtree=/sys',"
				    "'rw','rrw']}]"),
			 0);
	v = live.f->plan->mounts.v;
	assert_false((v[0].attr_clear | v[0].rec_attr_clear) & MOUNT_ATTR_RDONLY);
	assert_int_equal(try(&live, "[{'destination':'/x','type':'bind','source':'/c'}]"), -1);
	assert_non_null(strstr(live.f->e.text, "kernelMounts"));
	/* records of a program that did not know the key: nothing of it was in force */
	old.kernel_mounts = 0;
	live.policy = &old;
	assert_int_equal(try(&live, "[{'destination':'/x','type':'bind','source':'/a'}]"), 0);
	assert_int_equal(live.f->plan->mounts.v[0].kind, PLAN_MOUNT_BIND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_binds_and_new_file_systems),
		TEST(test_file_systems_of_the_kernel),
		TEST(test_what_is_not_a_list_of_mounts_is_refused),
		TEST(test_what_belongs_to_creation_is_refused),
		TEST(test_files_of_the_host_and_a_user_namespace),
		TEST(test_files_that_are_the_policys),
		TEST(test_what_the_runtime_has_mounted_or_masked_stays),
		TEST(test_destinations_to_take_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

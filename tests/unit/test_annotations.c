/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Annotations of crun's and runc's, as far as they change the plan or the request to criu: no root.
 */
#include "base/base64.h"
#include "container/criu_options.h"
#include "judge.h"
#include "os/io.h"
#include "plan/make.h"
#include "plan_fixture.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>

#define DATA "run.oci.seccomp_bpf_data"
/* return SECCOMP_RET_ALLOW */
#define ALLOW_ALL "BgAAAAAA/38="
#define ALLOWING "'seccomp':{'defaultAction':'SCMP_ACT_ALLOW'}"

static const char *annotation(struct fixture *f, const char *name, const char *value)
{
	return arena_printf(&f->arena, "'annotations':{'%s':'%s'}", name, value);
}

/* --- the table --- */

static void test_the_manual_has_each_annotation(void **state)
{
	const char *source = getenv("DISTRO_SHIM_SOURCE");
	struct fixture *f = *state;
	autofree char *manual = NULL;
	autostrbuf plain = { 0 };

	assert_int_equal(
		read_file_at(AT_FDCWD,
			     arena_printf(&f->arena, "%s/man/distro-shim.8", source ? source : "."),
			     1u << 20, &manual, NULL, &f->e),
		0);
	for (const char *p = manual; *p; p++)
		if (*p != '\\')
			strbuf_putc(&plain, *p);
	for (size_t i = 0; i < ANNOTATION_COUNT; i++) {
		assert_non_null(annotation_rows[i].name);
		assert_non_null(annotation_rows[i].doc);
		if (!strstr(plain.text, annotation_rows[i].name))
			fail_msg("%s is not in the manual", annotation_rows[i].name);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(annotation_rows[i].name, annotation_rows[j].name);
	}
}

static void test_annotations_are_chosen_by_their_flags(void **state)
{
	struct strpair pairs[] = {
		{ .key = (char *)(uintptr_t) "org.systemd.property.TasksMax",
		  .value = (char *)(uintptr_t) "1" },
		{ .key = (char *)(uintptr_t) "run.oci.mount_context_type",
		  .value = (char *)(uintptr_t) "context" },
		{ .key = (char *)(uintptr_t) "run.oci.mount_context_type.x",
		  .value = (char *)(uintptr_t) "context" },
		{ .key = (char *)(uintptr_t) "run.oci.handler",
		  .value = (char *)(uintptr_t) "krun" },
	};
	const struct strmap all = { .n = ARRAY_SIZE(pairs), .v = pairs };
	struct fixture *f = *state;

	assert_int_equal(annotations_with(&all, ANNOTATION_UNSAFE, &f->arena).n, 2);
	assert_int_equal(annotations_with(&all, ANNOTATION_LIVE, &f->arena).n, 1);
	assert_string_equal(annotations_with(&all, ANNOTATION_LIVE, &f->arena).v[0].key,
			    "run.oci.mount_context_type");
	assert_int_equal(annotations_with(&all, 0, &f->arena).n, 0);
	assert_string_equal(annotation_suffix(pairs[0].key, ANNOTATION_UNIT_PROPERTY), "TasksMax");
	assert_null(annotation_suffix(pairs[1].key, ANNOTATION_UNIT_PROPERTY));
}

/* --- base64 --- */

static void test_base64_of_every_length(void **state)
{
	/* RFC 4648, section 10 */
	static const char *const rows[][2] = {
		{ "", "" },
		{ "Zg==", "f" },
		{ "Zm8=", "fo" },
		{ "Zm9v", "foo" },
		{ "Zm9vYg==", "foob" },
		{ "Zm9vYmE=", "fooba" },
		{ "Zm9vYmFy", "foobar" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t *bytes = NULL;
		size_t n = 99;

		assert_true(base64_decode(rows[i][0], &f->arena, &bytes, &n));
		assert_int_equal(n, strlen(rows[i][1]));
		assert_memory_equal(bytes, rows[i][1], n);
	}
	uint8_t *bytes = NULL;
	size_t n;

	assert_true(base64_decode("+/8A", &f->arena, &bytes, &n));
	assert_memory_equal(bytes, "\xfb\xff\0", 3);
}

static void test_base64_is_strict(void **state)
{
	static const char *const rows[] = {
		"Z",      "Zg",    "Zg=",   "Zg===",      "=",    "====", "Zg==Zg==",
		"Zm9v\n", "Zm 9",  "Zm9-",  "Zm9_",       "Z===", "Zm=v", "Zh==",
		"Zm9=",   " Zm9v", "Zm9v=", "\xc3\xa4Zm", "=Zm9",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t *bytes = NULL;
		size_t n = 0;

		if (base64_decode(rows[i], &f->arena, &bytes, &n))
			fail_msg("\"%s\" is taken", rows[i]);
		assert_null(bytes);
	}
}

/* --- run.oci.seccomp_bpf_data --- */

static void test_a_program_takes_the_place_of_the_rules(void **state)
{
	static const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	static const char *const configs[] = {
		MOUNT_NS,
		MOUNT_NS ",'seccomp':{'defaultAction':'SCMP_ACT_ERRNO','architectures':"
			 "['SCMP_ARCH_X86'],'syscalls':[{'names':['read'],'action':"
			 "'SCMP_ACT_ALLOW'}]}",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
		const struct plan_seccomp *seccomp =
			fixture_plan(f, annotation(f, DATA, ALLOW_ALL), configs[i])->seccomp;

		assert_int_equal(seccomp->program.n, 1);
		assert_memory_equal(seccomp->program.v, &allow, sizeof(allow));
		assert_int_equal(seccomp->rules.n, 0);
		assert_int_equal(seccomp->flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
		assert_false(seccomp->notify);
	}
}

static void test_a_program_has_the_flags_and_the_listener_of_the_profile(void **state)
{
	struct fixture *f = *state;
	const struct plan_seccomp *seccomp =
		fixture_plan(f, annotation(f, DATA, ALLOW_ALL),
			     MOUNT_NS ",'seccomp':{'defaultAction':'SCMP_ACT_ALLOW','flags':"
				      "['SECCOMP_FILTER_FLAG_LOG'],'listenerPath':'/run/agent',"
				      "'listenerMetadata':'words'}")
			->seccomp;

	assert_int_equal(seccomp->flags, SECCOMP_FILTER_FLAG_LOG);
	assert_true(seccomp->notify);
	assert_string_equal(seccomp->listener_path, "/run/agent");
	assert_string_equal(seccomp->listener_metadata, "words");
	fixture_refused(f, annotation(f, DATA, ALLOW_ALL),
			MOUNT_NS ",'seccomp':{'defaultAction':'SCMP_ACT_ALLOW',"
				 "'listenerPath':'agent'}",
			"linux.seccomp.listenerPath: must be an absolute path");
}

static void test_data_that_is_not_a_program_is_refused(void **state)
{
	static const char *const rows[][2] = {
		{ "", "has 0 bytes, but an instruction of classic BPF has 8" },
		{ "BgAAAA==", "has 4 bytes, but an instruction of classic BPF has 8" },
		{ "BgAAAAAA/38", "is not base64" },
	};
	struct fixture *f = *state;
	/* 4097 instructions are 32776 bytes, of which base64 makes 43704 characters */
	char *long_one = arena_alloc(&f->arena, 43705);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		fixture_refused(f, annotation(f, DATA, rows[i][0]), MOUNT_NS,
				arena_printf(&f->arena, "annotation " DATA ": %s", rows[i][1]));
	memset(long_one, 'A', 43704);
	long_one[43702] = long_one[43703] = '=';
	fixture_refused(f, annotation(f, DATA, long_one), MOUNT_NS,
			"annotation " DATA ": has 4097 instructions, the kernel takes 4096");
}

static void test_exec_is_under_the_same_program(void **state)
{
	struct fixture *f = *state;
	struct plan *plan = NULL;

	(void)fixture_plan(f, annotation(f, DATA, ALLOW_ALL), MOUNT_NS);
	assert_int_equal(make_exec_plan(f->verdict.spec, &f->options, false, f->facts, &f->arena,
					&plan, &f->e),
			 0);
	assert_int_equal(plan->seccomp->program.n, 1);
}

/* --- run.oci.seccomp_fail_unknown_syscall --- */

static void test_whether_unknown_names_are_refused(void **state)
{
	static const struct {
		const char *value;
		bool refused;
	} rows[] = { { "1", true }, { "", true }, { "yes", true }, { "0", false } };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(fixture_plan(f,
					      annotation(f, "run.oci.seccomp_fail_unknown_syscall",
							 rows[i].value),
					      MOUNT_NS "," ALLOWING)
					 ->seccomp->unknown_refused,
				 rows[i].refused);
	assert_false(fixture_plan(f, "", MOUNT_NS "," ALLOWING)->seccomp->unknown_refused);
}

/* --- run.oci.seccomp.receiver --- */

static void judge_receiver(struct fixture *f, int mode, const char *annotations, const char *linux_,
			   const char *environment, struct verdict *ret)
{
	struct subject subject = { .path = PATH_CREATE, .receiver = environment };
	struct policy *policy = policy_default(&f->arena, NULL);

	(void)fixture_plan(f, annotations, linux_);
	policy->mode = mode;
	subject.policy = policy;
	subject.request = f->verdict.spec;
	policy_judge(&subject, f->facts, &f->arena, ret);
}

/* Where the listener goes; it is no matter of the policy, so under observe, too. "": there is no filter. */
static const char *receiver_of(struct fixture *f, const char *annotations, const char *linux_,
			       const char *environment)
{
	const char *found[2];

	for (int mode = POLICY_ENFORCE; mode <= POLICY_OBSERVE; mode++) {
		struct verdict verdict;
		struct spec *replayed;

		judge_receiver(f, mode, annotations, linux_, environment, &verdict);
		if (mode == POLICY_OBSERVE)
			assert_false(verdict.refused);
		found[mode - 1] = verdict.spec->linux_->seccomp
					  ? verdict.spec->linux_->seccomp->listener_path
					  : "";
		/* the decision says what has become of the request */
		assert_int_equal(decisions_replay(f->verdict.spec, &verdict.decisions, &f->arena,
						  &replayed, &f->e),
				 0);
		assert_true(str_eq(
			replayed->linux_->seccomp ? replayed->linux_->seccomp->listener_path : "",
			found[mode - 1]));
	}
	assert_true(str_eq(found[0], found[1]));
	return found[0];
}

static void test_the_receiver_is_the_listener_if_the_profile_names_none(void **state)
{
	static const char seccomp[] = MOUNT_NS "," ALLOWING;
	static const char own[] = MOUNT_NS ",'seccomp':{'defaultAction':'SCMP_ACT_ALLOW',"
					   "'listenerPath':'/own'}";
	struct fixture *f = *state;
	const char *given = annotation(f, "run.oci.seccomp.receiver", "/annotated");

	assert_null(receiver_of(f, "", seccomp, NULL));
	assert_string_equal(receiver_of(f, given, seccomp, NULL), "/annotated");
	assert_string_equal(receiver_of(f, given, own, NULL), "/own");
	assert_string_equal(receiver_of(f, given, MOUNT_NS, NULL), "");
	assert_string_equal(receiver_of(f, "", seccomp, "/environment"), "/environment");
	assert_string_equal(receiver_of(f, given, seccomp, "/environment"), "/annotated");
	assert_string_equal(receiver_of(f, "", MOUNT_NS, "/environment"), "");
	/* of a filter that is not in linux.seccomp */
	assert_string_equal(
		receiver_of(f, annotation(f, DATA, ALLOW_ALL), MOUNT_NS, "/environment"),
		"/environment");
	assert_null(receiver_of(f, "", seccomp, ""));
}

static void refused_in_both_modes(struct fixture *f, const char *annotations, const char *text)
{
	for (int mode = POLICY_ENFORCE; mode <= POLICY_OBSERVE; mode++) {
		struct verdict verdict;

		judge_receiver(f, mode, annotations, MOUNT_NS "," ALLOWING, NULL, &verdict);
		assert_true(verdict.refused);
		assert_int_equal(policy_refusal(&verdict, NULL, &f->e), -1);
		assert_non_null(strstr(f->e.text, text));
	}
}

static void test_a_receiver_is_an_absolute_path(void **state)
{
	struct fixture *f = *state;

	refused_in_both_modes(
		f, annotation(f, "run.oci.seccomp.receiver", "agent"),
		"annotations: annotation run.oci.seccomp.receiver: must be an absolute "
		"path, is \"agent\"");
	refused_in_both_modes(f, annotation(f, "run.oci.seccomp.plugins", "a:b"),
			      "annotation run.oci.seccomp.plugins: is not supported");
}

/* --- run.oci.handler, module.wasm.image/variant --- */

static void test_what_runs_something_else_is_refused(void **state)
{
	static const struct {
		const char *name, *value, *program;
		bool refused;
	} rows[] = {
		{ "run.oci.handler", "krun", "sh", true },
		{ "run.oci.handler", "wasm", "sh", true },
		{ "run.oci.handler", "wasmedge", "sh", true },
		{ "run.oci.handler", "wasm-smart", "/a.wasm", true },
		{ "run.oci.handler", "wasm-smart", "/a.wat", true },
		{ "run.oci.handler", "wasm-smart", "/a.sh", false },
		{ "run.oci.handler", "", "sh", false },
		{ "module.wasm.image/variant", "compat", "sh", true },
		{ "module.wasm.image/variant", "compat-smart", "/a.wasm", true },
		{ "module.wasm.image/variant", "compat-smart", "sh", false },
		{ "module.wasm.image/variant", "", "sh", false },
		{ "krun.cpus", "4", "sh", false },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *top = arena_printf(
			&f->arena,
			"%s,'process':{'cwd':'/','user':{'uid':0,'gid':0},'args':['%s']}",
			annotation(f, rows[i].name, rows[i].value), rows[i].program);

		if (rows[i].refused)
			fixture_refused(
				f, top, MOUNT_NS,
				arena_printf(&f->arena,
					     "annotation %s: \"%s\" is not supported; only "
					     "processes of the host's kernel are, not virtual "
					     "machines or modules of WebAssembly",
					     rows[i].name, rows[i].value));
		else
			(void)fixture_plan(f, top, MOUNT_NS);
	}
}

static void test_the_container_of_a_pod_itself_is_a_usual_process(void **state)
{
	(void)fixture_plan(*state,
			   "'annotations':{'run.oci.handler':'krun',"
			   "'io.kubernetes.cri.container-type':'sandbox'}",
			   MOUNT_NS);
	fixture_refused(*state,
			"'annotations':{'run.oci.handler':'krun',"
			"'io.kubernetes.cri.container-type':'container'}",
			MOUNT_NS,
			"annotation run.oci.handler: \"krun\" is not supported; only processes of "
			"the host's kernel are, not virtual machines or modules of WebAssembly");
}

/* --- run.oci.systemd.force_cgroup_v1 --- */

#define SYSTEMD_V1 "'annotations':{'run.oci.systemd.force_cgroup_v1':'/sys//fs/cgroup/'},"
#define CGROUP_MOUNTS                                                                      \
	"'mounts':[{'destination':'/proc','type':'proc'},{'destination':'/sys/fs/cgroup'," \
	"'type':'cgroup2','options':['ro']}]"

static void test_systemds_own_hierarchy_has_to_be_there(void **state)
{
	fixture_refused(
		*state, SYSTEMD_V1 CGROUP_MOUNTS, MOUNT_NS,
		"annotation run.oci.systemd.force_cgroup_v1: no cgroup hierarchy of version "
		"1 with name=systemd is mounted on this host");
}

static void test_systemds_own_hierarchy_is_shown_alone(void **state)
{
	struct fixture *f = *state;
	const struct plan *plan;

	fixture_facts(f, "{'uid':0,'effective':2199023255551,'bounding':2199023255551,'lastCap':40,"
			 "'rootfs':'/bundle/rootfs','cgroup':{'layout':'hybrid','hierarchies':["
			 "{'name':'systemd','controllers':[],'mountPoint':'/sys/fs/cgroup/systemd',"
			 "'ownPath':'/'},{'v2':true,'controllers':['memory'],'mountPoint':"
			 "'/sys/fs/cgroup/unified','ownPath':'/'}]}}");
	plan = fixture_plan(f, SYSTEMD_V1 CGROUP_MOUNTS, MOUNT_NS);
	assert_false(plan->mounts.v[0].systemd_v1);
	assert_true(plan->mounts.v[1].systemd_v1);
	assert_int_equal(plan->mounts.v[1].kind, PLAN_MOUNT_CGROUP);
	assert_string_equal(plan->mounts.v[1].fstype, "cgroup");
	assert_int_equal(plan->warnings.n, 0);
	plan = fixture_plan(
		f, "'annotations':{'run.oci.systemd.force_cgroup_v1':'/other'}," CGROUP_MOUNTS,
		MOUNT_NS);
	assert_false(plan->mounts.v[1].systemd_v1);
	assert_int_equal(plan->warnings.n, 1);
}

/* --- org.criu.config --- */

static int find_config_under(struct fixture *f, const struct policy *policy,
			     const char *annotations, struct criu_request *request)
{
	auto_criu_directories directories = CRIU_DIRECTORIES_INIT;
	struct criu_config_source from = { .bundle = "/bundle", .policy = policy };

	*request = (struct criu_request){ .config_fd = -1 };
	(void)fixture_plan(f, annotations, MOUNT_NS);
	from.annotations = &f->verdict.spec->annotations;
	return criu_config_open(&from, &f->arena, &directories, request, &f->e);
}

/* A policy that only observes: as it was before there was one. */
static int find_config(struct fixture *f, const char *annotations, struct criu_request *request)
{
	const struct policy observes = { .mode = POLICY_OBSERVE };

	return find_config_under(f, &observes, annotations, request);
}

static void test_crius_options_are_in_the_file_that_is_named(void **state)
{
	struct fixture *f = *state;
	struct criu_request request;
	autostrbuf bytes = { 0 };

	assert_int_equal(find_config(f, annotation(f, "org.criu.config", "/dev/null"), &request),
			 0);
	assert_string_equal(request.config_file, "/dev/null");
	/* criu_opts.config_file is number 51, a text */
	request.type = CRIU_DUMP;
	criu_request_encode(&request, &bytes);
	assert_non_null(memmem(bytes.text, bytes.length, "\x9a\x03\x09/dev/null", 12));
	assert_int_equal(find_config(f, annotation(f, "org.criu.config", ""), &request), 0);
	assert_null(request.config_file);
	assert_int_equal(find_config(f, annotation(f, "org.criu.config", "/no/such"), &request),
			 -1);
	assert_string_equal(f->e.text, "annotation org.criu.config: open '/no/such': no such file "
				       "or directory");
	assert_int_equal(find_config(f, annotation(f, "org.criu.config", "here"), &request), -1);
	assert_string_equal(f->e.text, "annotation org.criu.config: must be an absolute path");
}

static void test_crius_options_are_roots_below_the_bundle_or_listed(void **state)
{
	struct fixture *f = *state;
	const char *elsewhere = annotation(f, "org.criu.config", "/dev/null");
	struct policy *policy = policy_default(&f->arena, NULL);
	char *listed[] = { arena_strdup(&f->arena, "/dev/null") };
	struct criu_request request;

	assert_int_equal(find_config_under(f, policy, elsewhere, &request), -1);
	assert_int_equal(f->e.kind, ERR_POLICY);
	assert_non_null(strstr(f->e.text, "the file '/dev/null' is not below the bundle"));
	/* records that do not say which policy is in force allow no more than the default */
	assert_int_equal(find_config_under(f, NULL, elsewhere, &request), -1);
	policy->criu->config = (struct strlist){ .n = 1, .v = listed };
	assert_int_equal(find_config_under(f, policy, elsewhere, &request), -1);
	assert_non_null(strstr(f->e.text, "'/dev/null' is not a regular file"));
	assert_int_equal(
		find_config_under(f, policy, annotation(f, "org.criu.config", ""), &request), 0);
	assert_int_equal(request.config_fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_manual_has_each_annotation),
		TEST(test_annotations_are_chosen_by_their_flags),
		TEST(test_base64_of_every_length),
		TEST(test_base64_is_strict),
		TEST(test_a_program_takes_the_place_of_the_rules),
		TEST(test_a_program_has_the_flags_and_the_listener_of_the_profile),
		TEST(test_data_that_is_not_a_program_is_refused),
		TEST(test_exec_is_under_the_same_program),
		TEST(test_whether_unknown_names_are_refused),
		TEST(test_the_receiver_is_the_listener_if_the_profile_names_none),
		TEST(test_a_receiver_is_an_absolute_path),
		TEST(test_what_runs_something_else_is_refused),
		TEST(test_the_container_of_a_pod_itself_is_a_usual_process),
		TEST(test_systemds_own_hierarchy_has_to_be_there),
		TEST(test_systemds_own_hierarchy_is_shown_alone),
		TEST(test_crius_options_are_in_the_file_that_is_named),
		TEST(test_crius_options_are_roots_below_the_bundle_or_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

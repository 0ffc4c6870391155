/* SPDX-License-Identifier: Apache-2.0 */
/* See policy_test.h. Runs in the runtime. */
#include "container/policy_test.h"

#include "base/auto.h"
#include "state/registry.h"

const struct name_row tested_names[] = {
	{ "config", TESTED_CONFIG },
	{ "request", TESTED_REQUEST },
	{ "undone", TESTED_UNDONE },
	{ "effective", TESTED_EFFECTIVE },
	{ NULL, 0 },
};

/* One that is judged twice. */
struct candidate {
	const struct global_options *global; /* as the engine has called it */
	struct container_asked asked;
	struct spec *spec;
};

/* Facts are gathered for each policy, because it says what is asked: its network, sources of mounts. */
static int judge_under(const struct candidate *c, const char *file, struct arena *arena,
		       struct verdict *ret, struct err *e)
{
	struct container_preview preview = { .config_name = "config.json", .spec = c->spec };
	autohost host = HOST_INIT;

	if (policy_load(file, arena, &preview.policy, e) < 0 ||
	    container_judge(c->global, &c->asked, arena, &preview, &host, e) < 0)
		return -1;
	*ret = preview.verdict;
	return 0;
}

static void judge_twice(const struct candidate *c, const char *file, struct arena *arena,
			struct policy_tested *ret)
{
	struct verdict *before = arena_new(arena, struct verdict);
	struct verdict *after = arena_new(arena, struct verdict);

	if (judge_under(c, c->global->policy_path, arena, before, &ret->error) < 0 ||
	    judge_under(c, file, arena, after, &ret->error) < 0)
		return;
	ret->error.kind = ERR_NONE;
	ret->before = before;
	ret->after = after;
	verdict_difference(before, after, arena, &ret->difference);
}

/* --- bundles --- */

static int test_bundle(const struct global_options *global, const struct policy_test *test,
		       const char *path, struct err *e)
{
	autoarena arena = { 0 };
	struct policy_tested tested = { .bundle = path, .request = TESTED_CONFIG };
	struct candidate c = {
		.global = global,
		.asked = { .id = "policy-test",
			   .path = PATH_CREATE,
			   .receiver = getenv("RUN_OCI_SECCOMP_RECEIVER") },
	};

	if (container_open_bundle(path, "config.json", &arena, &c.asked.bundle, &c.spec,
				  &tested.error) == 0) {
		tested.bundle = c.asked.bundle;
		judge_twice(&c, test->file, &arena, &tested);
	}
	return test->emit(test->context, &tested, e);
}

/* --- containers that live --- */

/* What a container was asked to be. */
static int find_request(const struct state_dir *dir, const struct status_record *status,
			struct arena *arena, struct policy_tested *tested, struct spec **ret,
			struct err *e)
{
	bool observed = !status->policy || status->policy->mode == POLICY_OBSERVE;
	struct spec *config;

	tested->request = TESTED_REQUEST;
	tested->doubt.kind = ERR_NONE;
	if (state_read_request(dir, arena, ret, &tested->doubt) == 0 && *ret)
		return 0;
	if (state_read_config(dir, arena, &config, e) < 0)
		return -1;
	if (!config)
		return fail(e, ERR_STATE, "container %s: its config.json is missing", dir->id);
	*ret = config;
	if (!decisions_change_spec(&status->decisions, observed))
		return 0;
	tested->request = TESTED_UNDONE;
	if (decisions_undo(config, &status->decisions, observed, arena, ret, &tested->doubt) == 0)
		return 0;
	tested->request = TESTED_EFFECTIVE;
	*ret = config;
	return 0;
}

/* What the engine said on the command line is in the records of its control group. */
static void say_as_created(const struct status_record *status, struct global_options *global)
{
	global->systemd_cgroup = status->cgroup && status->cgroup->unit;
	global->cgroup_disabled = status->cgroup && !status->cgroup->manage;
	/* What an entry has named is asked of each policy anew. */
	global->program = NULL;
	global->network = status->network_entry ? NULL : status->network_name;
}

/* 0: it is gone. */
static int test_container(const struct global_options *global, const struct policy_test *test,
			  const struct member_record *member, struct err *e)
{
	autoarena arena = { 0 };
	autostatedir dir = STATE_DIR_INIT;
	struct global_options as_created = *global;
	struct policy_tested tested = {
		.id = member->id,
		.root = member->root,
		.bundle = member->bundle,
	};
	struct candidate c = {
		.global = &as_created,
		.asked = { .id = member->id, .path = PATH_CREATE },
	};
	struct status_record *status = NULL;

	as_created.root = member->root;
	if (state_open(member->root, member->id, false, &dir, &tested.error) < 0 ||
	    state_read_status(&dir, &arena, &status, &tested.error) < 0) {
		if (tested.error.kind == ERR_NOT_FOUND)
			return 0;
		return test->emit(test->context, &tested, e);
	}
	if (!status)
		return 0;
	tested.bundle = c.asked.bundle = status->bundle;
	c.asked.owner = (struct opt_u32){ true, status->owner };
	say_as_created(status, &as_created);
	if (find_request(&dir, status, &arena, &tested, &c.spec, &tested.error) == 0)
		judge_twice(&c, test->file, &arena, &tested);
	return test->emit(test->context, &tested, e);
}

static int by_id(const void *a, const void *b)
{
	const struct member_record *one = a, *other = b;
	int rc = strcmp(one->id, other->id);

	return rc ? rc : strcmp(one->root, other->root);
}

int container_policy_test(const struct global_options *global, const struct policy_test *test,
			  struct err *e)
{
	autoarena arena = { 0 };
	struct members members = { 0 };

	for (size_t i = 0; i < test->bundles->n; i++)
		if (test_bundle(global, test, test->bundles->v[i], e) < 0)
			return -1;
	if (!test->living)
		return 0;
	if (registry_living(registry_default_directory(global->rootless, &arena), NULL, &arena,
			    &members, e) < 0)
		return -1;
	if (members.n)
		qsort(members.v, members.n, sizeof(*members.v), by_id);
	for (size_t i = 0; i < members.n; i++)
		if (test_container(global, test, &members.v[i], e) < 0)
			return -1;
	return 0;
}

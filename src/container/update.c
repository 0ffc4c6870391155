/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update: new limits for a running container. All of them hold afterwards, and are in the stored
 * configuration, or none. Where the container is, what it may do and its devices stay as they were created.
 */
#include "cgroup/cgroup.h"
#include "cgroup/resctrl.h"
#include "cgroup/systemd.h"
#include "container/container.h"
#include "container/input.h"
#include "container/recorded.h"
#include "container/report.h"
#include "container/running.h"
#include "os/io.h"
#include "plan/resources.h"

#include <fcntl.h>

#define RESOURCES_MAX (1u << 20)

static int asked_resources(const struct container_update_options *options, struct arena *arena,
			   struct spec_resources *ret, struct err *e)
{
	struct spec_resources of_options, of_file = { 0 };

	if (container_update_resources(options, arena, &of_options, e) < 0)
		return -1;
	if (options->resources && input_decode(options->resources, RESOURCES_MAX,
					       &spec_resources_fields, arena, &of_file, e) < 0)
		return -1;
	if (options->resources &&
	    spec_validate_resources(&of_file, input_name(options->resources), e) < 0)
		return -1;
	/* What is said on the command line is said on purpose. */
	plan_resources_merge(&of_file, &of_options, arena, ret);
	return 0;
}

struct asked {
	struct spec_resources resources;
	struct spec_intel_rdt rdt;
};

/* What has been written so far. */
struct changed {
	struct cgroup_changes cgroup;
	const struct rdt_record *rdt;
	struct strbuf schemata;
};

static void changed_release(struct changed *changed)
{
	cgroup_changes_release(&changed->cgroup);
	strbuf_release(&changed->schemata);
}
#define autochanged __attribute__((cleanup(changed_release))) struct changed

static void changed_undo(struct changed *changed)
{
	if (changed->rdt)
		rdt_put_back(changed->rdt, strbuf_text(&changed->schemata));
	cgroup_changes_undo(&changed->cgroup);
}

static int change_cgroup(struct running *running, struct spec_linux *linux_,
			 const struct spec_resources *asked, struct plan_cgroup *plan,
			 struct changed *changed, struct err *e)
{
	struct arena *arena = &running->arena;
	struct spec_resources *effective = arena_new(arena, struct spec_resources);
	struct cgroup_facts *facts;

	if (facts_cgroup(arena, &facts, e) < 0)
		return -1;
	plan_resources_merge(linux_->resources, asked, arena, effective);
	if (spec_validate_resources(effective, "update", e) < 0)
		return -1;
	struct resources_request request = {
		.asked = asked,
		.effective = effective,
		.update = true,
		.prefix = "",
		.facts = facts,
	};
	if (plan_resources(&request, arena, plan, e) < 0 ||
	    cgroup_update(plan, facts, running->cgroup, &changed->cgroup, e) < 0)
		return -1;
	linux_->resources = effective;
	return 0;
}

static int change_rdt(struct running *running, struct spec_linux *linux_,
		      const struct spec_intel_rdt *asked, struct changed *changed, struct err *e)
{
	const struct rdt_record *record = recorded_rdt(running->status, NULL);
	struct spec_intel_rdt *effective = arena_new(&running->arena, struct spec_intel_rdt);
	struct strlist schemata;

	plan_rdt_schemata(asked, &running->arena, &schemata);
	if (schemata.n == 0)
		return 0;
	if (!record)
		return fail(
			e, ERR_CONFIG,
			"option --%s: container %s has no group of resctrl, which it gets by linux.intelRdt when it is created",
			asked->l3_cache_schema ? "l3-cache-schema" : "mem-bw-schema",
			running->dir.id);
	plan_rdt_merge(linux_->intel_rdt, asked, &running->arena, effective);
	if (rdt_update(&schemata, record, &changed->schemata, e) < 0)
		return -1;
	changed->rdt = record;
	linux_->intel_rdt = effective;
	return 0;
}

/* No rule is about limits yet; one that is needs its bit alone. */
static int judge(const struct running *running, const struct asked *asked, struct arena *arena,
		 struct asked *ret, struct err *e)
{
	struct spec_linux linux_ = { .resources =
					     (struct spec_resources *)(uintptr_t)&asked->resources,
				     .intel_rdt = (struct spec_intel_rdt *)(uintptr_t)&asked->rdt };
	struct spec request = { .linux_ = &linux_ };
	const struct network network = network_of_status(running->status);
	const struct subject subject = {
		.path = PATH_UPDATE,
		.policy = running->status->policy,
		.network = &network,
		.request = &request,
		.confinement = running->status->confinement,
	};
	struct facts *facts;
	struct verdict verdict;

	if (facts_of_caller(false, arena, &facts, e) < 0)
		return -1;
	policy_judge(&subject, facts, arena, &verdict);
	const struct report_subject whose = report_subject_of(&running->dir, running->status);
	if (report_verdict(&whose, &verdict, NULL, arena, e) < 0)
		return -1;
	ret->resources = *verdict.spec->linux_->resources;
	ret->rdt = *verdict.spec->linux_->intel_rdt;
	return 0;
}

static int change(struct running *running, struct spec *spec, const struct asked *asked,
		  struct err *e)
{
	struct plan_cgroup plan = { .manage = true, .layout = running->cgroup->layout };
	autochanged changed = { 0 };

	if (change_cgroup(running, spec->linux_, &asked->resources, &plan, &changed, e) == 0 &&
	    change_rdt(running, spec->linux_, &asked->rdt, &changed, e) == 0 &&
	    cgroup_systemd_update(&plan, running->cgroup, &running->arena, e) == 0 &&
	    state_write_config(&running->dir, spec, e) == 0)
		return 0;
	changed_undo(&changed);
	return -1;
}

int container_update(const struct global_options *global, const char *id,
		     const struct container_update_options *options, struct err *e)
{
	autorunning running = RUNNING_INIT;
	struct asked asked;
	struct spec *spec;

	if (running_open_cgroup(global, id, "update", true, &running, e) < 0)
		return -1;
	if (asked_resources(options, &running.arena, &asked.resources, e) < 0 ||
	    container_update_rdt(options, &running.arena, &asked.rdt, e) < 0 ||
	    state_read_config(&running.dir, &running.arena, &spec, e) < 0)
		return -1;
	if (!spec)
		return fail(e, ERR_STATE, "cannot update container %s: it has no configuration",
			    id);
	if (!spec->linux_)
		spec->linux_ = arena_new(&running.arena, struct spec_linux);
	if (running.status->policy && judge(&running, &asked, &running.arena, &asked, e) < 0)
		return -1;
	return change(&running, spec, &asked, e);
}

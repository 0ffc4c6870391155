/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts: more of them in a running container, or fewer (crun's `mounts add` and `mounts remove`). What
 * is allowed is what its records say. Runs in the runtime.
 */
#include "base/auto.h"
#include "container/report.h"
#include "container/running.h"
#include "os/io.h"
#include "plan/kept.h"
#include "plan/make.h"

#include <fcntl.h>

static int read_mounts(const char *path, struct arena *arena, struct spec *ret, struct err *e)
{
	autofree char *text = NULL;
	size_t length;

	if (read_input(path, JSON_MAX_BYTES, &text, &length, e) < 0)
		return -1;
	return spec_decode_mounts(text, length, input_name(path), arena, ret, e);
}

static int read_records(struct running *running, struct spec **ret_config, struct err *e)
{
	if (state_read_config(&running->dir, &running->arena, ret_config, e) < 0)
		return -1;
	if (!*ret_config || !running->status->policy)
		return fail(
			e, ERR_STATE,
			"container %s: its records do not say how and under which policy it was created",
			running->status->id);
	return 0;
}

/* What is to be added goes the way of a new container; what is taken away is looked at alone. */
static int fill(struct mounts_request *request, struct facts *facts, const struct spec *config,
		const struct spec *asked, const char *file, struct err *e)
{
	const struct status_record *status = request->status;
	const struct plan_options options = {
		.id = status->id,
		.bundle = status->bundle,
		.user_namespace = spec_namespace_find(config, SPEC_NS_USER) != NULL,
		.asked = asked,
	};
	const struct network network = network_of_status(status);
	const struct subject subject = {
		.path = PATH_MOUNTS,
		.policy = status->policy,
		.network = &network,
		.request = plan_mounts_request(config, asked, request->arena),
		.confinement = status->confinement,
	};
	struct verdict verdict;
	struct plan *plan = NULL;

	policy_judge(&subject, facts, request->arena, &verdict);
	const struct report_subject whose = report_subject_of(request->state, status);
	if (report_verdict(&whose, &verdict, NULL, request->arena, e) < 0 ||
	    plan_make(&verdict, facts, &options, request->arena, &plan, e) < 0)
		return err_prefix(e, "%s", file);
	report_plan(plan);
	request->plan = plan;
	return 0;
}

static int add_mounts(struct mounts_request *request, struct facts *facts,
		      const struct spec *config, const struct spec *asked, const char *file,
		      struct err *e)
{
	if (spec_validate_mounts(asked, file, e) < 0)
		return -1;
	if (request->status->policy->kernel_mounts == POLICY_KERNEL_OWN &&
	    facts_gather_sources(asked, request->status->bundle, request->arena, facts,
				 request->host, e) < 0)
		return err_prefix(e, "%s", file);
	return fill(request, facts, config, asked, file, e);
}

static int take_mounts(struct mounts_request *request, struct facts *facts,
		       const struct spec *config, const struct spec *asked, const char *file,
		       struct err *e)
{
	static const struct spec nothing;

	if (plan_mounts_destinations(asked, request->arena, &request->taken, e) < 0)
		return err_prefix(e, "%s", file);
	return fill(request, facts, config, &nothing, file, e);
}

int container_mounts(const struct global_options *global, const char *id, bool add,
		     const char *file, struct err *e)
{
	autorunning running = RUNNING_INIT;
	struct mounts_request request = { 0 };
	struct spec *config = NULL, asked;
	struct facts *facts = NULL;
	autohost host = HOST_INIT;

	if (running_open(global, id, add ? "add mounts to" : "remove mounts from", true, &running,
			 e) < 0 ||
	    read_records(&running, &config, e) < 0 ||
	    read_mounts(file, &running.arena, &asked, e) < 0 ||
	    facts_of_caller(false, &running.arena, &facts, e) < 0)
		return -1;
	request.facts = facts;
	request.host = &host;
	request.state = &running.dir;
	request.status = running.status;
	request.arena = &running.arena;
	if ((add ? add_mounts : take_mounts)(&request, facts, config, &asked, file, e) < 0)
		return -1;
	return boot_mounts(&request, e);
}

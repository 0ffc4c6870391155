/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what the engine prepares can lead to the container: what the namespace that is asked for is. Runs in the runtime. */
#include "facts/gather.h"

#include "policy/engine.h"
#include "policy/policy.h"
#include "sys/helper.h"
#include "sys/netns_sockets.h"
#include "sys/nsfd.h"

#include <linux/sched.h>

static int look_inside(void *context, struct strbuf *answer, struct err *e)
{
	struct netns_sockets sockets;

	if (nsfd_enter(*(const int *)context, CLONE_NEWNET, "that was asked for", e) < 0 ||
	    netns_sockets_look(&sockets, e) < 0)
		return -1;
	strbuf_puts(answer, sockets.any ? "used" : "");
	return 0;
}

/* One without power over it cannot be looked into, and could not be changed either. */
static const char *decoy_problem(const struct ns_facts *ns, int fd, const struct policy *whole,
				 const struct facts *facts)
{
	const struct helper_job job = { .name = "a look into a network namespace",
					.work = look_inside,
					.context = &fd };
	autofree char *answer = NULL;
	struct err ignored;
	size_t length;

	if (ns->problem || fd < 0)
		return "cannot be used";
	if (ns->is_host)
		return "is the host's";
	if (!engine_makes_network(ns->path))
		return "does not have a name as engines give it to the network of one container";
	if (gather_is_in_policy(whole, ns, facts))
		return "is a network of the policy";
	for (size_t i = 0; i < facts->members.n; i++)
		if (facts->members.v[i].cookie == ns->cookie)
			return "is the network of another container";
	if (helper_run(&job, 64, &answer, &length, &ignored) < 0)
		return "cannot be looked into";
	return length ? "has sockets in it, so that it is in use" : NULL;
}

int gather_forward(const struct policy *policy, const struct policy *whole, const struct spec *spec,
		   struct arena *arena, struct facts *facts, const struct host *host, struct err *e)
{
	const struct spec_namespace *asked = spec_namespace_find(spec, SPEC_NS_NETWORK);
	const struct ns_facts *ns = asked ? facts_requested(facts, asked->path) : NULL;
	const char *problem;

	(void)e;
	if (policy->network->forward != POLICY_FORWARD_AUTO || !facts->network ||
	    facts->network->problem || !asked || ns_facts_same(ns, facts->network))
		return 0;
	facts->forward = arena_new(arena, struct forward_facts);
	problem = ns ? decoy_problem(ns, host->requested[SPEC_NS_NETWORK], whole, facts) : NULL;
	facts->forward->problem = problem ? arena_strdup(arena, problem) : NULL;
	return 0;
}

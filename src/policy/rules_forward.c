/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine has prepared for the container, or will have when it is started, leads to it (forward/forward.h). Pure.
 */
#include "policy/rules.h"

#include "model/record.h"

static const struct ns_facts *decoy_of(const struct judgement *j)
{
	const struct spec *asked = j->subject->request;
	long index = asked ? namespace_index(asked, SPEC_NS_NETWORK) : -1;

	return index < 0 ? NULL
			 : facts_requested(j->facts, asked->linux_->namespaces.v[index].path);
}

/* A pod's infra container, or one that a user named: it is in the shared network itself. */
static void share_of_other(struct judgement *j, const char *id, const char *pointer)
{
	j->forward = arena_new(j->edit.arena, struct forward_record);
	j->forward->decoy = j->facts->forward->of_other;
	j->forward->of_other = true;
	edit_keep(
		&j->edit, id, pointer,
		"the network of another container was asked for: what the engine has set up for that one (published ports, probes, names) leads to this one, too");
}

void rule_network_forward(struct judgement *j, const char *id)
{
	const struct forward_facts *facts = j->facts->forward;
	const struct ns_facts *decoy = decoy_of(j);
	bool late = j->network.join == NETWORK_LATE;
	const char *pointer = namespace_pointer(j, namespace_index(j->edit.spec, SPEC_NS_NETWORK));

	if (j->policy->network->forward != POLICY_FORWARD_AUTO || !facts || !network_is_shared(j))
		return;
	if (facts->of_other && !j->network_rewritten && decoy &&
	    !str_eq(decoy->path, j->facts->network->path))
		share_of_other(j, id, pointer);
	if (!j->network_rewritten)
		return;
	if (!late && facts->problem) {
		edit_keep(
			&j->edit, id, pointer,
			arena_printf(
				j->edit.arena,
				"nothing leads from the network that was asked for to the container, because it %s",
				facts->problem));
		return;
	}
	if (late && j->subject->path == PATH_RESTORE) {
		edit_keep(
			&j->edit, id, pointer,
			"nothing leads from a network of the engine's to the container, because what is restored is in the shared one at once");
		return;
	}
	j->forward = arena_new(j->edit.arena, struct forward_record);
	j->forward->decoy = !late && decoy ? decoy->cookie : 0;
	if (!late && decoy)
		j->forward->path = arena_strdup(j->edit.arena, decoy->path);
	edit_keep(
		&j->edit, id, pointer,
		late ? "what the engine sets up until start (published ports, probes, names) leads to the container"
		     : "what the engine has set up in the network that was asked for (published ports, probes, names) leads to the container");
}

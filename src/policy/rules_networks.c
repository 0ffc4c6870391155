/* SPDX-License-Identifier: Apache-2.0 */
/* The rule about which of several networks it is; what is allowed in it is in rules_network.c. Pure. */
#include "policy/rules.h"

/* Two names of one namespace: what one of them permits would be so for the other. */
static void refuse_twins(struct judgement *j, const char *id)
{
	const char *name = j->subject->selection->network;

	for (size_t i = 0; i < j->facts->twins.n; i++)
		edit_refuse(
			&j->edit, id, "",
			arena_printf(
				j->edit.arena,
				"the networks '%s' and '%s' of the policy are one namespace, %s; give each one of its own (distro-net up NAME makes one)",
				name, j->facts->twins.v[i], j->facts->network->path));
}

void rule_networks(struct judgement *j, const char *id)
{
	const struct selection *selection = j->subject->selection;

	if (!selection)
		return;
	for (size_t i = 0; i < selection->doubted.n; i++)
		edit_warn(&j->edit, id, "", selection->doubted.v[i]);
	if (selection->by)
		edit_keep(&j->edit, id, "",
			  arena_printf(j->edit.arena, "the network is '%s', by %s",
				       selection->network, selection->by));
	else if (selection->entry)
		edit_keep(&j->edit, id, "",
			  arena_printf(j->edit.arena, "the network is '%s', with the keys of %s",
				       selection->network, selection->entry));
	else
		edit_keep(&j->edit, id, "",
			  arena_printf(j->edit.arena,
				       "the network is '%s': no entry of the key distros matches",
				       selection->network));
	refuse_twins(j, id);
}

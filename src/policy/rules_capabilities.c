/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about capabilities: what no process of a container gets, whatever its engine asks for, at create, by exec or out
 * of the images of a checkpoint. What such a rule takes is recorded with the container. Pure.
 */
#include "base/auto.h"
#include "base/capabilities.h"
#include "policy/rules.h"

#include <linux/capability.h>

#define NETWORK_POWER (CAP_BIT(NET_ADMIN) | CAP_BIT(NET_RAW))

/* --- questions --- */

const char *capability_pointer(struct judgement *j, enum capability_set set, int number)
{
	const struct strlist *list = edit_capability_set(j->edit.spec, set);

	for (size_t i = 0; list && i < list->n; i++)
		if (cap_number(list->v[i]) == number)
			return edit_capability_pointer(&j->edit, set, i);
	return NULL;
}

/* By the number: nothing that some reader could take for the capability slips through. */
static bool is_of(uint64_t mask, const char *name)
{
	int number = cap_number(name);

	return number >= 0 && (mask & UINT64_C(1) << number);
}

uint64_t capabilities_asked(struct judgement *j, uint64_t mask, const char **ret_pointer)
{
	uint64_t asked = 0;

	*ret_pointer = NULL;
	for (int set = 0; set < CAPABILITY_SET_COUNT; set++) {
		const struct strlist *list =
			edit_capability_set(j->edit.spec, (enum capability_set)set);

		for (size_t i = 0; list && i < list->n; i++) {
			if (!is_of(mask, list->v[i]))
				continue;
			asked |= UINT64_C(1) << cap_number(list->v[i]);
			if (!*ret_pointer)
				*ret_pointer = edit_capability_pointer(&j->edit,
								       (enum capability_set)set, i);
		}
	}
	return asked;
}

const char *capabilities_text(struct judgement *j, uint64_t mask)
{
	autostrbuf text = { 0 };

	for (int i = 0; i < 64; i++) {
		const char *name = cap_name_of(i);

		if (!(mask & UINT64_C(1) << i))
			continue;
		strbuf_puts(&text, text.length ? ", " : "");
		if (name)
			strbuf_puts(&text, name);
		else
			strbuf_printf(&text, "capability %d", i);
	}
	return arena_strdup(j->edit.arena, strbuf_text(&text));
}

/* --- what no process gets --- */

/* Images may give it to a process; one in a user namespace of its own has it there alone. */
static void refuse_made(struct judgement *j, const char *id, uint64_t mask)
{
	const char *place = key_place(j, id);

	for (size_t i = 0; i < j->subject->made->n; i++) {
		const struct made_process *process = &j->subject->made->v[i];

		if (!process->own_user && process->capabilities & mask)
			edit_refuse(
				&j->edit, id, "",
				arena_printf(
					j->edit.arena,
					"the images give process %lld %s, which %s of the policy takes from every container; checkpoint one that has none of it, or change %s",
					(long long)process->pid,
					capabilities_text(j, process->capabilities & mask), place,
					place));
	}
}

/* To what earlier rules, or the records of the container, have there. */
static void record_denied(struct judgement *j, uint64_t mask)
{
	const struct enumlist *before = &j->confinement.denied;
	struct enumlist denied = { .v = arena_new_array(j->edit.arena, int64_t, 64) };

	for (size_t i = 0; i < before->n; i++)
		mask |= (uint64_t)before->v[i];
	for (const struct name_row *row = cap_mask_names; row->name; row++)
		if (mask & (uint64_t)row->value)
			denied.v[denied.n++] = row->value;
	j->confinement.denied = denied;
}

void capabilities_deny(struct judgement *j, const char *id, uint64_t mask)
{
	const struct spec_process *process = j->edit.spec->process;

	record_denied(j, mask);
	if (j->subject->made)
		refuse_made(j, id, mask);
	if (process && !process->capabilities)
		/* config.md gives no meaning to a process without this object, and runtimes differ:
		 * said in words that no reader can take for "all of them" */
		edit_capabilities_none(&j->edit, id,
				       "the config does not name capabilities, and none are given");
}

void capabilities_take(struct judgement *j, const char *id, uint64_t mask, const char *why)
{
	capabilities_deny(j, id, mask);
	for (int set = 0; set < CAPABILITY_SET_COUNT; set++) {
		const struct strlist *list =
			edit_capability_set(j->edit.spec, (enum capability_set)set);
		size_t i = 0;

		while (list && i < list->n) {
			if (is_of(mask, list->v[i]))
				edit_capability_drop(&j->edit, id, (enum capability_set)set, i,
						     why);
			else
				i++;
		}
	}
}

/* --- rules --- */

/* CAP_NET_ADMIN changes the network, CAP_NET_RAW sniffs and spoofs in it; both act on the network of all. */
void rule_network_admin(struct judgement *j, const char *id)
{
	bool own = str_eq(j->policy->network->namespace_, "requested");

	if (!j->policy->network->admin.value)
		capabilities_take(
			j, id, NETWORK_POWER,
			arena_printf(j->edit.arena,
				     "it would give power over %s; for %s, set %s to true",
				     own ? "the network that it keeps" : "the shared network",
				     own ? "a container that manages its own, as an engine does"
					 : "the one container that manages it",
				     key_place(j, id)));
}

void rule_capabilities_remove(struct judgement *j, const char *id)
{
	static const struct strlist none;
	const struct policy_capabilities *ceiling = j->policy->capabilities;
	const struct strlist *names = ceiling ? &ceiling->remove : &none;
	uint64_t mask = 0;

	for (size_t i = 0; i < names->n; i++)
		if (str_eq_nocase(names->v[i], POLICY_CAPABILITIES_ALL))
			mask = UINT64_MAX;
		else if (cap_number(names->v[i]) >= 0)
			mask |= UINT64_C(1) << cap_number(names->v[i]);
	if (mask)
		capabilities_take(j, id, mask,
				  arena_printf(j->edit.arena,
					       "%s of the policy takes it from every container",
					       key_place(j, id)));
}

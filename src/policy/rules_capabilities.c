/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about capabilities, for create and for exec, and about what undoes them. Pure.
 */
#include "base/auto.h"
#include "base/capabilities.h"
#include "policy/rules.h"

#include <linux/capability.h>

#define NETWORK_POWER (CAP_BIT(NET_ADMIN) | CAP_BIT(NET_RAW))

/* By the number: nothing that some reader could take for the capability slips through. */
static bool is_network_capability(const char *name)
{
	int number = cap_number(name);

	return number == CAP_NET_ADMIN || number == CAP_NET_RAW;
}

static void drop_from_set(struct judgement *j, const char *id, enum capability_set set)
{
	const struct strlist *list = edit_capability_set(j->edit.spec, set);
	size_t i = 0;

	while (list && i < list->n) {
		if (is_network_capability(list->v[i]))
			edit_capability_drop(
				&j->edit, id, set, i,
				"it would give power over the shared network; for the one container that manages it, set network.admin to true");
		else
			i++;
	}
}

/* Images may give it to a process; one in a user namespace of its own has it there alone. */
static void refuse_made(struct judgement *j, const char *id)
{
	for (size_t i = 0; i < j->subject->made->n; i++) {
		const struct made_process *process = &j->subject->made->v[i];

		if (!process->own_user && process->capabilities & NETWORK_POWER)
			edit_refuse(
				&j->edit, id, "",
				arena_printf(
					j->edit.arena,
					"the images give process %lld CAP_NET_ADMIN or CAP_NET_RAW, which network.admin of the policy takes from every container; checkpoint one that has neither, or set network.admin to true",
					(long long)process->pid));
	}
}

/* CAP_NET_ADMIN changes the network, CAP_NET_RAW sniffs and spoofs in it; both act on the network of all. */
void rule_network_admin(struct judgement *j, const char *id)
{
	static int64_t denied[] = { CAP_BIT(NET_ADMIN), CAP_BIT(NET_RAW) };
	const struct spec_process *process = j->edit.spec->process;

	if (j->policy->network->admin.value)
		return;
	j->confinement.denied = (struct enumlist){ .n = ARRAY_SIZE(denied), .v = denied };
	if (j->subject->made)
		refuse_made(j, id);
	if (!process)
		return;
	if (!process->capabilities)
		/* config.md gives no meaning to a process without this object, and runtimes differ:
		 * said in words that no reader can take for "all of them" */
		edit_capabilities_none(&j->edit, id,
				       "the config does not name capabilities, and none are given");
	for (int set = 0; set < CAPABILITY_SET_COUNT; set++)
		drop_from_set(j, id, (enum capability_set)set);
}

/* --- what can undo the rest --- */

const char *capability_pointer(struct judgement *j, enum capability_set set, int number)
{
	const struct strlist *list = edit_capability_set(j->edit.spec, set);

	for (size_t i = 0; list && i < list->n; i++)
		if (cap_number(list->v[i]) == number)
			return edit_capability_pointer(&j->edit, set, i);
	return NULL;
}

const char *find_sys_admin(struct judgement *j)
{
	const char *found = NULL;

	for (int set = 0; set < CAPABILITY_SET_COUNT && !found; set++)
		found = capability_pointer(j, (enum capability_set)set, CAP_SYS_ADMIN);
	return found;
}

/* Rules of the device cgroup apply in order, a later one wins; a rule for everything is the end of what
 * stood before it. */
static long find_all_devices(const struct spec *spec)
{
	const struct spec_resources *resources = spec->linux_ ? spec->linux_->resources : NULL;
	long found = -1;

	for (size_t i = 0; resources && i < resources->devices.n; i++) {
		const struct spec_device_rule *rule = &resources->devices.v[i];
		bool every = (!rule->type || str_eq(rule->type, "a")) &&
			     (!rule->major.set || rule->major.value < 0) &&
			     (!rule->minor.set || rule->minor.value < 0);

		if (every)
			found = rule->allow ? (long)i : -1;
	}
	return found;
}

/* "allow" does not stop it; it says so. */
void rule_privileged(struct judgement *j, const char *id)
{
	const char *sys_admin = find_sys_admin(j);
	long devices = find_all_devices(j->edit.spec);

	if (sys_admin)
		edit_warn(
			&j->edit, id, sys_admin,
			"CAP_SYS_ADMIN can undo what mounts and capabilities enforce: make /proc/sys writable again, or leave for another network");
	if (devices >= 0)
		edit_warn(
			&j->edit, id,
			arena_printf(j->edit.arena, "/linux/resources/devices/%ld", devices),
			"access to every device reaches the host's disks and memory, and through them everything that is enforced here");
}

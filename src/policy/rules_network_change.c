/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about what would change the network that all containers share: links of the host, sysctls. Pure. */
#include "base/pointer.h"
#include "policy/rules.h"
#include "policy/sysctl.h"

/* The container keeps a network of its own, where it may do what it likes. */
static bool network_is_kept(const struct judgement *j)
{
	return j->network.join == NETWORK_NEW || j->network.join == NETWORK_PATH;
}

void rule_network_devices(struct judgement *j, const char *id)
{
	const struct spec_linux *linux_ = j->edit.spec->linux_;

	if (linux_ && linux_->net_devices.n && !network_is_kept(j))
		edit_refuse(
			&j->edit, id, "/linux/netDevices",
			arena_printf(
				j->edit.arena,
				"links of the host would be moved into the shared network; leave linux.netDevices out, or let the container keep a network of its own (%s \"keep\")",
				key_place(j, "network.requested.new")));
}

static bool is_allowed(const struct judgement *j, const char *name)
{
	const struct strlist *names = &j->policy->network->sysctls.list;

	for (size_t i = 0; i < names->n; i++)
		if (sysctl_same(names->v[i], name, j->edit.arena))
			return true;
	return false;
}

static char *sysctl_pointer(struct judgement *j, const char *name)
{
	return arena_printf(j->edit.arena, "/linux/sysctl/%s", pointer_escape(name, j->edit.arena));
}

/* Returns true if the sysctl is gone from the list. */
static bool judge_sysctl(struct judgement *j, const char *id, size_t index)
{
	const char *name = j->edit.spec->linux_->sysctl.v[index].key;

	if (j->network.join == NETWORK_LATE) {
		/* written during create, and so into the new namespace, which is left at start */
		edit_keep(
			&j->edit, id, sysctl_pointer(j, name),
			"it is set in the new network of the engine, which the container leaves at start");
		return false;
	}
	if (is_allowed(j, name)) {
		edit_keep(
			&j->edit, id, sysctl_pointer(j, name),
			"the policy allows this sysctl by its name, for all containers in the network");
		return false;
	}
	if (str_eq(j->policy->network->sysctls.word, "refuse")) {
		edit_refuse(
			&j->edit, id, sysctl_pointer(j, name),
			arena_printf(
				j->edit.arena,
				"it would change the shared network; leave it out, set it in the network itself, or list its name in %s",
				key_place(j, id)));
		return false;
	}
	edit_sysctl_drop(
		&j->edit, id, index,
		arena_printf(
			j->edit.arena,
			"it would change the shared network; set it in the network itself, or list its name in %s",
			key_place(j, id)));
	return true;
}

void rule_network_sysctls(struct judgement *j, const char *id)
{
	const struct spec_linux *linux_ = j->edit.spec->linux_;
	size_t i = 0;

	while (linux_ && i < linux_->sysctl.n) {
		const char *name = linux_->sysctl.v[i].key;
		enum sysctl_kind kind = sysctl_kind(name, j->edit.arena);

		if (kind == SYSCTL_UNCLEAR) {
			edit_refuse(
				&j->edit, id, sysctl_pointer(j, name),
				"the name does not say which sysctl it is; write it without empty parts");
			i++;
		} else if (kind == SYSCTL_NETWORK && !network_is_kept(j) &&
			   judge_sysctl(j, id, i)) {
			continue;
		} else {
			i++;
		}
	}
}

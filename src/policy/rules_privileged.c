/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can undo the rest: CAP_SYS_ADMIN and its like, and the devices of the host. A stripped container is what the same
 * request would have been without its engine's --privileged. Pure.
 */
#include "base/auto.h"
#include "base/capabilities.h"
#include "base/path.h"
#include "policy/kernel_mounts.h"
#include "policy/rules.h"

#include <linux/capability.h>

#define PRIVILEGE                                                                              \
	(CAP_BIT(SYS_ADMIN) | CAP_BIT(SYS_PTRACE) | CAP_BIT(SYS_MODULE) | CAP_BIT(SYS_RAWIO) | \
	 CAP_BIT(BPF) | CAP_BIT(PERFMON))
#define MEMORY_MAJOR 1
#define SCSI_GENERIC_MAJOR 21

static const char *strip_device_why(const struct judgement *j, const char *id)
{
	return arena_printf(
		j->edit.arena,
		"it would reach the host's disks or memory; %s of the policy is \"strip\"",
		key_place(j, id));
}

/* --- devices --- */

static bool is_any(const struct opt_i64 *number)
{
	return !number->set || number->value < 0;
}

/* What may only be made as a node cannot be used yet. */
static bool gives_access(const struct spec_device_rule *rule)
{
	return rule->allow && (!rule->access || strpbrk(rule->access, "rw"));
}

static bool is_block(const struct spec_device_rule *rule)
{
	return str_empty(rule->type) || str_eq(rule->type, "a") || str_eq(rule->type, "b");
}

static bool is_char(const struct spec_device_rule *rule)
{
	return str_empty(rule->type) || str_eq(rule->type, "a") || str_eq(rule->type, "c");
}

static bool is_everything(const struct spec_device_rule *rule)
{
	return is_block(rule) && is_char(rule) && is_any(&rule->major) && is_any(&rule->minor);
}

/* Block devices are disks, and SCSI generic ones send commands to them; of the memory devices
 * (Documentation/admin-guide/devices.txt) the ones that reach the machine: mem, kmem, port. */
static bool is_of_the_host(bool block, const struct opt_i64 *major, const struct opt_i64 *minor)
{
	if (block || is_any(major) || major->value == SCSI_GENERIC_MAJOR)
		return true;
	return major->value == MEMORY_MAJOR &&
	       (is_any(minor) || minor->value == 1 || minor->value == 2 || minor->value == 4);
}

static bool reaches_the_host(const struct spec_device_rule *rule)
{
	return gives_access(rule) && is_of_the_host(is_block(rule), &rule->major, &rule->minor);
}

static bool is_node_of_the_host(const struct spec_device *node)
{
	return str_eq(node->type, "b") || ((str_eq(node->type, "c") || str_eq(node->type, "u")) &&
					   is_of_the_host(false, &node->major, &node->minor));
}

/* Rules of the device cgroup apply in order, a later one wins: those before one that denies everything are no more. */
static size_t first_effective(const struct spec_resources *resources)
{
	size_t first = 0;

	for (size_t i = 0; i < resources->devices.n; i++)
		if (!resources->devices.v[i].allow && is_everything(&resources->devices.v[i]))
			first = i + 1;
	return first;
}

static struct spec_resources *resources_of(struct judgement *j)
{
	return j->edit.spec->linux_ ? j->edit.spec->linux_->resources : NULL;
}

/* -1: none is. */
static long find_rule(const struct spec_resources *resources,
		      bool (*is_wanted)(const struct spec_device_rule *))
{
	for (size_t i = resources ? first_effective(resources) : 0;
	     resources && i < resources->devices.n; i++)
		if (resources->devices.v[i].allow && is_wanted(&resources->devices.v[i]))
			return (long)i;
	return -1;
}

/* A node without a number has 0. */
static bool is_number_of(const struct opt_i64 *rule, const struct opt_i64 *node)
{
	return is_any(rule) || rule->value == (node->set ? node->value : 0);
}

static bool is_allowed(const struct spec_resources *resources, const struct spec_device *node)
{
	for (size_t i = resources ? first_effective(resources) : 0;
	     resources && i < resources->devices.n; i++) {
		const struct spec_device_rule *rule = &resources->devices.v[i];

		if (gives_access(rule) && is_char(rule) &&
		    is_number_of(&rule->major, &node->major) &&
		    is_number_of(&rule->minor, &node->minor))
			return true;
	}
	return false;
}

/* True if every device could be used: then the nodes are those that the host has. */
static bool strip_rules(struct judgement *j, const char *id)
{
	struct spec_resources *resources = resources_of(j);
	bool every = false;
	size_t i = resources ? first_effective(resources) : 0;

	while (resources && i < resources->devices.n) {
		const struct spec_device_rule *rule = &resources->devices.v[i];

		if (!reaches_the_host(rule)) {
			i++;
			continue;
		}
		every = every || (is_char(rule) && is_any(&rule->major));
		/* as engines begin the list of a container that is not privileged: the cgroup must hold it */
		if (is_everything(rule))
			edit_device_rule_deny(&j->edit, id, i++, strip_device_why(j, id));
		else
			edit_device_rule_drop(&j->edit, id, i, strip_device_why(j, id));
	}
	return every;
}

static void strip_nodes(struct judgement *j, const char *id, bool every)
{
	struct spec_linux *linux_ = j->edit.spec->linux_;
	size_t i = 0;

	while (linux_ && i < linux_->devices.n) {
		const struct spec_device *node = &linux_->devices.v[i];

		if (is_node_of_the_host(node))
			edit_device_drop(&j->edit, id, i, strip_device_why(j, id));
		else if (every && !str_eq(node->type, "p") && !is_allowed(linux_->resources, node))
			edit_device_drop(
				&j->edit, id, i,
				"no rule for devices is left that lets the container use it");
		else
			i++;
	}
}

/* --- strip --- */

/* What engines make read-only unless a container is privileged, because root needs no capability to write there. */
static void strip_kernel(struct judgement *j, const char *id)
{
	static const char *const paths[] = { "/proc/bus", "/proc/fs", "/proc/irq",
					     "/proc/sysrq-trigger" };
	static const char why[] =
		"root could write there without any capability, and engines leave it so for privileged containers alone";
	const struct spec *spec = j->edit.spec;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		const struct spec_linux *linux_ = spec->linux_;
		bool there = false;

		for (size_t k = 0; linux_ && k < linux_->readonly_paths.n; k++)
			there = there ||
				str_eq(path_clean_in(j->edit.arena, linux_->readonly_paths.v[k]),
				       paths[i]);
		if (!there)
			edit_readonly_path_add(&j->edit, id, paths[i], why);
	}
	for (size_t i = 0; i < spec->mounts.n; i++) {
		struct spec_mount mount = spec->mounts.v[i];

		if (!str_eq(mount.type, "sysfs") || mount_is_bind(&mount) ||
		    kernel_asks_readonly(&mount))
			continue;
		kernel_add_option(j, &mount, "ro");
		edit_mount_replace(&j->edit, id, i, &mount, why);
	}
}

static void strip(struct judgement *j, const char *id)
{
	const char *sys_admin;
	bool privileged = capabilities_asked(j, CAP_BIT(SYS_ADMIN), &sys_admin) != 0;
	bool every;

	capabilities_take(
		j, id, PRIVILEGE,
		arena_printf(
			j->edit.arena,
			"it could undo what mounts and capabilities enforce; %s of the policy is \"strip\"",
			key_place(j, id)));
	if (!(j->subject->path & PATH_NEW))
		return;
	every = strip_rules(j, id);
	strip_nodes(j, id, every);
	if (privileged || every)
		strip_kernel(j, id);
}

/* --- refuse, allow --- */

static void refuse_devices(struct judgement *j, const char *id)
{
	const struct spec_linux *linux_ = j->edit.spec->linux_;
	long rule = find_rule(resources_of(j), reaches_the_host);
	const char *pointer = NULL;

	if (rule >= 0)
		pointer = arena_printf(j->edit.arena, "/linux/resources/devices/%ld", rule);
	for (size_t i = 0; linux_ && i < linux_->devices.n && !pointer; i++)
		if (is_node_of_the_host(&linux_->devices.v[i]))
			pointer = arena_printf(j->edit.arena, "/linux/devices/%zu", i);
	if (pointer)
		edit_refuse(
			&j->edit, id, pointer,
			arena_printf(
				j->edit.arena,
				"devices of the host are asked for, which reach its disks or memory; leave them out (engines: --privileged, --device), or set %s to \"strip\" or \"allow\"",
				key_place(j, id)));
}

static void refuse(struct judgement *j, const char *id)
{
	const char *pointer;
	uint64_t asked = capabilities_asked(j, PRIVILEGE, &pointer);
	bool is_new = j->subject->path & PATH_NEW;

	if (asked)
		edit_refuse(
			&j->edit, id, pointer,
			arena_printf(
				j->edit.arena,
				"capabilities are asked for that can undo what mounts and capabilities enforce (%s); leave them out (engines: --privileged, --cap-add), %s %s %s",
				capabilities_text(j, asked),
				is_new ? "or set" : "because the container was created under",
				key_place(j, id),
				is_new ? "to \"strip\" or \"allow\"" : "\"refuse\""));
	capabilities_deny(j, id, PRIVILEGE);
	refuse_devices(j, id);
}

/* "allow" does not stop it; it says so. */
static void tell(struct judgement *j, const char *id)
{
	long devices = find_rule(resources_of(j), is_everything);
	const char *sys_admin;

	if (capabilities_asked(j, CAP_BIT(SYS_ADMIN), &sys_admin))
		edit_warn(
			&j->edit, id, sys_admin,
			network_is_locked(j)
				? "CAP_SYS_ADMIN can undo what mounts and capabilities enforce: make /proc/sys writable again"
				: "CAP_SYS_ADMIN can undo what mounts and capabilities enforce: make /proc/sys writable again, or leave for another network");
	if (devices >= 0)
		edit_warn(
			&j->edit, id,
			arena_printf(j->edit.arena, "/linux/resources/devices/%ld", devices),
			"access to every device reaches the host's disks and memory, and through them everything that is enforced here");
}

void rule_privileged(struct judgement *j, const char *id)
{
	switch ((enum policy_privileged)j->policy->privileged) {
	case POLICY_PRIVILEGED_STRIP:
		strip(j, id);
		return;
	case POLICY_PRIVILEGED_REFUSE:
		refuse(j, id);
		return;
	case POLICY_PRIVILEGED_ALLOW:
		break;
	}
	tell(j, id);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan as JSON, the same data as print.c, with names in place of numbers. Pure.
 */
#include "plan/context.h"

#include "base/auto.h"
#include "base/capabilities.h"
#include "plan/print.h"

static void json_strings(struct json_out *out, const char *key, char *const *v, size_t n)
{
	json_out_key(out, key);
	json_out_array(out);
	for (size_t i = 0; i < n; i++)
		json_out_string(out, v[i]);
	json_out_array_end(out);
}

static void json_argv(struct json_out *out, const char *key, char *const *v)
{
	size_t n = 0;

	while (v && v[n])
		n++;
	json_strings(out, key, v, n);
}

/* A member only where there is a text. */
static void json_optional(struct json_out *out, const char *key, const char *text)
{
	if (text)
		json_out_member_string(out, key, text);
}

static void json_map(struct json_out *out, const char *key, const struct strmap *map)
{
	json_out_key(out, key);
	json_out_object(out);
	for (size_t i = 0; i < map->n; i++)
		json_out_member_string(out, map->v[i].key, map->v[i].value);
	json_out_object_end(out);
}

static void json_top(const struct plan *plan, struct json_out *out)
{
	json_optional(out, "ociVersion", plan->oci_version);
	json_optional(out, "id", plan->id);
	json_optional(out, "bundle", plan->bundle);
	json_optional(out, "rootfs", plan->rootfs);
	json_out_member_bool(out, "readonlyRoot", plan->readonly_root);
	json_out_member_bool(out, "noPivot", plan->no_pivot);
	json_optional(out, "rootfsPropagation", propagation_name(plan->rootfs_propagation));
	json_optional(out, "hostname", plan->hostname);
	json_optional(out, "domainname", plan->domainname);
	json_map(out, "annotations", &plan->annotations);
}

static void json_namespaces(const struct plan_namespaces *ns, struct json_out *out)
{
	json_out_key(out, "namespaces");
	json_out_object(out);
	json_out_key(out, "new");
	json_out_array(out);
	for (const struct name_row *row = ns_flag_names; row->name; row++) {
		if (ns->clone_flags & (uint64_t)row->value)
			json_out_string(out, row->name);
	}
	if (ns->new_cgroup)
		json_out_string(out, "cgroup");
	if (ns->new_time)
		json_out_string(out, "time");
	json_out_array_end(out);
	json_out_key(out, "join");
	json_out_array(out);
	for (size_t i = 0; i < ns->joins.n; i++) {
		json_out_object(out);
		json_out_member_string(out, "type",
				       value_to_name(spec_ns_names, ns->joins.v[i].type));
		json_out_member_string(out, "path", ns->joins.v[i].path);
		json_out_object_end(out);
	}
	json_out_array_end(out);
	json_out_key(out, "network");
	json_out_object(out);
	json_optional(out, "join", value_to_name(network_join_names, ns->network));
	json_optional(out, "path", ns->network_path);
	if (ns->network_cookie)
		json_out_member_u64(out, "cookie", ns->network_cookie);
	json_out_object_end(out);
	json_optional(out, "uidMap", ns->uid_map);
	json_optional(out, "gidMap", ns->gid_map);
	json_optional(out, "timeOffsets", ns->time_offsets);
	json_out_object_end(out);
}

static void json_mount_words(const struct plan_mount *mount, struct json_out *out)
{
	const char *words[MOUNT_WORDS_MAX];
	size_t n;

	json_out_key(out, "attributes");
	json_out_array(out);
	n = mount_attr_words(mount->attr_set, mount->attr_clear, false, words);
	for (size_t i = 0; i < n; i++)
		json_out_string(out, words[i]);
	n = mount_attr_words(mount->rec_attr_set, mount->rec_attr_clear, true, words);
	for (size_t i = 0; i < n; i++)
		json_out_string(out, words[i]);
	json_out_array_end(out);
	json_out_key(out, "propagation");
	json_out_array(out);
	for (size_t i = 0; i < mount->propagation.n; i++)
		json_out_string(out, propagation_name(mount->propagation.v[i]));
	json_out_array_end(out);
}

static void json_belows(const struct plan_belows *below, struct json_out *out)
{
	json_out_array(out);
	for (size_t i = 0; i < below->n; i++) {
		json_out_object(out);
		json_out_member_string(out, "path", below->v[i].path);
		json_out_member_bool(out, "detach", below->v[i].detach);
		json_out_object_end(out);
	}
	json_out_array_end(out);
}

static void json_kernel_mount(const struct plan_mount *mount, struct json_out *out)
{
	json_optional(out, "subtree", mount->subtree);
	if (mount->below.n > 0) {
		json_out_key(out, "below");
		json_belows(&mount->below, out);
	}
	if (mount->guards.n == 0)
		return;
	json_out_key(out, "guards");
	json_out_array(out);
	for (size_t i = 0; i < mount->guards.n; i++) {
		json_out_object(out);
		json_out_member_string(out, "path", mount->guards.v[i].path);
		json_out_member_bool(out, "masked", mount->guards.v[i].masked);
		json_out_object_end(out);
	}
	json_out_array_end(out);
}

static void json_mount(const struct plan_mount *mount, struct json_out *out)
{
	json_out_object(out);
	json_out_member_i64(out, "index", mount->index);
	json_out_member_string(out, "kind", value_to_name(plan_mount_kind_names, mount->kind));
	json_optional(out, "type", mount->fstype);
	json_optional(out, "source", mount->source);
	json_out_member_string(out, "destination", mount->destination);
	json_out_member_bool(out, "recursive", mount->recursive);
	json_mount_words(mount, out);
	json_out_key(out, "data");
	json_out_array(out);
	for (size_t i = 0; i < mount->options.n; i++) {
		json_out_object(out);
		json_out_member_string(out, "key", mount->options.v[i].key);
		json_optional(out, "value", mount->options.v[i].value);
		json_out_object_end(out);
	}
	json_out_array_end(out);
	if (mount->idmap.given) {
		json_out_key(out, "idmap");
		json_out_object(out);
		json_out_member_bool(out, "recursive", mount->idmap.recursive);
		json_optional(out, "uidMap", mount->idmap.uid_map);
		json_optional(out, "gidMap", mount->idmap.gid_map);
		json_out_object_end(out);
	}
	json_out_member_bool(out, "sourceNoFollow", mount->source_nofollow);
	json_out_member_bool(out, "destinationNoFollow", mount->destination_nofollow);
	json_out_member_bool(out, "copySymlink", mount->copy_symlink);
	json_out_member_bool(out, "copyUp", mount->copy_up);
	json_out_member_bool(out, "systemdV1", mount->systemd_v1);
	json_out_member_bool(out, "dispensable", mount->dispensable);
	json_out_member_bool(out, "wholeTree", mount->whole_tree);
	json_out_member_bool(out, "readonlyLate", mount->readonly_late);
	json_out_member_bool(out, "byParent", mount->by_parent);
	json_kernel_mount(mount, out);
	json_out_object_end(out);
}

static void json_devices(const struct plan *plan, struct json_out *out)
{
	json_out_key(out, "devices");
	json_out_array(out);
	for (size_t i = 0; i < plan->devices.n; i++) {
		const struct plan_device *device = &plan->devices.v[i];

		json_out_object(out);
		json_out_member_string(out, "path", device->path);
		json_out_member_string(out, "type", plan_device_type(device->type));
		json_out_member_i64(out, "major", device->major);
		json_out_member_i64(out, "minor", device->minor);
		json_out_member_i64(out, "fileMode", device->mode);
		json_out_member_i64(out, "uid", device->uid);
		json_out_member_i64(out, "gid", device->gid);
		json_out_member_bool(out, "bind", device->bind);
		json_out_member_bool(out, "default", device->is_default);
		json_out_member_bool(out, "there", device->is_there);
		json_out_object_end(out);
	}
	json_out_array_end(out);
	json_out_key(out, "links");
	json_out_array(out);
	for (size_t i = 0; i < plan->links.n; i++) {
		json_out_object(out);
		json_out_member_string(out, "path", plan->links.v[i].path);
		json_out_member_string(out, "target", plan->links.v[i].target);
		json_out_object_end(out);
	}
	json_out_array_end(out);
}

static void json_device_rules(const struct plan_device_rules *rules, struct json_out *out)
{
	if (!rules->by_program)
		return;
	json_out_key(out, "devices");
	json_out_object(out);
	json_out_member_bool(out, "others", rules->others);
	json_out_key(out, "rules");
	json_out_array(out);
	for (size_t i = 0; i < rules->n; i++) {
		autostrbuf text = { 0 };
		plan_device_rule_text(&rules->v[i], &text);
		json_out_object(out);
		json_out_member_bool(out, "allow", rules->v[i].allow);
		json_out_member_string(out, "devices", strbuf_text(&text));
		json_out_object_end(out);
	}
	json_out_array_end(out);
	json_out_object_end(out);
}

static void json_cgroup(const struct plan_cgroup *cgroup, struct json_out *out)
{
	json_out_key(out, "cgroup");
	json_out_object(out);
	json_out_member_bool(out, "manage", cgroup->manage);
	json_optional(out, "layout", value_to_name(cgroup_layout_names, cgroup->layout));
	json_optional(out, "path", cgroup->path);
	json_scope(cgroup->scope, out);
	json_device_rules(&cgroup->devices, out);
	json_out_key(out, "writes");
	json_out_array(out);
	for (size_t i = 0; i < cgroup->writes.n; i++) {
		json_out_object(out);
		json_out_member_string(out, "controller", cgroup->writes.v[i].controller);
		json_out_member_string(out, "file", cgroup->writes.v[i].file);
		json_out_member_string(out, "value", cgroup->writes.v[i].value);
		json_out_object_end(out);
	}
	json_out_array_end(out);
	if (cgroup->delegated)
		json_out_member_string(out, "delegated", cgroup->delegated);
	if (cgroup->delegate) {
		json_out_key(out, "owner");
		json_out_object(out);
		json_out_member_i64(out, "uid", cgroup->delegate_uid);
		json_out_member_i64(out, "gid", cgroup->delegate_gid);
		json_out_object_end(out);
	}
	json_out_object_end(out);
}

static void json_rdt(const struct plan_rdt *rdt, struct json_out *out)
{
	if (!rdt)
		return;
	json_out_key(out, "intelRdt");
	json_out_object(out);
	json_out_member_string(out, "group", rdt->group);
	json_out_member_bool(out, "named", rdt->named);
	json_strings(out, "schemata", rdt->schemata.v, rdt->schemata.n);
	json_optional(out, "monitor", rdt->monitor);
	json_out_object_end(out);
}

static void json_capabilities(const struct plan_capabilities *capabilities, struct json_out *out)
{
	struct plan_capability_set sets[PLAN_CAPABILITY_SETS];

	if (!capabilities->given)
		return;
	plan_capability_sets(capabilities, sets);
	json_out_key(out, "capabilities");
	json_out_object(out);
	for (size_t i = 0; i < PLAN_CAPABILITY_SETS; i++) {
		json_out_key(out, sets[i].name);
		json_out_array(out);
		for (int number = 0; number < 64; number++) {
			if (sets[i].mask & 1ULL << number)
				json_out_string(out, cap_name_of(number));
		}
		json_out_array_end(out);
	}
	json_out_object_end(out);
}

static void json_identity(const struct plan_process *process, struct json_out *out)
{
	json_out_member_i64(out, "uid", process->uid);
	json_out_member_i64(out, "gid", process->gid);
	json_out_key(out, "groups");
	json_out_array(out);
	for (size_t i = 0; i < process->groups.n; i++)
		json_out_i64(out, process->groups.v[i]);
	json_out_array_end(out);
	json_out_member_bool(out, "keepGroups", process->keep_groups);
	if (process->umask_set)
		json_out_member_i64(out, "umask", process->umask);
	json_out_member_bool(out, "noNewPrivileges", process->no_new_privileges);
	if (process->oom_score_adj_set)
		json_out_member_i64(out, "oomScoreAdj", process->oom_score_adj);
	json_scheduling(process, out);
	json_out_key(out, "rlimits");
	json_out_array(out);
	for (size_t i = 0; i < process->rlimits.n; i++) {
		json_out_object(out);
		json_out_member_string(out, "type", process->rlimits.v[i].name);
		json_out_member_u64(out, "soft", process->rlimits.v[i].soft);
		json_out_member_u64(out, "hard", process->rlimits.v[i].hard);
		json_out_object_end(out);
	}
	json_out_array_end(out);
	json_capabilities(&process->capabilities, out);
}

static void json_process(const struct plan_process *process, struct json_out *out)
{
	json_out_key(out, "process");
	if (!process->args) {
		json_out_null(out);
		return;
	}
	json_out_object(out);
	json_argv(out, "args", process->args);
	json_argv(out, "env", process->env);
	json_optional(out, "cwd", process->cwd);
	json_out_member_bool(out, "terminal", process->terminal);
	json_out_member_i64(out, "rows", process->rows);
	json_out_member_i64(out, "columns", process->columns);
	json_identity(process, out);
	json_out_object_end(out);
}

static void json_hooks(const struct plan *plan, struct json_out *out)
{
	struct plan_hook_kind kinds[PLAN_HOOK_KINDS];

	plan_hook_kinds(plan, kinds);
	json_out_key(out, "hooks");
	json_out_object(out);
	for (size_t k = 0; k < PLAN_HOOK_KINDS; k++) {
		json_out_key(out, kinds[k].name);
		json_out_array(out);
		for (size_t i = 0; i < kinds[k].hooks->n; i++) {
			const struct plan_hook *hook = &kinds[k].hooks->v[i];

			json_out_object(out);
			json_out_member_string(out, "path", hook->path);
			json_argv(out, "args", hook->args);
			if (hook->env)
				json_argv(out, "env", hook->env);
			if (hook->timeout)
				json_out_member_i64(out, "timeout", hook->timeout);
			json_out_object_end(out);
		}
		json_out_array_end(out);
	}
	json_out_object_end(out);
}

void plan_print_json(const struct plan *plan, struct json_out *out)
{
	json_out_object(out);
	json_top(plan, out);
	json_namespaces(&plan->namespaces, out);
	json_optional(out, "mountLabel", plan->mount_label.value);
	json_out_key(out, "netDevices");
	json_out_object(out);
	for (size_t i = 0; i < plan->net_devices.n; i++)
		json_out_member_string(out, plan->net_devices.v[i].name,
				       plan->net_devices.v[i].inside);
	json_out_object_end(out);
	if (plan->root_below.n > 0) {
		json_out_key(out, "rootBelow");
		json_belows(&plan->root_below, out);
	}
	json_out_key(out, "mounts");
	json_out_array(out);
	for (size_t i = 0; i < plan->mounts.n; i++)
		json_mount(&plan->mounts.v[i], out);
	json_out_array_end(out);
	json_devices(plan, out);
	json_strings(out, "maskedPaths", plan->masked_paths.v, plan->masked_paths.n);
	json_strings(out, "readonlyPaths", plan->readonly_paths.v, plan->readonly_paths.n);
	json_map(out, "sysctls", &plan->sysctls);
	json_cgroup(&plan->cgroup, out);
	json_rdt(plan->rdt, out);
	json_process(&plan->process, out);
	json_seccomp(plan->seccomp, out);
	json_confinement(&plan->confinement, out);
	json_hooks(plan, out);
	json_strings(out, "warnings", plan->warnings.v, plan->warnings.n);
	json_strings(out, "notes", plan->notes.v, plan->notes.n);
	json_out_object_end(out);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan as text for people and golden files: names in place of numbers, one action a line, nothing
 * that a terminal would obey. Pure.
 */
#include "plan/context.h"

#include "base/auto.h"
#include "base/capabilities.h"

#include <inttypes.h>

void put_text(struct strbuf *out, const char *text)
{
	size_t length = strlen(text), i = 0, size;

	for (; i < length && text[i] != ' ' && text[i] != '"' && text[i] != '\\'; i += size) {
		size = utf8_sequence(text + i, length - i);
		if (size == 0 || utf8_is_control(text + i, size))
			break;
	}
	if (length > 0 && i == length)
		strbuf_puts(out, text);
	else
		strbuf_quote(out, text, SIZE_MAX);
}

/* "  LABEL TEXT\n"; nothing for NULL. */
static void put_line(struct strbuf *out, const char *label, const char *text)
{
	if (!text)
		return;
	strbuf_show(out, "  %s ", label);
	put_text(out, text);
	strbuf_putc(out, '\n');
}

static void put_list(struct strbuf *out, const char *label, char *const *v, size_t n)
{
	if (n == 0)
		return;
	strbuf_show(out, "%s\n", label);
	for (size_t i = 0; i < n; i++) {
		strbuf_puts(out, "  ");
		put_text(out, v[i]);
		strbuf_putc(out, '\n');
	}
}

static size_t argv_length(char *const *v)
{
	size_t n = 0;

	while (v && v[n])
		n++;
	return n;
}

static void put_words(struct strbuf *out, char *const *v)
{
	for (; *v; v++) {
		strbuf_putc(out, ' ');
		put_text(out, *v);
	}
}

static void print_top(const struct plan *plan, struct strbuf *out)
{
	strbuf_puts(out, "container ");
	put_text(out, plan->id ? plan->id : "");
	strbuf_putc(out, '\n');
	put_line(out, "specification", plan->oci_version);
	put_line(out, "bundle", plan->bundle);
	put_line(out, "root", plan->rootfs);
	if (plan->readonly_root)
		strbuf_puts(out, "  root is read-only\n");
	if (plan->no_pivot)
		strbuf_puts(out, "  root is moved, not pivoted\n");
	put_line(out, "propagation of the root", propagation_name(plan->rootfs_propagation));
	put_line(out, "hostname", plan->hostname);
	put_line(out, "domainname", plan->domainname);
	put_line(out, "mount label", plan->mount_label.value);
	for (size_t i = 0; i < plan->annotations.n; i++) {
		strbuf_puts(out, "  annotation ");
		put_text(out, plan->annotations.v[i].key);
		strbuf_puts(out, " = ");
		put_text(out, plan->annotations.v[i].value);
		strbuf_putc(out, '\n');
	}
}

static void print_new_namespaces(const struct plan_namespaces *ns, struct strbuf *out)
{
	strbuf_puts(out, "  new");
	for (const struct name_row *row = ns_flag_names; row->name; row++) {
		if (ns->clone_flags & (uint64_t)row->value)
			strbuf_show(out, " %s", row->name);
	}
	strbuf_show(out, "%s%s\n", ns->new_cgroup ? " cgroup" : "", ns->new_time ? " time" : "");
}

static void print_namespaces(const struct plan_namespaces *ns, struct strbuf *out)
{
	const char *network = value_to_name(network_join_names, ns->network);

	strbuf_puts(out, "namespaces\n");
	print_new_namespaces(ns, out);
	for (size_t i = 0; i < ns->joins.n; i++) {
		strbuf_show(out, "  join %s ", value_to_name(spec_ns_names, ns->joins.v[i].type));
		put_text(out, ns->joins.v[i].path);
		strbuf_putc(out, '\n');
	}
	strbuf_show(out, "  network %s", network ? network : "none");
	if (ns->network_path) {
		strbuf_putc(out, ' ');
		put_text(out, ns->network_path);
	}
	if (ns->network_cookie)
		strbuf_show(out, " cookie %" PRIu64, ns->network_cookie);
	strbuf_putc(out, '\n');
	put_line(out, "uid_map", ns->uid_map);
	put_line(out, "gid_map", ns->gid_map);
	put_line(out, "timens_offsets", ns->time_offsets);
}

static void print_net_devices(const struct plan *plan, struct strbuf *out)
{
	for (size_t i = 0; i < plan->net_devices.n; i++)
		strbuf_show(out, "  link %s of the host as %s\n", plan->net_devices.v[i].name,
			    plan->net_devices.v[i].inside);
}

/* What stands between the parts of a mount's line: a colon first, then semicolons. */
static void put_separator(struct strbuf *out, bool *is_first)
{
	strbuf_puts(out, *is_first ? ": " : "; ");
	*is_first = false;
}

static void print_mount_words(const struct plan_mount *mount, struct strbuf *out, bool *is_first)
{
	const char *words[2 * MOUNT_WORDS_MAX];
	size_t n = mount_attr_words(mount->attr_set, mount->attr_clear, false, words);

	n += mount_attr_words(mount->rec_attr_set, mount->rec_attr_clear, true, words + n);
	if (n + mount->propagation.n == 0)
		return;
	put_separator(out, is_first);
	for (size_t i = 0; i < n; i++)
		strbuf_show(out, "%s%s", i > 0 ? " " : "", words[i]);
	for (size_t i = 0; i < mount->propagation.n; i++)
		strbuf_show(out, "%s%s", n + i > 0 ? " " : "",
			    propagation_name(mount->propagation.v[i]));
}

/* What becomes of file systems of the kernel's. */
static void print_belows(const char *before, const struct plan_belows *below, struct strbuf *out)
{
	for (size_t i = 0; i < below->n; i++) {
		strbuf_show(out, "%s%s ", i > 0 ? " " : before,
			    below->v[i].detach ? "without" : "read-only");
		put_text(out, below->v[i].path);
	}
}

static void print_kernel_mount(const struct plan_mount *mount, struct strbuf *out, bool *is_first)
{
	if (mount->subtree) {
		put_separator(out, is_first);
		strbuf_puts(out, "of the container's own ");
		put_text(out, mount->subtree);
	}
	if (mount->below.n > 0)
		put_separator(out, is_first);
	print_belows("", &mount->below, out);
	for (size_t i = 0; i < mount->guards.n; i++) {
		if (i == 0)
			put_separator(out, is_first);
		strbuf_show(out, "%s%s ", i > 0 ? " " : "",
			    mount->guards.v[i].masked ? "masked" : "read-only");
		put_text(out, mount->guards.v[i].path);
	}
}

static void print_mount_details(const struct plan_mount *mount, struct strbuf *out)
{
	const struct {
		bool is_so;
		const char *text;
	} remarks[] = {
		{ mount->idmap.given && !mount->idmap.uid_map, "ids of the container" },
		{ mount->idmap.recursive, "ids of all below it" },
		{ mount->source_nofollow, "of a symlink itself" },
		{ mount->destination_nofollow, "onto a symlink itself" },
		{ mount->copy_symlink, "a symlink is copied" },
		{ mount->copy_up, "copy up" },
		{ mount->dispensable, "left out where it has no place" },
		{ mount->systemd_v1, "of name=systemd alone" },
		{ mount->whole_tree, "of the host's tree" },
		{ mount->readonly_top, "the hierarchies in it writable" },
		{ mount->readonly_late, "read-only after the devices" },
		{ mount->by_parent, "made by the parent in the network" },
	};
	bool is_first = true;

	print_mount_words(mount, out, &is_first);
	for (size_t i = 0; i < mount->options.n; i++) {
		if (i == 0)
			put_separator(out, &is_first);
		strbuf_puts(out, i == 0 ? "data " : " ");
		put_text(out, mount->options.v[i].key);
		if (mount->options.v[i].value) {
			strbuf_putc(out, '=');
			put_text(out, mount->options.v[i].value);
		}
	}
	if (mount->idmap.uid_map) {
		put_separator(out, &is_first);
		strbuf_puts(out, "uid_map ");
		put_text(out, mount->idmap.uid_map);
		strbuf_puts(out, " gid_map ");
		put_text(out, mount->idmap.gid_map);
	}
	for (size_t i = 0; i < ARRAY_SIZE(remarks); i++) {
		if (remarks[i].is_so) {
			put_separator(out, &is_first);
			strbuf_puts(out, remarks[i].text);
		}
	}
	print_kernel_mount(mount, out, &is_first);
	strbuf_putc(out, '\n');
}

static void print_mount(const struct plan_mount *mount, struct strbuf *out)
{
	strbuf_show(out, "  [%u] %s%s", mount->index, mount->recursive ? "recursive " : "",
		    value_to_name(plan_mount_kind_names, mount->kind));
	if (mount->fstype) {
		strbuf_putc(out, ' ');
		put_text(out, mount->fstype);
	}
	if (mount->source && !str_eq(mount->source, mount->fstype)) {
		strbuf_puts(out, " of ");
		put_text(out, mount->source);
	}
	strbuf_puts(out, " at ");
	put_text(out, mount->destination);
	print_mount_details(mount, out);
}

static void print_devices(const struct plan *plan, struct strbuf *out)
{
	if (plan->devices.n > 0)
		strbuf_puts(out, "devices\n");
	for (size_t i = 0; i < plan->devices.n; i++) {
		const struct plan_device *device = &plan->devices.v[i];

		strbuf_puts(out, "  ");
		put_text(out, device->path);
		strbuf_show(out, " %s", plan_device_type(device->type));
		if (!str_eq(plan_device_type(device->type), "p"))
			strbuf_show(out, " %u:%u", device->major, device->minor);
		if (device->is_there) {
			strbuf_puts(out, " as it is there\n");
			continue;
		}
		strbuf_show(out, " mode %04o owner %u:%u%s%s\n", (unsigned)device->mode,
			    device->uid, device->gid, device->bind ? " bind" : "",
			    device->is_default ? " default" : "");
	}
	if (plan->links.n > 0)
		strbuf_puts(out, "links\n");
	for (size_t i = 0; i < plan->links.n; i++)
		strbuf_show(out, "  %s -> %s\n", plan->links.v[i].path, plan->links.v[i].target);
}

/* The rules that every container gets are one line. */
static void print_device_rules(const struct plan_device_rules *rules, struct strbuf *out)
{
	bool defaults = false;

	if (!rules->by_program)
		return;
	strbuf_show(out, "  devices: %s others\n", rules->others ? "allow" : "deny");
	for (size_t i = 0; i < rules->n; i++) {
		autostrbuf text = { 0 };
		defaults = defaults || rules->v[i].is_default;
		if (rules->v[i].is_default)
			continue;
		plan_device_rule_text(&rules->v[i], &text);
		strbuf_show(out, "  devices: %s %s\n", rules->v[i].allow ? "allow" : "deny",
			    strbuf_text(&text));
	}
	if (defaults)
		strbuf_puts(out, "  devices: allow the default devices\n");
}

static void print_cgroup(const struct plan_cgroup *cgroup, struct strbuf *out)
{
	if (!cgroup->manage) {
		strbuf_puts(out, "cgroup none\n");
		return;
	}
	strbuf_show(out, "cgroup %s ", value_to_name(cgroup_layout_names, cgroup->layout));
	put_text(out, cgroup->path);
	strbuf_putc(out, '\n');
	print_scope(cgroup->scope, out);
	print_device_rules(&cgroup->devices, out);
	for (size_t i = 0; i < cgroup->writes.n; i++) {
		strbuf_show(out, "  %s: ", cgroup->writes.v[i].controller);
		put_text(out, cgroup->writes.v[i].file);
		strbuf_puts(out, " = ");
		put_text(out, cgroup->writes.v[i].value);
		strbuf_putc(out, '\n');
	}
	if (cgroup->memory_check)
		strbuf_show(out, "  refused where more than %" PRIu64 " bytes are in use\n",
			    cgroup->memory_check);
	if (cgroup->delegate)
		strbuf_show(out, "  owned by %u:%u\n", cgroup->delegate_uid, cgroup->delegate_gid);
	if (cgroup->delegated) {
		strbuf_puts(out, "  processes in ");
		put_text(out, cgroup->delegated);
		strbuf_putc(out, '\n');
	}
}

static void print_rdt(const struct plan_rdt *rdt, struct strbuf *out)
{
	if (!rdt)
		return;
	strbuf_puts(out, "resctrl /");
	put_text(out, rdt->group);
	strbuf_puts(out, rdt->named ? " by name\n" : "\n");
	for (size_t i = 0; i < rdt->schemata.n; i++)
		put_line(out, "schema", rdt->schemata.v[i]);
	put_line(out, "monitoring group", rdt->monitor);
}

static void print_capabilities(const struct plan_capabilities *capabilities, struct strbuf *out)
{
	struct plan_capability_set sets[PLAN_CAPABILITY_SETS];

	if (!capabilities->given) {
		strbuf_puts(out, "capabilities untouched\n");
		return;
	}
	strbuf_puts(out, "capabilities\n");
	plan_capability_sets(capabilities, sets);
	for (size_t i = 0; i < PLAN_CAPABILITY_SETS; i++) {
		strbuf_show(out, "  %s", sets[i].name);
		for (int number = 0; number < 64; number++) {
			if (sets[i].mask & 1ULL << number)
				strbuf_show(out, " %s", cap_name_of(number));
		}
		strbuf_putc(out, '\n');
	}
}

static void put_limit(struct strbuf *out, uint64_t value)
{
	if (value == UINT64_MAX)
		strbuf_puts(out, " unlimited");
	else
		strbuf_show(out, " %" PRIu64, value);
}

static void print_identity(const struct plan_process *process, struct strbuf *out)
{
	strbuf_show(out, "  user %u:%u", process->uid, process->gid);
	if (process->keep_groups) {
		strbuf_puts(out, " with the caller's groups");
	} else {
		for (size_t i = 0; i < process->groups.n; i++)
			strbuf_show(out, "%s%u", i == 0 ? " groups " : ",", process->groups.v[i]);
	}
	if (process->umask_set)
		strbuf_show(out, " umask %04o", (unsigned)process->umask);
	strbuf_putc(out, '\n');
	if (process->no_new_privileges)
		strbuf_puts(out, "  no new privileges\n");
	if (process->oom_score_adj_set)
		strbuf_show(out, "  oom_score_adj %d\n", process->oom_score_adj);
	print_scheduling(process, out);
	for (size_t i = 0; i < process->rlimits.n; i++) {
		strbuf_show(out, "  %s", process->rlimits.v[i].name);
		put_limit(out, process->rlimits.v[i].soft);
		put_limit(out, process->rlimits.v[i].hard);
		strbuf_putc(out, '\n');
	}
}

static void print_process(const struct plan_process *process, struct strbuf *out)
{
	if (!process->args) {
		strbuf_puts(out, "process none\n");
		return;
	}
	strbuf_puts(out, "process");
	put_words(out, process->args);
	strbuf_putc(out, '\n');
	put_line(out, "cwd", process->cwd);
	if (process->terminal && (process->rows || process->columns))
		strbuf_show(out, "  terminal of %u rows and %u columns\n", process->rows,
			    process->columns);
	else if (process->terminal)
		strbuf_puts(out, "  terminal\n");
	print_identity(process, out);
	put_list(out, "environment", process->env, argv_length(process->env));
	print_capabilities(&process->capabilities, out);
}

static void print_hooks(const struct plan *plan, struct strbuf *out)
{
	struct plan_hook_kind kinds[PLAN_HOOK_KINDS];

	plan_hook_kinds(plan, kinds);
	for (size_t k = 0; k < PLAN_HOOK_KINDS; k++) {
		for (size_t i = 0; i < kinds[k].hooks->n; i++) {
			const struct plan_hook *hook = &kinds[k].hooks->v[i];

			strbuf_show(out, "hook %s ", kinds[k].name);
			put_text(out, hook->path);
			strbuf_puts(out, "\n  args");
			put_words(out, hook->args);
			if (hook->env) {
				strbuf_puts(out, "\n  env");
				put_words(out, hook->env);
			}
			strbuf_putc(out, '\n');
			if (hook->timeout)
				strbuf_show(out, "  timeout %" PRId64 " s\n", hook->timeout);
		}
	}
}

void plan_print(const struct plan *plan, struct strbuf *out)
{
	print_top(plan, out);
	print_namespaces(&plan->namespaces, out);
	print_net_devices(plan, out);
	if (plan->root_below.n > 0) {
		print_belows("root filesystem ", &plan->root_below, out);
		strbuf_putc(out, '\n');
	}
	if (plan->mounts.n > 0)
		strbuf_puts(out, "mounts\n");
	for (size_t i = 0; i < plan->mounts.n; i++)
		print_mount(&plan->mounts.v[i], out);
	print_devices(plan, out);
	put_list(out, "masked", plan->masked_paths.v, plan->masked_paths.n);
	put_list(out, "read-only", plan->readonly_paths.v, plan->readonly_paths.n);
	if (plan->sysctls.n > 0)
		strbuf_puts(out, "sysctls\n");
	for (size_t i = 0; i < plan->sysctls.n; i++)
		put_line(out, plan->sysctls.v[i].key, plan->sysctls.v[i].value);
	print_cgroup(&plan->cgroup, out);
	print_rdt(plan->rdt, out);
	print_process(&plan->process, out);
	print_seccomp(plan->seccomp, out);
	print_confinement(&plan->confinement, out);
	print_hooks(plan, out);
	put_list(out, "warnings", plan->warnings.v, plan->warnings.n);
	put_list(out, "notes", plan->notes.v, plan->notes.n);
}

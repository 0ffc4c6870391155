/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.mountLabel: the context of what the container's mounts hold (config-linux.md "Mount Label", "Context
 * mounts" of mount(8)). Pure.
 */
#include "plan/context.h"

#include "base/auto.h"

/* fsconfig(2) copies a value of at most this length. */
#define LABEL_MAX 255

static const char *const context_types[] = { "context", "fscontext", "defcontext", "rootcontext" };

static const char *find_type(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(context_types); i++)
		if (str_eq(context_types[i], name))
			return context_types[i];
	return NULL;
}

/* procfs and sysfs label their own files; the superblock of mqueue is the kernel's and there before the
 * mount. What a mount says of its own context goes before. */
static bool takes_label(const struct plan_mount *mount)
{
	if (mount->kind != PLAN_MOUNT_FS || mount->is_proc || mount->is_sysfs ||
	    str_eq(mount->fstype, "mqueue"))
		return false;
	for (size_t i = 0; i < mount->options.n; i++)
		if (find_type(mount->options.v[i].key))
			return false;
	return true;
}

int plan_mount_label(struct plan_context *c, struct err *e)
{
	const char *label = c->linux_->mount_label, *type = "context";
	const char *wanted = annotation_get(&c->spec->annotations, ANNOTATION_CONTEXT);

	if (str_empty(label))
		return 0;
	if (!c->facts->selinux)
		return fail(e, ERR_CONFIG,
			    "linux.mountLabel \"%s\": SELinux is not enabled on this host", label);
	if (!str_empty(wanted))
		type = find_type(wanted);
	if (!type)
		return fail(
			e, ERR_CONFIG,
			"annotations.\"%s\": must be context, fscontext, defcontext or rootcontext",
			annotation_name(ANNOTATION_CONTEXT));
	if (strlen(label) > LABEL_MAX)
		return fail(e, ERR_CONFIG, "linux.mountLabel: is longer than %d bytes", LABEL_MAX);
	c->plan->mount_label = (struct plan_option){ .key = type, .value = label };
	for (size_t i = 0; i < c->plan->mounts.n; i++) {
		struct plan_mount *mount = &c->plan->mounts.v[i];
		size_t n = mount->options.n;
		struct plan_option *v;
		if (!takes_label(mount))
			continue;
		v = arena_new_array(c->arena, struct plan_option, n + 1);
		for (size_t j = 0; j < n; j++)
			v[j] = mount->options.v[j];
		v[n] = c->plan->mount_label;
		mount->options.v = v;
		mount->options.n = n + 1;
	}
	return 0;
}

/* "unconfined" is what a host without AppArmor gives to everything. */
int plan_process_label(struct plan_context *c, struct err *e)
{
	struct plan_process *process = &c->plan->process;

	if (!str_empty(process->apparmor_profile) && !c->facts->apparmor) {
		if (!str_eq(process->apparmor_profile, "unconfined"))
			return fail(
				e, ERR_CONFIG,
				"process.apparmorProfile \"%s\": AppArmor is not enabled on this host",
				process->apparmor_profile);
		process->apparmor_profile = NULL;
	}
	if (!str_empty(process->selinux_label) && !c->facts->selinux)
		return fail(e, ERR_CONFIG,
			    "process.selinuxLabel \"%s\": SELinux is not enabled on this host",
			    process->selinux_label);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root filesystem's propagation, masked and read-only paths, and kernel parameters (config-linux.md
 * "Rootfs Mount Propagation", "Masked Paths", "Readonly Paths", "Sysctl"). Pure.
 */
#include "base/path.h"
#include "plan/context.h"

/* A process does not see what is mounted on its own root directory. */
static int paths_clean(struct plan_context *c, const char *field, const struct strlist *from,
		       struct strlist *to, struct err *e)
{
	struct text_set seen;

	text_set_init(&seen, c->arena, from->n);
	to->v = arena_new_array(c->arena, char *, from->n);
	for (size_t i = 0; i < from->n; i++) {
		char *path = path_clean_in(c->arena, from->v[i]);

		if (str_eq(path, "/"))
			return fail(e, ERR_CONFIG,
				    "%s[%zu]: cannot be /; a read-only root is root.readonly",
				    field, i);
		if (!text_set_add(&seen, path, strlen(path), i))
			to->v[to->n++] = path;
	}
	return 0;
}

int plan_paths(struct plan_context *c, struct err *e)
{
	const char *propagation = c->linux_->rootfs_propagation;

	if (!str_empty(propagation)) {
		c->plan->rootfs_propagation = propagation_flags(propagation);
		if (!c->plan->rootfs_propagation)
			return fail(e, ERR_CONFIG, "linux.rootfsPropagation: \"%s\" is unknown",
				    propagation);
	}
	if (paths_clean(c, "linux.maskedPaths", &c->linux_->masked_paths, &c->plan->masked_paths,
			e) < 0)
		return -1;
	return paths_clean(c, "linux.readonlyPaths", &c->linux_->readonly_paths,
			   &c->plan->readonly_paths, e);
}

/* --- sysctls --- */

/* Which namespace a parameter belongs to (ipc_namespaces(7)), 0 if it is the whole machine's. */
static int sysctl_namespace(const char *path)
{
	if (str_has_prefix(path, "net/"))
		return SPEC_NS_NETWORK;
	if (str_eq(path, "kernel/domainname"))
		return SPEC_NS_UTS;
	if (str_has_prefix(path, "fs/mqueue/") || str_has_prefix(path, "kernel/msg") ||
	    str_has_prefix(path, "kernel/shm") || str_eq(path, "kernel/sem"))
		return SPEC_NS_IPC;
	return 0;
}

/* What may be set in the shared network was the policy's to decide. */
static bool is_separate(const struct plan_context *c, int type)
{
	if (type == SPEC_NS_NETWORK &&
	    (c->verdict->network.join == NETWORK_EARLY || c->verdict->network.join == NETWORK_LATE))
		return true;
	return plan_namespace_is_separate(c, (enum spec_ns_type)type);
}

int plan_sysctls(struct plan_context *c, struct err *e)
{
	const struct strmap *from = &c->linux_->sysctl;
	struct strmap *to = &c->plan->sysctls;

	to->v = arena_new_array(c->arena, struct strpair, from->n);
	for (size_t i = 0; i < from->n; i++) {
		char *path = spec_sysctl_path(from->v[i].key, c->arena);
		int type = sysctl_namespace(path);

		if (!type)
			return fail(
				e, ERR_CONFIG,
				"linux.sysctl: %s does not belong to a namespace; set it on the host",
				from->v[i].key);
		/* a namespace by path may turn out to be the host's own */
		if (!is_separate(c, type))
			return fail(e, ERR_CONFIG,
				    "linux.sysctl: %s needs a %s namespace other than the host's",
				    from->v[i].key, value_to_name(spec_ns_names, type));
		to->v[to->n++] = (struct strpair){ .key = path, .value = from->v[i].value };
	}
	return 0;
}

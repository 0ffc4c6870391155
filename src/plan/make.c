/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From verdict and facts to the plan, part by part. Pure: no system call, no clock, no environment.
 */
#include "plan/context.h"

#include "base/auto.h"

#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 4, 0))) static void add_text(struct plan_context *c,
							   struct strlist *to, size_t *capacity,
							   const char *format, va_list arguments)
{
	va_list again;
	char *text;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, arguments);
	text = arena_alloc(c->arena, length < 0 ? 1 : (size_t)length + 1);
	if (length >= 0)
		vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	if (to->n == *capacity) {
		*capacity = *capacity ? *capacity * 2 : 8;
		char **v = arena_new_array(c->arena, char *, *capacity);

		for (size_t i = 0; i < to->n; i++)
			v[i] = to->v[i];
		to->v = v;
	}
	to->v[to->n++] = text;
}

void plan_warn(struct plan_context *c, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_text(c, &c->plan->warnings, &c->warnings_capacity, format, arguments);
	va_end(arguments);
}

void plan_note(struct plan_context *c, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_text(c, &c->plan->notes, &c->notes_capacity, format, arguments);
	va_end(arguments);
}

static void plan_top(struct plan_context *c)
{
	struct plan *plan = c->plan;
	const struct spec *spec = c->spec;

	plan->id = c->options->id;
	plan->bundle = c->options->bundle;
	plan->no_pivot = c->options->no_pivot;
	plan->rootfs = c->facts->rootfs;
	plan->readonly_root = spec->root && spec->root->readonly;
	plan->hostname = str_empty(spec->hostname) ? NULL : spec->hostname;
	plan->domainname = str_empty(spec->domainname) ? NULL : spec->domainname;
	plan->annotations = spec->annotations;
	plan->oci_version = spec->oci_version;
}

int plan_make(const struct verdict *verdict, const struct facts *facts,
	      const struct plan_options *options, struct arena *arena, struct plan **ret,
	      struct err *e)
{
	static int (*const parts[])(struct plan_context * c, struct err * e) = {
		plan_handler,       plan_namespaces,  plan_ids,          plan_mounts,
		plan_mount_label,   plan_net_devices, plan_devices,      plan_paths,
		plan_kernel_mounts, plan_sysctls,     plan_cgroup,       plan_process,
		plan_scheduling,    plan_rlimits,     plan_capabilities, plan_seccomp,
		plan_hooks,         plan_rdt,         plan_host_mounts,
	};
	static const struct spec_linux empty;
	struct plan_context c = {
		.verdict = verdict,
		.spec = verdict->spec,
		.linux_ = verdict->spec->linux_ ? verdict->spec->linux_ : &empty,
		.facts = facts,
		.options = options,
		.arena = arena,
		.plan = arena_new(arena, struct plan),
	};

	if (verdict->refused)
		return policy_refusal(verdict, NULL, e);
	plan_top(&c);
	c.plan->confinement = verdict->confinement;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (parts[i](&c, e) < 0)
			return -1;
	}
	*ret = c.plan;
	return 0;
}

int plan_make_exec(const struct spec *spec, const struct plan_options *options, bool user_namespace,
		   const struct facts *facts, struct arena *arena, struct plan **ret, struct err *e)
{
	static const struct spec_linux empty;
	struct plan_context c = {
		.spec = spec,
		.linux_ = spec->linux_ ? spec->linux_ : &empty,
		.facts = facts,
		.options = options,
		.arena = arena,
		.plan = arena_new(arena, struct plan),
	};

	c.plan->id = options->id;
	c.plan->bundle = options->bundle;
	c.plan->oci_version = spec->oci_version;
	c.plan->annotations = spec->annotations;
	c.plan->namespaces.new_user = user_namespace;
	if (options->confinement)
		c.plan->confinement = *options->confinement;
	if (plan_process(&c, e) < 0 || plan_scheduling(&c, e) < 0 || plan_rlimits(&c, e) < 0 ||
	    plan_capabilities(&c, e) < 0 || plan_seccomp(&c, e) < 0)
		return -1;
	plan_affinity(&c);
	*ret = c.plan;
	return 0;
}

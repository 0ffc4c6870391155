/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What init keeps while it waits for `start`, perhaps for days and beside a thousand others: copies of what it needs then,
 * and none of what the runtime had read and made before the clone. Runs in the container's first process.
 */
#include "boot/create/init.h"

#include <string.h>

static char *keep_text(struct arena *arena, const char *text)
{
	return text ? arena_strdup(arena, text) : NULL;
}

/* A list that ends with NULL, as execve(2) takes it. */
static char **keep_texts(struct arena *arena, char *const *texts)
{
	size_t n = 0;
	char **copy;

	if (!texts)
		return NULL;
	while (texts[n])
		n++;
	copy = arena_new_array(arena, char *, n + 1);
	for (size_t i = 0; i < n; i++)
		copy[i] = arena_strdup(arena, texts[i]);
	return copy;
}

static void keep_annotations(struct arena *arena, const struct strmap *from, struct strmap *to)
{
	to->v = arena_new_array(arena, struct strpair, from->n);
	to->n = from->n;
	for (size_t i = 0; i < from->n; i++)
		to->v[i] = (struct strpair){ .key = arena_strdup(arena, from->v[i].key),
					     .value = keep_text(arena, from->v[i].value) };
}

/* Its hooks, and what they are told of the container. */
static void keep_hooks(struct arena *arena, const struct plan *from, struct plan *to)
{
	const struct plan_hooks *hooks = &from->start_container;

	if (hooks->n == 0)
		return;
	to->oci_version = keep_text(arena, from->oci_version);
	to->bundle = keep_text(arena, from->bundle);
	keep_annotations(arena, &from->annotations, &to->annotations);
	to->start_container.v = arena_new_array(arena, struct plan_hook, hooks->n);
	to->start_container.n = hooks->n;
	for (size_t i = 0; i < hooks->n; i++)
		to->start_container.v[i] = (struct plan_hook){
			.path = keep_text(arena, hooks->v[i].path),
			.args = keep_texts(arena, hooks->v[i].args),
			.env = keep_texts(arena, hooks->v[i].env),
			.timeout = hooks->v[i].timeout,
		};
}

static void keep_process(struct arena *arena, const struct plan_process *from,
			 struct plan_process *to)
{
	*to = (struct plan_process){
		.args = keep_texts(arena, from->args),
		.capabilities = from->capabilities,
		.no_new_privileges = from->no_new_privileges,
	};
	to->rlimits.v = arena_new_array(arena, struct plan_rlimit, from->rlimits.n);
	to->rlimits.n = from->rlimits.n;
	for (size_t i = 0; i < from->rlimits.n; i++) {
		to->rlimits.v[i] = from->rlimits.v[i];
		to->rlimits.v[i].name = keep_text(arena, from->rlimits.v[i].name);
	}
}

/* The programs are what is loaded; of the profile itself errors alone speak. */
static void keep_filter(struct arena *arena, const struct plan *from, struct filter *filter,
			struct plan *to)
{
	if (from->seccomp) {
		to->seccomp = arena_new(arena, struct plan_seccomp);
		to->seccomp->default_action = from->seccomp->default_action;
		to->seccomp->default_value = from->seccomp->default_value;
		to->seccomp->program.n = from->seccomp->program.n;
	}
	for (size_t i = 0; i < filter->programs.n; i++) {
		struct seccomp_program *program = &filter->programs.v[i];
		struct sock_filter *v = arena_new_array(arena, struct sock_filter, program->n);

		memcpy(v, program->v, program->n * sizeof(*v));
		program->v = v;
	}
	filter->plan = to;
}

int init_keep(struct create_init *c, struct arena *arena, struct err *e)
{
	const struct plan *from = c->plan;
	struct plan *to;

	(void)e;
	if (c->start_follows)
		return 0;
	/* In pages that nothing has written to. */
	arena_reserve(arena);
	to = arena_new(arena, struct plan);
	to->id = keep_text(arena, from->id);
	to->namespaces.network = from->namespaces.network;
	to->namespaces.late_by_thread = from->namespaces.late_by_thread;
	to->namespaces.network_path = keep_text(arena, from->namespaces.network_path);
	to->namespaces.network_cookie = from->namespaces.network_cookie;
	keep_process(arena, &from->process, &to->process);
	keep_hooks(arena, from, to);
	keep_filter(arena, from, &c->filter, to);
	c->program.env = keep_texts(arena, c->program.env);
	c->program.executable = keep_text(arena, c->program.executable);
	c->root = (struct root)ROOT_INIT;
	c->plan = to;
	/* The runtime's: all that the clone has had of it. */
	arena_release(c->arena);
	c->arena = arena;
	return 0;
}

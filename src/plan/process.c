/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's program: identity, environment, arguments (config.md "Process"). Pure.
 */
#include "plan/context.h"

#include <limits.h>

bool plan_keeps_groups(const struct spec *spec)
{
	const char *value = annotation_get(&spec->annotations, ANNOTATION_KEEP_GROUPS);

	return value && !str_eq(value, "0");
}

/* Of several values of one variable the last one counts, at the place of the first. */
static char **environment(struct plan_context *c, const struct strlist *from)
{
	static const struct strlist none;
	const struct strlist *added = c->options->environment ? c->options->environment : &none;
	char **env = arena_new_array(c->arena, char *, from->n + added->n + 1);
	struct text_set names;
	size_t n = 0;

	text_set_init(&names, c->arena, from->n + added->n);
	for (size_t i = 0; i < from->n + added->n; i++) {
		char *variable = i < from->n ? from->v[i] : added->v[i - from->n];
		const size_t *earlier = text_set_add(&names, variable, strcspn(variable, "="), n);

		if (earlier)
			env[*earlier] = variable;
		else
			env[n++] = variable;
	}
	return env;
}

static bool has_home(char *const *env)
{
	for (; *env; env++) {
		if (str_has_prefix(*env, "HOME="))
			return (*env)[strlen("HOME=")] != '\0';
	}
	return false;
}

static int console_size(const struct spec_process *process, struct plan_process *to, struct err *e)
{
	const struct spec_console_size *size = process->console_size;

	/* config.md: ignored without a terminal */
	if (!process->terminal || !size)
		return 0;
	if (size->height > USHRT_MAX || size->width > USHRT_MAX)
		return fail(e, ERR_CONFIG, "process.consoleSize: height and width must be below %d",
			    USHRT_MAX + 1);
	to->rows = (unsigned short)size->height;
	to->columns = (unsigned short)size->width;
	return 0;
}

static void process_user(const struct spec_user *user, struct plan_process *to)
{
	if (!user)
		return;
	to->uid = user->uid;
	to->gid = user->gid;
	to->groups = user->additional_gids;
	to->umask_set = user->umask.set;
	to->umask = user->umask.value & 07777;
}

int plan_process(struct plan_context *c, struct err *e)
{
	static const struct strlist none;
	const struct spec_process *process = c->spec->process;
	struct plan_process *to = &c->plan->process;

	to->keep_groups = plan_keeps_groups(c->spec);
	to->env = environment(c, process ? &process->env : &none);
	if (!process)
		return 0;
	to->terminal = process->terminal;
	if (console_size(process, to, e) < 0)
		return -1;
	process_user(process->user, to);
	to->cwd = process->cwd;
	to->home_set = has_home(to->env);
	if (process->args.n > 0)
		to->args = argv_of(c->arena, &process->args);
	to->no_new_privileges = process->no_new_privileges.set && process->no_new_privileges.value;
	to->oom_score_adj_set = process->oom_score_adj.set;
	to->oom_score_adj = process->oom_score_adj.value;
	to->apparmor_profile =
		str_empty(process->apparmor_profile) ? NULL : process->apparmor_profile;
	to->selinux_label = str_empty(process->selinux_label) ? NULL : process->selinux_label;
	return 0;
}

void identity_of_plan(const struct plan_process *process, uint32_t filters,
		      struct identity_record *ret)
{
	const struct plan_capabilities *caps = &process->capabilities;

	*ret = (struct identity_record){
		.uid = process->uid,
		.gid = process->gid,
		.groups = process->groups,
		.keep_groups = process->keep_groups,
		.bounding = caps->bounding,
		.effective = caps->effective,
		.inheritable = caps->inheritable,
		.permitted = caps->permitted,
		.ambient = caps->ambient,
		.no_new_privileges = process->no_new_privileges,
		.filters = filters,
	};
}

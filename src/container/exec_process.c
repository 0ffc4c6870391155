/* SPDX-License-Identifier: Apache-2.0 */
/* See exec_process.h. Runs in the runtime. */
#include "container/exec_process.h"

#include "base/auto.h"
#include "base/capabilities.h"
#include "container/input.h"
#include "os/io.h"
#include "sys/caps.h"

#include <fcntl.h>

int exec_parse_user(const char *text, uint32_t *ret_uid, uint32_t *ret_gid, bool *ret_gid_given,
		    struct err *e)
{
	autofree char *copy = strdup(text);
	char *gid_text = copy ? strchr(copy, ':') : NULL;
	uint32_t uid, gid = 0;

	if (gid_text)
		*gid_text++ = '\0';
	if (!copy || !parse_id(copy, &uid) || (gid_text && !parse_id(gid_text, &gid)))
		return fail(e, ERR_USAGE,
			    "--user %s: must be UID or UID:GID, numbers from 0 to 4294967294",
			    text);
	*ret_uid = uid;
	*ret_gid_given = gid_text != NULL;
	if (gid_text)
		*ret_gid = gid;
	return 0;
}

static int read_process(const char *path, struct arena *arena, struct spec_process **ret,
			struct err *e)
{
	struct spec_process *process = arena_new(arena, struct spec_process);

	if (input_decode(path, JSON_MAX_BYTES, &spec_process_fields, arena, process, e) < 0)
		return -1;
	*ret = process;
	return 0;
}

/* A list with room for `more` beyond what is in it. */
static struct strlist longer(const struct strlist *list, size_t more, struct arena *arena)
{
	struct strlist to = { .n = list->n };

	to.v = arena_new_array(arena, char *, list->n + more + 1);
	for (size_t i = 0; i < list->n; i++)
		to.v[i] = list->v[i];
	return to;
}

static void add_capability(struct strlist *list, const char *name)
{
	if (!strlist_has(list, name))
		list->v[list->n++] = (char *)(uintptr_t)name;
}

/* Not to the inheritable set (CVE-2022-29162: a file with inheritable capabilities would hand them to any
 * user), and the ambient one stays as the configuration has it. */
static int add_capabilities(struct spec_process *process, const struct strlist *names,
			    struct arena *arena, struct err *e)
{
	static const struct spec_capabilities none;
	struct spec_capabilities *caps = arena_new(arena, struct spec_capabilities);
	struct strlist *sets[] = { &caps->bounding, &caps->effective, &caps->permitted };

	if (names->n == 0)
		return 0;
	*caps = process->capabilities ? *process->capabilities : none;
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		*sets[i] = longer(sets[i], names->n, arena);
	for (size_t i = 0; i < names->n; i++) {
		const char *name = cap_name_of(cap_number(names->v[i]));
		if (!name)
			return fail(e, ERR_USAGE, "--cap %s: no such capability", names->v[i]);
		for (size_t j = 0; j < ARRAY_SIZE(sets); j++)
			add_capability(sets[j], name);
	}
	process->capabilities = caps;
	return 0;
}

static int change_user(struct spec_process *process, const struct container_exec_options *options,
		       struct arena *arena, struct err *e)
{
	struct spec_user *user = arena_new(arena, struct spec_user);
	const struct strlist *groups = &options->groups;
	struct u32list *to = &user->additional_gids;
	bool gid_given;
	uint32_t *v;

	if (!options->user && groups->n == 0)
		return 0;
	if (process->user)
		*user = *process->user;
	if (options->user &&
	    exec_parse_user(options->user, &user->uid, &user->gid, &gid_given, e) < 0)
		return -1;
	v = arena_new_array(arena, uint32_t, to->n + groups->n + 1);
	for (size_t i = 0; i < to->n; i++)
		v[i] = to->v[i];
	to->v = v;
	for (size_t i = 0; i < groups->n; i++)
		if (!parse_id(groups->v[i], &to->v[to->n++]))
			return fail(e, ERR_USAGE,
				    "--additional-gids %s: must be a number from 0 to 4294967294",
				    groups->v[i]);
	process->user = user;
	return 0;
}

static int change_environment(struct spec_process *process, const struct strlist *given,
			      struct arena *arena, struct err *e)
{
	struct strlist env = longer(&process->env, given->n, arena);

	if (given->n == 0)
		return 0;
	for (size_t i = 0; i < given->n; i++) {
		/* Not as other tools do: a value of the caller's environment is not the container's. */
		if (!strchr(given->v[i], '=') || given->v[i][0] == '=')
			return fail(e, ERR_USAGE, "--env %s: must be NAME=VALUE", given->v[i]);
		env.v[env.n++] = given->v[i];
	}
	process->env = env;
	return 0;
}

static int change(struct spec_process *process, const struct container_exec_options *options,
		  struct arena *arena, struct err *e)
{
	if (options->cwd)
		process->cwd = arena_strdup(arena, options->cwd);
	if (options->terminal)
		process->terminal = true;
	if (options->no_new_privileges)
		process->no_new_privileges = (struct opt_bool){ .set = true, .value = true };
	/* An empty one asks for nothing, as with runc: it does not take the container's away. */
	if (!str_empty(options->apparmor))
		process->apparmor_profile = arena_strdup(arena, options->apparmor);
	if (!str_empty(options->label))
		process->selinux_label = arena_strdup(arena, options->label);
	if (change_environment(process, &options->env, arena, e) < 0 ||
	    change_user(process, options, arena, e) < 0)
		return -1;
	return add_capabilities(process, &options->caps, arena, e);
}

/* The umask of a given user, if none is given. */
static void complete_user(struct spec_process *process, const struct spec_user *own,
			  struct arena *arena)
{
	struct spec_user *user;

	if (!own)
		return;
	user = arena_new(arena, struct spec_user);
	*user = process->user ? *process->user : *own;
	if (!user->umask.set)
		user->umask = own->umask;
	process->user = user;
}

/*
 * What is left out, or null, is the container's own: a client that says nothing of its confinement means the
 * one that the container has. An empty object or list is said, but for rlimits, of which "no limits" and "not
 * said" are one in Go, where engines are written; likewise an empty label. The terminal, its size and the
 * command belong to this process alone.
 */
static void take_the_rest(struct spec_process *process, const struct spec_process *own,
			  struct arena *arena)
{
	if (!own)
		return;
	complete_user(process, own->user, arena);
	if (!process->env.v)
		process->env = own->env;
	if (!process->capabilities)
		process->capabilities = own->capabilities;
	if (process->rlimits.n == 0)
		process->rlimits = own->rlimits;
	if (!process->no_new_privileges.set)
		process->no_new_privileges = own->no_new_privileges;
	if (str_empty(process->apparmor_profile))
		process->apparmor_profile = own->apparmor_profile;
	if (str_empty(process->selinux_label))
		process->selinux_label = own->selinux_label;
	if (!process->oom_score_adj.set)
		process->oom_score_adj = own->oom_score_adj;
	if (!process->scheduler)
		process->scheduler = own->scheduler;
	if (!process->io_priority)
		process->io_priority = own->io_priority;
	if (!process->exec_cpu_affinity)
		process->exec_cpu_affinity = own->exec_cpu_affinity;
}

static int start_from(const struct spec_process *own, const struct container_exec_options *options,
		      struct arena *arena, struct spec_process **ret, struct err *e)
{
	struct spec_process *process;

	if (options->process) {
		if (options->command.n)
			return fail(
				e, ERR_USAGE,
				"a command and --process are both given; give only one of them");
		if (read_process(options->process, arena, ret, e) < 0)
			return -1;
		take_the_rest(*ret, own, arena);
		return 0;
	}
	if (!own)
		return fail(e, ERR_STATE,
			    "the container's configuration has no process: exec needs --process");
	if (options->command.n == 0)
		return fail(e, ERR_USAGE, "a command or --process is needed");
	process = arena_new(arena, struct spec_process);
	*process = *own;
	process->args = options->command;
	process->terminal = false;
	process->console_size = NULL;
	*ret = process;
	return 0;
}

int exec_process_make(const struct spec_process *own, const struct container_exec_options *options,
		      struct arena *arena, struct spec_process **ret, struct err *e)
{
	struct spec_process *process = NULL;

	if (start_from(own, options, arena, &process, e) < 0 ||
	    change(process, options, arena, e) < 0)
		return -1;
	if (spec_validate_process(process, options->process ? input_name(options->process) : "exec",
				  e) < 0)
		return -1;
	*ret = process;
	return 0;
}

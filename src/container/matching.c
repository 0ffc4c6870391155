/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One verb for every container of a root whose id matches an extended regular expression (crun's --regex).
 */
#include "container/container.h"

#include "state/state.h"

#include <regex.h>

typedef int container_verb(const struct global_options *global, const char *id, const void *context,
			   struct err *e);

/* All are tried; the error is the first one's. One that goes away meanwhile is not an error. */
static int each_of(const struct global_options *global, const struct strlist *ids,
		   const regex_t *pattern, container_verb *verb, const void *context, struct err *e)
{
	size_t failed = 0;
	struct err problem;

	for (size_t i = 0; i < ids->n; i++) {
		if (regexec(pattern, ids->v[i], 0, NULL, 0) != 0 ||
		    verb(global, ids->v[i], context, &problem) == 0 ||
		    problem.kind == ERR_NOT_FOUND)
			continue;
		if (failed++ == 0)
			*e = problem;
	}
	if (failed > 1) {
		problem = *e;
		return fail(e, problem.kind, "%s; and %zu more", problem.text, failed - 1);
	}
	return failed > 0 ? -1 : 0;
}

static int each_matching(const struct global_options *global, const char *text,
			 container_verb *verb, const void *context, struct err *e)
{
	struct arena arena = { 0 };
	struct strlist ids;
	struct err doubt;
	regex_t pattern;
	char reason[128];
	int rc;

	/* It would match every one: mostly a variable of a script that is not set. */
	if (str_empty(text))
		return fail(e, ERR_USAGE,
			    "--regex: the pattern is empty; \".*\" is every container");
	rc = regcomp(&pattern, text, REG_EXTENDED | REG_NOSUB);
	if (rc != 0) {
		regerror(rc, &pattern, reason, sizeof(reason));
		return fail(e, ERR_USAGE, "--regex: '%s': %s", text, reason);
	}
	/* One of which it cannot be told whether it is a container says so when its turn comes. */
	rc = state_list(global->root, &arena, &ids, &doubt, e);
	if (rc == 0)
		rc = each_of(global, &ids, &pattern, verb, context, e);
	regfree(&pattern);
	arena_release(&arena);
	return rc;
}

struct killing {
	const char *signal;
	bool all;
};

static int kill_living(const struct global_options *global, const char *id, const void *context,
		       struct err *e)
{
	const struct killing *killing = context;
	struct arena arena = { 0 };
	struct container_view view;
	int rc = container_view(global, id, &arena, &view, e);

	if (rc == 0 && view.status != STATUS_STOPPED)
		rc = container_kill(global, id, killing->signal, killing->all, e);
	arena_release(&arena);
	return rc;
}

int container_kill_matching(const struct global_options *global, const char *pattern,
			    const char *signal, bool all, struct err *e)
{
	const struct killing killing = { signal, all };

	return each_matching(global, pattern, kill_living, &killing, e);
}

static int delete_one(const struct global_options *global, const char *id, const void *context,
		      struct err *e)
{
	const bool *force = context;

	return container_delete(global, id, *force, e);
}

int container_delete_matching(const struct global_options *global, const char *pattern, bool force,
			      struct err *e)
{
	return each_matching(global, pattern, delete_one, &force, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks, and where what is asked for lies, as far as the key `distros` of the policy looks at it: a policy without
 * it costs no look. Runs in the runtime.
 */
#include "facts/facts.h"
#include "os/io.h"
#include "policy/engine.h"
#include "sys/caller.h"
#include "sys/trusted.h"

#include <fcntl.h>

#define PASSWD_MAX (1u << 20)

/* --- which of it is looked at --- */

static bool is_number(const struct json_value *owner)
{
	uint32_t uid;

	return parse_u32(owner->text, &uid);
}

struct wanted {
	bool name, bundle, rootfs;
};

static struct wanted wanted_of(const struct policy *policy)
{
	struct wanted wanted = { 0 };

	for (size_t i = 0; i < policy->distros.n; i++) {
		const struct policy_match *match = policy->distros.v[i].match;

		if (!match)
			continue;
		wanted.name = wanted.name || (match->owner && !is_number(match->owner));
		wanted.bundle = wanted.bundle || match->bundle;
		wanted.rootfs = wanted.rootfs || match->rootfs;
	}
	return wanted;
}

/* --- the owner's name --- */

/* The name service would load what nsswitch.conf says into a runtime, and may ask the network. */
static char *owner_name(uint32_t owner, struct arena *arena)
{
	autofree char *text = NULL;
	struct err ignored;
	char *line, *rest;

	if (read_file_at(AT_FDCWD, "/etc/passwd", PASSWD_MAX, &text, NULL, &ignored) < 0)
		return NULL;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		char *name = strsep(&line, ":");
		uint32_t uid;

		/* the password */
		(void)strsep(&line, ":");
		if (line && parse_u32(strsep(&line, ":"), &uid) && uid == owner)
			return arena_strdup(arena, name);
	}
	return NULL;
}

/* --- paths --- */

/* Why others than root, or than the caller, can put something else at `path`, a real one; NULL: they cannot. */
static char *path_doubt(const char *path, const char *what, struct arena *arena)
{
	const char *slash = strrchr(path, '/');
	struct trusted_name name = {
		.what = what,
		.base = "",
		.path = slash == path ? "/" : arena_strndup(arena, path, (size_t)(slash - path)),
	};
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int above = -1;
	struct trust trust;
	struct err e;

	if (root < 0 || trust_of_caller(&trust, &e) < 0)
		return arena_strdup(arena, "whose its directories are cannot be found out");
	above = trusted_open_directory_at(root, &name, &trust, &e);
	return above < 0 ? arena_strdup(arena, e.text) : NULL;
}

static char *real_rootfs(const struct spec *spec, const char *bundle, struct arena *arena)
{
	const char *path = spec->root && spec->root->path ? spec->root->path : "";
	autofree char *real =
		realpath(path[0] == '/' ? path : arena_printf(arena, "%s/%s", bundle, path), NULL);

	/* one that is missing is an error of facts_gather() */
	return real ? arena_strdup(arena, real) : NULL;
}

/* --- the program's name --- */

const char *facts_network_of_program(const char *program)
{
	const char *slash = program ? strrchr(program, '/') : NULL;
	const char *name = slash ? slash + 1 : program;
	const char *at = name ? strrchr(name, '@') : NULL;

	return at && at[1] ? at + 1 : NULL;
}

static int name_by_program(const struct facts_options *options, struct arena *arena,
			   struct caller_facts *ret, struct err *e)
{
	const char *program = options->program, *slash = strrchr(program, '/');
	const char *above = !slash ? "."
			    : slash == program
				    ? "/"
				    : arena_strndup(arena, program, (size_t)(slash - program));
	autofree char *directory = realpath(above, NULL);
	const char *doubt;

	if (!directory)
		return fail_sys(e, "find the directory of the program '%s'", program);
	doubt = path_doubt(arena_printf(arena, "%s/%s", directory, slash ? slash + 1 : program),
			   "directory of the program's name", arena);
	if (doubt)
		return fail(
			e, ERR_POLICY,
			"the program name '%s' cannot choose a network: %s; put the link into a directory that root alone can write",
			program, doubt);
	ret->network = arena_strdup(arena, facts_network_of_program(program));
	ret->network_by = arena_printf(arena, "the program name '%s'", program);
	return 0;
}

int facts_of_request(const struct policy *policy, const struct spec *spec,
		     const struct facts_options *options, struct arena *arena,
		     struct caller_facts *ret, struct err *e)
{
	struct wanted wanted = wanted_of(policy);
	struct caller_facts caller = {
		.owner = options->owner.set ? options->owner.value : caller_outer_uid(),
		.id = options->id ? arena_strdup(arena, options->id) : NULL,
	};
	const char *engine = engine_of(options->root, options->bundle, spec);

	caller.engine = engine ? arena_strdup(arena, engine) : NULL;
	if (options->network) {
		caller.network = arena_strdup(arena, options->network);
		caller.network_by = arena_strdup(arena, "--network");
	} else if (facts_network_of_program(options->program) &&
		   name_by_program(options, arena, &caller, e) < 0) {
		return -1;
	}
	if (wanted.name)
		caller.owner_name = owner_name(caller.owner, arena);
	if (wanted.bundle) {
		caller.bundle = arena_strdup(arena, options->bundle);
		caller.bundle_doubt = path_doubt(caller.bundle, "directory of the bundle", arena);
	}
	if (wanted.rootfs)
		caller.rootfs = real_rootfs(spec, options->bundle, arena);
	if (caller.rootfs)
		caller.rootfs_doubt =
			path_doubt(caller.rootfs, "directory of the root file system", arena);
	*ret = caller;
	return 0;
}

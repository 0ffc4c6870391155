/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what the engine prepares can lead to the container: what the namespace that is asked for is. Runs in the runtime. */
#include "facts/gather.h"

#include "base/auto.h"
#include "facts/groups.h"
#include "policy/engine.h"
#include "policy/policy.h"
#include "state/registry.h"
#include "sys/helper.h"
#include "sys/netns_sockets.h"
#include "sys/nsfd.h"

#include <dirent.h>
#include <limits.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>

static int look_inside(void *context, struct strbuf *answer, struct err *e)
{
	struct netns_sockets sockets;

	if (nsfd_enter(*(const int *)context, CLONE_NEWNET, "that was asked for", e) < 0 ||
	    netns_sockets_look(&sockets, e) < 0)
		return -1;
	strbuf_puts(answer, sockets.any ? "used" : "");
	return 0;
}

/* One without power over it cannot be looked into, and could not be changed either. */
static const char *decoy_problem(const struct ns_facts *ns, int fd, const struct policy *whole,
				 const struct facts *facts)
{
	const struct helper_job job = { .name = "a look into a network namespace",
					.work = look_inside,
					.context = &fd };
	autofree char *answer = NULL;
	struct err ignored;
	size_t length;

	if (ns->problem || fd < 0)
		return "cannot be used";
	if (ns->is_host)
		return "is the host's";
	if (!engine_makes_network(ns->path))
		return "does not have a name as engines give it to the network of one container";
	if (gather_is_in_policy(whole, ns, facts))
		return "is a network of the policy";
	for (size_t i = 0; i < facts->members.n; i++)
		if (facts->members.v[i].cookie == ns->cookie)
			return "is the network of another container";
	if (helper_run(&job, 64, &answer, &length, &ignored) < 0)
		return "cannot be looked into";
	return length ? "has sockets in it, so that it is in use" : NULL;
}

/* "/proc/PID/ns/net", by which engines ask for the network of a container. */
static bool read_process(const char *path, int64_t *ret)
{
	const char *number = str_has_prefix(path, "/proc/") ? path + strlen("/proc/") : "";
	char digits[16] = "";
	size_t length = strspn(number, "0123456789");
	uint32_t pid;

	if (length >= sizeof(digits) || !str_eq(number + length, "/ns/net"))
		return false;
	memcpy(digits, number, length);
	if (!parse_u32(digits, &pid) || pid == 0)
		return false;
	*ret = pid;
	return true;
}

/* A container of the same engine's, of which no more is known than the number of its first process. What cannot be read
 * leads nowhere. */
static int look_at_other(const struct policy *policy, const struct facts_options *options,
			 const char *path, struct arena *arena, struct facts *facts, struct err *e)
{
	const char *directory = options->members_directory;
	struct status_record *status = NULL;
	struct member_record *member = NULL;
	autostatedir dir = STATE_DIR_INIT;
	struct err ignored;
	int64_t pid;

	if (!options->root || !read_process(path, &pid))
		return 0;
	if (!directory)
		directory = registry_default_directory(facts->rootless, arena);
	if (registry_of_process(directory, facts->network->path, pid, arena, &member, e) < 0)
		return -1;
	if (!member ||
	    !str_eq(facts_real_root(member->root, arena), facts_real_root(options->root, arena)))
		return 0;
	if (state_open(member->root, member->id, false, &dir, &ignored) < 0 ||
	    state_read_status(&dir, arena, &status, &ignored) < 0 || !status)
		return 0;
	if (facts->address && status->address)
		facts->address->other = member->id;
	if (policy->network->forward != POLICY_FORWARD_AUTO || !status->forward ||
	    !status->forward->decoy || status->forward->empty)
		return 0;
	facts->forward = arena_new(arena, struct forward_facts);
	facts->forward->of_other = status->forward->decoy;
	facts->forward->nameserver = status->forward->nameserver;
	return 0;
}

int gather_forward(const struct policy *policy, const struct facts_options *options,
		   const struct spec *spec, struct arena *arena, struct facts *facts,
		   const struct host *host, struct err *e)
{
	const struct spec_namespace *asked = spec_namespace_find(spec, SPEC_NS_NETWORK);
	const struct ns_facts *ns = asked ? facts_requested(facts, asked->path) : NULL;
	const char *problem;

	if ((policy->network->forward != POLICY_FORWARD_AUTO && !facts->address) ||
	    !facts->network || facts->network->problem || !asked)
		return 0;
	if (ns_facts_same(ns, facts->network))
		return look_at_other(policy, options, ns->path, arena, facts, e);
	if (policy->network->forward != POLICY_FORWARD_AUTO)
		return 0;
	facts->forward = arena_new(arena, struct forward_facts);
	problem = ns ? decoy_problem(ns, host->requested[SPEC_NS_NETWORK], options->whole, facts)
		     : NULL;
	facts->forward->problem = problem ? arena_strdup(arena, problem) : NULL;
	return 0;
}

/* --- one of which the cookie is known --- */

struct search {
	uint64_t cookie;
	struct arena *arena;
};

static bool is_sought(const char *path, uint64_t cookie)
{
	autoclose int fd = -1;
	struct err ignored;
	uint64_t found;

	fd = nsfd_try(path, &ignored);
	return fd >= 0 && nsfd_enter(fd, CLONE_NEWNET, path, &ignored) == 0 &&
	       netns_cookie(&found, &ignored) == 0 && found == cookie;
}

static const char *search_in(const struct search *search, const char *directory)
{
	autoclosedir DIR *entries = opendir(directory);
	struct dirent *entry;

	while (entries && (entry = readdir(entries))) {
		const char *path = arena_printf(search->arena, "%s/%s", directory, entry->d_name);

		if (entry->d_name[0] != '.' && engine_makes_network(path) &&
		    is_sought(path, search->cookie))
			return path;
	}
	return NULL;
}

/* In a process of its own, which enters each of them. */
static int search_all(void *context, struct strbuf *answer, struct err *e)
{
	const struct search *search = context;
	const char *run = getenv("XDG_RUNTIME_DIR"), *found = NULL;

	(void)e;
	for (size_t i = 0; !found && engine_network_directories[i]; i++)
		found = search_in(search, engine_network_directories[i]);
	if (!found && run && run[0] == '/')
		found = search_in(search, arena_printf(search->arena, "%s/netns", run));
	strbuf_puts(answer, found ? found : "");
	return 0;
}

/* -1: it is not at this path. */
static int open_if_sought(const char *path, uint64_t cookie)
{
	autoclose int fd = -1;
	struct err ignored;
	uint64_t found;

	fd = nsfd_try(path, &ignored);
	if (fd < 0 || netns_cookie_apart(fd, &found, &ignored) < 0 || found != cookie)
		return -1;
	return take_fd(&fd);
}

int facts_find_engines_network(const char *path, uint64_t cookie, struct arena *arena,
			       char **ret_path, struct err *e)
{
	struct search search = { cookie, arena };
	const struct helper_job job = { .name = "the search for a network of an engine's",
					.work = search_all,
					.context = &search };
	autofree char *found = NULL;
	size_t length;
	int fd = path ? open_if_sought(path, cookie) : -1;

	if (fd >= 0) {
		*ret_path = arena_strdup(arena, path);
		return fd;
	}
	if (helper_run(&job, PATH_MAX, &found, &length, e) < 0)
		return -1;
	fd = length ? open_if_sought(found, cookie) : -1;
	if (fd < 0)
		return fail(e, ERR_NOT_FOUND,
			    "the network that the engine has prepared is not there any more");
	*ret_path = arena_strdup(arena, found);
	return fd;
}

/* --- its resolver --- */

struct asked_resolver {
	const char *path;
	uint64_t cookie;
};

static int look_for_resolver(void *context, struct strbuf *answer, struct err *e)
{
	const struct asked_resolver *asked = context;
	struct netns_sockets sockets;

	if (!is_sought(asked->path, asked->cookie))
		return 0;
	if (netns_sockets_look(&sockets, e) < 0)
		return -1;
	strbuf_printf(answer, "%u", sockets.resolver.udp);
	return 0;
}

uint32_t facts_resolver_port(const char *path, uint64_t cookie)
{
	struct asked_resolver asked = { path, cookie };
	const struct helper_job job = { .name = "a look for the engine's resolver",
					.work = look_for_resolver,
					.context = &asked };
	autofree char *answer = NULL;
	struct err unknown;
	uint32_t port = 0;
	size_t length;

	if (helper_run(&job, 16, &answer, &length, &unknown) < 0 || !parse_u32(answer, &port))
		return 0;
	return port;
}

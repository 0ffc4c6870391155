/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces: the runtime's own, those that the config names by path, and the policy's network. Each is
 * opened once; what is known of it is asked of that descriptor. Runs in the runtime.
 */
#include "facts/gather.h"

#include "sys/child.h"
#include "sys/nsfd.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/stat.h>

/* Process 1 holds its namespaces, so that a number seen here belongs to nothing else. EACCES is usual
 * (it takes the right to trace that process): then the runtime's own counts as the host's. */
static bool is_of_first_process(const struct ns_facts *ns)
{
	struct stat st;

	if (stat(ns_path(1, ns_rows[ns->type].file).text, &st) < 0)
		return ns->is_self;
	return st.st_dev == ns->device && st.st_ino == ns->inode;
}

static bool is_own_user_namespace(int fd)
{
	struct stat own, other;

	return stat(ns_own_path("user").text, &own) == 0 && fstat(fd, &other) == 0 &&
	       ns_is_same(&own, &other);
}

static void look_at_owner(int fd, struct ns_facts *ns)
{
	autoclose int owner = nsfd_owner(fd);
	uid_t uid;

	if (ns->type == SPEC_NS_USER ? nsfd_owner_uid(fd, &uid) == 0
				     : owner >= 0 && nsfd_owner_uid(owner, &uid) == 0) {
		ns->owner_uid.set = true;
		ns->owner_uid.value = uid;
	}
	/* EPERM: the owner is above the runtime's own user namespace, or beside it. Power over one below is
	 * not enough: its creator has power over it too, and so must be the caller. */
	ns->owned = owner >= 0 && (is_own_user_namespace(owner) ||
				   (ns->owner_uid.set && ns->owner_uid.value == geteuid()));
}

/* All but path, is_self and the cookie. */
static int inspect_namespace(int fd, struct ns_facts *ns, struct err *e)
{
	struct stat st;

	ns->type = ns_row_of_flag((uint64_t)nsfd_type(fd))->type;
	if (!ns->type)
		return fail(e, ERR_SYSTEM, "namespace '%s' is of an unknown type", ns->path);
	if (fstat(fd, &st) < 0)
		return fail_sys(e, "look at namespace '%s'", ns->path);
	ns->device = st.st_dev;
	ns->inode = st.st_ino;
	look_at_owner(fd, ns);
	return 0;
}

/* Of the network, who owns it; of the others only which object it is counts, and that is one stat(). */
static int look_at_self(struct ns_facts *ns, int type, const char *file, struct err *e)
{
	struct stat st;

	if (type == SPEC_NS_NETWORK) {
		autoclose int fd = nsfd_own(file, e);
		return fd < 0 || inspect_namespace(fd, ns, e) < 0 ||
				       netns_cookie(&ns->cookie, e) < 0
			       ? -1
			       : 0;
	}
	if (stat(ns->path, &st) < 0)
		return fail_sys(e, "look at namespace '%s'", ns->path);
	ns->type = type;
	ns->device = st.st_dev;
	ns->inode = st.st_ino;
	return 0;
}

/* What a request by path is compared with; each look into /proc makes inodes first. */
static bool is_of_interest(const struct spec *spec, int type)
{
	for (size_t i = 0; spec->linux_ && i < spec->linux_->namespaces.n; i++)
		if (spec->linux_->namespaces.v[i].type == type &&
		    spec->linux_->namespaces.v[i].path)
			return true;
	return type == SPEC_NS_NETWORK;
}

int gather_self_namespaces(const struct spec *spec, struct arena *arena, struct facts *facts,
			   struct err *e)
{
	facts->self.v = arena_new_array(arena, struct ns_facts, SPEC_NS_COUNT);
	facts->self.n = 0;
	for (const struct ns_row *row = &ns_rows[1]; row <= &ns_rows[SPEC_NS_COUNT]; row++) {
		struct ns_facts *ns = &facts->self.v[facts->self.n];
		struct err reason;

		if (!is_of_interest(spec, row->type))
			continue;
		ns->path = arena_strdup(arena, ns_own_path(row->file).text);
		ns->is_self = true;
		if (look_at_self(ns, row->type, row->file, &reason) < 0) {
			/* a kernel built without this kind of namespace has no file for it */
			if (reason.sys == ENOENT)
				continue;
			*e = reason;
			return -1;
		}
		ns->is_host = is_of_first_process(ns);
		facts->self.n++;
	}
	return 0;
}

static void set_problem(struct ns_facts *ns, int error_number, const char *text,
			struct arena *arena)
{
	ns->problem = arena_strdup(arena, text);
	ns->problem_errno = error_number;
}

/*
 * Open ns->path and fill the rest. A path that cannot be used is not a failure here but a `problem`, and
 * *ret_fd is -1 then. `wanted`: the type that it must be.
 */
static int open_namespace(struct ns_facts *ns, int wanted, const struct facts *facts,
			  struct arena *arena, int *ret_fd, struct err *e)
{
	struct err reason = { 0 };
	autoclose int fd = nsfd_try(ns->path, &reason);
	const struct ns_facts *self;

	*ret_fd = -1;
	if (fd < 0) {
		set_problem(ns, reason.sys, reason.text, arena);
		return 0;
	}
	if (inspect_namespace(fd, ns, e) < 0)
		return -1;
	self = facts_self(facts, ns->type);
	ns->is_self = ns_facts_same(ns, self);
	ns->is_host = is_of_first_process(ns);
	if (ns->type != wanted) {
		set_problem(ns, EINVAL,
			    arena_printf(arena, "is a namespace of type %s, not %s",
					 value_to_name(spec_ns_names, ns->type),
					 value_to_name(spec_ns_names, wanted)),
			    arena);
		return 0;
	}
	if (ns->is_self) {
		ns->cookie = self->cookie;
	} else if (ns->type == SPEC_NS_NETWORK) {
		/* without power over it the cookie stays unknown, which matters only to a process that must enter */
		int rc = facts->rootless ? netns_cookie_apart(fd, &ns->cookie, &reason)
					 : netns_cookie_of(fd, &ns->cookie, &reason);
		if (rc < 0 && reason.sys != EPERM) {
			*e = reason;
			return -1;
		}
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

int gather_requested_namespaces(const struct spec *spec, struct arena *arena, struct facts *facts,
				struct host *host, struct err *e)
{
	size_t count = spec->linux_ ? spec->linux_->namespaces.n : 0;

	facts->requested.v = arena_new_array(arena, struct ns_facts, count);
	facts->requested.n = 0;
	for (size_t i = 0; i < count; i++) {
		const struct spec_namespace *asked = &spec->linux_->namespaces.v[i];
		struct ns_facts *ns = &facts->requested.v[facts->requested.n];
		int fd;

		if (!asked->path)
			continue;
		ns->path = arena_strdup(arena, asked->path);
		if (open_namespace(ns, asked->type, facts, arena, &fd, e) < 0)
			return -1;
		replace_fd(&host->requested[asked->type], fd);
		facts->requested.n++;
	}
	return 0;
}

/* A config that names the policy's network by the policy's name: what was looked up for it is not looked
 * up again. */
static bool take_requested(struct ns_facts *ns, const struct facts *facts, const struct host *host,
			   int *ret_fd)
{
	const struct ns_facts *only = NULL;
	int fd;

	for (size_t i = 0; i < facts->requested.n; i++) {
		if (facts->requested.v[i].type != SPEC_NS_NETWORK)
			continue;
		/* of two entries the descriptor is the last one's */
		if (only)
			return false;
		only = &facts->requested.v[i];
	}
	if (!only || only->problem || !str_eq(only->path, ns->path))
		return false;
	fd = fcntl(host->requested[SPEC_NS_NETWORK], F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return false;
	*ns = *only;
	*ret_fd = fd;
	return true;
}

int gather_network(const struct policy *policy, struct arena *arena, struct facts *facts,
		   struct host *host, struct err *e)
{
	const char *name = policy->network->namespace_;
	const struct ns_facts *self = facts_self(facts, SPEC_NS_NETWORK);
	struct ns_facts *ns;
	int fd;

	if (str_eq(name, "requested"))
		return 0;
	ns = arena_new(arena, struct ns_facts);
	if (str_eq(name, "self")) {
		if (!self)
			return fail(e, ERR_SYSTEM, "this kernel has no network namespaces");
		*ns = *self;
		fd = nsfd_own("net", e);
		if (fd < 0)
			return -1;
	}
	ns->path = arena_strdup(arena, name);
	if (!ns->type && !take_requested(ns, facts, host, &fd) &&
	    open_namespace(ns, SPEC_NS_NETWORK, facts, arena, &fd, e) < 0)
		return -1;
	if (!ns->problem && !ns->cookie) {
		set_problem(
			ns, EPERM,
			"cannot be entered: operation not permitted (it belongs to a user namespace that the caller has no power over)",
			arena);
		replace_fd(&fd, -1);
	}
	replace_fd(&host->network, fd);
	facts->network = ns;
	return 0;
}

/* Whether a network's name leads to that namespace; both exist now, so that numbers are compared. */
static bool is_of(const struct policy_network *network, const struct ns_facts *ns,
		  const struct facts *facts)
{
	const struct ns_facts *self = facts_self(facts, SPEC_NS_NETWORK);
	struct stat st;

	if (str_eq(network->namespace_, "self"))
		return ns_facts_same(self, ns);
	return network->namespace_[0] == '/' && stat(network->namespace_, &st) == 0 &&
	       st.st_dev == ns->device && st.st_ino == ns->inode;
}

/* The name of the network of the policy that it is. NULL: of none. */
static const char *name_in_policy(const struct policy *whole, const struct ns_facts *ns,
				  const struct facts *facts)
{
	if (!whole)
		return NULL;
	if (is_of(whole->network, ns, facts))
		return POLICY_NETWORK_DEFAULT;
	for (size_t i = 0; i < whole->networks.n; i++)
		if (is_of(&whole->networks.v[i], ns, facts))
			return whole->networks.v[i].name;
	return NULL;
}

bool gather_is_in_policy(const struct policy *whole, const struct ns_facts *ns,
			 const struct facts *facts)
{
	return ns_facts_same(ns, facts->network) || name_in_policy(whole, ns, facts);
}

void gather_twins(const struct policy *whole, const struct policy *chosen, struct arena *arena,
		  struct facts *facts)
{
	const char *name = chosen->network->name;
	struct strlist *twins = &facts->twins;

	if (!whole || whole->networks.n == 0 || !facts->network || facts->network->problem)
		return;
	twins->v = arena_new_array(arena, char *, whole->networks.n + 1);
	if (name && is_of(whole->network, facts->network, facts))
		twins->v[twins->n++] = arena_strdup(arena, POLICY_NETWORK_DEFAULT);
	for (size_t i = 0; i < whole->networks.n; i++) {
		const struct policy_network *other = &whole->networks.v[i];

		if (!str_eq(other->name, name) && is_of(other, facts->network, facts))
			twins->v[twins->n++] = other->name;
	}
}

void gather_asked_name(const struct policy *whole, const struct policy *chosen,
		       const struct spec *spec, struct arena *arena, struct facts *facts)
{
	const struct spec_namespace *asked = spec_namespace_find(spec, SPEC_NS_NETWORK);
	const struct ns_facts *ns = asked ? facts_requested(facts, asked->path) : NULL;

	const char *name;

	if (!ns || ns->problem || !str_eq(chosen->network->namespace_, "requested"))
		return;
	name = name_in_policy(whole, ns, facts);
	facts->asked_name = name ? arena_strdup(arena, name) : NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See record_hooks.h. Runs in the runtime. */
#include "boot/record/hooks.h"

#include "base/auto.h"
#include "boot/record/runtime_hooks.h"
#include "model/network.h"
#include "os/io.h"
#include "os/log.h"
#include "plan/state.h"
#include "sys/nsfd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* --- the shared network, before and after --- */

#define LINKS_MAX (1u << 20)

struct network_look {
	bool known;
	struct strlist links;
	struct stat namespace_;
};

/* As /proc/PID/net/dev names them, one a line below two of headings. */
static void read_links(char *text, struct arena *arena, struct strlist *ret)
{
	size_t lines = 1;

	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	ret->v = arena_new_array(arena, char *, lines);
	for (char *line = text; (line = strchr(line, '\n')) && *++line;) {
		char *name = line + strspn(line, " ");
		size_t length = strcspn(name, ":\n");

		if (name[length] == ':')
			ret->v[ret->n++] = arena_strndup(arena, name, length);
	}
}

/* Of a container that is in it already; another one's is its engine's to set up. What cannot be read is not compared. */
static struct network_look look_at_network(const struct record *r, pid_t init)
{
	struct network_look look = { .known = false };
	autofree char *text = NULL;
	struct err unread;
	char path[48];

	if (r->status->network != NETWORK_EARLY ||
	    r->plan->prestart.n + r->plan->create_runtime.n == 0)
		return look;
	snprintf(path, sizeof(path), "/proc/%d/net/dev", (int)init);
	if (read_file_at(AT_FDCWD, path, LINKS_MAX, &text, NULL, &unread) < 0) {
		log_debug("%s", unread.text);
		return look;
	}
	read_links(text, r->arena, &look.links);
	look.known = stat(ns_path(init, "net").text, &look.namespace_) == 0;
	return look;
}

static void put_missing(const struct strlist *from, const struct strlist *in, const char *what,
			struct strbuf *out)
{
	for (size_t i = 0; i < from->n; i++)
		if (!strlist_has(in, from->v[i]))
			strbuf_printf(out, "%s%s %s", out->length ? ", " : "", from->v[i], what);
}

static void compare_networks(struct record *r, const struct network_look *before, pid_t init)
{
	const struct network_look after = look_at_network(r, init);
	struct decisions *decisions = &r->status->decisions;
	autostrbuf what = { 0 };
	const char *warning;
	size_t added;

	if (!before->known || !after.known)
		return;
	if (!ns_is_same(&before->namespace_, &after.namespace_)) {
		strbuf_puts(&what, "the first process came into another network");
	} else {
		put_missing(&after.links, &before->links, "is new", &what);
		put_missing(&before->links, &after.links, "is gone", &what);
	}
	if (what.length == 0)
		return;
	added = decisions_add_hooks_changed(decisions, strbuf_text(&what), r->arena);
	warning = decisions_warning(decisions, added, r->arena);
	if (warning)
		log_warning("%s", warning);
}

/* --- hooks --- */

static int fail_deleted(const struct record *r, struct err *e)
{
	return fail(e, ERR_STATE, "container %s was deleted while its hooks ran", r->plan->id);
}

int record_run_hooks(struct record *r, const struct hook_place *place, pid_t init, struct err *e)
{
	const struct oci_state state = oci_state_of_plan(r->plan, "created", init);
	struct runtime_hooks hooks = {
		.kind = "prestart",
		.hooks = &r->plan->prestart,
		.state = &state,
		.dir = r->state,
		.intent = r->intent,
		.arena = r->arena,
	};
	const struct network_look before = look_at_network(r, init);
	int rc = runtime_hooks_run(&hooks, place, e);

	hooks.kind = "createRuntime";
	hooks.hooks = &r->plan->create_runtime;
	if (rc == 0)
		rc = runtime_hooks_run(&hooks, place, e);
	r->deleted = hooks.gone;
	if (!r->deleted)
		compare_networks(r, &before, init);
	return r->deleted ? fail_deleted(r, e) : rc;
}

int record_wait_for_hooks(struct record *r, const struct boot_peer *peer, struct err *e)
{
	struct err unlocked;
	int rc;

	if (r->plan->create_container.n == 0)
		return 0;
	state_unlock(r->state);
	rc = peer_wait_word(peer, e);
	/* Also if its lock is not to be had in time: then it is that command's to end. */
	r->deleted = relock_after_hook(r->state, &unlocked) < 0;
	return r->deleted ? fail_deleted(r, e) : rc;
}

/* Once for all, so that a path of the host is not looked up in the container. */
int open_hook_place(const struct plan *plan, const struct hook_files *files, struct hook_place *ret,
		    struct err *e)
{
	if (plan->prestart.n + plan->create_runtime.n + plan->create_container.n +
		    plan->start_container.n ==
	    0)
		return 0;
	return hook_place_open(plan->bundle, files, ret, e);
}
